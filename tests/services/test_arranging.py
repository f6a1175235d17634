"""整理页面: a new version of the file, the uploaded one kept as it came. On both databases."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from pypdf import PdfReader
from sqlalchemy import select, update

from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import AuditRecord, Job, JobKind, JobState, Scan, ScanOrigin, ScanState
from portal.runtime import runtime
from portal.services import arranging, scans
from portal.services.arranging import NoPageLeft, NothingArranged
from portal.services.audit import Event
from portal.services.fsck import check
from portal.services.scans import ScanReplaced
from portal.services.sweep import let_go, sweep
from portal.services.transaction import writing
from tests import scans as files
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")


def rows(member_id: int) -> list[Scan]:
    db.session.rollback()
    db.session.expire_all()
    return list(
        db.session.scalars(select(Scan).where(Scan.member_id == member_id).order_by(Scan.id))
    )


def stored(scan: Scan) -> bytes:
    with runtime().store.open(scan.storage_key) as file:
        return file.read()


def form(world: World, pages: int = 3) -> tuple[int, int]:
    """A member with an uploaded form; the ids of both."""
    member = world.add_member()
    return member, world.upload(member, files.good_scan(pages)).scan_id


def test_an_arranged_form_takes_the_uploaded_ones_place(world: World) -> None:
    member, first = form(world)
    branch = world.actor(world.branch)
    done, arrangement = arranging.save(branch, member, first, "3.1r1.2x")
    assert arrangement.words == "删除了 1 页，转动了 1 页，顺序已调整"
    assert not done.unchanged
    old, new = rows(member)
    assert (old.state, old.origin, old.original_id) == (
        ScanState.REPLACED,
        ScanOrigin.UPLOADED,
        None,
    )
    assert (new.id, new.state, new.pages) == (done.scan_id, ScanState.CURRENT, 2)
    assert (new.origin, new.original_id) == (ScanOrigin.ARRANGED, first)
    assert stored(old) == files.good_scan(3)
    assert [page.rotation for page in PdfReader(io.BytesIO(stored(new))).pages] == [0, 90]
    (told,) = db.session.scalars(
        select(AuditRecord).where(AuditRecord.event == Event.SCAN_REPLACED)
    )
    assert (told.detail["origin"], told.detail["original"]) == ("arranged", first)
    waiting = select(Job.kind).where(Job.scan_id == new.id, Job.state == JobState.WAITING)
    assert set(db.session.scalars(waiting)) == set(JobKind)  # it is looked at anew
    assert world.tally()["with_scan"] == 1
    assert check() == []


def test_what_is_arranged_again_still_comes_from_the_uploaded_one(world: World) -> None:
    member, first = form(world)
    branch = world.actor(world.branch)
    second = arranging.save(branch, member, first, "3.1.2")[0].scan_id
    third = arranging.save(branch, member, second, "2.3x.1")[0].scan_id
    assert [scan.original_id for scan in rows(member)] == [None, first, first]
    arranging.restore_original(branch, member, third)
    assert [scan.state for scan in rows(member)] == [
        ScanState.CURRENT,
        ScanState.REPLACED,
        ScanState.REPLACED,
    ]
    assert check() == []


def test_a_double_click_makes_one_version(world: World) -> None:
    member, first = form(world)
    branch = world.actor(world.branch)
    done = arranging.save(branch, member, first, "3.1.2")[0]
    again = arranging.save(branch, member, first, "3.1.2")[0]
    assert again.unchanged
    assert again.scan_id == done.scan_id
    assert len(rows(member)) == 2
    assert check() == []


def test_who_was_slower_is_told_and_nothing_is_lost(world: World) -> None:
    member, first = form(world)
    branch = world.actor(world.branch)
    newer = world.upload(member, files.good_scan(4)).scan_id
    with pytest.raises(ScanReplaced, match="刚才已被"):
        arranging.save(branch, member, first, "3.1.2")
    scans.delete(branch, member)
    with pytest.raises(ScanReplaced):
        arranging.save(branch, member, newer, "4.3.2.1")
    assert [scan.state for scan in rows(member)] == [ScanState.REPLACED, ScanState.DELETED]
    assert check() == []


def test_what_changes_nothing_or_leaves_nothing_is_said(world: World) -> None:
    member, first = form(world)
    branch = world.actor(world.branch)
    with pytest.raises(NothingArranged):
        arranging.save(branch, member, first, "1.2.3")
    with pytest.raises(NoPageLeft):
        arranging.save(branch, member, first, "1x.2x.3x")
    for text in ("", "1.2", "1.2.2", "1.2.4", "1.2.3r4", "0.1.2", "a" * 5000):
        with pytest.raises(ValueError, match="page"):
            arranging.save(branch, member, first, text)
    assert len(rows(member)) == 1


def test_only_the_members_own_branch_arranges(world: World) -> None:
    member, first = form(world)
    other, others = form(world)
    for stranger in (world.sister, world.far_branch):
        with pytest.raises(NotFound):
            arranging.save(world.actor(stranger), member, first, "3.1.2")
        with pytest.raises(NotFound):
            arranging.restore_original(world.actor(stranger), member, first)
    for committee in (world.grassroots, world.district, world.municipal):
        with pytest.raises(NotAllowed):
            arranging.save(world.actor(committee), member, first, "3.1.2")
    branch = world.actor(world.branch)
    with pytest.raises(NotFound):
        arranging.save(branch, member, others, "3.1.2")  # another member's scan
    with pytest.raises(NotFound):
        arranging.save(branch, world.add_member(), first, "3.1.2")
    with pytest.raises(NotFound):
        arranging.scan_to_arrange(branch, world.add_member())
    assert len(rows(member)) == len(rows(other)) == 1


def test_the_original_is_the_form_again_with_one_word_on_record(world: World) -> None:
    member, first = form(world)
    branch = world.actor(world.branch)
    with pytest.raises(NotFound):  # it was made from nothing
        arranging.restore_original(branch, member, first)
    made = arranging.save(branch, member, first, "3.1.2")[0].scan_id
    arranging.restore_original(branch, member, made)
    arranging.restore_original(branch, member, made)  # a double click
    old, new = rows(member)
    assert (old.state, old.ended_at, old.ended_by_id) == (ScanState.CURRENT, None, None)
    assert new.state is ScanState.REPLACED
    told = db.session.scalars(
        select(AuditRecord.event).where(AuditRecord.member_id == member).order_by(AuditRecord.id)
    )
    assert list(told) == [Event.SCAN_UPLOADED, Event.SCAN_REPLACED, Event.ORIGINAL_RESTORED]
    world.upload(member, files.good_scan(4))
    with pytest.raises(ScanReplaced):
        arranging.restore_original(branch, member, made)
    assert world.tally()["with_scan"] == 1
    assert check() == []


def test_arranging_makes_no_form_late(world: World) -> None:
    """The paper was handed in when it was uploaded; so it stands after the due date too."""
    member, first = form(world)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=25), tick=False):
        arranging.save(world.actor(world.branch), member, first, "3.1.2")
    assert [scan.late for scan in rows(member)] == [False, False]


def test_the_original_is_kept_as_long_as_what_was_made_from_it(world: World) -> None:
    member, first = form(world)
    branch = world.actor(world.branch)
    made = arranging.save(branch, member, first, "3.1.2")[0].scan_id
    with time_machine.travel(datetime.now(UTC) + timedelta(days=40), tick=False):
        assert sweep().past_undo == 0
        original = rows(member)[0]
        db.session.expunge(original)
        assert not let_go(original)  # nor by a sweep that had read its row before
        assert runtime().store.size(original.storage_key) is not None
        scans.delete(branch, member)
        assert sweep().past_undo == 0  # 撤销 still brings the arranged one back
    with time_machine.travel(datetime.now(UTC) + timedelta(days=80), tick=False):
        assert sweep().past_undo == 1
        assert sweep().past_undo == 1  # the next night
        with pytest.raises(ScanReplaced):
            arranging.scan_to_arrange(branch, member, made)
    assert all(scan.file_gone_at for scan in rows(member))
    assert check() == []


def test_fsck_tells_of_an_original_that_does_not_agree(world: World) -> None:
    member, first = form(world)
    other, others = form(world)
    branch = world.actor(world.branch)
    made = arranging.save(branch, member, first, "3.1.2")[0].scan_id
    with writing() as session:
        session.execute(update(Scan).where(Scan.id == made).values(original_id=others))
        session.execute(
            update(Scan)
            .where(Scan.id == others)
            .values(original_id=first, file_gone_at=datetime.now(UTC))
        )
    said = [(one.subject, one.text) for one in check(read_files=False) if one.kind == "original"]
    assert said == [
        (f"scan {others}", f"scan {first}, which it was made from, is another member's"),
        (f"scan {made}", f"scan {others}, which it was made from, is another member's"),
        (
            f"scan {made}",
            f"scan {others}, which it was made from, was made from another one itself",
        ),
        (f"scan {made}", f"scan {others}, which it was made from, was not kept"),
    ]
    assert other
