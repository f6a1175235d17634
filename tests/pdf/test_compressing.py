"""A scan over the limit fits afterwards: as fine as it must be, and still the same scan."""

from __future__ import annotations

import io
import zlib
from functools import cache
from typing import Any

import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from portal.demo.paper import pad_to
from portal.pdf.compressing import Compressed, compress
from portal.pdf.inspect import inspect
from portal.rules.making import MakingReason, MakingRefused
from portal.rules.scan_refusals import RefusalReason, ScanRefused
from tests import pictures, scans

DPI = 240
SIZE = (1398, 1984)  # of A5


@cache
def paper(*, grey: bool = False) -> Image.Image:
    return pictures.page(*SIZE, grey=grey, noise=10)


def name(text: str) -> NameObject:
    return NameObject(text)


def image(content: bytes, colours: Any, coding: str, bits: int = 8, **more: Any) -> StreamObject:
    made = DecodedStreamObject()
    made.set_data(content)
    made.update(
        {
            name("/Type"): name("/XObject"),
            name("/Subtype"): name("/Image"),
            name("/Width"): NumberObject(SIZE[0]),
            name("/Height"): NumberObject(SIZE[1]),
            name("/ColorSpace"): name(colours) if isinstance(colours, str) else colours,
            name("/BitsPerComponent"): NumberObject(bits),
            name("/Filter"): name(coding),
        }
    )
    for key, value in more.items():
        made[name(f"/{key}")] = value
    return made


def scan(*images: StreamObject, in_form: bool = False, title: str = "") -> bytes:
    writer = PdfWriter()
    if title:
        writer.add_metadata({"/Title": title})
    for one in images:
        page = writer.add_blank_page(419.53, 595.28)
        shown = writer._add_object(one)
        drawing = DecodedStreamObject()
        drawing.set_data(b"q 419.53 0 0 595.28 0 0 cm /P Do Q")
        named = DictionaryObject({name("/XObject"): DictionaryObject({name("/P"): shown})})
        if in_form:
            form = DecodedStreamObject()
            form.set_data(drawing.get_data())
            form.update(
                {
                    name("/Type"): name("/XObject"),
                    name("/Subtype"): name("/Form"),
                    name("/BBox"): ArrayObject(map(NumberObject, (0, 0, 420, 596))),
                    name("/Resources"): named,
                }
            )
            named = DictionaryObject(
                {name("/XObject"): DictionaryObject({name("/P"): writer._add_object(form)})}
            )
            drawing.set_data(b"/P Do")
        page[name("/Resources")] = named
        page[name("/Contents")] = writer._add_object(drawing)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


@cache
def colour(quality: int = 95) -> StreamObject:
    return image(pictures.jpeg(paper(), quality=quality), "/DeviceRGB", "/DCTDecode")


@cache
def grey() -> StreamObject:
    return image(pictures.jpeg(paper(grey=True), quality=95), "/DeviceGray", "/DCTDecode")


@cache
def one_bit() -> StreamObject:
    dots = paper(grey=True).point(lambda value: 255 * (value > 150), "1")
    return image(zlib.compress(dots.tobytes()), "/DeviceGray", "/FlateDecode", bits=1)


def pictures_of(pdf: bytes) -> list[StreamObject]:
    found = []
    for page in PdfReader(io.BytesIO(pdf)).pages:
        (one,) = page["/Resources"]["/XObject"].values()  # type: ignore[index]
        if one.get_object().get("/Subtype") == "/Form":
            (one,) = one.get_object()["/Resources"]["/XObject"].values()
        found.append(one.get_object())
    return found


def dpi_of(stream: StreamObject) -> float:
    return min(stream["/Width"] / 5.827, stream["/Height"] / 8.268)  # type: ignore[operator, no-any-return]


def likeness(before: bytes, after: bytes, index: int = 0) -> float:
    """How far two drawn pages are apart: mean difference of a dot, of 255."""
    drawn = [
        pypdfium2.PdfDocument(pdf)[index]
        .render(scale=1)
        .to_pil()
        .convert("RGB")
        .resize((60, 85), Image.Resampling.BOX)
        for pdf in (before, after)
    ]
    first, second = (one.tobytes() for one in drawn)
    return sum(abs(a - b) for a, b in zip(first, second, strict=True)) / len(first)


def squeezed(content: bytes, share: float) -> Compressed:
    made = compress(content, round(len(content) * share))
    assert len(made.pdf) <= len(content) * share
    assert inspect(made.pdf).pages == made.pages
    return made


def test_a_large_scan_fits_and_every_page_stays_what_it_was() -> None:
    content = scan(colour(), grey(), one_bit(), title="Secret")
    made = squeezed(content, 0.55)
    assert (made.pages, made.dpi_before) == (3, DPI)
    first, second, third = pictures_of(made.pdf)
    assert (first["/ColorSpace"], second["/ColorSpace"]) == ("/DeviceRGB", "/DeviceGray")
    assert third._data == one_bit()._data  # its dots are the form's lines
    assert 200 <= round(min(dpi_of(first), dpi_of(second))) == made.dpi <= DPI
    for page in range(3):
        assert likeness(content, made.pdf, page) < 3
    assert b"Secret" not in made.pdf
    drawn = pypdfium2.PdfDocument(made.pdf)[0].render(scale=2).to_pil().convert("RGB")
    red, green, blue = drawn.getpixel((round(drawn.width * 0.605), round(drawn.height * 0.756)))  # type: ignore[misc]
    assert red > 150 > max(green, blue)  # the seal is red


def test_it_is_coded_no_coarser_than_needed() -> None:
    content = scan(colour())
    gently, hard = squeezed(content, 0.8), squeezed(content, 0.2)
    assert gently.dpi == DPI
    assert 200 <= hard.dpi < DPI
    assert len(hard.pdf) < len(gently.pdf)


