"""``bin/bench joining``: finding and moving in a large tree, each against sqlite3 alone."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from urllib.parse import urlencode

from bench.server import BUILD, Client, p50, p95, portal, table
from bench.tree import searching

BELOW = 2000
RUNS = 30
WARM = 3


def main() -> None:
    searching()
    moving()


def moving() -> None:
    """Moving an organisation with 2,000 below, there and back, through the page."""
    instance = BUILD / "bench-demo"
    with portal(instance) as (port, _):
        database = instance / "portal.db"
        moved, homes = large_organisation(database)
        municipal = Client(port)
        municipal.sign_in(instance, "shiwei")
        token = municipal.token()
        moves, floors = [], []
        for run in range(RUNS + WARM):
            home = homes[run % 2]
            took = move(municipal, token, database, moved, home)
            floor = update_paths(database, moved, homes[(run + 1) % 2], home)
            if run >= WARM:
                moves.append(took)
                floors.append(floor)
    print(f"\nmoving an organisation with {BELOW:,} below\n")
    table(
        ("", "p50 ms", "p95 ms", "× floor"),
        [
            ("floor: the same UPDATE by sqlite3", p50(floors), p95(floors), 1.0),
            (
                "移动, from the click to the answer",
                p50(moves),
                p95(moves),
                p50(moves) / p50(floors),
            ),
        ],
    )


def connect(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(database, isolation_level=None, timeout=30)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def large_organisation(database: Path) -> tuple[int, list[int]]:
    """An organisation with 2,000 below, made once, and two that it can stand under in turn."""
    connection = connect(database)
    homes = connection.execute(
        "SELECT id FROM organisation WHERE kind IN ('district', 'education') ORDER BY id LIMIT 2"
    ).fetchall()
    first, second = homes[0][0], homes[1][0]
    found = connection.execute("SELECT id FROM organisation WHERE name = '量测团委'").fetchone()
    if found is None:
        (top,) = connection.execute("SELECT max(id) FROM organisation").fetchone()
        own = top + 1
        (above,) = connection.execute(
            "SELECT path FROM organisation WHERE id = ?", (second,)
        ).fetchone()
        rows = [(own, second, "grassroots", "量测团委", f"{above}{own}/")]
        rows += [
            (own + n, own, "branch", f"第{n}团支部", f"{above}{own}/{own + n}/")
            for n in range(1, BELOW + 1)
        ]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO organisation (id, parent_id, kind, name, initials, path)"
            " VALUES (?, ?, ?, ?, '', ?)",
            rows,
        )
        connection.execute("COMMIT")
        found = (own,)
    (at,) = connection.execute("SELECT parent_id FROM organisation WHERE id = ?", found).fetchone()
    connection.close()
    # The first move leads away from where it stands.
    return int(found[0]), [first, second] if at == second else [second, first]


def move(person: Client, token: str, database: Path, moved: int, home: int) -> float:
    """Milliseconds from the posted form to the answer."""
    connection = connect(database)
    (version,) = connection.execute(
        "SELECT version FROM organisation WHERE id = ?", (moved,)
    ).fetchone()
    connection.close()
    body = urlencode({"csrf_token": token, "version": version, "to": home}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    began = time.perf_counter()
    status, _, _ = person.request("POST", f"/organisations/{moved}/move", body, headers)
    took = (time.perf_counter() - began) * 1000
    assert status == 303, status
    return took


def update_paths(database: Path, moved: int, old_home: int, new_home: int) -> float:
    """Milliseconds of the same UPDATE alone, back where the move came from, and undone after."""
    connection = connect(database)
    paths = dict(
        connection.execute(
            "SELECT id, path FROM organisation WHERE id IN (?, ?)", (old_home, new_home)
        ).fetchall()
    )
    now, back = f"{paths[new_home]}{moved}/", f"{paths[old_home]}{moved}/"
    took = timed_update(connection, now, back)
    timed_update(connection, back, now)
    connection.close()
    return took


def timed_update(connection: sqlite3.Connection, old: str, new: str) -> float:
    began = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    done = connection.execute(
        "UPDATE organisation SET path = ? || substr(path, ?) WHERE path BETWEEN ? AND ?",
        (new, len(old) + 1, old, old[:-1] + "0"),
    )
    connection.execute("COMMIT")
    took = (time.perf_counter() - began) * 1000
    assert done.rowcount == BELOW + 1, done.rowcount
    return took
