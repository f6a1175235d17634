"""Runs the migrations on the application's own database. `flask db migrate` writes new ones."""

from typing import Any

from alembic import context
from flask import current_app

from portal.models.base import Base, Moment


def render_item(kind: str, item: Any, autogenerate: Any) -> str | bool:
    """A migration must not depend on code that changes after it: Moment is written out."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    return False


engine = current_app.extensions["migrate"].db.engine
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
