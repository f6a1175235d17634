"""Which way up is the writing? Small patterns of ink say it: Chinese has more ┐ than └ corners.

How often each pattern of 4 × 4 pixels occurs in upright writing was counted once on drawn text
(``bench/patterns.py``; no page of the demo is in it). A page is turned the way in which its own
patterns are the likeliest. Needs no characters to be found, and no lines.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from portal.pdf.checks.picture import Mask, box_of

SIDE = 4
_BITS = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
_CODES = np.arange(1 << (SIDE * SIDE), dtype=np.uint32)


def count_patterns(ink: Mask) -> NDArray[np.intp]:
    """How often each pattern occurs: bit ``4 * row + column`` of its code is the pixel there."""
    if not ink.any():
        return np.zeros(len(_CODES), np.intp)
    left, top, right, bottom = box_of(ink)
    room = SIDE - 1  # a pattern may begin so far outside
    bits = ink[max(0, top - room) : bottom + room, max(0, left - room) : right + room]
    bits = bits.astype(np.uint16)
    across = bits[:, :-3] | bits[:, 1:-2] << 1 | bits[:, 2:-1] << 2 | bits[:, 3:] << 3
    codes = across[:-3] | across[1:-2] << 4 | across[2:-1] << 8 | across[3:] << 12
    return np.bincount(codes[codes != 0], minlength=len(_CODES))


def turned_codes(quarters: int) -> NDArray[np.uint32]:
    """Of each pattern, the code it has when the page is turned by so many quarters (left)."""
    turned = np.zeros_like(_CODES)
    for goal, source in zip(_BITS.ravel(), np.rot90(_BITS, quarters).ravel(), strict=True):
        turned |= (_CODES >> np.uint32(source) & np.uint32(1)) << np.uint32(goal)
    return turned


def likelihoods(ink: Mask) -> NDArray[np.float64]:
    """Of 0, 1, 2 and 3 quarters that the writing is turned to the left: mean log-likelihood.

    The mean is over the patterns with ink; all four are 0 where there is none.
    """
    counts = count_patterns(ink)
    counts[-1] = 0
    total = counts.sum()
    if total == 0:
        return np.zeros(4)
    found = np.flatnonzero(counts)
    shares = counts[found] / total
    # What is turned by k quarters is upright when it is turned by k the other way.
    return np.array([shares @ _upright[_turned[-k % 4][found]] for k in range(4)])


_upright = np.load(Path(__file__).with_name("upright.npy")).astype(np.float32) / 16
_turned = [turned_codes(quarters) for quarters in range(4)]
