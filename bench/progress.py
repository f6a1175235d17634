"""``bin/bench progress``: 工作进度 of a city of 2,000,000 members, each page against one statement.

The floor is the statement that finds the same rows by an index, through Python's sqlite3.
"""

from __future__ import annotations

import resource
import sqlite3
import time
from datetime import timedelta
from pathlib import Path

from bench.server import BUILD, Client, milliseconds, p50, p95, portal, table
from portal import clock
from portal.application import create_app
from portal.services import progress_days
from portal.settings import load_settings

RUNS = 40

SUMS = """
    SELECT o.id, o.name, sum(t.released), sum(t.missing), sum(t.not_twelve_digits),
           sum(t.unknown_province), sum(t.year_mismatch), sum(t.outside_prefix),
           sum(t.new_members), sum(t.with_scan), sum(t.late)
    FROM organisation o
    JOIN organisation b ON b.path >= o.path AND b.path < substr(o.path, 1, length(o.path) - 1) || '0'
    JOIN tally t ON t.branch_id = b.id
    WHERE o.parent_id = ? AND o.closed_at IS NULL GROUP BY o.id
"""
MONTHS = """
    SELECT o.id, o.name, count(*), sum(m.is_new_member), sum(m.has_scan), sum(m.scan_late)
    FROM organisation o
    JOIN organisation b ON b.path >= o.path AND b.path < substr(o.path, 1, length(o.path) - 1) || '0'
    JOIN member m ON m.branch_id = b.id
    WHERE o.parent_id = ? AND m.joined >= '2025-01-01' AND m.joined <= '2025-12-01'
      AND m.left_at IS NULL GROUP BY o.id
"""
BEHIND = """
    SELECT m.*, o.name, o.path, s.uploaded_at FROM organisation o
    JOIN member m ON m.branch_id = o.id LEFT JOIN scan s ON s.member_id = m.id AND s.state = 'current'
    WHERE o.path >= ? AND o.path < ? AND {condition} AND m.left_at IS NULL
    ORDER BY o.path LIMIT 51
"""
CONDITIONS = {
    "overdue": "m.is_new_member = 1 AND m.has_scan = 0 AND m.due_date < date('now')",
    "not_uploaded": "m.is_new_member = 1 AND m.has_scan = 0",
    "new": "m.is_new_member = 1",
    "irregular": "m.irregularity IS NOT NULL",
}


def main() -> None:
    instance = BUILD / "bench-city"
    lines: list[tuple[object, ...]] = []
    with portal(instance, scale="city") as (port, _):
        client = Client(port)
        client.sign_in(instance, "shiwei")
        connection = sqlite3.connect(instance / "portal.db")
        places = [(1, "the city"), *_below(connection)]
        for organisation_id, name in places:
            here = f"/progress/{organisation_id}"
            path = connection.execute(
                "SELECT path FROM organisation WHERE id = ?", (organisation_id,)
            ).fetchone()[0]
            asked = [
                ("the table", here, SUMS),
                ("the table, a year", f"{here}?from=2025-01&to=2025-12", MONTHS),
            ]
            for what, address, floor in asked:
                _measure(
                    lines, f"{name}: {what}", client, address, connection, floor, (organisation_id,)
                )
            for count, condition in CONDITIONS.items():
                _measure(
                    lines,
                    f"{name}: behind {count}",
                    client,
                    f"{here}/members?count={count}",
                    connection,
                    BEHIND.format(condition=condition),
                    (path, path[:-1] + "0"),
                )
    table(("page", "floor p50 ms", "floor p95 ms", "p50 ms", "p95 ms", "p95 × floor"), lines)
    _keep_days(instance)


def _below(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    """A district with as many branches as the largest, and a committee of it."""
    district = connection.execute(
        "SELECT parent.id FROM organisation o JOIN organisation parent ON o.path LIKE parent.path || '%'"
        " WHERE parent.parent_id = 1 GROUP BY parent.id ORDER BY count(*) DESC LIMIT 1"
    ).fetchone()[0]
    committee = connection.execute(
        "SELECT id FROM organisation WHERE parent_id = ? LIMIT 1", (district,)
    ).fetchone()[0]
    return [(district, "a district"), (committee, "a school")]


def _measure(
    lines: list[tuple[object, ...]],
    name: str,
    client: Client,
    address: str,
    connection: sqlite3.Connection,
    floor: str,
    values: tuple[object, ...],
) -> None:
    asked = milliseconds(lambda: client.get(address, **{"HX-Request": "true"}), RUNS, 2)
    by_sqlite3 = milliseconds(lambda: connection.execute(floor, values).fetchall(), RUNS, 2)
    lines.append(
        (
            name,
            p50(by_sqlite3),
            p95(by_sqlite3),
            p50(asked),
            p95(asked),
            p95(asked) / p95(by_sqlite3),
        )
    )


def _keep_days(instance: Path) -> None:
    """The nightly snapshot: the first, which keeps all, and one of a day on which nothing changed."""
    app = create_app(load_settings(instance=instance))
    with app.app_context():
        for place, what in ((2, "all organisations anew"), (1, "nothing changed")):
            began = time.process_time(), time.monotonic()
            rows = progress_days.keep(clock.today() - timedelta(days=place))
            print(
                f"\nkeeping a day, {what}: {rows} rows, {time.monotonic() - began[1]:.1f} s, "
                f"{time.process_time() - began[0]:.1f} s of a processor, "
                f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at most"
            )
