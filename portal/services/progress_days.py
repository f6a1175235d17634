"""工作进度 day by day: kept after each day's end, shown as of a past day and as a trend by week."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from operator import add
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.models import Heartbeat, Member, Organisation, ProgressDay, Tally
from portal.rules.deadlines import SOON_DAYS
from portal.rules.irregular import Irregularity
from portal.rules.organisations import OrganisationKind
from portal.rules.progress import Counts
from portal.services import readiness
from portal.services.progress import WITHOUT_FORM, ProgressRow
from portal.services.transaction import insert_or_update, reading, writing

log = logging.getLogger(__name__)

KEPT = "progress"
"""The sign of life that says when a day was kept last."""

TREND_WEEKS = 26
CHUNK = 2000
"""Rows a transaction: nobody who uploads waits for all of them."""

_TALLIED = (*(kind.value for kind in Irregularity), "new_members", "with_scan", "late")
COLUMNS = (*_TALLIED, "overdue", "due_soon", "members")
"""The counts of ``ProgressDay``; without the last one in the order of ``Counts``."""


@dataclass(frozen=True, slots=True)
class Week:
    """How far an organisation was at the end of a day, once a week."""

    day: date
    counts: Counts


def keep_if_due() -> bool:
    """Keep the day that ended last, unless it is kept; True if it was kept now.

    After a standstill only the last day is kept: what the days before it ended with is not known,
    and as of them the last day before shows.
    """
    last = reading().execute(select(Heartbeat.at).where(Heartbeat.name == KEPT)).scalar()
    if last is not None and clock.day_of(last) >= clock.today():
        return False
    rows = keep(clock.today() - timedelta(days=1))
    readiness.beat(KEPT)
    log.info("progress kept", extra={"rows": rows})
    return True


def keep(day: date) -> int:
    """Keep the counts as they are now as those of ``day``; how many organisations had changed."""
    latest, nothing = _latest(), (0,) * len(COLUMNS)
    counted = dict(summed_up(_branch_counts(day)))
    # Who has nobody left is in no sum, but was.
    counted |= dict.fromkeys(latest.keys() - counted.keys(), nothing)
    changed = [
        {"organisation_id": organisation_id, "day": day, **dict(zip(COLUMNS, counts, strict=True))}
        for organisation_id, counts in counted.items()
        if latest.get(organisation_id, nothing) != counts
    ]
    return store(changed)


def store(rows: list[dict[str, Any]]) -> int:
    """Write rows of ``ProgressDay``, a few at a time; the same row twice is one."""
    keys = ("organisation_id", "day")
    for start in range(0, len(rows), CHUNK):
        with writing() as session:
            statement = insert_or_update(ProgressDay, keys, (*keys, *COLUMNS))
            session.execute(statement, rows[start : start + CHUNK])
    return len(rows)


def summed_up(
    branches: Iterable[tuple[str, tuple[int, ...]]],
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The counts of every organisation from those of the branches, each with its path."""
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(COLUMNS))
    for path, counts in branches:
        for part in path.strip("/").split("/"):
            sums[part] = list(map(add, sums[part], counts))
    return ((int(part), tuple(counts)) for part, counts in sums.items())


def children_as_of(organisation: Organisation, day: date) -> tuple[ProgressRow, ...]:
    """The rows right below an organisation as of the end of ``day``.

    The tree is today's, with what was closed since.
    """
    older = aliased(ProgressDay)
    last = (
        select(func.max(older.day))
        .where(older.organisation_id == Organisation.id, older.day <= day)
        .scalar_subquery()
    )
    query = (
        select(Organisation.id, Organisation.name, Organisation.kind, *_COUNTS)
        .select_from(Organisation)
        .outerjoin(
            ProgressDay,
            and_(ProgressDay.organisation_id == Organisation.id, ProgressDay.day == last),
        )
        .where(
            Organisation.parent_id == organisation.id,
            or_(Organisation.closed_at.is_(None), Organisation.closed_at > _end_of(day)),
        )
        .order_by(Organisation.id)
    )
    return tuple(
        ProgressRow(
            row[0],
            row[1],
            row[2].label,
            row[2] is OrganisationKind.BRANCH,
            Counts(*(value or 0 for value in row[3:])),
        )
        for row in reading().execute(query)
    )


def counts_as_of(organisation_id: int, day: date) -> Counts:
    """The counts of one organisation as of the end of ``day``."""
    row = (
        reading()
        .execute(
            select(*_COUNTS)
            .where(ProgressDay.organisation_id == organisation_id, ProgressDay.day <= day)
            .order_by(ProgressDay.day.desc())
            .limit(1)
        )
        .one_or_none()
    )
    return Counts(*row) if row else Counts()


def first_day() -> date | None:
    """The first day that was kept."""
    found: date | None = reading().execute(select(func.min(ProgressDay.day))).scalar()
    return found


def trend(organisation_id: int) -> tuple[Week, ...]:
    """The ends of the last weeks (Sundays), and the last day that was kept, the oldest first."""
    yesterday = clock.today() - timedelta(days=1)
    sunday = yesterday - timedelta(days=(yesterday.weekday() + 1) % 7)
    days = [sunday - timedelta(weeks=back) for back in reversed(range(TREND_WEEKS))]
    if yesterday != sunday:
        days.append(yesterday)
    rows = list(
        reading().execute(
            select(ProgressDay.day, *_COUNTS)
            .where(ProgressDay.organisation_id == organisation_id)
            .order_by(ProgressDay.day)
        )
    )
    weeks, place = [], -1
    for day in days:
        while place + 1 < len(rows) and rows[place + 1][0] <= day:
            place += 1
        if place >= 0:
            weeks.append(Week(day, Counts(*rows[place][1:])))
    return tuple(weeks)


def _branch_counts(day: date) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Path and counts of each branch that has members, now, with what is due as of ``day``."""
    tally = Tally.__table__.c
    due = {
        row[0]: (row[1], row[2])
        for row in reading().execute(
            select(
                Member.branch_id,
                func.sum(case((Member.due_date < day, 1), else_=0)),
                func.sum(case((Member.due_date >= day, 1), else_=0)),
            )
            .where(WITHOUT_FORM, Member.due_date <= day + timedelta(days=SOON_DAYS))
            .group_by(Member.branch_id)
        )
    }
    branches = reading().execute(
        select(
            Tally.branch_id, Organisation.path, tally.members, *(tally[name] for name in _TALLIED)
        ).join(Organisation, Organisation.id == Tally.branch_id)
    )
    for branch_id, path, members, *counts in branches:
        yield path, (*counts, *due.get(branch_id, (0, 0)), members)


def _latest() -> Mapping[int, tuple[int, ...]]:
    """The counts that were kept last of each organisation."""
    last = (
        select(ProgressDay.organisation_id, func.max(ProgressDay.day).label("day"))
        .group_by(ProgressDay.organisation_id)
        .subquery()
    )
    rows = reading().execute(
        select(ProgressDay.organisation_id, *_COUNTS, ProgressDay.members).join(
            last,
            and_(
                last.c.organisation_id == ProgressDay.organisation_id,
                last.c.day == ProgressDay.day,
            ),
        )
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), clock.BEIJING)


_COUNTS = tuple(ProgressDay.__table__.c[name] for name in COLUMNS[:-1])
