"""What a check can say: faults with pages, in words and as it is stored."""

from __future__ import annotations

import pytest

from portal.rules.scan_checks import (
    Fault,
    FaultKind,
    Verdict,
    parse_pages,
    verdict_of,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("5", (5,)),
        ("5, 3，3", (3, 5)),
        ("2-4、8", (2, 3, 4, 8)),
        ("4至2", (2, 3, 4)),
    ],
)
def test_pages_are_read_as_people_write_them(text: str, found: tuple[int, ...]) -> None:
    assert parse_pages(text, 8) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("九", "“九”不是页码"),
        ("3-", "“3-”不是页码"),
        ("9", "只有 8 页，没有第 9 页"),
        ("7-12", "只有 8 页，没有第 12 页"),
        ("0", "没有第 0 页"),
    ],
)
def test_what_is_no_page_is_said(text: str, words: str) -> None:
    said = parse_pages(text, 8)
    assert isinstance(said, str)
    assert words in said


def test_a_verdict_reads_like_a_sentence_and_comes_back_as_it_was_stored() -> None:
    verdict = Verdict((Fault(FaultKind.MISSING_PAGES), Fault(FaultKind.BLURRED, (3, 5))), "请重扫")
    assert verdict.words == "缺页；模糊（第 3、5 页）"
    assert verdict_of(verdict.kinds, verdict.pages, verdict.remark) == verdict
    assert Verdict().words == "合格"
    assert verdict_of("", {}, "") == Verdict()


def test_every_fault_has_its_key_and_all_at_once_fit_their_column() -> None:
    assert [kind.key for kind in FaultKind] == [2, 3, 4, 5, 6, 7, 8]
    assert len(Verdict(tuple(map(Fault, FaultKind))).kinds) <= 100
