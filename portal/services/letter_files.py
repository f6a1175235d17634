"""Attachments: added one by one to a letter that is kept, sent with it, read by who reads it.

A file goes straight into the store, is inspected in the sandbox and named by its content. What lies
in the store without a row (a crash between the two) goes with the nightly sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from sqlalchemy import or_, select

from portal import clock
from portal.access import Action, Actor, Role, messages_for, sent_letters_for
from portal.errors import NotFound
from portal.extensions import db
from portal.models import LetterDraft, LetterFile, Message
from portal.rules.attachments import (
    MAX_BYTES,
    MAX_FILES,
    AttachmentKind,
    AttachmentReason,
    AttachmentRefused,
    file_name,
    too_large,
)
from portal.rules.making import MakingRefused
from portal.runtime import runtime
from portal.services.fsck_bytes import fault_in_bytes
from portal.services.letter_drafts import find_draft
from portal.services.transaction import writing
from portal.storage import Incoming, StoredFile, new_attachment_key

Receive = Callable[[Callable[[], Incoming]], Sequence[tuple[str, Incoming]]]
"""Writes the files of a request into those that it is given; names and files."""


@dataclass(frozen=True, slots=True)
class Added:
    """What came of files; ``refused`` has each one's name with a sentence."""

    added: int
    again: int
    refused: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file that is in the store and has no row yet."""

    name: str
    kind: AttachmentKind
    key: str
    received: bytes
    sha256: bytes
    size: int


def add(actor: Actor, token: str, receive: Receive) -> Added:
    """Attach files to the actor's kept letter; each is taken or refused alone.

    One that is attached already is not taken twice. Raises ``NotFound`` before a byte is read.
    """
    find_draft(actor, token)
    db.session.rollback()  # no database connection is held while a slow line sends
    counts, refused = [0, 0], []
    with ExitStack() as open_files:

        def gather() -> Incoming:
            return open_files.enter_context(runtime().store.receive(MAX_BYTES))

        for name, incoming in receive(gather):
            try:
                counts[_add_one(actor, token, name, incoming)] += 1
            except (AttachmentRefused, MakingRefused) as error:
                refused.append((name, error.message))
    return Added(counts[True], counts[False], tuple(refused))


def remove(actor: Actor, token: str, file_id: int) -> None:
    """Take a file off a kept letter; one that is gone already is fine."""
    with writing() as session:
        draft = find_draft(actor, token)
        found = session.scalar(
            select(LetterFile).where(LetterFile.id == file_id, LetterFile.draft_id == draft.id)
        )
        if found is None:
            return
        key = found.storage_key
        session.delete(found)
    runtime().store.delete(key)


def files_of_draft(actor: Actor, token: str) -> tuple[LetterFile, ...]:
    """What is attached to a letter that is being written; nothing while it is not kept."""
    try:
        draft = find_draft(actor, token)
    except NotFound:
        return ()
    return tuple(_files(LetterFile.draft_id == draft.id))


def files_of(message_id: int) -> tuple[LetterFile, ...]:
    """What is attached to a message, for who may read it."""
    return tuple(_files(LetterFile.message_id == message_id))


def find_file(actor: Actor, message_id: int, file_id: int) -> LetterFile:
    """An attachment of a message that the actor may read, or sent. Raises ``NotFound``."""
    readable = messages_for(actor, Action.READ_MESSAGES)
    if actor.role is not Role.APPLICANT:
        readable = or_(readable, sent_letters_for(actor, Action.ANSWER_MESSAGE))
    found = db.session.scalar(
        select(LetterFile)
        .join(Message, Message.id == LetterFile.message_id)
        .where(LetterFile.id == file_id, Message.id == message_id, readable)
    )
    if found is None:
        raise NotFound
    return found


def files_of_nobody() -> Iterator[StoredFile]:
    """The files under ``letters/`` that no row names."""
    named = set(db.session.scalars(select(LetterFile.storage_key)))
    return (file for file in runtime().store.keys("letters/") if file.key not in named)


def faults(*, read_files: bool) -> Iterator[tuple[str, str]]:
    """What does not agree between rows and files: of what, and what is wrong with it."""
    known = {one.storage_key: one for one in db.session.scalars(select(LetterFile))}
    for file in runtime().store.keys("letters/"):
        row = known.pop(file.key, None)
        if row is None:
            yield file.key, "no letter has this file"
        elif file.size != row.size:
            yield f"attachment {row.id}", f"has {file.size} bytes, the row says {row.size}"
        elif read_files and (fault := fault_in_bytes(file.key, row.sha256)):
            yield f"attachment {row.id}", fault
    for row in known.values():
        yield f"attachment {row.id}", "its file is missing"


def _add_one(actor: Actor, token: str, name: str, incoming: Incoming) -> bool:
    """Whether the file is new. Raises ``AttachmentRefused`` or ``MakingRefused``."""
    received = bytes.fromhex(incoming.sha256)
    if _has(actor, token, received, incoming.size):
        return False
    kept = _keep(name, incoming, received)
    try:
        with writing() as session:
            draft = find_draft(actor, token)
            session.execute(  # asked again, one after the other: others may have come meanwhile
                select(LetterDraft.id).where(LetterDraft.id == draft.id).with_for_update()
            )
            if _has(actor, token, received, kept.size):
                runtime().store.delete(kept.key)
                return False
            draft.changed_at = clock.now()
            session.add(
                LetterFile(
                    draft_id=draft.id,
                    name=kept.name,
                    kind=kept.kind,
                    storage_key=kept.key,
                    received_sha256=kept.received,
                    sha256=kept.sha256,
                    size=kept.size,
                )
            )
    except BaseException:
        runtime().store.delete(kept.key)
        raise
    return True


def _has(actor: Actor, token: str, received: bytes, size: int) -> bool:
    """Whether the letter has the file; raises ``AttachmentRefused`` if there is no room for it."""
    there = files_of_draft(actor, token)
    if any(one.received_sha256 == received for one in there):
        return True
    if len(there) >= MAX_FILES:
        raise AttachmentRefused(AttachmentReason.TOO_MANY)
    together = size + sum(one.size for one in there)
    if together > MAX_BYTES:
        raise too_large(together)
    return False


def _keep(name: str, incoming: Incoming, received: bytes) -> _Kept:
    """The file in the store; of a picture what is left without where it was taken."""
    if incoming.size == 0:
        raise AttachmentRefused(AttachmentReason.EMPTY)
    kind = runtime().sandbox.kind_of_attachment(incoming.path)
    key, shown = new_attachment_key(kind), file_name(name, kind)
    if kind is not AttachmentKind.PICTURE:
        incoming.finish()
        runtime().store.keep(incoming, key)
        return _Kept(shown, kind, key, received, received, incoming.size)
    cleaned = runtime().maker.clean(incoming.path).content
    with runtime().store.receive(len(cleaned)) as clean:
        clean.write(cleaned)
        clean.finish()
        runtime().store.keep(clean, key)
        return _Kept(shown, kind, key, received, bytes.fromhex(clean.sha256), clean.size)


def _files(which: object) -> Iterator[LetterFile]:
    return iter(db.session.scalars(select(LetterFile).where(which).order_by(LetterFile.id)))  # type: ignore[arg-type]
