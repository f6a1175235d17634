"""What 一页简报 says of a month: how an organisation stands, what was done, where it is worst."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select

from portal import clock
from portal.access import in_subtree
from portal.models import (
    Member,
    NumberRelease,
    Organisation,
    ProgressDay,
    ReleaseState,
    ScanCheck,
    Tally,
)
from portal.rules.irregular import Irregularity
from portal.rules.organisations import OrganisationKind
from portal.rules.progress import Counts, Period
from portal.services import progress_days
from portal.services.organisations import OPEN
from portal.services.progress import WITHOUT_FORM, counts_of
from portal.services.report_rows import Places
from portal.services.transaction import reading

_KINDS = tuple(kind.value for kind in Irregularity)


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in Beijing, up to ``until``; ``is_over``: all of it."""

    first: date
    until: date
    is_over: bool

    @property
    def before(self) -> Month:
        """The whole month before it."""
        last = self.first - timedelta(days=1)
        return Month(last.replace(day=1), last, is_over=True)


@dataclass(frozen=True, slots=True)
class Standing:
    """The counts at the month's end, or now; checks and releases are the month's own."""

    counts: Counts
    checks: int
    releases: int


@dataclass(frozen=True, slots=True)
class WorstBranch:
    """A branch with its counts; ``place`` is the path below the organisation."""

    place: str
    counts: Counts


def this_month() -> Month:
    """The month that runs."""
    today = clock.today()
    return Month(today.replace(day=1), today, is_over=False)


def standing(organisation: Organisation, month: Month) -> Standing | None:
    """How an organisation's subtree stands; None: the days were not kept yet."""
    if month.is_over:
        kept_since = progress_days.first_day()
        if kept_since is None or kept_since > month.until:
            return None
        counts = progress_days.counts_as_of(organisation.id, month.until)
    else:
        counts = counts_of(organisation, Period())
    checks = _of_month(ScanCheck, ScanCheck.checked_at, organisation, month)
    releases = _of_month(NumberRelease, NumberRelease.decided_at, organisation, month)
    return Standing(
        counts,
        reading().execute(checks.where(ScanCheck.undone_at.is_(None))).scalar_one(),
        reading()
        .execute(releases.where(NumberRelease.state == ReleaseState.RELEASED))
        .scalar_one(),
    )


def worst_branches(organisation: Organisation, month: Month, most: int) -> list[WorstBranch]:
    """The branches with most overdue forms, then most missing ones, then irregular numbers."""
    query = _branches_then(month.until) if month.is_over else _branches_now()
    found = list(reading().execute(query.where(in_subtree(organisation.path)).limit(most)))
    places = Places(organisation)
    places.learn(row[0] for row in found)
    return [WorstBranch(places.words(row[0]), Counts(*row[1:])) for row in found]


def _of_month(done: Any, at: Any, organisation: Organisation, month: Month) -> Any:
    return (
        select(func.count())
        .select_from(done)
        .join(Member, Member.id == done.member_id)
        .join(Organisation, Organisation.id == Member.branch_id)
        .where(
            in_subtree(organisation.path),
            at >= _begin(month.first),
            at < _begin(month.until + timedelta(days=1)),
        )
    )


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), clock.BEIJING)


def _branches_now() -> Any:
    tally = Tally.__table__.c
    due = (
        select(Member.branch_id, func.count().label("overdue"))
        .where(WITHOUT_FORM, Member.due_date < clock.today())
        .group_by(Member.branch_id)
        .subquery()
    )
    overdue = func.coalesce(due.c.overdue, 0)
    columns = (*(tally[name] for name in (*_KINDS, "new_members", "with_scan", "late")), overdue)
    query = (
        select(Organisation.path, *columns, literal(0))
        .join(Tally, Tally.branch_id == Organisation.id)
        .outerjoin(due, due.c.branch_id == Organisation.id)
    )
    return _worst_first(query, tally, overdue).where(OPEN)


def _branches_then(day: date) -> Any:
    kept = ProgressDay.__table__.c
    last = (
        select(ProgressDay.organisation_id, func.max(ProgressDay.day).label("day"))
        .where(ProgressDay.day <= day)
        .group_by(ProgressDay.organisation_id)
        .subquery()
    )
    columns = (kept[name] for name in progress_days.COLUMNS[:-1])
    query = (
        select(Organisation.path, *columns)
        .join(last, last.c.organisation_id == Organisation.id)
        .join(
            ProgressDay,
            and_(ProgressDay.organisation_id == Organisation.id, ProgressDay.day == last.c.day),
        )
    )
    return _worst_first(query, kept, kept.overdue)


def _worst_first(query: Any, of: Any, overdue: ColumnElement[int]) -> Any:
    """Branches that have something to do, the worst first; equal ones in the tree's order."""
    missing = of.new_members - of.with_scan
    irregular = sum((of[name] for name in _KINDS[1:]), of[_KINDS[0]])
    return query.where(
        Organisation.kind == OrganisationKind.BRANCH, or_(missing > 0, irregular > 0)
    ).order_by(overdue.desc(), missing.desc(), irregular.desc(), Organisation.path)
