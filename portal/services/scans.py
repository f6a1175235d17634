"""The main job: one scanned form per member, uploaded, replaced, deleted, taken back.

An upload goes in six steps (docs/architecture.md): permission, receive and hash, inspect, keep the
file, change the rows and ask for the jobs, wake the worker. Until the rows change the old form
stands; a crash between "keep" and "change the rows" leaves a file that no row names, which the
sweep removes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal import clock
from portal.access import Action, Actor, members_for
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Member, Scan, ScanOrigin, ScanState
from portal.pdf.wire import Inspection
from portal.rules.deadlines import is_late
from portal.rules.member_number import takes_scan
from portal.rules.scan_refusals import (
    DISPUTED_NOTICE,
    MAX_SCAN_BYTES,
    Refusal,
    RefusalReason,
    ScanRefused,
)
from portal.runtime import runtime
from portal.services import audit, jobs
from portal.services.derived import tallied
from portal.services.members import find_member
from portal.services.transaction import writing
from portal.services.transfer_forms import stop_without_form
from portal.storage import Incoming, new_scan_key


class NoUploadHere(PortalError):
    """The member's number has not the prefix of a new member's."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            "这名团员的编号不是新发展团员编号，不需要上传《入团志愿书》。"
            "如果编号填错了，请先在“修改”里更正。"
        )


class NothingToUndo(PortalError):
    """There is no deleted form that can still be taken back."""

    status = 409

    def __init__(self) -> None:
        super().__init__("没有可以撤销的删除：已过 30 天，或者已经上传了新的文件。请刷新页面查看。")


class ScanReplaced(PortalError):
    """What a file was made from is no longer the member's form: somebody was faster."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            "这份《入团志愿书》刚才已被重新上传、整理或删除，您的这一步操作没有执行，现在的文件没有变动。"
        )


class ScanEnded(PortalError):
    """The scan was replaced or deleted; ``replaced`` if there is a current one."""

    status = 410

    def __init__(self, member_id: int, *, replaced: bool) -> None:
        super().__init__(
            "这份《入团志愿书》已被新的文件替换。"
            if replaced
            else "这份《入团志愿书》已被删除。需要时请由团员所在的团支部撤销删除，或者重新上传。"
        )
        self.member_id = member_id
        self.replaced = replaced


@dataclass(frozen=True, slots=True)
class Source:
    """Where a file comes from, which a person did not simply choose and send.

    ``original_id`` is the uploaded scan that it was made from, if that is in the store; its file
    is kept as long as this one's, and so is whether it came in time. ``replaces`` is the scan that
    must still be the current one when this one takes its place.
    """

    origin: ScanOrigin = ScanOrigin.UPLOADED
    original_id: int | None = None
    replaces: int | None = None


UPLOADED = Source()


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What an upload came to."""

    scan_id: int
    replaced: bool
    unchanged: bool  # the same bytes were the current form already: nothing was done twice
    disputed: bool = False  # two parsers disagree on the file, but each page can be drawn

    def words(self, done: str) -> str:
        """What to tell the person: ``done``, what became of the form before, what to look at."""
        if self.unchanged:
            return "这份文件已经上传过，没有重复保存。"
        kept = f"原来的文件保留 {runtime().settings.undo_days} 天。" if self.replaced else ""
        return done + kept + (DISPUTED_NOTICE if self.disputed else "")


def upload(
    actor: Actor,
    member_id: int,
    receive: Callable[[Incoming], None],
    source: Source = UPLOADED,
) -> Uploaded:
    """Make what ``receive`` writes the member's form; ``receive`` gets a file in the store.

    Raises ``NotFound`` or ``NotAllowed`` before a byte is read, ``NoUploadHere``,
    ``ScanRefused`` with the reason, ``ScanReplaced`` (see ``Source``), or ``StoreUnavailable``;
    then nothing has changed.
    """
    require_upload(actor, member_id)
    db.session.rollback()  # no database connection is held while a slow line sends
    with runtime().store.receive(MAX_SCAN_BYTES) as incoming:
        receive(incoming)
        inspection = _inspect(incoming)
        key = new_scan_key()
        runtime().store.keep(incoming, key)
    done = _make_current(actor, member_id, incoming, inspection, key, source)
    if not done.unchanged:
        runtime().wake()
    return done


def delete(actor: Actor, member_id: int) -> None:
    """Delete the member's form; it can be taken back for ``undo_days``.

    A transfer to an outside system that needs it ends with it.

    Deleting what is deleted already changes nothing (a double click).
    """
    with writing():
        member = find_member(actor, Action.DELETE_SCAN, member_id, lock=True)
        scan = current_scan(member.id)
        if scan is None:
            return
        with tallied(member):
            end(scan, ScanState.DELETED, actor)
        audit.record(actor, audit.Event.SCAN_DELETED, member_id=member.id, scan_id=scan.id)
        stop_without_form(actor, member)


def restore(actor: Actor, member_id: int) -> None:
    """Take the last deletion back. Raises ``NothingToUndo``."""
    with writing():
        member = find_member(actor, Action.RESTORE_SCAN, member_id, lock=True)
        scan = undoable_scan(member.id)
        if scan is None:
            raise NothingToUndo
        with tallied(member):
            scan.state, scan.ended_at, scan.ended_by_id = ScanState.CURRENT, None, None
        jobs.ask(scan.id)  # while it was deleted, nobody looked at it
        audit.record(actor, audit.Event.SCAN_RESTORED, member_id=member.id, scan_id=scan.id)
    runtime().wake()


