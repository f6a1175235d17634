"""The worker is killed (SIGKILL) while it makes a large report; the next goes on from its parts.

Real processes of ``portal.worker`` on the test's own database: the first kills itself in a part,
between two, or while they are joined. Looked at is what lies in the store and the tables.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkProcess
from typing import Any

import pytest
import time_machine
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import update

from portal import clock, worker
from portal.extensions import db
from portal.models import Message, ReportRun, RunState
from portal.reports import document, making
from portal.reports.registry import find_report
from portal.reports.report import Asked
from portal.runtime import runtime
from portal.services import fsck, report_runs, report_work, sweep
from portal.services.transaction import writing
from portal.settings import Settings
from portal.typesetting.typesetter import Typesetter
from tests.builders import World
from tests.conftest import make_settings
from tests.reports.given import given_file

ROWS, OF_A_PART = 11, 2
PARTS = 6
DIES = {  # how many parts are asked for until it dies, and whether that one is still made
    "in its third part": (3, "before", 2),
    "between its parts": (4, "after", 4),
    "while they are joined": (0, "join", 6),
    "when the whole is kept": (0, "kept", 6),
}


def dying(asked: int, when: str, settings: Settings) -> None:
    """A worker that kills itself; with one process for parts, so that it is known where."""
    part, write, made = Typesetter.part, Typesetter.join, 0

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def counted(self: Typesetter, html: str, **how: Any) -> Any:
        nonlocal made
        made += 1
        if made == asked and when == "before":
            die()
        result = part(self, html, **how)
        if made == asked + 1 and when == "after":
            die()
        return result

    def joining(self: Typesetter, sink: Any, *args: Any, **how: Any) -> None:
        if when == "join":
            taken = sink.write
            sink.write = lambda content: (taken(content), die())
        write(self, sink, *args, **how)

    if when == "kept":
        report_work.finish = lambda *args, **how: die()  # type: ignore[assignment]
    Typesetter.part = counted  # type: ignore[method-assign,assignment]
    Typesetter.join = joining  # type: ignore[method-assign,assignment]
    worker.run(settings)


def started(work: Callable[..., None], *args: Any) -> ForkProcess:
    """As ``bin/run`` does: forked from a process that has imported the portal already."""
    db.session.remove()
    db.engine.dispose()  # no connection is shared across a fork
    process = multiprocessing.get_context("fork").Process(target=work, args=args)
    process.start()
    return process


def files_of(folder: str) -> dict[str, datetime]:
    return {
        file.key.rpartition("/")[2]: file.modified for file in runtime().store.keys(f"{folder}/")
    }


def left_of(parts: dict[str, datetime], files: dict[str, datetime]) -> dict[str, datetime]:
    return {name: at for name, at in files.items() if name in parts}


@pytest.mark.slow
@pytest.mark.parametrize("moment", DIES)
def test_a_report_whose_worker_was_killed_ends_once_from_the_finished_parts(
    world: World, app: Flask, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    asked, when, finished = DIES[moment]
    monkeypatch.setattr(making, "SMALL_ROWS", OF_A_PART)
    monkeypatch.setattr(document, "PART_ROWS", OF_A_PART)
    names = [world.member(world.add_member(world.branch)).name for _ in range(ROWS)]
    actor = world.actor(world.district)
    run = making.order(actor, find_report("missing"), Asked(world.district.id))
    run_id, folder = run.id, run.folder
    settings = make_settings(
        app.extensions["portal"].settings.instance, report_seconds=10, report_processes=1
    )

    first = started(dying, asked, when, settings)
    first.join(120)
    assert first.exitcode == -signal.SIGKILL
    run = report_runs.find_run(actor, run_id)
    assert run.state is RunState.RUNNING
    left = files_of(folder)
    parts = {name: when for name, when in left.items() if name.endswith(".part")}
    assert len(parts) == finished
    whole = {"report.pdf"} if when == "kept" else set()
    assert set(left) - set(parts) == {"content.json"} | whole
    assert given_file(actor, run, "pdf") is None  # nothing half-made
    world.add_member(world.branch)  # behind the state that the report shows
    assert report_work.take() is None  # its lease runs still
    with writing() as session:  # and is over now, as if waited for
        session.execute(update(ReportRun).where(ReportRun.id == run_id).values(due_at=clock.now()))
    db.session.remove()

    seen: dict[str, datetime] = {}
    second = started(watching, settings)
    try:
        ends = time.monotonic() + 120
        while left_of(parts, files := files_of(folder)) or "report.pdf" not in files:
            assert time.monotonic() < ends
            seen |= left_of(parts, files)
            time.sleep(0.05)
    finally:
        second.terminate()
        second.join()
    run = report_runs.find_run(actor, run_id)
    assert (run.state, run.rows, run.rows_done, run.losses) == (RunState.DONE, ROWS, ROWS, 1)
    assert seen == parts  # as the first worker left them: none was made again
    made_again = (settings.instance / "made.txt").read_text().split()
    assert len(made_again) == PARTS - finished + 1  # and the page numbers
    made = given_file(actor, run, "pdf")
    assert made is not None
    pages = PdfReader(io.BytesIO(made)).pages
    assert len(pages) == run.pages
    text = "".join(page.extract_text() for page in pages)
    assert sorted(name for name in names if name in text) == sorted(names)
    told = db.session.query(Message).filter(Message.url == f"/reports/runs/{run_id}")
    assert told.count() == 1
    assert set(files_of(folder)) == {"content.json", "report.pdf"}
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2), tick=False):
        sweep.sweep()
    assert fsck.check() == []
    assert list((settings.instance / "store" / "incoming").iterdir()) == []


def watching(settings: Settings) -> None:
    """A worker that writes down each document it has typeset."""
    part = Typesetter.part

    def noted(self: Typesetter, html: str, **how: Any) -> Any:
        with (settings.instance / "made.txt").open("a") as file:
            file.write("part\n")
        return part(self, html, **how)

    Typesetter.part = noted  # type: ignore[method-assign,assignment]
    worker.run(settings)
