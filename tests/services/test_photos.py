"""拍照合成: pictures become a member's form, and nothing of a draft stays behind. On both databases."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import AuditRecord, Draft, DraftPicture, Scan, ScanOrigin, ScanState
from portal.pdf.wire import CleanPicture
from portal.rules.making import MAX_PICTURES, MakingReason, MakingRefused
from portal.runtime import runtime
from portal.services import drafts, photo_adding, photos
from portal.services.fsck import check
from portal.services.photo_adding import Added, Gather, Received
from portal.services.photos import MadeBefore, PhotoDraft
from portal.services.scans import NoUploadHere, Uploaded
from portal.services.sweep import sweep
from tests import pictures
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

FIRST = pictures.jpeg(pictures.page(660, 900))
SECOND = pictures.phone_jpeg(6, pictures.page(720, 960))
THIRD = pictures.png(pictures.page(600, 800, grey=True))


def add(world: World, member: int, *contents: bytes) -> Added:
    def receive(gather: Gather) -> Sequence[Received]:
        found = []
        for place, content in enumerate(contents):
            incoming = gather()
            incoming.write(content)
            found.append(Received(f"IMG_{place}.jpg", incoming))
        return found

    return photo_adding.add(world.actor(world.branch), member, receive)


def take(world: World, member: int) -> Uploaded:
    """As the page does that was just shown."""
    made = draft_of(world, member).made
    return photos.take(world.actor(world.branch), member, made.name if made is not None else "x")


def draft_of(world: World, member: int) -> PhotoDraft:
    db.session.rollback()
    return photos.draft_of(world.actor(world.branch), member)


def files() -> list[str]:
    return [file.key for file in runtime().store.keys("drafts/")]


def rows() -> int:
    db.session.rollback()
    return (db.session.scalar(select(func.count(Draft.id))) or 0) + (
        db.session.scalar(select(func.count(DraftPicture.id))) or 0
    )


def test_pictures_become_the_members_form(world: World) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    added = add(world, member, FIRST, SECOND)
    assert (added.numbers, added.again, added.refused) == ((1, 2), 0, ())
    photos.arrange(branch, member, "2.1")
    add(world, member, THIRD)
    draft = draft_of(world, member)
    assert str(draft.pages) == "2.1.3"
    assert [(one.width, one.height, one.is_coarse) for one in draft.photos] == [
        (660, 900, True),
        (960, 720, True),  # taken with the phone held upright
        (600, 800, True),
    ]
    assert Image.open(io.BytesIO(photos.picture(branch, member, 2, small=True))).size == (320, 240)

    assert [one.tall for one in draft.photos] == [1364, 750, 1333]
    photos.arrange(branch, member, "2r1.3.1x")
    photos.make(branch, member)
    made = draft_of(world, member).made
    assert made is not None
    assert (made.pages, made.coarser, made.is_current) == (2, False, True)
    for _ in range(2):  # drawn, and kept
        shown = Image.open(io.BytesIO(photos.made_page(branch, member, made.name, 1, 200)))
        assert shown.width < shown.height  # turned once more
    for name, page, width in (("x", 1, 200), (made.name, 3, 200), (made.name, 1, 201)):
        with pytest.raises(NotFound):
            photos.made_page(branch, member, name, page, width)
    assert check() == []

    done = take(world, member)
    assert (done.replaced, done.unchanged) == (False, False)
    scan = db.session.scalars(select(Scan).where(Scan.member_id == member)).one()
    assert (scan.pages, scan.origin, scan.state) == (2, ScanOrigin.FROM_PHOTOS, ScanState.CURRENT)
    with runtime().store.open(scan.storage_key) as file:
        assert b"Secret" not in file.read()
    assert (files(), rows(), check()) == ([], 0, [])
    said = db.session.scalars(select(AuditRecord).where(AuditRecord.scan_id == scan.id)).one()
    assert said.detail["origin"] == "from_photos"
    with pytest.raises(MadeBefore):  # the button again, or the page of before
        take(world, member)
    drafts.forget(1)  # by two at once: the second finds nothing


def test_each_picture_is_taken_or_refused_alone(world: World) -> None:
    member = world.add_member()
    added = add(world, member, FIRST, pictures.heic(), b"", FIRST, THIRD)
    assert (added.numbers, added.again) == ((1, 2), 1)
    assert [name for name, _ in added.refused] == ["IMG_1.jpg", "IMG_2.jpg"]
    assert "兼容性最佳" in added.refused[0][1]
    # A lost answer, and the same picture sent once more.
    assert (add(world, member, FIRST).numbers, len(draft_of(world, member).photos)) == ((), 2)
    assert len(files()) == 6  # two pictures, each in three sizes
    assert check() == []


def test_a_picture_over_20_m_is_named_with_its_size(world: World) -> None:
    member = world.add_member()
    added = add(world, member, b"\xff\xd8" + bytes(20 * 1024 * 1024 + 1))
    assert "20.0M，超过 20M" in added.refused[0][1]
    assert files() == []


def test_there_is_an_end_to_pictures(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    member = world.add_member()
    monkeypatch.setattr(photo_adding, "MAX_PICTURES", 2)
    added = add(world, member, FIRST, SECOND, THIRD)
    assert added.numbers == (1, 2)
    assert f"最多 {MAX_PICTURES} 张" in added.refused[0][1]
    monkeypatch.setattr(photo_adding, "MAX_PICTURES", 9)
    monkeypatch.setattr(photo_adding, "MAX_PICTURES_BYTES", 1000)
    assert "200M" in add(world, member, THIRD).refused[0][1]
    photos.clear(world.actor(world.branch), member)
    photos.clear(world.actor(world.branch), member)
    assert (files(), rows()) == ([], 0)


def test_what_is_no_arrangement_changes_nothing(world: World) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    add(world, member, FIRST, SECOND)
    photos.arrange(branch, member, "2.1r3")
    for wrong in ("2.2", "3.1.2", "x", "1.2.3.4"):
        assert str(photos.arrange(branch, member, wrong).pages) == "2.1r3", wrong
    assert str(photos.arrange(branch, member, "1r2").pages) == "1r2.2"  # of a page of before
    assert photos.arrange(branch, world.add_member(), "1").photos == ()
    draft = draft_of(world, member)
    assert [str(photos.arranged(draft, one)) for one in ("2.1", "x", None)] == [
        "2.1",
        "1r2.2",
        "1r2.2",
    ]


def test_what_was_changed_since_is_not_taken(world: World) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    with pytest.raises(MakingRefused) as refused:
        photos.make(branch, member)
    assert refused.value.refusal.reason is MakingReason.NOTHING_TO_JOIN
    add(world, member, FIRST, SECOND)
    with pytest.raises(MadeBefore):
        take(world, member)
    photos.make(branch, member)
    before = files()
    photos.make(branch, member)  # a double click
    assert files() == before
    photos.arrange(branch, member, "2.1")
    assert draft_of(world, member).made.is_current is False  # type: ignore[union-attr]
    with pytest.raises(MadeBefore):
        take(world, member)
    photos.make(branch, member)
    assert len(files()) == len(before)  # the file of before is gone
    photos.arrange(branch, member, "2x.1x")
    with pytest.raises(MakingRefused):
        photos.make(branch, member)
    photos.arrange(branch, member, "2.1")
    take(world, member)
    assert world.member(member).has_scan


def test_a_draft_is_its_persons_alone(world: World) -> None:
    member = world.add_member()
    add(world, member, FIRST)
    world.add_account(world.branch, login="colleague")
    colleague = world.client("colleague").get("/members/")  # signs in
    assert colleague.status_code == 200
    other = db.session.scalars(select(Draft)).one()
    assert other.account_id == world.branch.id
    for stranger in (world.sister, world.far_branch):
        with pytest.raises(NotFound):
            photos.draft_of(world.actor(stranger), member)
        with pytest.raises(NotFound):
            photos.picture(world.actor(stranger), member, 1, small=True)
    with pytest.raises(NotAllowed):
        photos.draft_of(world.actor(world.district), member)
    with pytest.raises(NotFound):
        photos.picture(world.actor(world.branch), member, 2, small=False)
    with pytest.raises(NotFound):
        photos.made_page(world.actor(world.branch), member, "x", 1, 200)
    with pytest.raises(NotFound):
        photos.picture(world.actor(world.branch), world.add_member(), 1, small=True)


def test_what_a_person_began_they_are_to_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MAX_DRAFTS", 2)
    begun = [world.add_member(name="安新"), world.add_member(name="何静")]
    for member in begun:
        add(world, member, FIRST)
    another = world.add_member()
    ((_, message),) = add(world, another, FIRST).refused
    assert "您还有 2 名团员的文件没有做完（安新、何静等）" in message
    assert add(world, begun[0], THIRD).numbers == (2,)
    photos.clear(world.actor(world.branch), begun[1])
    assert add(world, another, FIRST).numbers == (1,)


def test_who_needs_no_form_has_no_draft(world: World) -> None:
    member = world.add_member(number="201011000001", joined=date(2010, 1, 1))
    with pytest.raises(NoUploadHere):
        add(world, member, FIRST)
    assert rows() == 0


def test_a_draft_ends_after_a_day_with_its_files(world: World) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    now = datetime(2026, 11, 24, 4, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        add(world, member, FIRST)
        photos.make(branch, member)
        assert sweep().drafts == 0
    runtime().store.put("drafts/ab/lost/1.jpg", b"lost")
    assert "no draft has this file" in {one.text for one in check()}
    with time_machine.travel(now + timedelta(hours=24, minutes=1), tick=False):
        assert draft_of(world, member).photos == ()
        with pytest.raises(MadeBefore):
            take(world, member)
        assert sweep().drafts >= 1
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2), tick=False):
        sweep()
    assert (files(), rows(), check()) == ([], 0, [])


def test_fsck_tells_of_a_picture_that_is_missing(world: World) -> None:
    member = world.add_member()
    add(world, member, FIRST)
    runtime().store.delete(next(key for key in files() if len(key) < 60 + 4))
    assert [one.text for one in check()] == ["a draft's file is missing"]


class Meanwhile:
    """The maker, and what somebody does while it works."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._maker = runtime().maker
        self._act = act

    def clean(self, path: Path) -> CleanPicture:
        found = self._maker.clean(path)
        self._act()
        return found


