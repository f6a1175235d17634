"""7. 支部电子档案目录: one branch's cover and index, with the forms behind them if asked for."""

from __future__ import annotations

from typing import Any

from portal import clock
from portal.errors import PortalError
from portal.reports.content import FORMS, CellKind, Column, Content, Fact, Row, Section
from portal.reports.report import Option, Report, Subject
from portal.services.archive_rows import ArchiveLine, archive_lines
from portal.services.organisations import ancestors_of, path_text
from portal.services.progress import counts_of

WITH_FORMS = "forms"  # the option
MOST_PAGES = 600
"""Pages of forms in one file; a printer's tray has 500."""

COLUMNS = (
    Column("place", "序号", CellKind.COUNT, 6),
    Column("name", "姓名", width=15),
    Column("number", "团员编号", CellKind.NUMBER, 17),
    Column("joined", "入团年月", CellKind.MONTH, 10),
    Column("approved", "审批同意日期", CellKind.DAY, 15),
    Column("pages", "志愿书页数", CellKind.COUNT, 8),
    Column("uploaded", "上传日期", CellKind.DAY, 13),
    Column("said", "检查结果", width=12),
)


class TooManyPages(PortalError):
    """More pages of forms than one file may have."""

    status = 422

    def __init__(self, pages: int) -> None:
        super().__init__(
            f"要附的《入团志愿书》共 {pages} 页，一份最多附 {MOST_PAGES} 页。"
            "请填写入团年月，分几份生成；或者不附扫描件。"
        )


def build(subject: Subject, most: int | None) -> Content:
    """A row a member; ``extra`` says which forms are bound behind them. Raises ``TooManyPages``."""
    asked, branch = subject.asked, subject.organisation
    lines = archive_lines(subject.actor, branch, asked.period)
    counts = counts_of(branch, asked.period)
    forms = [line.form for line in lines if line.form is not None]
    pages = sum(form.pages for form in forms)
    extra: dict[str, Any] = {"path": path_text(ancestors_of(branch.path))}
    if WITH_FORMS in asked.options and forms:
        if pages > MOST_PAGES:
            raise TooManyPages(pages)
        extra[FORMS] = [
            [place, line.member_id, line.form.scan_id, line.form.pages]
            for place, line in enumerate(lines)
            if line.form is not None
        ]
    shown = lines if most is None else lines[:most]
    return Content(
        columns=COLUMNS,
        sections=(Section(tuple(_row(place, line) for place, line in enumerate(shown, 1))),),
        facts=(
            Fact("团员", f"{len(lines)} 人"),
            Fact("新发展团员", f"{counts.new} 人"),
            Fact("已上传《入团志愿书》", f"{counts.uploaded} 人"),
            Fact("未上传", f"{counts.not_uploaded} 人"),
            Fact("电子版《入团志愿书》", f"{len(forms)} 份 {pages} 页"),
        ),
        empty="这个支部还没有团员，或者所选入团年月内没有团员。",
        extra=extra,
        whole=len(shown) == len(lines),
    )


def _row(place: int, line: ArchiveLine) -> Row:
    about = (place, line.name, line.number, line.joined, line.approved_on)
    if line.form is None:
        return (*about, None, None, "未上传" if line.is_new_member else "不需要")
    form = line.form
    return (*about, form.pages, clock.day_of(form.uploaded_at), form.said)


REPORT = Report(
    slug="archive",
    title="支部电子档案目录",
    about="一个支部的封面和目录，按团员编号排列；可以附上每名团员的《入团志愿书》，合成一份 PDF。",
    build=build,
    only_branches=True,
    options=(Option(WITH_FORMS, "附《入团志愿书》扫描件（PDF 里，取得情况记入每名团员的记录）"),),
    template="reports/archive.html",
    notes=("不需要：不是新发展团员，不需要上传电子版《入团志愿书》。",),
)
