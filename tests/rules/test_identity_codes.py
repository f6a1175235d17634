"""身份码: what stands in the address, that nobody else can make one, and how long one is good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.identity_keys import IdentityKeys
from portal.rules.identity_codes import (
    BYTES,
    CLOCKS_APART,
    LIFETIME,
    IdentityCode,
    day_number,
    read_token,
    write_token,
)

KEYS = IdentityKeys("a key of the tests, long enough to be taken")
SECONDS = st.datetimes(datetime(2026, 1, 1), datetime(2105, 12, 31), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
CODES = st.builds(
    IdentityCode,
    member_id=st.integers(0, 2**32 - 1),
    branch_id=st.integers(0, 2**26 - 1),
    made_at=SECONDS,
    single_use=st.booleans(),
    salt=st.integers(0, 2**12 - 1),
)


def token_of(code: IdentityCode) -> str:
    return write_token(KEYS.seal(code.pack(), day_number(code.made_at)))


def opened(token: str, day: int) -> bytes | None:
    sealed = read_token(token)
    return None if sealed is None else KEYS.open(sealed, day)


@given(CODES)
def test_what_was_made_is_read_on_its_day_and_on_no_other(code: IdentityCode) -> None:
    token, day = token_of(code), day_number(code.made_at)
    assert len(token) == 36
    packed = opened(token, day)
    assert packed is not None
    assert len(packed) == BYTES
    assert IdentityCode.unpack(packed, day) == code
    assert opened(token, day - 1) is None
    assert opened(token, day + 1) is None


@given(CODES, st.integers(0, 27 * 8 - 1))
def test_any_flipped_bit_is_refused(code: IdentityCode, bit: int) -> None:
    sealed = bytearray(KEYS.seal(code.pack(), day_number(code.made_at)))
    sealed[bit // 8] ^= 1 << bit % 8
    assert KEYS.open(bytes(sealed), day_number(code.made_at)) is None


@given(CODES, st.integers(0, 35), st.characters(max_codepoint=0x2FFF))
def test_any_other_sign_in_the_address_is_refused(
    code: IdentityCode, place: int, sign: str
) -> None:
    token = token_of(code)
    other = token[:place] + sign + token[place + 1 :]
    assert opened(other, day_number(code.made_at)) is None or other == token


@given(st.text(max_size=60))
def test_what_was_typed_is_no_code(text: str) -> None:
    assert opened(text, 20_000) is None


@pytest.mark.parametrize("token", ["", "=", "A" * 35, "A" * 37, "A" * 36 + "\n", "A" * 4000])
def test_what_is_cut_off_or_too_long_is_no_code(token: str) -> None:
    assert opened(token, 20_000) is None


def test_another_key_opens_nothing() -> None:
    code = IdentityCode(7, 3, datetime(2026, 11, 25, 4, 5, 6, tzinfo=UTC), False, 0)
    sealed = KEYS.seal(code.pack(), day_number(code.made_at))
    other = IdentityKeys("another key of the tests, long enough too")
    assert other.open(sealed, day_number(code.made_at)) is None


@given(CODES, CODES)
def test_nothing_of_the_member_is_seen_in_a_token(one: IdentityCode, other: IdentityCode) -> None:
    """Neither the packed code, nor a part of it that two codes of one member share."""
    token = read_token(token_of(one))
    assert token is not None
    assert one.member_id.to_bytes(4, "big") not in token or one.member_id < 2**16
    if one != other:
        assert token_of(one) != token_of(other)


def test_two_codes_of_one_second_differ() -> None:
    made_at = datetime(2026, 11, 25, 4, 5, 6, tzinfo=UTC)
    codes = {token_of(IdentityCode(7, 3, made_at, True, salt)) for salt in range(4096)}
    assert len(codes) == 4096


@given(CODES, st.integers(-600, 600))
def test_it_is_good_for_three_minutes(code: IdentityCode, seconds: int) -> None:
    now = code.made_at + timedelta(seconds=seconds)
    assert code.has_expired(now) is (seconds >= LIFETIME.total_seconds() == 180)
    assert code.is_early(now) is (seconds < -CLOCKS_APART.total_seconds())
    assert code.expires_at - code.made_at == LIFETIME


@pytest.mark.parametrize(
    ("member_id", "branch_id"), [(2**32, 1), (1, 2**26), (-1, 1)], ids=["member", "branch", "minus"]
)
def test_an_id_that_has_no_room_is_not_cut_off(member_id: int, branch_id: int) -> None:
    code = IdentityCode(member_id, branch_id, datetime(2026, 1, 1, tzinfo=UTC), False, 0)
    with pytest.raises(OverflowError, match="bits"):
        code.pack()
