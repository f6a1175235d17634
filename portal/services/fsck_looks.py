"""``flask fsck`` on jobs and looks: all of it derived, so all of it can be mended."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import delete, select

from portal.extensions import db
from portal.models import Job, JobKind, JobState, Scan, ScanLook, ScanState
from portal.services import jobs, looks

# Jobs of scans that are not there, looks that are gone.
_STRAY_JOBS = ~select(Scan.id).where(Scan.id == Job.scan_id).exists()
_UNSEEN = (
    select(Scan.id)
    .join(Job, Job.scan_id == Scan.id)
    .outerjoin(ScanLook, ScanLook.sha256 == Scan.sha256)
    .where(
        Scan.state == ScanState.CURRENT,
        Job.kind == JobKind.LOOK,
        Job.state == JobState.DONE,
        ScanLook.id.is_(None),
    )
    .order_by(Scan.id)
)


def check() -> Iterator[tuple[str, str]]:
    """What does not agree: the subject and the sentence."""
    for job_id in db.session.scalars(select(Job.id).where(_STRAY_JOBS).order_by(Job.id)):
        yield f"job {job_id}", "there is no scan that it is about"
    for look_id in db.session.scalars(select(ScanLook.id).where(looks.UNNAMED)):
        yield f"look {look_id}", "no scan has the file that was looked at"
    for scan_id in db.session.scalars(_UNSEEN):
        yield f"scan {scan_id}", "its look is done, but what was seen is not there"


def repair() -> int:
    """Remove what is about nothing, ask for looks that are gone; returns how many rows changed."""
    changed = sum(1 for _ in check())
    db.session.execute(delete(Job).where(_STRAY_JOBS))
    looks.drop(looks.UNNAMED)
    jobs.ask_many(JobKind.LOOK, db.session.scalars(_UNSEEN).all(), background=True)
    return changed
