"""检查任务: rounds in which the people of one organisation check forms one after the other.

A round is a choice of members; which form of theirs is looked at is decided when its turn comes.
Who opens a form has it for ``LEASE``, and the one after it, whose first page is fetched ahead: so
two colleagues never get the same. Whoever stops half-way lets both go by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from portal import clock
from portal.access import Action, Actor, members_for, rounds_for
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import (
    Account,
    CheckItem,
    CheckRound,
    ItemState,
    Member,
    Scan,
    ScanCheck,
    ScanState,
)
from portal.rules.scan_checks import Verdict
from portal.services import checks
from portal.services.checks import NothingToTakeBack
from portal.services.transaction import writing

LEASE = timedelta(minutes=5)


class FormTaken(PortalError):
    """A colleague has this form of the round before them."""

    status = 409

    def __init__(self, who: str) -> None:
        super().__init__(f"{who} 正在检查这一份，您的结果没有保存。请到下一份。")


@dataclass(frozen=True, slots=True)
class Turn:
    """One form of a round as a person gets it. ``taken_by`` is a colleague who has it just now.

    ``ahead`` is the scan of the form that is theirs after this one.
    """

    place: int
    member_id: int
    scan_id: int | None
    state: ItemState
    taken_by: str
    previous: int | None
    ahead: int | None


@dataclass(frozen=True, slots=True)
class Judged:
    """The check that was made, and the place of the form that comes next, if any is left."""

    check_id: int
    next_place: int | None


def find_round(actor: Actor, round_id: int) -> CheckRound:
    """A round of the actor's own organisation. Raises ``NotFound``."""
    found = db.session.scalar(
        select(CheckRound).where(CheckRound.id == round_id, rounds_for(actor, Action.CHECK_SCAN))
    )
    if found is None:
        raise NotFound
    return found


def next_place(actor: Actor, round_id: int, *, after: int = 0) -> int | None:
    """Take the first free form behind ``after``, or else from the beginning; let ``after`` go.

    None when all are done or in the hands of colleagues.
    """
    with writing():
        find_round(actor, round_id)
        _let_go(actor, round_id, after)
        return _take_next(actor, round_id, after)


def open_place(actor: Actor, round_id: int, place: int) -> Turn:
    """The form at a place, taken if it is free. Raises ``NotFound``."""
    with writing() as session:
        find_round(actor, round_id)
        item = _locked(round_id, place)
        scan_id = _scan_of(actor, item)
        if scan_id is None and item.state is ItemState.WAITING:
            item.state = ItemState.GONE
        holder = _other_holder(actor, item)
        ahead = None
        if item.state is ItemState.WAITING and not holder:
            _hold(actor, item)
            session.flush()
            following = _take_next(actor, round_id, place, wraps=False)
            if following is not None:
                ahead = _scan_of(actor, _locked(round_id, following))
        return Turn(
            item.place,
            item.member_id,
            scan_id,
            item.state,
            holder,
            _previous(actor, round_id, place),
            ahead,
        )


def judge(
    actor: Actor,
    round_id: int,
    place: int,
    scan_id: int,
    verdict: Verdict,
    *,
    seen: int | None,
) -> Judged:
    """Say ``verdict`` of a round's form and take the next one.

    Raises as ``checks.check`` does, and ``FormTaken`` while a colleague has it.
    """
    with writing() as session:
        find_round(actor, round_id)
        item = _locked(round_id, place)
        holder = _other_holder(actor, item)
        if holder:
            raise FormTaken(holder)
        made = checks.record_check(
            actor, item.member_id, scan_id, verdict, seen=seen, round_id=round_id
        )
        item.state, item.check_id = ItemState.DONE, made
        item.taken_by_id = item.taken_until = None
        session.flush()
        return Judged(made, _take_next(actor, round_id, place))


