"""工作进度 · 不规范编号: what stands where below a committee, and the members behind each count.

The counts of all members come from the tallies; those of some joining months from the members, and
for the parts of the whole tree from the tallies of months. What depends on today's date is always
counted as of now. Count and list are made of one criterion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, bindparam, case, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from portal import clock
from portal.access import Action, Actor, in_subtree, members_for
from portal.models import Member, MonthTally, Organisation, Tally
from portal.rules.deadlines import SOON_DAYS
from portal.rules.irregular import Irregularity
from portal.rules.organisations import OrganisationKind
from portal.rules.progress import Count, Counts, Period
from portal.rules.text import parse_whole
from portal.services import organisations
from portal.services.member_rows import MEMBER_ROWS, MemberRow, rows_of
from portal.services.organisations import OPEN, per_node
from portal.services.transaction import reading

PAGE_ROWS = 50
_FAR_BACK, _FAR_AHEAD = date(1900, 1, 1), date(9999, 12, 31)

_TODAY = bindparam("today", type_=Date)
_SOON = bindparam("soon", type_=Date)
WITHOUT_FORM = and_(Member.is_new_member, ~Member.has_scan, Member.left_at.is_(None))
"""Who owes a form."""

CRITERIA: Mapping[Count, ColumnElement[bool]] = {
    Count.IRREGULAR: and_(Member.irregularity.is_not(None), Member.left_at.is_(None)),
    **{
        Count(kind.value): and_(Member.irregularity == kind, Member.left_at.is_(None))
        for kind in Irregularity
    },
    Count.NEW: and_(Member.is_new_member, Member.left_at.is_(None)),
    Count.UPLOADED: and_(Member.is_new_member, Member.has_scan, Member.left_at.is_(None)),
    Count.NOT_UPLOADED: WITHOUT_FORM,
    Count.OVERDUE: and_(WITHOUT_FORM, Member.due_date < _TODAY),
    Count.DUE_SOON: and_(WITHOUT_FORM, Member.due_date >= _TODAY, Member.due_date <= _SOON),
    Count.LATE: and_(
        Member.is_new_member, Member.has_scan, Member.scan_late, Member.left_at.is_(None)
    ),
}
"""Whom each count counts."""

_MANY = (Count.NEW, Count.UPLOADED)
"""What holds for so many members that a page of them is found wherever one begins to look."""


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """An organisation with the counts of its subtree."""

    id: int
    name: str
    kind_label: str
    is_branch: bool
    counts: Counts


@dataclass(frozen=True, slots=True)
class BehindRow:
    """A member behind a count, with where they are."""

    member: MemberRow
    branch_id: int
    branch_name: str


@dataclass(frozen=True, slots=True)
class BehindPage:
    """One page of the members behind a count; ``after`` opens the next one."""

    rows: tuple[BehindRow, ...]
    after: str | None


def find_organisation(actor: Actor, organisation_id: int | None) -> Organisation:
    """An organisation whose progress the actor may see. Raises ``NotFound``."""
    return organisations.find_organisation(actor, organisation_id, Action.VIEW_PROGRESS)


def children_progress(organisation: Organisation, period: Period) -> tuple[ProgressRow, ...]:
    """The organisations right below, in order of their making. A branch has none."""
    asked, connection = _statements(), reading()
    of = {"parent_id": organisation.id} | days_now()
    months = of | _months(period)
    if period and organisation.parent_id is not None:
        counted = {row[0]: Counts(*row[1:]) for row in connection.execute(asked.period, months)}
    else:
        tallies, due = (asked.months, asked.due_of_months) if period else (asked.tallies, asked.due)
        owed = {row[0]: row[1:] for row in connection.execute(due, months)}
        counted = {
            row[0]: Counts(*row[1:], *owed.get(row[0], (0, 0)))
            for row in connection.execute(tallies, months)
        }
    return tuple(
        ProgressRow(
            row.id,
            row.name,
            row.kind.label,
            row.kind is OrganisationKind.BRANCH,
            counted.get(row.id, Counts()),
        )
        for row in connection.execute(asked.nodes, of)
    )


def counts_of(organisation: Organisation, period: Period) -> Counts:
    """The counts of one organisation's subtree."""
    if organisation.kind is not OrganisationKind.BRANCH:
        return total(children_progress(organisation, period))
    sums = select(*_SUMS).where(Member.branch_id == organisation.id, *within_months(period))
    return Counts(*(value or 0 for value in reading().execute(sums, days_now()).one()))


def total(rows: tuple[ProgressRow, ...]) -> Counts:
    """The row of sums: a committee's counts are its children's together."""
    summed = Counts()
    for row in rows:
        summed = summed.plus(row.counts)
    return summed


