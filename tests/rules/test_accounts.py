"""Account names, one-time codes, and what a browser says it is."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.logins import login_stem, member_login, parse_login
from portal.rules.one_time_codes import ALPHABET, LENGTH, group_code, make_code, normalise_code
from portal.rules.user_agents import device_name


@pytest.mark.parametrize(
    ("typed", "login"),
    [
        (" DCQ-1 ", "dcq-1"),
        ("ａｂｃ１", "abc1"),
        ("abc", "abc"),
        ("a" * 32, "a" * 32),
        ("a" * 33, None),
        ("ab", None),
        ("-abc", None),
        ("abc-", None),
        ("a b c", None),
        ("团委1", None),
        ("", None),
    ],
)
def test_an_account_name_is_letters_digits_and_hyphens(typed: str, login: str | None) -> None:
    assert parse_login(typed) == login


@given(st.text(max_size=40))
def test_what_is_taken_as_account_name_is_taken_again(text: str) -> None:
    login = parse_login(text)
    if login is not None:
        assert parse_login(login) == login


@given(st.text(max_size=100))
def test_a_proposed_account_name_can_be_one(initials: str) -> None:
    assert parse_login(login_stem(initials) + "1")


def test_a_members_account_name_has_their_number() -> None:
    assert member_login(2921990) == "ty-2921990"


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        "990101200801011234",
        "99010120080101123X",
        "1-2",
        "TY100007",
        "ty-7",
        "ty-7-2",
    ],
)
def test_no_account_is_named_like_somebody_elses(typed: str) -> None:
    """Whoever signs in with their phone or ID number would be taken for that account's person."""
    assert parse_login(typed) is None


@given(st.randoms())
def test_a_code_is_typed_as_it_is_read(chance: random.Random) -> None:
    code = make_code(chance.choice)
    shown = group_code(code)
    assert len(code) == LENGTH
    assert len(shown) == LENGTH + 2
    for typed in (shown, shown.lower(), code, shown.replace("-", " "), f" {shown}\n"):
        assert normalise_code(typed) == code
    full_width = "".join(chr(ord(one) + 0xFEE0) for one in shown)
    assert normalise_code(full_width) == code


def test_a_code_has_fifty_bits_and_no_look_alikes() -> None:
    assert len(set(ALPHABET)) ** LENGTH >= 2**50
    assert not set(ALPHABET) & set("0O1IL2Z5S8B")


@given(st.text(max_size=100))
def test_every_text_is_some_code(text: str) -> None:
    assert normalise_code(normalise_code(text)) is not None


WINDOWS = "Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) "


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (WINDOWS + "Chrome/86.0 Safari/537.36", "Chrome · Windows"),
        (WINDOWS + "Chrome/86.0 Safari/537.36 QIHU 360SE", "360 浏览器 · Windows"),
        (WINDOWS + "Chrome/120.0 Safari/537.36 Edg/120.0", "Edge · Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1",
            "Safari · iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 13) Chrome/110 MicroMessenger/8.0", "微信 · Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko Firefox/115.0", "Firefox · Linux"),
        ("curl/8.0", "未知设备"),
        ("", "未知设备"),
    ],
)
def test_a_device_has_a_name_that_a_person_knows(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name
