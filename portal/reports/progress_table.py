"""1. 新发展团员电子数据库建设情况统计表: the columns of 工作进度, an organisation a row."""

from __future__ import annotations

from portal.reports.content import CellKind, Column, Content, Row, Section
from portal.reports.report import Option, Report, Subject
from portal.rules.organisations import OrganisationKind
from portal.rules.progress import Count, Counts
from portal.services import progress

RANKED, BUSY = "ranked", "busy"

_NUMBERS = "编号不规范"
_FORMS = "入团志愿书"
_OF_FORMS = (
    Count.NEW,
    Count.UPLOADED,
    Count.NOT_UPLOADED,
    Count.OVERDUE,
    Count.DUE_SOON,
    Count.LATE,
)


def build(subject: Subject, most: int | None) -> Content:
    """A row for each organisation right below; of a branch one row, itself."""
    organisation, asked = subject.organisation, subject.asked
    if organisation.kind is OrganisationKind.BRANCH:
        whole = progress.counts_of(organisation, asked.period)
        named = [(organisation.name, whole)]
    else:
        below = progress.children_progress(organisation, asked.period)
        whole = progress.total(below)
        named = [(row.name, row.counts) for row in below]
    ranks = _ranks([counts for _, counts in named]) if RANKED in asked.options else None
    rows: list[Row] = []
    for place, (name, counts) in enumerate(named):
        if BUSY in asked.options and not counts.asks_for_something:
            continue
        rank: Row = (ranks[place],) if ranks is not None else ()
        rows.append((len(rows) + 1, name, *_cells(counts), *rank))
    shown = tuple(rows if most is None else rows[:most])
    last: Row = (None,) if ranks is not None else ()
    return Content(
        columns=_columns(ranked=ranks is not None),
        sections=(Section(shown),),
        total=(None, "合计", *_cells(whole), *last),
        empty=f"{organisation.name}下面还没有组织。",
        whole=len(shown) == len(rows),
    )


def _columns(*, ranked: bool) -> tuple[Column, ...]:
    return (
        Column("place", "序号", CellKind.COUNT, 5),
        Column("name", "组织名称", width=27),
        *(Column(count.value, count.short, CellKind.COUNT, 6, _over(count)) for count in Count),
        Column("rate", "上传率", CellKind.RATE, 8, over=_FORMS),
        *((Column("rank", "名次", CellKind.COUNT, 5),) if ranked else ()),
    )


def _over(count: Count) -> str:
    return _FORMS if count in _OF_FORMS else _NUMBERS


def _cells(counts: Counts) -> Row:
    return (*(counts.of(count) for count in Count), counts.rate)


def _ranks(all_counts: list[Counts]) -> list[int | None]:
    """By upload rate, the highest first; equal ones share a place, and who has nobody has none."""
    rates = sorted((one.rate for one in all_counts if one.rate is not None), reverse=True)
    return [None if one.rate is None else rates.index(one.rate) + 1 for one in all_counts]


REPORT = Report(
    slug="progress",
    title="新发展团员电子数据库建设情况统计表",
    about="每个下级组织一行：编号不规范的各种情况，新发展团员《入团志愿书》上传、逾期和上传率。",
    build=build,
    landscape=True,
    options=(Option(RANKED, "按上传率排名次"), Option(BUSY, "只列有问题的组织")),
    notes=(
        *(f"{count.label}：{count.meaning}" for count in Count),
        "上传率：已上传 ÷ 新发展，不进位；没有新发展团员的不计算。",
    ),
)