def members_behind(
    actor: Actor, organisation: Organisation, count: Count, period: Period, after: str = ""
) -> BehindPage:
    """The members whom a count counts, by branch and name, a page at a time."""
    # Few are sorted by an expression that no index has: SQLite would else take the index that is in
    # the order of names, and read a whole city to find nobody (1,140 ms instead of 4).
    name = Member.pinyin if count in _MANY else Member.pinyin.concat("")
    # Which members first, in narrow rows; what is shown of them only for one page.
    wanted = (
        select(
            Member.id,
            Member.branch_id,
            Member.pinyin,
            Organisation.path,
            Organisation.name.label("branch"),
        )
        .join(Organisation, Organisation.id == Member.branch_id)
        .where(
            in_subtree(organisation.path),
            CRITERIA[count],
            *within_months(period),
        )
        .order_by(Organisation.path, name, Member.id)
        .limit(PAGE_ROWS + 1)
    )
    place = _parse_key(after)
    if place is not None:
        path, pinyin, member_id = place
        # The first part lets the index on paths begin there.
        wanted = wanted.where(
            Organisation.path >= path,
            or_(
                Organisation.path > path,
                tuple_(Member.pinyin, Member.id) > (pinyin, member_id),
            ),
        )
    chosen = list(reading().execute(wanted, days_now()))
    if not chosen:  # asked for nobody, the second statement would walk the whole subtree
        return BehindPage((), None)
    more = len(chosen) > PAGE_ROWS
    del chosen[PAGE_ROWS:]
    rows = _rows_by_id(actor, [one.id for one in chosen])
    found = [one for one in chosen if one.id in rows]
    last = chosen[-1]
    return BehindPage(
        tuple(BehindRow(rows[one.id], one.branch_id, one.branch) for one in found),
        f"{last.path}~{last.pinyin}~{last.id}" if more else None,
    )


def _rows_by_id(actor: Actor, member_ids: list[int]) -> dict[int, MemberRow]:
    query = MEMBER_ROWS.where(Member.id.in_(member_ids), members_for(actor, Action.VIEW_MEMBER))
    return {row.id: row for row in rows_of(actor, list(reading().execute(query)))}


def days_now() -> dict[str, date]:
    """What the criteria that depend on today are asked with."""
    today = clock.today()
    return {"today": today, "soon": today + timedelta(days=SOON_DAYS)}


def _months(period: Period) -> dict[str, date]:
    return {"first": period.first or _FAR_BACK, "last": period.last or _FAR_AHEAD}


def within_months(period: Period) -> tuple[ColumnElement[bool], ...]:
    """The criterion on ``Member`` for some joining months."""
    if not period:
        return ()
    months = _months(period)
    return (Member.joined >= months["first"], Member.joined <= months["last"])


def _parse_key(text: str) -> tuple[str, str, int] | None:
    """The place a page begins after; a key that nobody was given opens the first page."""
    path, _, rest = text.partition("~")
    pinyin, separator, member_id = rest.rpartition("~")
    place = parse_whole(member_id)
    return (path, pinyin, place) if separator and place is not None else None


_SUMS = tuple(
    func.sum(case((CRITERIA[Count(name)], 1), else_=0)).label(name) for name in Counts._fields
)


@dataclass(frozen=True, slots=True)
class _Statements:
    nodes: Any
    tallies: Any
    due: Any
    months: Any
    due_of_months: Any
    period: Any


@cache
def _statements() -> _Statements:
    """Put together once: that takes longer than SQLite takes to answer them."""
    which = and_(Organisation.parent_id == bindparam("parent_id"), OPEN)
    below = aliased(Organisation)
    within = (
        Member.joined >= bindparam("first", type_=Date),
        Member.joined <= bindparam("last", type_=Date),
    )
    # The months in the sums, not in the criterion: SQLite would else take the index on them, and
    # walk a whole city instead of those who owe a form (330 ms instead of 30).
    due, due_of_months = (
        per_node(
            which,
            below,
            select(
                Organisation.id,
                func.sum(case((and_(Member.due_date < _TODAY, *months), 1), else_=0)),
                func.sum(case((and_(Member.due_date >= _TODAY, *months), 1), else_=0)),
            ),
        )
        .join(Member, Member.branch_id == below.id)
        .where(WITHOUT_FORM, Member.due_date <= _SOON)
        for months in ((), within)
    )
    return _Statements(
        nodes=select(Organisation.id, Organisation.name, Organisation.kind)
        .where(which)
        .order_by(Organisation.id),
        tallies=per_node(which, below, select(Organisation.id, *_summed(Tally))).join(
            Tally, Tally.branch_id == below.id
        ),
        due=due,
        months=select(Organisation.id, *_summed(MonthTally))
        .join(MonthTally, MonthTally.part_id == Organisation.id)
        .where(
            which,
            MonthTally.joined >= bindparam("first", type_=Date),
            MonthTally.joined <= bindparam("last", type_=Date),
        )
        .group_by(Organisation.id),
        due_of_months=due_of_months,
        period=per_node(which, below, select(Organisation.id, *_SUMS))
        .join(Member, Member.branch_id == below.id)
        .where(*within),
    )


def _summed(model: type[Tally] | type[MonthTally]) -> tuple[ColumnElement[int], ...]:
    """The stored counts in the order of ``Counts``; what depends on today is not among them."""
    columns = model.__table__.c
    stored = (*(kind.value for kind in Irregularity), "new_members", "with_scan", "late")
    return tuple(func.sum(columns[name]) for name in stored)
