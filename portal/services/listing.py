"""我的团员: the members of one branch, searched, filtered, sorted, paged by key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select, tuple_

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
    Tally,
)
from portal.rules.deadlines import DeadlineState
from portal.rules.irregular import Irregularity
from portal.rules.member_number import normalise_number
from portal.services.look_lines import LOOK_COLUMNS, with_look
from portal.services.scan_cells import STANDING, ScanCell, ended_scans, make_cell, make_line
from portal.services.transaction import reading

PAGE_ROWS = 50
_LAST_DAY = date(9999, 12, 31)


class Filter(StrEnum):
    """The filters above the list."""

    ALL = "all"
    NEW = "new"
    MISSING = "missing"
    OVERDUE = "overdue"
    FAULTY = "faulty"  # 检查不合格
    IRREGULAR = "irregular"
    REPORTED = "reported"  # 报告了错误
    LEFT = "left"  # 已移出: who was set aside


class Sort(StrEnum):
    """What the list can be sorted by."""

    NAME = "name"
    NUMBER = "number"
    JOINED = "joined"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a person asked of the list. ``after``/``before``: keys of the neighbouring page."""

    filter: Filter = Filter.ALL
    text: str = ""
    sort: Sort = Sort.NAME
    descending: bool = False
    after: str = ""
    before: str = ""


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


@dataclass(frozen=True, slots=True)
class Counts:
    """How many members each filter holds."""

    all: int
    new: int
    missing: int
    overdue: int
    irregular: int
    faulty: int = 0
    reported: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list: its rows, and the keys that open the pages beside it, if there are."""

    rows: tuple[MemberRow, ...]
    after: str | None
    before: str | None


_REPORTS = (
    select(func.count())
    .select_from(Correction)
    .where(Correction.member_id == Member.id, Correction.state == CorrectionState.OPEN)
    .correlate(Member)
    .scalar_subquery()
)

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
    _REPORTS.label("reports"),
    Scan.id.label("scan_id"),
    Scan.state,
    Scan.pages,
    Scan.size,
    Scan.late,
    Scan.uploaded_at,
    Account.person_name,
    Scan.origin,
    ScanCheck.kinds,
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

_TALLY = Tally.__table__.c
_TALLIED = (
    _TALLY.members,
    _TALLY.new_members,
    _TALLY.with_scan,
    *(_TALLY[kind.value] for kind in Irregularity),
)

_REPORTED = _REPORTS > 0
_MISSING = and_(Member.is_new_member, ~Member.has_scan, Member.left_at.is_(None))

# Each sort key is never NULL, so that it can be compared in a page's key.
_SORT_KEYS: dict[Sort, ColumnElement[Any]] = {
    Sort.NAME: Member.pinyin.expression,
    Sort.NUMBER: func.coalesce(Member.number, "~"),
    Sort.JOINED: Member.joined.expression,
    Sort.DUE: case((_MISSING, func.coalesce(Member.due_date, _LAST_DAY)), else_=_LAST_DAY),
}


def count_members(actor: Actor, action: Action, branch_id: int) -> Counts:
    """The counts of a branch: from its tally; overdue from today's date, faults, and who left."""
    overdue = (
        select(func.count())
        .select_from(Member)
        .where(
            Member.branch_id == branch_id,
            _MISSING,
            Member.due_date < clock.today(),
            members_for(actor, action),
        )
        .scalar_subquery()
    )
    left = (
        select(func.count())
        .select_from(Member)
        .where(
            Member.branch_id == branch_id, Member.left_at.is_not(None), members_for(actor, action)
        )
        .scalar_subquery()
    )
    faulty = (
        select(func.count())
        .select_from(Member)
        .join(Scan, and_(Scan.member_id == Member.id, Scan.state == ScanState.CURRENT))
        .join(ScanCheck, STANDING)
        .where(
            Member.branch_id == branch_id,
            Member.scan_checked,
            Member.left_at.is_(None),
            ScanCheck.kinds != "",
            members_for(actor, action),
        )
        .scalar_subquery()
    )
    reported = (
        select(func.count())
        .select_from(Member)
        .where(
            Member.branch_id == branch_id,
            Member.left_at.is_(None),
            _REPORTED,
            members_for(actor, action),
        )
        .scalar_subquery()
    )
    tally = (
        reading()
        .execute(
            select(
                *_TALLIED,
                overdue.label("overdue"),
                faulty.label("faulty"),
                reported.label("reported"),
                left.label("left"),
            ).where(_TALLY.branch_id == branch_id)
        )
        .one_or_none()
    )
    if tally is None:
        return Counts(0, 0, 0, 0, 0)
    members, new, with_scan, *irregular, late, faults, reports, gone = tally
    return Counts(
        all=members,
        new=new,
        missing=new - with_scan,
        overdue=late,
        irregular=sum(irregular),
        faulty=faults,
        reported=reports,
        left=gone,
    )


