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


applied: list[Any] = []
engine = current_app.extensions["migrate"].db.engine
with engine.connect() as connection:
    if engine.dialect.name == "sqlite":
        # Changing a table makes it anew and drops the old one; with foreign keys on, SQLite would
        # take the rows that point to it for orphans. The pragma works outside transactions only.
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render_item,
        on_version_apply=lambda **step: applied.append(step),
    )
    with context.begin_transaction():
        context.run_migrations()
        if applied and engine.dialect.name == "sqlite":
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if orphans:
                raise RuntimeError(f"rows without the row they name: {orphans[:5]}")
    connection.commit()
    connection.invalidate()  # not back into the pool without its foreign keys
