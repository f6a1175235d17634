"""The main job: upload, replace, delete, take back. On both databases."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal import clock
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import AuditRecord, Scan, ScanState
from portal.rules.scan_refusals import MAX_SCAN_BYTES, RefusalReason, ScanRefused
from portal.runtime import runtime
from portal.services import scans
from portal.services.audit import Event
from portal.services.fsck import check
from portal.services.fsck_bytes import fault_in_bytes
from portal.services.sweep import let_go, sweep
from portal.services.transaction import writing
from tests import scans as files
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")


def rows(member_id: int) -> list[Scan]:
    db.session.rollback()
    return list(
        db.session.scalars(select(Scan).where(Scan.member_id == member_id).order_by(Scan.id))
    )


def events(member_id: int) -> list[str]:
    query = select(AuditRecord.event).where(AuditRecord.member_id == member_id)
    return list(db.session.scalars(query.order_by(AuditRecord.id)))


def test_an_uploaded_form_is_there_with_its_bytes(world: World) -> None:
    member = world.add_member()
    done = world.upload(member)
    (scan,) = rows(member)
    assert (scan.id, scan.state, scan.pages) == (done.scan_id, ScanState.CURRENT, 2)
    with runtime().store.open(scan.storage_key) as file:
        content = file.read()
    assert content == files.good_scan()
    assert scan.sha256 == hashlib.sha256(content).digest()
    assert world.member(member).has_scan
    assert world.tally()["with_scan"] == 1
    assert events(member) == [Event.SCAN_UPLOADED]
    assert check() == []


def test_replacing_keeps_one_current_form(world: World) -> None:
    member = world.add_member()
    world.upload(member)
    done = world.upload(member, files.good_scan(3))
    assert done.replaced
    old, new = rows(member)
    assert (old.state, new.state) == (ScanState.REPLACED, ScanState.CURRENT)
    assert world.tally()["with_scan"] == 1
    assert events(member) == [Event.SCAN_UPLOADED, Event.SCAN_REPLACED]
    assert check() == []


def test_the_same_bytes_twice_are_one_upload(world: World) -> None:
    member = world.add_member()
    first = world.upload(member)
    again = world.upload(member)
    assert again.unchanged
    assert again.scan_id == first.scan_id
    assert len(rows(member)) == 1
    assert events(member) == [Event.SCAN_UPLOADED]
    assert check() == []


def test_a_refused_file_changes_nothing(world: World) -> None:
    member = world.add_member()
    world.upload(member)
    with pytest.raises(ScanRefused) as refused:
        world.upload(member, files.png())
    assert refused.value.refusal.reason is RefusalReason.NOT_PDF
    (scan,) = rows(member)
    assert scan.state is ScanState.CURRENT
    assert events(member) == [Event.SCAN_UPLOADED]
    assert list((runtime().settings.instance / "store" / "incoming").iterdir()) == []
    assert check() == []


def test_a_disputed_file_is_stored_and_said_so(world: World) -> None:
    done = world.upload(world.add_member(), files.disputed())
    assert done.disputed
    assert not world.upload(world.add_member(), files.good_scan()).disputed


def test_fifteen_m_exactly_is_taken_and_one_byte_more_is_not(world: World) -> None:
    from portal.demo.paper import pad_to

    member = world.add_member()
    world.upload(member, pad_to(files.good_scan(), MAX_SCAN_BYTES))
    with pytest.raises(ScanRefused) as refused:
        world.upload(member, pad_to(files.good_scan(), MAX_SCAN_BYTES + 1))
    assert refused.value.refusal.reason is RefusalReason.TOO_LARGE
    assert "15.1M" in refused.value.message
    assert rows(member)[0].size == MAX_SCAN_BYTES


def test_an_empty_file_is_refused(world: World) -> None:
    with pytest.raises(ScanRefused) as refused:
        world.upload(world.add_member(), b"")
    assert refused.value.refusal.reason is RefusalReason.EMPTY


def test_only_the_members_own_branch_uploads(world: World) -> None:
    member = world.add_member()
    with pytest.raises(NotFound):
        world.upload(member, node=world.sister)
    for committee in (world.grassroots, world.district, world.municipal):
        with pytest.raises(NotAllowed):
            world.upload(member, node=committee)
        with pytest.raises(NotAllowed):
            scans.delete(world.actor(committee), member)
    assert rows(member) == []


def test_an_old_number_takes_no_form(world: World) -> None:
    member = world.add_member(number="201811000001", joined=datetime(2018, 5, 1).date())
    with pytest.raises(scans.NoUploadHere):
        world.upload(member)


def test_a_deleted_form_can_be_taken_back(world: World) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    world.upload(member)
    scans.delete(branch, member)
    assert not world.member(member).has_scan
    assert world.tally()["with_scan"] == 0
    scans.delete(branch, member)  # a double click
    scans.restore(branch, member)
    assert world.member(member).has_scan
    assert world.tally()["with_scan"] == 1
    assert events(member) == [Event.SCAN_UPLOADED, Event.SCAN_DELETED, Event.SCAN_RESTORED]
    assert check() == []


def test_a_deletion_is_final_after_thirty_days(world: World) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    world.upload(member)
    scans.delete(branch, member)
    key = rows(member)[0].storage_key
    with time_machine.travel(datetime.now(UTC) + timedelta(days=29), tick=False):
        assert sweep().past_undo == 0
        assert scans.undoable_scan(member) is not None
    with time_machine.travel(datetime.now(UTC) + timedelta(days=31), tick=False):
        with pytest.raises(scans.NothingToUndo):
            scans.restore(branch, member)
        assert sweep().past_undo == 1
        with pytest.raises(scans.NothingToUndo):
            scans.restore(branch, member)
    assert scans.undoable_scan(member) is None
    assert runtime().store.size(key) is None
    assert rows(member)[0].file_gone_at is not None
    assert check() == []


def test_a_form_taken_back_while_the_sweep_goes_is_kept(world: World) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    world.upload(member)
    scans.delete(branch, member)
    seen_by_the_sweep = rows(member)[0]
    db.session.expunge(seen_by_the_sweep)
    scans.restore(branch, member)
    assert not let_go(seen_by_the_sweep)
    assert runtime().store.size(seen_by_the_sweep.storage_key) is not None
    assert check() == []


def test_a_new_upload_after_a_deletion_ends_the_undo(world: World) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    world.upload(member)
    scans.delete(branch, member)
    world.upload(member, files.good_scan(3))
    with pytest.raises(scans.NothingToUndo):
        scans.restore(branch, member)


def test_a_replaced_form_is_not_what_undo_brings_back(world: World) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    world.upload(member)
    world.upload(member, files.good_scan(3))
    scans.delete(branch, member)
    scans.restore(branch, member)
    assert [scan.state for scan in rows(member)] == [ScanState.REPLACED, ScanState.CURRENT]


def test_a_late_upload_is_marked_late(world: World) -> None:
    today = clock.today()
    late = world.add_member(approved_on=today - timedelta(days=40))
    in_time = world.add_member(approved_on=today - timedelta(days=3))
    world.upload(late)
    world.upload(in_time)
    assert rows(late)[0].late
    assert not rows(in_time)[0].late


def test_the_form_of_a_released_number_can_be_replaced(world: World) -> None:
    member = world.add_member(number=None, released_number="202611000777")
    assert world.upload(member).scan_id


def test_who_has_no_number_yet_can_have_a_form(world: World) -> None:
    member = world.add_member(number=None)
    world.upload(member)
    assert world.tally()["with_scan"] == 0  # counted once the number makes a new member of them
    assert check() == []


def test_a_file_without_a_row_is_swept_after_a_day(world: World) -> None:
    member = world.add_member()
    world.upload(member)
    store = runtime().store
    with store.receive(100) as incoming:
        incoming.write(b"orphan")
        store.keep(incoming, "scans/ab/abcdef.pdf")
    left = store.receive(100)
    left.write(b"half")
    left.finish()
    assert sweep().orphans == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2), tick=False):
        swept = sweep()
    assert (swept.orphans, swept.half_received) == (1, 1)
    assert check() == []


def test_two_current_forms_are_impossible(world: World) -> None:
    member = world.add_member()
    world.upload(member)
    (scan,) = rows(member)
    columns = {
        column.key: getattr(scan, column.key)
        for column in Scan.__table__.columns
        if column.key != "id"
    }
    with pytest.raises(IntegrityError), writing() as session:
        session.add(Scan(**{**columns, "storage_key": "scans/ff/ff.pdf"}))


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_record SET person_name = 'x'", "DELETE FROM audit_record"]
)
def test_the_record_cannot_be_changed(world: World, statement: str) -> None:
    world.upload(world.add_member())
    with pytest.raises(DBAPIError, match="insert only"), writing() as session:
        session.execute(text(statement))
    assert db.session.scalar(select(AuditRecord.id).limit(1)) is not None


def test_a_viewed_form_is_recorded_once_a_look(world: World) -> None:
    from portal.services.audit import record_view

    member = world.add_member()
    done = world.upload(member)
    actor = world.actor(world.district)
    for _ in range(3):
        record_view(actor, Event.SCAN_VIEWED, member_id=member, scan_id=done.scan_id)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11), tick=False):
        record_view(actor, Event.SCAN_VIEWED, member_id=member, scan_id=done.scan_id)
    assert events(member) == [Event.SCAN_UPLOADED, Event.SCAN_VIEWED, Event.SCAN_VIEWED]


def test_only_current_forms_in_scope_are_found(world: World) -> None:
    member = world.add_member()
    done = world.upload(member)
    assert scans.find_scan(world.actor(world.district), done.scan_id).member_id == member
    for stranger in (world.sister, world.other_district, world.far_branch):
        with pytest.raises(NotFound):
            scans.find_scan(world.actor(stranger), done.scan_id)
    scans.delete(world.actor(world.branch), member)
    with pytest.raises(scans.ScanEnded, match="已被删除"):
        scans.find_scan(world.actor(world.district), done.scan_id)
    with pytest.raises(NotFound):
        scans.find_scan(world.actor(world.sister), done.scan_id)


def test_a_file_that_goes_while_it_is_to_be_read_is_missing(world: World) -> None:
    """Its row may have said so a moment later; ``flask fsck --files`` goes on all the same."""
    member = world.add_member()
    world.upload(member)
    scan = scans.current_scan(member)
    assert scan is not None
    assert fault_in_bytes(scan.storage_key, scan.sha256) is None
    assert fault_in_bytes(scan.storage_key, bytes(32)) == "its bytes are not those that were kept"
    runtime().store.delete(scan.storage_key)
    assert fault_in_bytes(scan.storage_key, scan.sha256) == "its file is missing"
