"""Derived data of the forms — looks and page pictures — asked for again, or dropped.

Asking makes job rows, a thousand at a time, and the worker does them in the background: whatever
stops in between, what is left is asked for by asking again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select, update

from portal.extensions import db
from portal.models import Job, JobKind, JobState, Scan, ScanLook, ScanState
from portal.rules.scan_findings import CHECKS_VERSION
from portal.runtime import runtime
from portal.services import audit, jobs, looks
from portal.services.transaction import writing

CHUNK = 1000

OUTDATED = 0
"""The version of a look that is to be made again, whatever checks made it."""

_OPEN = select(Job.id).where(Job.scan_id == Scan.id, Job.due_at.is_not(None))


@dataclass(frozen=True, slots=True)
class Dropped:
    """How much was dropped."""

    looks: int
    pictures: int


def ask_looks(*, every: bool = False) -> int:
    """Ask for a look at each current form that today's checks have not seen; returns how many.

    ``every``: at all current forms, seen by today's checks or not.
    """
    if every:
        current = ScanLook.checks_version > OUTDATED
        outdated = {"checks_version": OUTDATED}
        _in_chunks(
            ScanLook,
            current,
            lambda these: db.session.execute(update(ScanLook).where(these).values(outdated)),
        )
    unseen = or_(ScanLook.id.is_(None), ScanLook.checks_version != CHECKS_VERSION)
    return _ask(JobKind.LOOK, unseen)


def ask_pictures() -> int:
    """Ask for the page pictures of all current forms; those that are there are kept."""
    return _ask(JobKind.DRAW, Scan.id.is_not(None))


def drop() -> Dropped:
    """Drop all looks and page pictures. What people said of findings stays."""
    dropped = _in_chunks(ScanLook, ScanLook.id.is_not(None), looks.drop)
    _in_chunks(
        Job, Job.state == JobState.DONE, lambda these: db.session.execute(delete(Job).where(these))
    )
    store, pictures = runtime().store, 0
    for picture in list(store.keys("pages/")):
        store.delete(picture.key)
        pictures += picture.key.endswith(".jpg")  # and not the shapes beside them
    with writing():
        audit.record(None, audit.Event.DERIVED_DROPPED, looks=dropped, pictures=pictures)
    return Dropped(dropped, pictures)


def _ask(kind: JobKind, wanted: ColumnElement[bool]) -> int:
    """Ask for a job for each current scan, unless it is asked for already."""
    query = (
        select(Scan.id)
        .outerjoin(ScanLook, ScanLook.sha256 == Scan.sha256)
        .where(Scan.state == ScanState.CURRENT, wanted, ~_OPEN.where(Job.kind == kind).exists())
        .order_by(Scan.id)
        .limit(CHUNK)
    )
    asked = last = 0
    while True:
        with writing() as session:
            found = session.scalars(query.where(Scan.id > last)).all()
            jobs.ask_many(kind, found, background=True)
        if not found:
            runtime().wake()
            return asked
        asked, last = asked + len(found), found[-1]


def _in_chunks(
    model: Any, wanted: ColumnElement[bool], change: Callable[[ColumnElement[bool]], object]
) -> int:
    """Change the wanted rows, a chunk in a transaction: nobody else waits long to write."""
    changed = 0
    while True:
        with writing() as session:
            ids = session.scalars(select(model.id).where(wanted).limit(CHUNK)).all()
            if not ids:
                return changed
            change(model.id.in_(ids))
            changed += len(ids)