def test_under_200_dpi_a_sentence_says_what_to_do() -> None:
    content = scan(colour(), grey())
    with pytest.raises(MakingRefused, match=r"各页降到 200 dpi 还有 .*改为灰度重新扫描") as refused:
        compress(content, 50_000)
    assert refused.value.refusal.reason is MakingReason.SCAN_TOO_MUCH
    least = refused.value.refusal.size
    assert least is not None
    made = compress(content, least)  # the size that was told is the true one
    assert len(made.pdf) <= least
    assert made.dpi == 200


def test_what_is_beside_the_pages_goes_first() -> None:
    whole = scan(colour(60))
    made = squeezed(pad_to(whole, 2 * len(whole)), 0.6)
    assert pictures_of(made.pdf)[0]._data == colour(60)._data
    assert (made.dpi_before, made.dpi) == (DPI, DPI)


def _indexed() -> StreamObject:
    few = paper(grey=True).quantize(256)
    palette = ByteStringObject(bytes(few.getpalette() or ()))
    colours = ArrayObject([name("/Indexed"), name("/DeviceRGB"), NumberObject(255), palette])
    return image(zlib.compress(few.tobytes()), colours, "/FlateDecode")


def _inverted() -> StreamObject:
    turned = paper(grey=True).point(lambda value: 255 - value)
    decode = ArrayObject([NumberObject(1), NumberObject(0)])
    return image(pictures.jpeg(turned, quality=95), "/DeviceGray", "/DCTDecode", Decode=decode)


def _cmyk() -> StreamObject:
    packed = pictures.jpeg(paper().convert("CMYK"), quality=90)
    decode = ArrayObject([NumberObject(one) for one in (1, 0) * 4])
    return image(packed, "/DeviceCMYK", "/DCTDecode", Decode=decode)


def _jpeg2000() -> StreamObject:
    packed = io.BytesIO()
    paper(grey=True).save(packed, "JPEG2000", quality_mode="rates", quality_layers=[3])
    return image(packed.getvalue(), "/DeviceGray", "/JPXDecode")


@pytest.mark.parametrize("coding", [_indexed, _inverted, _cmyk, _jpeg2000])
def test_whatever_a_scanner_codes_its_pages_in_looks_the_same(coding: Any) -> None:
    content = scan(coding())
    made = squeezed(content, 0.4)
    assert pictures_of(made.pdf)[0]["/Filter"] == "/DCTDecode"
    assert 200 <= made.dpi <= DPI
    assert likeness(content, made.pdf) < 4


def test_a_picture_in_a_form_object_is_taken_for_a_whole_page() -> None:
    made = squeezed(scan(colour(), in_form=True), 0.2)
    assert 200 <= round(dpi_of(pictures_of(made.pdf)[0])) < DPI


def test_a_picture_on_many_pages_is_coded_once() -> None:
    made = squeezed(scan(colour(), colour()), 0.9)
    assert made.pages == 2
    assert len(made.pdf) < len(colour()._data)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (scans.with_password(), RefusalReason.PASSWORD),
        (scans.with_javascript(), RefusalReason.JAVASCRIPT),
        (scans.with_text_page(), RefusalReason.NOT_A_SCAN),
        (scans.truncated(), RefusalReason.BROKEN),
        (pictures.jpeg(), RefusalReason.NOT_PDF),
    ],
    ids=lambda value: value.value if isinstance(value, RefusalReason) else "",
)
def test_what_no_upload_takes_is_refused_with_the_same_words(
    content: bytes, reason: RefusalReason
) -> None:
    with pytest.raises(ScanRefused) as refused:
        compress(content, 1000)
    assert refused.value.refusal.reason is reason


def test_a_file_that_only_pdfium_reads_is_read_by_both_afterwards() -> None:
    content = scans.disputed(scan(colour()))
    assert inspect(content).disputed
    made = squeezed(content, 0.4)
    assert not inspect(made.pdf).disputed
    assert likeness(content, made.pdf) < 3


def test_a_stamp_that_was_laid_on_a_page_is_still_seen() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(scan(colour()))))
    look = DecodedStreamObject()
    look.set_data(b"1 0 0 rg 0 0 90 90 re f")
    look.update(
        {
            name("/Type"): name("/XObject"),
            name("/Subtype"): name("/Form"),
            name("/BBox"): ArrayObject(map(NumberObject, (0, 0, 90, 90))),
        }
    )
    stamp = DictionaryObject(
        {
            name("/Type"): name("/Annot"),
            name("/Subtype"): name("/Stamp"),
            name("/Rect"): ArrayObject(map(NumberObject, (200, 200, 290, 290))),
            name("/F"): NumberObject(4),
            name("/AP"): DictionaryObject({name("/N"): writer._add_object(look)}),
            name("/T"): TextStringObject("Secret"),
        }
    )
    writer.pages[0][name("/Annots")] = ArrayObject([writer._add_object(stamp)])
    output = io.BytesIO()
    writer.write(output)
    made = squeezed(output.getvalue(), 0.4)
    assert b"Secret" not in made.pdf
    drawn = pypdfium2.PdfDocument(made.pdf)[0].render(scale=1).to_pil().convert("RGB")
    assert drawn.getpixel((245, drawn.height - 245)) == (255, 0, 0)


def test_text_that_was_read_under_the_pictures_stays() -> None:
    content = scans.with_text_page(mode=3, over_picture=True)
    made = squeezed(content, 0.95)
    found = PdfReader(io.BytesIO(made.pdf)).pages[1].extract_text()
    assert "xxx" in found
