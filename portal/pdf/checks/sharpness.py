"""Is the picture sharp, and does it have enough pixels?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium

from portal.pdf.checks import thresholds as limits
from portal.pdf.checks.picture import TILE, Mask, PagePicture, box_of, tile_maxima, tile_shares
from portal.pdf.paper_size import dots_per_inch
from portal.rules.scan_findings import Finding, FindingKind


@dataclass(frozen=True, slots=True)
class PageImages:
    """What the page's picture objects say of themselves."""

    dpi: float | None
    """Of the finest one that covers much of the page."""
    grey: bool
    """None of them has colours."""


def images_of(page: pypdfium2.PdfPage) -> PageImages:
    """Ask the picture objects, without unpacking them."""
    width, height = page.get_size()
    best, grey, count = 0.0, True, 0
    for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=limits.FORM_DEPTH):
        count += 1
        if count > limits.MANY_IMAGES:  # a page cut into strips and tiles: not told
            return PageImages(None, grey=False)
        left, bottom, right, top = item.get_bounds()
        across, down = abs(right - left), abs(top - bottom)
        metadata = item.get_metadata()
        grey &= metadata.bits_per_pixel <= 8
        if across * down >= limits.MUCH * width * height:
            pixels = item.get_px_size()
            best = max(best, *dots_per_inch(pixels, (across, down), wide=width > height))
    return PageImages(best or None, grey and count > 0)


def check_resolution(page: PagePicture, images: PageImages) -> list[Finding]:
    """Fewer dots an inch than are needed to read it in print."""
    if images.dpi is None or images.dpi >= limits.LOW_DPI:
        return []
    return [Finding(FindingKind.LOW_RESOLUTION, page.number, images.dpi)]


def check_sharpness(page: PagePicture) -> list[Finding]:
    """Soft edges of ink over much of the writing."""
    steepness, where = edge_steepness(page)
    if steepness is None or steepness >= limits.SOFT_EDGE:
        return []
    left, top, right, bottom = (edge * TILE for edge in box_of(where))
    box = page.box(left, top, right, bottom)
    return [Finding(FindingKind.BLURRED, page.number, steepness, box)]


def edge_steepness(page: PagePicture) -> tuple[float | None, Mask]:
    """How much of the way from paper to ink an edge goes within one pixel, 0 to 1; and where.

    Of the two directions the worse one counts: a shaken picture is sharp in one of them.
    """
    grey = page.grey
    darkness = tile_maxima(page.darkness).astype(np.float32)
    ink = tile_shares(page.faint_ink)
    written = (ink > 0.04) & (ink < 0.7)
    written &= darkness > limits.EDGE_CONTRAST * (page.contrast or 1.0) * page.paper_level
    if written.sum() < limits.EDGE_TILES:
        return None, written
    steepness = []
    for ahead, behind in ((grey[:, 1:], grey[:, :-1]), (grey[1:], grey[:-1])):
        step = np.maximum(ahead, behind) - np.minimum(ahead, behind)
        step = np.pad(step, [(0, grey.shape[axis] - step.shape[axis]) for axis in (0, 1)])
        steepest = tile_maxima(step)[written]
        steepness.append(float(np.percentile(steepest / darkness[written], 60)))
    return min(steepness), written
