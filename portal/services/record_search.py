"""操作日志, searched: the newest lines first, paged by key, each as a sentence.

The table may hold tens of millions of lines. A page is therefore put together from streams, each
of which is walked along one index from its newest line and no further than a page: the lines of
each organisation in sight, or of a person, or of a member; a kind takes one stream an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Subquery,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased

from portal import clock
from portal.access import (
    Action,
    Actor,
    in_subtree,
    is_top,
    records_for,
)
from portal.extensions import db
from portal.models import Account, AuditRecord, Joining, Member, Organisation
from portal.rules.member_number import group_number
from portal.services.record_sentences import RecordKind, sentence
from portal.services.record_told import Told
from portal.services.record_words import Words, look_up
from portal.services.transaction import reading

PAGE_ROWS = 50
FEW = 300
"""Organisations that are asked one by one, a seek each: 17 µs."""

GLANCE = 3000
"""Lines of all that are looked through first for those of a large subtree."""

CLOCKS = timedelta(hours=1)
"""Lines of one moment may have ids in another order: servers' clocks differ, transactions wait."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; what is empty narrows nothing."""

    person: str = ""
    organisation: str = ""
    member: str = ""
    kind: RecordKind | None = None
    first: date | None = None
    last: date | None = None

    def __bool__(self) -> bool:
        return self != Search()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the record. ``address`` empty: not for the actor to see, or none."""

    id: int
    at: datetime
    place: str  # the person's organisation
    person: str
    address: str
    words: str
    member_id: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page, the newest line first; ``before`` opens the next one.

    ``cut`` names the fields whose word stands for more than is looked for.
    """

    lines: tuple[Line, ...]
    before: int | None
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Limits:
    """Between which ids and moments, and what event; None: no limit."""

    least: int | None = None
    before: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    event: str | None = None

    def on(self, line: Any) -> list[ColumnElement[bool]]:
        """The criteria on ``AuditRecord`` or an alias of it."""
        pairs = (
            (line.id.__ge__, self.least),
            (line.id.__lt__, self.before),
            (line.at.__ge__, self.since),
            (line.at.__lt__, self.until),
            (line.event.__eq__, self.event),
        )
        return [compared(value) for compared, value in pairs if value is not None]


def search(
    actor: Actor, asked: Search, *, before: int | None = None, rows: int = PAGE_ROWS
) -> Page:
    """The lines that are looked for, from all that the actor may see."""
    words = look_up(actor, asked.person, asked.organisation, asked.member)
    limits = _days(asked.first, asked.last, before)
    if words.nothing or limits is None:
        return Page((), None, words.cut)
    ids = _newest(actor, words, asked.kind, limits, rows + 1)
    lines = lines_of(actor, ids[:rows])
    return Page(lines, ids[rows - 1] if len(ids) > rows else None, words.cut)


def lines_of(actor: Actor, ids: Sequence[int]) -> tuple[Line, ...]:
    """The lines with these ids, the newest first."""
    found = list(reading().execute(_LINES.where(AuditRecord.id.in_(ids)).order_by(AuditRecord.id)))
    accounts, applicants = _names(found)
    return tuple(_line(actor, row, accounts, applicants) for row in reversed(found))


_By, _About = aliased(Organisation), aliased(Organisation)
_LINES = (
    select(
        AuditRecord.id,
        AuditRecord.at,
        AuditRecord.account_id,
        AuditRecord.person_name,
        AuditRecord.address,
        AuditRecord.event,
        AuditRecord.member_id,
        AuditRecord.detail,
        _By.name.label("by_name"),
        _By.path.label("by_path"),
        _About.name.label("about_name"),
        Member.name.label("member_name"),
        Member.number,
    )
    .outerjoin(_By, _By.id == AuditRecord.organisation_id)
    .outerjoin(_About, _About.id == AuditRecord.about_id)
    .outerjoin(Member, Member.id == AuditRecord.member_id)
)


def _line(actor: Actor, row: Any, accounts: dict[int, str], applicants: dict[int, str]) -> Line:
    member = row.member_name or ""
    if member and row.number:
        member = f"{member}（{group_number(row.number)}）"
    told = Told(
        row.detail,
        member=member,
        place=row.about_name or "",
        accounts=accounts,
        applicants=applicants,
        by_person=row.account_id is not None,
    )
    # From where somebody above works is not for those below them to know.
    in_sight = is_top(actor) or (row.by_path or "").startswith(actor.organisation_path)
    address = (row.address or str(row.detail.get("address") or "")) if in_sight else ""
    words = sentence(row.event, told)
    return Line(row.id, row.at, row.by_name or "", row.person_name, address, words, row.member_id)


def _names(rows: Iterable[Any]) -> tuple[dict[int, str], dict[int, str]]:
    """The accounts and the applicants that the details speak of, by id."""
    wanted: dict[str, set[int]] = {"account_id": set(), "joining_id": set()}
    for row in rows:
        for name, ids in wanted.items():
            if isinstance(row.detail.get(name), int):
                ids.add(row.detail[name])
    accounts, applicants = {}, {}
    if wanted["account_id"]:
        query = (
            select(Account.id, Account.login, Account.person_name, Organisation.name)
            .outerjoin(Organisation, Organisation.id == Account.organisation_id)
            .where(Account.id.in_(wanted["account_id"]))
        )
        for account_id, login, person, place in reading().execute(query):
            accounts[account_id] = f"{place or ''} {person} 的账号 {login}".strip()
    if wanted["joining_id"]:
        named = select(Joining.id, Joining.name).where(Joining.id.in_(wanted["joining_id"]))
        applicants = {row[0]: row[1] for row in reading().execute(named)}
    return accounts, applicants


