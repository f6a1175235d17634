"""Drafts of forms: their rows, and the files in their folders of the store.

A draft is one person's alone, of one member, and ends a day after its last change, with all its
files. What makes something of them is in ``photos.py`` and ``large_scans.py``.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, scoped_session

from portal import clock
from portal.access import Actor
from portal.errors import NotFound
from portal.extensions import db
from portal.models import Draft, DraftKind, DraftPicture, Member
from portal.rules.making import MAX_DRAFTS, MakingReason, MakingRefusal, MakingRefused
from portal.rules.page_shapes import WIDTHS
from portal.runtime import runtime
from portal.services.scans import Source, Uploaded, require_upload, upload
from portal.services.transaction import writing
from portal.storage import Incoming, StoredFile, new_draft_folder

KEPT = timedelta(days=1)
"""How long a draft that nobody touches is kept."""

COPY_BYTES = 1024 * 1024


def find_draft(actor: Actor, member_id: int, kind: DraftKind) -> Draft | None:
    """The actor's own draft, unless its time is over. Who may not upload has none: see there."""
    require_upload(actor, member_id)
    draft = _own(actor, member_id, kind)
    return draft if draft is not None and draft.changed_at > clock.now() - KEPT else None


def draft_to_change(
    session: scoped_session[Session], actor: Actor, member_id: int, kind: DraftKind
) -> Draft:
    """The actor's draft, a new one if there is none; in a write transaction.

    Raises as ``require_upload`` does, and ``MakingRefused`` for one draft too many. The member's
    row is locked, so that two requests of one person make one draft.
    """
    require_upload(actor, member_id, lock=True)
    draft = _own(actor, member_id, kind)
    if draft is None:
        _require_few(actor, kind)
        draft = Draft(
            account_id=actor.account_id,
            member_id=member_id,
            kind=kind,
            folder=new_draft_folder(),
            pages="",
            made_of="",
        )
        session.add(draft)
    draft.changed_at = clock.now()
    session.flush()
    return draft


def new_name() -> str:
    """A name for a file in a draft's folder that none there has."""
    return secrets.token_hex(8)


def read(key: str) -> bytes:
    """A small file of a draft."""
    with runtime().store.open(key) as file:
        return file.read()


def made_key(draft: Draft) -> str:
    """Where the file lies that was made last."""
    return f"{draft.folder}/{draft.made_name}.pdf"


def made_page(draft: Draft, page: int, width: int) -> bytes:
    """A page (from 1) of what was made, as the viewer will show it. Raises ``NotFound``."""
    key = made_key(draft)
    if not 1 <= page <= (draft.made_pages or 0) or width not in WIDTHS:
        raise NotFound
    store, drawn = runtime().store, f"{draft.folder}/{draft.made_name}p{page}w{width}.jpg"
    if store.size(drawn) is None:
        with store.local_copy(key) as path:
            store.put(drawn, runtime().sandbox.draw(path, page - 1, width))
    return read(drawn)


def take(actor: Actor, member_id: int, draft: Draft, source: Source) -> Uploaded:
    """What was made becomes the member's form, in an upload's six steps; the draft goes."""
    key, draft_id = made_key(draft), draft.id

    def receive(incoming: Incoming) -> None:
        with runtime().store.open(key) as file:
            while content := file.read(COPY_BYTES):
                incoming.write(content)

    done = upload(actor, member_id, receive, source)
    forget(draft_id)
    return done


def forget(draft_id: int) -> None:
    """Remove a draft: first its rows, then its files. One that is gone already is fine."""
    with writing() as session:
        draft = session.get(Draft, draft_id)
        if draft is None:
            return
        folder = draft.folder
        session.execute(delete(DraftPicture).where(DraftPicture.draft_id == draft_id))
        session.delete(draft)
    forget_files(folder)


def drop_all_of(member_id: int) -> list[str]:
    """Remove the rows of everybody's drafts of a member, in the running transaction.

    Returns their folders: the files go when it is through (``forget_files``).
    """
    drafts = {
        one.id: one.folder
        for one in db.session.scalars(select(Draft).where(Draft.member_id == member_id))
    }
    db.session.execute(delete(DraftPicture).where(DraftPicture.draft_id.in_(drafts)))
    db.session.execute(delete(Draft).where(Draft.id.in_(drafts)))
    return list(drafts.values())


def forget_files(folder: str, prefix: str = "") -> None:
    """Remove the files of a draft's folder, or those whose names begin with ``prefix``."""
    store = runtime().store
    for file in list(store.keys(f"{folder}/")):
        if file.key.startswith(f"{folder}/{prefix}"):
            store.delete(file.key)


def forget_old() -> int:
    """Remove the drafts whose time is over, and files that belong to none; returns how many."""
    before, removed = clock.now() - KEPT, 0
    for draft_id in db.session.scalars(select(Draft.id).where(Draft.changed_at < before)).all():
        forget(draft_id)
        removed += 1
    for file in list(files_of_nobody()):
        if file.modified < before:
            runtime().store.delete(file.key)
            removed += 1
    return removed


def files_of_nobody() -> Iterator[StoredFile]:
    """The files under ``drafts/`` that are in no draft's folder."""
    folders = set(db.session.scalars(select(Draft.folder)))
    for file in runtime().store.keys("drafts/"):
        if file.key.rpartition("/")[0] not in folders:
            yield file


def missing_files() -> Iterator[str]:
    """The keys that rows of drafts name and that are not in the store."""
    there = {file.key for file in runtime().store.keys("drafts/")}
    named = [
        f"{folder}/{name}.jpg"
        for folder, name in db.session.execute(
            select(Draft.folder, DraftPicture.name).join(Draft, Draft.id == DraftPicture.draft_id)
        )
    ]
    made = select(Draft).where(Draft.made_name.is_not(None))
    named += [made_key(draft) for draft in db.session.scalars(made)]
    yield from sorted(set(named) - there)


def _require_few(actor: Actor, kind: DraftKind) -> None:
    """A draft may be 200 MB, and what a person began they are to end."""
    names = db.session.scalars(
        select(Member.name)
        .join(Draft, Draft.member_id == Member.id)
        .where(
            Draft.account_id == actor.account_id,
            Draft.kind == kind,
            Draft.changed_at > clock.now() - KEPT,
        )
        .order_by(Draft.changed_at)
    ).all()
    if len(names) >= MAX_DRAFTS:
        found, many = "、".join(names[:3]), len(names)
        raise MakingRefused(MakingRefusal(MakingReason.TOO_MANY_DRAFTS, found=found, pages=many))


def _own(actor: Actor, member_id: int, kind: DraftKind) -> Draft | None:
    return db.session.scalar(
        select(Draft).where(
            Draft.account_id == actor.account_id,
            Draft.member_id == member_id,
            Draft.kind == kind,
        )
    )
