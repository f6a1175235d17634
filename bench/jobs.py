"""``bin/bench jobs``: 200 uploads while the worker is killed at random, and 40 without a kill.

What counts: every form ends looked at exactly once. Triggers of the database count each look that is
kept and each job that ends, beside the portal's own columns. It takes some minutes; ``--uploads``.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, insert, select

from bench.server import BUILD, ROOT, Client, last_beat, portal, table
from bench.upload import upload
from portal import clock
from portal.application import create_app
from portal.demo.load import hold_numbers, member_row
from portal.demo.members import DemoMember, Profile
from portal.demo.paper import Paper
from portal.demo.people import People
from portal.models import Account, Member
from portal.services.derived import add_to_tallies, contribution
from portal.services.transaction import writing
from portal.settings import load_settings

UPLOADS = 200
QUIET = 40
PAGES = 2
SEED = 20
LIVES_SECONDS = 25.0
"""The longest time from a worker's first sign of life to its kill; before that it only loads."""

MOST_SECONDS = 3600
LIMITS = {"PORTAL_JOB_SECONDS": "20", "PORTAL_LOOK_SECONDS": "15", "PORTAL_INSPECT_SECONDS": "10"}

COUNTERS = """
CREATE TABLE bench_kept (sha256 BLOB NOT NULL);
CREATE TABLE bench_done (scan_id INTEGER NOT NULL, kind TEXT NOT NULL);
CREATE TRIGGER bench_first_look AFTER INSERT ON scan_look BEGIN
  INSERT INTO bench_kept VALUES (NEW.sha256);
END;
CREATE TRIGGER bench_later_look AFTER UPDATE ON scan_look BEGIN
  INSERT INTO bench_kept VALUES (NEW.sha256);
END;
CREATE TRIGGER bench_job_done AFTER UPDATE OF state ON job WHEN NEW.state = 'done' BEGIN
  INSERT INTO bench_done VALUES (NEW.scan_id, NEW.kind);
END;
"""

PROOF = """
SELECT count(*),
       sum(kept = 0), sum(kept > 1),
       sum(drawn = 0), sum(drawn > 1 OR looked > 1),
       (SELECT coalesce(sum(losses), 0) FROM job j JOIN scan s ON s.id = j.scan_id
        WHERE s.member_id BETWEEN :first AND :last)
FROM (SELECT (SELECT count(*) FROM bench_kept k WHERE k.sha256 = scan.sha256) AS kept,
             (SELECT count(*) FROM bench_done d WHERE d.scan_id = scan.id AND d.kind = 'draw') AS drawn,
             (SELECT count(*) FROM bench_done d WHERE d.scan_id = scan.id AND d.kind = 'look') AS looked
      FROM scan WHERE member_id BETWEEN :first AND :last AND state = 'current')
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the triggers counted of the forms that were uploaded."""

    forms: int
    not_looked: int
    looked_twice: int
    not_drawn: int
    ended_twice: int
    losses: int


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench jobs")
    parser.add_argument("--uploads", type=int, default=UPLOADS)
    parser.add_argument("--quiet", type=int, default=QUIET)
    asked = parser.parse_args()
    instance = BUILD / "bench-jobs"
    shutil.rmtree(instance, ignore_errors=True)
    rows: list[tuple[object, ...]] = []
    with portal(instance) as (port, _):
        with sqlite3.connect(instance / "portal.db") as connection:
            connection.executescript(COUNTERS)
        chance, paper = random.Random(SEED), Paper(SEED)
        takers = add_members(instance, asked.uploads + asked.quiet)
        for name, members, killed in (
            ("killed at random", takers[: asked.uploads], True),
            ("left alone", takers[asked.uploads :], False),
        ):
            branch = Client(port)  # the one before was idle for minutes, and so was closed
            branch.sign_in(instance, "zhibu1")
            began = time.monotonic()
            with Worker(instance, chance if killed else None) as worker:
                token = branch.token()
                for place, member in enumerate(members):
                    form = paper.form(f"2026110{member:05d}", f"测试{place}", "测试团支部", PAGES)
                    upload(branch, member, token, form)
                sent = time.monotonic() - began
                wait_until_done(instance)
                took = time.monotonic() - began
            found = proof(instance, members)
            rows.append(
                (
                    name,
                    found.forms,
                    worker.kills,
                    found.losses,
                    found.not_looked,
                    found.looked_twice,
                    found.not_drawn,
                    found.ended_twice,
                    f"{sent:.0f}",
                    f"{took:.0f}",
                )
            )
    table(
        (
            "worker",
            "uploads",
            "kills",
            "of them in the midst of a job",
            "forms not looked at",
            "looked at twice",
            "not drawn",
            "jobs ended twice",
            "s to send",
            "s to the last job",
        ),
        rows,
    )
    print("\n" + fsck(instance))


