"""What a report says, in no format: columns, sections of rows, sums. Every format says the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import accumulate, groupby, pairwise
from typing import Any, Protocol, Self, TypeVar

from portal.rules.deadlines import format_month
from portal.rules.member_number import group_number
from portal.rules.progress import format_rate

FORMS = "forms"
"""In ``Content.extra``: the forms that are bound behind the rows."""

Cell = str | int | float | date | None
Row = tuple[Cell, ...]


class CellKind(StrEnum):
    """What a column holds, and by that how each format writes it."""

    TEXT = "text"
    COUNT = "count"
    DAY = "day"
    MONTH = "month"  # a day, the month's first
    RATE = "rate"  # a part of one
    NUMBER = "number"  # of a member: text in every format, never a figure
    PERSONAL = "personal"  # text that is masked unless asked for

    def words(self, cell: Cell) -> str:
        """A cell as people read it."""
        if cell is None:
            return "—" if self is CellKind.RATE else ""
        match self:
            case CellKind.DAY:
                return cell.isoformat() if isinstance(cell, date) else str(cell)
            case CellKind.MONTH:
                return format_month(cell) if isinstance(cell, date) else str(cell)
            case CellKind.RATE:
                return format_rate(float(cell)) if isinstance(cell, int | float) else str(cell)
            case CellKind.NUMBER:
                return group_number(str(cell))
        return str(cell)


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``width`` is its share of the table; ``over`` the head above it and others."""

    key: str
    title: str
    kind: CellKind = CellKind.TEXT
    width: int = 10
    over: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together, with their head and their sum. A report has one without a title
    where nothing is to be divided."""

    rows: tuple[Row, ...]
    title: str = ""
    total: Row | None = None

    def between(self, start: int, stop: int) -> Section:
        """Its rows from ``start`` to before ``stop``, both of them perhaps beyond its own."""
        return Section(
            self.rows[max(0, start) : stop],
            f"{self.title}（续）" if self.title and start > 0 else self.title,
            self.total if stop >= len(self.rows) else None,
        )


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure or a sentence beside the table."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Content:
    """All that a report says. ``whole`` is false where rows were left out: a preview."""

    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    total: Row | None = None
    facts: tuple[Fact, ...] = ()
    empty: str = ""  # the sentence where there is nothing
    extra: dict[str, Any] = field(default_factory=dict)  # what one report's own page needs, in JSON
    public: tuple[Fact, ...] = ()  # what /verify tells anybody, where the facts are one person's
    whole: bool = True

    @property
    def row_count(self) -> int:
        """Rows of all sections."""
        return sum(len(section.rows) for section in self.sections)

    @property
    def forms(self) -> list[tuple[int, int, int, int]]:
        """The forms that are bound behind the rows: row from 0, member, scan, pages."""
        return [
            (row, member, scan, pages) for row, member, scan, pages in self.extra.get(FORMS, ())
        ]

    @property
    def head_groups(self) -> list[tuple[str, list[tuple[int, Column]]]]:
        """The columns with their places, by the head above them."""
        numbered = enumerate(self.columns)
        return [(over, list(some)) for over, some in groupby(numbered, lambda one: one[1].over)]

    @property
    def totals(self) -> list[list[str]]:
        """The sums as label and text: what /verify shows beside the paper."""
        if self.public:
            return [[fact.label, fact.text] for fact in self.public]
        named = [[fact.label, fact.text] for fact in self.facts]
        if self.total is not None:
            named += [
                [f"{column.over}{column.title}", column.kind.words(cell)]
                for column, cell in zip(self.columns, self.total, strict=True)
                if column.kind in (CellKind.COUNT, CellKind.RATE)
            ]
        return [["行数", str(self.row_count)], *named]

    def to_json(self) -> dict[str, Any]:
        """As it is kept, and hashed."""
        return {
            "columns": [
                [one.key, one.title, one.kind.value, one.width, one.over] for one in self.columns
            ],
            "sections": [
                {
                    "title": one.title,
                    "rows": [_plain_row(row) for row in one.rows],
                    "total": one.total and _plain_row(one.total),
                }
                for one in self.sections
            ],
            "total": self.total and _plain_row(self.total),
            "facts": [[one.label, one.text] for one in self.facts],
            "empty": self.empty,
            "extra": self.extra,
            "public": [[one.label, one.text] for one in self.public],
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Self:
        """What was kept."""
        columns = tuple(
            Column(key, title, CellKind(kind), width, over)
            for key, title, kind, width, over in plain["columns"]
        )
        days = [column.kind in (CellKind.DAY, CellKind.MONTH) for column in columns]

        def row(cells: list[Any] | None) -> Row | None:
            if cells is None:
                return None
            return tuple(
                _day(cell) if is_day else cell for cell, is_day in zip(cells, days, strict=True)
            )

        return cls(
            columns=columns,
            sections=tuple(
                Section(
                    tuple(row(one) or () for one in part["rows"]), part["title"], row(part["total"])
                )
                for part in plain["sections"]
            ),
            total=row(plain["total"]),
            facts=tuple(Fact(*one) for one in plain["facts"]),
            empty=plain["empty"],
            extra=plain["extra"],
            public=tuple(Fact(*one) for one in plain["public"]),
        )

    def sha256(self, about: str) -> bytes:
        """The hash of all that it says of ``about`` (report, organisation, period): 32 bytes."""
        text = json.dumps(
            [about, self.to_json()], ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).digest()

    def without_cut_sums(self) -> Self:
        """Without the sum of a section whose last rows were left out."""
        if self.whole or not self.sections:
            return self
        return replace(self, sections=(*self.sections[:-1], replace(self.sections[-1], total=None)))

    def parts(self, count: int) -> Iterator[Content]:
        """The same in ``count`` parts of about as many rows, or fewer.

        They are cut between sections where one ends near, so that few are continued.
        """
        ends = [0, *accumulate(len(section.rows) for section in self.sections)]
        rows = ends[-1]
        cuts = set()
        for place in range(1, count):
            even = place * rows // count
            nearest = min(ends, key=lambda end: abs(end - even))
            cuts.add(nearest if abs(nearest - even) <= rows // count // 8 else even)
        for start, stop in pairwise([0, *sorted(cuts - {0, rows}), rows]):
            sections = (
                section.between(start - begin, stop - begin)
                for section, begin, end in zip(self.sections, ends, ends[1:], strict=False)
                if (begin < stop or stop == rows) and (start < end or start == begin == end)
            )
            yield replace(self, sections=tuple(sections))


def subtotal(columns: tuple[Column, ...], members: int) -> Row:
    """The last row of a section that lists members."""
    return (None, f"小计 {members} 人", *(None for _ in columns[2:]))


class _OfBranch(Protocol):
    """A line that says whose it is."""

    @property
    def branch_id(self) -> int: ...

    @property
    def place(self) -> str: ...


Line = TypeVar("Line", bound=_OfBranch)


def branch_sections(
    columns: tuple[Column, ...], lines: Iterable[Line], row: Callable[[int, Line], Row]
) -> tuple[Section, ...]:
    """A section a branch, with its sum, of lines that come branch by branch; rows count from 1."""
    sections = []
    for _, some in groupby(lines, key=lambda line: line.branch_id):
        of_branch = list(some)
        rows = tuple(row(place, line) for place, line in enumerate(of_branch, 1))
        sections.append(Section(rows, of_branch[0].place, subtotal(columns, len(rows))))
    return tuple(sections)


def _plain_row(row: Row) -> list[Any]:
    return [cell.isoformat() if isinstance(cell, date) else cell for cell in row]


def _day(cell: Any) -> Cell:
    if not isinstance(cell, str):
        return None
    try:
        return date.fromisoformat(cell)
    except ValueError:
        return cell
