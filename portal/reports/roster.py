"""4. 新发展团员花名册: the new members in the order of their numbers, with what is missing."""

from __future__ import annotations

from sqlalchemy import func

from portal.models import Member
from portal.reports.content import CellKind, Column, Content, Fact, Row, Section, subtotal
from portal.reports.report import Report, Subject
from portal.rules.member_number import MemberNumber, group_number
from portal.rules.organisations import OrganisationKind
from portal.rules.progress import Count
from portal.services.progress import counts_of
from portal.services.report_rows import members_behind_count

PREFIX_DIGITS = 7
"""What a sequence of numbers has in common: the guide's 2020110."""

WITHOUT = "没有编号"
_LAST = "~"  # behind every digit


def build(subject: Subject, most: int | None) -> Content:
    """A section a prefix; who holds no number now comes last."""
    is_branch = subject.organisation.kind is OrganisationKind.BRANCH
    whole = counts_of(subject.organisation, subject.asked.period).new
    lines = members_behind_count(
        subject.actor,
        subject.organisation,
        Count.NEW,
        subject.asked.period,
        order=(func.coalesce(Member.number, _LAST),),
        unmasked=subject.asked.unmasked,
        most=most,
    )
    columns = _columns(with_branch=not is_branch)
    sections: list[Section] = []
    rows: list[Row] = []
    title, before, gaps, listed = "", None, 0, 0
    for line in lines:
        listed += 1
        prefix = line.number[:PREFIX_DIGITS] if line.number else WITHOUT
        if prefix != title and rows:
            sections.append(Section(tuple(rows), _head(title), subtotal(columns, len(rows))))
            rows = []
        missing = _missing(before, line.number) if prefix == title else None
        gaps += missing[2] if missing else 0
        title, before = prefix, line.number
        rows.append(
            (
                len(rows) + 1,
                line.name,
                line.sex.label,
                line.id_number,
                line.number,
                line.joined,
                line.approved_on,
                "已上传" if line.has_scan else "未上传",
                *(() if is_branch else (line.place,)),
                _gap_words(missing),
            )
        )
    if rows:
        sections.append(Section(tuple(rows), _head(title), subtotal(columns, len(rows))))
    facts = [Fact("新发展团员人数", str(whole))]
    if listed == whole:
        facts.append(Fact("缺号", f"{gaps} 个"))
    return Content(
        columns=columns,
        sections=tuple(sections),
        facts=tuple(facts),
        empty="没有新发展团员：2020 年以后入团、编号在分配号段内的团员会列在这里。",
        whole=listed == whole,
    )


def _columns(*, with_branch: bool) -> tuple[Column, ...]:
    return (
        Column("place", "序号", CellKind.COUNT, 5),
        Column("name", "姓名", width=11),
        Column("sex", "性别", width=5),
        Column("id_number", "身份证号", CellKind.PERSONAL, 18),
        Column("number", "团员编号", CellKind.NUMBER, 14),
        Column("joined", "入团年月", CellKind.MONTH, 9),
        Column("approved", "审批同意日期", CellKind.DAY, 12),
        Column("scan", "志愿书", width=8),
        *((Column("branch", "团支部", width=28),) if with_branch else ()),
        Column("gap", "备注", width=20),
    )


def _head(title: str) -> str:
    return title if title == WITHOUT else f"号段 {title}"


def _missing(before: str | None, number: str | None) -> tuple[str, str, int] | None:
    """First, last and how many numbers there are between two that follow each other."""
    first, last = (MemberNumber.parse(one or "") for one in (before, number))
    if first is None or last is None or int(last.text) - int(first.text) < 2:
        return None
    between = range(int(first.text) + 1, int(last.text))
    return str(between[0]), str(between[-1]), len(between)


def _gap_words(missing: tuple[str, str, int] | None) -> str:
    if missing is None:
        return ""
    first, last, count = missing
    if count == 1:
        return f"前面缺 {group_number(first)}"
    return f"前面缺 {group_number(first)} 至 {group_number(last)}，{count} 个"


REPORT = Report(
    slug="roster",
    title="新发展团员花名册",
    about="按编号顺序列出新发展团员；号段中间缺的编号在备注里标明。",
    build=build,
    landscape=True,
    personal=True,
    notes=("缺号：同一号段内，前后两个编号之间没有由本单位团员占用的编号，可能属于其他单位。",),
)
