"""Makes scanned forms: good ones, and those that really have the faults of SPEC."""

from __future__ import annotations

import io
import zlib
from functools import cache

from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
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


def _changed(change: object, scan: bytes | None = None) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(scan or good_scan())))
    change(writer)  # type: ignore[operator]
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def with_password(algorithm: str = "AES-256") -> bytes:
    return _changed(lambda writer: writer.encrypt("geheim", algorithm=algorithm))


def with_owner_password_only() -> bytes:
    """Printing is restricted, but it opens without a password: scanners do that."""
    return _changed(lambda writer: writer.encrypt("", owner_password="geheim", algorithm="AES-128"))


def without_pages() -> bytes:
    output = io.BytesIO()
    PdfWriter().write(output)
    return output.getvalue()


def with_pages(count: int) -> bytes:
    return bind([picture()] * count)


def with_javascript() -> bytes:
    """In the tree of names, where a viewer runs it when the file is opened."""

    def change(writer: PdfWriter) -> None:
        action = DictionaryObject(
            {
                NameObject("/S"): NameObject("/JavaScript"),
                NameObject("/JS"): TextStringObject("app.alert('x')"),
            }
        )
        names = ArrayObject([TextStringObject("x"), writer._add_object(action)])
        tree = DictionaryObject({NameObject("/Names"): names})
        writer.root_object[NameObject("/Names")] = DictionaryObject(
            {NameObject("/JavaScript"): writer._add_object(tree)}
        )

    return _changed(change)


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


def with_foreign_text(*, script: bool = False) -> bytes:
    """The root begins with a title in UTF-16 without its mark, as some scanners' software writes.

    A reader that can't decode it reads no more of the root: neither the pages nor the ``script``.
    """

    def change(writer: PdfWriter) -> None:
        root = writer.root_object
        others = dict(root)
        root.clear()
        root[NameObject("/Title")] = ByteStringObject("B3入团志愿书".encode("utf-16-be"))
        root.update(others)

    return _changed(change, with_open_action() if script else good_scan())


def with_attachment() -> bytes:
    return _changed(lambda writer: writer.add_attachment("x.exe", b"MZ"))


def with_xfa() -> bytes:
    def change(writer: PdfWriter) -> None:
        form = DictionaryObject({NameObject("/XFA"): TextStringObject("<xdp/>")})
        writer.root_object[NameObject("/AcroForm")] = writer._add_object(form)

    return _changed(change)


def with_text_page(mode: int = 0, *, over_picture: bool = False, characters: int = 300) -> bytes:
    """Page 2 has text: typeset, or invisible (mode 3) as OCR software lays it over a picture."""

    def change(writer: PdfWriter) -> None:
        page = writer.pages[1]
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        line = "x" * characters
        words = f"q BT /F9 12 Tf {mode} Tr 60 700 Td ({line}) Tj ET Q".encode()
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


def bomb(mebibytes: int = 200) -> bytes:
    """Forty kilobytes that a parser unpacks whole, twice over, to as much as is asked for."""
    packed = zlib.compress(zlib.compress(b" " * (mebibytes * 1024 * 1024), 1))

    def change(writer: PdfWriter) -> None:
        content = DecodedStreamObject()
        content.set_data(packed)
        content[NameObject("/Filter")] = ArrayObject([NameObject("/FlateDecode")] * 2)
        for page in writer.pages:
            page[NameObject("/Contents")] = writer._add_object(content)

    return _changed(change)


def disputed(content: bytes | None = None) -> bytes:
    """Without the mark of where the table of objects is: pdfium looks for it, pypdf gives up."""
    content = good_scan() if content is None else content
    assert content.count(b"startxref") == 1
    return content.replace(b"startxref", b"startxxxx")


def claiming(pages: int) -> bytes:
    """Two pages, and a tree that claims another count."""
    assert b"/Count 2" in good_scan()
    return good_scan().replace(b"/Count 2", b"/Count %d" % pages)


def without_second_page() -> bytes:
    """The tree names an object that is not there."""
    assert b"8 0 R ]" in good_scan()
    return good_scan().replace(b"8 0 R ]", b"99 0 R]")


def with_spoilt_picture() -> bytes:
    """The second page's picture is noise that no decoder takes."""
    head, tail = good_scan().split(b"10 0 obj", 1)
    before, rest = tail.split(b"stream", 1)
    packed, after = rest.split(b"endstream", 1)
    return head + b"10 0 obj" + before + b"stream" + b"#" * len(packed) + b"endstream" + after


def with_object(words: bytes) -> bytes:
    """With one more object, which no other one names."""
    content = good_scan()
    return content.replace(b"\nxref", b"\n50 0 obj\n" + words + b"\nendobj\nxref", 1)
