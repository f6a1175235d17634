"""催办: a committee asks branches for the forms that are missing, and sees whether it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import ColumnElement, func, select

from portal import clock
from portal.access import Action, Actor, in_subtree
from portal.errors import PortalError
from portal.models import Member, Message, MessageKind, MessageRead, Organisation
from portal.services import messages, organisations
from portal.services.messages import Letter
from portal.services.owed_forms import owed_lines
from portal.services.progress import WITHOUT_FORM
from portal.services.transaction import reading, writing

LIST_MARK = "【名单】"
"""Where each branch's own list of names and dates stands in the text."""

TEXT_LENGTH = 1000
CHUNK = 200
"""Branches a transaction."""

AGAIN_AFTER = timedelta(days=1)


class UrgingRefused(PortalError):
    """The text can't be sent as it is."""

    status = 422


@dataclass(frozen=True, slots=True)
class Recipient:
    """A branch with missing forms; ``urged_at`` if it was asked within a day."""

    id: int
    name: str
    missing: int
    urged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Urged:
    """The last 催办 of a branch, and whether anybody there has read it."""

    at: datetime
    read: bool


def default_text(organisation_name: str) -> str:
    """What is sent unless the person writes something else."""
    return (
        "以下团员的《入团志愿书》还没有上传，请尽快扫描成 PDF 上传到系统：\n"
        f"{LIST_MARK}\n"
        f"{organisation_name}"
    )


def find_organisation(actor: Actor, organisation_id: int) -> Organisation:
    """An organisation below which the actor may urge. Raises ``NotFound``."""
    return organisations.find_organisation(actor, organisation_id, Action.URGE)


def recipients(organisation: Organisation) -> tuple[Recipient, ...]:
    """The branches at or below an organisation that have forms missing."""
    urged = (
        select(func.max(Message.sent_at))
        .where(
            Message.to_organisation_id == Organisation.id,
            Message.kind == MessageKind.URGING,
            Message.sent_at > clock.now() - AGAIN_AFTER,
        )
        .scalar_subquery()
    )
    rows = reading().execute(
        select(Organisation.id, Organisation.name, func.count(Member.id), urged)
        .join(Member, Member.branch_id == Organisation.id)
        .where(in_subtree(organisation.path), WITHOUT_FORM)
        .group_by(Organisation.id)
        .order_by(Organisation.id)
    )
    return tuple(Recipient(*row) for row in rows)


def urge(actor: Actor, organisation_id: int, text: str, *, again: bool, token: str) -> int:
    """Send ``text`` to the branches with missing forms; how many were told.

    Those that were urged within a day only if ``again``. ``token`` names this sending: what is
    sent twice with it is sent once. Raises ``NotFound`` or ``UrgingRefused``.
    """
    organisation = find_organisation(actor, organisation_id)
    text = _checked(text)
    lists = _lists(in_subtree(organisation.path))
    chosen = [
        one
        for one in recipients(organisation)
        if one.id in lists and (again or one.urged_at is None)
    ]
    sent = 0
    for start in range(0, len(chosen), CHUNK):
        with writing():
            for branch in chosen[start : start + CHUNK]:
                letter = Letter(
                    MessageKind.URGING,
                    f"催办：{branch.missing} 名团员的入团志愿书未上传",
                    text.replace(LIST_MARK, lists[branch.id]),
                    "/members/?filter=missing",
                )
                once = f"urge {token[:40]} {branch.id}" if token else None
                sent += messages.send_to_organisation(branch.id, letter, actor=actor, once=once)
    return sent


def example(branch_id: int) -> str:
    """The list of one branch, as it will stand in its message."""
    return _lists(Organisation.id == branch_id).get(branch_id, "")


def last_urged(parent_id: int) -> Mapping[int, Urged]:
    """Of each branch right below a committee the last 催办, if there was one."""
    return _last(Organisation.parent_id == parent_id)


def urged_branches(branch_ids: list[int]) -> Mapping[int, Urged]:
    """Of each of these branches the last 催办, if there was one."""
    return _last(Organisation.id.in_(branch_ids)) if branch_ids else {}


def _last(which: ColumnElement[bool]) -> Mapping[int, Urged]:
    newest = (
        select(Organisation.id.label("branch_id"), func.max(Message.id).label("message_id"))
        .join(Message, Message.to_organisation_id == Organisation.id)
        .where(which, Message.kind == MessageKind.URGING)
        .group_by(Organisation.id)
        .subquery()
    )
    read = select(MessageRead.message_id).where(MessageRead.message_id == Message.id).exists()
    rows = reading().execute(
        select(newest.c.branch_id, Message.sent_at, read).join(
            newest, newest.c.message_id == Message.id
        )
    )
    return {row[0]: Urged(row[1], row[2]) for row in rows}


def _checked(text: str) -> str:
    text = text.strip()
    if not text:
        raise UrgingRefused("没有发送：请填写催办的内容。")
    if len(text) > TEXT_LENGTH:
        raise UrgingRefused(f"没有发送：内容有 {len(text)} 个字，最多 {TEXT_LENGTH} 个字，请缩短。")
    if LIST_MARK not in text:
        raise UrgingRefused(
            f"没有发送：内容里要有“{LIST_MARK}”，发送时换成每个支部自己的名单和期限。"
        )
    return text


def _lists(which: ColumnElement[bool]) -> dict[int, str]:
    """Of each branch its members without a form, with their due dates."""
    today = clock.today()
    rows = reading().execute(
        select(Member.branch_id, Member.name, Member.due_date)
        .join(Organisation, Organisation.id == Member.branch_id)
        .where(which, WITHOUT_FORM)
        .order_by(Member.branch_id, Member.due_date, Member.pinyin, Member.id)
    )
    return {
        branch_id: owed_lines(list(members), today)
        for branch_id, members in groupby(rows, lambda row: row.branch_id)
    }
