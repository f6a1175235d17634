"""What the worker does by night over a city, each in a process of its own: seconds and memory."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from bench.server import ROOT, table
from portal import clock
from portal.application import create_app
from portal.services import progress_days, reminders
from portal.settings import load_settings


def _remind() -> str:
    today = clock.today()
    return f"{reminders.remind(since=today - timedelta(days=1), today=today)} messages"


def _keep(days_ago: int) -> str:
    return f"{progress_days.keep(clock.today() - timedelta(days=days_ago))} rows"


JOBS: dict[str, tuple[str, Callable[[], str]]] = {
    "first": ("keeping a day: all organisations", lambda: _keep(2)),
    "quiet": ("keeping a day: nothing changed", lambda: _keep(1)),
    "remind": ("reminders", _remind),
    "twice": ("reminders, sent already", _remind),
}


def measure(instance: Path) -> None:
    """Print a row for each job, as if no night had been before."""
    with sqlite3.connect(instance / "portal.db") as connection:
        connection.execute("DELETE FROM progress_day")
        connection.execute("DELETE FROM message WHERE kind = 'reminder'")
    rows = []
    for name in JOBS:
        answer = subprocess.run(
            [sys.executable, "-m", "bench.nightly", name, str(instance)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        rows.append(tuple(answer.strip().splitlines()[-1].split("\t")))
    table(("by night", "", "s", "s of a processor", "peak memory MiB"), rows)


def main(name: str, instance: Path) -> None:
    words, job = JOBS[name]
    app = create_app(load_settings(instance=instance))
    with app.app_context():
        began = time.monotonic(), time.process_time()
        done = job()
        took = time.monotonic() - began[0], time.process_time() - began[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{words}\t{done}\t{took[0]:.1f}\t{took[1]:.1f}\t{peak:.0f}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