class Worker:
    """A worker that is killed and started again at random moments; without ``chance`` it lives."""

    def __init__(self, instance: Path, chance: random.Random | None) -> None:
        self.kills = 0
        self._instance, self._chance = instance, chance
        self._ending = threading.Event()
        self._process = self._start()
        self._killer = threading.Thread(target=self._strike, daemon=True)

    def __enter__(self) -> Worker:
        self._killer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._killer.join()
        self._process.terminate()
        self._process.wait()

    def _strike(self) -> None:
        while self._chance:
            began = datetime.now(UTC).replace(tzinfo=None)
            while last_beat(self._instance) < began:
                if self._ending.wait(0.1):
                    return
            if self._ending.wait(self._chance.uniform(0, LIVES_SECONDS)):
                return
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self.kills += 1
            self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {"PORTAL_INSTANCE": str(self._instance), "PORTAL_LOG_LEVEL": "ERROR"}
        return subprocess.Popen(
            [sys.executable, "-m", "portal.worker"],
            cwd=ROOT,
            env={**os.environ, **environment, **LIMITS},
        )


def add_members(instance: Path, count: int) -> list[int]:
    """So many members of the branch who may have a form and have none: one for each upload."""
    people = People(random.Random(SEED), region="990402")
    app = create_app(load_settings(instance=instance))
    with app.app_context(), writing() as session:
        branch_id = session.scalars(
            select(Account.organisation_id).where(Account.login == "zhibu1")
        ).one()
        last = session.scalar(select(func.max(Member.id))) or 0
        approved_on = clock.today() - timedelta(days=5)
        joined = approved_on.replace(day=1)
        rows = []
        for member_id in range(last + 1, last + count + 1):
            number = f"{joined.year}110{90_000 + member_id:05d}"
            profile = Profile(joined, approved_on, number, None)
            person = DemoMember(people.person(joined), profile)
            rows.append(member_row(member_id, branch_id, person))
        session.execute(insert(Member), rows)
        hold_numbers(rows)
        for row in rows:
            counted = contribution(
                is_new_member=row["is_new_member"],
                has_scan=False,
                scan_late=False,
                irregularity=row["irregularity"],
            )
            add_to_tallies(branch_id, row["joined"], counted)
    app.extensions["portal"].close()
    return [row["id"] for row in rows]


def proof(instance: Path, members: list[int]) -> Proof:
    with sqlite3.connect(instance / "portal.db") as connection:
        bounds = {"first": members[0], "last": members[-1]}
        return Proof(*connection.execute(PROOF, bounds).fetchone())


def wait_until_done(instance: Path) -> None:
    ends = time.monotonic() + MOST_SECONDS
    connection = sqlite3.connect(instance / "portal.db")
    still_open = "SELECT count(*) FROM job WHERE due_at IS NOT NULL"
    while connection.execute(still_open).fetchone()[0]:
        if time.monotonic() > ends:
            raise OSError("the worker does not come to an end")
        time.sleep(0.2)
    connection.close()


def fsck(instance: Path) -> str:
    """What the portal's own check of rows and files says at the end."""
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "fsck"],
        cwd=ROOT,
        env={**os.environ, "PORTAL_INSTANCE": str(instance), "PORTAL_LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=False,
    )
    return f"`flask fsck`: {done.stdout.strip()}"
