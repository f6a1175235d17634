"""The form's cell: what a member's form looks like from outside, the same in every place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, select

from portal import clock
from portal.access import Action, Actor, allows
from portal.models import Account, Member, Scan, ScanCheck, ScanOrigin, ScanState
from portal.rules.deadlines import Deadline, deadline
from portal.rules.member_number import has_upload
from portal.rules.scan_checks import FaultKind, kinds_of
from portal.runtime import runtime
from portal.services.look_lines import (
    LOOK_COLUMNS,
    NO_LOOK,
    LookLine,
    LookState,
    read_line,
    with_look,
)
from portal.services.transaction import reading


class ScanCell(NamedTuple):
    """A member's form as the cell shows it. ``state``: not_needed, none, stored or deleted."""

    member_id: int
    member_name: str
    state: str
    may_upload: bool
    scan_id: int | None = None
    pages: int = 0
    size: int = 0  # bytes
    uploaded_at: datetime | None = None
    uploaded_by: str = ""
    origin: ScanOrigin = ScanOrigin.UPLOADED
    late: bool = False
    look_state: LookState = LookState.NONE
    findings: int = 0  # that nobody set aside
    mendable: int = 0  # of them, by arranging the pages
    faults: tuple[FaultKind, ...] | None = None  # of the check that stands; none at all: in order
    deadline: Deadline | None = None
    undo_until: date | None = None
    error: str | None = None
    too_large: bool = False  # the error is that a file is over 15 M: it can be compressed
    notice: str | None = None
    confirm_delete: bool = False
    ends_with_it: str = ""  # what else the deletion would end, in a sentence


class ScanLine(NamedTuple):
    """What a cell needs of a scan's row."""

    scan_id: int
    state: ScanState
    pages: int
    size: int
    late: bool
    uploaded_at: datetime
    uploaded_by: str
    origin: ScanOrigin
    faults: str | None = None  # ``ScanCheck.kinds`` of the check that stands
    look: LookLine = NO_LOOK
    ended_at: datetime | None = None
    file_gone: bool = False


_SCAN = (
    Scan.id.label("scan_id"),
    Scan.state,
    Scan.pages,
    Scan.size,
    Scan.late,
    Scan.uploaded_at,
    Account.person_name,
    Scan.origin,
)
LINE_COLUMNS = (*_SCAN, ScanCheck.kinds)
"""What ``make_line`` takes apart, before a look's columns."""

STANDING = and_(ScanCheck.scan_id == Scan.id, ScanCheck.ended_at.is_(None))
"""The check of a scan that stands; there is at most one."""

# Made once: putting a statement together takes longer than SQLite takes to answer it.
_CURRENT = with_look(
    select(*LINE_COLUMNS, *LOOK_COLUMNS)
    .select_from(Scan)
    .join(Account, Account.id == Scan.uploaded_by_id)
    .outerjoin(ScanCheck, STANDING)
    .where(Scan.member_id == bindparam("member_id"), Scan.state == ScanState.CURRENT)
)
_ENDED = (
    select(Scan.member_id, *_SCAN, Scan.ended_at, Scan.file_gone_at.is_not(None))
    .join(Account, Account.id == Scan.uploaded_by_id)
    .where(
        Scan.member_id.in_(bindparam("member_ids", expanding=True)),
        Scan.state != ScanState.CURRENT,
        Scan.ended_at > bindparam("since"),
    )
    .order_by(Scan.ended_at, Scan.id)
)


def make_line(columns: Sequence[Any], *, number: str | None, name: str, joined: date) -> ScanLine:
    """A current scan's line from its columns and those of its look, and the member's own texts."""
    look = read_line(columns[len(LINE_COLUMNS) :], number=number, name=name, joined=joined)
    return ScanLine(*columns[: len(LINE_COLUMNS)])._replace(look=look)


def current_line(member: Member) -> ScanLine | None:
    """The current scan of a member, or else the one that ended last in the days of undo."""
    row = reading().execute(_CURRENT, {"member_id": member.id}).one_or_none()
    if row is None:
        return ended_scans([member.id]).get(member.id)
    return make_line(row, number=member.number, name=member.name, joined=member.joined)


def ended_scans(member_ids: Iterable[int]) -> Mapping[int, ScanLine]:
    """Of each member the scan that ended last in the days of undo."""
    since = clock.now() - timedelta(days=runtime().settings.undo_days)
    rows = reading().execute(_ENDED, {"member_ids": list(member_ids), "since": since})
    return {
        member_id: ScanLine(*line)._replace(ended_at=ended_at, file_gone=gone)
        for member_id, *line, ended_at, gone in rows
    }


def make_cell(
    actor: Actor,
    *,
    member_id: int,
    member_name: str,
    number: str | None,
    due: date | None,
    line: ScanLine | None,
    today: date,
    may_upload: bool | None = None,
) -> ScanCell:
    """The cell of a member with ``number`` (a released one counts) and their scan, if any."""
    may = allows(actor, Action.UPLOAD_SCAN) if may_upload is None else may_upload
    if line is not None and line.state is ScanState.CURRENT:
        return ScanCell(
            member_id,
            member_name,
            "stored",
            may,
            line.scan_id,
            line.pages,
            line.size,
            line.uploaded_at,
            line.uploaded_by,
            line.origin,
            line.late,
            *line.look,
            None if line.faults is None else kinds_of(line.faults),
        )
    if not has_upload(number, runtime().policy):
        return ScanCell(member_id, member_name, "not_needed", may_upload=False)
    owed = deadline(due, today) if due else None
    if line is not None and line.state is ScanState.DELETED and not line.file_gone and may:
        assert line.ended_at is not None
        until = clock.day_of(line.ended_at) + timedelta(days=runtime().settings.undo_days)
        return ScanCell(member_id, member_name, "deleted", may, deadline=owed, undo_until=until)
    return ScanCell(member_id, member_name, "none", may, deadline=owed)


def cell_for(actor: Actor, member: Member, *, number: str | None = None) -> ScanCell:
    """The cell of one member; ``number`` instead of the stored one while it is being typed."""
    return make_cell(
        actor,
        member_id=member.id,
        member_name=member.name,
        number=number or member.number or member.released_number,
        due=member.due_date,
        line=current_line(member),
        today=clock.today(),
    )
