"""Shapes of pages and places on them: what a child or an address says, kept within bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.page_shapes import (
    A4,
    FLATTEST,
    MOST_MARKS,
    TALLEST,
    WIDTHS,
    PageShape,
    marks_from,
    shapes_from_json,
    shapes_to_json,
)
from portal.rules.scan_findings import Box


@pytest.mark.parametrize(
    ("pixels", "width"),
    [
        (0, 2400),  # nobody knows: it may be as sharp as the sharpest
        (400, 1000),  # 50 dpi of A4: the viewer's own picture shows all of it
        (1052, 1000),
        (1053, 1600),
        (1654, 1600),  # 200 dpi, of which 1600 pixels show nearly all
        (2480, 2400),  # 300 dpi
        (4960, 2400),  # 600 dpi, but nothing sharper is drawn
    ],
)
def test_no_picture_is_sharper_than_what_was_scanned(pixels: int, width: int) -> None:
    shape = PageShape(1414, pixels)
    assert shape.sharpest == width
    assert shape.sharpest in WIDTHS


shapes = st.builds(PageShape, st.integers(FLATTEST, TALLEST), st.integers(0, 100_000))


@given(st.lists(shapes, max_size=9))
def test_shapes_come_back_as_they_went(found: list[PageShape]) -> None:
    plain = json.loads(json.dumps(shapes_to_json(found)))
    assert shapes_from_json(plain, len(found)) == tuple(found)


def test_a_page_like_a_thread_is_shown_as_one_that_fits() -> None:
    plain = [[0, -5], [10**9, 10**9], ["1414", 827.9]]
    assert shapes_from_json(plain, 3) == (
        PageShape(FLATTEST, 0),
        PageShape(TALLEST, 100_000),
        PageShape(A4.tall, 827),
    )


@pytest.mark.parametrize(
    "plain",
    [
        None,
        7,
        "shapes",
        [],
        [[1414, 0]],
        [[1414, 0]] * 3,
        [[1414, 0], [1414]],
        [[1414, 0], [1414, 0, 0]],
        [[1414, 0], 1414],
        [[1414, 0], ["tall", 0]],
        [[1414, 0], [None, 0]],
        [[1414, 0], [float("nan"), 0]],
        [[1414, 0], [float("inf"), 0]],
        {"1414": 0},
    ],
)
def test_nonsense_is_no_shapes(plain: Any) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError)):
        shapes_from_json(plain, 2)


def test_an_address_names_places_on_a_page() -> None:
    assert marks_from(["100,200,300,400", "0,0,1000,1000"]) == (
        Box(100, 200, 300, 400),
        Box(0, 0, 1000, 1000),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2,3",
        "1,2,3,4,5",
        " 1,2,3,4",
        "1,2,3,4\n",
        "-1,2,3,4",
        "1.5,2,3,4",
        "a,b,c,d",
        "300,200,100,400",  # right of its own right edge
        "100,400,300,400",  # no height
        "0,0,1001,10",  # beyond the page
        "0,0,10,9999",
        "0,0,10,99999",
        '"><script>,0,1,1',
    ],
)
def test_what_is_no_place_is_left_out(text: str) -> None:
    assert marks_from([text, "1,2,3,4"]) == (Box(1, 2, 3, 4),)


def test_an_address_of_ten_thousand_places_shows_some() -> None:
    assert len(marks_from(["1,2,3,4"] * 10_000)) == MOST_MARKS
