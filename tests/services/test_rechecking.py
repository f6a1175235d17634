"""Looks and pictures asked for again, dropped, swept, compared. On both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import delete, select, update

from portal.extensions import db
from portal.models import AuditRecord, Job, JobKind, JobState, Scan, ScanFinding, ScanLook
from portal.rules.scan_findings import CHECKS_VERSION, Finding, FindingKind, Look
from portal.runtime import runtime
from portal.services import fsck, job_running, jobs, looks, rechecking, scans
from portal.services.pictures import picture_key
from portal.services.sweep import sweep
from portal.services.transaction import writing
from tests import scans as files
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

WHILE = 60.0


def versions() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(ScanLook.checks_version).order_by(ScanLook.sha256)))


def open_jobs() -> int:
    return sum(jobs.count_open(kind) for kind in JobKind)


@pytest.fixture
def seen(world: World) -> list[int]:
    """Two scans that were looked at and drawn."""
    found = [world.upload(world.add_member(), files.good_scan(pages)).scan_id for pages in (1, 2)]
    job_running.work(WHILE)
    return found


def test_only_what_todays_checks_have_not_seen_is_looked_at_again(
    world: World, seen: list[int]
) -> None:
    assert rechecking.ask_looks() == 0
    with writing() as session:
        digest = session.get_one(Scan, seen[0]).sha256
        session.execute(
            update(ScanLook)
            .where(ScanLook.sha256 == digest)
            .values(checks_version=CHECKS_VERSION - 1)
        )
    assert rechecking.ask_looks() == 1
    assert rechecking.ask_looks() == 0  # it is asked for already
    assert db.session.scalars(select(Job.background).where(Job.due_at.is_not(None))).all() == [True]
    job_running.work(WHILE)
    assert versions() == [CHECKS_VERSION] * 2


def test_all_are_looked_at_again_and_what_was_stopped_goes_on(
    world: World, seen: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rechecking, "CHUNK", 1)
    assert rechecking.ask_looks(every=True) == 2
    with writing() as session:  # stopped after the first
        session.execute(delete(Job).where(Job.scan_id == seen[1]))
    assert rechecking.ask_looks() == 1
    assert versions() == [rechecking.OUTDATED] * 2
    job_running.work(WHILE)
    assert versions() == [CHECKS_VERSION] * 2


def test_forms_of_an_older_portal_get_their_first_look(world: World) -> None:
    scan = world.upload(world.add_member()).scan_id
    gone = world.add_member()
    world.upload(gone)
    scans.delete(world.actor(world.branch), gone)
    with writing() as session:
        session.execute(delete(Job))
    assert looks.look_state(scan) is looks.LookState.NONE
    assert (rechecking.ask_looks(), rechecking.ask_pictures()) == (1, 1)
    job_running.work(WHILE)
    assert looks.look_state(scan) is looks.LookState.DONE


def test_derived_data_is_dropped_and_made_again(world: World, seen: list[int]) -> None:
    key = picture_key(db.session.get_one(Scan, seen[1]), 2, 1000)
    assert db.session.scalars(select(ScanFinding.id)).all()
    dropped = rechecking.drop()
    assert (dropped.looks, dropped.pictures) == (2, 3)
    assert runtime().store.size(key) is None
    assert versions() == []
    assert db.session.scalars(select(ScanFinding.id)).all() == []
    assert fsck.check() == []
    event = select(AuditRecord.detail).where(AuditRecord.event == "derived dropped")
    assert db.session.scalars(event).one() == {"looks": 2, "pictures": 3}
    assert (rechecking.ask_looks(), rechecking.ask_pictures()) == (2, 2)
    job_running.work(WHILE)
    assert runtime().store.size(key)
    assert versions() == [CHECKS_VERSION] * 2


def test_what_a_person_said_outlives_the_look_it_was_said_of(world: World, seen: list[int]) -> None:
    branch, scan = world.actor(world.branch), seen[0]
    looks.set_aside(branch, scan, FindingKind.MISSING_PAGES, 0)
    rechecking.drop()
    rechecking.ask_looks()
    job_running.work(WHILE)
    (shown,) = [
        one
        for one in looks.shown_look(branch, scan).findings
        if one.finding.kind is FindingKind.MISSING_PAGES
    ]
    assert shown.set_aside is not None


def test_looks_and_jobs_go_with_the_last_form_of_a_file(world: World) -> None:
    branch = world.actor(world.branch)
    one, two = world.add_member(), world.add_member()
    world.upload(one)
    world.upload(two)
    job_running.work(WHILE)
    scans.delete(branch, one)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=31), tick=False):
        sweep()
        assert len(versions()) == 1
        assert len(db.session.scalars(select(Job.id)).all()) == len(JobKind)
        scans.delete(branch, two)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=62), tick=False):
        sweep()
    assert versions() == []
    assert db.session.scalars(select(ScanFinding.id)).all() == []
    assert db.session.scalars(select(Job.id)).all() == []
    assert fsck.check() == []


def test_fsck_mends_jobs_and_looks(world: World, seen: list[int]) -> None:
    assert fsck.check() == []
    with writing() as session:
        digest = session.get_one(Scan, seen[0]).sha256
        jobs.ask(98765)
        looks.keep(b"1" * 32, Look(1, (Finding(FindingKind.TILTED, 1, 6.0),)), 5)
        gone = select(ScanLook.id).where(ScanLook.sha256 == digest)
        session.execute(delete(ScanFinding).where(ScanFinding.look_id.in_(gone)))
        session.execute(delete(ScanLook).where(ScanLook.sha256 == digest))
    found = fsck.check()
    assert all(one.derived for one in found)
    assert sorted(one.subject.split()[0] for one in found) == ["job", "job", "look", "scan"]
    assert fsck.repair() == 4
    assert fsck.check() == []
    assert open_jobs() == 1
    job_running.work(WHILE)
    assert versions() == [CHECKS_VERSION] * 2


def test_the_commands(world: World, seen: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    from portal import job_commands
    from portal.services import readiness

    run = world.app.test_cli_runner().invoke
    job = db.session.scalars(select(Job.id).where(Job.kind == JobKind.LOOK)).first()
    with writing() as session:
        session.execute(
            update(Job)
            .where(Job.id == job)
            .values(state=JobState.FAILED, last_error="太大", ended_at=datetime.now(UTC))
        )
        other = session.scalars(select(Job.id).where(Job.kind == JobKind.LOOK, Job.id != job)).one()
        running = {"state": JobState.RUNNING, "progress": 40, "due_at": datetime.now(UTC)}
        session.execute(update(Job).where(Job.id == other).values(running))
        drawing = Job.kind == JobKind.DRAW
        waiting = {"state": JobState.WAITING, "due_at": datetime.now(UTC), "last_error": "存储"}
        session.execute(update(Job).where(drawing).values(waiting))
    listed = run(args=["jobs", "list"]).output
    assert f"{job}: look of scan" in listed
    assert f"{other}: look of scan {seen[1]}, running since " in listed
    assert "UTC, 40 %, attempts: 1\n" in listed
    assert listed.count("draw of scan") == listed.count(": 存储") == 2
    assert listed.count("again from") == 2
    assert "太大" in listed
    assert "waiting  running     done   failed  dropped" in listed
    job_running.work(WHILE)
    assert "1 begin anew" in run(args=["jobs", "retry", "--failed"]).output
    assert "1 begin anew" in run(args=["jobs", "retry", str(job)]).output
    assert run(args=["jobs", "drop", str(job)]).output == "Dropped.\n"
    assert run(args=["jobs", "drop", str(job)]).exit_code == 1
    assert run(args=["jobs", "retry", "12345"]).exit_code == 1
    assert run(args=["jobs", "retry"]).exit_code == 2

    assert "Asked for 2 looks" in run(args=["scans", "recheck", "--all"]).output
    away = run(args=["scans", "recheck", "--wait"])
    assert (away.exit_code, "worker is away" in away.output) == (1, True)
    readiness.beat()
    monkeypatch.setattr(job_commands.time, "sleep", lambda _: job_running.work(WHILE))
    assert "Asked for 0 looks" in run(args=["scans", "recheck", "--wait"]).output
    assert open_jobs() == 0
    assert run(args=["scans", "drop-derived"], input="n\n").exit_code == 1
    assert "Dropped 2 looks and 3 pictures" in run(args=["scans", "drop-derived", "--yes"]).output
    assert "pictures of 2 forms" in run(args=["scans", "redraw", "--wait"]).output
    assert open_jobs() == 0
