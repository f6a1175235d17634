"""5. 入团志愿书检查情况: of each uploaded form what a check said, and whether it was answered."""

from __future__ import annotations

from portal import clock
from portal.reports.content import CellKind, Column, Content, Fact, Row, branch_sections
from portal.reports.report import Option, Report, Subject
from portal.services.check_rows import Checked, CheckLine, check_counts, check_lines

FAULTY_ONLY = "faulty"

COLUMNS = (
    Column("place", "序号", CellKind.COUNT, 5),
    Column("name", "姓名", width=11),
    Column("number", "团员编号", CellKind.NUMBER, 14),
    Column("uploaded", "上传日期", CellKind.DAY, 11),
    Column("state", "检查结果", width=17),
    Column("faults", "存在问题", width=26),
    Column("by", "检查单位", width=17),
    Column("checked", "检查日期", CellKind.DAY, 11),
)


def build(subject: Subject, most: int | None) -> Content:
    """A section a branch."""
    asked = subject.asked
    faulty_only = FAULTY_ONLY in asked.options
    counts = check_counts(subject.actor, subject.organisation, asked.period)
    lines = check_lines(
        subject.actor, subject.organisation, asked.period, faulty_only=faulty_only, most=most
    )
    sections = branch_sections(COLUMNS, lines, _row)
    wanted = (Checked.FAULTY, Checked.ANSWERED) if faulty_only else tuple(Checked)
    return Content(
        columns=COLUMNS,
        sections=sections,
        facts=(
            Fact("已上传", str(sum(counts.values()))),
            *(Fact(state.label, str(count)) for state, count in counts.items()),
        ),
        empty="没有检查出问题的志愿书。" if faulty_only else "还没有上传的《入团志愿书》。",
        whole=sum(len(section.rows) for section in sections)
        == sum(counts[state] for state in wanted),
    )


def _row(number: int, line: CheckLine) -> Row:
    faults = ""
    if line.verdict is not None and line.verdict.faults:
        faults = "；".join(filter(None, (line.verdict.words, line.verdict.remark)))
    return (
        number,
        line.name,
        line.number,
        clock.day_of(line.uploaded_at),
        line.state.label,
        faults,
        line.checked_by,
        clock.day_of(line.checked_at) if line.checked_at else None,
    )


REPORT = Report(
    slug="checks",
    title="入团志愿书检查情况",
    about="按支部列出每份已上传《入团志愿书》的检查结果、存在的问题，以及支部是否已重新上传。",
    build=build,
    landscape=True,
    options=(Option(FAULTY_ONLY, "只列检查出问题的"),),
    notes=("已重新上传，待检查：原来的文件检查不合格，支部已上传新文件，所列问题是原文件的。",),
)
