"""Page pictures and shapes. Runs inside the sandbox's child."""

from __future__ import annotations

import io
import math

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from portal.rules.page_shapes import PAGE, PageShape
from portal.rules.scan_findings import Box

QUALITIES = (72, 62, 52, 42, 32)
"""Of the JPEG: the first with which a picture keeps within its bytes, or the last."""

PAGE_BYTES = 128_000
"""For a picture ``PAGE`` pixels wide, so that a first page goes over a slow line in 150 KB with the
viewer itself (21 KB: docs/performance.md); one of another width may have as many bytes a pixel."""

SMALL = 200
"""Pixels of the longer side, where it only matters whether a page can be drawn."""

FORM_DEPTH = 6
TALLEST = 4
"""A page is drawn at most so many times as tall as ``width``: a roll of paper becomes narrower."""

MOST_PIXELS = 12_000_000
"""Of a picture: 36 MiB to draw it and as much again to pack it."""

MOST_OBJECTS = 2_000
"""So many objects of a page are asked how sharp they are."""


def draw(content: bytes, page_index: int, width: int) -> bytes:
    """Page ``page_index`` (from 0) as a JPEG, ``width`` pixels wide; a grey page stays grey.

    It is narrower where the page has fewer pixels of its own (but ``PAGE`` at least), where it is
    very tall, and where it would have more than ``MOST_PIXELS``.
    """
    document = pypdfium2.PdfDocument(content)
    page = document[page_index]
    picture = page.render(scale=_scale(page, width), may_draw_forms=False).to_pil()
    if picture.mode != "L":
        picture = picture.convert("RGB")
        if _is_grey(picture.resize((32, 32))):
            picture = picture.convert("L")
    return _packed(picture, PAGE_BYTES * (width / PAGE) ** 2)


def draw_part(content: bytes, page_index: int, box: Box, width: int) -> bytes:
    """A part of a page as a JPEG, ``width`` pixels wide, as the page has it: finer or not."""
    document = pypdfium2.PdfDocument(content)
    page = document[page_index]
    across, down = page.get_size()
    part = (across * (box.right - box.left) / 1000, down * (box.bottom - box.top) / 1000)
    scale = min(width / part[0], math.sqrt(MOST_PIXELS / (part[0] * part[1])))
    left, right = across * box.left / 1000, across * (1000 - box.right) / 1000
    top, bottom = down * box.top / 1000, down * (1000 - box.bottom) / 1000
    drawn = page.render(scale=scale, crop=(left, bottom, right, top), may_draw_forms=False)
    return _packed(drawn.to_pil().convert("RGB"), PAGE_BYTES)


def measure(content: bytes) -> list[PageShape]:
    """The shapes of all pages, without drawing one."""
    document = pypdfium2.PdfDocument(content)
    shapes = []
    for page in document:
        width, height = page.get_size()
        shapes.append(PageShape(round(1000 * height / width), _pixels_across(page)))
        page.close()
    return shapes


def _scale(page: pypdfium2.PdfPage, width: int) -> float:
    """Pixels a point."""
    page_width, page_height = page.get_size()
    if width > PAGE and (own := _pixels_across(page)):
        width = min(width, max(own, PAGE))
    return min(
        width / page_width,
        TALLEST * width / page_height,
        math.sqrt(MOST_PIXELS / (page_width * page_height)),
    )


def _pixels_across(page: pypdfium2.PdfPage) -> int:
    """How many pixels of the sharpest picture on the page lie across it; 0 if nobody knows.

    By the longer sides, so that a picture that is turned counts as what it is. Pictures inside form
    objects have a matrix of their own and are not asked.
    """
    densest = 0.0
    for count, item in enumerate(page.get_objects(max_depth=1)):
        if item.type == pdfium.FPDF_PAGEOBJ_FORM or count > MOST_OBJECTS:
            return 0
        if item.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = item.get_bounds()
            longer = max(abs(right - left), abs(top - bottom))
            if longer > 0:
                densest = max(densest, max(item.get_px_size()) / longer)
    return min(100_000, round(densest * page.get_width()))


def _packed(picture: Image.Image, most: float) -> bytes:
    """As a JPEG of at most ``most`` bytes, if the lowest quality allows it."""
    content = b""
    for quality in QUALITIES:
        output = io.BytesIO()
        picture.save(output, "JPEG", quality=quality, optimize=True)
        content = output.getvalue()
        if len(content) <= most:
            break
    return content


def _is_grey(sample: Image.Image) -> bool:
    pixels = sample.tobytes()
    return all(max(pixel) - min(pixel) <= 4 for pixel in zip(*[iter(pixels)] * 3, strict=True))


def first_page_not_drawn(document: pypdfium2.PdfDocument, pages: int) -> int | None:
    """The number (from 1) of the first of so many pages that shows nothing, or None."""
    for index in range(pages):
        try:
            page = document[index]
            drawn = _shows_something(page)
            page.close()
        except (pypdfium2.PdfiumError, ValueError, ZeroDivisionError):
            return index + 1
        if not drawn:
            return index + 1
    return None


def _shows_something(page: pypdfium2.PdfPage) -> bool:
    """Whether the page is more than one even colour, or its pictures are whole all the same."""
    scale = SMALL / max(page.get_size())
    picture = page.render(scale=scale, may_draw_forms=False).to_pil().convert("L")
    darkest, lightest = picture.getextrema()
    if darkest != lightest:
        return True
    images = list(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=FORM_DEPTH))
    for image in images:
        image.get_bitmap().close()
    return bool(images)
