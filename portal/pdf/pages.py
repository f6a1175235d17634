"""Page pictures. Runs inside the sandbox's child."""

from __future__ import annotations

import io

import pypdfium2

QUALITY = 72
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
