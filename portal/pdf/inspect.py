"""Is a file a scanned form (guide 5.1)? Runs inside the sandbox's child, on hostile bytes.

pypdf reads the structure, pdfium opens the file as a viewer would. Where they disagree the file is
disputed: taken only when every page can be drawn, and when what pypdf would have looked for is
surely not in it. The order of the questions is that in which a person can do something about it.
"""

from __future__ import annotations

import io

import pypdfium2
import pypdfium2.raw as pdfium
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from portal.pdf.active_content import find_active_content, find_in_bytes
from portal.pdf.kinds import is_pdf, kind_of
from portal.pdf.pages import first_page_not_drawn
from portal.pdf.scan_pages import PageNotLoaded, first_page_that_is_no_scan
from portal.pdf.wire import Inspection
from portal.rules.scan_refusals import MAX_PAGES, Refusal, RefusalReason, ScanRefused


def inspect(content: bytes, *, is_form: bool = True) -> Inspection:
    """Look at a whole file. Raises ``ScanRefused`` with the first reason there is.

    What is no form (an attachment) may have any pages, and more of them.
    """
    if not content:
        raise ScanRefused(Refusal(RefusalReason.EMPTY))
    if not is_pdf(content):
        raise ScanRefused(Refusal(RefusalReason.NOT_PDF, found=kind_of(content)))
    reader = _read(content)
    if reader is not None and _has_no_pages(
        reader
    ):  # asked first: pdfium does not open such a file
        raise ScanRefused(Refusal(RefusalReason.NO_PAGES))
    document = _open(content)
    pages = len(document)
    if is_form and pages > MAX_PAGES:
        raise ScanRefused(Refusal(RefusalReason.TOO_MANY_PAGES, pages=pages))
    counted = None if reader is None else _count(reader)
    if is_form and counted is not None and counted > MAX_PAGES:
        raise ScanRefused(Refusal(RefusalReason.TOO_MANY_PAGES, pages=counted))
    disputed = counted != pages
    _refuse_active_content(content, reader, document if disputed else None)
    if disputed:
        _refuse_page(first_page_not_drawn(document, max(pages, counted or 0)))
    if not is_form:
        return Inspection(pages, disputed)
    try:
        page = first_page_that_is_no_scan(document)
    except PageNotLoaded as broken:
        _refuse_page(broken.page)
    else:
        _refuse_page(page, RefusalReason.NOT_A_SCAN)
    return Inspection(pages, disputed)


def _read(content: bytes) -> PdfReader | None:
    """pypdf's reader, opened with the empty password if there is one; None if it can't read it."""
    try:
        reader = PdfReader(io.BytesIO(content))
        locked = reader.is_encrypted and not reader.decrypt("")
        if not locked:
            _ = reader.root_object
    except MemoryError:
        raise
    except Exception:
        # The parser's edge: it raises whatever it stumbles on, and all of it means the same.
        return None
    if locked:
        raise ScanRefused(Refusal(RefusalReason.PASSWORD))
    return reader


def _has_no_pages(reader: PdfReader) -> bool:
    tree = reader.root_object.get("/Pages")
    tree = tree.get_object() if tree is not None else None
    return isinstance(tree, DictionaryObject) and not tree.get("/Kids")


def _count(reader: PdfReader) -> int | None:
    """How many pages pypdf finds by walking the tree; None if it can't."""
    try:
        return len(reader.pages)
    except MemoryError:
        raise
    except Exception:  # as above
        return None


def _open(content: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        locked = error.err_code == pdfium.FPDF_ERR_PASSWORD
        reason = RefusalReason.PASSWORD if locked else RefusalReason.BROKEN
        raise ScanRefused(Refusal(reason)) from None


def _refuse_active_content(
    content: bytes, reader: PdfReader | None, disputed: pypdfium2.PdfDocument | None
) -> None:
    """Refuse for active content; of a disputed document also for where it could be hidden."""
    found = find_active_content(reader) if reader is not None else None
    if found is None and disputed is not None:
        found = find_in_bytes(content, disputed)
    if found is not None:
        raise ScanRefused(Refusal(found))


def _refuse_page(page: int | None, reason: RefusalReason = RefusalReason.PAGE_BROKEN) -> None:
    if page is not None:
        raise ScanRefused(Refusal(reason, page=page))
