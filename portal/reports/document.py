"""A report as PDF: its content as HTML, typeset in parts, joined with page numbers and contents."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
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

PART_ROWS = 250
"""Rows of one part: some 130 MiB and 2 s of a processor; twice as many cost a tenth less time and a
quarter more memory."""

CONTENTS_FROM = 10
"""A document of more pages has a table of contents, where it has sections."""


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
        pieces = list(self.content.parts(PART_ROWS))
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

    def join(self, parts: Sequence[Part], sink: Sink) -> int:
        """Write the whole of its typeset parts; how many pages it has."""
        typesetter = runtime().typesetter
        titles = [one.title for piece in self.content.parts(PART_ROWS) for one in piece.sections]
        entries = [one for one in _entries(parts, titles) if not one.title.endswith("（续）")]
        pages = sum(part.pages for part in parts)
        front: list[Part] = []
        if pages > CONTENTS_FROM and len(entries) > 1:
            # Once to know how many pages it takes itself, then with the right numbers.
            length = self._contents(entries, 0).pages
            front = [self._contents(entries, length)]
            if front[0].pages != length:
                front = [self._contents(entries, front[0].pages)]
        before = sum(part.pages for part in front)
        stamps = typesetter.part(
            self.render("reports/page_numbers.html", pages=pages + before), tagged=False
        )
        marks = [Mark(one.title, one.page + before, one.top) for one in entries]
        links = {one.name: one.page + before for one in entries}
        typesetter.join(sink, [*front, *parts], stamps=stamps, marks=marks, links=links)
        return pages + before

    def _contents(self, entries: Sequence[_Entry], before: int) -> Part:
        return runtime().typesetter.part(
            self.render("reports/contents.html", entries=entries, before=before)
        )

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
