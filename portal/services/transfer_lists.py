"""Transfers as pages show them: one with its steps, a branch's lists, those below a committee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from portal import clock
from portal.access import Action, Actor, Role, allows, members_for, transfers_for
from portal.extensions import db
from portal.models import Account, Member, Organisation, Transfer, TransferStep
from portal.rules.transfers import (
    StepKind,
    TransferKind,
    TransferState,
    Turn,
    is_overdue,
    state_on,
    time_left,
    turns_of,
)
from portal.services.organisations import names_on_paths, words_below
from portal.services.outside_shown import OutsideFacts, outside_facts
from portal.services.transfer_deciding import may_withdraw
from portal.services.transfers import find_transfer

PAGE_ROWS = 50
NEWS = timedelta(days=30)
"""So long a member's page says what became of their last transfer."""


class Part(StrEnum):
    """What a list can be narrowed to."""

    WAITING = "waiting"  # for the actor's own organisation
    OPEN = "open"
    ENDED = "ended"
    EXPIRED = "expired"


class TransferRow(NamedTuple):
    """A transfer in a list. ``state`` is what it counts as today; ``held_by`` has or had it."""

    id: int
    member_id: int
    member_name: str
    kind: TransferKind
    state: TransferState
    turn: Turn
    by_member: bool
    reason: str
    receiver: str
    answer: str
    asked_at: datetime
    ends_on: date
    passed_on_at: datetime | None
    ended_at: datetime | None
    from_branch_id: int
    to_branch_id: int | None
    held_by_id: int
    source: str
    target: str
    held_by: str

    @property
    def is_open(self) -> bool:
        """Whether somebody can still decide on it."""
        return self.state is TransferState.OPEN

    @property
    def holder(self) -> str:
        """Who has or had it, without what is above them."""
        return self.held_by.rpartition(" › ")[2]

    @property
    def left(self) -> str:
        """剩 3 天."""
        return time_left(self.ends_on, clock.today())

    @property
    def is_urgent(self) -> bool:
        """Whether three days or less are left."""
        return (self.ends_on - clock.today()).days <= 3

    @property
    def tone(self) -> str:
        """Of the tag that says what became of it."""
        good, open_still = self.state is TransferState.DONE, self.is_open
        return "good" if good else "plain" if open_still else "warning"


