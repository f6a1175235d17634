"""已发送: the letters of one's organisation, and who has read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from portal.access import Action, Actor, in_subtree, messages_for, sent_letters_for
from portal.errors import NotFound
from portal.extensions import db
from portal.models import Account, Audience, Message, MessageRead, Organisation
from portal.rules.organisations import OrganisationKind
from portal.services.organisations import OPEN, ancestors_of, path_text
from portal.services.transaction import reading

PAGE_ROWS = 30
UNREAD_SHOWN = 50
EARLIER = 20
"""Letters of one correspondence that a page shows."""


@dataclass(frozen=True, slots=True)
class SentRow:
    """A sent letter; ``read`` of its ``addressees`` have opened it."""

    id: int
    subject: str
    to: str
    sender: str
    sent_at: datetime
    addressees: int
    read: int


@dataclass(frozen=True, slots=True)
class SentBox:
    """One page of the sent letters, the newest first; ``before`` opens the next one."""

    rows: tuple[SentRow, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class SentLetter:
    """A sent letter with who has read it, and the first of those who have not."""

    message: Message
    row: SentRow
    readers: tuple[tuple[str, datetime], ...]
    unread: tuple[str, ...]


_NAMED = (
    select(
        Message.id,
        Message.subject,
        Message.sender,
        Message.sent_at,
        Message.addressees,
        Message.audience,
        Organisation.name,
        Account.person_name,
    )
    .outerjoin(Organisation, Organisation.id == Message.to_organisation_id)
    .outerjoin(Account, Account.id == Message.to_account_id)
)
_AUDIENCE = {Audience.BRANCHES: " · 全部团支部", Audience.SUBTREE: " · 全部下级组织"}


def sent_box(actor: Actor, *, before: int | None = None) -> SentBox:
    """The letters that were written for the actor's organisation; a member's own."""
    query = _NAMED.where(sent_letters_for(actor, Action.ANSWER_MESSAGE))
    if before is not None:
        query = query.where(Message.id < before)
    found = list(reading().execute(query.order_by(Message.id.desc()).limit(PAGE_ROWS + 1)))
    counts = _read_counts([row.id for row in found[:PAGE_ROWS]])
    rows = tuple(_row(row, counts) for row in found[:PAGE_ROWS])
    return SentBox(rows, rows[-1].id if len(found) > PAGE_ROWS else None)


def sent_letter(actor: Actor, message_id: int) -> SentLetter:
    """One of these letters. Raises ``NotFound``."""
    which = and_(Message.id == message_id, sent_letters_for(actor, Action.ANSWER_MESSAGE))
    message = db.session.scalar(select(Message).where(which))
    if message is None:
        raise NotFound
    row = _row(reading().execute(_NAMED.where(which)).one(), _read_counts([message_id]))
    return SentLetter(message, row, _readers(message), _not_read(message))


def earlier(actor: Actor, message: Message) -> tuple[Message, ...]:
    """The letters that a message answers, the latest first, as far as the actor may read them."""
    criterion = or_(
        messages_for(actor, Action.READ_MESSAGES), sent_letters_for(actor, Action.ANSWER_MESSAGE)
    )
    found: list[Message] = []
    answers = message.answers_id
    while answers is not None and len(found) < EARLIER:
        one = db.session.scalar(select(Message).where(Message.id == answers, criterion))
        if one is None:
            break
        found.append(one)
        answers = one.answers_id
    return tuple(found)


def _row(row: Any, counts: Mapping[int, int]) -> SentRow:
    message_id, subject, sender, sent_at, addressees, audience, place, person = row
    to = f"{place}{_AUDIENCE.get(audience, '')}" if place else person or ""
    read = min(counts.get(message_id, 0), addressees)  # who moved in since reads it too
    return SentRow(message_id, subject, to, sender, sent_at, addressees, read)


def _read_counts(ids: Sequence[int]) -> Mapping[int, int]:
    """Of each letter how many organisations, or persons, have read it."""
    if not ids:
        return {}
    # A person's account has no organisation; each of theirs is one reader.
    who = func.coalesce(Account.organisation_id, -Account.id)
    query = (
        select(MessageRead.message_id, func.count(who.distinct()))
        .join(Account, Account.id == MessageRead.account_id)
        .where(MessageRead.message_id.in_(ids))
        .group_by(MessageRead.message_id)
    )
    return dict(reading().execute(query).all())


def _readers(message: Message) -> tuple[tuple[str, datetime], ...]:
    """Of a letter to one organisation or person who has read it, the first first."""
    if message.audience is not Audience.ONE:
        return ()
    rows = reading().execute(
        select(Account.person_name, MessageRead.read_at)
        .join(Account, Account.id == MessageRead.account_id)
        .where(MessageRead.message_id == message.id)
        .order_by(MessageRead.read_at)
    )
    return tuple((row[0], row[1]) for row in rows)


def _not_read(message: Message) -> tuple[str, ...]:
    """Of a letter to many the first organisations that have not read it."""
    if message.audience is Audience.ONE:
        return ()
    top = db.session.get_one(Organisation, message.to_organisation_id)
    read = (
        select(MessageRead.message_id)
        .join(Account, Account.id == MessageRead.account_id)
        .where(MessageRead.message_id == message.id, Account.organisation_id == Organisation.id)
        .correlate(Organisation)
        .exists()
    )
    criteria: list[ColumnElement[bool]] = [
        in_subtree(top.path),
        OPEN,
        Organisation.id != message.from_organisation_id,
        ~read,
    ]
    if message.audience is Audience.BRANCHES:
        criteria.append(Organisation.kind == OrganisationKind.BRANCH)
    rows = reading().execute(
        select(Organisation.path).where(*criteria).order_by(Organisation.path).limit(UNREAD_SHOWN)
    )
    return tuple(_below(path, top.path) for (path,) in rows)


def _below(path: str, top: str) -> str:
    """An organisation with what stands between it and the one below which all were written to."""
    names = ancestors_of(path, within=top)
    return path_text(names[1:] or names)
