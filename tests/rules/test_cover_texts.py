"""The recognised lines of a first page, put in their places: what is certain, and nothing else."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.cover_texts import Line, find_month, find_name, find_number
from portal.rules.scan_findings import Box, Reading, ReadingState

NOT_FOUND = Reading(ReadingState.NOT_FOUND)
NUMBER = "202011000003"


def line(
    text: str,
    x: float = 0.1,
    y: float = 0.1,
    *,
    sure: float | tuple[float, ...] = 0.98,
    tilt: float = 0,
) -> Line:
    """A line 0.02 high that begins at x; ``tilt`` in degrees around the page's corner."""
    turn = math.radians(tilt)
    ends = [(x, y), (x + 0.02 * len(text), y)]
    left, right = (
        (a * math.cos(turn) - b * math.sin(turn), a * math.sin(turn) + b * math.cos(turn))
        for a, b in ends
    )
    sureness = sure if isinstance(sure, tuple) else (sure,) * len(text)
    places = [round(1000 * one) for one in (left[0], left[1], right[0], right[1])]
    return Line(text, sureness, left, right, 0.02, Box(places[0], places[1], places[2], places[3]))


def texts(*readings: Reading) -> list[str]:
    assert all(one.state is ReadingState.READ for one in readings)
    return [one.text for one in readings]


@pytest.mark.parametrize(
    "lines",
    [
        [line("编号"), line(NUMBER, 0.18)],
        [line("编号：" + NUMBER)],
        [line("编 号"), line("2 0 2 0 1 1 0 0 0 0 0 3", 0.18)],
        [line("编号"), line("|2|0|2|0|1|1|0|0|0|0|0|3|", 0.18)],
        [line("编号"), line("2020", 0.16), line("1100", 0.26), line("0003", 0.38)],
        [line("0003", 0.38), line("编号", 0.1), line("1100", 0.26), line("2020", 0.16)],
        [line("团员编号"), line("2O2O11OOOOO3", 0.2)],
        [line("编号"), line("２０２０１１０００００３", 0.18)],
        [line("入团志愿书", 0.3, 0.3), line(NUMBER, 0.5)],
        [line("编号"), line("申请人", 0.1, 0.6), line(NUMBER, 0.5)],
    ],
    ids=[
        "beside", "one line", "spaced", "frames", "in groups", "any order", "letters",
        "full width", "no label", "label without a neighbour",
    ],
)  # fmt: skip
def test_a_number_is_found(lines: list[Line]) -> None:
    assert texts(find_number(lines)) == [NUMBER]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [line("编号")],
        [line("编号"), line(NUMBER[:-1], 0.18)],
        [line("编号"), line(NUMBER + "1", 0.18)],
        [line("编号"), line("20201100?003", 0.18)],
        [line("编号"), line(NUMBER, 0.18, sure=0.6)],
        [line("编号"), line(NUMBER, 0.18, sure=(0.99,) * 11 + (0.3,))],
        [line(NUMBER), line(NUMBER, 0.5, 0.2)],
        [line("110105200001", 0.5)],
    ],
    ids=[
        "no lines", "label alone", "eleven", "thirteen", "no digit", "uncertain", "one uncertain",
        "two of them", "not a year",
    ],
)  # fmt: skip
def test_no_certain_number_is_no_number(lines: list[Line]) -> None:
    assert find_number(lines) == NOT_FOUND


@given(
    number=st.from_regex("20[0-9]{10}", fullmatch=True),
    tilt=st.floats(-4, 4),
    cuts=st.lists(st.integers(1, 11), max_size=3),
    y=st.floats(0.1, 0.4),
)
def test_a_tilted_row_in_pieces_is_read_as_one(
    number: str, tilt: float, cuts: list[int], y: float
) -> None:
    ends = sorted({0, *cuts, 12})
    pieces = [
        line(number[start:end], 0.16 + 0.03 * start, y, tilt=tilt) for start, end in pairwise(ends)
    ]
    heading = line("入团志愿书", 0.3, y + 0.2, tilt=tilt)
    assert texts(find_number([*pieces, heading, line("编号", 0.1, y, tilt=tilt)])) == [number]


@given(
    st.lists(st.builds(line, st.text(max_size=20), st.floats(0, 1), st.floats(0, 1.4)), max_size=8)
)
def test_any_lines_give_a_reading(lines: list[Line]) -> None:
    for reading in (find_number(lines), find_name(lines), find_month(lines)):
        assert (reading.state is ReadingState.READ) == bool(reading.text)


def test_a_number_has_the_box_of_its_pieces() -> None:
    number = find_number([line("编号"), line("202011", 0.18), line("000003", 0.36)])
    assert number.box == Box(180, 100, 480, 100)


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ([line("申请人"), line("王小明", 0.25)], "王小明"),
        ([line("申请人王小明")], "王小明"),
        ([line("姓 名：欧阳若兰")], "欧阳若兰"),
        ([line("申请人姓名"), line("买买提•艾力", 0.25)], "买买提·艾力"),
        ([line("姓名"), line("李 静", 0.2), line("性别", 0.4), line("女", 0.5)], "李静"),
        (
            [line("申请人"), line("1234", 0.2), line("姓名", 0.1, 0.5), line("张三", 0.2, 0.5)],
            "张三",
        ),
    ],
)
def test_a_name_is_found(lines: list[Line], name: str) -> None:
    assert texts(find_name(lines)) == [name]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [line("申请人")],
        [line("申请人"), line("王", 0.2)],
        [line("申请人"), line("王小明高一二班团员", 0.2)],
        [line("申请人"), line("性别", 0.2)],
        [line("申请人"), line("王小明", 0.2, sure=(0.99, 0.3, 0.99))],
        [line("申请人"), line("王小明", 0.8)],
        [line("申请人"), line("王小明", 0.2, 0.2)],
    ],
)
def test_no_certain_name_is_no_name(lines: list[Line]) -> None:
    assert find_name(lines) == NOT_FOUND


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2020年9月", "2020-09"),
        ("2020年12月1日", "2020-12"),
        ("2021.05", "2021-05"),
        ("2020-1", "2020-01"),
    ],
)
def test_a_month_is_found(text: str, month: str) -> None:
    assert texts(find_month([line("入团年月"), line(text, 0.2)])) == [month]
    assert texts(find_month([line(f"入团时间：{text}")])) == [month]


@pytest.mark.parametrize("text", ["2020年13月", "2020年0月", "九月", "2020年", "1820年9月"])
def test_no_month_is_no_month(text: str) -> None:
    assert find_month([line("入团年月"), line(text, 0.2)]) == NOT_FOUND


def test_a_month_far_from_any_label_is_no_month() -> None:
    assert find_month([line("入团年月"), line("2020年9月", 0.6)]) == NOT_FOUND
