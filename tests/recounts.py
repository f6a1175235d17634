"""Counts made anew from the rows, by plain SQL and by hand: nothing of what they are compared with.

The subtree goes by parents and not by paths, a form is there when a scan's row is current, and days
are counted here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from portal import clock
from portal.extensions import db
from portal.models import Member
from portal.rules.irregular import Irregularity
from portal.rules.progress import Count, Period
from portal.services.listing import Filter

EVERYBODY = Period()

_BELOW = """
    WITH RECURSIVE below (id) AS (
        SELECT id FROM organisation WHERE id = :top
        UNION ALL
        SELECT organisation.id FROM organisation JOIN below ON organisation.parent_id = below.id
    )
"""
_MEMBERS = text(
    f"""{_BELOW}
    SELECT member.id, branch_id, joined, is_new_member, irregularity, due_date,
           left_at IS NOT NULL AS is_left,
           (SELECT late FROM scan WHERE member_id = member.id AND state = 'current') AS late,
           (SELECT kinds FROM scan_check JOIN scan ON scan.id = scan_check.scan_id
            WHERE scan.member_id = member.id AND state = 'current'
              AND scan_check.ended_at IS NULL) AS faults,
           (SELECT count(*) FROM correction
            WHERE member_id = member.id AND state = 'open') AS reports
    FROM member JOIN below ON below.id = member.branch_id
    """
).columns(due_date=Member.due_date.type, joined=Member.joined.type)
_REQUESTS = text(
    f"""{_BELOW}
    SELECT count(*) FROM number_release JOIN member ON member.id = number_release.member_id
    JOIN below ON below.id = member.branch_id WHERE number_release.state = 'open'
    """
)


def rows_below(top: int) -> list[Any]:
    """Every member of a subtree, who was set aside too; ``late`` is None without a form.

    ``faults``: what the standing check of the form found, empty: nothing, None without one.
    """
    return list(db.session.execute(_MEMBERS, {"top": top}))


def recount(
    top: int, period: Period = EVERYBODY, *, today: date | None = None
) -> dict[Count, set[int]]:
    """Whom each count of 工作进度 counts below an organisation."""
    today = today or clock.today()
    counted: dict[Count, set[int]] = {count: set() for count in Count}
    for row in rows_below(top):
        first, last = period.first or date.min, period.last or date.max
        if row.is_left or not first <= row.joined <= last:
            continue
        has_form = row.late is not None
        holds = {
            Count.IRREGULAR: row.irregularity is not None,
            Count.NEW: row.is_new_member,
            Count.UPLOADED: row.is_new_member and has_form,
            Count.LATE: row.is_new_member and bool(row.late),
            Count.NOT_UPLOADED: row.is_new_member and not has_form,
        } | {Count(kind.value): row.irregularity == kind.value for kind in Irregularity}
        if holds[Count.NOT_UPLOADED] and row.due_date is not None:
            left = (row.due_date - today).days
            holds |= {Count.OVERDUE: left < 0, Count.DUE_SOON: 0 <= left <= 7}
        for count, yes in holds.items():
            if yes:
                counted[count].add(row.id)
    return counted


def recount_filters(branch_id: int) -> dict[Filter, set[int]]:
    """Whom each filter above 我的团员 holds."""
    rows, found = rows_below(branch_id), recount(branch_id)
    return {
        Filter.ALL: {row.id for row in rows if not row.is_left},
        Filter.NEW: found[Count.NEW],
        Filter.MISSING: found[Count.NOT_UPLOADED],
        Filter.OVERDUE: found[Count.OVERDUE],
        Filter.FAULTY: {row.id for row in rows if not row.is_left and row.faults},
        Filter.IRREGULAR: found[Count.IRREGULAR],
        Filter.REPORTED: {row.id for row in rows if not row.is_left and row.reports},
        Filter.LEFT: {row.id for row in rows if row.is_left},
    }


def recount_worst(top: int) -> list[tuple[int, int, date]]:
    """Branches with overdue forms, how many and since when, the worst first."""
    overdue, by_branch = recount(top)[Count.OVERDUE], dict[int, list[date]]()
    for row in rows_below(top):
        if row.id in overdue:
            by_branch.setdefault(row.branch_id, []).append(row.due_date)
    found = [(branch_id, len(days), min(days)) for branch_id, days in by_branch.items()]
    return sorted(found, key=lambda one: (-one[1], one[2], one[0]))


def recount_unchecked(top: int) -> int:
    """New members of a subtree whose form nobody has checked."""
    uploaded = recount(top)[Count.UPLOADED]
    return sum(row.id in uploaded and row.faults is None for row in rows_below(top))


def recount_requests(top: int) -> int:
    """Requests to release a number that wait below an organisation."""
    return int(db.session.execute(_REQUESTS, {"top": top}).scalar_one())


def parents() -> Mapping[int, int | None]:
    """The parent of every organisation."""
    return dict(db.session.execute(text("SELECT id, parent_id FROM organisation")).all())


def yesterday() -> date:
    """The day that ended last."""
    return clock.today() - timedelta(days=1)
