"""What was read on the first page against what the system holds (guide 5.2): each with a sentence.

Asked when a page is shown, since the member's data change while the reading stays. A difference is
advice: the paper is the one that counts, and a person looks at it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portal.rules.deadlines import format_month
from portal.rules.member_number import group_number, normalise_number
from portal.rules.scan_findings import Box, Finding, FindingKind, Reading, ReadingState

FIRST_PAGE = 1

DIFFERENCES = (
    FindingKind.NUMBER_DIFFERENT,
    FindingKind.NAME_DIFFERENT,
    FindingKind.MONTH_DIFFERENT,
)
"""Findings that no look holds: they are asked for anew whenever a form is shown."""

_DOTS_AND_BLANKS = re.compile(r"[\s·•・‧∙⋅.．。'’\-]+")


class Agreement(StrEnum):
    """What became of comparing one text."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_FOUND = "not_found"
    """Not on the page, or not legible: a person has to look."""
    NOT_CHECKED = "not_checked"
    """Nobody looked: without the extra ``ocr``."""
    NOTHING_HELD = "nothing_held"
    """Read, but the system holds nothing to compare it to."""


_WORDS = {
    Agreement.SAME: "一致",
    Agreement.DIFFERENT: "不一致",
    Agreement.NOT_FOUND: "未认出",
    Agreement.NOT_CHECKED: "未核对",
    Agreement.NOTHING_HELD: "系统里没有",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One text read beside the one held, both as they are shown; ``kind`` if they differ."""

    label: str
    kind: FindingKind
    agreement: Agreement
    read: str
    held: str
    sentence: str
    box: Box | None = None

    @property
    def word(self) -> str:
        """The outcome in a word."""
        return _WORDS[self.agreement]

    @property
    def finding(self) -> Finding | None:
        """The difference as a finding of the first page, if it is one."""
        if self.agreement is not Agreement.DIFFERENT:
            return None
        return Finding(self.kind, FIRST_PAGE, 0, self.box)


@dataclass(frozen=True, slots=True)
class Held:
    """What the system holds of a member. ``released`` is a number not yet filled in again."""

    number: str | None
    released: str | None
    name: str
    joined: date


def compare_readings(
    held: Held, number: Reading, name: Reading, month: Reading
) -> tuple[Comparison, Comparison, Comparison]:
    """Number, name and joining month of the first page beside the system's."""
    return (
        compare_number(number, held.number, held.released),
        compare_name(name, held.name),
        compare_month(month, held.joined),
    )


def compare_number(reading: Reading, number: str | None, released: str | None) -> Comparison:
    """The number read beside the member's own; while that is released, beside the released one."""
    mine = normalise_number(number or released or "")
    read, shown = group_number(reading.text), group_number(mine)
    ours = "系统里是" if number else "系统里已解除占用的编号是"
    agreement = _number_agreement(reading, mine)
    sentences = {
        Agreement.SAME: f"首页上的编号 {read} 与系统里的一致。",
        Agreement.DIFFERENT: f"首页上的编号是 {read}，{ours} {shown}，两者不一致。",
    }
    if not number:
        sentences[Agreement.SAME] = f"首页上的编号 {read} 就是已解除占用的编号。"
    return _comparison("编号", FindingKind.NUMBER_DIFFERENT, agreement, reading, shown, sentences)


def compare_name(reading: Reading, name: str) -> Comparison:
    """The name read beside the member's. Dots, blanks and full width make no difference.

    A character beyond GB 2312 is seldom known to the recogniser: where only such ones differ, the
    name was not read.
    """
    agreement = _name_agreement(reading, name)
    sentences = {
        Agreement.SAME: f"首页上的姓名“{reading.text}”与系统里的一致。",
        Agreement.DIFFERENT: f"首页上的姓名是“{reading.text}”，系统里是“{name}”，两者不一致。",
    }
    return _comparison("姓名", FindingKind.NAME_DIFFERENT, agreement, reading, name, sentences)


def compare_month(reading: Reading, joined: date) -> Comparison:
    """The joining month read beside the member's, both as ``2020-09``."""
    mine = format_month(joined)
    sentences = {
        Agreement.SAME: f"首页上的入团年月 {reading.text} 与系统里的一致。",
        Agreement.DIFFERENT: f"首页上的入团年月是 {reading.text}，系统里是 {mine}，两者不一致。",
    }
    agreement = _month_agreement(reading, joined)
    return _comparison("入团年月", FindingKind.MONTH_DIFFERENT, agreement, reading, mine, sentences)


def different_kinds(held: Held, number: str, name: str, month: str) -> list[FindingKind]:
    """Which of the texts that were read (empty: not read) differ: for lists, without sentences."""
    agreements = (
        _number_agreement(_of_text(number), normalise_number(held.number or held.released or "")),
        _name_agreement(_of_text(name), held.name),
        _month_agreement(_of_text(month), held.joined),
    )
    return [
        kind
        for kind, agreement in zip(DIFFERENCES, agreements, strict=True)
        if agreement is Agreement.DIFFERENT
    ]


def _of_text(text: str) -> Reading:
    return Reading(ReadingState.READ if text else ReadingState.NOT_FOUND, text)


def differences(comparisons: Iterable[Comparison]) -> tuple[Finding, ...]:
    """The findings of the comparisons that differ."""
    return tuple(one.finding for one in comparisons if one.finding is not None)


def _number_agreement(reading: Reading, mine: str) -> Agreement:
    return _agreement(reading, mine, normalise_number(reading.text) == mine)


def _name_agreement(reading: Reading, name: str) -> Agreement:
    read, mine = _plain_name(reading.text), _plain_name(name)
    agreement = _agreement(reading, mine, read == mine)
    if agreement is Agreement.DIFFERENT and _differ_in_rare_characters_only(read, mine):
        return Agreement.NOT_FOUND
    return agreement


def _month_agreement(reading: Reading, joined: date) -> Agreement:
    mine = format_month(joined)
    return _agreement(reading, mine, reading.text == mine)


def _agreement(reading: Reading, held: str, same: bool) -> Agreement:
    if reading.state is ReadingState.NOT_CHECKED:
        return Agreement.NOT_CHECKED
    if reading.state is ReadingState.NOT_FOUND:
        return Agreement.NOT_FOUND
    if not held:
        return Agreement.NOTHING_HELD
    return Agreement.SAME if same else Agreement.DIFFERENT


def _comparison(
    label: str,
    kind: FindingKind,
    agreement: Agreement,
    reading: Reading,
    held: str,
    sentences: dict[Agreement, str],
) -> Comparison:
    read = group_number(reading.text)
    sentences |= {
        Agreement.NOTHING_HELD: f"首页上的{label}是 {read}，系统里还没有{label}。",
        Agreement.NOT_FOUND: f"首页上的{label}没有认出来（可能没有，或是手写）。请人工核对。",
        Agreement.NOT_CHECKED: f"首页上的{label}未核对。请人工核对。",
    }
    return Comparison(label, kind, agreement, read, held, sentences[agreement], reading.box)


def _plain_name(name: str) -> str:
    return _DOTS_AND_BLANKS.sub("", unicodedata.normalize("NFKC", name)).casefold()


def _differ_in_rare_characters_only(read: str, held: str) -> bool:
    return len(read) == len(held) and all(
        one == other or _is_rare(other) for one, other in zip(read, held, strict=True)
    )


def _is_rare(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return True
    return False
