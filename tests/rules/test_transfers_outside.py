"""转至外部系统: when it cannot be started, and what is asked (guide 5.5)."""

from __future__ import annotations

from datetime import date

import pytest

from portal.rules.identity import identity_of
from portal.rules.leaving import CHOOSABLE, LeavingFault, LeavingReason, check_leaving
from portal.rules.member_number import NumberPolicy
from portal.rules.outside import Proof
from portal.rules.transfers_outside import (
    NO_FORM,
    Destination,
    Receipt,
    Return,
    check_destination,
    check_receipt,
    check_return,
    lacks_form,
)

POLICY = NumberPolicy()
TODAY = date(2026, 11, 25)
JOINED = date(2025, 10, 1)
NAME = "天津市河西区某中学团委高二（3）班团支部"


def test_only_a_new_member_without_a_form_is_kept() -> None:
    assert NO_FORM == "未上传入团志愿书，无法发起向外部系统的团组织关系转接"
    kept = [
        (new, form)
        for new in (True, False)
        for form in (True, False)
        if lacks_form(owes_form=new, has_scan=form)
    ]
    assert kept == [(True, False)]


def test_a_destination_is_kept_with_the_places_name() -> None:
    found = check_destination("12", f" {NAME} ", "李老师 022-12345678", POLICY)
    assert found == Destination("天津", NAME, "李老师 022-12345678")
    found = check_destination("00", NAME, "李老师 13900000000", POLICY)  # whom to ask has a phone
    assert isinstance(found, Destination)
    assert found.province == "军队、铁道等全国性系统"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"place": "11"}, "place", "请选择转往哪个省"),
        ({"place": ""}, "place", "请选择"),
        ({"receiver": "某校"}, "receiver", "请填写全称"),
        ({"receiver": f"{NAME} 13900000000"}, "receiver", "不要写身份证号和手机号"),
        ({"contact": " "}, "contact", "请填写对方团组织的联系人和电话"),
        ({"contact": "李\u202e老师"}, "contact", "看不见的字符"),
        ({"contact": "李" * 101}, "contact", "最多 100 个字"),
    ],
)
def test_what_is_wrong_with_a_destination_is_said_field_by_field(
    changes: dict[str, str], field: str, words: str
) -> None:
    filled = {"place": "12", "receiver": NAME, "contact": "李老师"} | changes
    found = check_destination(filled["place"], filled["receiver"], filled["contact"], POLICY)
    assert isinstance(found, dict)
    assert list(found) == [field]
    assert words in found[field]


def test_a_receipt_has_a_number_and_a_day() -> None:
    assert check_receipt(" TJ-77 ", "2026-11-25", JOINED, TODAY) == Receipt("TJ-77", TODAY)
    assert Receipt("TJ-77", TODAY).words == "TJ-77（2026-11-25）"
    empty = check_receipt("", "25.11.2026", JOINED, TODAY)
    assert isinstance(empty, dict)
    assert set(empty) == {"receipt", "given_on"}
    later = check_receipt("TJ\u202e7", "2026-11-26", JOINED, TODAY)
    assert isinstance(later, dict)
    assert "看不见的字符" in later["receipt"]
    assert "不能在今天之后" in later["given_on"]


@pytest.mark.parametrize(("day", "is_right"), [("2025-10-01", True), ("2025-09-30", False)])
def test_a_receipt_is_not_older_than_the_membership(day: str, is_right: bool) -> None:
    found = check_receipt("TJ-77", day, JOINED, TODAY)
    assert isinstance(found, Receipt) is is_right
    if isinstance(found, dict):
        assert found == {"given_on": "日期早于入团年月（2025-10）。请核对回执或介绍信。"}


def test_who_comes_back_brings_a_receipt_or_a_letter() -> None:
    filled = {
        "place": "12",
        "receiver": NAME,
        "proof": "letter",
        "receipt": "团介 7",
        "given_on": "2026-11-20",
    }
    assert check_return(filled, JOINED, TODAY, POLICY) == Return(
        "天津", NAME, Proof.LETTER, "团介 7", date(2026, 11, 20)
    )
    faults = check_return({}, JOINED, TODAY, POLICY)
    assert isinstance(faults, dict)
    assert set(faults) == set(filled)
    only = check_return(filled | {"proof": "word"}, JOINED, TODAY, POLICY)
    assert only == {"proof": "请选择看过的是回执还是介绍信。"}


def test_nobody_chooses_the_end_of_a_transfer_as_a_reason() -> None:
    assert set(LeavingReason) - set(CHOOSABLE) == {LeavingReason.MOVED_OUTSIDE}
    assert isinstance(check_leaving("moved_outside", ""), LeavingFault)
    reason = LeavingReason.MOVED_OUTSIDE
    assert (reason.frees_number, reason.ends_account, reason.keeps_number_for_good) == (
        False,
        False,
        True,
    )


def test_the_identity_of_who_left_says_so() -> None:
    found = identity_of(
        irregularity=None, is_new_member=True, has_scan=True, left=LeavingReason.MOVED_OUTSIDE
    )
    assert found.words == "未认证（团组织关系已转至外部系统）"
    assert found.doubts[0].remedy.startswith("团员身份请由现在所在的团组织证明。")
