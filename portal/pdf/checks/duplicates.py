"""Is a page in the file twice? The same sheet scanned again, not just the same printed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from portal.pdf.checks import thresholds as limits
from portal.pdf.checks.picture import PagePicture, share, tiles
from portal.pdf.checks.turning import Turning
from portal.rules.scan_findings import Finding, FindingKind

SIDE = 96
"""A page is so many cells wide and high when it is compared, 2 by 3 mm each."""
SQUARES = 4
"""It is compared in so many squares each way: two photographs of a sheet differ in perspective."""
REACH = 6
"""Cells by which a square may lie elsewhere."""
PADDED = 32
"""A square's cells and its reach, as a size that is quickly transformed."""


@dataclass(frozen=True, slots=True)
class Imprint:
    """A page's ink, straightened and small, ready to be laid over another's."""

    number: int
    spectra: NDArray[np.complex64]
    """Of each square."""


def imprint_of(page: PagePicture, turning: Turning) -> Imprint | None:
    """The page's ink; None for a page with hardly any, of which nothing can be said."""
    if share(page.writing) < limits.SAME_INK:
        return None
    left, top, right, bottom = _content(turning.straight)
    whole = Image.fromarray(turning.straight)
    small = whole.resize((SIDE, SIDE), Image.Resampling.BOX, box=(left, top, right, bottom))
    values = np.asarray(small, dtype=np.float32)
    # Without what all pages of a kind share: how dark each row and each column is.
    values -= values.mean(axis=0, keepdims=True)
    values -= values.mean(axis=1, keepdims=True)
    norm = float(np.sqrt((values**2).sum()))
    if norm == 0:
        return None
    squares = tiles(values / norm, SIDE // SQUARES).transpose(0, 2, 1, 3)
    spectra = np.fft.rfft2(squares.astype(np.float32), s=(PADDED, PADDED))
    return Imprint(page.number, spectra.astype(np.complex64))


def check_duplicates(imprints: list[Imprint]) -> list[Finding]:
    """Each page that is the same as an earlier one, with that one's number."""
    found = []
    for place, later in enumerate(imprints):
        for earlier in imprints[:place]:
            if likeness(earlier, later) > limits.SAME_LIKENESS:
                found.append(Finding(FindingKind.SAME_PAGE, later.number, earlier.number))
                break
    return found


def likeness(one: Imprint, other: Imprint) -> float:
    """The correlation of two pages where each square fits best, 0 to 1."""
    fits = np.fft.irfft2(one.spectra * np.conj(other.spectra), s=(PADDED, PADDED))
    return float(fits[..., _NEAR[:, None], _NEAR].max(axis=(2, 3)).sum())


_NEAR = np.arange(-REACH, REACH + 1)


def _content(darkness: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """The box around almost all of the ink, so that the same sheet lies the same way."""
    edges = []
    for axis in (0, 1):
        amount = np.cumsum(darkness.sum(axis=axis, dtype=np.int64))
        low, high = np.searchsorted(amount, [0.005 * amount[-1], 0.995 * amount[-1]])
        edges.append((int(low), max(int(high), int(low) + 8)))
    (left, right), (top, bottom) = edges
    return left, top, right, bottom
