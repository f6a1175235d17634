"""Arranging pages: each button does what it says, and an address carries all of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.page_arrangement import Arrangement, Offers, missing_numbers

SEEN = Offers(turns={2: 2, 4: 3}, blanks=frozenset({5}), numbers={2: 1, 3: 4, 4: 3, 6: 2})


@pytest.mark.parametrize(
    ("before", "do", "after"),
    [
        ("1.2.3", "left-2", "1.2r3.3"),
        ("1.2r3.3", "right-2", "1.2.3"),
        ("1.2r1.3", "right-2", "1.2r2.3"),
        ("1.2.3", "earlier-3", "1.3.2"),
        ("1.2.3", "later-1", "2.1.3"),
        ("1.2.3", "earlier-1", "1.2.3"),
        ("1.2.3", "later-3", "1.2.3"),
        ("1.2.3", "drop-2", "1.2x.3"),
        ("1.2r1x.3", "back-2", "1.2r1.3"),
        ("1.2.3.4.5.6", "straight", "1.2r2.3.4r3.5.6"),
        ("1.2r1.3.4r3.5.6", "straight", "1.2r2.3.4r3.5.6"),  # to where it is straight, once
        ("1.2.3.4.5.6", "blanks", "1.2.3.4.5x.6"),
        ("1.2.3.4.5.6", "sort", "1.2.6.4.5.3"),  # 1 and 5 have no number and keep their places
        ("1.2.3x.4.5.6", "sort", "1.2.3x.6.5.4"),
        ("1.2.3", "drop-9", "1.2.3"),
        ("1.2.3", "earlier-9", "1.2.3"),
        ("1.2.3", "drop", "1.2.3"),
        ("1.2.3", "drop-x", "1.2.3"),
        ("1.2.3", "burn-1", "1.2.3"),
        ("1.2.3", "", "1.2.3"),
    ],
)
def test_a_button_does_what_it_says(before: str, do: str, after: str) -> None:
    pages = Arrangement.parse(before, before.count(".") + 1)
    assert str(pages.after(do, SEEN)) == after


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        ("1.2.3", ""),
        ("1.3.2", "顺序已调整"),
        ("1.2x.3", "删除了 1 页"),
        ("3x.1.2r1", "删除了 1 页，转动了 1 页"),
        ("2.1r2.3x", "删除了 1 页，转动了 1 页，顺序已调整"),
        ("1.2r3x.3", "删除了 1 页"),  # how a dropped page lies changes nothing
    ],
)
def test_what_was_done_is_said(pages: str, words: str) -> None:
    parsed = Arrangement.parse(pages, 3)
    assert parsed.words == words
    assert parsed.is_changed == bool(words)


@pytest.mark.parametrize(
    ("numbers", "blanks", "missing"),
    [
        ({2: 1, 3: 2, 4: 3}, (), ()),
        ({2: 1, 3: 2, 4: 5}, (), (3, 4)),
        ({2: 5, 3: 1, 4: 2}, (), (3, 4)),  # in whatever order
        ({2: 1, 3: 2, 5: 4}, (), ()),  # page 4 may be the third
        ({2: 1, 3: 2, 5: 4}, (4,), (3,)),
        ({2: 1, 3: 2, 4: 2}, (), ()),
        ({3: 7}, (), ()),
        ({}, (1,), ()),
    ],
)
def test_a_number_that_no_page_has_is_told_where_all_were_read(
    numbers: dict[int, int], blanks: tuple[int, ...], missing: tuple[int, ...]
) -> None:
    assert missing_numbers(numbers, blanks) == missing


@pytest.mark.parametrize(
    "text",
    ["", ".", "1", "1.2.2", "1.2.4", "0.1.2", "1.2.3r0", "1.2.3r4", "1.2.3xx", "1.2.３", "1,2,3"],
)
def test_what_is_no_arrangement_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="page"):
        Arrangement.parse(text, 3)


@given(st.permutations(range(1, 61)), st.lists(st.integers(0, 7), min_size=60, max_size=60))
def test_an_address_carries_all_of_it(order: list[int], states: list[int]) -> None:
    text = ".".join(
        f"{page}{f'r{state % 4}' if state % 4 else ''}{'x' * (state > 3)}"
        for page, state in zip(order, states, strict=True)
    )
    assert str(Arrangement.parse(text, 60)) == text
