"""The demo's 工作进度 of the last half year, as its members and forms say it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from portal import clock
from portal.rules.deadlines import SOON_DAYS
from portal.services.progress_days import COLUMNS, TREND_WEEKS, summed_up


def past_days(
    rows: list[dict[str, Any]], scans: list[dict[str, Any]], paths: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Rows of ``ProgressDay``, one a week and organisation, up to yesterday.

    ``rows`` and ``scans`` are the members' and the forms'; ``paths`` those of the branches.
    """
    uploaded = {scan["member_id"]: clock.day_of(scan["uploaded_at"]) for scan in scans}
    yesterday = clock.today() - timedelta(days=1)
    days = [yesterday - timedelta(days=7 * back) for back in range(TREND_WEEKS)]
    return [
        {"organisation_id": organisation_id, "day": day, **dict(zip(COLUMNS, counts, strict=True))}
        for day in days
        for organisation_id, counts in summed_up(_branches(rows, uploaded, paths, day))
    ]


def _branches(
    rows: list[dict[str, Any]], uploaded: Mapping[int, date], paths: Mapping[int, str], day: date
) -> list[tuple[str, tuple[int, ...]]]:
    counts: defaultdict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COLUMNS, 0))
    for row in rows:
        if (row["approved_on"] or row["joined"]) > day:
            continue
        of = counts[row["branch_id"]]
        of["members"] += 1
        if row["irregularity"] is not None:
            of[row["irregularity"].value] += 1
        if not row["is_new_member"]:
            continue
        of["new_members"] += 1
        due, there = row["due_date"], uploaded.get(row["id"], date.max) <= day
        of["with_scan"] += there
        of["late"] += there and row["scan_late"]
        if not there and due is not None:
            of["overdue"] += due < day
            of["due_soon"] += day <= due <= day + timedelta(days=SOON_DAYS)
    return [(paths[branch_id], tuple(of.values())) for branch_id, of in counts.items()]