@pytest.mark.parametrize("what", ["same", "others", "cleared"])
def test_what_happens_while_a_picture_is_made_clean_is_seen(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    before = runtime()

    def act() -> None:
        app.extensions["portal"] = before
        if what == "same":
            add(world, member, FIRST)
        elif what == "others":
            monkeypatch.setattr(photo_adding, "MAX_PICTURES", 1)
            add(world, member, SECOND)
        else:
            photos.clear(branch, member)

    app.extensions["portal"] = replace(before, maker=Meanwhile(act))
    added = add(world, member, FIRST)
    assert added.numbers == ()
    assert (added.again, len(added.refused)) == ((1, 0) if what == "same" else (0, 1))
    kept = 0 if what == "cleared" else 3
    assert len(files()) == kept  # nothing of the picture that came too late
    assert check() == []


def test_two_requests_of_one_person_make_one_draft(app: Flask, world: World) -> None:
    member = world.add_member()

    def send(content: bytes) -> Added:
        with app.app_context():
            return add(world, member, content)

    with ThreadPoolExecutor(3) as threads:
        added = list(threads.map(send, (FIRST, SECOND, FIRST)))
    assert sorted(number for one in added for number in one.numbers) == [1, 2]
    assert sum(one.again for one in added) == 1
    assert len(draft_of(world, member).photos) == 2
    assert len(files()) == 6
    assert timedelta(days=1) == drafts.KEPT


def test_pictures_that_are_cleared_while_they_are_joined_leave_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another window: no file is offered that is not there."""
    member, branch = world.add_member(), world.actor(world.branch)
    add(world, member, FIRST, SECOND)
    join = runtime().maker.join

    def cleared_meanwhile(*pictures: Any) -> Any:
        photos.clear(branch, member)
        return join(*pictures)

    monkeypatch.setattr(runtime().maker, "join", cleared_meanwhile)
    with pytest.raises(MakingRefused) as refused:
        photos.make(branch, member)
    assert refused.value.refusal.reason is MakingReason.NOTHING_TO_JOIN
    assert (files(), rows(), check()) == ([], 0, [])
    assert draft_of(world, member).made is None
