"""2. 未上传入团志愿书名单: who owes a form, by branch, with the due date and the days left."""

from __future__ import annotations

from datetime import date

from portal import clock
from portal.reports.content import CellKind, Column, Content, Fact, Row, branch_sections
from portal.reports.report import Option, Report, Subject
from portal.rules.deadlines import deadline
from portal.rules.progress import Count
from portal.services.progress import counts_of
from portal.services.report_rows import MemberLine, members_behind_count

OVERDUE_ONLY = "overdue"

COLUMNS = (
    Column("place", "序号", CellKind.COUNT, 5),
    Column("name", "姓名", width=12),
    Column("sex", "性别", width=5),
    Column("id_number", "身份证号", CellKind.PERSONAL, 19),
    Column("number", "团员编号", CellKind.NUMBER, 15),
    Column("joined", "入团年月", CellKind.MONTH, 9),
    Column("approved", "审批同意日期", CellKind.DAY, 12),
    Column("due", "上传期限", CellKind.DAY, 12),
    Column("days", "期限情况", width=13),
)


def build(subject: Subject, most: int | None) -> Content:
    """A section a branch."""
    asked, today = subject.asked, clock.today()
    count = Count.OVERDUE if OVERDUE_ONLY in asked.options else Count.NOT_UPLOADED
    whole = counts_of(subject.organisation, asked.period)
    lines = members_behind_count(
        subject.actor,
        subject.organisation,
        count,
        asked.period,
        unmasked=asked.unmasked,
        most=most,
    )
    sections = branch_sections(COLUMNS, lines, lambda place, line: _row(place, line, today))
    return Content(
        columns=COLUMNS,
        sections=sections,
        facts=(Fact(f"{count.label}人数", str(whole.of(count))),),
        empty="没有未上传的团员：新发展团员的《入团志愿书》都已上传。",
        whole=sum(len(section.rows) for section in sections) == whole.of(count),
    )


def _row(place: int, line: MemberLine, today: date) -> Row:
    return (
        place,
        line.name,
        line.sex.label,
        line.id_number,
        line.number,
        line.joined,
        line.approved_on,
        line.due_date,
        deadline(line.due_date, today).words if line.due_date else "没有填审批日期",
    )


REPORT = Report(
    slug="missing",
    title="未上传入团志愿书名单",
    about="按支部列出还没有上传《入团志愿书》的新发展团员，写明上传期限和剩余或逾期天数。",
    build=build,
    landscape=True,
    personal=True,
    options=(Option(OVERDUE_ONLY, "只列已逾期的"),),
    notes=("上传期限：上级团委审批同意之日起 30 日内，当日计入。",),
)
