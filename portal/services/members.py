"""Members: finding one in scope, the page 团员信息, and showing a masked field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from portal import clock
from portal.access import PRESENT_ONLY, Action, Actor, allows, members_for, transfers_for
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Member, Organisation, Transfer
from portal.rules import masking
from portal.rules.deadlines import format_month
from portal.rules.leaving import LeavingReason
from portal.rules.member_number import group_number
from portal.rules.outside import place_words
from portal.rules.transfers import TransferState
from portal.runtime import runtime
from portal.services import audit
from portal.services.transaction import writing


class SetAside(PortalError):
    """The member was set aside: nothing of theirs is changed until they are brought back."""

    status = 404

    def __init__(self, reason: LeavingReason) -> None:
        outside = reason is LeavingReason.MOVED_OUTSIDE
        super().__init__(
            f"这名团员已{'转至外部系统' if outside else '移出'}，"
            "不能修改，也不能上传或删除《入团志愿书》，没有任何改动。"
            + ("" if outside else "需要时请先在“我的团员”的“已移出”里恢复。")
        )


class MovedAway(PortalError):
    """The member was transferred: what is done from a page that was open before is told so."""

    status = 404

    def __init__(self, name: str, at: datetime, target: str) -> None:
        super().__init__(
            f"{name} 的团组织关系已在 {clock.format_lately(at)} 转到“{target}”，"
            "不再由原团支部管理。没有任何改动，也不用再办。"
        )


def find_member(actor: Actor, action: Action, member_id: int, *, lock: bool = False) -> Member:
    """The member, if the actor may do ``action`` to them.

    ``lock`` keeps the row until the transaction ends (PostgreSQL; SQLite has one writer anyway).
    Raises ``NotAllowed`` when the actor's role never may, ``NotFound`` outside the scope,
    ``SetAside`` when it is only done to members of the list and this one is no longer in it,
    ``MovedAway`` when they were in the scope until they went to another branch.
    """
    query = select(Member).where(Member.id == member_id, members_for(actor, action))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    member = db.session.scalar(query)
    if member is None:
        left = _left_reason(actor, member_id) if action in PRESENT_ONLY else None
        if left is not None:
            raise SetAside(left)
        raise _moved_away(actor, member_id) or NotFound
    return member


def _left_reason(actor: Actor, member_id: int) -> LeavingReason | None:
    found = select(Member.left_reason).where(
        Member.id == member_id, members_for(actor, Action.VIEW_MEMBER)
    )
    return db.session.scalar(found)


def _moved_away(actor: Actor, member_id: int) -> MovedAway | None:
    """That somebody whom the actor had before is with another branch now."""
    if not allows(actor, Action.VIEW_TRANSFER):
        return None
    row = db.session.execute(
        select(Member.name, Transfer.ended_at, Organisation.name)
        .join(Transfer, Transfer.member_id == Member.id)
        .join(Organisation, Organisation.id == Transfer.to_branch_id)
        .where(
            Member.id == member_id,
            Transfer.state == TransferState.DONE,
            transfers_for(actor, Action.VIEW_TRANSFER),
        )
        .order_by(Transfer.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    name, ended_at, target = row
    assert ended_at is not None  # as it is done
    return MovedAway(name, ended_at, target)


class PersonalField(StrEnum):
    """The fields that are masked until somebody asks to see one, on record."""

    ID_NUMBER = "id_number"
    BIRTH_DATE = "birth_date"
    PHONE = "phone"
    EMAIL = "email"
    FEE = "fee"


@dataclass(frozen=True, slots=True)
class ShownField:
    """One line of 团员信息."""

    key: str
    label: str
    value: str
    masked: bool = False


def profile_fields(member: Member) -> tuple[ShownField, ...]:
    """The fields of 团员信息 in the order of the guide's second picture (guide 4.4), masked.

    Of who came from outside, last, where from.
    """
    from_where = former_words(member)
    came = (ShownField("former", "从外部转入", from_where),) if from_where else ()
    return (
        ShownField("name", "姓名", f"{member.name} (用户ID: {member.id})"),
        _masked(member, PersonalField.ID_NUMBER),
        _masked(member, PersonalField.BIRTH_DATE),
        ShownField("sex", "性别", member.sex.label),
        ShownField("ethnicity", "民族", member.ethnicity),
        ShownField("political_status", "政治面貌", member.political_status),
        ShownField("education", "最高学历", member.education),
        _masked(member, PersonalField.PHONE),
        _masked(member, PersonalField.EMAIL),
        _masked(member, PersonalField.FEE),
        ShownField("joined", "入团年月", format_month(member.joined)),
        ShownField("number", "团员编号", group_number(member.number) if member.number else "无"),
        ShownField("is_student", "是否高校学生", "是" if member.is_student else "否"),
        *came,
    )


def former_words(member: Member) -> str:
    """Where a member came from outside: the place and the organisation; empty for nobody else."""
    return " ".join(
        part for part in (place_words(member.former_place), member.former_organisation) if part
    )


def unmask(actor: Actor, member_id: int, field: PersonalField) -> ShownField:
    """Show one masked field of a member; that it was shown goes on record."""
    with writing():
        member = find_member(actor, Action.UNMASK_FIELD, member_id)
        audit.record(actor, audit.Event.FIELD_UNMASKED, member_id=member.id, field=field)
        return ShownField(field, LABELS[field], plain_field(member, field))


LABELS = {
    PersonalField.ID_NUMBER: "身份证",
    PersonalField.BIRTH_DATE: "出生日期",
    PersonalField.PHONE: "电话",
    PersonalField.EMAIL: "电子邮箱",
    PersonalField.FEE: "团费缴纳额度",
}


def sealed_fields(id_number: str, phone: str) -> dict[str, bytes]:
    """The columns that hold a person's ID number and phone, sealed, and their keyed hashes.

    A phone is sealed to the person's ID number, so it does not open in another member's row.
    """
    vault = runtime().vault
    person = vault.index("id_number", id_number)
    return {
        "id_number_hash": person,
        "id_number_sealed": vault.seal(id_number, b"member.id_number:" + person),
        **sealed_phone(person, phone),
    }


def sealed_phone(person: bytes, phone: str) -> dict[str, bytes]:
    """The columns of a phone; ``person`` is the keyed hash of the ID number it is sealed to."""
    vault = runtime().vault
    return {
        "phone_hash": vault.index("phone", phone),
        "phone_sealed": vault.seal(phone, b"member.phone:" + person),
    }


def plain_field(member: Member, field: PersonalField) -> str:
    """A personal field as it is, for the services; who is shown it goes through ``unmask``."""
    vault = runtime().vault
    match field:
        case PersonalField.ID_NUMBER:
            belongs_to = b"member.id_number:" + member.id_number_hash
            return vault.open(member.id_number_sealed, belongs_to)
        case PersonalField.PHONE:
            return vault.open(member.phone_sealed, b"member.phone:" + member.id_number_hash)
        case PersonalField.BIRTH_DATE:
            return member.birth_date.isoformat()
        case PersonalField.EMAIL:
            return member.email or "无"
    return f"{member.fee_cents / 100:.2f} 元"


_MASKS: Mapping[PersonalField, str] = {
    PersonalField.BIRTH_DATE: masking.mask_birth_date(),
    PersonalField.PHONE: masking.mask_phone(),
    PersonalField.EMAIL: masking.mask_email(),
    PersonalField.FEE: masking.mask_fee(),
}


def _masked(member: Member, field: PersonalField) -> ShownField:
    if field is PersonalField.EMAIL and not member.email:
        return ShownField(field, LABELS[field], "无")
    if field is PersonalField.ID_NUMBER:
        shown = masking.mask_id_number(plain_field(member, field))
    else:
        shown = _MASKS[field]
    return ShownField(field, LABELS[field], shown, masked=True)
