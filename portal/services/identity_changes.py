"""A member's name or ID number, put right as the member reported it.

They say who somebody is: account, number and identity proof hang on them. So the branch has looked
at the person's identity document and says so, on record, and who is above the branch is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update

from portal import clock
from portal.access import Actor, ids_on
from portal.errors import PortalError
from portal.extensions import db
from portal.models import (
    Account,
    Correction,
    CorrectionState,
    FindingSetAside,
    Member,
    MessageKind,
    Scan,
)
from portal.rules.age import AgeAnswer, joining_age, may_consent
from portal.rules.corrections import CorrectionField
from portal.rules.deadlines import format_month
from portal.rules.id_number import IdNumber, changed_places
from portal.rules.masking import mask_id_number
from portal.rules.pinyin import name_pinyin
from portal.rules.scan_findings import FindingKind
from portal.runtime import runtime
from portal.services import audit
from portal.services.corrections import seal_anew
from portal.services.known_persons import is_known
from portal.services.members import PersonalField, plain_field, sealed_fields
from portal.services.messages import Letter, send_to_organisation
from portal.services.organisations import district_committees_above, path_of

DOCUMENT_SEEN = "已核对本人有效身份证件"


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a branch confirms before a name or an ID number is taken over.

    ``document``: it has looked at the person's identity document. ``age``: who by the new ID number
    was not between 14 and 28 when they joined, was so indeed.
    """

    document: bool = False
    age: bool = False


class IdentityRefused(PortalError):
    """The name or ID number can't be taken over like this; the sentence says what to do."""

    status = 422


def change_identity(
    actor: Actor, member: Member, field: CorrectionField, value: str, ticked: Ticked
) -> None:
    """Store a name or an ID number that the member reported, and tell who is above.

    In the running transaction that holds the member's row. Raises ``IdentityRefused``.
    """
    if not ticked.document:
        raise IdentityRefused(
            f"还没有采纳。请先核对本人的身份证件，再勾选“{DOCUMENT_SEEN}”。"
            "没有看到证件的，请不要采纳。"
        )
    if field is CorrectionField.NAME:
        detail, said = _change_name(member, value)
    else:
        detail, said = _change_id_number(member, value, ticked)
    member.version += 1
    member.changed_at = clock.now()
    member.changed_by_id = actor.account_id
    audit.record(actor, audit.Event.MEMBER_CHANGED, member_id=member.id, **detail)
    _tell_superior(actor, member, field, said)


def asks_age(member: Member, id_number: str) -> bool:
    """Whether an ID number makes the age at joining a question that the branch has to answer."""
    return _age_by(member, _parsed(id_number)) is AgeAnswer.QUESTION


def places_words(before: str, after: str) -> str:
    """How much of an ID number changes, without its digits."""
    places = changed_places(before, after)
    return f"改动 {len(places)} 位（第 {'、'.join(map(str, places))} 位）"


def _change_name(member: Member, name: str) -> tuple[dict[str, Any], str]:
    before, (pinyin, letters) = member.name, name_pinyin(name)
    member.name, member.pinyin, member.initials = name, pinyin[:300], letters[:50]
    db.session.execute(
        update(Account).where(Account.member_id == member.id).values(person_name=name)
    )
    # Who said that another name on the form's first page is all right meant the name of then.
    db.session.execute(
        delete(FindingSetAside).where(
            FindingSetAside.kind == FindingKind.NAME_DIFFERENT,
            FindingSetAside.scan_id.in_(select(Scan.id).where(Scan.member_id == member.id)),
        )
    )
    return {"changes": {"name": [before, name]}}, f"姓名由“{before}”更正为“{name}”"


