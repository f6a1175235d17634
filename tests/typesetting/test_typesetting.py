"""Typeset parts joined to a whole: read back by pypdf and drawn by pdfium, which know nothing of us."""

from __future__ import annotations

import io
import os
import signal
import tracemalloc
from base64 import b64encode
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader

from portal.typesetting.typesetter import Mark, NotTypeset, Part, Typesetter
from tests.typeset import joined

ROWS = 12
PAGE = "@page{size:A6;margin:10mm}table{width:100%;border-collapse:collapse}tr{break-inside:avoid}"


def html(name: str, rows: int = ROWS, body: str = "") -> str:
    cells = "".join(f"<tr><td>{name}{place}</td><td>2026</td></tr>" for place in range(rows))
    return (
        f'<html lang="zh-CN"><head><title>报表 (1 0 R)</title><style>{PAGE}</style></head><body>'
        f'<h1 id="s{name}">{name}</h1><a href="page:x">往后</a>{body}<table><thead><tr>'
        f"<th scope=col>名<th scope=col>年</thead><tbody>{cells}</tbody></table></body></html>"
    )


@pytest.fixture(scope="module")
def parts(typesetter: Typesetter) -> list[Part]:
    return [typesetter.part(html(name)) for name in "甲乙丙"]


@pytest.fixture(scope="module")
def whole(typesetter: Typesetter, parts: list[Part]) -> bytes:
    pages = sum(part.pages for part in parts)
    numbers = "".join("<p></p>" for _ in range(pages))
    stamps = typesetter.part(
        "<html lang=zh-CN><title>n</title><style>@page{size:A6;margin:10mm;@bottom-center{content:"
        f"'第' counter(page) '页共{pages}页'}}}}p{{margin:0;break-after:page}}p:last-child{{"
        f"break-after:auto}}</style>{numbers}</html>",
        tagged=False,
    )
    assert stamps.pages == pages
    before = [0, parts[0].pages, parts[0].pages + parts[1].pages]
    marks = [Mark(name, page, 300.0) for name, page in zip("甲乙丙", before, strict=True)]
    return joined(typesetter, parts, stamps=stamps, marks=marks, links={"x": before[2]})


def reader_of(whole: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(whole), strict=True)


def test_every_page_is_there_with_its_own_number(whole: bytes, parts: list[Part]) -> None:
    pages = reader_of(whole).pages
    assert len(pages) == sum(part.pages for part in parts)
    for place, page in enumerate(pages, 1):
        assert f"第{place}页共{len(pages)}页" in page.extract_text().replace(" ", "")
    text = "".join(page.extract_text() for page in pages)
    assert [text.count(f"{name}{ROWS - 1}") for name in "甲乙丙"] == [1, 1, 1]


def test_bookmarks_and_links_lead_to_pages_of_the_whole(whole: bytes, parts: list[Part]) -> None:
    reader = reader_of(whole)
    before = [0, parts[0].pages, parts[0].pages + parts[1].pages]
    found = [(one.title, reader.get_destination_page_number(one)) for one in reader.outline]
    assert found == list(zip("甲乙丙", before, strict=True))
    for first in before:
        link: Any = reader.pages[first]["/Annots"][0].get_object()
        assert link["/Dest"][0].get_object() == reader.pages[before[2]].get_object()


def test_the_tags_of_all_parts_are_one_tree(whole: bytes, parts: list[Part]) -> None:
    """PDF/UA as far as pypdf's view of the structure goes: each page's content has its tags."""
    reader = reader_of(whole)
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "zh-CN"
    assert root["/MarkInfo"]["/Marked"]
    tree = root["/StructTreeRoot"]
    document = tree["/K"][0].get_object()
    assert document["/S"] == "/Document"
    kinds = [one.get_object()["/S"] for one in document["/K"]]
    assert kinds.count("/Table") == kinds.count("/H1") == 3
    numbers = tree["/ParentTree"]["/Nums"]
    keys = dict(zip(numbers[::2], numbers[1::2], strict=True))
    assert len(keys) == len(numbers) // 2
    for page in reader.pages:
        elements = keys[page["/StructParents"]]
        assert all(one.get_object()["/Pg"].get_object() == page.get_object() for one in elements)
        for annotation in page.get("/Annots", ()):
            assert annotation.get_object()["/StructParent"] in keys
    heads: set[str] = set()
    asked: list[str] = []

    def walk(element: Any) -> None:
        if element["/S"] == "/TH":
            heads.add(element["/ID"])
        if element["/S"] == "/TD":
            asked.extend(element["/A"]["/Headers"])
        for kid in element.get("/K", ()):
            kid = kid.get_object()
            if isinstance(kid, dict) and "/S" in kid:
                walk(kid)

    walk(document)
    assert len(heads) >= 6  # each part's own, none shared
    assert set(asked) <= heads


