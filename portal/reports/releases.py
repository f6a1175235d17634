"""6. 编号解除占用记录: which numbers were to be released, why, and what became of it."""

from __future__ import annotations

from portal import clock
from portal.reports.content import CellKind, Column, Content, Fact, Row, Section
from portal.reports.report import Report, Subject
from portal.services.release_lists import STATE_WORDS
from portal.services.release_rows import ReleaseLine, release_counts, release_lines

COLUMNS = (
    Column("place", "序号", CellKind.COUNT, 5),
    Column("asked", "申请日期", CellKind.DAY, 11),
    Column("name", "姓名", width=8),
    Column("branch", "团支部", width=19),
    Column("number", "原编号", CellKind.NUMBER, 14),
    Column("now", "现编号", CellKind.NUMBER, 14),
    Column("reason", "理由", width=16),
    Column("state", "处理", width=7),
    Column("answer", "处理意见", width=14),
    Column("decided", "处理日期", CellKind.DAY, 11),
    Column("by", "办理人", width=12),
)


def build(subject: Subject, most: int | None) -> Content:
    """One list, the oldest request first."""
    organisation, period = subject.organisation, subject.asked.period
    counts = release_counts(subject.actor, organisation, period)
    lines = release_lines(subject.actor, organisation, period, most=most)
    rows = tuple(_row(place, line) for place, line in enumerate(lines, 1))
    return Content(
        columns=COLUMNS,
        sections=(Section(rows),),
        facts=(
            Fact("申请", f"{sum(counts.values())} 件"),
            *(Fact(STATE_WORDS[state], f"{count} 件") for state, count in counts.items()),
        ),
        empty="这段时间没有解除编号占用的申请和记录。",
        whole=len(rows) == sum(counts.values()),
    )


def _row(place: int, line: ReleaseLine) -> Row:
    return (
        place,
        clock.day_of(line.asked_at),
        line.name,
        line.place,
        line.number,
        line.number_now,
        line.reason,
        STATE_WORDS[line.state],
        line.answer,
        clock.day_of(line.decided_at) if line.decided_at else None,
        line.decided_by,
    )


REPORT = Report(
    slug="releases",
    title="编号解除占用记录",
    about="按申请日期列出解除编号占用的申请：原编号、现编号、理由、处理意见和办理人。",
    build=build,
    landscape=True,
    month_name="申请年月",
)
