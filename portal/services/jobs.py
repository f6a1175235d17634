"""The jobs: asked for, taken, ended. The row is the truth; the queue only wakes the worker.

A job with a ``due_at`` is open. It may be taken once that moment has come: a waiting job that is
due, or a running one whose worker was lost. Who takes it gets a lease, the new ``due_at``; without
its lease a worker can end nothing, so what two workers did is kept once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from portal import clock
from portal.extensions import db
from portal.models import Job, JobKind, JobState
from portal.runtime import runtime
from portal.services.transaction import insert_or_update, writing

MAX_FAILURES = 3
"""A job that failed so often by its own fault is given up until a person asks again."""

PAUSES = (timedelta(seconds=10), timedelta(seconds=60))
"""How long a job waits after its first and its second failure."""

MAX_LOSSES = 10
"""A job that so many workers took and never ended may be what ends them."""

LOST_WORDS = f"处理时工作进程中断了 {MAX_LOSSES} 次，已停止重试。"


class LeaseLost(Exception):
    """The job is no longer this worker's: it was overdue, or it was asked for anew or dropped."""


@dataclass(slots=True)
class Taken:
    """A job in the hands of a worker; ``lease`` is the moment until which it is this worker's."""

    id: int
    kind: JobKind
    scan_id: int
    failures: int
    lease: datetime


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job as ``flask jobs list`` shows it."""

    id: int
    kind: JobKind
    scan_id: int
    state: JobState
    progress: int
    attempts: int
    due_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    last_error: str | None


_LINE: tuple[Any, ...] = (
    Job.id,
    Job.kind,
    Job.scan_id,
    Job.state,
    Job.progress,
    Job.attempts,
    Job.due_at,
    Job.started_at,
    Job.ended_at,
    Job.last_error,
)


# Made once: putting a statement together takes longer than SQLite takes to answer it.
_DUE = (
    select(Job.id, Job.kind, Job.scan_id, Job.state, Job.attempts, Job.failures, Job.losses)
    .where(Job.background == bindparam("background"), Job.due_at <= bindparam("now"))
    .order_by(Job.due_at, Job.id)
    .limit(1)
    .with_for_update(skip_locked=True)  # PostgreSQL; SQLite has one writer anyway
)


def ask(scan_id: int) -> None:
    """Ask for all that is to be done with a scan, in the running transaction."""
    for kind in JobKind:
        ask_many(kind, [scan_id])


def ask_many(kind: JobKind, scan_ids: Sequence[int], *, background: bool = False) -> None:
    """Ask for one kind of job for many scans, in the running transaction.

    What was asked for before begins anew; a worker that is at it loses its lease.
    """
    moment = clock.now()
    rows = [
        {
            "kind": kind,
            "scan_id": scan_id,
            "state": JobState.WAITING,
            "background": background,
            "progress": 0,
            "attempts": 0,
            "failures": 0,
            "losses": 0,
            "last_error": None,
            "due_at": moment,
            "created_at": moment,
            "started_at": None,
            "ended_at": None,
        }
        for scan_id in scan_ids
    ]
    if rows:
        db.session.execute(insert_or_update(Job, ("kind", "scan_id"), tuple(rows[0])), rows)


def take() -> Taken | None:
    """Take the job that is due first, those that nobody waits for last. None: nothing is due."""
    while True:
        with writing() as session:
            moment = clock.now()
            found = _first_due(moment)
            if found is None:
                return None
            losses = found.losses + (found.state is JobState.RUNNING)
            lease = moment + timedelta(seconds=runtime().settings.job_seconds)
            given_up = losses >= MAX_LOSSES
            values = (
                _ended(JobState.FAILED, LOST_WORDS)
                if given_up
                else {
                    "state": JobState.RUNNING,
                    "attempts": found.attempts + 1,
                    "started_at": moment,
                    "due_at": lease,
                }
            )
            values["losses"] = losses
            session.execute(update(Job).where(Job.id == found.id).values(values))
        if not given_up:
            return Taken(found.id, found.kind, found.scan_id, found.failures, lease)


def go_on(job: Taken, progress: int) -> None:
    """Say how far a job is, of a hundred, and go on with a new lease. Raises ``LeaseLost``."""
    lease = clock.now() + timedelta(seconds=runtime().settings.job_seconds)
    with writing():
        _change(job, progress=progress, due_at=lease)
    job.lease = lease


def finish(job: Taken) -> None:
    """The job is done: in the transaction that keeps its result. Raises ``LeaseLost``."""
    _change(job, **_ended(JobState.DONE, None), progress=100)


def put_back(job: Taken, words: str | None, pause: timedelta = timedelta()) -> None:
    """Let the job wait for ``pause``, and behind what is due by then; it has no fault of its own.

    Raises ``LeaseLost``.
    """
    with writing():
        _change(
            job,
            state=JobState.WAITING,
            last_error=words,
            due_at=clock.now() + pause,
        )


def fail(job: Taken, words: str) -> None:
    """The job failed by its own fault, told in ``words``: again later, or given up.

    Raises ``LeaseLost``.
    """
    failures = job.failures + 1
    again = {"state": JobState.WAITING, "last_error": words[:200]}
    with writing():
        if failures < MAX_FAILURES:
            _change(job, failures=failures, due_at=clock.now() + PAUSES[job.failures], **again)
        else:
            _change(job, failures=failures, **_ended(JobState.FAILED, words))


def give_up(job: Taken, words: str) -> None:
    """There is nothing to do, as ``words`` tell. Raises ``LeaseLost``."""
    with writing():
        _change(job, **_ended(JobState.DROPPED, words))


def next_due() -> datetime | None:
    """When the next open job may be taken."""
    found = [
        db.session.scalar(select(func.min(Job.due_at)).where(Job.background == background))
        for background in (False, True)
    ]
    db.session.rollback()
    return min((due for due in found if due is not None), default=None)


def counts() -> Mapping[tuple[JobKind, JobState], int]:
    """How many jobs there are, by kind and state."""
    rows = db.session.execute(
        select(Job.kind, Job.state, func.count()).group_by(Job.kind, Job.state)
    )
    return {(kind, state): count for kind, state, count in rows}


def count_open(kind: JobKind) -> int:
    """How many jobs of a kind are not ended."""
    count = select(func.count()).select_from(Job).where(Job.kind == kind, Job.due_at.is_not(None))
    found = db.session.scalar(count)
    db.session.rollback()  # whoever waits asks again, and wants to see what changed
    return found or 0


def failed_jobs(limit: int) -> list[JobLine]:
    """The jobs that were given up, the latest first."""
    query = select(*_LINE).where(Job.state == JobState.FAILED).order_by(Job.ended_at.desc())
    return [JobLine(*row) for row in db.session.execute(query.limit(limit))]


def jobs_under_way(limit: int) -> list[JobLine]:
    """The open jobs that a worker has in hand or had before, those that are due first in front."""
    query = select(*_LINE).where(Job.due_at.is_not(None), Job.attempts > 0)
    return [JobLine(*row) for row in db.session.execute(query.order_by(Job.due_at).limit(limit))]


def retry(job_id: int | None) -> int:
    """Let one job begin anew, or all that failed; returns how many. The worker is woken."""
    which = Job.state == JobState.FAILED if job_id is None else Job.id == job_id
    with writing() as session:
        found = session.execute(select(Job.kind, Job.scan_id).where(which)).all()
        for kind in JobKind:
            ask_many(kind, [row.scan_id for row in found if row.kind is kind])
    runtime().wake()
    return len(found)


def drop(job_id: int) -> bool:
    """Let nobody do a job; a worker that is at it keeps nothing. Whether it was open or failed."""
    with writing() as session:
        done = session.execute(
            update(Job)
            .where(Job.id == job_id, Job.state.not_in((JobState.DONE, JobState.DROPPED)))
            .values(_ended(JobState.DROPPED, None))
        )
        return bool(done.rowcount)  # type: ignore[attr-defined]


def forget(scan_id: int) -> None:
    """Remove the jobs of a scan whose file goes, in the running transaction."""
    db.session.execute(delete(Job).where(Job.scan_id == scan_id))


def _first_due(moment: datetime) -> Any:
    for background in (False, True):
        bound = {"background": background, "now": moment}
        found = db.session.execute(_DUE, bound).one_or_none()
        if found is not None:
            return found
    return None


def _ended(state: JobState, words: str | None) -> dict[str, Any]:
    return {
        "state": state,
        "last_error": words and words[:200],
        "due_at": None,
        "ended_at": clock.now(),
    }


def _change(job: Taken, **values: Any) -> None:
    mine = (Job.id == job.id, Job.state == JobState.RUNNING, Job.due_at == job.lease)
    done = db.session.execute(update(Job).where(*mine).values(values))
    if not done.rowcount:  # type: ignore[attr-defined]
        raise LeaseLost
