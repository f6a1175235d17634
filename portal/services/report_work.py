"""A report that is being made: taken up, gone on with, ended. As with jobs, the row is the truth.

Who makes a run holds a lease; without it nothing of what they did can be kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from portal import clock
from portal.extensions import db
from portal.models import MessageKind, ReportRun, RunState
from portal.runtime import runtime
from portal.services.jobs import LeaseLost
from portal.services.messages import Letter, send_to_account
from portal.services.report_files import KEPT
from portal.services.transaction import writing

MAX_LOSSES = 3
"""A report that so many workers were lost over is given up."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a report says, without its rows."""

    rows: int
    sha256: bytes
    totals: list[list[str]]
    as_of: datetime


@dataclass(slots=True)
class TakenRun:
    """A run in the hands of who makes it; ``lease`` as of a job."""

    id: int
    account_id: int
    lease: datetime


def take(run_id: int | None = None) -> TakenRun | None:
    """Take a run that is due, or that one; None: nothing is due."""
    moment = clock.now()
    query = select(ReportRun.id, ReportRun.account_id, ReportRun.state, ReportRun.losses).where(
        ReportRun.due_at <= moment
    )
    if run_id is not None:
        query = query.where(ReportRun.id == run_id)
    query = query.order_by(ReportRun.due_at, ReportRun.id).limit(1)
    with writing() as session:
        found = session.execute(query.with_for_update(skip_locked=True)).one_or_none()
        if found is None:
            return None
        losses = found.losses + (found.state is RunState.RUNNING)
        lease = _lease()
        values: dict[str, Any] = {"losses": losses, "due_at": lease, "state": RunState.RUNNING}
        if found.state is RunState.WAITING:
            values["started_at"] = moment
        if losses >= MAX_LOSSES:
            words = "生成时程序多次中断，已停止。请缩小范围或期间后重新生成。"
            values = {"losses": losses, **ended(RunState.FAILED, words)}
        session.execute(update(ReportRun).where(ReportRun.id == found.id).values(values))
    return TakenRun(found.id, found.account_id, lease) if losses < MAX_LOSSES else take(run_id)


def next_due() -> datetime | None:
    """When the next unfinished run may be taken."""
    query = select(ReportRun.due_at).where(ReportRun.due_at.is_not(None))
    due: datetime | None = db.session.scalar(query.order_by(ReportRun.due_at).limit(1))
    db.session.rollback()
    return due


def run_of(taken: TakenRun) -> ReportRun:
    """The row of a run that is being made."""
    return db.session.get_one(ReportRun, taken.id)


def say(taken: TakenRun, said: Said) -> None:
    """Keep what the report says, before its pages are made. Raises ``LeaseLost``."""
    with writing():
        _change(
            taken,
            rows=said.rows,
            content_sha256=said.sha256,
            totals=said.totals,
            as_of=said.as_of,
        )


def go_on(taken: TakenRun, rows_done: int) -> None:
    """Say how far it is, with a new lease. Raises ``LeaseLost``: cancelled, or overdue."""
    lease = _lease()
    with writing():
        _change(taken, rows_done=rows_done, due_at=lease)
    taken.lease = lease


def put_back(taken: TakenRun, pause: timedelta = timedelta()) -> None:
    """Let it wait for its next turn; what is finished of it stays. Raises ``LeaseLost``."""
    with writing():
        _change(taken, state=RunState.WAITING, due_at=clock.now() + pause)


def finish(taken: TakenRun, *, pages: int, tell: bool) -> None:
    """It is done and its PDF kept; ``tell``: its person did not wait for it. ``LeaseLost``."""
    with writing() as session:
        run = session.get_one(ReportRun, taken.id)
        _change(taken, pages=pages, rows_done=run.rows or 0, **ended(RunState.DONE, ""))
        if tell:
            letter = Letter(
                MessageKind.NOTICE,
                f"报表已生成：{run.title}"[:100],
                f"{run.title}\n共 {run.rows} 行，{pages} 页。文件保留 {KEPT.days} 天。",
                f"/reports/runs/{run.id}",
            )
            send_to_account(run.account_id, letter, once=f"report:{run.id}")


def is_same_as(taken: TakenRun, other: ReportRun) -> None:
    """It says what ``other`` said: nothing is made twice. Raises ``LeaseLost``."""
    with writing():
        _change(taken, same_as_id=other.id, pages=other.pages, **ended(RunState.DONE, ""))


def fail(taken: TakenRun, words: str) -> None:
    """It can't be made, as ``words`` tell. Raises ``LeaseLost``."""
    with writing() as session:
        run = session.get_one(ReportRun, taken.id)
        _change(taken, **ended(RunState.FAILED, words))
        letter = Letter(
            MessageKind.NOTICE,
            f"报表没有生成：{run.title}"[:100],
            f"{run.title}\n{words}",
            f"/reports/runs/{run.id}",
        )
        send_to_account(run.account_id, letter, once=f"report:{run.id}")


def _lease() -> datetime:
    return clock.now() + timedelta(seconds=runtime().settings.report_seconds + 10)


def ended(state: RunState, words: str) -> dict[str, Any]:
    """The columns of a run that has ended."""
    return {"state": state, "words": words[:200], "due_at": None, "ended_at": clock.now()}


def _change(taken: TakenRun, **values: Any) -> None:
    mine = (
        ReportRun.id == taken.id,
        ReportRun.state == RunState.RUNNING,
        ReportRun.due_at == taken.lease,
    )
    done = db.session.execute(update(ReportRun).where(*mine).values(values))
    if not done.rowcount:  # type: ignore[attr-defined]
        raise LeaseLost
