"""A report as XLSX (XlsxWriter): real figures and dates, everything else text."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import xlsxwriter

from portal import clock
from portal.reports.content import Cell, CellKind, Column, Content
from portal.reports.heading import Heading

SHEET_NAME = "报表"
_ROWS_MOST = 1_000_000  # a sheet has 1,048,576


def workbook(content: Content, heading: Heading, *, landscape: bool) -> bytes:
    """The content as a workbook of one sheet; the same content gives the same bytes."""
    file = io.BytesIO()
    made = xlsxwriter.Workbook(
        file,
        {
            "in_memory": True,
            "constant_memory": True,
            # Text is text: no formula, no link and no number is made of what people typed.
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    created = heading.as_of.astimezone(clock.BEIJING).replace(tzinfo=None, microsecond=0)
    made.set_properties({"title": heading.title, "author": heading.maker, "created": created})
    sheet = made.add_worksheet(SHEET_NAME)
    styles = _Styles(made)
    _set_up(sheet, content, heading, landscape=landscape)
    row = _write_head(sheet, styles, content, heading)
    first = row
    for section in content.sections:
        if section.title:
            sheet.write_string(row, 0, section.title, styles.section)
            row += 1
        for cells in section.rows:
            _write_row(sheet, row, content.columns, cells, styles.of)
            row += 1
        if section.total is not None:
            _write_row(sheet, row, content.columns, section.total, styles.total_of)
            row += 1
    if content.total is not None:
        _write_row(sheet, row, content.columns, content.total, styles.total_of)
        row += 1
    if not content.row_count:
        sheet.write_string(row, 0, content.empty, styles.plain)
        row += 1
    if not any(section.title for section in content.sections) and row > first:
        sheet.autofilter(first - 1, 0, row - 1, len(content.columns) - 1)
    for line in heading.foot:
        row += 1
        sheet.write_string(row, 0, line, styles.plain)
    made.close()
    return file.getvalue()


class _Styles:
    """The formats of a workbook, by kind of cell."""

    def __init__(self, made: Any) -> None:
        edge: dict[str, object] = {
            "border": 1,
            "font_name": "宋体",
            "font_size": 11,
            "valign": "vcenter",
        }
        formats: dict[CellKind, dict[str, object]] = {
            CellKind.TEXT: {"num_format": "@", "text_wrap": True},
            CellKind.PERSONAL: {"num_format": "@"},
            CellKind.NUMBER: {"num_format": "@"},
            CellKind.COUNT: {"num_format": "0", "align": "center"},
            CellKind.DAY: {"num_format": "yyyy-mm-dd", "align": "center"},
            CellKind.MONTH: {"num_format": "yyyy-mm", "align": "center"},
            CellKind.RATE: {"num_format": "0.0%", "align": "center"},
        }
        self.of = {kind: made.add_format(edge | how) for kind, how in formats.items()}
        self.total_of = {
            kind: made.add_format(edge | how | {"bold": True}) for kind, how in formats.items()
        }
        self.title = made.add_format(
            {"font_name": "宋体", "font_size": 18, "bold": True, "align": "center"}
        )
        self.plain = made.add_format({"font_name": "宋体", "font_size": 11})
        self.section = made.add_format({"font_name": "宋体", "font_size": 11, "bold": True})
        self.head = made.add_format(
            edge | {"bold": True, "align": "center", "text_wrap": True, "bg_color": "#F2F2F2"}
        )


def _set_up(sheet: Any, content: Content, heading: Heading, *, landscape: bool) -> None:
    """Paper, widths, what is repeated on each page."""
    sheet.set_paper(9)  # A4
    if landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.5, right=0.5, top=0.7, bottom=0.7)
    sheet.set_footer(f"&L{heading.code_words}&R第 &P 页 共 &N 页".replace("&L&", "&L"))
    share = 120 if landscape else 85
    whole = sum(column.width for column in content.columns)
    for place, column in enumerate(content.columns):
        sheet.set_column(place, place, max(6.0, round(share * column.width / whole, 1)))


def _write_head(sheet: Any, styles: _Styles, content: Content, heading: Heading) -> int:
    """Title, what it is about, facts, column heads; the row below, which stays in sight."""
    last = len(content.columns) - 1
    sheet.set_row(0, 30)
    sheet.merge_range(0, 0, 0, max(last, 1), heading.title, styles.title)
    row = 1
    for line in (heading.about, *(f"{fact.label}：{fact.text}" for fact in content.facts)):
        sheet.write_string(row, 0, line, styles.plain)
        row += 1
    top = row
    if any(column.over for column in content.columns):
        _write_over(sheet, styles, content.columns, row)
        row += 1
    for place, column in enumerate(content.columns):
        sheet.write_string(row, place, column.title, styles.head)
    sheet.repeat_rows(top, row)
    sheet.freeze_panes(row + 1, 0)
    return row + 1


def _write_over(sheet: Any, styles: _Styles, columns: tuple[Column, ...], row: int) -> None:
    start = 0
    for place in range(1, len(columns) + 1):
        if place < len(columns) and columns[place].over == columns[start].over:
            continue
        words = columns[start].over
        if place - start > 1 and words:
            sheet.merge_range(row, start, row, place - 1, words, styles.head)
        else:
            for one in range(start, place):
                sheet.write_string(row, one, words, styles.head)
        start = place


def _write_row(
    sheet: Any, row: int, columns: tuple[Column, ...], cells: tuple[Cell, ...], styles: Any
) -> None:
    for place, (column, cell) in enumerate(zip(columns, cells, strict=True)):
        style = styles[column.kind]
        if cell is None:
            sheet.write_blank(row, place, None, style)
        elif isinstance(cell, date):
            sheet.write_datetime(row, place, datetime(cell.year, cell.month, cell.day), style)
        elif isinstance(cell, int | float):
            sheet.write_number(row, place, cell, style)
        else:
            sheet.write_string(row, place, str(cell), style)
