"""统计报表: reports as they were asked for, and what /verify is told.

A run's row is the job too (``report_work``). Its files go after some days (``report_files``); the
row stays, so that a paper can be verified for years.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from portal import clock
from portal.access import Action, Actor, Role, report_runs_for
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import ReportRun, RunState
from portal.rules.report_codes import new_code
from portal.services import audit
from portal.services.report_files import KEPT, has_pdf, remove_files
from portal.services.report_work import ended
from portal.services.transaction import writing
from portal.storage import new_report_folder

MAX_OPEN = 5
"""Reports of one person that wait or are being made."""

SHOWN = 30
"""Runs that 我的报表 lists: a week's."""

_OPEN = (RunState.WAITING, RunState.RUNNING)


class TooManyReports(PortalError):
    """The person has as many unfinished reports as may be."""

    status = 429

    def __init__(self) -> None:
        super().__init__(
            f"您已有 {MAX_OPEN} 份报表正在生成。"
            "请等其中一份完成，或者在“我的报表”里取消一份，再生成新的。"
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A report that a person asks for."""

    kind: str
    about_id: int
    about_name: str
    title: str
    asked: Mapping[str, Any]
    address: str = ""
    unmasked: bool = False
    reason: str = ""


def wanted_of(run: ReportRun) -> Wanted:
    """What a run was asked for as."""
    return Wanted(
        run.kind,
        run.about_id,
        run.about_name,
        run.title,
        run.asked,
        run.address,
        run.unmasked,
        run.reason,
    )


def order(actor: Actor, wanted: Wanted) -> ReportRun:
    """A run for ``wanted``: an own one that waits or is being made, if there is.

    Raises ``TooManyReports``.
    """
    with writing() as session:
        unfinished = list(
            session.scalars(
                select(ReportRun).where(
                    report_runs_for(actor, Action.OPEN_OWN_REPORTS), ReportRun.state.in_(_OPEN)
                )
            )
        )
        for run in unfinished:
            if (run.kind, run.asked, run.reason) == (
                wanted.kind,
                dict(wanted.asked),
                wanted.reason,
            ):
                return run
        if len(unfinished) >= MAX_OPEN:
            raise TooManyReports
        run = ReportRun(
            code=new_code(),
            kind=wanted.kind,
            account_id=actor.account_id,
            maker=_maker(actor)[:200],
            about_id=wanted.about_id,
            about_name=wanted.about_name,
            address=wanted.address,
            title=wanted.title[:200],
            asked=dict(wanted.asked),
            unmasked=wanted.unmasked,
            reason=wanted.reason,
            folder=new_report_folder(),
            state=RunState.WAITING,
            created_at=clock.now(),
            due_at=clock.now(),
            totals=[],
            files={},
        )
        session.add(run)
        session.flush()
        audit.record(
            actor,
            audit.Event.REPORT_MADE,
            organisation=wanted.about_id,
            member_id=run.asked["member_id"],
            title=run.title,
            code=run.code,
            unmasked=wanted.unmasked,
            reason=wanted.reason,
        )
    return run


def earlier(actor: Actor, wanted: Wanted, sha256: bytes) -> ReportRun | None:
    """The actor's own report of today that says the same, with its files."""
    found: ReportRun | None = db.session.scalar(
        select(ReportRun)
        .where(
            report_runs_for(actor, Action.OPEN_OWN_REPORTS),
            ReportRun.kind == wanted.kind,
            ReportRun.content_sha256 == sha256,
            ReportRun.unmasked == wanted.unmasked,
            ReportRun.reason == wanted.reason,
            ReportRun.state == RunState.DONE,
            ReportRun.same_as_id.is_(None),
            ReportRun.files_gone_at.is_(None),
            ReportRun.created_at > clock.now() - timedelta(days=1),
        )
        .order_by(ReportRun.id.desc())
        .limit(1)
    )
    if found is None or clock.day_of(found.created_at) != clock.today():
        return None
    return found if has_pdf(found) else None  # lost: whoever asks again is to get one


def cancel(actor: Actor, run_id: int) -> ReportRun:
    """取消: whoever makes it keeps nothing. What is finished already stays. Raises ``NotFound``."""
    with writing() as session:
        run = find_run(actor, run_id)
        session.execute(
            update(ReportRun)
            .where(ReportRun.id == run.id, ReportRun.state.in_(_OPEN))
            .values(ended(RunState.CANCELLED, ""))
        )
    db.session.refresh(run)
    if run.state is RunState.CANCELLED:
        remove_files(run.folder)
    return run


def forget_cancelled(run_id: int) -> None:
    """Whoever made a run lost it: of a cancelled one remove what was kept after 取消."""
    db.session.rollback()
    run = db.session.get_one(ReportRun, run_id)
    if run.state is RunState.CANCELLED:
        remove_files(run.folder)


def find_run(actor: Actor, run_id: int) -> ReportRun:
    """A report that the actor had made. Raises ``NotFound``."""
    found: ReportRun | None = db.session.scalar(
        select(ReportRun).where(
            ReportRun.id == run_id, report_runs_for(actor, Action.OPEN_OWN_REPORTS)
        )
    )
    if found is None:
        raise NotFound
    return found


def original_of(run: ReportRun) -> ReportRun:
    """The run that has the files: itself, or the earlier one that says the same."""
    return db.session.get_one(ReportRun, run.same_as_id) if run.same_as_id else run


def seconds_left(run: ReportRun) -> int | None:
    """How long it will take still, by how long it took so far; None: nobody knows yet."""
    if run.started_at is None or not run.rows or not run.rows_done or run.due_at is None:
        return None
    spent = (clock.now() - run.started_at).total_seconds()
    return round(spent / run.rows_done * (run.rows - run.rows_done))


def own_runs(actor: Actor) -> list[ReportRun]:
    """我的报表: the actor's own of the last days, the newest first."""
    query = select(ReportRun).where(
        report_runs_for(actor, Action.OPEN_OWN_REPORTS),
        ReportRun.created_at > clock.now() - KEPT,
    )
    return list(db.session.scalars(query.order_by(ReportRun.id.desc()).limit(SHOWN)))


def last_runs(actor: Actor) -> dict[str, ReportRun]:
    """The actor's last run of each report: when, and what its form said."""
    newest = (
        select(ReportRun.id)
        .where(report_runs_for(actor, Action.OPEN_OWN_REPORTS))
        .order_by(ReportRun.id.desc())
        .limit(200)
    )
    found = db.session.scalars(select(ReportRun).where(ReportRun.id.in_(newest)))
    return {run.kind: run for run in sorted(found, key=lambda run: run.id)}


def find_by_code(code: str) -> ReportRun | None:
    """The report that carries a code; one that was never finished says nothing."""
    query = select(ReportRun).where(ReportRun.code == code, ReportRun.state == RunState.DONE)
    found: ReportRun | None = db.session.scalar(query)
    return found


def _maker(actor: Actor) -> str:
    """As /verify tells anybody: of a person of an organisation the name, of a member none."""
    person = "团员本人" if actor.role is Role.MEMBER else actor.person_name
    return f"{actor.organisation_name} {person}"
