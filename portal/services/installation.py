"""The installation itself: its schema, what it holds, its first account."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, current_app
from sqlalchemy import insert, inspect, select, text

from portal import clock
from portal.extensions import db
from portal.models import Account, Installation, Organisation
from portal.rules.organisations import OrganisationKind
from portal.services import audit
from portal.services.accounts import hash_password
from portal.services.transaction import count_on, writing

MIGRATIONS = Path(__file__).parents[2] / "migrations"


class AlreadyInstalled(Exception):
    """The database holds data already."""


def migrate() -> None:
    """Bring the schema up to date."""
    if schema_revision() != newest_revision():
        from flask_migrate import upgrade

        attach_migrations(current_app)
        upgrade()
    db.session.remove()


def attach_migrations(app: Flask) -> None:
    """Give ``app`` what ``flask db`` works with.

    Apart from ``create_app``, and imported here: Alembic is a tenth of what a start would import,
    and a start whose schema is up to date has nothing to do for it.
    """
    from flask_migrate import Migrate

    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True, compare_type=True)


def newest_revision() -> str:
    """The revision of the newest migration: the number that its file's name begins with."""
    return max(path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/[0-9]*.py"))


def schema_revision() -> str | None:
    """The revision that the database stands at; None for an empty one."""
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return revision


def content_of() -> str | None:
    """``demo``, ``real``, or None for an empty database."""
    if not inspect(db.engine).has_table(Installation.__tablename__):
        return None
    content = db.session.scalar(select(Installation.content))
    if content is None and db.session.scalar(select(Organisation.id).limit(1)) is not None:
        content = "real"  # whatever made it, it is nobody's demo
    db.session.rollback()
    return content


def install(name: str, login: str, person_name: str, password: str) -> None:
    """Make the municipal committee ``name`` and its first account. Raises ``AlreadyInstalled``."""
    with writing() as session:
        if session.scalar(select(Organisation.id).limit(1)) is not None:
            raise AlreadyInstalled
        session.execute(insert(Installation).values(content="real", created_at=clock.now()))
        session.execute(
            insert(Organisation).values(
                id=1, kind=OrganisationKind.MUNICIPAL, name=name, initials="", path="/1/"
            )
        )
        count_on(Organisation)
        session.execute(
            insert(Account).values(
                login=login.strip().lower(),
                password_hash=hash_password(password),
                person_name=person_name,
                organisation_id=1,
                created_at=clock.now(),
            )
        )
        audit.record(None, audit.Event.INSTALLED, name=name)
