"""Is there too little light, too much, or something in front of the page?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from portal.pdf.checks import thresholds as limits
from portal.pdf.checks.picture import COARSE, Mask, PagePicture, box_of, largest_blob, tiles
from portal.rules.scan_findings import Box, Finding, FindingKind

CELL = 4
"""A cell of the map of light is so many points of the paper's map, each way: 16 pixels."""


def check_light(page: PagePicture) -> list[Finding]:
    """Inverted, too dark, too pale, washed out, in a shadow."""
    found = []
    if page.inverted:
        found.append(Finding(FindingKind.INVERTED, page.number, 1.0))
    elif page.paper_level < limits.DARK_PAPER:
        found.append(Finding(FindingKind.TOO_DARK, page.number, page.paper_level / 255))
    contrast = page.contrast
    if contrast is not None and contrast < limits.PALE_INK:
        found.append(Finding(FindingKind.TOO_PALE, page.number, contrast))
    light = _cells(page.paper)
    if (white := washed_out(page, light)) is not None:
        found.append(Finding(FindingKind.WASHED_OUT, page.number, *_share_and_box(page, white)))
    if (dark := shadowed(page, light, white)) is not None:
        found.append(Finding(FindingKind.SHADOW, page.number, *_share_and_box(page, dark)))
    return found


def washed_out(page: PagePicture, light: NDArray[np.float64]) -> Mask | None:
    """Cells of plain white amid paper that is darker, where the ink goes pale or is gone."""
    if page.paper_level > limits.WASHED_PAPER:
        return None
    blob = largest_blob(light >= limits.WASHED_WHITE)
    if blob.mean() < limits.WASHED_SHARE:
        return None
    around = Image.fromarray(_around(blob, 2))
    near = np.asarray(around.resize((page.width, page.height), Image.Resampling.NEAREST))
    contrast = _median_contrast(page, near)
    usual = _median_contrast(page, ~near)
    if contrast is None or usual is None:
        return None  # nothing is written there
    return blob if contrast < limits.WASHED_INK * usual else None


def _median_contrast(page: PagePicture, where: Mask) -> float | None:
    """Of the ink there: how much of the light it takes away."""
    ink = page.faint_ink & where
    if np.count_nonzero(ink) < limits.WASHED_POINTS:
        return None
    dark = page.darkness[ink].astype(np.float32)
    return float(np.median(dark / (dark + page.grey[ink])))


def shadowed(
    page: PagePicture, light: NDArray[np.float64], white: Mask | None = None
) -> Mask | None:
    """Cells that are much darker than a smooth light would leave them, in one large patch.

    ``white`` is where a reflection lies: beside it the paper is not dark.
    """
    level = np.log(np.maximum(light, 1.0))
    on_paper = _cells(page.inside) >= 1
    if white is not None:
        on_paper &= ~_around(white, 4)
    inside, rim = on_paper.copy(), limits.SHADOW_RIM
    inside[:rim] = inside[-rim:] = inside[:, :rim] = inside[:, -rim:] = False
    if inside.sum() < 100:
        return None
    missing = _smooth_light(level, inside) - level
    hidden = missing > limits.SHADOW_DEPTH
    if not page.inverted:
        redness = _redness(page)
        redder = redness - np.median(redness[inside]) > limits.SKIN_COLOUR
        hidden |= redder & (missing > -limits.SKIN_LIGHTER)
    patch = largest_blob(_opened(inside & hidden))
    if patch.sum() <= limits.SHADOW_SHARE * inside.sum():
        return None
    return patch | (_around(patch, rim) & hidden & on_paper)  # with what of it lies on the rim


def _redness(page: PagePicture) -> NDArray[np.float64]:
    """How much red there is over blue in each cell, as a share of the red.

    Of the lightest place in the cell: of a seal that is the paper between its strokes.
    """
    red, _, blue = (tiles(band, CELL).max(axis=(1, 3)).astype(float) for band in page.small_bands)
    return np.asarray((red - blue) / np.maximum(red, 1.0))


def _around(cells: Mask, reach: int) -> Mask:
    """The cells and those up to so many away."""
    wider = Image.fromarray(cells.astype(np.uint8)).filter(ImageFilter.MaxFilter(2 * reach + 1))
    return np.asarray(wider) > 0


def _smooth_light(light: NDArray[np.float64], inside: Mask) -> NDArray[np.float64]:
    """The light as a curved surface (second order), fitted to the brighter part of the paper."""
    rows, columns = light.shape
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    bright = inside & (light > np.percentile(light[inside], 90) - limits.LIT)
    surface = np.zeros_like(light)
    for _ in range(3):
        some = terms[bright]
        # The normal equations: six unknowns, and many times as quick as the general solver.
        surface = terms @ np.linalg.solve(some.T @ some, some.T @ light[bright])
        bright = inside & (light > surface - 0.06)
        if bright.sum() < 60:
            break
    # A surface that was fitted to a part must not soar elsewhere.
    return np.minimum(surface, np.percentile(light[inside], 95))


def _opened(mask: Mask) -> Mask:
    """Without what is only a cell wide, such as a fold."""
    core = mask[:-1, :-1] & mask[1:, :-1] & mask[:-1, 1:] & mask[1:, 1:]
    opened = np.zeros_like(mask)
    for down in (0, 1):
        for across in (0, 1):
            opened[down : down + core.shape[0], across : across + core.shape[1]] |= core
    return opened


def _cells(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Means over squares."""
    return np.asarray(tiles(values, CELL).mean(axis=(1, 3), dtype=np.float64))


def _share_and_box(page: PagePicture, cells: Mask) -> tuple[float, Box]:
    left, top, right, bottom = (edge * CELL * COARSE for edge in box_of(cells))
    return float(cells.mean()), page.box(left, top, right, bottom)
