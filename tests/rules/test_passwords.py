"""Passwords: which are taken, and that the estimate tells the truth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.common_words import SYLLABLES, TAILS, WORDS, common_passwords
from portal.rules.passwords import (
    MAX_LENGTH,
    PasswordFault,
    StrengthWord,
    check_password,
    strength,
)

OWN = ("dcq-zhibu1", "李伟", "110101200803124321", "13901234567", "2008-03-12")


def fault(text: str, *personal: str) -> str:
    found = check_password(text, personal=personal)
    return found.message if found else ""


@pytest.mark.parametrize(
    "text",
    ["correct horse battery", "hongqi-42-mantou-gou", "牛奶 雨伞 铅笔 石榴 手电筒", "kxqzvwhbtpjd"],
)
def test_a_password_of_unrelated_words_is_taken(text: str) -> None:
    assert check_password(text, personal=OWN) is None


def test_a_short_and_a_long_password_are_told_how_many_characters_they_have() -> None:
    assert "至少 10 个字符，现在有 9 个" in fault("x9!kQ2#mZ")
    assert "最多 128 个字符，现在有 129 个" in fault("a" * (MAX_LENGTH + 1))
    assert (
        check_password("𠮷" * 2 + "牛奶雨伞铅笔石榴", personal=()) is None
    )  # counted by character
    found = check_password("kxqzvwhbtp", personal=(), min_length=12)
    assert found is not None
    assert "至少 12 个" in found.message


@pytest.mark.parametrize(
    "text", ["woaini1314", "5201314520", "a123456789", "qwertyuiop", "password123!", "zhibu12345"]
)
def test_a_common_password_is_refused(text: str) -> None:
    assert fault(text)


@pytest.mark.parametrize(
    "text",
    [
        "zhangwei1990",
        "Beijing2026!",
        "Abc12345678!",
        "1qaz2wsx3edc",
        "aaaaaaaaaaaa",
        "abababababab",
        "20080312wang",
        "18612345678",
        "qwerty-asdfgh",
        "P@ssw0rd2024",
    ],
)
def test_what_a_guesser_tries_first_is_very_weak_whatever_its_characters(text: str) -> None:
    assert strength(text).word is StrengthWord.VERY_WEAK
    assert fault(text)


@pytest.mark.parametrize(
    "text",
    [
        "dcqzhibu1-kuaizi-xiang",  # the login, with or without its signs
        "LiWei*kuaizi*xiang",
        "李伟 牛奶 雨伞 铅笔",
        "kuaizi-200803-xiang",
        "kuaizi080312xiang",
        "kuaizi 234567 xiang",
        "ｋｕａｉｚｉ２３４５６７xiang",
        "kuaizi 124321 xiang",
    ],
)
def test_ones_own_data_is_no_password(text: str) -> None:
    assert "您的账号、姓名、身份证号、电话或出生日期" in fault(text, *OWN)
    assert not fault(text, "somebody", "王小明").startswith("密码里有您的")


def test_a_short_login_is_no_reason_to_refuse() -> None:
    assert check_password("kuaizi wys mantou gou", personal=["wys", ""]) is None


def test_a_control_character_is_refused() -> None:
    assert "控制字符" in fault("kuaizi\x00mantou gou")


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ("kuaizi", "kuaizi mantou"),
        ("20080312", "48170395"),
        ("110101200801011230", "730519264081739264"),
        ("2008", "7394"),
        ("0312", "9394"),
        ("sunshine", "sunshyjq"),
        ("mantougou", "Mantougou"),
        ("kxqzvwhb", "kXqzVWhB"),
        ("a-b-c-d", "a-b_c.d"),
        ("kxqz" * 4, "kxqzvwhbtpjdrmgc"),
        ("MANTOU", "MaNToU"),
    ],
)
def test_the_more_guesses_the_stronger(weaker: str, stronger: str) -> None:
    assert strength(weaker).bits < strength(stronger).bits


def test_repeating_adds_next_to_nothing() -> None:
    assert strength("a" * 128).word is StrengthWord.VERY_WEAK
    assert strength("ab1" * 42).bits < 28


def test_ones_own_words_count_for_nothing_in_the_estimate() -> None:
    alone = strength("wangxiaoming-kuaizi")
    assert strength("wangxiaoming-kuaizi", personal=["王小明"]).bits < alone.bits


def test_the_four_words_have_levels() -> None:
    texts = ("woaini1314", "kuaizi*7*tuzi", "hongqi-42-mantou-gou", "kxqzvwhbtpjd")
    assert [strength(one).word for one in texts] == list(StrengthWord)
    assert [strength(one).level for one in texts] == [1, 2, 3, 4]


def test_the_list_holds_what_it_says() -> None:
    assert len(common_passwords()) > 5000
    assert {"woaini1314", "5201314", "a123456", "qwertyuiop"} <= common_passwords()
    assert all(word == word.lower() for word in WORDS | set(TAILS) | SYLLABLES)


@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=4))
def test_every_text_has_an_answer(text: str, personal: list[str]) -> None:
    found = check_password(text, personal=personal)
    assert found is None or isinstance(found, PasswordFault)
    assert strength(text, personal=personal).bits >= 0


@given(st.text(alphabet="abcxyz0123!-", max_size=24))
def test_an_estimate_is_never_above_that_of_its_characters(text: str) -> None:
    assert strength(text).bits <= 7 * len(text) + 1
    assert strength("").bits == 0
