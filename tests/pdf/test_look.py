"""What a careful clerk would see: each fault planted once or twice, and clean forms without a word.

How often faults are found on other scanners, papers and strengths: ``bin/bench quality``.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from functools import cache

import pypdfium2
import pytest
from PIL import Image, ImageDraw
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, FloatObject, NameObject

from bench.scanners import scan
from portal.demo import defects
from portal.demo.defects import BACKDROP
from portal.demo.paper import Paper
from portal.pdf.look import look
from portal.rules.scan_findings import WHOLE_FILE, Box, Finding, FindingKind
from tests import scans

DPI = 110
A5_POINTS = (419.53, 595.28)
"""On A5 the small pictures have 155 dpi."""

Change = Callable[[Image.Image], Image.Image]
ABOUT_THE_FILE = {FindingKind.NO_SEAL, FindingKind.GREY_SCAN, FindingKind.MISSING_PAGES}


@cache
def paper() -> Paper:
    return Paper(seed=5, dpi=DPI)


@cache
def sheet(page: int) -> Image.Image:
    if page == 0:
        return paper().cover("202611000003", "周晓", "城关中学团支部")
    return paper().inner(page)


def pdf(*pictures: Image.Image, points: tuple[float, float] = A5_POINTS) -> bytes:
    """Pictures as pages; a wide picture has a wide page."""
    document = pypdfium2.PdfDocument.new()
    for picture in pictures:
        jpeg = io.BytesIO()
        picture.save(jpeg, "JPEG", quality=80)
        scale = points[1] / (DPI * 11.69)
        size = (picture.width * scale, picture.height * scale)
        page = document.new_page(*size)
        image = pypdfium2.PdfImage.new(document)
        image.load_jpeg(jpeg, inline=True)
        image.set_matrix(pypdfium2.PdfMatrix().scale(*size))
        page.insert_obj(image)
        page.gen_content()
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


def seen(*pictures: Image.Image, form_pages: int = 1) -> list[Finding]:
    return list(look(pdf(*pictures), form_pages).findings)


def of_pages(findings: list[Finding]) -> list[tuple[FindingKind, int]]:
    return [(one.kind, one.page) for one in findings if one.page != WHOLE_FILE]


def chance() -> random.Random:
    return random.Random(8)


FAULTS: dict[str, tuple[int, Change, FindingKind]] = {
    "blank": (4, lambda page: defects.blank(page, chance()), FindingKind.BLANK_PAGE),
    "turned left": (1, lambda page: page.rotate(90, expand=True), FindingKind.SIDEWAYS),
    "turned right": (0, lambda page: page.rotate(270, expand=True), FindingKind.SIDEWAYS),
    "upside down": (4, lambda page: page.rotate(180), FindingKind.UPSIDE_DOWN),
    "cover upside down": (0, lambda page: page.rotate(180), FindingKind.UPSIDE_DOWN),
    "tilted": (2, lambda page: defects.tilted(page, 9), FindingKind.TILTED),
    "out of focus": (4, lambda page: defects.blurred(page, 0.4), FindingKind.BLURRED),
    "shaken": (2, lambda page: defects.shaken(page, 1.5), FindingKind.BLURRED),
    "dark": (4, lambda page: defects.dark(page, 0.35), FindingKind.TOO_DARK),
    "pale": (4, lambda page: defects.pale(page, 0.25), FindingKind.TOO_PALE),
    "a reflection": (4, lambda page: defects.glare(page, chance()), FindingKind.WASHED_OUT),
    "a shadow": (5, lambda page: defects.shadow(page, chance()), FindingKind.SHADOW),
    "a finger": (5, lambda page: defects.finger(page, chance()), FindingKind.SHADOW),
    "left edge": (2, lambda page: defects.cut_off(page, chance(), "left"), FindingKind.CUT_OFF),
    "right edge": (4, lambda page: defects.cut_off(page, chance(), "right"), FindingKind.CUT_OFF),
    "top": (5, lambda page: defects.cut_off(page, chance(), "top"), FindingKind.CUT_OFF),
    "bottom": (1, lambda page: defects.cut_off(page, chance(), "bottom"), FindingKind.CUT_OFF),
    "negative": (4, defects.inverted, FindingKind.INVERTED),
    "a spread": (
        4,
        lambda page: defects.two_pages(page, sheet(5), chance()).rotate(1.8, fillcolor=BACKDROP),
        FindingKind.TWO_PAGES,
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen_and_nothing_else(fault: str) -> None:
    page, change, kind = FAULTS[fault]
    assert of_pages(seen(change(sheet(page)))) == [(kind, 1)]


def test_a_clean_form_of_the_demo_has_no_finding() -> None:
    form = Paper(seed=21).form("202611000004", "赵宁", "城关中学团支部")
    assert look(form, 8).findings == ()


def test_a_tilt_is_measured_in_degrees() -> None:
    (found,) = [one for one in seen(sheet(1).rotate(-8, fillcolor=BACKDROP)) if one.page]
    assert found.measure == pytest.approx(8, abs=0.5)


def test_a_finger_is_boxed_where_it_lies() -> None:
    page = sheet(4).copy()
    where = (0, round(page.height * 0.5), round(page.width * 0.28), round(page.height * 0.56))
    ImageDraw.Draw(page).rectangle(where, (190, 140, 115))
    (found,) = [one for one in seen(page) if one.page]
    assert found.kind is FindingKind.SHADOW
    assert found.box is not None
    assert found.box.left < 30
    assert 200 < found.box.right < 340
    assert 460 < found.box.top < 520
    assert 540 < found.box.bottom < 600


def test_a_finger_may_be_lighter_than_paper_in_a_dim_room() -> None:
    page = sheet(4).point(lambda value: round(value * 0.72))
    where = (round(page.width * 0.7), round(page.height * 0.5), page.width, page.height * 0.57)
    ImageDraw.Draw(page).rectangle(where, (222, 180, 155))
    assert of_pages(seen(page)) == [(FindingKind.SHADOW, 1)]


def photographed(
    sheet: Image.Image, seed: int, fault: Callable[[Image.Image, random.Random], Image.Image]
) -> Image.Image:
    chance = random.Random(seed)
    return Image.open(
        io.BytesIO(scan(sheet, "phone", chance, lambda picture: fault(picture, chance)))
    )


def test_paper_is_not_dark_because_there_is_a_reflection_beside_it() -> None:
    page = photographed(sheet(4), 0, defects.glare)
    assert of_pages(seen(page)) == [(FindingKind.WASHED_OUT, 1)]


@pytest.mark.parametrize(("points", "dpi"), [(A5_POINTS, None), ((595.28, 841.89), 110)])
def test_the_resolution_is_that_of_the_paper(points: tuple[float, float], dpi: int | None) -> None:
    findings = look(pdf(sheet(4), points=points), 1).findings
    found = [one for one in findings if one.kind is FindingKind.LOW_RESOLUTION]
    assert [round(one.measure, -1) for one in found] == ([] if dpi is None else [dpi])


def test_a_phone_that_calls_its_page_a_metre_tall_is_not_blamed() -> None:
    findings = look(pdf(sheet(4).resize((1240, 1754)), points=(2000, 2800)), 1).findings
    assert of_pages(list(findings)) == []


def test_the_same_sheet_scanned_twice() -> None:
    again = sheet(4).rotate(0.8, fillcolor=BACKDROP)
    found = [one for one in seen(sheet(4), sheet(5), again) if one.kind is FindingKind.SAME_PAGE]
    assert [(one.page, one.measure) for one in found] == [(3, 1)]


def test_the_same_sheet_photographed_from_two_sides() -> None:
    found = seen(*(photographed(sheet(1), seed, lambda picture, _: picture) for seed in (1, 3)))
    assert [(one.kind, one.measure) for one in found if one.page] == [(FindingKind.SAME_PAGE, 1)]


def test_two_sheets_of_the_same_form_are_not_the_same() -> None:
    assert of_pages(seen(sheet(1), paper().inner(1, printed=2))) == []


def test_printed_numbers_tell_the_order() -> None:
    found = seen(sheet(0), sheet(1), sheet(4), sheet(3), sheet(5))
    assert all(one.box == Box(250, 870, 750, 1000) for one in found if one.page in (3, 4))
    assert [(one.kind, one.measure) for one in found if one.page in (3, 4)] in (
        [(FindingKind.OUT_OF_ORDER, 4)],
        [(FindingKind.OUT_OF_ORDER, 3)],
    )
    assert of_pages(seen(sheet(0), sheet(1), sheet(3), sheet(4), sheet(5))) == []


def test_a_form_with_fewer_pages() -> None:
    found = seen(sheet(0), sheet(7), form_pages=8)
    assert [(one.kind, one.measure) for one in found] == [(FindingKind.MISSING_PAGES, 2)]


def test_a_spread_counts_as_two_pages() -> None:
    spread = defects.two_pages(sheet(6), sheet(7), chance())
    kinds = {one.kind for one in seen(sheet(0), spread, form_pages=3)}
    assert FindingKind.MISSING_PAGES not in kinds


def file_wide(*pictures: Image.Image) -> set[FindingKind]:
    return {one.kind for one in seen(*pictures)} & ABOUT_THE_FILE


def test_a_seal_is_red_and_large() -> None:
    assert file_wide(sheet(0), sheet(7)) == set()
    assert file_wide(sheet(0), sheet(4)) == {FindingKind.NO_SEAL}


def test_a_thumbprint_and_a_red_rule_are_no_seal() -> None:
    page = paper().inner(7, seal=False)
    pen, mm = ImageDraw.Draw(page), page.height / 297
    pen.ellipse((90 * mm, 220 * mm, 104 * mm, 240 * mm), fill=(205, 70, 70))
    pen.line((30 * mm, 250 * mm, 180 * mm, 250 * mm), (200, 40, 40), 3)
    assert file_wide(page) == {FindingKind.NO_SEAL}


def test_a_grey_scan_is_not_said_to_lack_its_seal() -> None:
    assert file_wide(sheet(7).convert("L")) == {FindingKind.GREY_SCAN}
    assert file_wide(sheet(7).convert("L").convert("RGB")) == {FindingKind.GREY_SCAN}


def changed(content: bytes, change: Callable[[PdfWriter], None]) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    change(writer)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def with_garbage(writer: PdfWriter) -> None:
    stream = DecodedStreamObject()
    stream.set_data(b"q 1 0 0 BT << /x ]] Do \xff\xfe Tj 9e99 0 0 9e99 0 0 cm /Im0 Do Q Q Q")
    writer.pages[1][NameObject("/Contents")] = writer._add_object(stream)


def with_a_ribbon(writer: PdfWriter) -> None:
    box = [FloatObject(one) for one in (0, 0, 5, 14000)]
    writer.pages[1][NameObject("/MediaBox")] = ArrayObject(box)


def without_the_page(writer: PdfWriter) -> None:
    writer.pages[1].get_object()[NameObject("/Type")] = NameObject("/Nothing")
    del writer.pages[1].get_object()["/MediaBox"]


@pytest.mark.parametrize("harm", [with_garbage, with_a_ribbon, without_the_page])
def test_a_broken_page_does_not_keep_the_others_from_being_seen(
    harm: Callable[[PdfWriter], None],
) -> None:
    dark = defects.dark(sheet(4), 0.35)
    made = look(changed(pdf(sheet(0), sheet(2), dark), harm), 3)
    assert made.pages == 3
    assert (FindingKind.TOO_DARK, 3) in of_pages(list(made.findings))


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (300, 420), "white"),
        Image.new("RGB", (300, 420), "black"),
        Image.effect_noise((300, 420), 120).convert("RGB"),
        Image.linear_gradient("L").resize((300, 420)).convert("RGB"),
        Image.new("RGB", (3, 4), "red"),
    ],
    ids=["white", "black", "noise", "gradient", "tiny"],
)
def test_any_picture_can_be_looked_at(picture: Image.Image) -> None:
    assert look(pdf(picture), 1).pages == 1


def test_a_page_without_a_picture_is_blank() -> None:
    assert of_pages(list(look(scans.blank_page(), 1).findings)) == [(FindingKind.BLANK_PAGE, 1)]
