"""A report in parts: each row in one of them, and a table of contents that leads to where it says."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as some
from pypdf import PdfReader

from portal.reports.content import CellKind, Column, Content, Section
from portal.reports.document import Document
from portal.reports.heading import Heading
from portal.reports.registry import find_report
from portal.runtime import runtime
from portal.typesetting.typesetter import InMemory, Typesetter

COLUMNS = tuple(Column(name, name, CellKind.TEXT, 20) for name in ("姓名", "编号"))


def content_of(*sizes: int, title: str = "第{}支部") -> Content:
    """Sections of so many rows."""
    return Content(
        COLUMNS,
        tuple(
            Section(
                tuple((f"{place}-{row}", "2026") for row in range(size)),
                title.format(place),
                ("小计", str(size)),
            )
            for place, size in enumerate(sizes)
        ),
    )


@given(some.lists(some.integers(0, 60), max_size=40), some.integers(1, 12))
def test_each_row_stands_once_and_in_order_under_its_own_head(sizes: list[int], count: int) -> None:
    whole = content_of(*sizes)
    parts = list(whole.parts(count))
    sections = [section for part in parts for section in part.sections]
    assert 1 <= len(parts) <= count
    assert [row for one in sections for row in one.rows] == [
        row for one in whole.sections for row in one.rows
    ]
    begun = [one for one in sections if not one.title.endswith("（续）")]
    assert [one.title for one in begun] == [one.title for one in whole.sections]
    assert [one.total for one in sections if one.total] == [one.total for one in whole.sections]
    for one in sections:
        assert all(one.title.startswith(f"第{row[0].partition('-')[0]}支部") for row in one.rows)
    even = whole.row_count / count
    assert all(part.row_count <= even * 1.25 + 2 for part in parts)


def test_it_is_cut_between_sections_where_one_ends_near() -> None:
    parts = list(content_of(*[40] * 50).parts(6))
    assert [part.row_count for part in parts] == [320, 360, 320, 320, 360, 320]
    assert not any("（续）" in one.title for part in parts for one in part.sections)


@pytest.mark.parametrize("title", ["第{}支部", "第{}" + "很长的名称" * 30])
def test_the_contents_name_the_pages_on_which_sections_begin(
    app: Flask, monkeypatch: pytest.MonkeyPatch, title: str
) -> None:
    """Also where each line takes several, so that it has more pages than was reckoned."""
    asked: list[str] = []
    typeset = Typesetter.part

    def counted(self: Typesetter, html: str, *, tagged: bool = True) -> object:
        asked.append(html)
        return typeset(self, html, tagged=tagged)

    monkeypatch.setattr(Typesetter, "part", counted)
    with app.app_context():
        report = find_report("missing")
        heading = Heading(
            title=report.title,
            organisation="第一中学团委",
            period="",
            as_of=datetime(2026, 11, 1, tzinfo=UTC),
            maker="张明",
            code="7K3MQ2XW9HTA",
            content_sha256=bytes(32),
        )
        document = Document(report, content_of(*[12] * 30, title=title), heading)
        parts = [runtime().typesetter.part(piece.html()) for piece in document.parts()]
        assert len(parts) == 2
        asked.clear()
        sink = InMemory()
        pages = document.join(parts, sink)
    rounds = 1 if title == "第{}支部" else 2
    assert sum("目　录" in html for html in asked) == rounds
    made = PdfReader(io.BytesIO(bytes(sink.content)))
    texts = [re.sub(r"\s", "", page.extract_text()) for page in made.pages]
    assert len(texts) == pages
    assert all(f"第{place}页共{pages}页" in text for place, text in enumerate(texts, 1))
    front = pages - sum(part.pages for part in parts)
    contents = "".join(re.sub(r"第\d+页.*", "", text) for text in texts[:front])
    for place in range(30):
        name = title.format(place)
        page = next(
            number for number, text in enumerate(texts, 1) if number > front and name in text
        )
        assert f"{name}{page}" in contents
        marked = made.outline[place]
        assert made.get_destination_page_number(marked) == page - 1  # type: ignore[arg-type]
