"""Is each page a scan or a picture (guide 5.1: 逐页扫描或者通过图片形式汇总生成)?

A page is one when pictures cover much of it and hardly anything else shows: an invisible OCR text
over the picture is fine, and so is the line that a phone's scanning app prints at the foot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

COVERED = 0.4
"""Share of the page that pictures must cover: an A5 form scanned on an A4 page covers half."""

VISIBLE_CHARACTERS = 80
"""More printed characters than a scanning app's line at the foot: the page was typeset."""

VISIBLE_PATHS = 200
"""More lines and shapes than a frame or a redaction: the page was drawn."""

MAX_OBJECTS = 20_000
FORM_DEPTH = 6


class PageNotLoaded(Exception):
    """A page, counted from 1, that pdfium can't load."""

    def __init__(self, page: int) -> None:
        super().__init__(page)
        self.page = page


@dataclass(slots=True)
class _Marks:
    """What makes up a page."""

    picture_area: float = 0.0
    characters: int = 0
    paths: int = 0
    objects: int = 0


def first_page_that_is_no_scan(document: pypdfium2.PdfDocument) -> int | None:
    """The number (from 1) of the first page that is no scan, or None. Raises ``PageNotLoaded``."""
    for index in range(len(document)):
        try:
            page = document[index]
            try:
                if not _is_scan(page):
                    return index + 1
            finally:
                page.close()
        except pypdfium2.PdfiumError:
            raise PageNotLoaded(index + 1) from None
    return None


def _is_scan(page: pypdfium2.PdfPage) -> bool:
    # Bounds are in the page's own space, before /Rotate; the media box is too.
    left, bottom, right, top = page.get_mediabox()
    area = abs(right - left) * abs(top - bottom)
    marks = _Marks()
    text = page.get_textpage()
    try:
        for item in page.get_objects(max_depth=1):
            _add(item, marks, text)
            if marks.objects > MAX_OBJECTS:
                return False
    finally:
        text.close()
    return (
        area > 0
        and marks.picture_area >= COVERED * area
        and marks.characters <= VISIBLE_CHARACTERS
        and marks.paths <= VISIBLE_PATHS
    )


def _add(item: pypdfium2.PdfObject, marks: _Marks, text: pypdfium2.PdfTextPage) -> None:
    marks.objects += 1
    if item.type == pdfium.FPDF_PAGEOBJ_IMAGE:
        marks.picture_area += _area(item)
    elif item.type == pdfium.FPDF_PAGEOBJ_TEXT:
        marks.characters += _visible_characters(item.raw, text)
    elif item.type in (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_SHADING):
        marks.paths += 1
    elif item.type == pdfium.FPDF_PAGEOBJ_FORM:
        kinds = set()
        for kind, raw in _inside(item.raw, FORM_DEPTH):
            marks.objects += 1
            kinds.add(kind)
            if kind == pdfium.FPDF_PAGEOBJ_TEXT:
                marks.characters += _visible_characters(raw, text)
            elif kind in (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_SHADING):
                marks.paths += 1
        if pdfium.FPDF_PAGEOBJ_IMAGE in kinds:
            marks.picture_area += _area(item)


def _inside(
    form: pdfium.FPDF_PAGEOBJECT, depth: int
) -> Iterator[tuple[int, pdfium.FPDF_PAGEOBJECT]]:
    """The objects inside a form object, however nested."""
    if depth == 0:
        return
    for index in range(min(pdfium.FPDFFormObj_CountObjects(form), MAX_OBJECTS)):
        raw = pdfium.FPDFFormObj_GetObject(form, index)
        kind = pdfium.FPDFPageObj_GetType(raw)
        yield kind, raw
        if kind == pdfium.FPDF_PAGEOBJ_FORM:
            yield from _inside(raw, depth - 1)


def _area(item: pypdfium2.PdfObject) -> float:
    left, bottom, right, top = item.get_bounds()
    return abs(right - left) * abs(top - bottom)


def _visible_characters(raw: pdfium.FPDF_PAGEOBJECT, text: pypdfium2.PdfTextPage) -> int:
    """How many characters a text object shows: none in the invisible render mode of OCR layers."""
    if pdfium.FPDFTextObj_GetTextRenderMode(raw) == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE:
        return 0
    length = pdfium.FPDFTextObj_GetText(raw, text.raw, None, 0)  # bytes of UTF-16 with a NUL
    return max(0, length // 2 - 1)
