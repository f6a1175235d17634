"""Printed page numbers such as "— 3 —" in the foot, read where they are plain, and their order.

A small reader of digits alone: each one is laid over drawn ones (``digits.npy``, made by
``bench/patterns.py``). What is not plain is not read, and what was not read says nothing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from portal.pdf.checks import thresholds as limits
from portal.pdf.checks.picture import Mask, PagePicture
from portal.rules.scan_findings import Box, Finding, FindingKind

WHERE = Box(250, round(1000 * (1 - limits.FOOT)), 750, 1000)
"""Where on a page its number is printed: the middle of the foot."""

GLYPH = (20, 14)
"""Rows and columns of a digit when it is compared."""


def read_page_number(page: PagePicture, tilt: float) -> int | None:
    """The number that is printed alone in the middle of the foot."""
    if page.inverted:
        return None
    foot = _foot(page, tilt)
    line = _lowest_line(foot)
    if line is None:
        return None
    digits = []
    for glyph in _glyphs(line):
        digit = _read_digit(glyph)
        if digit is None:
            return None
        digits.append(digit)
    if not 1 <= len(digits) <= 2 or digits[0] == 0:
        return None
    return int("".join(str(digit) for digit in digits))


def check_order(numbers: dict[int, int]) -> list[Finding]:
    """Pages whose printed number does not fit between those around it.

    ``numbers`` has the printed number of each page on which one was read. The fewest pages are
    named that would have to move.
    """
    pages = sorted(numbers)
    in_order = _longest_rise([numbers[page] for page in pages])
    return [
        Finding(FindingKind.OUT_OF_ORDER, page, numbers[page], WHERE)
        for place, page in enumerate(pages)
        if place not in in_order
    ]


Darkness = NDArray[np.float32]


def _foot(page: PagePicture, tilt: float) -> Darkness:
    """The middle of the foot at about 150 dpi of A4, straight: 0 is paper, 1 is black."""
    width, height = page.page.get_size()
    scale = limits.FOOT_LONG_SIDE / max(width, height)
    cut = (width * 0.25, 0, width * 0.25, height * (1 - limits.FOOT))
    # In colour: pdfium keeps the unpacked picture, but would make a grey one of it anew.
    picture = page.page.render(scale=scale, crop=cut, may_draw_forms=False).to_pil().convert("L")
    if abs(tilt) > limits.STRAIGHT:
        picture = picture.rotate(tilt, Image.Resampling.BILINEAR, fillcolor=255)
    grey = np.asarray(picture)
    paper = max(1.0, float(np.percentile(grey, 70)))
    return (1 - grey / np.float32(paper)).clip(0, 1).astype(np.float32)


def _lowest_line(foot: Darkness) -> Darkness | None:
    """The lowest line of ink, if it is short, as high as small print, and in the middle."""
    ink = foot > limits.DIGIT_INK
    margin = round(foot.shape[1] * 0.2)
    # Whatever is long is a frame or the paper's edge and not a number.
    rows: Mask = np.logical_and(ink[:, margin:-margin].any(axis=1), ink.mean(axis=1) < 0.3)
    for top, bottom in reversed(_runs(rows, gap=3)):
        if bottom - top < limits.DIGIT_HEIGHT[0]:
            continue
        columns = np.flatnonzero(ink[top:bottom].any(axis=0))
        middle, long = (columns[0] + columns[-1]) / 2, columns[-1] - columns[0]
        plain = (
            bottom - top <= limits.DIGIT_HEIGHT[1]
            and long < 0.3 * foot.shape[1]
            and abs(middle / foot.shape[1] - 0.5) < 0.12
        )
        return foot[top:bottom, columns[0] : columns[-1] + 1] if plain else None
    return None


def _glyphs(line: Darkness) -> list[Darkness]:
    """What stands apart in the line, without dashes and dots."""
    ink = line > limits.DIGIT_INK
    glyphs = []
    for left, right in _runs(np.any(ink, axis=0), gap=1):
        rows = np.flatnonzero(ink[:, left:right].any(axis=1))
        if rows[-1] + 1 - rows[0] >= 0.6 * line.shape[0]:
            glyphs.append(line[rows[0] : rows[-1] + 1, left:right])
    return glyphs


def _runs(marked: Mask, gap: int) -> list[tuple[int, int]]:
    """Begin and end of what is marked without a gap larger than ``gap``."""
    places = np.flatnonzero(marked)
    if len(places) == 0:
        return []
    breaks = np.flatnonzero(np.diff(places) > gap + 1)
    begins = places[np.concatenate([[0], breaks + 1])]
    ends = places[np.concatenate([breaks, [len(places) - 1]])] + 1
    return list(zip(begins.tolist(), ends.tolist(), strict=True))


def normalised(glyph: Darkness) -> Darkness:
    """A glyph in a box of its own height, its shape kept, of length 1 about its mean."""
    rows, columns = GLYPH
    width = min(columns, max(2, round(glyph.shape[1] * rows / glyph.shape[0])))
    picture = Image.fromarray(glyph)
    scaled = np.asarray(picture.resize((width, rows), Image.Resampling.BILINEAR))
    values = np.zeros(GLYPH, np.float32)
    left = (columns - width) // 2
    values[:, left : left + width] = scaled
    values -= values.mean()
    return values / max(1e-6, float(np.sqrt((values**2).sum())))


def _read_digit(glyph: Darkness) -> int | None:
    """The digit that fits best, if it fits well and no other one does."""
    scores = (_digits @ normalised(glyph).ravel()).max(axis=1)
    second, best = np.sort(scores)[-2:]
    if best < limits.DIGIT_FITS or best - second < limits.DIGIT_AHEAD:
        return None
    return int(scores.argmax())


def _longest_rise(numbers: list[int]) -> set[int]:
    """Places of a longest strictly rising part of the sequence."""
    best: list[list[int]] = []  # the longest chain that ends at each place
    for place, number in enumerate(numbers):
        so_far: list[int] = []
        for before in best:
            if numbers[before[-1]] < number and len(before) > len(so_far):
                so_far = before
        best.append([*so_far, place])
    longest: list[int] = []
    for chain in best:
        if len(chain) > len(longest):
            longest = chain
    return set(longest)


_digits = np.load(Path(__file__).with_name("digits.npy")).astype(np.float32) / 127
