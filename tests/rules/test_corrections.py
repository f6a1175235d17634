"""报告错误: the fields and what may be proposed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.rules.corrections import CorrectionField as Field
from portal.rules.corrections import clean_words, field_behind, parse_proposed, shown_value
from portal.rules.id_number import check_digit
from portal.rules.member_number import NumberPolicy
from portal.rules.text import TextFault

TODAY = date(2026, 11, 25)
ID = "99030120080101123" + check_digit("99030120080101123")


def parsed(field: Field, text: str) -> str | TextFault:
    return parse_proposed(field, text, today=TODAY, policy=NumberPolicy())


@pytest.mark.parametrize(
    ("field", "typed", "kept"),
    [
        (Field.NAME, " 阿依古丽•买买提 ", "阿依古丽·买买提"),
        (Field.ID_NUMBER, f"{ID[:6]} {ID[6:]}", ID),
        (Field.ETHNICITY, "回族", "回族"),
        (Field.IS_STUDENT, "是", "是"),
        (Field.FEE, " 1.5 ", "1.50"),
        (Field.JOINED, "2026年3月", "2026-03"),
        (Field.NUMBER, "2025 1100 0077", "202511000077"),
    ],
)
def test_values_are_kept_in_one_way(field: Field, typed: str, kept: str) -> None:
    assert parsed(field, typed) == kept


def test_a_number_that_is_none_is_refused() -> None:
    for typed in ("", "12345", "abcdefghijkl"):
        assert isinstance(parsed(Field.NUMBER, typed), TextFault)


def test_nobody_is_born_tomorrow() -> None:
    born = date.fromisoformat(f"{ID[6:10]}-{ID[10:12]}-{ID[12:14]}")
    for today, taken in ((born, True), (born - timedelta(days=1), False)):
        value = parse_proposed(Field.ID_NUMBER, ID, today=today, policy=NumberPolicy())
        assert (value == ID) is taken


def test_what_comes_from_the_id_number_is_reported_as_it() -> None:
    assert field_behind("sex") is field_behind("birth_date") is Field.ID_NUMBER
    assert field_behind("ethnicity") is Field.ETHNICITY
    assert field_behind("phone") is None


def test_a_value_as_it_is_shown() -> None:
    assert shown_value(Field.ID_NUMBER, ID, masked=True) == f"9903●●●●●●{ID[-2:]}"
    assert shown_value(Field.ID_NUMBER, ID, masked=False) == ID
    assert shown_value(Field.NUMBER, "202511000077", masked=True) == "2025 1100 0077"
    assert shown_value(Field.FEE, "1.50", masked=True) == "1.50 元"
    assert shown_value(Field.NAME, "安新", masked=True) == "安新"


def test_a_remark_may_be_empty_and_an_answer_may_not() -> None:
    assert clean_words(" ", length=10) == ""
    assert clean_words(" 请 看 ", length=10) == "请 看"
    assert clean_words("", length=10, needed="请写。") == TextFault("请写。")
    assert isinstance(clean_words("\u202e", length=10), TextFault)
