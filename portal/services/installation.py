"""The installation itself: its schema, what it holds, its first account."""

from __future__ import annotations

import flask_migrate
from sqlalchemy import insert, inspect, select

from portal import clock
from portal.extensions import db
from portal.models import Account, Installation, Organisation
from portal.rules.organisations import OrganisationKind
from portal.services import audit
from portal.services.accounts import hash_password
from portal.services.transaction import count_on, writing


class AlreadyInstalled(Exception):
    """The database holds data already."""


def migrate() -> None:
    """Bring the schema up to date."""
    flask_migrate.upgrade()
    db.session.remove()


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
