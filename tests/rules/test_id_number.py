"""The ID number (GB 11643)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.id_number import IdNumber, IdNumberFault, Sex, changed_places, check_digit


def valid(day: str = "20080229", serial: str = "001") -> str:
    first = f"990101{day}{serial}"
    return first + check_digit(first)


def test_sex_and_birth_date_come_from_the_number() -> None:
    number = IdNumber.parse(valid())
    assert isinstance(number, IdNumber)
    assert (number.birth_date, number.sex) == (date(2008, 2, 29), Sex.MALE)
    woman = IdNumber.parse(valid(serial="002"))
    assert isinstance(woman, IdNumber)
    assert (woman.sex, woman.sex.label, Sex.MALE.label) == (Sex.FEMALE, "女", "男")


def test_the_check_digit_of_a_published_example() -> None:
    assert check_digit("11010519491231002") == "X"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", IdNumberFault.LENGTH),
        ("123", IdNumberFault.LENGTH),
        ("99010120080229001?", IdNumberFault.LENGTH),
        ("99010120070229001X", IdNumberFault.DATE),
        (valid()[:17] + ("0" if valid()[17] != "0" else "1"), IdNumberFault.CHECK_DIGIT),
    ],
)
def test_a_wrong_number_gets_its_sentence(text: str, fault: IdNumberFault) -> None:
    assert IdNumber.parse(text) is fault
    assert fault.message.endswith("。")


def test_full_width_digits_and_a_small_x_are_taken_as_typed() -> None:
    serial = next(f"{n:03d}" for n in range(1000) if valid(serial=f"{n:03d}").endswith("X"))
    text = valid(serial=serial)
    wide = "".join(chr(ord(one) + 0xFEE0) for one in text[:-1]) + "x"
    parsed = IdNumber.parse(f" {wide} ")
    assert isinstance(parsed, IdNumber)
    assert parsed.text == text


# All of Unicode, and even the halves of surrogate pairs; and what looks like an ID number.
any_text = st.text(st.characters(exclude_categories=())) | st.text(
    "0123456789０１９٣²xXｘⅩ .-\u3000\u200b", min_size=15, max_size=20
)


@given(any_text)
def test_every_text_gets_an_answer(text: str) -> None:
    parsed = IdNumber.parse(text)
    assert isinstance(parsed, (IdNumber, IdNumberFault))
    if isinstance(parsed, IdNumber):
        assert IdNumber.parse(parsed.text) == parsed


@given(st.dates(date(1900, 1, 1)), st.integers(0, 999), st.integers(0, 17), st.booleans())
def test_however_it_is_typed_an_accepted_one_is_the_same(
    day: date, serial: int, wide: int, small: bool
) -> None:
    text = valid(f"{day:%Y%m%d}".rjust(8, "0"), f"{serial:03d}")
    last = text[17].lower() if small else text[17]
    typed = "".join(chr(ord(one) + 0xFEE0) for one in text[:wide]) + text[wide:17] + last
    parsed = IdNumber.parse(f"\u3000{typed} ")
    assert isinstance(parsed, IdNumber)
    assert parsed.text == text


@given(st.dates(date(1900, 1, 1)), st.integers(0, 999))
def test_what_is_accepted_parses_again_to_itself(day: date, serial: int) -> None:
    parsed = IdNumber.parse(valid(f"{day:%Y%m%d}".rjust(8, "0"), f"{serial:03d}"))
    assert isinstance(parsed, IdNumber)
    assert IdNumber.parse(parsed.text) == parsed


def test_how_much_of_a_number_changes() -> None:
    assert changed_places(valid(), valid()) == ()
    assert changed_places(valid(serial="001"), valid(serial="021")) == (16, 18)
