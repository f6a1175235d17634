"""A report as CSV: UTF-8 with a mark by which Excel knows it, no cell a formula."""

from __future__ import annotations

import csv
import io

from portal.reports.content import Cell, Column, Content
from portal.reports.heading import Heading
from portal.services.record_export import as_text


def sheet(content: Content, heading: Heading) -> bytes:
    """Column heads, rows, sums; the section of a row is its first column where there are any."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([heading.title])
    writer.writerow([heading.about])
    for fact in content.facts:
        writer.writerow([as_text(fact.label), as_text(fact.text)])
    divided = any(section.title for section in content.sections)
    before = ["分组"] if divided else []
    writer.writerow(before + [f"{column.over}{column.title}" for column in content.columns])
    for section in content.sections:
        of = [as_text(section.title)] if divided else []
        for row in section.rows:
            writer.writerow(of + _cells(content.columns, row))
        if section.total is not None:
            writer.writerow(of + _cells(content.columns, section.total))
    if content.total is not None:
        writer.writerow([""] * divided + _cells(content.columns, content.total))
    if not content.row_count:
        writer.writerow([content.empty])
    for line in heading.foot:
        writer.writerow([as_text(line)])
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8")


def _cells(columns: tuple[Column, ...], row: tuple[Cell, ...]) -> list[str]:
    return [as_text(column.kind.words(cell)) for column, cell in zip(columns, row, strict=True)]
