"""The reasons of a release: usual ones, own words, and what may not stand in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.irregular import Irregularity
from portal.rules.number_release import (
    OTHER_REASON,
    REASON_LENGTH,
    USUAL_REASONS,
    clean_reason,
    compose_reason,
    reason_begun,
)
from portal.rules.text import TextFault


def test_a_usual_reason_needs_no_words() -> None:
    assert compose_reason(USUAL_REASONS[0], " ") == USUAL_REASONS[0]
    assert compose_reason(USUAL_REASONS[1], "末位") == f"{USUAL_REASONS[1]}：末位"


@pytest.mark.parametrize("choice", [OTHER_REASON, "", "made up by hand"])
def test_own_words_stand_alone(choice: str) -> None:
    assert compose_reason(choice, " 写错了 ") == "写错了"
    assert isinstance(clean_reason(compose_reason(choice, "")), TextFault)


def test_lines_become_one() -> None:
    assert clean_reason(" 第一行\r\n第二行 ") == "第一行 第二行"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "请写明原因"),
        ("\u3000\n", "请写明原因"),
        ("字" * (REASON_LENGTH + 1), "最多 500 个字"),
        ("看\u200b不见", "看不见的字符"),
        ("NUL \x00", "看不见的字符"),
        ("身份证 99010120080229001X", "不要写身份证号"),
        ("电话 １３８ 0013 8000", "不要写身份证号"),
    ],
)
def test_what_may_not_stand_in_a_reason(text: str, words: str) -> None:
    fault = clean_reason(text)
    assert isinstance(fault, TextFault)
    assert words in fault.message


def test_member_numbers_may_stand_in_a_reason() -> None:
    text = "应为 2020 1100 0003，写成了 202011000004"
    assert clean_reason(text) == text


@given(st.text(max_size=REASON_LENGTH))
def test_every_text_gets_an_answer_and_a_clean_one_stays_itself(text: str) -> None:
    cleaned = clean_reason(text)
    if isinstance(cleaned, str):
        assert clean_reason(cleaned) == cleaned
    else:
        assert cleaned.message.endswith("。")


def test_a_request_begins_with_what_is_irregular() -> None:
    usual, words = reason_begun(Irregularity.YEAR_MISMATCH)
    assert usual in USUAL_REASONS
    assert words == "系统提示“年份与入团年月不一致”"
    assert clean_reason(compose_reason(usual, words)) == f"{usual}：{words}"
    assert reason_begun(None) == ("", "")


def test_each_kind_has_a_way_that_its_branch_can_go() -> None:
    by_typing = {kind for kind in Irregularity if not kind.needs_release}
    assert by_typing == {Irregularity.RELEASED, Irregularity.MISSING}
    by_month = {kind for kind in Irregularity if kind.by_month}
    assert by_month == {
        Irregularity.MISSING,
        Irregularity.NOT_TWELVE_DIGITS,
        Irregularity.YEAR_MISMATCH,
    }
