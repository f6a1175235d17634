"""Age at joining, phones and sums: examples, and every string of Unicode gets an answer."""

from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.age import AgeAnswer, AgePolicy, full_years, joining_age, may_consent
from portal.rules.leaving import LeavingReason
from portal.rules.phone import parse_phone
from portal.rules.small_sum import SmallSum, normalise_answer

POLICY = AgePolicy()


@pytest.mark.parametrize(
    ("born", "day", "years"),
    [
        (date(2010, 5, 20), date(2024, 5, 19), 13),
        (date(2010, 5, 20), date(2024, 5, 20), 14),
        (date(2012, 2, 29), date(2026, 2, 28), 13),
        (date(2012, 2, 29), date(2026, 3, 1), 14),
    ],
)
def test_full_years(born: date, day: date, years: int) -> None:
    assert full_years(born, day) == years


@pytest.mark.parametrize(
    ("born", "joined", "answer"),
    [
        (date(2010, 5, 31), date(2024, 5, 1), AgeAnswer.FINE),  # 14 on the last day
        (date(2010, 6, 1), date(2024, 5, 1), AgeAnswer.QUESTION),
        (date(2011, 6, 1), date(2024, 5, 1), AgeAnswer.REFUSED),
        (date(2003, 6, 1), date(2015, 6, 1), AgeAnswer.QUESTION),  # 12, before 2017
        (date(2003, 7, 1), date(2015, 6, 1), AgeAnswer.REFUSED),
        (date(1991, 5, 2), date(2020, 5, 1), AgeAnswer.FINE),  # 28 on the first day
        (date(1991, 5, 1), date(2020, 5, 1), AgeAnswer.QUESTION),
    ],
)
def test_age_in_the_joining_month(born: date, joined: date, answer: AgeAnswer) -> None:
    assert joining_age(born, joined, POLICY) is answer


def test_consent_from_fourteen() -> None:
    assert may_consent(date(2010, 5, 20), date(2024, 5, 20), POLICY)
    assert not may_consent(date(2010, 5, 20), date(2024, 5, 19), POLICY)


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("13800000000", "13800000000"),
        ("138 0000-0000", "13800000000"),
        ("+86 13800000000", "13800000000"),
        ("１３８００００００００", "13800000000"),
        ("008613800000000", "13800000000"),
        ("1380000000", None),
        ("23800000000", None),
        ("138000000001", None),
        ("", None),
    ],
)
def test_phones(typed: str, phone: str | None) -> None:
    assert parse_phone(typed) == phone


@given(st.text())
def test_every_text_gets_an_answer(text: str) -> None:
    phone = parse_phone(text)
    assert phone is None or parse_phone(phone) == phone
    assert normalise_answer(text) is not None


def test_a_sum_is_answered_in_digits_or_words() -> None:
    assert SmallSum(7, 5).question == "七加五等于几"
    assert SmallSum(7, 5).answer == "12"
    for typed in ("12", " １２ ", "十二", "012"):
        assert normalise_answer(typed) == "12"
    assert normalise_answer("二十") == "20"
    assert normalise_answer("八") == "8"
    assert normalise_answer("不知道") == ""
    drawn = SmallSum.draw(random.Random(1))
    assert normalise_answer(drawn.answer) == drawn.answer


def test_only_a_mistake_frees_the_number() -> None:
    assert [one for one in LeavingReason if one.frees_number] == [LeavingReason.MISTAKE]
    assert LeavingReason.DECEASED.label == "去世"
