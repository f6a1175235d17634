"""Pictures and shapes of pages: as sharp as what was scanned, and as light as a slow line needs."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from portal.demo.paper import bind
from portal.pdf.pages import PAGE_BYTES, TALLEST, draw, measure
from portal.rules.page_shapes import PAGE, SHARPEST, THUMBNAIL, PageShape


def jpeg(width: int, height: int, *, noise: int = 0, colour: bool = False) -> bytes:
    """A picture of paper with a line on it, and as much noise as a bad scanner makes."""
    picture = Image.new("L", (width, height), 235)
    picture.paste(40, (width // 4, height // 4, width // 2, height // 4 + 9))
    if noise:
        picture = Image.blend(picture, Image.effect_noise((width, height), noise), 0.5)
    if colour:
        picture = Image.merge("RGB", (picture, picture, picture.point(lambda one: one * 3 // 4)))
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=90)
    return output.getvalue()


def drawn(content: bytes, width: int = PAGE) -> Image.Image:
    return Image.open(io.BytesIO(draw(content, 0, width)))


@pytest.mark.parametrize(
    ("scanned", "asked", "width"),
    [
        (413, THUMBNAIL, THUMBNAIL),
        (413, PAGE, PAGE),  # larger than it was scanned, because that is the size of the sheet
        (413, SHARPEST, PAGE),
        (1654, PAGE, PAGE),
        (1654, SHARPEST, 1654),
        (2480, SHARPEST, SHARPEST),
    ],
)
def test_a_picture_is_as_wide_as_it_is_useful(scanned: int, asked: int, width: int) -> None:
    content = bind([jpeg(scanned, round(scanned * 1.414))])
    assert drawn(content, asked).width == width


def test_a_grey_page_stays_grey_and_a_seal_stays_red() -> None:
    assert drawn(bind([jpeg(600, 850)])).mode == "L"
    assert drawn(bind([jpeg(600, 850, colour=True)])).mode == "RGB"


@pytest.mark.parametrize("colour", [False, True])
def test_a_page_of_a_bad_scanner_still_goes_over_a_slow_line(colour: bool) -> None:
    content = bind([jpeg(1654, 2339, noise=60, colour=colour)])
    picture = draw(content, 0, PAGE)
    assert len(picture) <= PAGE_BYTES
    assert Image.open(io.BytesIO(picture)).width == PAGE
    assert len(draw(content, 0, THUMBNAIL)) <= PAGE_BYTES * (THUMBNAIL / PAGE) ** 2


def test_a_roll_of_paper_becomes_narrow_and_not_endless() -> None:
    roll = bind([jpeg(100, 3000)], dpi=100)
    assert measure(roll) == [PageShape(30_000, 100)]
    picture = drawn(roll)
    assert picture.height <= TALLEST * PAGE
    assert picture.width * picture.height <= 4_000_000


def test_shapes_are_measured_page_by_page() -> None:
    content = bind([jpeg(827, 1169), jpeg(1169, 827)], dpi=100)
    assert measure(content) == [PageShape(1414, 827), PageShape(707, 1169)]


def test_a_turned_page_is_measured_as_it_is_shown() -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(bind([jpeg(827, 1169)], dpi=100))))
    writer.pages[0].rotate(90)
    output = io.BytesIO()
    writer.write(output)
    assert measure(output.getvalue()) == [PageShape(707, 1169)]
    picture = drawn(output.getvalue(), SHARPEST)
    assert picture.width == 1169
    assert picture.height in (827, 828)