def _change_id_number(member: Member, text: str, ticked: Ticked) -> tuple[dict[str, Any], str]:
    wanted, before = _parsed(text), plain_field(member, PersonalField.ID_NUMBER)
    _require_age(member, wanted, ticked)
    phone = plain_field(member, PersonalField.PHONE)
    sealed = sealed_fields(wanted.text, phone)
    if is_known(sealed["id_number_hash"]):
        raise IdentityRefused(
            "没有采纳：这个身份证号在系统里已经登记过，可能是本人重复注册，也可能有一处填错了。"
            "请对照身份证件核对；号码没有错的，请联系 "
            f"{_district(member)} 核实处理。没有任何改动。"
        )
    changes: dict[str, Any] = {"id_number": [mask_id_number(before), mask_id_number(wanted.text)]}
    if member.birth_date != wanted.birth_date:
        changes["birth_date"] = ["●", "●"]
    if member.sex is not wanted.sex:
        changes["sex"] = [member.sex.label, wanted.sex.label]
    seal_anew(member.id, member.id_number_hash, sealed["id_number_hash"])
    for column, value in sealed.items():
        setattr(member, column, value)
    member.birth_date, member.sex = wanted.birth_date, wanted.sex
    follows = [word for name, word in _FOLLOWS if name in changes]
    places = list(changed_places(before, wanted.text))
    return {"changes": changes, "places": places}, (
        f"身份证号由 {changes['id_number'][0]} 更正为 {changes['id_number'][1]}，"
        f"{places_words(before, wanted.text)}"
        + (f"，{'和'.join(follows)}随之更正" if follows else "")
    )


_FOLLOWS = (("birth_date", "出生日期"), ("sex", "性别"))


def _require_age(member: Member, wanted: IdNumber, ticked: Ticked) -> None:
    """The ages of registration and application, where the birth date becomes another one."""
    if wanted.birth_date == member.birth_date:
        return
    if not may_consent(wanted.birth_date, clock.today(), runtime().settings.age_policy):
        raise IdentityRefused(
            "没有采纳：按这个身份证号，本人未满 14 周岁，个人信息须由父母或其他监护人同意。"
            f"请对照身份证件核对；确实如此的，请联系 {_district(member)} 处理。没有任何改动。"
        )
    answer, month = _age_by(member, wanted), format_month(member.joined)
    if answer is AgeAnswer.REFUSED:
        raise IdentityRefused(
            f"没有采纳：按这个身份证号，{month} 时年龄太小，不能入团。请核对身份证件和入团年月，"
            "入团年月有误的先更正；如果纸质《入团志愿书》上确实如此，"
            f"请联系 {_district(member)} 处理。没有任何改动。"
        )
    if answer is AgeAnswer.QUESTION and not ticked.age:
        raise IdentityRefused(
            f"还没有采纳。按这个身份证号，{month} 入团时的年龄不在 14 到 28 周岁之间。"
            "请核对身份证件和入团年月，没有错的话请勾选年龄一项。"
        )


def _age_by(member: Member, wanted: IdNumber) -> AgeAnswer:
    if wanted.birth_date == member.birth_date:
        return AgeAnswer.FINE
    return joining_age(wanted.birth_date, member.joined, runtime().settings.age_policy)


def _parsed(text: str) -> IdNumber:
    parsed = IdNumber.parse(text)
    assert isinstance(parsed, IdNumber)  # as the report was taken
    return parsed


def _tell_superior(actor: Actor, member: Member, field: CorrectionField, said: str) -> None:
    """One message to who is above: another name or number must not be another person's."""
    body = (
        f"{actor.organisation_name} {actor.person_name} 采纳了团员本人的报告，{said}。"
        f"支部表示{DOCUMENT_SEEN}。有疑问请联系该支部，经过见“操作日志”。"
    )
    other = next(one for one in CorrectionField if one.is_proof and one is not field)
    earlier = db.session.scalar(
        select(Correction.decided_at)
        .where(
            Correction.member_id == member.id,
            Correction.field == other,
            Correction.state == CorrectionState.TAKEN,
        )
        .order_by(Correction.id.desc())
        .limit(1)
    )
    if earlier is not None:
        body += (
            f"\n请留意：{clock.format_lately(earlier)} 还更正过这名团员的{other.label}。"
            "两项都改了，请核实仍是同一个人。"
        )
    letter = Letter(
        MessageKind.NOTICE,
        f"{member.name} 的{field.label}已更正，请知悉",
        body,
        f"/members/{member.id}",
    )
    send_to_organisation(_superior(member), letter, actor=actor)


def _superior(member: Member) -> int:
    """The nearest organisation above the branch that has an account to read it."""
    above = ids_on(path_of(member.branch_id))[:-1]
    read_by = set(
        db.session.scalars(
            select(Account.organisation_id).where(
                Account.organisation_id.in_(above), Account.disabled_at.is_(None)
            )
        )
    )
    return next((one for one in reversed(above) if one in read_by), above[-1])


def _district(member: Member) -> str:
    above = district_committees_above(path_of(member.branch_id))
    return " / ".join(one.name for one in above) or "上级团委"
