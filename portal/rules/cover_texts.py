"""What stands on a form's first page: the texts that were recognised, put in their places.

Guide 5.2 compares the number on the first page with the system's. A text is found by its label
(编号, 申请人, 入团年月): in the same line, or in the one that begins where the label ends. What was
not recognised with certainty is not found: a wrong reading would send a person to the paper form
for nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from portal.rules.scan_findings import Box, Reading, ReadingState
from portal.rules.text import TextFault, clean_name

SURE_OF_EACH = 0.5
SURE_ON_AVERAGE = 0.8
"""How certain each character, and all on average, must be (0 to 1). Measured: ``bin/bench ocr``."""

NEXT_WITHIN = 0.15
"""How far right of its end a line goes on, as a share of the page's width."""

LONGEST_PART = 6
"""Characters of a name between its dots; more is several fields read as one."""

_NUMBER_LABEL = re.compile("[^0-9]{0,6}编号")
_NAME_LABEL = re.compile("(?:申请人)?姓名|申请人")
_MONTH_LABEL = re.compile("入团(?:年月|时间|日期)")
_OTHER_LABEL = re.compile("性别|民族|出生|年龄|籍贯|学历|单位|学校|支部|入团|编号|身份")
_NUMBER = re.compile("[0-9]{12}")
_LONE_NUMBER = re.compile("(?:19|20)[0-9]{10}")
_MONTH = re.compile(r"((?:19|20)[0-9]{2})[年./\-]([0-9]{1,2})(?![0-9])")
# What a zero or a one is taken for; in a row of digits nothing else is meant.
_DIGITS = {"O": "0", "o": "0", "〇": "0", "I": "1", "l": "1"}
_FRAMES = "|丨[]【】_.,:;'·-"
_NOT_FOUND = Reading(ReadingState.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Line:
    """A recognised line. ``sureness`` has a value from 0 to 1 for each character of ``text``.

    The middles of its ends and its height are in page widths, from the page's upper left corner.
    """

    text: str
    sureness: tuple[float, ...]
    left: tuple[float, float]
    right: tuple[float, float]
    height: float
    box: Box


def find_number(lines: Sequence[Line]) -> Reading:
    """The twelve digits after 编号; without the label, the only line that is a number."""
    for after in _after_labels(lines, _NUMBER_LABEL):
        digits = _join([_digits(line) for line in after])
        if digits and _NUMBER.fullmatch(digits.text):
            return _reading(digits, digits.text)
    alone = [one for one in map(_digits, lines) if _LONE_NUMBER.fullmatch(one.text)]
    return _reading(alone[0], alone[0].text) if len(alone) == 1 else _NOT_FOUND


def find_name(lines: Sequence[Line]) -> Reading:
    """The name after 申请人 or 姓名."""
    for after in _after_labels(lines, _NAME_LABEL):
        line = _before(after[0], _OTHER_LABEL) if after else None
        name = clean_name(line.text) if line else ""
        if line and not isinstance(name, TextFault) and _is_name(name):
            return _reading(line, name)
    return _NOT_FOUND


def find_month(lines: Sequence[Line]) -> Reading:
    """The month after 入团年月 or 入团时间, as ``2020-09``."""
    for after in _after_labels(lines, _MONTH_LABEL):
        together = _join(after)
        found = together and _MONTH.match(together.text)
        if together and found and 1 <= int(found[2]) <= 12:
            return _reading(together, f"{found[1]}-{int(found[2]):02d}")
    return _NOT_FOUND


def _is_name(text: str) -> bool:
    return len(text) > 1 and (
        text.isascii() or max(len(part) for part in text.split("·")) <= LONGEST_PART
    )


def _before(line: Line, label: re.Pattern[str]) -> Line:
    """The line up to the next field's label."""
    found = label.search(line.text)
    end = found.start() if found else len(line.text)
    return _kept(line, [place < end for place in range(len(line.text))])


def _after_labels(lines: Sequence[Line], label: re.Pattern[str]) -> Iterator[list[Line]]:
    """For each line that begins with the label: the rest of it and the lines to its right."""
    plain = [_without_blanks(line) for line in sorted(lines, key=lambda line: line.left[1])]
    for line in plain:
        if found := label.match(line.text):
            rest = _kept(line, [place >= found.end() for place in range(len(line.text))])
            rest = _from_first_letter(rest)
            yield ([rest] if rest.text else []) + _to_the_right(line, plain)


def _to_the_right(line: Line, lines: Sequence[Line]) -> list[Line]:
    """The lines that go on where this one ends, and so on: a tilted row is followed as it tilts."""
    row: list[Line] = []
    while True:
        x, y = line.right
        near = [
            other
            for other in lines
            if other is not line
            and -line.height < other.left[0] - x < NEXT_WITHIN
            and abs(other.left[1] - y) < 0.6 * max(line.height, other.height)
            and other.right[0] > x
        ]
        if not near:
            return row
        line = min(near, key=lambda other: other.left[0])
        row.append(line)


def _reading(line: Line, text: str) -> Reading:
    """The reading, if it is certain."""
    if min(line.sureness) < SURE_OF_EACH or sum(line.sureness) < SURE_ON_AVERAGE * len(
        line.sureness
    ):
        return _NOT_FOUND
    return Reading(ReadingState.READ, text, line.box)


def _without_blanks(line: Line) -> Line:
    """Full width made half, blanks left out; what becomes several characters stays as it was."""
    text = "".join(_half_width(character) for character in line.text)
    line = replace(line, text=text)
    return _kept(line, [not character.isspace() for character in text])


def _half_width(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character


def _digits(line: Line) -> Line:
    """The line as a row of digits: without frames, letters that are digits made so."""
    line = _without_blanks(line)
    line = replace(line, text="".join(_DIGITS.get(one, one) for one in line.text))
    return _kept(line, [character not in _FRAMES for character in line.text])


def _from_first_letter(line: Line) -> Line:
    """Without the colon and the dots between a label and its text."""
    dropped = len(line.text) - len(line.text.lstrip(_FRAMES))
    return _kept(line, [place >= dropped for place in range(len(line.text))])


def _kept(line: Line, keep: Sequence[bool]) -> Line:
    """The line with only some of its characters."""
    return replace(
        line,
        text="".join(one for one, kept in zip(line.text, keep, strict=True) if kept),
        sureness=tuple(one for one, kept in zip(line.sureness, keep, strict=True) if kept),
    )


def _join(lines: Sequence[Line]) -> Line | None:
    """Several lines of one row as one; None for none."""
    if not lines:
        return None
    boxes = [line.box for line in lines]
    return Line(
        text="".join(line.text for line in lines),
        sureness=sum((line.sureness for line in lines), ()),
        left=lines[0].left,
        right=lines[-1].right,
        height=max(line.height for line in lines),
        box=Box(
            min(box.left for box in boxes),
            min(box.top for box in boxes),
            max(box.right for box in boxes),
            max(box.bottom for box in boxes),
        ),
    )
