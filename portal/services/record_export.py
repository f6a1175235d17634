"""A search of the record as a file: CSV, with its SHA-256 on record."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

from portal.access import Action, Actor, require
from portal.clock import format_second
from portal.services import audit
from portal.services.record_search import Line, Search, search
from portal.services.record_told import hide_personal
from portal.services.transaction import writing

ROWS = 5000
"""Lines of one file; more are asked for day by day."""
STEP = 500
HEAD = ("序号", "时间（北京）", "组织", "办理人", "来自", "做了什么")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Export:
    """A file that can be taken; ``until`` is the id of its newest line, 0: it has none."""

    content: bytes
    rows: int
    more: bool  # the search finds further, older lines
    until: int
    cut: tuple[str, ...] = ()  # fields whose word stands for more than was looked for

    @property
    def sha256(self) -> str:
        """What the file is recognised by."""
        return hashlib.sha256(self.content).hexdigest()


def make_export(actor: Actor, asked: Search, *, until: int | None = None) -> Export:
    """The newest lines of a search as CSV; the same again when asked ``until`` the same line.

    The words are today's: after a member or an organisation was renamed it is another file.
    """
    require(actor, Action.EXPORT_RECORD)
    lines: list[Line] = []
    cut: tuple[str, ...] = ()
    before = None if until is None else until + 1
    while len(lines) < ROWS:
        page = search(actor, asked, before=before, rows=STEP)
        lines += page.lines
        before, cut = page.before, page.cut
        if before is None:
            break
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEAD)
    writer.writerows(_cells(line) for line in lines)
    # The mark lets Excel read it as UTF-8.
    content = b"\xef\xbb\xbf" + text.getvalue().encode("utf-8")
    return Export(content, len(lines), before is not None, lines[0].id if lines else 0, cut)


def record_export(actor: Actor, export: Export, asked: Search) -> None:
    """Put on record who took which lines out of the portal."""
    with writing():
        audit.record(
            actor,
            audit.Event.RECORD_EXPORTED,
            rows=export.rows,
            sha256=export.sha256,
            until=export.until,
            asked=conditions(asked),
        )


def conditions(asked: Search) -> str:
    """What was looked for, in words; what looks like an ID number or a phone is hidden."""
    parts = {
        "办理人": asked.person,
        "组织": asked.organisation,
        "团员": asked.member,
        "类别": asked.kind.label if asked.kind else "",
        "从": asked.first.isoformat() if asked.first else "",
        "至": asked.last.isoformat() if asked.last else "",
    }
    named = [f"{name} {value}" for name, value in parts.items() if value]
    return hide_personal("，".join(named)) or "全部"


def as_text(cell: str) -> str:
    """A cell that is no formula to the program that opens the file."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _cells(line: Line) -> Iterator[str]:
    """The cells of a line; none is a formula to the program that opens the file."""
    at = format_second(line.at)
    for cell in (str(line.id), at, line.place, line.person, line.address, line.words):
        yield as_text(cell)
