"""Makes scanned forms, good ones and those with the faults of SPEC, each really having the fault."""

from __future__ import annotations

import io
import zlib
from functools import cache

from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from portal.demo.paper import Paper, bind


@cache
def _paper() -> Paper:
    return Paper(seed=11, dpi=50)


@cache
def good_scan(pages: int = 2, number: str = "202611000001") -> bytes:
    """A plausible scan."""
    return _paper().form(number, "测试", "测试团支部", pages)


@cache
def picture() -> bytes:
    """A JPEG."""
    output = io.BytesIO()
    Image.new("RGB", (200, 280), (240, 235, 225)).save(output, "JPEG")
    return output.getvalue()


def png() -> bytes:
    output = io.BytesIO()
    Image.new("RGB", (20, 20)).save(output, "PNG")
    return output.getvalue()


def truncated() -> bytes:
    """Cut off in the middle, with nothing that a reader could mend."""
    return good_scan()[:1500]


def _changed(change: object) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(good_scan())))
    change(writer)  # type: ignore[operator]
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def with_password(algorithm: str = "AES-256") -> bytes:
    return _changed(lambda writer: writer.encrypt("geheim", algorithm=algorithm))


def with_owner_password_only() -> bytes:
    """Printing is restricted, but it opens without a password: scanners do that."""
    return _changed(
        lambda writer: writer.encrypt("", owner_password="geheim", algorithm="AES-128")
    )


def without_pages() -> bytes:
    output = io.BytesIO()
    PdfWriter().write(output)
    return output.getvalue()


def with_pages(count: int) -> bytes:
    return bind([picture()] * count)


def with_javascript() -> bytes:
    return _changed(lambda writer: writer.add_js("app.alert('x')"))


def with_open_action() -> bytes:
    def change(writer: PdfWriter) -> None:
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(
            {
                NameObject("/S"): NameObject("/JavaScript"),
                NameObject("/JS"): TextStringObject("app.alert('x')"),
            }
        )

    return _changed(change)


def with_launch_annotation() -> bytes:
    def change(writer: PdfWriter) -> None:
        annotation = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Annot"),
                NameObject("/Subtype"): NameObject("/Link"),
                NameObject("/Rect"): ArrayObject([FloatObject(one) for one in (0, 0, 90, 90)]),
                NameObject("/A"): DictionaryObject(
                    {
                        NameObject("/S"): NameObject("/Launch"),
                        NameObject("/F"): TextStringObject("calc.exe"),
                    }
                ),
            }
        )
        page = writer.pages[1]
        page[NameObject("/Annots")] = ArrayObject([writer._add_object(annotation)])

    return _changed(change)


def with_attachment() -> bytes:
    return _changed(lambda writer: writer.add_attachment("x.exe", b"MZ"))


def with_xfa() -> bytes:
    def change(writer: PdfWriter) -> None:
        form = DictionaryObject({NameObject("/XFA"): TextStringObject("<xdp/>")})
        writer.root_object[NameObject("/AcroForm")] = writer._add_object(form)

    return _changed(change)


def with_text_page(mode: int = 0, *, over_picture: bool = False, characters: int = 300) -> bytes:
    """Page 2 has text: typeset, or invisible (mode 3) over the picture as OCR software writes it."""

    def change(writer: PdfWriter) -> None:
        page = writer.pages[1]
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        words = (
            "q 1 0 0 1 0 0 cm BT /F9 12 Tf %d Tr 60 700 Td (%s) Tj ET Q" % (mode, "x" * characters)
        ).encode()
        text = DecodedStreamObject()
        text.set_data(words)
        contents = [writer._add_object(text)]
        if over_picture:
            old = page["/Contents"]
            refs = list(old) if isinstance(old, ArrayObject) else [page.raw_get("/Contents")]
            contents = [*refs, *contents]
        page[NameObject("/Contents")] = ArrayObject(contents)
        resources = page["/Resources"]
        resources[NameObject("/Font")] = DictionaryObject({NameObject("/F9"): font})  # type: ignore[index]

    return _changed(change)


def blank_page() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def bomb(megabytes: int = 900) -> bytes:
    """A picture of a few kilobytes that unpacks to ``megabytes``."""
    side = int((megabytes * 1024 * 1024 / 3) ** 0.5)
    packer = zlib.compressobj(9)
    row = bytes(side * 3)
    packed = b"".join([packer.compress(row) for _ in range(side)]) + packer.flush()

    def change(writer: PdfWriter) -> None:
        image = DecodedStreamObject()
        image.set_data(packed)
        image.update(
            {
                NameObject("/Type"): NameObject("/XObject"),
                NameObject("/Subtype"): NameObject("/Image"),
                NameObject("/Width"): NumberObject(side),
                NameObject("/Height"): NumberObject(side),
                NameObject("/BitsPerComponent"): NumberObject(8),
                NameObject("/ColorSpace"): NameObject("/DeviceRGB"),
                NameObject("/Filter"): NameObject("/FlateDecode"),
            }
        )
        for page in writer.pages:
            for name in list(page["/Resources"]["/XObject"]):  # type: ignore[index]
                page["/Resources"]["/XObject"][NameObject(name)] = writer._add_object(image)  # type: ignore[index]

    return _changed(change)
