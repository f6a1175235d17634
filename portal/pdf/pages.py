"""Page pictures. Runs inside the sandbox's child."""

from __future__ import annotations

import io

import pypdfium2
import pypdfium2.raw as pdfium

SMALL = 200
"""Pixels of the longer side, where it only matters whether a page can be drawn."""

QUALITY = 72
FORM_DEPTH = 6
TALLEST = 4
"""A page is drawn at most so many times as tall as wide; a roll of paper is cut off there."""


def draw(content: bytes, page_index: int, width: int) -> bytes:
    """Page ``page_index`` (from 0) as a JPEG ``width`` pixels wide; a grey page stays grey."""
    document = pypdfium2.PdfDocument(content)
    page = document[page_index]
    page_width, page_height = page.get_size()
    scale = width / page_width
    cut = max(0.0, page_height - TALLEST * page_width)
    picture = page.render(scale=scale, crop=(0, cut, 0, 0), may_draw_forms=False).to_pil()
    if picture.mode != "L":
        picture = picture.convert("RGB")
        if _is_grey(picture.resize((32, 32))):
            picture = picture.convert("L")
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=QUALITY, optimize=True)
    return output.getvalue()


def _is_grey(sample: object) -> bool:
    pixels = sample.getdata()  # type: ignore[attr-defined]
    return all(max(pixel) - min(pixel) <= 4 for pixel in pixels)


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
