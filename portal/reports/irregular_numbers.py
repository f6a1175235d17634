"""3. 不规范编号明细表: whose number is irregular, by kind, with the rule and what to do."""

from __future__ import annotations

from portal.reports.content import CellKind, Column, Content, Fact, Row, Section, subtotal
from portal.reports.report import Report, Subject
from portal.rules.irregular import Irregularity
from portal.rules.progress import Count
from portal.services.progress import counts_of
from portal.services.report_rows import MemberLine, members_behind_count

COLUMNS = (
    Column("place", "序号", CellKind.COUNT, 6),
    Column("name", "姓名", width=14),
    Column("number", "团员编号", CellKind.NUMBER, 17),
    Column("joined", "入团年月", CellKind.MONTH, 11),
    Column("branch", "团支部", width=52),
)


def build(subject: Subject, most: int | None) -> Content:
    """A section a kind, the most fundamental first."""
    counts = counts_of(subject.organisation, subject.asked.period)
    sections: list[Section] = []
    left = most
    for kind in Irregularity:
        wanted = counts.of(Count(kind.value))
        if not wanted or left == 0:
            continue
        lines = members_behind_count(
            subject.actor,
            subject.organisation,
            Count(kind.value),
            subject.asked.period,
            most=left,
        )
        rows = tuple(_row(place, line) for place, line in enumerate(lines, 1))
        if rows:
            title = f"{kind.label}（{wanted} 人）：{kind.explanation}"
            sections.append(Section(rows, title, subtotal(COLUMNS, len(rows))))
        if left is not None:
            left -= len(rows)
    listed = sum(len(section.rows) for section in sections)
    return Content(
        columns=COLUMNS,
        sections=tuple(sections),
        facts=(
            Fact("编号不规范人数", str(counts.irregular)),
            *(Fact(kind.label, str(counts.of(Count(kind.value)))) for kind in Irregularity),
        ),
        empty="没有不规范的编号。",
        whole=listed == counts.irregular,
    )


def _row(place: int, line: MemberLine) -> Row:
    return (place, line.name, line.number, line.joined, line.place)


REPORT = Report(
    slug="irregular",
    title="不规范编号明细表",
    about="按不规范的种类列出团员和编号，写明规则和更正办法。",
    build=build,
)
