"""Lists of transfers: a branch's own, and those below a committee."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_

from portal import clock
from portal.access import Action, Actor, transfers_for
from portal.extensions import db
from portal.models import Transfer
from portal.rules.transfers import TransferState
from portal.services.transfer_rows import TRANSFER_ROWS, TransferRow, is_open_now, rows_of

PAGE_ROWS = 50


class Part(StrEnum):
    """What a list can be narrowed to."""

    WAITING = "waiting"  # for the actor's own organisation
    OPEN = "open"
    ENDED = "ended"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class TransferPage:
    """One page of a list; ``after`` opens the next one."""

    rows: tuple[TransferRow, ...]
    after: str | None


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
    mine = transfers_for(actor, Action.LIST_TRANSFERS)
    query = TRANSFER_ROWS.where(mine, _of_branch(actor, part))
    if part is not Part.ENDED:
        return _page(actor, query, after, soonest_first=True)
    if after.isdecimal():
        query = query.where(Transfer.id < int(after[:18]))
    found = db.session.execute(query.order_by(Transfer.id.desc()).limit(PAGE_ROWS + 1)).all()
    more = str(found[PAGE_ROWS - 1].id) if len(found) > PAGE_ROWS else None
    return TransferPage(rows_of(actor, found[:PAGE_ROWS]), more)


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
    query = TRANSFER_ROWS.where(transfers_for(actor, Action.WATCH_TRANSFERS), which)
    return _page(actor, query, after, soonest_first=part is not Part.EXPIRED)


def count_below(actor: Actor) -> int:
    """How many transfers below a committee are open."""
    below = transfers_for(actor, Action.WATCH_TRANSFERS)
    return db.session.scalar(select(func.count()).where(below, is_open_now())) or 0


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
    return TransferPage(rows_of(actor, shown), f"{last.ends_on}~{last.id}" if last else None)


def _parse_key(text: str) -> tuple[date, int] | None:
    """The place a page begins after; a key that nobody was given opens the first page."""
    day, _, transfer_id = text.rpartition("~")
    try:
        return date.fromisoformat(day), int(transfer_id[:18])
    except ValueError:
        return None
