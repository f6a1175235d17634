"""How the pages of a scan are shaped, and places on them: known before a picture is there.

The viewer keeps a page's room free in its right shape, so that nothing jumps when the picture
comes, and asks for no picture that is larger than what was scanned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from portal.rules.scan_findings import Box

THUMBNAIL, PAGE, SHARP, SHARPEST = WIDTHS = (200, 1000, 1600, 2400)
"""Pixels across, of a page's pictures: in the contact sheet, in the viewer, and for zooming (2400
are 290 dpi of A4, more than a form is scanned with)."""

FLATTEST, TALLEST = 20, 20_000
"""A page is shown at most 50 times as wide as tall, and 20 times as tall as wide."""

NEARLY = 0.95
"""A picture with so much of what was scanned shows all of it."""

MOST_MARKS = 20

_MARK = re.compile(r"(\d{1,4}),(\d{1,4}),(\d{1,4}),(\d{1,4})")


@dataclass(frozen=True, slots=True)
class PageShape:
    """A page as it is shown: ``tall`` is its height in thousandths of its width.

    ``pixels`` is how many real pixels lie across it, 0 when that is unknown.
    """

    tall: int
    pixels: int = 0

    @property
    def sharpest(self) -> int:
        """The width in ``WIDTHS`` above which a picture shows no more."""
        if not self.pixels:
            return SHARPEST
        enough = (width for width in WIDTHS[1:] if width >= NEARLY * self.pixels)
        return next(enough, SHARPEST)


A4 = PageShape(1414)
"""What a page is taken for until it was measured."""


def shapes_to_json(shapes: Iterable[PageShape]) -> list[list[int]]:
    """As plain data, to come out of the sandbox and to be kept."""
    return [[shape.tall, shape.pixels] for shape in shapes]


def shapes_from_json(plain: Any, pages: int) -> tuple[PageShape, ...]:
    """From plain data of a process that is not trusted, for a file of ``pages`` pages.

    Raises ``ValueError``, ``TypeError`` or ``OverflowError`` for anything else.
    """
    shapes = tuple(
        PageShape(min(TALLEST, max(FLATTEST, int(tall))), min(100_000, max(0, int(pixels))))
        for tall, pixels in plain
    )
    if len(shapes) != pages:
        raise ValueError(f"{len(shapes)} shapes for {pages} pages")
    return shapes


def marks_from(texts: Sequence[str]) -> tuple[Box, ...]:
    """The places on a page that an address names: ``left,top,right,bottom`` in thousandths.

    What is no place on a page is left out: an address may hold anything.
    """
    boxes = []
    for text in texts[:MOST_MARKS]:
        found = _MARK.fullmatch(text)
        if found is None:
            continue
        left, top, right, bottom = (int(edge) for edge in found.groups())
        if left < right <= 1000 and top < bottom <= 1000:
            boxes.append(Box(left, top, right, bottom))
    return tuple(boxes)
