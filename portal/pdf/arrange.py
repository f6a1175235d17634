"""A scan's pages in another order, turned or left out. Runs inside the sandbox's child.

pdfium takes the pages over, since it opens what only a viewer reads; pypdf then writes them with
nothing but what is seen. A picture's bytes stay what they were: it is never encoded again.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import pypdfium2
from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, PdfObject

from portal.pdf.names import names_as_they_are

_OF_PAGES = frozenset(
    {"/Type", "/Contents", "/Resources", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit", "/Group"}
)
"""What is left of a page's entries: what is on it, and how it lies."""

_OF_NOTES = ("/Rect", "/AP", "/AS", "/F")
"""What is left of a note or stamp that somebody laid on a page: what is seen of it."""

_ABOUT = ("/Metadata", "/PieceInfo", "/LastModified", "/AF", "/OPI", "/Thumb", "/StructParents")
"""What a file says about itself and its parts: who, with what, when."""


def arrange(content: bytes, pages: Sequence[tuple[int, int]]) -> bytes:
    """A file of ``pages`` alone: of each its place in ``content``, from 0, and quarters to turn.

    They are turned to the right. The same pages of the same file give the same bytes: no moment,
    no random mark. Whatever is wrong with the file raises.
    """
    taken_over, output = _taken_over(content, pages), io.BytesIO()
    with names_as_they_are():
        only_what_is_seen(taken_over).write(output)
    return output.getvalue()


def only_what_is_seen(content: bytes) -> PdfWriter:
    """The pages of a file, of each what is seen, ready to be written (``names_as_they_are``)."""
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted:
        reader.decrypt("")
    writer = PdfWriter()
    for page in reader.pages:
        _leave_what_is_seen(page)
        writer.add_page(page)
    writer.metadata = None  # pypdf's own name as the producer
    return writer


def _taken_over(content: bytes, pages: Sequence[tuple[int, int]]) -> bytes:
    """The pages in their new order and turned, as pdfium writes them."""
    document, made = pypdfium2.PdfDocument(content), pypdfium2.PdfDocument.new()
    made.import_pages(document, [index for index, _ in pages])
    for place, (_, quarters) in enumerate(pages):
        page = made[place]
        page.set_rotation((page.get_rotation() + 90 * quarters) % 360)
        page.close()
    output = io.BytesIO()
    made.save(output)
    return output.getvalue()


def _leave_what_is_seen(page: PageObject) -> None:
    notes = page.get("/Annots")
    for key in page.keys() - _OF_PAGES:
        del page[key]
    stamps = [_as_stamp(note.get_object()) for note in notes.get_object()] if notes else []
    if any(stamps):
        page[NameObject("/Annots")] = ArrayObject([stamp for stamp in stamps if stamp])
    _forget_about(page)


def _as_stamp(note: PdfObject | None) -> DictionaryObject | None:
    """A note as a plain stamp: its picture, and nothing that it does; None if it shows nothing."""
    if not isinstance(note, DictionaryObject) or "/AP" not in note:
        return None
    if note.get("/Subtype") == "/Popup":
        return None
    stamp = DictionaryObject(
        {NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject("/Stamp")}
    )
    for key in _OF_NOTES:
        if key in note:
            stamp[NameObject(key)] = note.raw_get(key)
    return stamp


def _forget_about(page: PageObject) -> None:
    """Take out of a page, and of all that it leads to, what is only about it."""
    seen: set[int] = set()
    left: list[PdfObject | None] = [page]
    while left:
        value = left.pop()
        if isinstance(value, IndirectObject):
            if value.idnum not in seen:
                seen.add(value.idnum)
                left.append(value.get_object())
        elif isinstance(value, DictionaryObject):
            for key in _ABOUT:
                value.pop(key, None)
            left += (one for key, one in value.items() if key != "/Parent")
        elif isinstance(value, ArrayObject):
            left += value