def test_pdfium_draws_each_page_and_the_title_is_kept(whole: bytes) -> None:
    document = pypdfium2.PdfDocument(whole)
    for page in document:
        assert page.render(scale=0.5).to_pil().convert("L").getextrema()[0] < 128
    assert document.get_metadata_value("Title") == "报表 (1 0 R)"


def test_fonts_are_embedded_and_only_what_is_used_of_them(whole: bytes) -> None:
    for page in reader_of(whole).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            below = font.get_object()["/DescendantFonts"][0].get_object()
            assert {"/FontFile2", "/FontFile3"} & below["/FontDescriptor"].keys()
            assert "+" in font.get_object()["/BaseFont"]  # a subset


def test_rare_han_and_the_middle_dot_are_no_boxes(typesetter: Typesetter) -> None:
    """𠀀 and 𫇭 of plane 2, 㛃 of the first extension; glyph 0 is the box of what is missing."""
    rare = "𠀀𫇭㛃䶮·"
    style = '<style>p{font-family:"Noto Serif CJK SC","HanaMinA","HanaMinB"}</style>'
    part = typesetter.part(f"<html lang=zh-CN><title>t</title>{style}<p>阿依古丽·{rare}</p></html>")
    made = joined(typesetter, [part])
    page = reader_of(made).pages[0]
    assert rare in page.extract_text()
    drawn = pypdfium2.PdfDocument(made)[0].get_textpage()
    assert rare in drawn.get_text_range()
    fonts: Any = page["/Resources"]["/Font"]
    for font in fonts.values():
        widths = font.get_object()["/DescendantFonts"][0].get_object()["/W"]
        assert widths[0] != 0, "a character has no glyph"


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="file:///etc/passwd">',
        '<img src="http://127.0.0.1:1/x.png">',
        '<link rel="stylesheet" href="file:///etc/hostname">',
        '<link rel="attachment" href="file:///etc/hostname">',
        "<style>@import url(http://127.0.0.1:1/a.css);body{background:url(file:///etc/passwd)}</style>",
    ],
)
def test_a_document_fetches_nothing(typesetter: Typesetter, markup: str) -> None:
    made = joined(typesetter, [typesetter.part(html("甲", 1, markup))])
    reader = reader_of(made)
    assert "甲0" in reader.pages[0].extract_text()
    assert not reader.attachments
    assert (
        "/XObject" not in reader.pages[0]["/Resources"]
        or not (
            reader.pages[0]["/Resources"]["/XObject"]  # type: ignore[index]
        )
    )


def test_a_child_that_dies_or_hangs_is_a_sentence(typesetter: Typesetter) -> None:
    short = Typesetter(memory_bytes=400 << 20, cpu_seconds=1, wall_seconds=1, at_once=1)
    try:
        with pytest.raises(NotTypeset, match="没有排版出来"):
            short.part(html("甲", 3000))
        assert short.part(html("甲", 1)).pages == 1
    finally:
        short.close()
    small = Typesetter(memory_bytes=8 << 20, cpu_seconds=20, wall_seconds=20, at_once=1)
    try:
        with pytest.raises(NotTypeset):
            small.part(html("甲", 2000))
    finally:
        small.close()


def test_the_process_holds_no_secret_and_has_no_network(typesetter: Typesetter) -> None:
    typesetter.warm_up()
    typesetter.part(html("甲", 1))
    assert typesetter._process is not None
    pid = typesetter._process.pid
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"PORTAL" not in environment
    assert Path(f"/proc/{pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
    os.kill(pid, signal.SIGKILL)
    assert typesetter.part(html("甲", 1)).pages == 1  # another one is started


def test_what_joins_never_holds_the_whole(typesetter: Typesetter, tmp_path: Path) -> None:
    """Thirty parts with a picture of 1 MB each, from a disk to a disk: forms behind an archive."""
    noise = io.BytesIO()
    Image.frombytes("L", (1000, 1000), os.urandom(1_000_000)).save(noise, "JPEG", quality=95)
    picture = f'<img src="data:image/jpeg;base64,{b64encode(noise.getvalue()).decode()}">'
    kept, whole = tmp_path / "part", tmp_path / "whole"
    part = typesetter.part(html("甲", 1, picture))
    kept.write_bytes(part.pdf())

    class OnDisk:
        largest = 0

        def write(self, content: bytes) -> None:
            self.largest = max(self.largest, len(content))
            file.write(content)

        def restart(self) -> None:
            raise AssertionError("a child was lost")

    sink = OnDisk()
    one = Part(part.pages, part.anchors, kept.read_bytes)
    tracemalloc.start()
    with whole.open("wb") as file:
        typesetter.join(sink, [one] * 30)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert whole.stat().st_size > 30 * len(noise.getvalue())
    assert most < 4 * kept.stat().st_size
    assert len(reader_of(whole.read_bytes()).pages) == 30 * part.pages
