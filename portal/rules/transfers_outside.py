"""转至外部系统: what is asked about the place a member goes to, and when it cannot be.

Guide 5.5: of a new member without the electronic form it cannot be started.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from portal.rules.deadlines import format_month
from portal.rules.member_number import NumberPolicy
from portal.rules.outside import Proof, clean_organisation, clean_proof_number, outside_places
from portal.rules.text import TextFault, clean_text

NO_FORM = "未上传入团志愿书，无法发起向外部系统的团组织关系转接"
"""The guide's own words (5.5)."""

CONTACT_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a member goes, checked: the place's name, the organisation's full name, whom to ask."""

    province: str
    receiver: str
    contact: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the outside system answered: the proof that the member is there."""

    number: str
    given_on: date

    @property
    def words(self) -> str:
        """As it is shown and put on record."""
        return f"{self.number}（{self.given_on}）"


@dataclass(frozen=True, slots=True)
class Return:
    """With what somebody who went to an outside system comes back."""

    province: str
    organisation: str
    proof: Proof
    number: str
    given_on: date


def lacks_form(*, owes_form: bool, has_scan: bool) -> bool:
    """Whether the missing form keeps a member from going to an outside system."""
    return owes_form and not has_scan


def check_destination(
    place: str, receiver: str, contact: str, policy: NumberPolicy
) -> Destination | dict[str, str]:
    """The place that was filled in, or a sentence for each field that is wrong."""
    places = outside_places(policy)
    organisation, ask = clean_organisation(receiver), _clean_contact(contact)
    faults = {}
    if place not in places:
        faults["place"] = "请选择转往哪个省、自治区、直辖市。"
    if isinstance(organisation, TextFault):
        faults["receiver"] = organisation.message
    if isinstance(ask, TextFault):
        faults["contact"] = ask.message
    if faults or isinstance(organisation, TextFault) or isinstance(ask, TextFault):
        return faults
    return Destination(places[place], organisation, ask)


def check_receipt(number: str, given: str, joined: date, today: date) -> Receipt | dict[str, str]:
    """The receipt that was filled in, or a sentence for each field that is wrong.

    ``joined``: since when they are a member; no receipt of theirs is older.
    """
    cleaned, day = clean_proof_number(number), _day(given)
    faults = {}
    if isinstance(cleaned, TextFault):
        faults["receipt"] = cleaned.message
    elif not cleaned:
        faults["receipt"] = "请填写回执或介绍信上的编号，没有编号的填“无”。"
    if day is None:
        faults["given_on"] = "请按“2026-11-24”的样子填写上面的日期。"
    elif day > today:
        faults["given_on"] = "日期不能在今天之后。请核对回执或介绍信。"
    elif day < joined:
        faults["given_on"] = f"日期早于入团年月（{format_month(joined)}）。请核对回执或介绍信。"
    if faults or isinstance(cleaned, TextFault) or day is None:
        return faults
    return Receipt(cleaned, day)


def check_return(
    fields: Mapping[str, str], joined: date, today: date, policy: NumberPolicy
) -> Return | dict[str, str]:
    """What a branch filled in of who comes back, or a sentence for each field that is wrong."""
    places = outside_places(policy)
    place, kind = fields.get("place", ""), fields.get("proof", "")
    organisation = clean_organisation(fields.get("receiver", ""))
    receipt = check_receipt(fields.get("receipt", ""), fields.get("given_on", ""), joined, today)
    faults = dict(receipt) if isinstance(receipt, dict) else {}
    if place not in places:
        faults["place"] = "请选择从哪个省、自治区、直辖市转回。"
    if isinstance(organisation, TextFault):
        faults["receiver"] = organisation.message
    if kind not in list(Proof):
        faults["proof"] = "请选择看过的是回执还是介绍信。"
    if faults or isinstance(organisation, TextFault) or isinstance(receipt, dict):
        return faults
    return Return(places[place], organisation, Proof(kind), receipt.number, receipt.given_on)


def _clean_contact(text: str) -> str | TextFault:
    cleaned = clean_text(" ".join(text.split()), max_length=CONTACT_LENGTH)
    if isinstance(cleaned, TextFault) or cleaned:
        return cleaned
    return TextFault("请填写对方团组织的联系人和电话，办理时要与对方核对。")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
