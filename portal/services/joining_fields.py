"""The fields of a join application: what each of its two kinds has, and how a person reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import select, update

from portal.extensions import db
from portal.models import Account, Joining, Organisation
from portal.rules.deadlines import format_month
from portal.rules.member_number import group_number
from portal.rules.outside import Proof, place_words
from portal.rules.pinyin import name_pinyin


@dataclass(frozen=True, slots=True)
class JoiningFields:
    """What the applicant fills in, parsed and checked one by one; empty ones are None."""

    ethnicity: str | None
    political_status: str | None
    education: str | None
    email: str
    is_student: bool | None
    joined: date | None
    number: str | None
    approved_on: date | None
    former_place: str | None = None
    former_organisation: str | None = None
    proof: Proof | None = None
    proof_number: str | None = None
    proof_on: date | None = None
    name: str | None = None  # None: as it is


MOVED_IN_ONLY = ("former_place", "former_organisation", "proof", "proof_number", "proof_on")
"""The fields of who comes from outside (从外部转入); they are asked for no approval date."""

JOINED_HERE_ONLY = ("approved_on",)

LABELS: Mapping[str, str] = {
    "name": "姓名",
    "branch_id": "团支部",
    "moved_in": "申请类型",
    "ethnicity": "民族",
    "political_status": "政治面貌",
    "education": "最高学历",
    "email": "电子邮箱",
    "is_student": "是否高校学生",
    "joined": "入团年月",
    "number": "发展团员编号",
    "approved_on": "上级团委审批日期",
    "former_place": "转出地",
    "former_organisation": "转出组织全称",
    "proof": "凭证",
    "proof_number": "凭证编号",
    "proof_on": "凭证日期",
}

_EMPTY = "（空）"


def fields_of(joining: Joining) -> JoiningFields:
    """The application's fields as they are stored."""
    return JoiningFields(**{one.name: getattr(joining, one.name) for one in fields(JoiningFields)})


def fill(joining: Joining, wanted: JoiningFields) -> None:
    """Store the fields that this kind of application has; the other kind's stay as they are."""
    other = _not_of(joining)
    for one in fields(JoiningFields):
        if one.name == "name":
            _rename(joining, wanted.name or joining.name)
        elif one.name not in other:
            setattr(joining, one.name, getattr(wanted, one.name))


def drop_other_kind(joining: Joining) -> None:
    """Empty what was filled in before the applicant changed to this kind of application."""
    for name in _not_of(joining):
        setattr(joining, name, None)


def labels_of(joining: Joining) -> dict[str, str]:
    """The labels of the fields that this kind of application has."""
    other = _not_of(joining)
    return {name: label for name, label in LABELS.items() if name not in other}


def sent_values(joining: Joining) -> dict[str, str]:
    """The fields as a person reads them, by name: to keep what was returned, and to compare."""
    return {name: _shown(getattr(joining, name)) for name in LABELS} | {
        "moved_in": "从外部系统转入" if joining.moved_in else "在北京入团",
        "number": group_number(joining.number or "") or _EMPTY,
        "branch_id": _branch_name(joining),
        "joined": format_month(joining.joined) if joining.joined else _EMPTY,
        "former_place": place_words(joining.former_place) or _EMPTY,
        "proof": joining.proof.label if joining.proof else _EMPTY,
    }


def _rename(joining: Joining, name: str) -> None:
    """The name as it should have been registered; the account's goes with it."""
    if name == joining.name:
        return
    pinyin, letters = name_pinyin(name)
    joining.name, joining.pinyin, joining.initials = name, pinyin[:300], letters[:50]
    db.session.execute(
        update(Account).where(Account.joining_id == joining.id).values(person_name=name)
    )


def _not_of(joining: Joining) -> tuple[str, ...]:
    return JOINED_HERE_ONLY if joining.moved_in else MOVED_IN_ONLY


def _branch_name(joining: Joining) -> str:
    name = db.session.scalar(select(Organisation.name).where(Organisation.id == joining.branch_id))
    return name or _EMPTY


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value) if value else _EMPTY
