"""Whether somebody is registered or a member already: by the keyed hash of their ID number.

Members and applications are two tables, each with its own unique index, so that what is in neither
has to be kept out of both while it is entered.
"""

from __future__ import annotations

from sqlalchemy import exists, func, select

from portal.extensions import db
from portal.models import Joining, Member


def is_known(person: bytes) -> bool:
    """Whether the ID number has a member or an application, also of who was set aside.

    Until the running transaction ends nobody else can enter the same person.
    """
    if db.session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        key = int.from_bytes(person[:8], "big", signed=True)
        db.session.execute(select(func.pg_advisory_xact_lock(key)))
    return bool(
        db.session.scalar(
            select(
                exists().where(Member.id_number_hash == person)
                | exists().where(Joining.id_number_hash == person)
            )
        )
    )
