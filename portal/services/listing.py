"""我的团员: the members of one branch, searched, filtered, sorted, paged by key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, func, or_, select, tuple_

from portal import clock
from portal.access import Action, Actor, members_for
from portal.models import Member, Scan, ScanCheck, ScanState, Tally
from portal.rules.irregular import Irregularity
from portal.rules.member_number import normalise_number
from portal.rules.text import parse_whole
from portal.services.member_rows import MEMBER_ROWS, OPEN_REPORTS, MemberRow, rows_of
from portal.services.scan_cells import STANDING
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


_TALLY = Tally.__table__.c
_TALLIED = (
    _TALLY.members,
    _TALLY.new_members,
    _TALLY.with_scan,
    *(_TALLY[kind.value] for kind in Irregularity),
)

_REPORTED = OPEN_REPORTS > 0
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
    present = Member.left_at.is_(None)

    def how_many(*criteria: ColumnElement[bool]) -> ScalarSelect[int]:
        return (
            select(func.count())
            .select_from(Member)
            .where(Member.branch_id == branch_id, *criteria, members_for(actor, action))
            .scalar_subquery()
        )

    at_fault = (
        select(Scan.member_id)
        .join(ScanCheck, STANDING)
        .where(Scan.member_id == Member.id, Scan.state == ScanState.CURRENT, ScanCheck.kinds != "")
        .correlate(Member)
        .exists()
    )
    tally = (
        reading()
        .execute(
            select(
                *_TALLIED,
                how_many(_MISSING, Member.due_date < clock.today()),
                how_many(present, Member.scan_checked.expression, at_fault),
                how_many(present, _REPORTED),
                how_many(Member.left_at.is_not(None)),
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


def _format_key(row: Any) -> str:
    key = row.key.isoformat() if isinstance(row.key, date) else row.key
    return f"{key}~{row.id}"


def _parse_key(text: str, sort: Sort) -> tuple[Any, int] | None:
    """The place a page begins after; a key that nobody was given opens the first page."""
    value, separator, member_id = text.rpartition("~")
    place = parse_whole(member_id)
    if not separator or place is None:
        return None
    if sort in (Sort.JOINED, Sort.DUE):
        try:
            return date.fromisoformat(value), place
        except ValueError:
            return None
    return value, place
