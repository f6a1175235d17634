"""修改: a branch changes its member's fields; the second of two editors is told."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.access import Action, Actor
from portal.errors import PortalError
from portal.extensions import db
from portal.models import Member, Organisation
from portal.rules.irregular import Irregularity, irregularity
from portal.rules.member_number import check_number_for, group_number, is_new_member
from portal.runtime import runtime
from portal.services import audit
from portal.services.accounts import person_named_by
from portal.services.derived import tallied
from portal.services.members import find_member
from portal.services.organisations import district_committees_above, release_hint
from portal.services.transaction import once_more_if_taken, writing


@dataclass(frozen=True, slots=True)
class MemberFields:
    """The fields that a branch can change, parsed and checked one by one."""

    ethnicity: str
    political_status: str
    education: str
    email: str
    fee_cents: int
    joined: date
    approved_on: date | None
    is_student: bool
    number: str | None  # only where none is occupied


class EditConflict(PortalError):
    """Somebody saved this member after the page was opened."""

    status = 409

    def __init__(self, who: str, when: datetime, stored: MemberFields, version: int) -> None:
        super().__init__(
            f"{who} 在 {clock.format_lately(when)} 修改过这名团员，您的修改还没有保存。"
            "下面标出了不同的地方，请选择保留哪一个，再保存。"
        )
        self.stored = stored
        self.version = version


class NumberRefused(PortalError):
    """The typed number breaks a rule; ``faults`` has a sentence each."""

    status = 422

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


class NumberLocked(PortalError):
    """The number is occupied by this member, so the branch can't change it."""

    status = 409


class FieldRefused(PortalError):
    """What is filled in ``field`` would free the member of a rule that binds them."""

    status = 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def fields_of(member: Member) -> MemberFields:
    """The changeable fields as they are stored."""
    return MemberFields(
        **{field.name: getattr(member, field.name) for field in fields(MemberFields)}
    )


def change_member(actor: Actor, member_id: int, version: int, wanted: MemberFields) -> None:
    """Save the fields of a member whose ``version`` the person saw.

    Raises ``EditConflict``, ``NumberRefused``, ``NumberLocked`` or ``FieldRefused``; then nothing
    has changed.
    """
    once_more_if_taken(lambda: _change_member(actor, member_id, version, wanted))


def _change_member(actor: Actor, member_id: int, version: int, wanted: MemberFields) -> None:
    with writing():
        member = find_member(actor, Action.EDIT_MEMBER, member_id, lock=True)
        stored = fields_of(member)
        if member.version != version:
            raise EditConflict(
                person_named_by(member.changed_by_id), member.changed_at, stored, member.version
            )
        apply_changes(actor, member, wanted)


def apply_changes(actor: Actor, member: Member, wanted: MemberFields) -> None:
    """Store what differs, in the running transaction that holds the member's row.

    Raises ``NumberRefused``, ``NumberLocked`` or ``FieldRefused``.
    """
    stored = fields_of(member)
    _check_number(member, wanted)
    _check_month(member, wanted)
    _check_approval(member, wanted)
    changes = {
        field.name: (getattr(stored, field.name), getattr(wanted, field.name))
        for field in fields(MemberFields)
        if getattr(stored, field.name) != getattr(wanted, field.name)
    }
    if not changes:
        return
    with tallied(member):
        for name, (_, value) in changes.items():
            setattr(member, name, value)
        if "number" in changes:
            member.released_number = None
        member.version += 1
        member.changed_at = clock.now()
        member.changed_by_id = actor.account_id
    audit.record(
        actor,
        audit.Event.MEMBER_CHANGED,
        member_id=member.id,
        changes={name: _recorded(name, pair) for name, pair in changes.items()},
    )


def number_faults(
    member: Member, text: str, joined: date | None
) -> tuple[tuple[str, ...], str | None]:
    """What is wrong with a number being typed, and if nothing is, what is right with it."""
    faults = typed_number_faults(
        text, joined or member.joined, _branch_path(member), except_id=member.id
    )
    if faults or not text:
        return faults, None
    return (), f"编号 {group_number(text)} 可以使用，保存后即被占用。"


