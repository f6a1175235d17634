"""编号解除占用: the requests below a committee, waiting or decided; and one as 修改 shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, literal_column, select, tuple_
from sqlalchemy.orm import aliased

from portal import clock
from portal.access import Action, Actor, members_for
from portal.extensions import db
from portal.models import Account, Member, NumberRelease, Organisation, ReleaseState
from portal.rules.text import parse_whole
from portal.services.organisations import names_on_paths, words_below

PAGE_ROWS = 50

STATE_WORDS = {
    ReleaseState.OPEN: "待处理",
    ReleaseState.RELEASED: "已解除",
    ReleaseState.DECLINED: "已退回",
    ReleaseState.WITHDRAWN: "支部已撤回",
}

# Written out and not bound, so that SQLite finds its partial index of the open requests.
_OPEN = NumberRelease.state == literal_column("'open'")
_Of = aliased(Member)
_Asker, _Decider = aliased(Account), aliased(Account)
_DeciderPlace = aliased(Organisation)


class ShownRequest(NamedTuple):
    """A request as people see it."""

    id: int
    member_id: int
    member_name: str
    joined: date
    number: str
    wanted_number: str | None
    reason: str
    asked_at: datetime
    asked_by: str
    state: ReleaseState
    answer: str
    decided_at: datetime | None
    decided_by: str
    place: str  # the branch with what is above it, as far as the actor sees
    days: int  # since it was asked

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.state is ReleaseState.OPEN

    @property
    def state_words(self) -> str:
        """Where it stands, in a word."""
        return STATE_WORDS[self.state]

    @property
    def waiting(self) -> str:
        """How long it has been waiting."""
        return f"已等 {self.days} 天" if self.days else "今天"


@dataclass(frozen=True, slots=True)
class RequestPage:
    """One page of requests; ``after`` opens the next one, if there is."""

    rows: tuple[ShownRequest, ...]
    after: str | None


_ROWS = (
    select(
        NumberRelease.id,
        NumberRelease.member_id,
        _Of.name,
        _Of.joined,
        NumberRelease.number,
        NumberRelease.wanted_number,
        NumberRelease.reason,
        NumberRelease.asked_at,
        _Asker.person_name,
        NumberRelease.state,
        NumberRelease.answer,
        NumberRelease.decided_at,
        _Decider.person_name.label("decided_by"),
        _DeciderPlace.name.label("decided_at_place"),
        Organisation.path,
    )
    .join(_Of, _Of.id == NumberRelease.member_id)
    .join(Organisation, Organisation.id == _Of.branch_id)
    .join(_Asker, _Asker.id == NumberRelease.asked_by_id)
    .outerjoin(_Decider, _Decider.id == NumberRelease.decided_by_id)
    .outerjoin(_DeciderPlace, _DeciderPlace.id == _Decider.organisation_id)
)


def waiting_requests(actor: Actor, after: str = "") -> RequestPage:
    """The open requests below the actor, the one that waits longest first."""
    place = tuple_(NumberRelease.asked_at, NumberRelease.id)
    query = _ROWS.where(_OPEN, _below(actor)).order_by(NumberRelease.asked_at, NumberRelease.id)
    if (cursor := _parse_key(after)) is not None:
        query = query.where(place > cursor)
    return _page(actor, query, key=lambda row: row.asked_at)


def decided_requests(actor: Actor, after: str = "") -> RequestPage:
    """Those that were released, declined or withdrawn, the newest first."""
    place = tuple_(NumberRelease.decided_at, NumberRelease.id)
    query = _ROWS.where(NumberRelease.state != ReleaseState.OPEN, _below(actor)).order_by(
        NumberRelease.decided_at.desc(), NumberRelease.id.desc()
    )
    if (cursor := _parse_key(after)) is not None:
        query = query.where(place < cursor)
    return _page(actor, query, key=lambda row: row.decided_at)


def count_waiting(actor: Actor) -> int:
    """How many open requests there are below the actor."""
    query = select(func.count(NumberRelease.member_id)).where(_OPEN, _below(actor))
    return db.session.scalar(query) or 0


def shown_request(actor: Actor, request: NumberRelease) -> ShownRequest:
    """One request that the actor may see."""
    return _shown(actor, db.session.execute(_ROWS.where(NumberRelease.id == request.id)).all())[0]


def _below(actor: Actor) -> ColumnElement[bool]:
    """Requests of members whom the actor may release; asked of each, for there are few.

    As a join, SQLite would begin at all members of the subtree: at the city's 2,000,000.
    """
    scope = members_for(actor, Action.RELEASE_NUMBER)
    return select(Member.id).where(Member.id == NumberRelease.member_id, scope).exists()


def _page(actor: Actor, query: Any, key: Any) -> RequestPage:
    found = list(db.session.execute(query.limit(PAGE_ROWS + 1)))
    more = len(found) > PAGE_ROWS
    del found[PAGE_ROWS:]
    after = f"{key(found[-1]).isoformat()}~{found[-1].id}" if more else None
    return RequestPage(_shown(actor, found), after)


def _shown(actor: Actor, rows: Sequence[Any]) -> tuple[ShownRequest, ...]:
    names = names_on_paths([row.path for row in rows])
    today, shown = clock.today(), []
    for *values, decided_by, decided_at_place, path in rows:
        who = f"{decided_by}（{decided_at_place}）" if decided_at_place else decided_by or ""
        days = (today - clock.day_of(values[7])).days
        place = place_text(actor, path, names)
        shown.append(ShownRequest._make((*values, who, place, days)))
    return tuple(shown)


def place_text(actor: Actor, path: str, names: dict[int, str]) -> str:
    """The names on a branch's path, from right below the actor's own organisation down."""
    return words_below(actor.organisation_path, path, names)


def _parse_key(text: str) -> tuple[datetime, int] | None:
    """The place a page begins after; a key that nobody was given opens the first page."""
    moment, _, request_id = text.rpartition("~")
    place, parsed = parse_whole(request_id), clock.parse_moment(moment)
    return (parsed, place) if parsed and place is not None else None
