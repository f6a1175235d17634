"""One look at a scan: what a careful clerk would see. Runs inside the sandbox's child.

Each page is drawn once, small; every check derives what it needs from that picture
(``portal/pdf/checks``). A page that can't be drawn is skipped: the viewer says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pypdfium2

from portal.pdf import ocr
from portal.pdf.checks.content import check_blank, check_content
from portal.pdf.checks.duplicates import Imprint, check_duplicates, imprint_of
from portal.pdf.checks.light import check_light
from portal.pdf.checks.page_numbers import check_order, read_page_number
from portal.pdf.checks.picture import PagePicture
from portal.pdf.checks.seal import has_colour, has_seal
from portal.pdf.checks.sharpness import check_resolution, check_sharpness, images_of
from portal.pdf.checks.turning import check_turning
from portal.rules.scan_findings import WHOLE_FILE, Finding, FindingKind, Look

NARROWEST = 0.2
"""A page narrower than this share of its length is no page of a form, and isn't looked at."""


@dataclass(slots=True)
class _File:
    """What is gathered on the way through the pages, for what only the whole file tells."""

    pages: int
    findings: list[Finding] = field(default_factory=list)
    imprints: list[Imprint] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    seen: int = 0
    in_colour: bool = False
    quarters: int = 0  # by which the first page is turned to the left
    sealed: bool = False


def look(content: bytes, form_pages: int) -> Look:
    """Look at each page of a whole, inspected file; a form has ``form_pages`` pages."""
    document = pypdfium2.PdfDocument(content)
    try:
        file = _File(len(document))
        for index in range(file.pages):
            with _opened(document, index) as page:
                if page is not None:
                    _look_at_page(file, index + 1, page)
        with _opened(document, 0) as page:
            readings = ocr.read_nothing() if page is None else _read_cover(page, file.quarters)
    finally:
        document.close()
    twice = check_duplicates(file.imprints)
    again = {one.page for one in twice}  # its number comes again with it
    file.findings += twice
    file.findings += check_order({n: at for n, at in file.numbers.items() if n not in again})
    findings = _of_whole_file(file, form_pages) + sorted(file.findings, key=lambda one: one.page)
    return Look(file.pages, tuple(findings), *readings, numbers=file.numbers)


def _read_cover(page: pypdfium2.PdfPage, quarters: int) -> ocr.Readings:
    """What the first page says, drawn as wide as it is read."""
    sides = page.get_size()
    across = sides[1] if quarters % 2 else sides[0]
    picture = page.render(scale=ocr.WIDTH / across, may_draw_forms=False).to_pil()
    return ocr.read_cover(picture, quarters)


def _look_at_page(file: _File, number: int, page: pypdfium2.PdfPage) -> None:
    picture = PagePicture(number, page)
    images = images_of(page)
    file.seen += 1
    file.in_colour |= not images.grey and has_colour(picture)
    file.sealed |= not images.grey and not file.sealed and has_seal(picture)
    file.findings += check_resolution(picture, images)
    light, blank = check_light(picture), check_blank(picture)
    if blank:
        file.findings += blank + _without(light, FindingKind.TOO_PALE, FindingKind.WASHED_OUT)
        return
    if blurred := check_sharpness(picture):  # and nothing that is told by the strokes
        file.findings += blurred + _without(light, FindingKind.TOO_PALE)
        return
    turning = check_turning(picture)
    if number == 1:
        file.quarters = turning.quarters
    content = check_content(picture, turning)
    if any(one.kind is FindingKind.TWO_PAGES for one in content):
        light = _without(light, FindingKind.SHADOW)  # of the fold
    file.findings += light + turning.findings + content
    if turning.quarters == 0 and (printed := read_page_number(picture, turning.tilt)) is not None:
        file.numbers[number] = printed
    if (imprint := imprint_of(picture, turning)) is not None:
        file.imprints.append(imprint)


def _without(findings: list[Finding], *kinds: FindingKind) -> list[Finding]:
    return [one for one in findings if one.kind not in kinds]


def _of_whole_file(file: _File, form_pages: int) -> list[Finding]:
    """What is about no single page. A picture of two pages counts as two."""
    found = []
    spreads = sum(one.kind is FindingKind.TWO_PAGES for one in file.findings)
    if file.pages + spreads < form_pages:
        found.append(Finding(FindingKind.MISSING_PAGES, WHOLE_FILE, file.pages + spreads))
    if file.seen and not file.in_colour:
        found.append(Finding(FindingKind.GREY_SCAN, WHOLE_FILE, 0))
    elif file.seen and not file.sealed:
        found.append(Finding(FindingKind.NO_SEAL, WHOLE_FILE, 0))
    return found


@contextmanager
def _opened(document: pypdfium2.PdfDocument, index: int) -> Iterator[pypdfium2.PdfPage | None]:
    """A page that can be drawn, or None."""
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        yield None
        return
    try:
        sides = page.get_size()
        yield page if min(sides) > NARROWEST * max(sides) else None
    finally:
        page.close()
