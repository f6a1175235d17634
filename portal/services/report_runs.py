"""统计报表: reports as they were asked for, the files made of them, and what /verify is told.

A run's row is the job too: who makes it holds a lease, without which nothing can be kept (as in
``jobs``). Files go after some days; the row stays, so that a paper can be verified for years.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from portal import clock
from portal.access import Action, Actor, Role, report_runs_for
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import AuditRecord, MessageKind, ReportRun, RunState
from portal.rules.report_codes import new_code
from portal.runtime import runtime
from portal.services import audit
from portal.services.jobs import LeaseLost
from portal.services.messages import Letter, send_to_account
from portal.services.transaction import writing
from portal.storage import MissingFile, new_report_folder

KEPT = timedelta(days=7)
"""How long a report's files are kept."""

MAX_OPEN = 5
"""Reports of one person that wait or are being made."""

MAX_LOSSES = 3
"""A report that so many workers were lost over is given up."""

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
            if run.kind == wanted.kind and run.asked == dict(wanted.asked):
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
    return found


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
            values = {"losses": losses, **_ended(RunState.FAILED, words)}
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
        _change(taken, pages=pages, rows_done=run.rows or 0, **_ended(RunState.DONE, ""))
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
        _change(taken, same_as_id=other.id, pages=other.pages, **_ended(RunState.DONE, ""))


def fail(taken: TakenRun, words: str) -> None:
    """It can't be made, as ``words`` tell. Raises ``LeaseLost``."""
    with writing() as session:
        run = session.get_one(ReportRun, taken.id)
        _change(taken, **_ended(RunState.FAILED, words))
        letter = Letter(
            MessageKind.NOTICE,
            f"报表没有生成：{run.title}"[:100],
            f"{run.title}\n{words}",
            f"/reports/runs/{run.id}",
        )
        send_to_account(run.account_id, letter, once=f"report:{run.id}")


def cancel(actor: Actor, run_id: int) -> ReportRun:
    """取消: whoever makes it keeps nothing. What is finished already stays. Raises ``NotFound``."""
    with writing() as session:
        run = find_run(actor, run_id)
        session.execute(
            update(ReportRun)
            .where(ReportRun.id == run.id, ReportRun.state.in_(_OPEN))
            .values(_ended(RunState.CANCELLED, ""))
        )
    db.session.refresh(run)
    if run.state is RunState.CANCELLED:
        _remove_files(run.folder)
    return run


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
        _remove_files(folder)
    return len(old)


def _remove_files(folder: str) -> None:
    for file in list(runtime().store.keys(f"{folder}/")):
        runtime().store.delete(file.key)


def _maker(actor: Actor) -> str:
    """As /verify tells anybody: of a person of an organisation the name, of a member none."""
    person = "团员本人" if actor.role is Role.MEMBER else actor.person_name
    return f"{actor.organisation_name} {person}"


def _belongs_to(run: ReportRun) -> bytes:
    return b"report_run:" + run.code.encode()


def _lease() -> datetime:
    return clock.now() + timedelta(seconds=runtime().settings.report_seconds + 10)


def _ended(state: RunState, words: str) -> dict[str, Any]:
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
