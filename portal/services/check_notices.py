"""What a branch is told of checks: one message a round, branch and day, which grows while unread.

Ten faulty forms were ten messages, and the ten that mattered stood among them. A message nobody has
opened yet is written anew out of the checks that stand; once one person has, the next fault begins
another one, so that nothing is added to what was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.access import Actor
from portal.extensions import db
from portal.models import Member, Message, MessageKind, MessageRead, Scan, ScanCheck, ScanState
from portal.rules.letters import BODY_LENGTH
from portal.rules.member_number import group_number
from portal.rules.scan_checks import verdict_of
from portal.services.messages import Letter, send_to_organisation

_WHAT_TO_DO = "请对照纸质《入团志愿书》改正后重新上传。重新上传后变为“未检查”，上级团委会再检查。"
_ALL = "/members/"


def tell_faults(actor: Actor, member: Member, made: ScanCheck) -> None:
    """Tell the branch of a check with faults, in the running transaction."""
    told = _unread_notice(member.branch_id, made)
    if told is not None:
        _write_anew(told, made)
        return
    once = f"{_prefix(member.branch_id, made)}{made.id}"
    letter = _letter(_standing(member.branch_id, made, made.id))
    send_to_organisation(member.branch_id, letter, actor=actor, once=once)


def tell_in_order(actor: Actor, member: Member, before: ScanCheck) -> None:
    """Tell the branch that faults which it was told of no longer stand."""
    if not _taken_out(member, before):
        send_to_organisation(member.branch_id, _in_order_now(member), actor=actor)


def tell_taken_back(actor: Actor, member: Member, undone: ScanCheck) -> None:
    """Tell the branch that who had found faults has taken that back."""
    if not _taken_out(member, undone):
        send_to_organisation(member.branch_id, _taken_back(member), actor=actor)


def _taken_out(member: Member, check: ScanCheck) -> bool:
    """Whether a check's line could be taken out of a message that nobody has read."""
    told = _unread_notice(member.branch_id, check)
    if told is None or check.id < _first_check(told):
        return False
    _write_anew(told, check)
    return True


def _prefix(branch_id: int, check: ScanCheck) -> str:
    day = clock.day_of(check.checked_at)
    return f"checks {check.organisation_id} {check.round_id or 0} {branch_id} {day} "


def _first_check(message: Message) -> int:
    """The first check that a message tells of: its name ends with it."""
    return int((message.once or "").rpartition(" ")[2])


def _unread_notice(branch_id: int, check: ScanCheck) -> Message | None:
    """The message that a check belongs to, locked, if there is one and nobody has opened it.

    Who opens it at this moment waits for us, or we for them.
    """
    message = db.session.scalar(
        select(Message)
        .where(
            Message.to_organisation_id == branch_id,
            Message.once.startswith(_prefix(branch_id, check), autoescape=True),
        )
        .order_by(Message.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if message is None:
        return None
    opened = select(MessageRead.message_id).where(MessageRead.message_id == message.id).limit(1)
    return None if db.session.scalar(opened) is not None else message


def _write_anew(message: Message, check: ScanCheck) -> None:
    assert message.to_organisation_id is not None
    letter = _letter(_standing(message.to_organisation_id, check, _first_check(message)))
    message.subject, message.body, message.url = letter.subject, letter.body, letter.url


def _standing(branch_id: int, check: ScanCheck, first: int) -> Sequence[Any]:
    """What stands now of the forms that were checked as ``check`` was, from ``first`` on."""
    told, latest = aliased(ScanCheck), aliased(ScanCheck)
    round_id = check.round_id
    of_round = told.round_id.is_(None) if round_id is None else told.round_id == round_id
    was_told = (
        select(told.id)
        .where(
            told.scan_id == Scan.id,
            told.id >= first,
            told.organisation_id == check.organisation_id,
            of_round,
            told.undone_at.is_(None),
            told.kinds != "",
        )
        .exists()
    )
    query = (
        select(Member.id, Member.name, Member.number, latest.kinds, latest.pages, latest.remark)
        .join(Scan, and_(Scan.member_id == Member.id, Scan.state == ScanState.CURRENT))
        .join(latest, and_(latest.scan_id == Scan.id, latest.ended_at.is_(None)))
        .where(
            Member.branch_id == branch_id, Member.left_at.is_(None), latest.kinds != "", was_told
        )
        .order_by(Member.pinyin, Member.id)
    )
    return db.session.execute(query).all()


def _letter(rows: Sequence[Any]) -> Letter:
    """What the message says of the faulty forms that there are."""
    if not rows:
        return Letter(
            MessageKind.NOTICE,
            "入团志愿书检查：刚才指出的问题已撤销",
            "上级团委刚才检查指出的问题已由检查人更正或撤销，或者文件已重新上传，不用再处理。",
            _ALL,
        )
    if len(rows) == 1:
        member_id, name, _, kinds, pages, remark = rows[0]
        verdict = verdict_of(kinds, pages, remark)
        words = "、".join(one.kind.label for one in verdict.faults)
        said = f"说明：{remark}\n" if remark else ""
        return Letter(
            MessageKind.NOTICE,
            f"{name}：入团志愿书检查不合格（{words}）",
            f"{name} 的《入团志愿书》经检查有问题：{verdict.words}。\n{said}{_WHAT_TO_DO}",
            f"/members/{member_id}/edit",
        )
    head = f"以下 {len(rows)} 名团员的《入团志愿书》经检查有问题：\n"
    lines = [_line(row) for row in rows]
    shown: list[str] = []
    left = BODY_LENGTH - len(head) - len(_WHAT_TO_DO) - 60
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            shown.append(f"……还有 {len(lines) - len(shown)} 名，见“我的团员”里的备注。")
            break
        shown.append(line)
    body = f"{head}{chr(10).join(shown)}\n{_WHAT_TO_DO}"
    return Letter(MessageKind.NOTICE, f"{len(rows)} 份入团志愿书检查不合格", body, _ALL)


def _line(row: Any) -> str:
    _, name, number, kinds, pages, remark = row
    verdict = verdict_of(kinds, pages, remark)
    held = f"（{group_number(number)}）" if number else ""
    return f"{name}{held}：{verdict.words}" + (f"。说明：{remark}" if remark else "")


def _in_order_now(member: Member) -> Letter:
    return Letter(
        MessageKind.NOTICE,
        f"{member.name}：入团志愿书检查改为合格",
        f"{member.name} 的《入团志愿书》再次检查后为合格，原来指出的问题不用再改，也不用重新上传。",
        f"/members/{member.id}",
    )


def _taken_back(member: Member) -> Letter:
    return Letter(
        MessageKind.NOTICE,
        f"{member.name}：入团志愿书的检查结果已撤销",
        f"刚才对 {member.name} 的《入团志愿书》指出的问题已由检查人撤销，"
        "请以“我的团员”里现在的备注为准。",
        f"/members/{member.id}",
    )
