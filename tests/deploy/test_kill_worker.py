"""The worker is killed (SIGKILL) at random while forms come in; each is looked at exactly once.

Real processes of ``portal.worker`` on the test's own database; the uploads are made here. What is
looked at is what lies in the tables afterwards.
"""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from collections import Counter
from multiprocessing.context import ForkProcess
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal import clock, worker
from portal.extensions import db
from portal.models import Job, JobKind, JobState, Scan, ScanLook
from portal.runtime import runtime
from portal.services import fsck, jobs, readiness
from portal.services.pictures import picture_key
from portal.services.transaction import writing
from tests import scans as files
from tests.builders import World
from tests.conftest import make_settings

UPLOADS = 12
KILLS = 4
SECONDS = 60
"""For one look: a machine with much else to do may take ten times as long, and that is no fault."""


def start_worker(instance: Path) -> ForkProcess:
    """As ``bin/run`` does: forked from a process that has imported the portal already."""
    settings = make_settings(
        instance, job_seconds=SECONDS + 1, look_seconds=SECONDS, inspect_seconds=SECONDS
    )
    db.session.remove()
    db.engine.dispose()  # no connection is shared across a fork
    process = multiprocessing.get_context("fork").Process(target=worker.run, args=(settings,))
    process.start()
    return process


def kill(process: ForkProcess) -> None:
    """Its leases are over then, as if waited for."""
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    with writing() as session:
        session.execute(update(Job).where(Job.state == JobState.RUNNING).values(due_at=clock.now()))
    db.session.remove()


def ended() -> int:
    db.session.rollback()
    done = select(Job.id).where(Job.state == JobState.DONE)
    return len(db.session.scalars(done).all())


def wait_for(jobs_done: int, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while ended() < jobs_done and time.monotonic() < ends:
        time.sleep(0.05)


def wait_for_a_running_job(seconds: float) -> None:
    running = select(Job.id).where(Job.state == JobState.RUNNING)
    ends = time.monotonic() + seconds
    while not db.session.scalars(running).all() and time.monotonic() < ends:
        db.session.rollback()


@pytest.mark.slow
def test_however_the_worker_dies_each_form_is_looked_at_once(world: World, app: Flask) -> None:
    instance = app.extensions["portal"].settings.instance
    chance = random.Random(4)
    uploaded: list[int] = []

    def upload() -> None:
        content = files.good_scan(1 + len(uploaded) % 2, number=f"2026110000{len(uploaded):02}")
        uploaded.append(world.upload(world.add_member(), content).scan_id)

    running = start_worker(instance)
    try:
        for _ in range(KILLS):
            for _ in range(UPLOADS // KILLS):
                upload()
            # Some jobs further, and then most often in the midst of one.
            wait_for(ended() + chance.randint(1, 6), 30)
            wait_for_a_running_job(5)
            time.sleep(chance.random() * 0.03)
            kill(running)
            running = start_worker(instance)
        wait_for(UPLOADS * len(JobKind), 180)  # on a machine with much else to do
    finally:
        kill(running)

    db.session.rollback()
    states = Counter(db.session.execute(select(Job.kind, Job.state)).all())
    assert states == {(kind, JobState.DONE): UPLOADS for kind in JobKind}
    looked = Counter(db.session.scalars(select(ScanLook.sha256)))
    assert looked == dict.fromkeys(db.session.scalars(select(Scan.sha256)), 1)
    assert len(looked) == UPLOADS
    attempts, losses = zip(*db.session.execute(select(Job.attempts, Job.losses)), strict=True)
    assert sum(attempts) == UPLOADS * len(JobKind) + sum(losses)
    assert all(
        runtime().store.size(picture_key(scan, page, 1000))
        for scan in db.session.scalars(select(Scan))
        for page in range(1, scan.pages + 1)
    )
    assert fsck.check() == []
    assert jobs.next_due() is None
    assert readiness.readiness()["worker"]
