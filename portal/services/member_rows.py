"""A member as a row of a list: number, form and 备注, in one round to the database."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, func, select

from portal import clock
from portal.access import Action, Actor, allows, members_for
from portal.errors import NotFound
from portal.models import (
    Account,
    Correction,
    CorrectionState,
    Member,
    Scan,
    ScanCheck,
    ScanState,
    Transfer,
)
from portal.rules.deadlines import DeadlineState
from portal.rules.irregular import Irregularity
from portal.rules.transfers import TransferState, is_overdue, time_left
from portal.services.look_lines import LOOK_COLUMNS, with_look
from portal.services.scan_cells import (
    LINE_COLUMNS,
    STANDING,
    ScanCell,
    ended_scans,
    make_cell,
    make_line,
)
from portal.services.transaction import reading


class Remark(NamedTuple):
    """One sentence of the column 备注."""

    text: str
    tone: str  # plain, warning or wrong


class MemberRow(NamedTuple):
    """A member in the list."""

    id: int
    name: str
    sex: str
    number: str | None
    joined: date
    is_new_member: bool
    cell: ScanCell
    remarks: tuple[Remark, ...]
    left: bool = False
    way_back: str = ""  # of who left: by what they come back


OPEN_REPORTS = (
    select(func.count())
    .select_from(Correction)
    .where(Correction.member_id == Member.id, Correction.state == CorrectionState.OPEN)
    .correlate(Member)
    .scalar_subquery()
)
"""How many errors a member reported that nobody has answered."""

MOVES_UNTIL = (
    select(Transfer.ends_on)
    .where(Transfer.member_id == Member.id, Transfer.state == TransferState.OPEN)
    .correlate(Member)
    .scalar_subquery()
)
"""The last day of a member's transfer that is open; past it, it has ended without being written."""

MEMBER_COLUMNS = (
    Member.id,
    Member.name,
    Member.sex,
    Member.number,
    Member.released_number,
    Member.joined,
    Member.is_new_member,
    Member.has_scan,
    Member.due_date,
    Member.irregularity,
    Member.left_reason,
    Member.former_place,
    OPEN_REPORTS.label("reports"),
    MOVES_UNTIL.label("moves_until"),
    *LINE_COLUMNS,
    *LOOK_COLUMNS,
)


# Members with their current scan, its check and its look, if any: a list is one round to the
# database. Made once, since putting a statement together takes longer than SQLite takes to answer.
MEMBER_ROWS = with_look(
    select(*MEMBER_COLUMNS)
    .select_from(Member)
    .outerjoin(Scan, and_(Scan.member_id == Member.id, Scan.state == ScanState.CURRENT))
    .outerjoin(Account, Account.id == Scan.uploaded_by_id)
    .outerjoin(ScanCheck, STANDING)
)
_ROW = MEMBER_ROWS.where(Member.id == bindparam("member_id"))


def find_row(actor: Actor, action: Action, member_id: int) -> MemberRow:
    """The row of one member, if the actor may do ``action`` to them: permission and row at once.

    Raises ``NotAllowed`` when the actor's role never may, ``NotFound`` outside the scope.
    """
    query = MEMBER_ROWS.where(Member.id == member_id, members_for(actor, action))
    found = reading().execute(query).one_or_none()
    if found is None:
        raise NotFound
    return rows_of(actor, [found])[0]


def row_for(actor: Actor, member: Member) -> MemberRow:
    """The row of one member, after a change."""
    found = reading().execute(_ROW, {"member_id": member.id}).one()
    return rows_of(actor, [found])[0]


def rows_of(actor: Actor, found: list[Any]) -> tuple[MemberRow, ...]:
    """The rows of what a query over ``MEMBER_ROWS`` found; it may have further columns."""
    today, may = clock.today(), allows(actor, Action.UPLOAD_SCAN)
    # A form that was deleted can be taken back: asked for only where none is, by who may.
    without = [
        row.id
        for row in found
        if may and row.scan_id is None and row.is_new_member and row.left_reason is None
    ]
    ended = ended_scans(without) if without else {}
    rows = []
    for row in found:
        # Taken apart at once: asked for by name, the columns of 50 rows take 0.8 ms more.
        (
            member_id,
            name,
            sex,
            number,
            released_number,
            joined,
            is_new_member,
            has_scan,
            due,
            irregularity,
            left_reason,
            former_place,
            reports,
            moves_until,
            *scan,
        ) = row[: len(MEMBER_COLUMNS)]
        left = left_reason is not None
        cell = make_cell(
            actor,
            member_id=member_id,
            member_name=name,
            number=number or released_number,
            due=due,
            line=make_line(scan, number=number, name=name, joined=joined)
            if scan[0] is not None
            else ended.get(member_id),
            today=today,
            may_upload=may and not left,
        )
        remarks = (
            (Remark(f"已移出：{left_reason.label}", "plain"),)
            if left
            else remarks_for(
                cell=cell,
                is_new_member=is_new_member,
                has_scan=has_scan,
                irregularity=irregularity,
                former_place=former_place,
                reports=reports if may else 0,
                moves=time_left(moves_until, today)
                if moves_until is not None and not is_overdue(moves_until, today)
                else "",
            )
        )
        rows.append(
            MemberRow(
                member_id,
                name,
                sex.label,
                number,
                joined,
                is_new_member,
                cell,
                remarks,
                left,
                left_reason.way_back if left else "",
            )
        )
    return tuple(rows)


def remarks_for(
    *,
    cell: ScanCell,
    is_new_member: bool,
    has_scan: bool,
    irregularity: Irregularity | None,
    former_place: str | None = None,
    reports: int = 0,
    moves: str = "",
) -> tuple[Remark, ...]:
    """The column 备注 (guide 5.3): the missing form, what a check found, the number.

    Of who came from outside it says so: why there is no upload for a number of these years.
    ``reports``: errors that the member reported and nobody has answered; ``moves``: how long a
    transfer is open still.
    """
    remarks = []
    if is_new_member and not has_scan:
        late = cell.deadline is not None and cell.deadline.state is DeadlineState.OVERDUE
        words = f" · {cell.deadline.words}" if cell.deadline else ""
        remarks.append(Remark(f"未上传入团志愿书{words}", "wrong" if late else "warning"))
    if cell.faults:
        remarks.append(Remark(f"检查：{'、'.join(one.label for one in cell.faults)}", "warning"))
    if cell.findings:
        remarks.append(Remark(f"扫描件 {cell.findings} 处提示待核对", "warning"))
    if irregularity is not None:
        remarks.append(Remark(f"编号不规范：{irregularity.label}", "warning"))
    if reports:
        remarks.append(Remark(f"团员报告 {reports} 处信息有误", "warning"))
    if moves:
        remarks.append(Remark(f"正在办理组织关系转接 · {moves}", "plain"))
    if former_place is not None:
        remarks.append(Remark("从外部转入", "plain"))
    return tuple(remarks)
