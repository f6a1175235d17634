"""Members who come from outside: which number belongs into which application, what is typed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.member_number import PROVINCES, NumberPolicy, is_new_member
from portal.rules.outside import (
    NATIONWIDE,
    Proof,
    clean_organisation,
    clean_proof_number,
    outside_places,
    place_words,
    wrong_application,
)
from portal.rules.text import TextFault

POLICY = NumberPolicy()
MONTH = date(2021, 5, 1)


def test_the_places_outside_are_the_other_provinces_and_what_has_none() -> None:
    places = outside_places(POLICY)
    assert "11" not in places
    assert len(places) == len(PROVINCES)
    assert places[NATIONWIDE] == place_words(NATIONWIDE) == "军队、铁道等全国性系统"
    assert (place_words("13"), place_words(None), place_words("99")) == ("河北", "", "")
    assert "13" not in outside_places(NumberPolicy(province="13"))


def test_a_number_of_another_province_belongs_to_who_comes_from_outside() -> None:
    said = wrong_application("202113000001", MONTH, moved_in=False, policy=POLICY)
    assert said is not None
    assert "编号第 5、6 位是 13（河北），北京的编号应是 11" in said
    assert "改为“从外部系统转入”" in said
    assert wrong_application("202113000001", MONTH, moved_in=True, policy=POLICY) is None


def test_a_number_of_beijing_belongs_to_who_joined_there_or_comes_back() -> None:
    said = wrong_application("202111000001", MONTH, moved_in=True, policy=POLICY)
    assert said is not None
    assert "编号 2021 1100 0001 是北京的" in said
    assert "改为“在北京入团”" in said
    assert "编号一直为您保留，不用重新申请" in said
    assert wrong_application("202111000001", MONTH, moved_in=False, policy=POLICY) is None


@pytest.mark.parametrize("moved_in", [True, False])
@pytest.mark.parametrize(
    ("number", "joined"),
    [
        ("", MONTH),
        ("20211300", MONTH),  # still being typed
        ("202199000001", MONTH),  # no province at all: another fault says so
        ("201113000001", date(2011, 5, 1)),  # before the twelve digits a number says nothing
        ("201111000001", date(2011, 5, 1)),
    ],
)
def test_other_numbers_say_nothing_about_the_application(
    number: str, joined: date, moved_in: bool
) -> None:
    assert wrong_application(number, joined, moved_in=moved_in, policy=POLICY) is None


@given(st.sampled_from(sorted(PROVINCES)), st.integers(2017, 2026), st.integers(0, 999_999))
def test_each_number_belongs_into_exactly_one_of_the_two(
    province: str, year: int, sequence: int
) -> None:
    number, joined = f"{year}{province}{sequence:06d}", date(year, 5, 1)
    said = [
        wrong_application(number, joined, moved_in=moved_in, policy=POLICY)
        for moved_in in (True, False)
    ]
    assert said.count(None) == 1
    if said[0] is None:  # fits who comes from outside, who is never a new member then
        assert not is_new_member(number, joined, POLICY)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("某中学", "请填写全称"),
        ("某" * 101, "最多 100 个字"),
        ("石家庄市某中学\u200b团委", "看不见的字符"),
        ("石家庄市某中学 13900000000", "不要写身份证号和手机号"),
    ],
)
def test_what_no_organisation_is_called(typed: str, words: str) -> None:
    found = clean_organisation(typed)
    assert isinstance(found, TextFault)
    assert words in found.message


def test_a_full_name_and_a_papers_number_are_taken_as_they_stand() -> None:
    assert clean_organisation(" 石家庄市某中学\n团委 ") == "石家庄市某中学 团委"
    assert clean_proof_number(" 团介字第 0137 号 ") == "团介字第 0137 号"
    assert Proof.RECEIPT.label == "外部系统的转接回执"
    assert Proof.LETTER.label == "团组织关系介绍信"


@pytest.mark.parametrize("typed", ["1" * 41, "编号\u202e1", "990501200805010017"])
def test_what_no_papers_number_is(typed: str) -> None:
    assert isinstance(clean_proof_number(typed), TextFault)
