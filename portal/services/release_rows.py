"""编号解除占用 as reports list it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.access import Action, Actor, in_subtree, members_for
from portal.models import Account, Member, NumberRelease, Organisation, ReleaseState
from portal.rules.progress import Period
from portal.services.report_rows import CHUNK, Places
from portal.services.transaction import reading

_Decider, _DeciderPlace = aliased(Account), aliased(Organisation)


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """One request, or one release that a committee began by itself."""

    name: str
    place: str
    number: str
    number_now: str | None
    reason: str
    asked_at: datetime
    state: ReleaseState
    answer: str
    decided_at: datetime | None
    decided_by: str


def release_counts(
    actor: Actor, organisation: Organisation, period: Period
) -> dict[ReleaseState, int]:
    """How many there are of each state."""
    query = _requests(actor, organisation, period, select(NumberRelease.state, func.count()))
    found = dict(reading().execute(query.group_by(NumberRelease.state)).all())
    return {state: found.get(state, 0) for state in ReleaseState}


def release_lines(
    actor: Actor, organisation: Organisation, period: Period, *, most: int | None = None
) -> Iterator[ReleaseLine]:
    """What was asked in the months of ``period`` at or below an organisation, the oldest first."""
    columns = (
        Member.name,
        Organisation.path,
        NumberRelease.number,
        Member.number.label("number_now"),
        NumberRelease.reason,
        NumberRelease.asked_at,
        NumberRelease.state,
        NumberRelease.answer,
        NumberRelease.decided_at,
        _Decider.person_name,
        _DeciderPlace.name.label("decided_at_place"),
    )
    query = (
        _requests(actor, organisation, period, select(*columns))
        .outerjoin(_Decider, _Decider.id == NumberRelease.decided_by_id)
        .outerjoin(_DeciderPlace, _DeciderPlace.id == _Decider.organisation_id)
        .order_by(NumberRelease.asked_at, NumberRelease.id)
        .limit(most)
    )
    places = Places(organisation)
    for rows in reading().execute(query).partitions(CHUNK):
        places.learn(row.path for row in rows)
        for row in rows:
            by = " ".join(filter(None, (row.decided_at_place, row.person_name)))
            yield ReleaseLine(
                row.name,
                places.words(row.path),
                row.number,
                row.number_now,
                row.reason,
                row.asked_at,
                row.state,
                row.answer,
                row.decided_at,
                by,
            )


def _requests(actor: Actor, organisation: Organisation, period: Period, query: Any) -> Any:
    query = (
        query.select_from(NumberRelease)
        .join(Member, Member.id == NumberRelease.member_id)
        .join(Organisation, Organisation.id == Member.branch_id)
        .where(in_subtree(organisation.path), members_for(actor, Action.VIEW_MEMBER))
    )
    if period.first is not None:
        first = datetime.combine(period.first, time(), clock.BEIJING)
        query = query.where(NumberRelease.asked_at >= first)
    if period.last is not None:
        following = (period.last.replace(day=28) + timedelta(days=4)).replace(day=1)
        after = datetime.combine(following, time(), clock.BEIJING)
        query = query.where(NumberRelease.asked_at < after)
    return query
