"""Asking for the mail that says there is something to read: part of sending a message."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

from sqlalchemy import func, literal, select

from portal import clock
from portal.access import in_subtree
from portal.extensions import db
from portal.models import Account, Audience, Joining, MailNotice, Member, Organisation
from portal.models.base import Moment
from portal.rules.organisations import OrganisationKind
from portal.runtime import runtime

WAIT = timedelta(minutes=1)
"""Several messages that come together are one mail."""

ADDRESS = func.coalesce(func.nullif(Account.email, ""), Member.email, Joining.email, "")
"""Where a person gets mail; a member's and an applicant's address is with their data."""


def is_on() -> bool:
    """Whether this installation sends mail."""
    return bool(runtime().settings.smtp_host)


def with_addresses(query: Any) -> Any:
    """A query on ``Account`` with what ``ADDRESS`` needs, of those who want mail."""
    return (
        query.select_from(Account)
        .outerjoin(Member, Member.id == Account.member_id)
        .outerjoin(Joining, Joining.id == Account.joining_id)
        .where(Account.disabled_at.is_(None), ~Account.mail_off)
    )


def ask_for_account(account_id: int) -> None:
    """Ask for the mail of one person, in the running transaction."""
    _ask(Account.id == account_id)


def ask_for_organisation(organisation_id: int, audience: Audience) -> None:
    """Ask for the mail of an organisation's accounts, or of all whom a letter to it reaches."""
    if audience is Audience.ONE:
        _ask(Account.organisation_id == organisation_id)
        return
    path = db.session.scalar(select(Organisation.path).where(Organisation.id == organisation_id))
    below = select(Organisation.id).where(in_subtree(path or "/"))
    if audience is Audience.BRANCHES:
        below = below.where(Organisation.kind == OrganisationKind.BRANCH)
    _ask(Account.organisation_id.in_(below))


def _ask(which: Any) -> None:
    if not is_on():
        return
    moment = clock.now()
    columns = (Account.id, literal(moment, Moment()), literal(moment + WAIT, Moment()))
    wanted = with_addresses(select(*columns)).where(which, ADDRESS != "")
    dialect: Any = import_module(f"sqlalchemy.dialects.{db.engine.dialect.name}")
    row = dialect.insert(MailNotice).from_select(["account_id", "asked_at", "due_at"], wanted)
    changed = {
        "asked_at": row.excluded.asked_at,
        "due_at": func.coalesce(MailNotice.due_at, row.excluded.due_at),
    }
    db.session.execute(row.on_conflict_do_update(index_elements=["account_id"], set_=changed))