def list_members(actor: Actor, action: Action, branch_id: int, asked: ListQuery) -> ListPage:
    """One page of a branch's members, as ``action`` lets the actor see them."""
    key = _SORT_KEYS[asked.sort]
    backwards = bool(asked.before)
    query = _narrowed(
        MEMBER_ROWS.add_columns(key.label("key")).where(
            members_for(actor, action),
            Member.branch_id == branch_id,
            Member.left_at.is_not(None)
            if asked.filter is Filter.LEFT
            else Member.left_at.is_(None),
        ),
        asked,
    )
    downwards = asked.descending != backwards
    cursor = _parse_key(asked.before or asked.after, asked.sort)
    if cursor is not None:
        place = tuple_(key, Member.id)
        query = query.where(place < cursor if downwards else place > cursor)
    order = (key.desc(), Member.id.desc()) if downwards else (key, Member.id)
    found = list(reading().execute(query.order_by(*order).limit(PAGE_ROWS + 1)))
    more = len(found) > PAGE_ROWS
    del found[PAGE_ROWS:]
    if backwards:
        found.reverse()
    has_next, has_previous = (True, more) if backwards else (more, cursor is not None)
    return ListPage(
        rows=rows_of(actor, found),
        after=_format_key(found[-1]) if found and has_next else None,
        before=_format_key(found[0]) if found and has_previous else None,
    )


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


def remarks_for(
    *,
    cell: ScanCell,
    is_new_member: bool,
    has_scan: bool,
    irregularity: Irregularity | None,
    former_place: str | None = None,
    reports: int = 0,
) -> tuple[Remark, ...]:
    """The column 备注 (guide 5.3): the missing form, what a check found, the number.

    Of who came from outside it says so: why there is no upload for a number of these years.
    ``reports``: errors that the member reported and nobody has answered.
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
    if former_place is not None:
        remarks.append(Remark("从外部转入", "plain"))
    return tuple(remarks)


def _narrowed(query: Any, asked: ListQuery) -> Any:
    match asked.filter:
        case Filter.NEW:
            query = query.where(Member.is_new_member)
        case Filter.MISSING:
            query = query.where(_MISSING)
        case Filter.OVERDUE:
            query = query.where(_MISSING, Member.due_date < clock.today())
        case Filter.FAULTY:
            query = query.where(Member.scan_checked, ScanCheck.kinds != "")
        case Filter.IRREGULAR:
            query = query.where(Member.irregularity.is_not(None))
        case Filter.REPORTED:
            query = query.where(_REPORTED)
        case _:  # all, or all who left
            pass
    text = asked.text.strip()
    if text:
        letters = "".join(text.lower().split())
        digits = normalise_number(text)
        query = query.where(
            or_(
                Member.name.contains(text, autoescape=True),
                Member.initials.startswith(letters, autoescape=True),
                func.replace(Member.pinyin, " ", "").startswith(letters, autoescape=True),
                *([Member.number.contains(digits)] if digits.isdecimal() else []),
            )
        )
    return query


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


def _format_key(row: Any) -> str:
    key = row.key.isoformat() if isinstance(row.key, date) else row.key
    return f"{key}~{row.id}"


def _parse_key(text: str, sort: Sort) -> tuple[Any, int] | None:
    """The place a page begins after; a key that nobody was given opens the first page."""
    value, separator, member_id = text.rpartition("~")
    if not separator or not member_id.isdecimal():
        return None
    if sort in (Sort.JOINED, Sort.DUE):
        try:
            return date.fromisoformat(value), int(member_id)
        except ValueError:
            return None
    return value, int(member_id)
