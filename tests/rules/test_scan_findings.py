"""Findings as words, and as data from a process that is not trusted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.scan_findings import Box, Finding, FindingKind, Look, Reading, ReadingState


@pytest.mark.parametrize("kind", FindingKind)
def test_every_kind_has_a_word_a_sentence_and_advice(kind: FindingKind) -> None:
    found = Finding(kind, 3, 7.6)
    assert 2 <= len(found.word) <= 8
    for text in (found.sentence, found.advice):
        assert text.endswith("。")
        assert "{" not in text
        assert "！" not in text


@pytest.mark.parametrize(
    ("kind", "measure", "sentence"),
    [
        (FindingKind.TILTED, 7.6, "这一页歪了约 8°。"),
        (FindingKind.LOW_RESOLUTION, 96.4, "这一页只有约 96 dpi。"),
        (FindingKind.SAME_PAGE, 2, "这一页与第 2 页相同。"),
        (FindingKind.OUT_OF_ORDER, 5, "页码是第 5 页，顺序不对。"),
    ],
)
def test_the_measure_is_in_the_sentence(kind: FindingKind, measure: float, sentence: str) -> None:
    assert Finding(kind, 4, measure).sentence == sentence


boxes = st.none() | st.builds(Box, *[st.integers(0, 1000)] * 4)
findings = st.builds(
    Finding, st.sampled_from(FindingKind), st.integers(0, 9), st.floats(-1e8, 1e8), boxes
)
readings = st.builds(Reading, st.sampled_from(ReadingState), st.text(max_size=60), boxes)


numbers = st.dictionaries(st.integers(1, 9), st.integers(1, 99))


@given(st.lists(findings, max_size=5), readings, readings, readings, numbers)
def test_a_look_comes_back_as_it_went(
    found: list[Finding], number: Reading, name: Reading, month: Reading, printed: dict[int, int]
) -> None:
    look = Look(9, tuple(found), number, name, month, printed)
    assert Look.from_json(json.loads(json.dumps(look.to_json()))) == look


READINGS = [["not_checked", "", None]] * 3


@pytest.mark.parametrize(
    "plain",
    [
        {},
        [],
        {"pages": "many", "findings": [], "readings": READINGS},
        {"pages": 10**9, "findings": [], "readings": READINGS},
        {"pages": float("inf"), "findings": [], "readings": READINGS},
        {"pages": 2, "findings": [["tilted", 1, 1.0, None]] * 9999, "readings": READINGS},
        {"pages": 2, "findings": [["tilted", 3, 1.0, None]], "readings": READINGS},
        {"pages": 2, "findings": [["tilted", -1, 1.0, None]], "readings": READINGS},
        {"pages": 2, "findings": [["tilted", 1, float("nan"), None]], "readings": READINGS},
        {"pages": 2, "findings": [["tilted", 1, float("inf"), None]], "readings": READINGS},
        {"pages": 2, "findings": [["stolen", 1, 1.0, None]], "readings": READINGS},
        {"pages": 2, "findings": [["tilted", 1, 1.0, [1, 2, 3]]], "readings": READINGS},
        {"pages": 2, "findings": [["tilted", 1]], "readings": READINGS},
        {"pages": 2, "findings": [], "readings": READINGS[:2]},
        {"pages": 2, "findings": [], "readings": [["guessed", "", None]] * 3},
        {"pages": 2, "findings": [], "readings": READINGS, "numbers": [[3, 1]]},
        {"pages": 2, "findings": [], "readings": READINGS, "numbers": [[0, 1]]},
        {"pages": 2, "findings": [], "readings": READINGS, "numbers": [[1, 0]]},
        {"pages": 2, "findings": [], "readings": READINGS, "numbers": [[1]]},
    ],
)
def test_nonsense_is_no_look(plain: Any) -> None:
    whole = {"numbers": [], **plain} if plain else plain
    with pytest.raises((ValueError, TypeError, KeyError, OverflowError)):
        Look.from_json(whole)


def test_a_box_is_kept_on_the_page() -> None:
    plain = {
        "pages": 1,
        "findings": [["shadow", 1, 0.1, [-5, 0, 9999, 1000]]],
        "readings": READINGS,
        "numbers": [],
    }
    assert Look.from_json(plain).findings[0].box == Box(0, 0, 1000, 1000)
