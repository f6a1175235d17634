"""Pages in another order: what is made holds the same pictures, turned as asked, and nothing else."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pypdfium2
import pytest
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

from portal.demo.paper import bind
from portal.pdf.arrange import arrange
from portal.pdf.inspect import inspect
from portal.pdf.sandbox import FileNotMade, Sandbox
from portal.rules.scan_refusals import MAX_PAGES, MAX_SCAN_BYTES
from tests import scans

MIB = 1024 * 1024


def pictures(content: bytes) -> list[str]:
    """The hash of each page's picture, as its bytes stand in the file."""
    found = []
    for page in PdfReader(io.BytesIO(content)).pages:
        (picture,) = page["/Resources"]["/XObject"].values()  # type: ignore[index,union-attr]
        found.append(hashlib.sha256(picture.get_object()._data).hexdigest())
    return found


def rotations(content: bytes) -> list[int]:
    return [page.get_rotation() for page in pypdfium2.PdfDocument(content)]


def changed(change: object) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(scans.good_scan(3))))
    change(writer)  # type: ignore[operator]
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def test_pages_are_ordered_turned_and_left_out_with_the_same_pictures() -> None:
    before = scans.good_scan(4)
    made = arrange(before, [(3, 0), (0, 1), (1, 2)])
    first, second, _, fourth = pictures(before)
    assert pictures(made) == [fourth, first, second]
    assert rotations(made) == [0, 90, 180]
    assert inspect(made).pages == 3
    assert made == arrange(before, [(3, 0), (0, 1), (1, 2)])  # a double click makes the same file


def test_a_turn_comes_on_top_of_the_turn_that_is_there() -> None:
    def turn(writer: PdfWriter) -> None:
        writer.pages[0][NameObject("/Rotate")] = NumberObject(270)
        writer.pages[1][NameObject("/Rotate")] = NumberObject(-90)
        writer.pages[2].pop("/Rotate", None)
        tree = writer.root_object["/Pages"].get_object()
        tree[NameObject("/Rotate")] = NumberObject(90)  # for a page that says nothing itself

    before = changed(turn)
    assert rotations(before) == [270, 270, 90]
    assert rotations(arrange(before, [(0, 1), (1, 2), (2, 3)])) == [0, 90, 0]


def test_a_turned_page_shows_what_it_showed_turned() -> None:
    def drawn(content: bytes) -> Image.Image:
        page = pypdfium2.PdfDocument(content)[0]
        return page.render(scale=0.3).to_pil().convert("L")

    before = scans.good_scan(2)
    turned = drawn(arrange(before, [(0, 1)]))
    wanted = drawn(before).transpose(Image.Transpose.ROTATE_270)
    assert turned.size == wanted.size
    difference = sum(
        abs(one - other) for one, other in zip(turned.tobytes(), wanted.tobytes(), strict=True)
    )
    assert difference / len(wanted.tobytes()) < 3


def test_what_a_file_says_of_itself_is_left_behind() -> None:
    def tell(writer: PdfWriter) -> None:
        writer.add_metadata({"/Author": "王某", "/Producer": "SCANNER 9"})
        about = DecodedStreamObject()
        about.set_data(b"<x:xmpmeta>GPS 39.9</x:xmpmeta>")
        reference = writer._add_object(about)
        writer.root_object[NameObject("/Metadata")] = reference
        page = writer.pages[0]
        page[NameObject("/PieceInfo")] = DictionaryObject()
        (picture,) = page["/Resources"]["/XObject"].values()  # type: ignore[index,union-attr]
        picture.get_object()[NameObject("/Metadata")] = reference
        writer.add_outline_item(title="第一页", page_number=0)

    made = arrange(changed(tell), [(0, 0), (1, 0)])
    reader = PdfReader(io.BytesIO(made))
    assert reader.metadata is None
    assert sorted(reader.root_object.keys()) == ["/Pages", "/Type"]
    for word in (
        b"SCANNER",
        b"GPS",
        b"PieceInfo",
        b"Outlines",
        b"PDFium",
        b"pypdf",
        b"CreationDate",
    ):
        assert word not in made