def current_scan(member_id: int) -> Scan | None:
    """The member's current scan."""
    return db.session.scalar(
        select(Scan).where(Scan.member_id == member_id, Scan.state == ScanState.CURRENT)
    )


def had_scan(member_id: int) -> bool:
    """Whether the member ever had a form, deleted or not."""
    return (
        db.session.scalar(select(Scan.id).where(Scan.member_id == member_id).limit(1)) is not None
    )


def is_earlier_scan(member_id: int, scan_id: int) -> bool:
    """Whether a scan was the member's form once and is no longer."""
    scan = db.session.get(Scan, scan_id)
    return scan is not None and scan.member_id == member_id and scan.state is not ScanState.CURRENT


def undoable_scan(member_id: int) -> Scan | None:
    """The deleted scan that 撤销 brings back: the last one to end, if it was deleted in time."""
    if current_scan(member_id) is not None:
        return None
    last = db.session.scalar(
        select(Scan)
        .where(Scan.member_id == member_id, Scan.state != ScanState.CURRENT)
        .order_by(Scan.ended_at.desc(), Scan.id.desc())
        .limit(1)
    )
    if last is None or last.state is not ScanState.DELETED or last.file_gone_at is not None:
        return None
    assert last.ended_at is not None
    since = clock.now() - timedelta(days=runtime().settings.undo_days)
    return last if last.ended_at > since else None


def find_scan(actor: Actor, scan_id: int) -> Scan:
    """A current scan that the actor may view. Raises ``NotFound`` or ``ScanEnded``."""
    scan = db.session.scalar(
        select(Scan)
        .join(Member, Member.id == Scan.member_id)
        .where(Scan.id == scan_id, members_for(actor, Action.VIEW_SCAN))
    )
    if scan is None:
        raise NotFound
    if scan.state is not ScanState.CURRENT:
        raise ScanEnded(scan.member_id, replaced=current_scan(scan.member_id) is not None)
    return scan


def find_original(actor: Actor, scan_id: int) -> Scan:
    """What a current scan was made from, for who may view that. Raises as ``find_scan`` does."""
    made = find_scan(actor, scan_id)
    if made.original_id is None:
        raise NotFound
    return db.session.get_one(Scan, made.original_id)


def require_upload(actor: Actor, member_id: int, *, lock: bool = False) -> Member:
    """The member, if the actor may upload their form. Raises as ``upload`` does."""
    member = find_member(actor, Action.UPLOAD_SCAN, member_id, lock=lock)
    number = member.number or member.released_number
    if not takes_scan(number, member.joined, runtime().policy):
        raise NoUploadHere
    return member


def _inspect(incoming: Incoming) -> Inspection:
    if incoming.size == 0:
        raise ScanRefused(Refusal(RefusalReason.EMPTY))
    if incoming.over_limit:
        raise ScanRefused(Refusal(RefusalReason.TOO_LARGE, size=incoming.size))
    # The disk writes while the child reads: of 15 MB each of the two takes as long as the other.
    with ThreadPoolExecutor(max_workers=1) as beside:
        finished = beside.submit(incoming.finish)
        inspection = runtime().sandbox.inspect(incoming.path)
    finished.result()  # a disk that is full
    return inspection


def _make_current(
    actor: Actor,
    member_id: int,
    incoming: Incoming,
    inspection: Inspection,
    key: str,
    source: Source,
) -> Uploaded:
    digest = bytes.fromhex(incoming.sha256)
    with writing() as session:
        # Asked again: while the file came in, the member may have moved or the number changed.
        member = require_upload(actor, member_id, lock=True)
        old = current_scan(member.id)
        if old is not None and old.sha256 == digest:
            unchanged = Uploaded(old.id, replaced=False, unchanged=True)
            runtime().store.delete(key)  # named by no row yet
            return unchanged
        if source.replaces is not None and (old is None or old.id != source.replaces):
            runtime().store.delete(key)
            raise ScanReplaced
        moment = clock.now()
        scan = Scan(
            member_id=member.id,
            storage_key=key,
            sha256=digest,
            size=incoming.size,
            pages=inspection.pages,
            late=_is_late(member, moment, source),
            uploaded_at=moment,
            uploaded_by_id=actor.account_id,
            origin=source.origin,
            original_id=source.original_id,
            state=ScanState.CURRENT,
        )
        with tallied(member):
            if old is not None:
                end(old, ScanState.REPLACED, actor)
                session.flush()  # before the new one, for the index "one current scan"
            session.add(scan)
        jobs.ask(scan.id)
        audit.record(
            actor,
            audit.Event.SCAN_REPLACED if old is not None else audit.Event.SCAN_UPLOADED,
            member_id=member.id,
            scan_id=scan.id,
            sha256=incoming.sha256,
            size=incoming.size,
            pages=inspection.pages,
            replaces=old.id if old is not None else None,
            origin=source.origin,
            original=source.original_id,
        )
        return Uploaded(scan.id, old is not None, unchanged=False, disputed=inspection.disputed)


def _is_late(member: Member, moment: datetime, source: Source) -> bool:
    """Whether the form came after its due date; what is made from one came when that one did."""
    if source.original_id is not None:
        return db.session.get_one(Scan, source.original_id).late
    return member.due_date is not None and is_late(clock.day_of(moment), member.due_date)


def end(scan: Scan, state: ScanState, actor: Actor) -> None:
    """Let a scan be no longer current, in the running transaction; its file stays for now."""
    scan.state, scan.ended_at, scan.ended_by_id = state, clock.now(), actor.account_id
