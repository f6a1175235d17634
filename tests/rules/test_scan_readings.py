"""The first page beside the system's data: same, different, not read, not checked."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.scan_findings import Box, FindingKind, Reading, ReadingState
from portal.rules.scan_readings import (
    Agreement,
    Held,
    compare_month,
    compare_name,
    compare_number,
    compare_readings,
    differences,
)

BOX = Box(1, 2, 3, 4)
NOT_FOUND = Reading(ReadingState.NOT_FOUND)


def read(text: str) -> Reading:
    return Reading(ReadingState.READ, text, BOX)


def test_the_same_number() -> None:
    found = compare_number(read("202011000003"), "202011000003", None)
    assert (found.agreement, found.word, found.finding) == (Agreement.SAME, "一致", None)
    assert found.sentence == "首页上的编号 2020 1100 0003 与系统里的一致。"


def test_another_number_shows_both() -> None:
    found = compare_number(read("202011000003"), "202011000008", None)
    assert found.agreement is Agreement.DIFFERENT
    assert (found.read, found.held) == ("2020 1100 0003", "2020 1100 0008")
    assert found.sentence == (
        "首页上的编号是 2020 1100 0003，系统里是 2020 1100 0008，两者不一致。"
    )
    assert found.finding is not None
    assert (found.finding.kind, found.finding.page) == (FindingKind.NUMBER_DIFFERENT, 1)
    assert found.finding.box == BOX


def test_a_released_number_is_compared_too() -> None:
    same = compare_number(read("202011000003"), None, "202011000003")
    assert same.sentence == "首页上的编号 2020 1100 0003 就是已解除占用的编号。"
    other = compare_number(read("202011000003"), None, "202011000008")
    assert other.agreement is Agreement.DIFFERENT
    assert "系统里已解除占用的编号是 2020 1100 0008" in other.sentence


def test_no_number_is_nothing_to_compare_with() -> None:
    found = compare_number(read("202011000003"), None, None)
    assert (found.agreement, found.finding) == (Agreement.NOTHING_HELD, None)
    assert found.sentence == "首页上的编号是 2020 1100 0003，系统里还没有编号。"


@given(st.from_regex("[0-9]{12}", fullmatch=True), st.from_regex("[0-9]{12}", fullmatch=True))
def test_numbers_agree_when_their_digits_do(one: str, other: str) -> None:
    found = compare_number(read(one), other, None)
    assert (found.agreement is Agreement.SAME) == (one == other)


@pytest.mark.parametrize(
    ("on_paper", "held"),
    [
        ("王小明", "王小明"),
        ("买买提艾力", "买买提·艾力"),
        ("买买提·艾力", "买买提•艾力"),
        ("李静", "李 静"),
        ("ＡＤＩＬ", "Adil"),
    ],
)
def test_names_that_are_the_same(on_paper: str, held: str) -> None:
    found = compare_name(read(on_paper), held)
    assert found.sentence == f"首页上的姓名“{on_paper}”与系统里的一致。"


@pytest.mark.parametrize("held", ["王大明", "王明", "王小明明"])
def test_names_that_differ(held: str) -> None:
    found = compare_name(read("王小明"), held)
    assert found.sentence == f"首页上的姓名是“王小明”，系统里是“{held}”，两者不一致。"


def test_a_rare_character_is_not_held_against_a_name() -> None:
    assert compare_name(read("龚献"), "龚瓛").agreement is Agreement.NOT_FOUND
    assert compare_name(read("张献"), "龚瓛").agreement is Agreement.DIFFERENT


@given(
    st.text("王李张小大明静欧阳若兰瓛𠮷", min_size=2, max_size=4),
    st.sampled_from(["", " ", "·", "　"]),
)
def test_a_name_agrees_with_itself_however_spaced(name: str, gap: str) -> None:
    assert compare_name(read(name), gap.join(name)).agreement is Agreement.SAME


def test_months() -> None:
    assert compare_month(read("2020-09"), date(2020, 9, 1)).agreement is Agreement.SAME
    found = compare_month(read("2020-01"), date(2020, 9, 1))
    assert found.sentence == "首页上的入团年月是 2020-01，系统里是 2020-09，两者不一致。"


def test_what_was_not_read_is_said_so() -> None:
    held = Held("202011000003", None, "王小明", date(2020, 9, 1))
    for reading, agreement, word in (
        (NOT_FOUND, Agreement.NOT_FOUND, "未认出"),
        (Reading(), Agreement.NOT_CHECKED, "未核对"),
    ):
        all_three = compare_readings(held, reading, reading, reading)
        assert [one.label for one in all_three] == ["编号", "姓名", "入团年月"]
        for one in all_three:
            assert (one.agreement, one.word) == (agreement, word)
            assert one.sentence.startswith(f"首页上的{one.label}")
            assert one.sentence.endswith("请人工核对。")
        assert differences(all_three) == ()


def test_only_differences_are_findings() -> None:
    held = Held("202011000003", None, "王小明", date(2020, 9, 1))
    found = compare_readings(held, read("202011000004"), read("王小明"), read("2020-08"))
    assert [one.kind for one in differences(found)] == [
        FindingKind.NUMBER_DIFFERENT,
        FindingKind.MONTH_DIFFERENT,
    ]
