"""One look at a scan: what a careful clerk would see. Runs inside the sandbox's child."""

from __future__ import annotations

import pypdfium2
from PIL import Image

from portal.pdf import ocr
from portal.rules.scan_findings import WHOLE_FILE, Finding, FindingKind, Look


def look(content: bytes, form_pages: int) -> Look:
    """Look at each page of a whole, inspected file; a form has ``form_pages`` pages."""
    document = pypdfium2.PdfDocument(content)
    try:
        pages = len(document)
        number, name, month = ocr.read_cover(_first_page(document))
    finally:
        document.close()
    findings = []
    if pages < form_pages:
        findings.append(Finding(FindingKind.MISSING_PAGES, WHOLE_FILE, pages))
    return Look(pages, tuple(findings), number, name, month)


def _first_page(document: pypdfium2.PdfDocument) -> Image.Image:
    """The first page's picture, as wide as it is read."""
    page = document[0]
    try:
        width, height = page.get_size()
        cut = max(0.0, height - ocr.TALLEST_PAGE * width)
        picture = page.render(scale=ocr.WIDTH / width, crop=(0, cut, 0, 0), may_draw_forms=False)
        return picture.to_pil()
    finally:
        page.close()