def test_a_stamp_is_still_seen_and_does_nothing() -> None:
    """A person's mark laid over the page is part of the form; where it leads is not."""

    def stamp(writer: PdfWriter) -> None:
        shown = DecodedStreamObject()
        shown.set_data(b"1 0 0 rg 0 0 90 90 re f")
        shown.update(
            {
                NameObject("/Type"): NameObject("/XObject"),
                NameObject("/Subtype"): NameObject("/Form"),
                NameObject("/BBox"): ArrayObject([FloatObject(one) for one in (0, 0, 90, 90)]),
            }
        )
        look = DictionaryObject({NameObject("/N"): writer._add_object(shown)})
        leads = DictionaryObject(
            {NameObject("/S"): NameObject("/URI"), NameObject("/URI"): TextStringObject("http://x")}
        )
        notes = ArrayObject()
        for kind, appearance in (("/Square", look), ("/Link", None), ("/Popup", look)):
            note = DictionaryObject(
                {
                    NameObject("/Type"): NameObject("/Annot"),
                    NameObject("/Subtype"): NameObject(kind),
                    NameObject("/Rect"): ArrayObject([FloatObject(one) for one in (9, 9, 99, 99)]),
                    NameObject("/A"): leads,
                    NameObject("/Contents"): TextStringObject("王某的意见"),
                }
            )
            if appearance is not None:
                note[NameObject("/AP")] = appearance
            notes.append(writer._add_object(note))
        writer.pages[1][NameObject("/Annots")] = notes

    made = arrange(changed(stamp), [(1, 0), (0, 0)])
    first, second = PdfReader(io.BytesIO(made)).pages
    (note,) = first["/Annots"]  # type: ignore[misc]
    assert sorted(note.get_object().keys()) == ["/AP", "/Rect", "/Subtype", "/Type"]
    assert "/Annots" not in second
    assert b"/URI" not in made
    red, green, _ = pypdfium2.PdfDocument(made)[0].render(scale=1).to_pil().getpixel((50, 780))[:3]
    assert red > 200
    assert green < 60


def test_a_file_that_restricts_printing_comes_out_open() -> None:
    before = scans.with_owner_password_only()
    made = arrange(before, [(1, 0), (0, 0)])
    assert pictures(made) == list(reversed(pictures(scans.good_scan())))
    assert b"/Encrypt" not in made


def test_what_only_a_viewer_reads_is_arranged_too() -> None:
    made = arrange(scans.disputed(), [(1, 0), (0, 0)])
    assert pictures(made) == list(reversed(pictures(scans.good_scan())))
    assert not inspect(made).disputed


def test_the_sandbox_makes_files_up_to_the_largest_form(maker: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "large.pdf"
    noise = Image.effect_noise((1000, 1400), 90)
    packed = io.BytesIO()
    noise.save(packed, "JPEG", quality=98)
    count = MAX_SCAN_BYTES // len(packed.getvalue())
    path.write_bytes(bind([packed.getvalue()] * count))
    assert path.stat().st_size > 10 * MIB  # more than the answer of any other task may have
    order = [(count - 1 - place, place) for place in range(count)]
    made = maker.arrange(path, order)
    assert len(made) > 10 * MIB
    assert rotations(made) == [place * 90 % 360 for place in range(count)]


@pytest.mark.parametrize(
    ("content", "pages"),
    [
        (scans.png(), [(0, 0)]),
        (scans.truncated(), [(0, 0)]),
        (scans.with_password(), [(0, 0)]),
        (scans.good_scan(), [(0, 0), (2, 0)]),
        (scans.good_scan(), [(-1, 0)]),
    ],
    ids=["picture", "cut off", "password", "page that is not there", "before the first"],
)
def test_what_can_not_be_arranged_says_so_and_the_next_one_is(
    maker: Sandbox, tmp_path: Path, content: bytes, pages: list[tuple[int, int]]
) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(content)
    with pytest.raises(FileNotMade):
        maker.arrange(path, pages)
    path.write_bytes(scans.with_pages(MAX_PAGES))
    assert inspect(maker.arrange(path, [(place, 1) for place in range(MAX_PAGES)])).pages == 60


def test_a_sandbox_that_makes_nothing_can_not(tmp_path: Path) -> None:
    """The code is not loaded there, and a child can open no file to load it."""
    path = tmp_path / "good.pdf"
    path.write_bytes(scans.good_scan())
    other = Sandbox(memory_bytes=300 * MIB, cpu_seconds=3, wall_seconds=4)
    with pytest.raises(FileNotMade):
        other.arrange(path, [(0, 0)])
    other.close()