def take_back_last(actor: Actor, round_id: int) -> int:
    """撤销: the person's last check in a round; returns its place, which is theirs again.

    Where the round had said something of the form before, that stands again.
    Raises ``NothingToTakeBack``.
    """
    with writing() as session:
        find_round(actor, round_id)
        last = session.scalar(
            select(ScanCheck)
            .where(
                ScanCheck.round_id == round_id,
                ScanCheck.checked_by_id == actor.account_id,
                ScanCheck.undone_at.is_(None),
            )
            .order_by(ScanCheck.id.desc())
            .limit(1)
        )
        if last is None:
            raise NothingToTakeBack
        item = session.scalar(
            select(CheckItem).where(
                CheckItem.round_id == round_id,
                CheckItem.state == ItemState.DONE,
                CheckItem.check_id == last.id,
            )
        )
        if item is None:
            raise NothingToTakeBack
        checks.take_back_check(actor, last)
        session.refresh(item)
        if item.state is ItemState.WAITING:
            _hold(actor, item)
        return item.place


def _take_next(actor: Actor, round_id: int, after: int, *, wraps: bool = True) -> int | None:
    """Hold the next form that there still is to check."""
    for item in _free(actor, round_id, after, wraps=wraps):
        if _scan_of(actor, item) is not None:
            _hold(actor, item)
            db.session.flush()
            return item.place
        item.state = ItemState.GONE
        db.session.flush()
    return None


def _free(actor: Actor, round_id: int, after: int, *, wraps: bool) -> Iterator[CheckItem]:
    """Forms that wait for somebody, those behind ``after`` first; each is asked for anew."""
    ranges = [CheckItem.place > after] + ([CheckItem.place < after] if wraps else [])
    for where in ranges:
        while True:
            item = db.session.scalar(_first_free(actor, round_id).where(where))
            if item is None:
                break
            yield item


def _first_free(actor: Actor, round_id: int) -> Any:
    return (
        select(CheckItem)
        .where(
            CheckItem.round_id == round_id,
            CheckItem.state == ItemState.WAITING,
            _is_free(actor),
        )
        .order_by(CheckItem.place)
        .limit(1)
        .with_for_update(skip_locked=True)  # PostgreSQL; SQLite has one writer anyway
        .execution_options(populate_existing=True)
    )


def _is_free(actor: Actor) -> ColumnElement[bool]:
    """A waiting form that no colleague has just now."""
    return or_(
        CheckItem.taken_until.is_(None),
        CheckItem.taken_until <= clock.now(),
        CheckItem.taken_by_id == actor.account_id,
    )


def _locked(round_id: int, place: int) -> CheckItem:
    item = db.session.scalar(
        select(CheckItem)
        .where(CheckItem.round_id == round_id, CheckItem.place == place)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if item is None:
        raise NotFound
    return item


def _scan_of(actor: Actor, item: CheckItem) -> int | None:
    """The form there is to look at now, if its member is still below the actor and on the list."""
    return db.session.scalar(
        select(Scan.id)
        .join(Member, Member.id == Scan.member_id)
        .where(
            Scan.member_id == item.member_id,
            Scan.state == ScanState.CURRENT,
            members_for(actor, Action.CHECK_SCAN),
        )
    )


def _hold(actor: Actor, item: CheckItem) -> None:
    item.taken_by_id, item.taken_until = actor.account_id, clock.now() + LEASE


def _let_go(actor: Actor, round_id: int, place: int) -> None:
    """Leave a form that was not judged to the others."""
    mine = and_(CheckItem.taken_by_id == actor.account_id, CheckItem.state == ItemState.WAITING)
    db.session.execute(
        update(CheckItem)
        .where(CheckItem.round_id == round_id, CheckItem.place == place, mine)
        .values(taken_by_id=None, taken_until=None)
    )


def _other_holder(actor: Actor, item: CheckItem) -> str:
    """The colleague who has a form just now, else nothing."""
    if item.taken_by_id in (None, actor.account_id) or item.taken_until is None:
        return ""
    if item.state is not ItemState.WAITING or item.taken_until <= clock.now():
        return ""
    return db.session.get_one(Account, item.taken_by_id).person_name


def _previous(actor: Actor, round_id: int, place: int) -> int | None:
    """The form before a place, past those that colleagues have just now."""
    return db.session.scalar(
        select(func.max(CheckItem.place)).where(
            CheckItem.round_id == round_id,
            CheckItem.place < place,
            or_(
                CheckItem.state == ItemState.DONE,
                and_(CheckItem.state == ItemState.WAITING, _is_free(actor)),
            ),
        )
    )
