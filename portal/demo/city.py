"""A whole city of invented people, for measuring: 60,000 organisations, 2,000,000 members.

Half of the members have a scan's row without a file: lists and counts are what is measured, and a
million PDFs are not. ``flask fsck`` therefore reports them missing.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert

from portal import clock
from portal.demo.load import (
    hold_numbers,
    member_row,
    organisation_accounts,
    organisation_row,
    restart_sequences,
    tally_rows,
    write_accounts,
)
from portal.demo.members import DemoMember, Profile
from portal.demo.people import People
from portal.demo.tree import Node, city_tree
from portal.models import Account, Installation, Member, Organisation, Scan, ScanState, Tally
from portal.services.month_tallies import count_anew
from portal.services.transaction import writing

ORGANISATIONS = 60_000
MEMBERS = 2_000_000
CHUNK = 20_000


def load(
    progress: Callable[[str], None], *, organisations: int = ORGANISATIONS, members: int = MEMBERS
) -> None:
    """Make the city, branch by branch, so that a branch's members lie together."""
    began, chance = time.monotonic(), random.Random(60)
    tree = city_tree(organisations)
    branches = list(tree.branches())
    accounts, listed = organisation_accounts(tree, everyone=False)
    with writing() as session:
        session.execute(insert(Installation).values(content="demo", created_at=clock.now()))
        session.execute(insert(Organisation), [organisation_row(node) for node in tree.nodes])
        session.execute(insert(Account), accounts)
    progress(f"{len(tree.nodes)} organisations after {time.monotonic() - began:.0f} s")
    made = _members(chance, branches, members)
    done = 0
    while homes_and_members := list(islice(made, CHUNK)):
        rows = [
            member_row(done + place, home.id, member)
            for place, (home, member) in enumerate(homes_and_members, start=1)
        ]
        for row in rows:
            row["scan_late"] = row["has_scan"] and row["id"] % 25 == 0
        done += len(rows)
        homes = {home.id: home for home, _ in homes_and_members}
        with writing() as session:
            session.execute(insert(Member), rows)
            hold_numbers(rows)
            session.execute(insert(Scan), [_scan_row(row) for row in rows if row["has_scan"]])
            for tally in tally_rows(rows, homes.values()):
                add_tally(session, tally)
        progress(f"{done} members after {time.monotonic() - began:.0f} s")
    with writing():
        count_anew(home.path for home in branches)
        restart_sequences()
    write_accounts(listed)


def add_tally(session: Any, counted: dict[str, Any]) -> None:
    """Add to a branch's tally; a branch can straddle two chunks."""
    tally = session.get(Tally, counted["branch_id"])
    if tally is None:
        session.add(Tally(**counted))
        return
    for name, count in counted.items():
        if name != "branch_id":
            setattr(tally, name, getattr(tally, name) + count)


def _members(
    chance: random.Random, branches: list[Node], count: int
) -> Iterator[tuple[Node, DemoMember]]:
    people, today = People(chance), clock.today()
    for number in range(count):
        home = branches[number * len(branches) // count]
        profile = _profile(chance, number, today)
        yield home, DemoMember(people.person(profile.joined), profile)


def _profile(chance: random.Random, number: int, today: date) -> Profile:
    """35 % new members, nine of ten with a form: as many as 2020 to today have numbers for.

    A year has 100,000 numbers under its prefix. The others joined 2017 to 2019.
    """
    if number % 20 < 7:
        place = number // 20 * 7 + number % 20
        year = 2020 + place % 7
        last = today.month - 1 if year == today.year else 12
        approved = date(year, chance.randint(1, max(1, last)), 15)
        if number % 200 == 0:
            approved = today - timedelta(days=number // 200 % 45)
        text = f"{year}110{place // 7 % 100_000:05d}"
        with_scan = number % 200 != 0 and number % 100 < 90
        return Profile(date(year, 1, 1), approved, text, with_scan=with_scan)
    year = 2017 + number % 3
    joined = date(year, chance.randint(1, 12), 1)
    return Profile(joined, joined + timedelta(days=9), f"{year}11{number // 3 % 1_000_000:06d}")


def _scan_row(row: dict[str, Any]) -> dict[str, Any]:
    moment = clock.now()
    return {
        "member_id": row["id"],
        "storage_key": f"scans/00/{row['id']:032x}.pdf",
        "sha256": bytes(32),
        "size": 4_000_000,
        "pages": 8,
        "late": row["scan_late"],
        "uploaded_at": moment,
        "uploaded_by_id": 1,
        "state": ScanState.CURRENT,
    }