def typed_number_faults(
    text: str, joined: date, branch_path: str, *, except_id: int | None = None
) -> tuple[str, ...]:
    """What is wrong with a number for somebody of the branch at ``branch_path``: a sentence each.

    ``except_id`` is the member who may hold it already.
    """
    if not text:
        return ()
    faults = check_number_for(text, joined, runtime().policy)
    if faults:
        return tuple(fault.message for fault in faults)
    holder = _holder_of(text, except_id)
    return () if holder is None else (_occupied(text, holder, branch_path),)


def _check_number(member: Member, wanted: MemberFields) -> None:
    if wanted.number == member.number:
        return
    if member.number is not None:
        hint = release_hint(_branch_path(member))
        raise NumberLocked(f"团员编号已被占用，支部不能直接修改。{hint}。")
    assert wanted.number is not None  # as it differs from none
    faults, _ = number_faults(member, wanted.number, wanted.joined)
    if faults:
        raise NumberRefused(faults)


def _check_month(member: Member, wanted: MemberFields) -> None:
    """The month alone must not make the holder of a new member's number somebody older.

    The branch that owes the form can change the month by itself, and the number it can't.
    """
    if member.number is None or wanted.joined == member.joined:
        return
    kinds = [
        irregularity(member.number, month, released=False, policy=runtime().policy)
        for month in (member.joined, wanted.joined)
    ]
    if kinds[1] is Irregularity.YEAR_MISMATCH and kinds[0] is not Irregularity.YEAR_MISMATCH:
        raise FieldRefused(
            "joined",
            f"入团年月与编号 {group_number(member.number)} 的前 4 位（{member.number[:4]}）应一致。"
            "请核对纸质《入团志愿书》首页；编号也有误的，请先申请解除编号占用，再一起更正。",
        )


def _check_approval(member: Member, wanted: MemberFields) -> None:
    """Without the approval date nothing is ever overdue: a new member's is not taken away."""
    if wanted.approved_on is not None:
        return
    number = wanted.number or member.released_number
    if not is_new_member(number, wanted.joined, runtime().policy):
        return
    if member.approved_on is not None or not member.is_new_member:
        raise FieldRefused(
            "approved_on",
            "新发展团员须填写上级团委审批日期，30 日的上传期限从这一天算起。"
            "请按纸质《入团志愿书》“上级团委意见”一栏填写。",
        )


def _holder_of(number: str, except_id: int | None) -> Member | None:
    holder = db.session.scalar(select(Member).where(Member.number == number))
    return None if holder is None or holder.id == except_id else holder


def _occupied(number: str, holder: Member, branch_path: str) -> str:
    """UI.md's sentence; of the other holder it names the district only."""
    above = district_committees_above(_branch_path(holder))
    place = f"（{above[-1].name}）" if above else ""
    asked = " / ".join(one.name for one in district_committees_above(branch_path))
    if holder.left_reason is not None and holder.left_reason.keeps_number_for_good:
        return (
            f"编号 {group_number(number)} 属于一名已转至外部系统的团员{place}，一直为其本人保留，"
            "不能给别人。请核对纸质《入团志愿书》首页；"
            f"首页确实是这个编号的，请联系 {asked or '上级团委'} 核实。"
        )
    return (
        f"编号 {group_number(number)} 已被占用{place}。请核对纸质《入团志愿书》首页；"
        f"如被他人误用，请联系 {asked or '上级团委'} 解除编号占用。"
    )


def _branch_path(member: Member) -> str:
    path = db.session.scalar(select(Organisation.path).where(Organisation.id == member.branch_id))
    assert path is not None
    return path


def _recorded(name: str, pair: tuple[Any, Any]) -> list[Any]:
    """Before and after for the record: mail addresses are personal, so only that they changed."""
    if name == "email":
        return ["●", "●"]
    return [one.isoformat() if isinstance(one, date) else one for one in pair]
