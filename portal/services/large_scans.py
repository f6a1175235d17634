"""压缩到 15M 以内: a scan over 15 M is made to fit, shown before and after, and taken or not.

The large file itself is not kept: what it looked like is, for the comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from portal.access import Actor
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Draft, DraftKind, ScanOrigin
from portal.pdf.sandbox import PageNotDrawn
from portal.pdf.wire import Compressed, RedPlace
from portal.rules.making import MAX_SOURCE_BYTES, MakingReason, MakingRefusal, MakingRefused
from portal.rules.scan_findings import Box
from portal.rules.scan_refusals import MAX_SCAN_BYTES, Refusal, RefusalReason, ScanRefused
from portal.runtime import runtime
from portal.services import drafts
from portal.services.scans import Source, Uploaded, require_upload
from portal.services.transaction import writing
from portal.storage import Incoming, MissingFile

WHOLE = Box(0, 0, 1000, 1000)
NUMBER_PLACE = Box(0, 0, 1000, 330)
"""Where the number stands on the first page (``pdf/ocr.py``: above a third of its height)."""

PART_WIDTH = 1000
"""Pixels of an enlarged part of a page."""


class Part(StrEnum):
    """What is compared: the whole first page, and enlarged what must stay readable."""

    FIRST = "first"
    NUMBER = "number"
    SEAL = "seal"


class Side(StrEnum):
    """Of a comparison."""

    BEFORE = "before"
    AFTER = "after"


class NothingOffered(PortalError):
    """What was offered is a form already, or was given up, or its day is over."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            "这份压缩后的文件已经上传、放弃或过期（保留 1 天）。需要时请重新选择文件。"
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """A scan that fits now. ``seal_page`` has the most red ink, None if there is none."""

    name: str
    source_size: int
    source_dpi: int
    size: int
    dpi: int
    pages: int
    seal_page: int | None


def offer(actor: Actor, member_id: int, receive: Callable[[Incoming], None]) -> Offer:
    """Make the scan that ``receive`` writes fit into 15 M, to be looked at before it is taken.

    Raises as ``require_upload`` before a byte is read, ``ScanRefused`` for what no upload takes
    either, ``MakingRefused`` where it can't be done or need not be. Then nothing has changed, and
    what was offered before stays. ``NothingOffered`` when it was given up meanwhile.
    """
    require_upload(actor, member_id)
    db.session.rollback()  # no database connection is held while a slow line sends
    with runtime().store.receive(MAX_SOURCE_BYTES) as incoming:
        receive(incoming)
        _require_size(incoming)
        made = runtime().maker.compress(incoming.path)
        with writing() as session:
            folder = drafts.draft_to_change(session, actor, member_id, DraftKind.LARGE_SCAN).folder
        name, store = drafts.new_name(), runtime().store
        store.put(f"{folder}/{name}.pdf", made.pdf)
        _keep_pictures(folder, name, made.red, Side.BEFORE, incoming.path)
        try:
            with store.local_copy(f"{folder}/{name}.pdf") as path:
                _keep_pictures(folder, name, made.red, Side.AFTER, path)
            return _keep(actor, member_id, folder, name, made, incoming.size)
        except (MissingFile, NothingOffered):  # given up in another window
            drafts.forget_files(folder, name)
            raise NothingOffered from None


def offer_of(actor: Actor, member_id: int) -> Offer | None:
    """What the actor was offered and has not decided on."""
    draft = drafts.find_draft(actor, member_id, DraftKind.LARGE_SCAN)
    return _offer(draft) if draft is not None and draft.made_name is not None else None


def picture(actor: Actor, member_id: int, name: str, part: str, side: str) -> bytes:
    """A picture of the comparison of what has this name. Raises ``NotFound``."""
    draft = drafts.find_draft(actor, member_id, DraftKind.LARGE_SCAN)
    if draft is None or draft.made_name != name:
        raise NotFound
    try:
        key = _picture_key(draft.folder, name, Part(part), Side(side))
        return drafts.read(key)
    except (ValueError, MissingFile):  # no such part, or a scan without a seal
        raise NotFound from None


def take(actor: Actor, member_id: int, name: str) -> Uploaded:
    """采用并上传: what was shown becomes the member's form. Raises as ``scans.upload`` does.

    ``NothingOffered`` when it is not what is offered now: the page was an older one.
    """
    draft = drafts.find_draft(actor, member_id, DraftKind.LARGE_SCAN)
    if draft is None or draft.made_name is None or draft.made_name != name:
        raise NothingOffered
    return drafts.take(actor, member_id, draft, Source(ScanOrigin.COMPRESSED))


def give_up(actor: Actor, member_id: int) -> None:
    """放弃: nothing of it is left."""
    draft = drafts.find_draft(actor, member_id, DraftKind.LARGE_SCAN)
    if draft is not None:
        drafts.forget(draft.id)


def _require_size(incoming: Incoming) -> None:
    if incoming.size == 0:
        raise ScanRefused(Refusal(RefusalReason.EMPTY))
    if incoming.over_limit:
        raise MakingRefused(MakingRefusal(MakingReason.SOURCE_TOO_LARGE, size=incoming.size))
    if incoming.size <= MAX_SCAN_BYTES:
        raise MakingRefused(MakingRefusal(MakingReason.SMALL_ALREADY, size=incoming.size))


def _keep_pictures(folder: str, name: str, red: RedPlace | None, side: Side, path: Path) -> None:
    """Draw what is compared. Raises ``MakingRefused`` where a page can't be drawn."""
    maker, store = runtime().maker, runtime().store
    places = {
        Part.FIRST: RedPlace(1, WHOLE),
        Part.NUMBER: RedPlace(1, NUMBER_PLACE),
    }
    if red is not None:
        places[Part.SEAL] = red
    for part, place in places.items():
        try:
            drawn = maker.draw_part(path, place.page - 1, place.box, PART_WIDTH)
        except PageNotDrawn:
            raise MakingRefused(MakingRefusal(MakingReason.CRASHED)) from None
        store.put(_picture_key(folder, name, part, side), drawn)


def _picture_key(folder: str, name: str, part: Part, side: Side) -> str:
    return f"{folder}/{name}{part}{side}.jpg"


def _keep(
    actor: Actor, member_id: int, folder: str, name: str, made: Compressed, source_size: int
) -> Offer:
    with writing() as session:
        draft = drafts.draft_to_change(session, actor, member_id, DraftKind.LARGE_SCAN)
        if draft.folder != folder:
            raise NothingOffered
        before = draft.made_name
        draft.made_name, draft.made_size = name, len(made.pdf)
        draft.made_pages, draft.made_dpi = made.pages, made.dpi
        draft.source_size, draft.source_dpi = source_size, made.dpi_before
        draft.red = None
        if made.red is not None:
            box = made.red.box
            draft.red = [made.red.page, box.left, box.top, box.right, box.bottom]
        found = _offer(draft)
    if before is not None:
        drafts.forget_files(folder, before)
    return found


def _offer(draft: Draft) -> Offer:
    assert draft.made_name is not None
    return Offer(
        name=draft.made_name,
        source_size=draft.source_size or 0,
        source_dpi=draft.source_dpi or 0,
        size=draft.made_size or 0,
        dpi=draft.made_dpi or 0,
        pages=draft.made_pages or 0,
        seal_page=draft.red[0] if draft.red else None,
    )
