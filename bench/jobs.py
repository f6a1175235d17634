"""``bin/bench jobs``: 200 uploads while the worker is killed at random; then 60 without a kill.

What counts: each form is looked at exactly once, no job is left, and how many forms a minute.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from bench.server import BUILD, ROOT, Client, portal, table
from bench.upload import upload
from portal.demo.paper import Paper

UPLOADS = 200
QUIET = 60
SEED = 20
LIMITS = {"PORTAL_JOB_SECONDS": "20", "PORTAL_LOOK_SECONDS": "15", "PORTAL_INSPECT_SECONDS": "10"}


def main() -> None:
    instance = BUILD / "bench-jobs"
    shutil.rmtree(instance, ignore_errors=True)
    chance, paper = random.Random(SEED), Paper(SEED)
    with portal(instance) as (port, _):
        branch = Client(port)
        branch.sign_in(instance, "zhibu1")
        token, members = branch.token(), takers(instance)
        rows: list[tuple[object, ...]] = []
        for name, count, killed in (("killed", UPLOADS, True), ("left alone", QUIET, False)):
            before = state(instance)
            killer = Killer(instance, chance if killed else None)
            began = time.monotonic()
            for place in range(count):
                number = f"2026110{before['looks'] + place:05d}"
                form = paper.form(number, f"测试{name}", "测试团支部")
                upload(branch, members[place % len(members)], token, form)
            sent = time.monotonic() - began
            wait_until_done(instance)
            took = time.monotonic() - began
            killer.end()
            after = state(instance)
            rows.append(
                (
                    name,
                    count,
                    killer.kills,
                    after["looks"] - before["looks"],
                    after["attempts"] - before["attempts"],
                    after["losses"] - before["losses"],
                    after["open"],
                    after["failed"],
                    f"{sent:.0f}",
                    f"{took:.0f}",
                    f"{count * 60 / took:.0f}",
                )
            )
        print(f"replaced before their turn, and so dropped: {after['dropped']} jobs\n")
    table(
        (
            "worker",
            "uploads",
            "kills",
            "looks kept",
            "jobs taken up",
            "lost",
            "open",
            "failed",
            "s to send",
            "s to the last job",
            "forms a minute",
        ),
        rows,
    )


class Killer:
    """A worker that is killed and started again at random moments; without ``chance`` it lives."""

    def __init__(self, instance: Path, chance: random.Random | None) -> None:
        self.kills = 0
        self._instance, self._chance = instance, chance
        self._ending = threading.Event()
        self._worker = self._start()
        self._thread = threading.Thread(target=self._strike, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._ending.set()
        self._thread.join()
        self._worker.terminate()
        self._worker.wait()

    def _strike(self) -> None:
        while self._chance and not self._ending.wait(self._chance.uniform(3, 9)):
            self._worker.send_signal(signal.SIGKILL)
            self._worker.wait()
            self.kills += 1
            self._worker = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {"PORTAL_INSTANCE": str(self._instance), "PORTAL_LOG_LEVEL": "ERROR"}
        return subprocess.Popen(
            [sys.executable, "-m", "portal.worker"],
            cwd=ROOT,
            env={**os.environ, **environment, **LIMITS},
        )


def takers(instance: Path) -> list[int]:
    """Members of the branch who may have a form."""
    connection = sqlite3.connect(instance / "portal.db")
    found = connection.execute(
        "SELECT m.id FROM member m JOIN account a ON a.organisation_id = m.branch_id "
        "WHERE a.login = 'zhibu1' AND m.is_new_member AND m.left_at IS NULL"
    ).fetchall()
    connection.close()
    return [int(row[0]) for row in found]


def state(instance: Path) -> Counter[str]:
    """What stands in the tables: looks of files (a look for each at most), jobs by their end."""
    connection = sqlite3.connect(instance / "portal.db")
    attempts, losses = connection.execute("SELECT sum(attempts), sum(losses) FROM job").fetchone()
    counts = Counter(
        looks=connection.execute("SELECT count(*) FROM scan_look").fetchone()[0],
        open=connection.execute("SELECT count(*) FROM job WHERE due_at IS NOT NULL").fetchone()[0],
        attempts=attempts or 0,
        losses=losses or 0,
    )
    counts.update(dict(connection.execute("SELECT state, count(*) FROM job GROUP BY state")))
    connection.close()
    return counts


def wait_until_done(instance: Path) -> None:
    while state(instance)["open"]:
        time.sleep(0.2)
