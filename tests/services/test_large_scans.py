"""压缩到 15M 以内: offered, looked at, taken or not; nothing else is kept. On both databases."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from portal.demo.paper import bind, pad_to
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import Draft, Scan, ScanOrigin
from portal.rules.making import MAX_SOURCE_BYTES, MakingReason, MakingRefused
from portal.rules.scan_refusals import MAX_SCAN_BYTES, RefusalReason, ScanRefused
from portal.runtime import runtime
from portal.services import large_scans
from portal.services.fsck import check
from portal.services.large_scans import NothingOffered, Offer
from portal.storage import Incoming
from tests import pictures
from tests import scans as files
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")


@cache
def large(extra: int = 1) -> bytes:
    """A good scan with much beside its pages."""
    return pad_to(files.good_scan(8), MAX_SCAN_BYTES + extra)


def offer(world: World, member: int, content: bytes) -> Offer:
    def receive(incoming: Incoming) -> None:
        incoming.write(content)

    return large_scans.offer(world.actor(world.branch), member, receive)


def stored() -> list[str]:
    return [file.key for file in runtime().store.keys("drafts/")]


def scans() -> list[Scan]:
    db.session.rollback()
    return list(db.session.scalars(select(Scan)))


def test_a_large_scan_is_taken_after_it_was_looked_at(world: World) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    offered = offer(world, member, large())
    assert offered == large_scans.offer_of(branch, member)
    assert (offered.source_size, offered.pages) == (MAX_SCAN_BYTES + 1, 8)
    assert offered.size < MAX_SCAN_BYTES
    assert offered.seal_page == 8
    assert scans() == []  # nothing is a form yet
    for part in ("first", "number", "seal"):
        before, after = (
            Image.open(io.BytesIO(large_scans.picture(branch, member, offered.name, part, side)))
            for side in ("before", "after")
        )
        assert before.size == after.size
        assert abs(before.width - 1000) <= 1
    assert check() == []
    assert not large_scans.take(branch, member, offered.name).unchanged
    (scan,) = scans()
    assert (scan.origin, scan.pages, scan.size) == (ScanOrigin.COMPRESSED, 8, offered.size)
    assert (stored(), check(), large_scans.offer_of(branch, member)) == ([], [], None)
    with pytest.raises(NothingOffered):
        large_scans.take(branch, member, offered.name)


def test_what_is_given_up_leaves_nothing(world: World) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    offered = offer(world, member, large())
    large_scans.give_up(branch, member)
    large_scans.give_up(branch, member)
    assert (stored(), scans(), check()) == ([], [], [])
    with pytest.raises(NothingOffered):
        large_scans.take(branch, member, offered.name)
    with pytest.raises(NotFound):
        large_scans.picture(branch, member, offered.name, "first", "before")


def test_only_what_is_shown_now_is_taken(world: World) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    older, newer = offer(world, member, large()), offer(world, member, large(2))
    assert len(stored()) == 7  # the newer one, and its six pictures
    with pytest.raises(NothingOffered):
        large_scans.take(branch, member, older.name)
    with pytest.raises(NotFound):
        large_scans.picture(branch, member, newer.name, "whole", "before")
    large_scans.take(branch, member, newer.name)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", RefusalReason.EMPTY),
        (pad_to(files.with_javascript(), MAX_SCAN_BYTES + 1), RefusalReason.JAVASCRIPT),
        (files.good_scan(), MakingReason.SMALL_ALREADY),
        (bytes(MAX_SOURCE_BYTES + 1), MakingReason.SOURCE_TOO_LARGE),
    ],
    ids=lambda value: value.value if isinstance(value, (RefusalReason, MakingReason)) else "",
)
def test_what_can_not_be_compressed_is_refused_and_the_offer_stays(
    world: World, content: bytes, reason: RefusalReason | MakingReason
) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    offered = offer(world, member, large())
    with pytest.raises((ScanRefused, MakingRefused)) as refused:
        offer(world, member, content)
    assert refused.value.refusal.reason is reason
    assert large_scans.offer_of(branch, member) == offered


def test_a_scan_without_red_has_no_seal_to_compare(world: World) -> None:
    member, branch = world.add_member(), world.actor(world.branch)
    grey = pictures.jpeg(pictures.page(660, 900, grey=True))
    offered = offer(world, member, pad_to(bind([grey]), MAX_SCAN_BYTES + 1))
    assert offered.seal_page is None
    assert len(stored()) == 5
    with pytest.raises(NotFound):
        large_scans.picture(branch, member, offered.name, "seal", "before")


def test_what_can_not_be_shown_is_not_offered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = world.add_member()
    monkeypatch.setattr(large_scans, "PART_WIDTH", -1)
    with pytest.raises(MakingRefused) as refused:
        offer(world, member, large())
    assert refused.value.refusal.reason is MakingReason.CRASHED
    assert large_scans.offer_of(world.actor(world.branch), member) is None


def test_an_offer_is_its_persons_alone(world: World) -> None:
    member = world.add_member()
    offered = offer(world, member, large())
    with pytest.raises(NotFound):
        large_scans.take(world.actor(world.sister), member, offered.name)
    with pytest.raises(NotAllowed):
        large_scans.offer_of(world.actor(world.district), member)
    assert db.session.scalar(select(func.count(Draft.id))) == 1


def test_an_offer_that_is_given_up_while_the_next_is_made_leaves_no_half(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another window, after the first file came and before the second is shown."""
    member, branch = world.add_member(), world.actor(world.branch)
    offer(world, member, large())
    draw = runtime().maker.draw_part

    def given_up_meanwhile(*wanted: Any) -> Any:
        large_scans.give_up(branch, member)
        return draw(*wanted)

    monkeypatch.setattr(runtime().maker, "draw_part", given_up_meanwhile)
    with pytest.raises(NothingOffered):
        offer(world, member, large(extra=2))
    db.session.rollback()
    assert (stored(), check(), large_scans.offer_of(branch, member)) == ([], [], None)


def test_what_is_given_up_at_the_last_moment_comes_not_back_as_another_offer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When all pictures are drawn; what is kept then would be in a folder that nobody names."""
    member, branch = world.add_member(), world.actor(world.branch)
    offer(world, member, large())
    drawn, draw = len(stored()) - 1, runtime().maker.draw_part
    asked = iter(range(1, drawn + 1))

    def given_up_after_the_last(*wanted: Any) -> Any:
        picture = draw(*wanted)
        if next(asked) == drawn:
            large_scans.give_up(branch, member)
        return picture

    monkeypatch.setattr(runtime().maker, "draw_part", given_up_after_the_last)
    with pytest.raises(NothingOffered):
        offer(world, member, large(extra=2))
    db.session.rollback()
    assert (stored(), check(), large_scans.offer_of(branch, member)) == ([], [], None)
