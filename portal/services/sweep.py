"""What nobody needs any more: files that no row names, forms past the days of undo."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import aliased

from portal import clock
from portal.extensions import db
from portal.models import Scan, ScanState
from portal.runtime import runtime
from portal.services import (
    audit,
    drafts,
    identity_codes,
    jobs,
    letter_drafts,
    letter_files,
    looks,
    report_files,
)
from portal.services.pictures import pictures_prefix
from portal.services.transaction import writing

log = logging.getLogger(__name__)

_MADE = aliased(Scan)
_NEEDED = (
    select(_MADE.id)
    .where(_MADE.original_id == Scan.id, _MADE.file_gone_at.is_(None))
    .correlate(Scan)
    .exists()
)
"""The criterion on ``Scan`` for originals of what is a form, or can be made one again."""

ORPHAN_AGE = timedelta(days=1)
"""An upload's file lies without a row between two of its steps; after a day it never gets one."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed: files by why they went; ``answered``: old rows of identity codes."""

    half_received: int
    drafts: int
    reports: int
    orphans: int
    past_undo: int
    letters: int
    answered: int


def sweep() -> Swept:
    """Remove files that no row names for a day, and forms that ended before the days of undo."""
    swept = Swept(
        half_received=runtime().store.sweep_incoming(ORPHAN_AGE, clock.now()) + _forget_trees(),
        drafts=drafts.forget_old(),
        reports=report_files.forget_old(),
        orphans=_remove_orphans(),
        past_undo=_remove_past_undo(),
        letters=letter_drafts.forget_old() + _remove_attachments(),
        answered=identity_codes.forget_old(),
    )
    log.info("swept", extra={name: getattr(swept, name) for name in Swept.__slots__})
    return swept


def _forget_trees() -> int:
    """Sheets of organisations that were previewed a day ago and never confirmed."""
    store, before = runtime().store, clock.now() - ORPHAN_AGE
    old = [file.key for file in store.keys("trees/") if file.modified < before]
    for key in old:
        store.delete(key)
    return len(old)


def _remove_orphans() -> int:
    store, before = runtime().store, clock.now() - ORPHAN_AGE
    old = [file.key for file in store.keys("scans/") if file.modified < before]
    removed = 0
    for start in range(0, len(old), 500):
        keys = old[start : start + 500]
        named = set(db.session.scalars(select(Scan.storage_key).where(Scan.storage_key.in_(keys))))
        for key in set(keys) - named:
            store.delete(key)
            removed += 1
    db.session.rollback()
    return removed


def _remove_attachments() -> int:
    """Attachments whose letter was never kept, or was discarded half."""
    before = clock.now() - ORPHAN_AGE
    old = [file.key for file in letter_files.files_of_nobody() if file.modified < before]
    db.session.rollback()
    for key in old:
        runtime().store.delete(key)
    return len(old)


def _remove_past_undo() -> int:
    """The row says first that its file goes; then the file goes."""
    since = clock.now() - timedelta(days=runtime().settings.undo_days)
    ended = db.session.scalars(
        select(Scan).where(
            Scan.state != ScanState.CURRENT,
            Scan.ended_at < since,
            Scan.file_gone_at.is_(None),
            ~_NEEDED,
        )
    ).all()
    for scan in ended:
        db.session.expunge(scan)
    return sum(let_go(scan) for scan in ended)


def let_go(scan: Scan) -> bool:
    """Remove the file of an ended scan, unless it is needed again since ``scan`` was read.

    Its jobs go with it, and what was seen in it, unless another scan has the same bytes.
    """
    with writing() as session:
        done = session.execute(
            update(Scan)
            .where(Scan.id == scan.id, Scan.state != ScanState.CURRENT, ~_NEEDED)
            .values(file_gone_at=clock.now())
        )
        if not done.rowcount:  # type: ignore[attr-defined]
            return False
        jobs.forget(scan.id)
        looks.forget_unless_named(scan.sha256)
        audit.record(
            None,
            audit.Event.SCAN_FILE_REMOVED,
            member_id=scan.member_id,
            scan_id=scan.id,
            sha256=scan.sha256.hex(),
        )
    _remove_files(scan)
    return True


def _remove_files(scan: Scan) -> None:
    store = runtime().store
    for picture in list(store.keys(pictures_prefix(scan))):
        store.delete(picture.key)
    store.delete(scan.storage_key)
