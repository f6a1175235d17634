"""An index with the forms behind it, as one PDF: pages that are pictures, made some at a time.

A form is a file of a stranger and is opened in the sandbox alone: what is bound here are the page
pictures that the sandbox drew. They pass into the document itself, so that the typesetter still
fetches nothing.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from portal.extensions import db
from portal.models import Scan
from portal.pdf.sandbox import PageNotDrawn
from portal.reports.content import Row
from portal.reports.document import Document, Piece
from portal.rules.member_number import group_number
from portal.rules.page_shapes import PAGE
from portal.runtime import runtime
from portal.services.pictures import page_picture
from portal.storage import MissingFile
from portal.typesetting.typesetter import Mark, Part, Sink

PART_PAGES = 16
"""Pages of one part: some 4 MiB of pictures."""


@dataclass(frozen=True, slots=True)
class BoundPage:
    """One page of one form: ``place`` is its member's row; ``picture`` None: it can't be drawn."""

    place: int
    row: Row
    page: int
    pages: int
    picture: str | None

    @property
    def number(self) -> str:
        """The member's number, in groups."""
        return group_number(str(self.row[2])) if self.row[2] else "无编号"

    @property
    def anchor(self) -> str:
        """The name by which the index leads here; only of a form's first page."""
        return f"m{self.place}" if self.page == 1 else ""


class BoundDocument(Document):
    """Its parts are pages of forms; cover and index are set when it is known where each begins."""

    def parts(self) -> Iterator[Piece]:
        """The forms' pages, some at a time. The rows are done as their forms are."""
        rows, done = self.content.row_count, 0
        pages = self._pages()
        left = sum(pages_of for *_, pages_of in self.content.forms)
        while some := list(islice(pages, PART_PAGES)):
            left -= len(some)
            until = some[-1][0] if left else rows
            yield Piece(partial(self._bound, some), until - done)
            done = until

    def join(self, parts: Sequence[Part], sink: Sink) -> int:
        """Cover and index in front, each name leading to its form; a bookmark a member."""
        typesetter = runtime().typesetter
        begins: dict[str, int] = {}
        before = 0
        for part in parts:
            begins |= {one.name: one.page + before for one in part.anchors if one.name[0] == "m"}
            before += part.pages
        index = self._index(begins, 0)
        length = index.pages
        index = self._index(begins, length)
        pages = length + before
        stamps = typesetter.part(
            self.render("reports/page_numbers.html", pages=pages), tagged=False
        )
        links = {name: page + length for name, page in begins.items()}
        rows = self.content.sections[0].rows
        marks = [Mark("封面和目录", 0)]
        marks += [
            Mark(f"{rows[int(name[1:])][0]}. {rows[int(name[1:])][1]}", page)
            for name, page in links.items()
        ]
        typesetter.join(sink, [index, *parts], stamps=stamps, marks=marks, links=links)
        return pages

    def _index(self, begins: dict[str, int], length: int) -> Part:
        page_of = {name: page + length + 1 for name, page in begins.items()}
        html = self.render(
            self.report.template,
            content=self.content,
            first=True,
            last=True,
            page_of=page_of,
            beside=9,
        )
        return runtime().typesetter.part(html)

    def _pages(self) -> Iterator[tuple[int, int, int, int]]:
        for place, _, scan_id, pages in self.content.forms:
            for page in range(1, pages + 1):
                yield place, scan_id, page, pages

    def _bound(self, some: Sequence[tuple[int, int, int, int]]) -> str:
        rows = self.content.sections[0].rows
        pages = [
            BoundPage(place, rows[place], page, pages, _picture(scan_id, page))
            for place, scan_id, page, pages in some
        ]
        db.session.rollback()  # nothing stays open while pages are made
        return self.render("reports/bound_pages.html", pages=pages)


def _picture(scan_id: int, page: int) -> str | None:
    scan = db.session.get_one(Scan, scan_id)
    try:
        return b64encode(page_picture(scan, page, PAGE)).decode()
    except (PageNotDrawn, MissingFile):
        return None
