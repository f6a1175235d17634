"""A report as PDF: its content as HTML, typeset in parts, joined with page numbers and contents."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import segno
from flask import current_app
from markupsafe import Markup

from portal.reports.content import Content
from portal.reports.heading import Heading
from portal.reports.report import Report
from portal.runtime import runtime
from portal.typesetting.typesetter import Mark, Part, Sink

PART_ROWS = 400
"""Most rows of a part, about: some 120 MiB. Smaller parts take less memory, and more time for what
each part has once."""

CONTENTS_FROM = 10
"""A document of more pages has a table of contents, where it has sections."""


CONTENTS_LINES = {True: 23, False: 34}
"""Lines of a page of the table of contents, by whether it lies."""

TITLE_LINES = 6
"""Lines that its title takes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part before it is typeset. Its HTML is put together when its turn comes."""

    html: Callable[[], str]
    rows: int


@dataclass(frozen=True)
class Document:
    """A report as it is typeset. Parts, contents and page numbers are made apart, and joined."""

    report: Report
    content: Content
    heading: Heading
    verify_url: str = ""

    def parts(self) -> Iterator[Piece]:
        """The parts in order; few rows are one part."""
        pieces = self._content_parts()
        section = 0
        for place, piece in enumerate(pieces):
            html = partial(
                self.render,
                self.report.template,
                content=piece,
                first=place == 0,
                last=place == len(pieces) - 1,
                section_from=section,
            )
            yield Piece(html, piece.row_count)
            section += len(piece.sections)

    def _content_parts(self) -> list[Content]:
        """What each part says: an even number of one size, about, since two are made at once."""
        rows = self.content.row_count
        pairs = -(-rows // (2 * PART_ROWS))
        return list(self.content.parts(1 if rows <= PART_ROWS // 2 else 2 * pairs))

    def join(self, parts: Sequence[Part], sink: Sink) -> int:
        """Write the whole of its typeset parts; how many pages it has."""
        typesetter = runtime().typesetter
        titles = [one.title for piece in self._content_parts() for one in piece.sections]
        entries = [one for one in _entries(parts, titles) if not one.title.endswith("（续）")]
        pages = sum(part.pages for part in parts)
        with_contents = pages > CONTENTS_FROM and len(entries) > 1
        before = self._contents_pages(len(entries)) if with_contents else 0
        front, stamps = self._around(entries, pages, before)
        if sum(part.pages for part in front) != before:  # now it is known, and holds
            before = sum(part.pages for part in front)
            front, stamps = self._around(entries, pages, before)
        marks = [Mark(one.title, one.page + before, one.top) for one in entries]
        links = {one.name: one.page + before for one in entries}
        typesetter.join(sink, [*front, *parts], stamps=stamps, marks=marks, links=links)
        return pages + before

    def _contents_pages(self, entries: int) -> int:
        """How many pages the table of contents will have, going by lines of one line."""
        lines = CONTENTS_LINES[self.report.landscape]
        return -(-(entries + TITLE_LINES) // lines)

    def _around(
        self, entries: Sequence[_Entry], pages: int, before: int
    ) -> tuple[list[Part], Part]:
        """The table of contents, if it has ``before`` pages, and the page numbers of all."""
        typesetter = runtime().typesetter
        numbers = self.render("reports/page_numbers.html", pages=pages + before)
        with ThreadPoolExecutor(1) as beside:
            stamps = beside.submit(typesetter.part, numbers, tagged=False)
            if not before:
                return [], stamps.result()
            contents = self.render("reports/contents.html", entries=entries, before=before)
            return [typesetter.part(contents)], stamps.result()

    def render(self, template: str, **context: object) -> str:
        """A template with what all pages of the report know."""
        return current_app.jinja_env.get_template(template).render(
            report=self.report,
            heading=self.heading,
            landscape=self.report.landscape,
            qr=qr_svg(self.verify_url) if self.verify_url else "",
            verify_url=self.verify_url,
            **context,
        )


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the table of contents: where a section begins."""

    name: str
    title: str
    page: int
    top: float


def qr_svg(text: str) -> Markup:
    """``text`` as a QR code in SVG, one unit a module: the library's markup, none of the text's."""
    file = io.BytesIO()
    segno.make(text, error="m").save(
        file, kind="svg", xmldecl=False, svgns=False, border=2, omitsize=True, dark="#000"
    )
    return Markup(file.getvalue().decode())  # noqa: S704


def _entries(parts: Sequence[Part], titles: Sequence[str]) -> list[_Entry]:
    found, before = [], 0
    for part in parts:
        for anchor in part.anchors:
            place = int(anchor.name.removeprefix("s")) if anchor.name[1:].isdigit() else -1
            if 0 <= place < len(titles) and titles[place]:
                page = anchor.page + before
                found.append(_Entry(anchor.name, titles[place], page, anchor.top))
        before += part.pages
    return found