@dataclass(frozen=True, slots=True)
class TransferPage:
    """One page of a list; ``after`` opens the next one."""

    rows: tuple[TransferRow, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class ShownStep:
    """What happened, who did it, and for which organisation."""

    kind: StepKind
    at: datetime
    who: str
    words: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the turns that a transfer takes, and whether it is past, now, or to come."""

    turn: Turn
    state: str  # done, now, ended or ahead


@dataclass(frozen=True, slots=True)
class ShownTransfer:
    """A transfer's page. The member's own data show as long as the actor has to do with them.

    ``stays``: the member is in the branch that the transfer began from; ``gone``: in none any more.
    """

    row: TransferRow
    steps: tuple[ShownStep, ...]
    stages: tuple[Stage, ...]
    number: str | None
    joined: date | None
    has_scan: bool
    is_new_member: bool
    member_in_sight: bool
    stays: bool
    gone: bool
    may_decide: bool
    may_withdraw: bool
    outside: OutsideFacts | None


_Of, _From, _To, _Holder = aliased(Member), *(aliased(Organisation) for _ in range(3))
_ROWS = (
    select(
        Transfer.id,
        Transfer.member_id,
        _Of.name,
        Transfer.kind,
        Transfer.state,
        Transfer.turn,
        Transfer.by_member,
        Transfer.reason,
        Transfer.receiver,
        Transfer.answer,
        Transfer.asked_at,
        Transfer.ends_on,
        Transfer.passed_on_at,
        Transfer.ended_at,
        Transfer.from_branch_id,
        Transfer.to_branch_id,
        Transfer.held_by_id,
        _From.path.label("source"),
        _To.path.label("target"),
        _Holder.path.label("held_by"),
    )
    .join(_Of, _Of.id == Transfer.member_id)
    .join(_From, _From.id == Transfer.from_branch_id)
    .outerjoin(_To, _To.id == Transfer.to_branch_id)
    .join(_Holder, _Holder.id == Transfer.held_by_id)
)


def is_open_now() -> ColumnElement[bool]:
    """The criterion for those that somebody can still decide on today."""
    return and_(Transfer.state == TransferState.OPEN, Transfer.ends_on >= clock.today())


def waiting_for(actor: Actor) -> ColumnElement[bool]:
    """The criterion for those that the actor's organisation has to decide on."""
    return and_(Transfer.held_by_id == actor.organisation_id, is_open_now())


def count_waiting(actor: Actor) -> int:
    """How many transfers wait for the actor's organisation."""
    return db.session.scalar(select(func.count()).where(waiting_for(actor))) or 0


def branch_counts(actor: Actor) -> dict[Part, int]:
    """How many transfers a branch has in each part of its list."""
    mine = transfers_for(actor, Action.LIST_TRANSFERS)
    return {
        part: db.session.scalar(select(func.count()).where(mine, _of_branch(actor, part))) or 0
        for part in (Part.WAITING, Part.OPEN, Part.ENDED)
    }


def branch_transfers(actor: Actor, part: Part, after: str = "") -> TransferPage:
    """A branch's transfers: open ones the first to end first, ended ones the newest first."""
    query = _ROWS.where(transfers_for(actor, Action.LIST_TRANSFERS), _of_branch(actor, part))
    if part is not Part.ENDED:
        return _page(actor, query, after, soonest_first=True)
    if after.isdecimal():
        query = query.where(Transfer.id < int(after[:18]))
    found = db.session.execute(query.order_by(Transfer.id.desc()).limit(PAGE_ROWS + 1)).all()
    more = str(found[PAGE_ROWS - 1].id) if len(found) > PAGE_ROWS else None
    return TransferPage(_rows(actor, found[:PAGE_ROWS]), more)


def transfers_below(actor: Actor, part: Part, after: str = "") -> TransferPage:
    """Those below a committee that are open, the first to end first, or expired, newest first.

    Of the open ones, if asked for, those that wait for the committee itself.
    """
    expired = and_(  # written down or not
        Transfer.state.in_((TransferState.OPEN, TransferState.EXPIRED)),
        Transfer.ends_on < clock.today(),
    )
    criteria = {Part.EXPIRED: expired, Part.WAITING: waiting_for(actor)}
    which = criteria.get(part, is_open_now())
    query = _ROWS.where(transfers_for(actor, Action.WATCH_TRANSFERS), which)
    return _page(actor, query, after, soonest_first=part is not Part.EXPIRED)


def count_below(actor: Actor) -> int:
    """How many transfers below a committee are open."""
    below = transfers_for(actor, Action.WATCH_TRANSFERS)
    return db.session.scalar(select(func.count()).where(below, is_open_now())) or 0


def own_transfer(actor: Actor) -> TransferRow | None:
    """A member's own transfer: the open one, or what became of the last while that is news."""
    mine = transfers_for(actor, Action.ASK_TRANSFER)
    found = db.session.execute(_ROWS.where(mine).order_by(Transfer.id.desc()).limit(1)).all()
    rows = _rows(actor, found)
    if not rows or (rows[0].ended_at and rows[0].ended_at < clock.now() - NEWS):
        return None
    return rows[0]


def show(actor: Actor, transfer_id: int, action: Action = Action.VIEW_TRANSFER) -> ShownTransfer:
    """One transfer with its steps. Raises ``NotFound``."""
    transfer = find_transfer(actor, transfer_id, action)
    row = _rows(actor, db.session.execute(_ROWS.where(Transfer.id == transfer.id)).all())[0]
    member = db.session.get_one(Member, transfer.member_id)
    sight = members_for(
        actor, Action.VIEW_CARD if actor.role is Role.MEMBER else Action.VIEW_MEMBER
    )
    in_sight = db.session.scalar(select(Member.id).where(Member.id == member.id, sight)) is not None
    known = in_sight or row.is_open
    return ShownTransfer(
        row=row,
        steps=_steps(actor, transfer),
        stages=_stages(row),
        number=member.number if known else None,
        joined=member.joined if known else None,
        has_scan=known and member.has_scan,
        is_new_member=known and member.is_new_member,
        member_in_sight=in_sight,
        stays=member.left_at is None and member.branch_id == transfer.from_branch_id,
        gone=member.left_at is not None,
        may_decide=row.is_open
        and allows(actor, Action.DECIDE_TRANSFER)
        and row.held_by_id == actor.organisation_id,
        may_withdraw=row.is_open
        and allows(actor, Action.ASK_TRANSFER)
        and may_withdraw(actor, transfer),
        outside=outside_facts(actor, transfer),
    )


def _of_branch(actor: Actor, part: Part) -> ColumnElement[bool]:
    if part is Part.WAITING:
        return waiting_for(actor)
    if part is Part.OPEN:
        return and_(is_open_now(), Transfer.held_by_id != actor.organisation_id)
    overdue = Transfer.ends_on < clock.today()
    return or_(Transfer.state != TransferState.OPEN, overdue)


def _page(actor: Actor, query: Any, after: str, *, soonest_first: bool) -> TransferPage:
    """A page by the last day, either way round."""
    key = tuple_(Transfer.ends_on, Transfer.id)
    if (cursor := _parse_key(after)) is not None:
        query = query.where(key > cursor if soonest_first else key < cursor)
    order = (Transfer.ends_on, Transfer.id)
    if not soonest_first:
        order = tuple(column.desc() for column in order)  # type: ignore[assignment]
    found = db.session.execute(query.order_by(*order).limit(PAGE_ROWS + 1)).all()
    shown, last = found[:PAGE_ROWS], found[PAGE_ROWS - 1] if len(found) > PAGE_ROWS else None
    return TransferPage(_rows(actor, shown), f"{last.ends_on}~{last.id}" if last else None)


def _parse_key(text: str) -> tuple[date, int] | None:
    """The place a page begins after; a key that nobody was given opens the first page."""
    day, _, transfer_id = text.rpartition("~")
    try:
        return date.fromisoformat(day), int(transfer_id[:18])
    except ValueError:
        return None


def _rows(actor: Actor, found: Sequence[Any]) -> tuple[TransferRow, ...]:
    """Names for paths: from right below a committee down, from the district on for all others.

    A branch reads 本支部 for itself: of two long names in a row it is the other one that counts.
    """
    paths = {path for row in found for path in row[-3:] if path}
    names, today = names_on_paths(paths), clock.today()

    def words(path: str | None) -> str:
        if path is None:
            return ""
        if actor.role is Role.BRANCH and path == actor.organisation_path:
            return "本支部"
        top = actor.organisation_path
        if actor.role in (Role.MEMBER, Role.BRANCH) or not path.startswith(top):
            top = "/" + path.strip("/").split("/")[0] + "/"
        return words_below(top, path, names)

    rows = []
    for row in found:
        values = row._asdict()
        state = state_on(row.state, row.ends_on, today)
        *first, source, target, held_by = values.values()
        first[4] = state
        rows.append(TransferRow._make((*first, words(source), words(target), words(held_by))))
    return tuple(rows)


def _steps(actor: Actor, transfer: Transfer) -> tuple[ShownStep, ...]:
    """A member reads which organisation did it, and not which person."""
    rows = db.session.execute(
        select(
            TransferStep.kind,
            TransferStep.at,
            Organisation.name,
            Account.person_name,
            TransferStep.words,
        )
        .outerjoin(Organisation, Organisation.id == TransferStep.organisation_id)
        .outerjoin(Account, Account.id == TransferStep.account_id)
        .where(TransferStep.transfer_id == transfer.id)
        .order_by(TransferStep.id)
    )
    own = actor.role is Role.MEMBER
    steps = []
    for kind, at, place, person, words in rows:
        if place is None:
            who = "系统" if person is None else "本人" if own else f"{person}（团员本人）"
        else:
            who = place if own else f"{person}（{place}）"
        steps.append(ShownStep(kind, at, who, words))
    if is_overdue(transfer.ends_on, clock.today()) and transfer.state is TransferState.OPEN:
        ended = datetime.combine(transfer.ends_on, datetime.max.time(), clock.BEIJING)
        steps.append(ShownStep(StepKind.EXPIRED, ended, "系统", ""))
    return tuple(steps)


def _stages(row: TransferRow) -> tuple[Stage, ...]:
    turns = turns_of(row.kind, by_member=row.by_member)
    place = turns.index(row.turn)
    now = "now" if row.is_open else "done" if row.state is TransferState.DONE else "ended"
    states = ["done"] * place + [now] + ["ahead"] * (len(turns) - place - 1)
    return tuple(Stage(turn, state) for turn, state in zip(turns, states, strict=True))