def _days(first: date | None, last: date | None, before: int | None) -> _Limits | None:
    """The limits of some days, with the ids between which they lie; None: there are no lines."""
    limits = _Limits(before=before)
    if first is not None:
        since = _start_of(first)
        least = _id_near(AuditRecord.at >= since - CLOCKS, newest=False)
        if least is None:
            return None
        limits = replace(limits, least=least, since=since)
    if last is not None:
        until = _start_of(last + timedelta(days=1))
        most = _id_near(AuditRecord.at < until + CLOCKS, newest=True)
        if most is None:
            return None
        end = most + 1 if before is None else min(before, most + 1)
        limits = replace(limits, before=end, until=until)
    return limits


def _id_near(moment: ColumnElement[bool], *, newest: bool) -> int | None:
    order = AuditRecord.at.desc() if newest else AuditRecord.at
    return reading().execute(select(AuditRecord.id).where(moment).order_by(order).limit(1)).scalar()


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), clock.BEIJING)


def _newest(
    actor: Actor, words: Words, kind: RecordKind | None, limits: _Limits, rows: int
) -> list[int]:
    """The ids of the newest lines, as many as ``rows``."""
    streams = [
        stream
        for event in (kind.events if kind else (None,))
        for stream in _streams(actor, words, replace(limits, event=event), rows)
    ]
    together = union_all(*(select(one.c.id) for one in streams)).subquery()
    query = select(together.c.id).order_by(together.c.id.desc()).limit(rows)
    return list(reading().execute(query).scalars())


def _streams(actor: Actor, words: Words, limits: _Limits, rows: int) -> list[Subquery]:
    """Queries of ids which together have the newest lines, no line in two of them."""
    whole = words.paths == (actor.organisation_path,)
    sight = records_for(actor, Action.VIEW_RECORD)
    if not whole:
        inside = or_(*(in_subtree(path) for path in words.paths))
        sight = AuditRecord.about_id.in_(select(Organisation.id).where(inside))
    if words.members is not None:
        own = [AuditRecord.account_id.in_(words.persons)] if words.persons else []
        columns = [(AuditRecord.member_id == one, *own) for one in words.members]
    elif words.persons is not None:
        columns = [(AuditRecord.account_id == one,) for one in words.persons]
    elif whole and is_top(actor):
        columns = [(true(),)]
    else:
        ids = _among_the_newest(words.paths, limits, rows)
        if ids is not None:
            return [select(AuditRecord.id).where(AuditRecord.id.in_(ids)).subquery()]
        return [_walk_each(_latest(words.paths, limits, rows), limits, rows)]
    return [_walk([*one, sight], limits, rows) for one in columns]


def _walk(criteria: list[ColumnElement[bool]], limits: _Limits, rows: int) -> Subquery:
    """The newest lines of one stream."""
    query = select(AuditRecord.id).where(*criteria, *limits.on(AuditRecord))
    return query.order_by(AuditRecord.id.desc()).limit(rows).subquery()


def _among_the_newest(paths: Sequence[str], limits: _Limits, rows: int) -> list[int] | None:
    """The newest lines of large subtrees, where the newest of all organisations have them.

    None where they don't, and for a few organisations, which are asked faster one by one.
    """
    inside = or_(*(in_subtree(path) for path in paths))
    if reading().execute(select(func.count()).where(inside)).scalar_one() <= FEW:
        return None
    newest = (
        select(AuditRecord.id, AuditRecord.about_id)
        .where(*limits.on(AuditRecord))
        .order_by(AuditRecord.id.desc())
        .limit(GLANCE)
        .cte()
    )
    seen = select(func.count()).select_from(newest).scalar_subquery()
    found = select(newest.c.id).join(Organisation, Organisation.id == newest.c.about_id)
    found = found.where(inside).order_by(newest.c.id.desc()).limit(rows)
    ids = list(reading().execute(found).scalars())
    if len(ids) == rows or reading().execute(select(seen)).scalar_one() < GLANCE:
        return ids
    return None


def _latest(paths: Sequence[str], limits: _Limits, rows: int) -> list[int]:
    """The organisations with the newest lines: one seek each. All others have only older ones
    than ``rows`` lines that these have."""
    line = aliased(AuditRecord)
    newest = (
        select(line.id)
        .where(line.about_id == Organisation.id, *limits.on(line))
        .order_by(line.id.desc())
        .limit(1)
        .correlate(Organisation)
        .scalar_subquery()
    )
    each = (
        select(Organisation.id, newest.label("newest"))
        .where(or_(*(in_subtree(path) for path in paths)))
        .subquery()
    )
    query = select(each.c.id).where(each.c.newest.is_not(None))
    found = reading().execute(query.order_by(each.c.newest.desc()).limit(rows))
    return list(found.scalars())


def _walk_each(organisations: Sequence[int], limits: _Limits, rows: int) -> Subquery:
    """The newest lines of some organisations, each walked by itself.

    As one range of ``about_id`` all their lines would be read and sorted.
    """
    line = aliased(AuditRecord)
    newest = (
        select(line.id)
        .where(line.about_id == Organisation.id, *limits.on(line))
        .order_by(line.id.desc())
        .limit(rows)
        .correlate(Organisation)
    )
    if db.engine.dialect.name == "postgresql":
        each = newest.lateral()
        found = select(each.c.id).select_from(Organisation).join(each, literal(True))
    else:  # SQLite has no LATERAL, but goes from each organisation to the ids that IN names
        found = select(AuditRecord.id).select_from(Organisation)
        found = found.join(AuditRecord, AuditRecord.id.in_(newest))
    found = found.where(Organisation.id.in_(organisations))
    return found.order_by(found.selected_columns.id.desc()).limit(rows).subquery()
