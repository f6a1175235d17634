"""站内信: what the portal and others tell a person. Sending is part of the change it tells of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, insert, literal, select

from portal import clock
from portal.access import (
    Action,
    Actor,
    Role,
    message_parameters,
    messages_asked,
    messages_for,
)
from portal.errors import NotFound
from portal.extensions import db
from portal.models import Account, Audience, Message, MessageKind, MessageRead
from portal.rules.letters import BODY_LENGTH, SUBJECT_LENGTH
from portal.services import mail_asking
from portal.services.transaction import insert_or_update, reading, writing

PAGE_ROWS = 30
PORTAL = "系统"


@dataclass(frozen=True, slots=True)
class Letter:
    """What a message says; ``url`` is where the thing itself is, on our own pages."""

    kind: MessageKind
    subject: str
    body: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """To whom a message goes: an organisation, perhaps with all below it, or an account.

    ``addressees`` counts the organisations; ``answers_id`` is the message that this one answers.
    """

    organisation_id: int | None = None
    account_id: int | None = None
    audience: Audience = Audience.ONE
    addressees: int = 1
    answers_id: int | None = None


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A message in the inbox."""

    id: int
    kind: MessageKind
    sender: str
    subject: str
    sent_at: datetime
    unread: bool


@dataclass(frozen=True, slots=True)
class Inbox:
    """One page of the inbox, the newest first; ``before`` opens the next one."""

    rows: tuple[InboxRow, ...]
    unread: int
    before: int | None


def send_to_organisation(
    organisation_id: int, letter: Letter, *, actor: Actor | None = None, once: str | None = None
) -> bool:
    """Tell all accounts of an organisation, in the running transaction.

    ``once`` names what is told a single time: False if it was told already.
    """
    to = Delivery(organisation_id=organisation_id)
    return deliver(letter, to, actor=actor, once=once) is not None


def send_to_account(
    account_id: int, letter: Letter, *, actor: Actor | None = None, once: str | None = None
) -> bool:
    """Tell one person, in the running transaction; ``once`` as above."""
    return deliver(letter, Delivery(account_id=account_id), actor=actor, once=once) is not None


def send_to_member(member_id: int, letter: Letter, *, actor: Actor | None = None) -> None:
    """Tell a member, if they have an account, in the running transaction."""
    account_id = db.session.scalar(select(Account.id).where(Account.member_id == member_id))
    if account_id is not None:
        send_to_account(account_id, letter, actor=actor)


def inbox(
    actor: Actor,
    *,
    unread_only: bool = False,
    kind: MessageKind | None = None,
    before: int | None = None,
) -> Inbox:
    """The messages to the actor and to their organisation; of one ``kind`` if that is asked for."""
    query = select(
        Message.id,
        Message.kind,
        Message.sender,
        Message.subject,
        Message.sent_at,
        _unread_by(actor.account_id).label("unread"),
    ).where(messages_for(actor, Action.READ_MESSAGES))
    if unread_only:
        query = query.where(_unread_by(actor.account_id))
    if kind is not None:
        query = query.where(Message.kind == kind)
    if before is not None:
        query = query.where(Message.id < before)
    found = list(reading().execute(query.order_by(Message.id.desc()).limit(PAGE_ROWS + 1)))
    rows = tuple(InboxRow(*row) for row in found[:PAGE_ROWS])
    return Inbox(rows, unread_count(actor), rows[-1].id if len(found) > PAGE_ROWS else None)


def unread_count(actor: Actor) -> int:
    """How many messages the actor has not read."""
    asked = message_parameters(actor, Action.READ_MESSAGES)
    return int(reading().execute(_count_unread(actor.role), asked).scalar_one())


def open_message(actor: Actor, message_id: int) -> Message:
    """A message, which is read from now on. Raises ``NotFound``."""
    query = select(Message).where(
        Message.id == message_id, messages_for(actor, Action.READ_MESSAGES)
    )
    if db.session.scalar(query) is None:
        raise NotFound
    _mark(actor, Message.id == message_id)
    return db.session.scalars(query).one()


def read_all(actor: Actor) -> int:
    """全部已读; how many were unread."""
    return _mark(actor, literal(True))


def _mark(actor: Actor, which: ColumnElement[bool]) -> int:
    """Mark what is unread as read; a double click finds nothing more to mark."""
    with writing() as session:
        query = select(Message.id).where(
            which, messages_for(actor, Action.READ_MESSAGES), _not_marked(actor.account_id)
        )
        unread = list(session.scalars(query))
        if unread:
            read_at, account_id = clock.now(), actor.account_id
            rows = [
                {"message_id": one, "account_id": account_id, "read_at": read_at} for one in unread
            ]
            keys = ("message_id", "account_id")  # of two windows at once the second changes nothing
            session.execute(insert_or_update(MessageRead, keys, (*keys, "read_at")), rows)
    return len(unread)


@cache
def _count_unread(role: Role) -> Any:
    """Put together once, as every page asks it."""
    return select(func.count()).where(messages_asked(role), _unread_by(bindparam("account_id")))


def _not_marked(account_id: Any) -> ColumnElement[bool]:
    return ~(
        select(MessageRead.message_id)
        .where(MessageRead.message_id == Message.id, MessageRead.account_id == account_id)
        .exists()
    )


def _unread_by(account_id: Any) -> ColumnElement[bool]:
    """Not read; what an organisation was told before the account was made is no news to it."""
    made = select(Account.created_at).where(Account.id == account_id).scalar_subquery()
    return and_(Message.sent_at >= made, _not_marked(account_id))


def deliver(letter: Letter, to: Delivery, *, actor: Actor | None, once: str | None) -> int | None:
    """Send in the running transaction; the message's id, or None if ``once`` was told already."""
    if once is not None:
        sent = select(Message.id).where(Message.once == once)
        if db.session.scalar(sent) is not None:
            return None
    sender = f"{actor.organisation_name} {actor.person_name}".strip() if actor else PORTAL
    done = db.session.execute(
        insert(Message)
        .values(
            kind=letter.kind,
            to_organisation_id=to.organisation_id,
            audience=to.audience,
            to_account_id=to.account_id,
            addressees=to.addressees,
            sent_by_id=actor.account_id if actor else None,
            from_organisation_id=sending_organisation(actor) if actor else None,
            answers_id=to.answers_id,
            sender=sender[:200],
            subject=letter.subject[:SUBJECT_LENGTH],
            body=letter.body[:BODY_LENGTH],
            url=letter.url,
            sent_at=clock.now(),
            once=once,
        )
        .returning(Message.id)
    )
    if to.account_id is not None:
        mail_asking.ask_for_account(to.account_id)
    if to.organisation_id is not None:
        mail_asking.ask_for_organisation(to.organisation_id, to.audience)
    return int(done.scalar_one())


def sending_organisation(actor: Actor) -> int | None:
    """For which organisation a person writes; a member and an applicant for themselves alone."""
    return None if actor.role in (Role.MEMBER, Role.APPLICANT) else actor.organisation_id
