"""Is the page straight, and the right way up?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from portal.pdf.checks import orientation
from portal.pdf.checks import thresholds as limits
from portal.pdf.checks.picture import Mask, PagePicture, Pixels, share
from portal.rules.scan_findings import Finding, FindingKind

POINTS = 5000
FEW_POINTS = 2500
"""So many tell which degree it is, and all of them which fifth of it."""
REACH = 20
"""Tilts up to so many degrees are measured."""


@dataclass(frozen=True, slots=True)
class Turning:
    """How a page lies: quarters to the left, and degrees to the right on top of them."""

    quarters: int
    tilt: float
    straight: Pixels
    """The writing without the tilt, half as large: 0 where there is none, 255 where all is ink."""
    findings: list[Finding]


def check_turning(page: PagePicture) -> Turning:
    """Sideways, upside down, or tilted."""
    tilt, found = tilt_of(page), []
    quarters = quarters_turned(page, tilt)
    if quarters:
        kind = FindingKind.UPSIDE_DOWN if quarters == 2 else FindingKind.SIDEWAYS
        found.append(Finding(kind, page.number, quarters * 90))
    if abs(tilt) > limits.TILT_DEGREES:
        found.append(Finding(FindingKind.TILTED, page.number, abs(tilt)))
    return Turning(quarters, tilt, _straightened(page, tilt), found)


def quarters_turned(page: PagePicture, tilt: float) -> int:
    """By how many quarters, counted to the left, the writing is turned; 0 if it can't be told."""
    if share(page.writing) < limits.ORIENTATION_INK:
        return 0
    likely = orientation.likelihoods(_straight_writing(page, tilt))
    best = int(likely.argmax())
    second = np.partition(likely, -2)[-2]
    # Where two ways are as likely it is not writing that speaks, but a table's rules or noise.
    clear = likely[best] - second > limits.ORIENTATION_CLEAR
    return best if clear and likely[best] - likely[0] > limits.ORIENTATION_LEAD else 0


def _straightened(page: PagePicture, tilt: float) -> Pixels:
    ink = Image.fromarray(page.writing.view(np.uint8) * np.uint8(255)).reduce(2)
    if abs(tilt) > limits.STRAIGHT:
        ink = ink.rotate(tilt)
    return np.asarray(ink)


def _straight_writing(page: PagePicture, tilt: float) -> Mask:
    """The writing as it would be without the tilt: rules that lean look like other strokes."""
    if abs(tilt) < limits.ORIENTATION_TILT:
        return page.writing
    turned = Image.fromarray(page.written_darkness).rotate(tilt, Image.Resampling.BICUBIC)
    return np.asarray(np.asarray(turned) > page.paper_level / 3)


def tilt_of(page: PagePicture) -> float:
    """The angle in degrees at which lines of ink are the sharpest, counted to the right.

    Lines of writing and the form's rules, in both directions; 0 where there are none.
    """
    half = page.writing[::2, ::2]
    ink = np.flatnonzero(half)
    if len(ink) < limits.TILT_INK:
        return 0.0
    chance = np.random.default_rng(1)
    down, across = np.divmod(chance.permutation(ink)[:POINTS], half.shape[1])
    # A little out of the pixels' grid, which would itself be the sharpest at 0 degrees.
    y = (down - page.height / 4 + chance.random(len(down))).astype(np.float32)
    x = (across - page.width / 4 + chance.random(len(down))).astype(np.float32)
    coarse = np.arange(-REACH, REACH + 0.5, 1.0)
    scores = _sharpness(x[:FEW_POINTS], y[:FEW_POINTS], coarse)
    best = coarse[scores.argmax()]
    if scores.max() < limits.TILT_SHARPNESS * np.median(scores):
        return 0.0
    fine = np.arange(best - 1, best + 1.01, 0.2)
    return float(fine[_sharpness(x, y, fine).argmax()])


def _sharpness(
    x: NDArray[np.float32], y: NDArray[np.float32], degrees: NDArray[np.floating]
) -> NDArray[np.float64]:
    """For each angle how unevenly the points fall onto the two axes turned by it."""
    turns = np.deg2rad(degrees).astype(np.float32)[:, None]
    sine, cosine = np.sin(turns), np.cos(turns)
    scores = np.zeros(len(degrees))
    for along in (y * cosine - x * sine, x * cosine + y * sine):
        rows = (along + LONG_DIAGONAL / 2).astype(np.int32)
        rows += np.arange(len(degrees), dtype=np.int32)[:, None] * LONG_DIAGONAL
        counts = np.bincount(rows.ravel(), minlength=len(degrees) * LONG_DIAGONAL)
        per_angle = counts[: len(degrees) * LONG_DIAGONAL].reshape(len(degrees), -1)
        scores += (per_angle.astype(np.float64) ** 2).sum(axis=1)
    return scores


LONG_DIAGONAL = 720
"""More than the diagonal of half a picture, in pixels."""
