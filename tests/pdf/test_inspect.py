"""What is wrong with a file (SPEC): each refused with its own reason, good scans taken."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from portal.demo.paper import bind
from portal.pdf.inspect import inspect
from portal.pdf.wire import Inspection
from portal.rules.scan_refusals import RefusalReason, ScanRefused
from tests import scans


def refusal(content: bytes) -> tuple[RefusalReason, int | None]:
    with pytest.raises(ScanRefused) as refused:
        inspect(content)
    return refused.value.refusal.reason, refused.value.refusal.page


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", RefusalReason.EMPTY),
        (scans.png(), RefusalReason.NOT_PDF),
        (scans.truncated(), RefusalReason.BROKEN),
        (b"%PDF-1.7\nnothing", RefusalReason.BROKEN),
        (scans.with_password("AES-256"), RefusalReason.PASSWORD),
        (scans.with_password("RC4-128"), RefusalReason.PASSWORD),
        (scans.without_pages(), RefusalReason.NO_PAGES),
        (scans.with_pages(61), RefusalReason.TOO_MANY_PAGES),
        (scans.with_javascript(), RefusalReason.JAVASCRIPT),
        (scans.with_open_action(), RefusalReason.JAVASCRIPT),
        (scans.with_launch_annotation(), RefusalReason.LAUNCH_ACTION),
        (scans.with_attachment(), RefusalReason.EMBEDDED_FILE),
        (scans.with_xfa(), RefusalReason.XFA),
        (scans.blank_page(), RefusalReason.NOT_A_SCAN),
    ],
    ids=lambda value: value.value if isinstance(value, RefusalReason) else "",
)
def test_a_faulty_file_is_refused_for_its_fault(content: bytes, reason: RefusalReason) -> None:
    assert refusal(content)[0] is reason


@pytest.mark.parametrize(
    ("magic", "name"),
    [
        (b"\xff\xd8\xff\xe0", "JPEG 图片"),
        (b"PK\x03\x04....word/document.xml", "Word 文档"),
        (b"PK\x03\x04....xl/workbook.xml", "Excel 表格"),
        (b"PK\x03\x04", "ZIP 压缩包"),
        (b"....ftypheic", "HEIC 图片"),
        (b"RIFF....WEBP", "WebP 图片"),
        (b"whatever", "别的格式"),
    ],
)
def test_what_is_no_pdf_is_named(magic: bytes, name: str) -> None:
    with pytest.raises(ScanRefused, match=name):
        inspect(magic)


def test_a_typeset_page_is_named() -> None:
    assert refusal(scans.with_text_page()) == (RefusalReason.NOT_A_SCAN, 2)


def test_a_letter_over_a_picture_is_no_scan() -> None:
    content = scans.with_text_page(over_picture=True)
    assert refusal(content) == (RefusalReason.NOT_A_SCAN, 2)


@pytest.mark.parametrize(
    "content",
    [
        scans.good_scan(8),
        scans.with_pages(60),
        scans.with_owner_password_only(),
        scans.with_text_page(3, over_picture=True),
        scans.with_text_page(0, over_picture=True, characters=30),
        b"\n\n\r\n" + scans.good_scan(),
    ],
    ids=["form", "60 pages", "owner password", "OCR layer", "app's line at the foot", "junk first"],
)
def test_a_scan_is_taken(content: bytes) -> None:
    assert inspect(content).pages >= 2


def test_a_file_that_only_one_parser_reads_is_taken_when_every_page_can_be_drawn() -> None:
    assert inspect(scans.disputed()) == Inspection(2, disputed=True)
    assert inspect(scans.good_scan()) == Inspection(2, disputed=False)


@pytest.mark.parametrize(
    ("content", "page"),
    [
        (scans.claiming(3), 3),
        (scans.claiming(1), 2),
        (scans.without_second_page(), 2),
        (scans.disputed(scans.without_second_page()), 2),
        (scans.disputed(scans.with_spoilt_picture()), 2),
    ],
    ids=["one more claimed", "one less", "page away", "disputed, page away", "spoilt picture"],
)
def test_the_first_page_that_can_not_be_drawn_is_named(content: bytes, page: int) -> None:
    assert refusal(content) == (RefusalReason.PAGE_BROKEN, page)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (scans.with_javascript(), RefusalReason.JAVASCRIPT),
        (scans.with_open_action(), RefusalReason.JAVASCRIPT),
        (scans.with_launch_annotation(), RefusalReason.LAUNCH_ACTION),
        (scans.with_attachment(), RefusalReason.EMBEDDED_FILE),
        (scans.with_xfa(), RefusalReason.XFA),
        (scans.with_object(b"<</S/J#61vaScript/J#53(x)>>"), RefusalReason.JAVASCRIPT),
        (scans.with_object(b"<</JS 9 0 R>>"), RefusalReason.JAVASCRIPT),
        (scans.with_object(b"<</Type/Filespec/EF <</F 9 0 R>>>>"), RefusalReason.EMBEDDED_FILE),
        (scans.with_object(b"<</Subtype/RichMedia>>"), RefusalReason.EMBEDDED_FILE),
        (scans.with_object(b"<</S/SubmitForm>>"), RefusalReason.LAUNCH_ACTION),
        (
            scans.with_object(b"<</Type/ObjStm/N 0/First 0/Length 0>>stream\n\nendstream"),
            RefusalReason.BROKEN,
        ),
        (scans.with_owner_password_only(), RefusalReason.BROKEN),
        (scans.with_password(), RefusalReason.PASSWORD),
        (scans.with_pages(61), RefusalReason.TOO_MANY_PAGES),
        (scans.with_text_page(), RefusalReason.NOT_A_SCAN),
    ],
    ids=[
        "script", "open action", "launch", "attachment", "XFA", "escaped name", "script elsewhere",
        "file", "rich media", "form that sends", "packed objects", "encrypted", "password",
        "pages", "typeset",
    ],
)  # fmt: skip
def test_what_only_one_parser_reads_is_refused_for_what_may_be_in_it(
    content: bytes, reason: RefusalReason
) -> None:
    assert refusal(scans.disputed(content))[0] is reason


def test_a_blank_white_page_is_drawn_too() -> None:
    white = io.BytesIO()
    Image.new("L", (200, 280), 255).save(white, "JPEG")
    assert inspect(scans.disputed(bind([white.getvalue()] * 2))).pages == 2
