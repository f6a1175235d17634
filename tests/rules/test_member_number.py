"""The member number, as the guide and SPEC describe it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.irregular import Irregularity, irregularity
from portal.rules.member_number import (
    MemberNumber,
    NumberFaultKind,
    NumberPolicy,
    check_number_for,
    check_typed_number,
    group_number,
    has_upload,
    is_new_member,
    normalise_number,
    takes_scan,
)

POLICY = NumberPolicy()
JAN_2020 = date(2020, 1, 1)

numbers = st.from_regex(r"[0-9]{12}", fullmatch=True)
months = st.dates(date(1950, 1, 1), date(2100, 1, 1))


def kinds(text: str, joined: date | None = JAN_2020) -> list[NumberFaultKind]:
    return [fault.kind for fault in check_typed_number(text, joined, POLICY)]


def test_the_number_of_the_guides_picture_is_in_order() -> None:
    number = MemberNumber.parse("202011000003")
    assert number is not None
    assert (number.year, number.province, number.sequence) == (2020, "11", "000003")
    assert number.grouped == "2020 1100 0003"
    assert kinds("202011000003") == []


@pytest.mark.parametrize(
    "text", ["2020 1100 0003", "２０２０１１０００００３", " 2020-1100-0003 ", "2020.1100.0003"]
)
def test_a_number_is_taken_however_it_is_grouped(text: str) -> None:
    assert normalise_number(text) == "202011000003"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2020", NumberFaultKind.TOO_SHORT),
        ("2020110000031", NumberFaultKind.TOO_LONG),
        ("20201100000x", NumberFaultKind.NOT_DIGITS),
        ("²⁰²⁰11000003", NumberFaultKind.NOT_DIGITS),
        ("202111000003", NumberFaultKind.YEAR),
        ("202099000003", NumberFaultKind.PROVINCE),
        ("202011900003", NumberFaultKind.OUTSIDE_PREFIX),
    ],
)
def test_what_is_wrong_while_typing_is_said(text: str, kind: NumberFaultKind) -> None:
    assert kinds(text) == [kind]


def test_nothing_typed_is_no_fault() -> None:
    assert kinds("") == []


def test_how_many_digits_are_missing_is_said() -> None:
    (fault,) = check_typed_number("20201100", JAN_2020, POLICY)
    assert "还差 4 位" in fault.message


def test_two_faults_are_both_said() -> None:
    assert kinds("202199000003") == [NumberFaultKind.YEAR, NumberFaultKind.PROVINCE]


def test_without_a_joining_month_the_year_is_not_judged() -> None:
    assert kinds("202111000003", None) == []


def test_an_older_beijing_number_needs_no_prefix() -> None:
    assert kinds("201911900003", date(2019, 5, 1)) == []


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("202011000003", True),
        ("202611099999", True),
        ("201911000003", False),  # before 2020
        ("202011900003", False),  # outside the prefix
        ("202031000003", False),  # another province's
        ("20201100000", False),
        (None, False),
    ],
)
def test_the_upload_appears_under_the_prefix_alone(number: str | None, shown: bool) -> None:
    assert has_upload(number, POLICY) is shown


def test_a_new_member_joined_from_2020_on() -> None:
    assert is_new_member("202011000003", JAN_2020, POLICY)
    assert not is_new_member("202011000003", date(2019, 12, 1), POLICY)


def test_another_prefix_can_be_allotted() -> None:
    policy = NumberPolicy(prefixes=("YYYY110", "YYYY112"))
    assert has_upload("202011200001", policy)
    assert not has_upload("202011100001", policy)


def test_a_form_can_come_before_the_number() -> None:
    assert takes_scan(None, JAN_2020, POLICY)
    assert not takes_scan(None, date(2019, 12, 1), POLICY)
    assert not takes_scan("202031000003", JAN_2020, POLICY)


@pytest.mark.parametrize(
    ("number", "joined", "kind"),
    [
        ("202011000003", JAN_2020, None),
        (None, JAN_2020, Irregularity.MISSING),
        ("", JAN_2020, Irregularity.MISSING),
        ("20201100003", JAN_2020, Irregularity.NOT_TWELVE_DIGITS),
        ("202099000003", JAN_2020, Irregularity.UNKNOWN_PROVINCE),
        ("202111000003", JAN_2020, Irregularity.YEAR_MISMATCH),
        ("202011900003", JAN_2020, Irregularity.OUTSIDE_PREFIX),
        ("202031000003", JAN_2020, None),  # of a member who moved here
        ("201711900003", date(2017, 3, 1), None),
        (None, date(2016, 12, 1), None),
        ("007", date(2016, 12, 1), None),
        (None, date(2017, 1, 1), Irregularity.MISSING),
        # The joining month is the branch's to change, so it must not make these regular.
        ("202011000003", date(2016, 12, 1), Irregularity.YEAR_MISMATCH),
        ("202031000003", date(2016, 12, 1), Irregularity.YEAR_MISMATCH),
        ("201611000003", date(2016, 12, 1), None),
        ("202099000003", date(2016, 12, 1), None),  # no province: twelve digits by chance
        ("990111000003", date(2016, 12, 1), None),
    ],
)
def test_irregular_numbers(number: str | None, joined: date, kind: Irregularity | None) -> None:
    assert irregularity(number, joined, released=False, policy=POLICY) is kind


def test_a_released_number_is_irregular_until_it_is_filled_in() -> None:
    assert irregularity(None, JAN_2020, released=True, policy=POLICY) is Irregularity.RELEASED


@pytest.mark.parametrize("kind", Irregularity)
def test_each_kind_says_what_to_do(kind: Irregularity) -> None:
    assert kind.label
    assert "请" in kind.explanation


# All of Unicode, and even the halves of surrogate pairs; and what looks like a number.
any_text = st.text(st.characters(exclude_categories=())) | st.text(
    "0123456789０１９٣² .-–—·\u3000\u200bx", max_size=24
)


@given(any_text)
def test_every_text_gets_an_answer(text: str) -> None:
    faults = check_typed_number(normalise_number(text), JAN_2020, POLICY)
    assert all(fault.message.endswith("。") for fault in faults)
    check_typed_number(text, None, POLICY)
    has_upload(text, POLICY)
    irregularity(text, JAN_2020, released=False, policy=POLICY)


@given(numbers)
def test_what_is_accepted_formats_and_parses_again_to_itself(text: str) -> None:
    number = MemberNumber.parse(text)
    assert number is not None
    assert MemberNumber.parse(normalise_number(number.grouped)) == number
    assert group_number(group_number(text)) == number.grouped


@given(any_text | numbers | numbers.map(group_number), months)
def test_what_is_typed_and_accepted_formats_and_parses_again_to_itself(
    text: str, joined: date
) -> None:
    typed = normalise_number(text)
    if typed and not check_typed_number(typed, joined, POLICY):
        number = MemberNumber.parse(typed)
        assert number is not None
        again = normalise_number(number.grouped)
        assert (again, normalise_number(again)) == (typed, typed)
        assert check_typed_number(again, joined, POLICY) == ()


@given(numbers, months)
def test_a_number_typed_without_a_fault_is_regular_once_saved(text: str, joined: date) -> None:
    if joined.year >= POLICY.twelve_digits_since and not check_typed_number(text, joined, POLICY):
        assert irregularity(text, joined, released=False, policy=POLICY) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("007", None),
        ("京团字第7号", None),
        ("201611000003", None),
        ("202611000001", "两者应一致"),
        ("1" * 21, "最多 20 个字"),
        ("7\u202e", "看不见的字符"),
    ],
)
def test_a_number_from_before_the_twelve_digits_is_any_but_a_later_one(
    text: str, words: str | None
) -> None:
    faults = check_number_for(text, date(2015, 5, 1), POLICY)
    assert [words in fault.message for fault in faults if words] == [True] * bool(words)
    assert bool(faults) is bool(words)


@given(any_text | numbers, months)
def test_what_binds_a_number_and_what_is_irregular_agree(text: str, joined: date) -> None:
    if text and not check_number_for(text, joined, POLICY):
        assert irregularity(text, joined, released=False, policy=POLICY) is None
