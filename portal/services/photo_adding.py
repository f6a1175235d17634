"""Adding pictures to a draft of 拍照合成: each is made clean and taken, or refused, alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from portal.access import Actor
from portal.extensions import db
from portal.models import Draft, DraftKind, DraftPicture
from portal.pdf.wire import CleanPicture
from portal.rules.making import (
    MAX_PICTURE_BYTES,
    MAX_PICTURES,
    MAX_PICTURES_BYTES,
    MakingReason,
    MakingRefusal,
    MakingRefused,
)
from portal.runtime import runtime
from portal.services import drafts
from portal.services.photos import arrangement_of, pictures_of
from portal.services.scans import require_upload
from portal.services.transaction import writing
from portal.storage import Incoming

Gather = Callable[[], Incoming]
"""Gives a file in the store for the next picture of a request."""


@dataclass(frozen=True, slots=True)
class Received:
    """A picture as somebody's file."""

    name: str
    content: Incoming


@dataclass(frozen=True, slots=True)
class Added:
    """What came of pictures that were added; ``refused`` has each file's name with a sentence."""

    numbers: tuple[int, ...]
    again: int
    refused: tuple[tuple[str, str], ...]


def add(
    actor: Actor,
    member_id: int,
    receive: Callable[[Gather], Sequence[Received]],
) -> Added:
    """Add the pictures that ``receive`` writes behind the others.

    Each is taken or refused alone; one that is there already is not taken twice. Raises as
    ``require_upload`` does, before a byte is read.
    """
    require_upload(actor, member_id)
    db.session.rollback()  # no database connection is held while a slow line sends
    numbers: list[int] = []
    refused: list[tuple[str, str]] = []
    again = 0
    with ExitStack() as open_files:

        def gather() -> Incoming:
            return open_files.enter_context(runtime().store.receive(MAX_PICTURE_BYTES))

        for one in receive(gather):
            try:
                number = _add_one(actor, member_id, one.content)
            except MakingRefused as error:
                refused.append((one.name, error.message))
            else:
                if number is None:
                    again += 1
                else:
                    numbers.append(number)
    return Added(tuple(numbers), again, tuple(refused))


def _add_one(actor: Actor, member_id: int, incoming: Incoming) -> int | None:
    """The new picture's number; None if it is there already. Raises ``MakingRefused``."""
    if incoming.over_limit:
        raise MakingRefused(MakingRefusal(MakingReason.PICTURE_TOO_LARGE, size=incoming.size))
    digest = bytes.fromhex(incoming.sha256)
    with writing() as session:
        draft = drafts.draft_to_change(session, actor, member_id, DraftKind.PHOTOS)
        if _has_or_refuses(draft, digest):
            return None
        folder = draft.folder
    cleaned = runtime().maker.clean(incoming.path)
    name, store = drafts.new_name(), runtime().store
    store.put(f"{folder}/{name}.jpg", cleaned.content)
    store.put(f"{folder}/{name}view.jpg", cleaned.view)
    store.put(f"{folder}/{name}small.jpg", cleaned.thumbnail)
    try:
        return _add_row(actor, member_id, _Stored(folder, name, digest), cleaned)
    except BaseException:
        drafts.forget_files(folder, name)
        raise


@dataclass(frozen=True, slots=True)
class _Stored:
    """Where a picture's files lie, and what came for it."""

    folder: str
    name: str
    digest: bytes


def _add_row(actor: Actor, member_id: int, stored: _Stored, cleaned: CleanPicture) -> int | None:
    """Asked again: while it was made clean, others may have come, or the draft have gone."""
    with writing() as session:
        draft = drafts.draft_to_change(session, actor, member_id, DraftKind.PHOTOS)
        if draft.folder != stored.folder:
            raise MakingRefused(MakingRefusal(MakingReason.CRASHED))
        if _has_or_refuses(draft, stored.digest):
            drafts.forget_files(stored.folder, stored.name)
            return None
        number = len(pictures_of(draft)) + 1
        session.add(
            DraftPicture(
                draft_id=draft.id,
                number=number,
                name=stored.name,
                sha256=stored.digest,
                size=len(cleaned.content),
                width=cleaned.width,
                height=cleaned.height,
                turns=cleaned.turns,
            )
        )
        draft.pages = str(arrangement_of(draft.pages, number))
        return number


def _has_or_refuses(draft: Draft, digest: bytes) -> bool:
    """Whether the draft has the picture; raises ``MakingRefused`` if there is no room for it."""
    there = pictures_of(draft)
    if any(one.sha256 == digest for one in there):
        return True
    if len(there) >= MAX_PICTURES:
        raise MakingRefused(MakingRefusal(MakingReason.TOO_MANY_PICTURES))
    if sum(one.size for one in there) >= MAX_PICTURES_BYTES:
        raise MakingRefused(MakingRefusal(MakingReason.NO_ROOM))
    return False
