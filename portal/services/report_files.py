"""The files of reports: what one says, its parts, what people are given; gone after some days."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, update

from portal import clock
from portal.access import Actor
from portal.extensions import db
from portal.models import AuditRecord, ReportRun
from portal.runtime import runtime
from portal.services import audit
from portal.services.transaction import writing
from portal.storage import MissingFile

KEPT = timedelta(days=7)
"""How long a report's files are kept."""


def keep_file(run: ReportRun, name: str, content: bytes) -> None:
    """Keep a file of a run; sealed where it shows personal fields in full."""
    if run.unmasked:
        content = runtime().vault.seal_file(content, _belongs_to(run))
    runtime().store.put(f"{run.folder}/{name}", content)


def read_file(run: ReportRun, name: str) -> bytes | None:
    """A file of a run; None when it is not there (yet, or any more)."""
    try:
        with runtime().store.open(f"{run.folder}/{name}") as file:
            content = file.read()
    except MissingFile:
        return None
    return runtime().vault.open_file(content, _belongs_to(run)) if run.unmasked else content


def remove_parts(run: ReportRun) -> None:
    """Remove what a report was joined of."""
    for file in list(runtime().store.keys(f"{run.folder}/")):
        if file.key.endswith(".part"):
            runtime().store.delete(file.key)


def note_file(run: ReportRun, ending: str, content: bytes) -> None:
    """Remember the hash of a file that people are given, so that a changed one is seen."""
    with writing() as session:
        found = session.get_one(ReportRun, run.id, with_for_update=True)
        noted = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        if found.files.get(ending) != noted:
            found.files = {**found.files, ending: noted}


def record_opened(actor: Actor, run: ReportRun, ending: str) -> None:
    """Put on record that a file of a report was taken."""
    with writing():
        audit.record(
            actor,
            audit.Event.REPORT_OPENED,
            organisation=run.about_id,
            member_id=run.asked["member_id"],
            title=run.title,
            code=run.code,
            format=ending,
            unmasked=run.unmasked,
        )


def record_forms_opened(actor: Actor, run: ReportRun, forms: Sequence[tuple[int, int]]) -> None:
    """Put on record, for each member, that their form was taken with a report.

    ``forms``: member and scan. As of a look, twice within ten minutes is once.
    """
    with writing() as session:
        recent = select(AuditRecord.scan_id).where(
            AuditRecord.account_id == actor.account_id,
            AuditRecord.event == audit.Event.FORM_TAKEN,
            AuditRecord.scan_id.in_([scan for _, scan in forms]),
            AuditRecord.at > clock.now() - audit.VIEW_REPEATS_AFTER,
        )
        known = set(session.scalars(recent))
        for member, scan in forms:
            if scan not in known:
                audit.record(
                    actor,
                    audit.Event.FORM_TAKEN,
                    member_id=member,
                    scan_id=scan,
                    title=run.title,
                    code=run.code,
                )


def forget_old() -> int:
    """Remove the files of runs that ended some days ago; how many runs."""
    before = clock.now() - KEPT
    old = list(
        db.session.execute(
            select(ReportRun.id, ReportRun.folder).where(
                ReportRun.ended_at < before, ReportRun.files_gone_at.is_(None)
            )
        )
    )
    for run_id, folder in old:
        with writing() as session:
            session.execute(
                update(ReportRun).where(ReportRun.id == run_id).values(files_gone_at=clock.now())
            )
        remove_files(folder)
    return len(old)


def remove_files(folder: str) -> None:
    """Remove all files of a run."""
    for file in list(runtime().store.keys(f"{folder}/")):
        runtime().store.delete(file.key)


def _belongs_to(run: ReportRun) -> bytes:
    return b"report_run:" + run.code.encode()
