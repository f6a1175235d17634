"""``bin/bench progress``: supervision in a city of 2,000,000 members, each page against one statement.

工作进度, 首页, the next form of a round, the record; and what is done by night (nightly.py).

The floor is the statement that finds the same rows by an index, through Python's sqlite3.
"""

from __future__ import annotations

import re
import sqlite3
import time
from pathlib import Path
from urllib.parse import urlencode

from bench import nightly
from bench.server import BUILD, Client, milliseconds, p50, p95, portal, table

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
YEARS = MONTHS.replace("2025-01-01", "2020-01-01")
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


MISSING = """
    SELECT m.*, s.uploaded_at FROM member m
    LEFT JOIN scan s ON s.member_id = m.id AND s.state = 'current'
    WHERE m.branch_id = ? AND m.is_new_member = 1 AND m.has_scan = 0 AND m.left_at IS NULL
    ORDER BY m.due_date LIMIT 10
"""
WORST = """
    SELECT o.id, o.name, o.path, count(*), min(m.due_date) FROM organisation o
    JOIN member m ON m.branch_id = o.id
    WHERE o.path >= ? AND o.path < ? AND m.is_new_member = 1 AND m.has_scan = 0
      AND m.left_at IS NULL AND m.due_date < date('now')
    GROUP BY o.id ORDER BY count(*) DESC, min(m.due_date), o.id LIMIT 10
"""
NEXT = """
    SELECT * FROM check_item WHERE round_id = ? AND state = 'waiting'
      AND (taken_until IS NULL OR taken_until <= datetime('now')) ORDER BY place LIMIT 1
"""
NEWEST = "SELECT * FROM audit_record ORDER BY id DESC LIMIT 51"
OF_SUBTREE = """
    SELECT * FROM audit_record WHERE id > (SELECT max(id) FROM audit_record) - 3000 AND about_id IN
      (SELECT id FROM organisation WHERE path >= ? AND path < ?) ORDER BY id DESC LIMIT 51
"""
OF_MEMBER = "SELECT * FROM audit_record WHERE member_id = ? ORDER BY id DESC LIMIT 51"
OF_KIND = "SELECT * FROM audit_record WHERE event = 'scan viewed' ORDER BY id DESC LIMIT 51"

LINES = 1_000_000
FILL = """
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO audit_record
      (at, account_id, person_name, organisation_id, address, request_id, event, member_id, detail,
       about_id)
    SELECT datetime('now', '-' || ((? - i) * 30) || ' seconds') || '.000000', 1, '周敏', 1,
           '10.0.0.1', 'bench', CASE i % 3 WHEN 0 THEN 'scan viewed' WHEN 1 THEN 'scan uploaded'
           ELSE 'member viewed' END, member.id, '{}', member.branch_id
    FROM n JOIN member ON member.id = 1 + (i * 7919) % 2000000
"""


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
                ("the table, six years", f"{here}?from=2020-01&to=2025-12", YEARS),
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
        _first_pages(lines, instance, port, connection)
        _next_form(lines, client, connection, places[1][0])
        _record(lines, instance, port, connection)
        connection.close()
    table(("page", "floor p50 ms", "floor p95 ms", "p50 ms", "p95 ms", "p95 × floor"), lines)
    print()
    nightly.measure(instance)


def _first_pages(
    lines: list[tuple[object, ...]], instance: Path, port: int, connection: sqlite3.Connection
) -> None:
    for login, who, floor in (
        ("shiwei", "the city", WORST),
        ("quwei1", "a district", WORST),
        ("zhibu1", "a branch", MISSING),
    ):
        client = Client(port)
        client.sign_in(instance, login)
        organisation_id, path = _home_of(connection, login)
        values = (organisation_id,) if floor is MISSING else (path, path[:-1] + "0")
        _measure(lines, f"{who}: 首页", client, "/home", connection, floor, values)


def _next_form(
    lines: list[tuple[object, ...]], client: Client, connection: sqlite3.Connection, below: int
) -> None:
    """The municipal committee's round over a form of each branch of the largest district."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/checks/new").decode())
    assert token
    fields = {
        "csrf_token": token[1],
        "token": f"bench{time.time()}",
        "organisation": below,
        "choice": "some_of_each",
        "some_of_each-amount": 1,
    }
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    began = time.perf_counter()
    status, _, answer = client.request("POST", "/checks/new", urlencode(fields).encode(), head)
    assert status == 303, status
    print(f"a round of a form of each branch of a district: {time.perf_counter() - began:.1f} s\n")
    here = answer["Location"]
    round_id = int(here.split("/")[2])
    _measure(lines, "检查: the next form", client, here, connection, NEXT, (round_id,))


def _record(
    lines: list[tuple[object, ...]], instance: Path, port: int, connection: sqlite3.Connection
) -> None:
    """操作日志 with a million lines, which are added when they are not there yet."""
    there = connection.execute("SELECT count(*) FROM audit_record").fetchone()[0]
    if there < LINES:
        connection.execute(FILL, (LINES - there, LINES - there))
        connection.commit()
    municipal, district = Client(port), Client(port)
    municipal.sign_in(instance, "shiwei")
    district.sign_in(instance, "quwei1")
    _, path = _home_of(connection, "quwei1")
    member_id, number = connection.execute(
        "SELECT member.id, number FROM member JOIN audit_record ON member_id = member.id"
        " WHERE number IS NOT NULL LIMIT 1"
    ).fetchone()
    subtree = (path, path[:-1] + "0")
    for name, client, query, floor, values in (
        ("the city: 操作日志", municipal, "", NEWEST, ()),
        ("the city: 操作日志 of a kind", municipal, "?kind=views", OF_KIND, ()),
        ("the city: 操作日志 of a member", municipal, f"?member={number}", OF_MEMBER, (member_id,)),
        ("a district: 操作日志", district, "", OF_SUBTREE, subtree),
        ("a district: 操作日志 of a kind", district, "?kind=views", OF_SUBTREE, subtree),
    ):
        _measure(lines, name, client, f"/record/{query}", connection, floor, values)


def _home_of(connection: sqlite3.Connection, login: str) -> tuple[int, str]:
    found = connection.execute(
        "SELECT organisation.id, path FROM organisation JOIN account ON organisation_id ="
        " organisation.id WHERE login = ?",
        (login,),
    ).fetchone()
    return int(found[0]), str(found[1])


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
