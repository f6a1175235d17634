"""The jobs: asked for with the upload, taken by one worker, ended once. On both databases."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from portal.extensions import db
from portal.forking.client import ChildLost
from portal.models import Job, JobKind, JobState, ScanFinding, ScanLook
from portal.rules.scan_findings import CHECKS_VERSION
from portal.runtime import runtime
from portal.services import job_running, jobs, looks, scans
from portal.services.transaction import writing
from tests import scans as files
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

WHILE = 60.0


def job(scan_id: int, kind: JobKind = JobKind.LOOK) -> Job:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Job).where(Job.scan_id == scan_id, Job.kind == kind)).one()


def states(scan_id: int) -> dict[JobKind, JobState]:
    return {kind: job(scan_id, kind).state for kind in JobKind}


@contextmanager
def later(**ago: float) -> Iterator[None]:
    with time_machine.travel(datetime.now(UTC) + timedelta(**ago), tick=True):
        yield


def lose_file(scan_id: int) -> Path:
    scan = db.session.get_one(scans.Scan, scan_id)
    path = runtime().settings.instance / "store" / scan.storage_key
    path.rename(path.with_suffix(".away"))
    db.session.rollback()
    return path


def test_a_form_is_never_without_its_jobs(world: World) -> None:
    scan = world.upload(world.add_member()).scan_id
    assert states(scan) == {JobKind.LOOK: JobState.WAITING, JobKind.DRAW: JobState.WAITING}


def test_the_worker_looks_and_draws(world: World) -> None:
    scan = world.upload(world.add_member()).scan_id
    assert looks.look_state(scan) is looks.LookState.CHECKING
    assert job_running.work(WHILE) is False
    assert states(scan) == {JobKind.LOOK: JobState.DONE, JobKind.DRAW: JobState.DONE}
    done = job(scan)
    assert (done.attempts, done.failures, done.progress, done.last_error) == (1, 0, 100, None)
    assert done.due_at is None
    assert looks.look_state(scan) is looks.LookState.DONE
    seen = looks.look_of(db.session.get_one(scans.Scan, scan).sha256)
    assert seen is not None
    assert seen.pages == 2


def test_the_same_file_is_not_looked_at_twice(world: World) -> None:
    one = world.upload(world.add_member()).scan_id
    job_running.work(WHILE)
    first = db.session.scalars(select(ScanLook.looked_at)).one()
    two = world.upload(world.add_member()).scan_id
    job_running.work(WHILE)
    assert states(one) == states(two)
    assert db.session.scalars(select(ScanLook.looked_at)).all() == [first]


def test_a_file_that_is_being_looked_at_is_not_looked_at_beside(world: World) -> None:
    one = world.upload(world.add_member()).scan_id
    two = world.upload(world.add_member()).scan_id
    at_it = jobs.take()
    assert at_it is not None
    assert (at_it.kind, at_it.scan_id) == (JobKind.LOOK, one)
    job_running.work(WHILE)
    assert states(two) == {JobKind.LOOK: JobState.WAITING, JobKind.DRAW: JobState.DONE}
    assert (job(two).failures, job(two).last_error) == (0, None)
    with writing():
        jobs.finish(at_it)
        looks.keep(db.session.get_one(scans.Scan, one).sha256, looks.Look(2), 10)
    with later(seconds=4):
        job_running.work(WHILE)
    assert states(two)[JobKind.LOOK] is JobState.DONE
    assert db.session.scalars(select(ScanLook.milliseconds)).all() == [10]


def test_where_the_one_that_was_at_a_file_is_lost_the_other_looks(world: World) -> None:
    world.upload(world.add_member())
    two = world.upload(world.add_member()).scan_id
    jobs.take()
    with later(seconds=runtime().settings.job_seconds + 1):
        lost = jobs.take()  # the other jobs were due before the lost one's deadline
        assert lost is not None
        job_running.work(WHILE)
    assert states(two)[JobKind.LOOK] is JobState.DONE


def test_an_older_look_gives_way_to_one_of_today(world: World) -> None:
    scan = world.upload(world.add_member()).scan_id
    job_running.work(WHILE)
    with writing() as session:
        before = session.scalars(select(ScanFinding.id)).all()
        session.execute(update(ScanLook).values(checks_version=CHECKS_VERSION - 1, pages=77))
        jobs.ask_many(JobKind.LOOK, [scan], background=True)
    job_running.work(WHILE)
    look = db.session.scalars(select(ScanLook)).one()
    assert (look.checks_version, look.pages) == (CHECKS_VERSION, 2)
    assert len(db.session.scalars(select(ScanFinding.id)).all()) == len(before)


def test_a_lost_worker_s_job_is_taken_up_after_its_deadline(world: World) -> None:
    scan = world.upload(world.add_member()).scan_id
    lost = jobs.take()
    assert lost is not None
    assert lost.kind is JobKind.LOOK
    job_running.work(WHILE)
    assert states(scan) == {JobKind.LOOK: JobState.RUNNING, JobKind.DRAW: JobState.DONE}
    due = jobs.next_due()
    assert due == lost.lease
    with later(seconds=runtime().settings.job_seconds + 1):
        job_running.work(WHILE)
        assert states(scan)[JobKind.LOOK] is JobState.DONE
    assert (job(scan).attempts, job(scan).losses, job(scan).failures) == (2, 1, 0)
    with pytest.raises(jobs.LeaseLost), writing():
        jobs.finish(lost)
    assert jobs.next_due() is None


def test_a_worker_that_was_too_slow_keeps_nothing(world: World) -> None:
    scan = world.upload(world.add_member()).scan_id
    slow = jobs.take()
    assert slow is not None
    with later(seconds=runtime().settings.job_seconds + 1):
        jobs.take()  # the drawing, which was due before that
        again = jobs.take()
        assert again is not None
    for late in (
        lambda: jobs.go_on(slow, 50),
        lambda: jobs.put_back(slow, None),
        lambda: jobs.fail(slow, "x"),
        lambda: jobs.give_up(slow, "x"),
    ):
        with pytest.raises(jobs.LeaseLost):
            late()
    assert job(scan).last_error is None
    jobs.go_on(again, 50)
    assert (job(scan).progress, job(scan).due_at) == (50, again.lease)


def test_a_worker_whose_job_was_dropped_in_the_midst_keeps_nothing_and_goes_on(
    world: World, app: Flask
) -> None:
    """The sandbox is stopped meanwhile, so that the look surely lasts until the job is dropped."""
    scan = world.upload(world.add_member()).scan_id
    runtime().looker.warm_up()
    sandbox = runtime().looker._process
    assert sandbox is not None

    def work() -> None:
        with app.app_context():
            job_running.work(WHILE)

    worker = threading.Thread(target=work)
    sandbox.send_signal(signal.SIGSTOP)
    try:
        worker.start()
        while job(scan).state is not JobState.RUNNING:
            time.sleep(0.01)
        assert jobs.drop(job(scan).id)
    finally:
        sandbox.send_signal(signal.SIGCONT)
        worker.join()
    assert states(scan) == {JobKind.LOOK: JobState.DROPPED, JobKind.DRAW: JobState.DONE}
    assert db.session.scalars(select(ScanLook.id)).all() == []
    assert jobs.retry(job(scan).id) == 1
    job_running.work(WHILE)
    assert states(scan)[JobKind.LOOK] is JobState.DONE


def test_of_many_workers_at_once_each_job_gets_one(world: World, app: Flask) -> None:
    count = 6
    for _ in range(count):
        world.upload(world.add_member())
    db.session.remove()
    taken: list[int] = []

    def work() -> None:
        with app.app_context():
            while (one := jobs.take()) is not None:
                taken.append(one.id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 2 * count


def test_two_workers_that_saw_the_same_file_leave_one_look(world: World, app: Flask) -> None:
    scan = world.upload(world.add_member()).scan_id
    digest = db.session.get_one(scans.Scan, scan).sha256
    seen = looks.Look(1, (looks.Finding(looks.FindingKind.TILTED, 1, 7.0),))
    db.session.remove()

    def keep() -> None:
        with app.app_context(), writing():
            looks.keep(digest, seen, 10)

    threads = [threading.Thread(target=keep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(db.session.scalars(select(ScanLook.id)).all()) == 1
    assert looks.look_of(digest) == seen
    assert len(db.session.scalars(select(ScanFinding.id)).all()) == 1


def test_a_job_that_fails_is_tried_three_times(world: World) -> None:
    scan = world.upload(world.add_member()).scan_id
    path = lose_file(scan)
    minutes = 0
    for failures in (1, 2, 3):
        with later(minutes=minutes):
            job_running.work(WHILE)
        assert job(scan).failures == failures
        if failures < jobs.MAX_FAILURES:
            assert {line.state for line in jobs.jobs_under_way(10)} == {JobState.WAITING}
        minutes += 2
    failed = job(scan)
    assert (failed.state, failed.attempts, failed.due_at) == (JobState.FAILED, 3, None)
    assert looks.look_state(scan) is looks.LookState.FAILED
    assert jobs.jobs_under_way(10) == []
    lines = jobs.failed_jobs(10)
    assert {line.kind for line in lines} == set(JobKind)
    assert "取不出来" in (lines[0].last_error or "")
    assert jobs.counts() == {(kind, JobState.FAILED): 1 for kind in JobKind}

    path.with_suffix(".away").rename(path)
    assert jobs.retry(failed.id) == 1
    assert jobs.retry(None) == 1
    job_running.work(WHILE)
    assert states(scan) == {JobKind.LOOK: JobState.DONE, JobKind.DRAW: JobState.DONE}
    assert jobs.retry(None) == 0
    assert jobs.retry(12345) == 0


def test_a_file_that_takes_too_much_fails_with_words_and_nobody_else_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child's own limits end it."""
    from portal.demo.paper import pad_to

    large = pad_to(files.good_scan(), 15 * 1024 * 1024)
    hostile = world.upload(world.add_member(), large).scan_id
    with monkeypatch.context() as tight:
        tight.setitem(runtime().looker._limits, "memory", 8 * 1024 * 1024)
        job_running.work(WHILE)
    assert "内存" in (job(hostile).last_error or "")
    other = world.upload(world.add_member(), files.good_scan(3)).scan_id
    job_running.work(WHILE)
    assert states(other)[JobKind.LOOK] is JobState.DONE
    assert states(hostile)[JobKind.LOOK] is JobState.WAITING
    with later(minutes=1):
        job_running.work(WHILE)
    assert states(hostile)[JobKind.LOOK] is JobState.DONE


