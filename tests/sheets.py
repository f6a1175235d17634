"""Sheets of organisations: good ones, and each way in which one can be wrong."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import openpyxl

from portal.rules.tree_rows import COLUMNS

GOOD: tuple[tuple[object, ...], ...] = (
    (1, None, "团区委", "东城区团区委"),
    (2, 1, "基层团委", "第一中学团委"),
    (3, 2, "团支部", "高一(1)班团支部"),
    (4, 1, "基层团委", "第二中学团委"),
    (5, 4, "团支部", "高一(1)班团支部"),
)


def sheet(
    rows: Iterable[Sequence[object]] = GOOD,
    head: Sequence[object] = COLUMNS,
    change: Callable[[Any, Any], object] = lambda _book, _sheet: None,
) -> bytes:
    """An .xlsx; ``change`` gets the book and its sheet before they are saved."""
    book = openpyxl.Workbook()
    page: Any = book.active
    page.append(list(head))
    for row in rows:
        page.append(list(row))
    change(book, page)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def with_part(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same file with one part of its ZIP changed, or added."""
    made = io.BytesIO()
    found = False
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", 8) as new:
        for part in old.infolist():
            data = old.read(part)
            if part.filename == name:
                data, found = change(data), True
            new.writestr(part.filename, data)
        if not found:
            new.writestr(name, change(b""))
    return made.getvalue()
