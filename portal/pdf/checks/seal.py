"""Is there a red seal in the file?"""

from __future__ import annotations

import numpy as np

from portal.pdf.checks import thresholds as limits
from portal.pdf.checks.picture import COARSE, Mask, PagePicture, share, tiles

WINDOW = 16


def has_colour(page: PagePicture) -> bool:
    """Is any point of the page not grey?"""
    red, green, blue = page.small_bands
    lightest = np.maximum(np.maximum(red, green), blue)
    spread = lightest - np.minimum(np.minimum(red, green), blue)
    return share(spread > limits.COLOUR) > limits.COLOUR_SHARE


def has_seal(page: PagePicture) -> bool:
    """Red ink over a place as large as a seal: a thumbprint or a red rule is smaller or flat."""
    red, green, blue = (band.astype(np.int16) for band in page.small_bands)
    level = page.paper_level
    paper_red = red - np.maximum(green, blue)
    redness = paper_red - int(np.median(paper_red))
    is_red = (redness > limits.RED * level) & (red > green + 0.12 * level)
    marked = tiles(is_red, WINDOW // COARSE).mean(axis=(1, 3)) > limits.RED_IN_CELL
    if marked.sum() < limits.SEAL_CELLS:
        return False
    return _is_as_large_as_a_seal(marked)


def _is_as_large_as_a_seal(marked: Mask) -> bool:
    """Is the square of a seal's size with the most marked cells marked from side to side?"""
    side = limits.SEAL_SIDE_CELLS
    sums = np.pad(marked.astype(int), side).cumsum(0).cumsum(1)
    windows = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    row, column = np.unravel_index(windows.argmax(), windows.shape)
    square = np.pad(marked, side)[row + 1 : row + 1 + side, column + 1 : column + 1 + side]
    # Not a rule with a thumbprint above it: there are marks at every height of a ring.
    if min(square.any(axis=0).sum(), square.any(axis=1).sum()) < limits.SEAL_ACROSS:
        return False
    return int(square.sum()) >= limits.SEAL_CELLS