def test_a_look_that_was_too_slow_says_so(world: World) -> None:
    assert "15 秒" in job_running._words_of(ChildLost(overtime=True))


def test_a_store_that_is_away_is_no_fault_of_the_job(world: World) -> None:
    scan = world.upload(world.add_member()).scan_id
    incoming = runtime().settings.instance / "store" / "incoming"
    incoming.rmdir()
    job_running.work(WHILE)
    waiting = job(scan, JobKind.DRAW)
    assert (waiting.state, waiting.failures) == (JobState.WAITING, 0)
    assert "存储" in (waiting.last_error or "")
    incoming.mkdir()
    with later(minutes=2):
        job_running.work(WHILE)
    assert states(scan)[JobKind.DRAW] is JobState.DONE


def test_a_fault_of_the_program_is_logged_and_ends_no_worker(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    scan = world.upload(world.add_member(), files.good_scan(3)).scan_id
    with writing() as session:  # a column that the code has no answer to
        session.execute(update(scans.Scan).values(storage_key="not a key"))
    job_running.work(WHILE)
    assert "程序内部错误" in (job(scan).last_error or "")
    assert "job failed" in caplog.text


def test_a_form_that_is_gone_needs_no_job_until_it_is_taken_back(world: World) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    scan = world.upload(member).scan_id
    scans.delete(branch, member)
    job_running.work(WHILE)
    assert states(scan) == dict.fromkeys(JobKind, JobState.DROPPED)
    assert looks.look_state(scan) is looks.LookState.NONE
    scans.restore(branch, member)
    job_running.work(WHILE)
    assert states(scan) == dict.fromkeys(JobKind, JobState.DONE)


def test_what_ends_ten_workers_is_given_up(world: World) -> None:
    scan = world.upload(world.add_member()).scan_id
    with writing() as session:
        session.execute(update(Job).values(losses=jobs.MAX_LOSSES - 1))
    assert jobs.take() is not None
    with later(seconds=runtime().settings.job_seconds + 1):
        taken = jobs.take()
        assert taken is not None
        assert taken.kind is JobKind.DRAW
        assert jobs.take() is None
    assert (job(scan).state, job(scan).last_error) == (JobState.FAILED, jobs.LOST_WORDS)


def test_who_waits_comes_before_what_goes_on_in_the_background(world: World) -> None:
    old = world.upload(world.add_member()).scan_id
    job_running.work(WHILE)
    with writing():
        jobs.ask_many(JobKind.LOOK, [old], background=True)
        jobs.ask_many(JobKind.LOOK, [])
    new = world.upload(world.add_member(), files.good_scan(3)).scan_id
    order = []
    while (one := jobs.take()) is not None:
        order.append(one.scan_id)
    assert order == [new, new, old]


def test_a_job_that_was_asked_for_anew_is_not_ended_by_the_worker_that_is_at_it(
    world: World,
) -> None:
    scan = world.upload(world.add_member()).scan_id
    running = jobs.take()
    assert running is not None
    with writing():
        jobs.ask_many(JobKind.LOOK, [scan])
    with pytest.raises(jobs.LeaseLost), writing():
        jobs.finish(running)
    assert job(scan).state is JobState.WAITING


def test_a_dropped_job_stays_so(world: World) -> None:
    scan = world.upload(world.add_member()).scan_id
    assert jobs.drop(job(scan).id)
    assert not jobs.drop(job(scan).id)
    job_running.work(WHILE)
    assert states(scan) == {JobKind.LOOK: JobState.DROPPED, JobKind.DRAW: JobState.DONE}


def test_a_long_form_is_drawn_in_turns(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = world.upload(world.add_member(), files.good_scan(3)).scan_id
    monkeypatch.setattr(job_running, "DRAW_SECONDS", 0.0)
    monkeypatch.setattr(job_running, "TELL_SECONDS", 0.0)
    assert job_running.work(0.0)
    assert job_running.work(0.0)
    drawing = job(scan, JobKind.DRAW)
    assert (drawing.state, drawing.progress) == (JobState.WAITING, 33)
    monkeypatch.setattr(job_running, "DRAW_SECONDS", WHILE)
    assert not job_running.work(WHILE)
    assert states(scan) == dict.fromkeys(JobKind, JobState.DONE)
    assert job(scan, JobKind.DRAW).attempts > 1


def test_an_enormous_form_lets_the_others_pass(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten pages, of which a turn draws one, and another form that comes after it."""
    enormous = world.upload(world.add_member(), files.good_scan(10)).scan_id
    other = world.upload(world.add_member(), files.good_scan(1)).scan_id
    monkeypatch.setattr(job_running, "DRAW_SECONDS", 0.0)
    for _ in range(4):  # a look and a page of the one, a look and the drawing of the other
        job_running.work(0.0)
    assert states(other) == dict.fromkeys(JobKind, JobState.DONE)
    assert states(enormous) == {JobKind.LOOK: JobState.DONE, JobKind.DRAW: JobState.WAITING}
    (left,) = jobs.jobs_under_way(10)
    assert (left.scan_id, left.kind, left.state) == (enormous, JobKind.DRAW, JobState.WAITING)


def test_the_worker_gives_signs_of_life_while_it_works(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.services import readiness

    monkeypatch.setattr(readiness, "BEAT_SECONDS", 0)
    world.upload(world.add_member())
    assert not readiness.readiness()["worker"]
    job_running.work(WHILE)
    assert readiness.readiness()["worker"]


def test_how_many_are_open(world: World) -> None:
    world.upload(world.add_member())
    assert jobs.count_open(JobKind.LOOK) == 1
    job_running.work(WHILE)
    assert jobs.count_open(JobKind.LOOK) == 0


def test_taking_a_job_walks_an_index(world: World, database: str) -> None:
    if database != "sqlite":
        pytest.skip("the planner of PostgreSQL decides by statistics, which an empty table lacks")
    plan = db.session.connection().exec_driver_sql(
        "EXPLAIN QUERY PLAN " + str(jobs._DUE.compile(db.engine)), (True, "2026-01-01", 1, 0)
    )
    text = " ".join(str(row[3]) for row in plan)
    assert "ix_job_background_due_at (background=? AND due_at<?)" in text
    assert "TEMP B-TREE" not in text
