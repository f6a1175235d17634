"""加入申请, the branch's side: the queue, the longest waiting first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, tuple_

from portal import clock
from portal.access import Action, Actor, joinings_for
from portal.extensions import db
from portal.models import Joining, JoiningState
from portal.rules.text import parse_whole

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class JoiningRow:
    """An application in the queue."""

    id: int
    name: str
    sex: str
    number: str | None
    joined: date | None
    approved_on: date | None
    sent_at: datetime
    waiting_days: int
    moved_in: bool
    again: bool  # it was returned before
    state: JoiningState
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A part of the queue, oldest first; ``after`` opens the next part."""

    rows: tuple[JoiningRow, ...]
    after: str | None


def count_joinings(actor: Actor) -> dict[JoiningState, int]:
    """How many applications the branch has in each state."""
    rows = db.session.execute(
        select(Joining.state, func.count())
        .where(joinings_for(actor, Action.REVIEW_JOININGS))
        .group_by(Joining.state)
    )
    counts = dict.fromkeys(JoiningState, 0)
    counts.update(dict(rows.all()))
    return counts


def list_joinings(actor: Actor, state: JoiningState, after: str = "") -> QueuePage:
    """The branch's applications in a state, the longest waiting first."""
    query = select(Joining).where(
        joinings_for(actor, Action.REVIEW_JOININGS), Joining.state == state
    )
    cursor = _parse_key(after)
    if cursor is not None:
        query = query.where(tuple_(Joining.sent_at, Joining.id) > cursor)
    found = db.session.scalars(
        query.order_by(Joining.sent_at, Joining.id).limit(PAGE_ROWS + 1)
    ).all()
    more, found = len(found) > PAGE_ROWS, found[:PAGE_ROWS]
    today = clock.today()
    return QueuePage(
        rows=tuple(_row(one, today) for one in found),
        after=_format_key(found[-1]) if more else None,
    )


def neighbour(actor: Actor, joining: Joining, *, forwards: bool) -> int | None:
    """The application that waits right before or after this one."""
    place = tuple_(Joining.sent_at, Joining.id)
    here = (joining.sent_at, joining.id)
    order = (Joining.sent_at, Joining.id)
    return db.session.scalar(
        select(Joining.id)
        .where(
            joinings_for(actor, Action.REVIEW_JOININGS),
            Joining.state == JoiningState.SENT,
            place > here if forwards else place < here,
        )
        .order_by(*(order if forwards else (one.desc() for one in order)))
        .limit(1)
    )


def _row(joining: Joining, today: date) -> JoiningRow:
    assert joining.sent_at is not None
    return JoiningRow(
        id=joining.id,
        name=joining.name,
        sex=joining.sex.label,
        number=joining.number,
        joined=joining.joined,
        approved_on=joining.approved_on,
        sent_at=joining.sent_at,
        waiting_days=(today - clock.day_of(joining.sent_at)).days,
        moved_in=joining.moved_in,
        again=joining.returned_fields is not None,
        state=joining.state,
        decided_at=joining.decided_at,
    )


def _format_key(joining: Joining) -> str:
    assert joining.sent_at is not None
    return f"{joining.sent_at.isoformat()}~{joining.id}"


def _parse_key(text: str) -> tuple[datetime, int] | None:
    """The place a page begins after; a key that nobody was given opens the first page."""
    moment, _, joining_id = text.rpartition("~")
    place, parsed = parse_whole(joining_id), clock.parse_moment(moment)
    return (parsed, place) if parsed and place is not None else None
