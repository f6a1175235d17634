"""编号沿革: every holder a number ever had, and every number a member ever had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from portal.access import Action, Actor
from portal.extensions import db
from portal.models import (
    Account,
    Member,
    NumberHolding,
    NumberRelease,
    Organisation,
    ReleaseState,
)
from portal.services.members import find_member
from portal.services.organisations import district_committees_above, names_on_paths
from portal.services.release_lists import place_text


@dataclass(frozen=True, slots=True)
class Holding:
    """One member's time with a number. Of a member elsewhere only the district is told."""

    member_id: int | None
    name: str | None
    place: str
    since: datetime
    until: datetime | None
    released_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NumberHistory:
    """A number with all its holders, the first one first."""

    number: str
    held_now: bool  # by the member whose page it is
    holdings: tuple[Holding, ...]


def history_of(actor: Actor, member_id: int) -> tuple[NumberHistory, ...]:
    """Every number that a member ever had, the latest first, each with all its holders."""
    member = find_member(actor, Action.VIEW_NUMBER_HISTORY, member_id)
    own = db.session.scalars(
        select(NumberHolding.number)
        .where(NumberHolding.member_id == member.id)
        .order_by(NumberHolding.since.desc(), NumberHolding.id.desc())
    )
    numbers = list(dict.fromkeys(own))
    return tuple(
        NumberHistory(number, number == member.number, _holdings(actor, number))
        for number in numbers
    )


_Releaser, _ReleaserPlace = aliased(Account), aliased(Organisation)

# A release is told with the holding that it ended: the holdings of one member never overlap.
_HOLDINGS = (
    select(
        NumberHolding.member_id,
        NumberHolding.since,
        NumberHolding.until,
        Member.name,
        Organisation.path,
        _Releaser.person_name,
        _ReleaserPlace.name.label("releaser_place"),
        NumberRelease.answer,
    )
    .join(Member, Member.id == NumberHolding.member_id)
    .join(Organisation, Organisation.id == Member.branch_id)
    .outerjoin(
        NumberRelease,
        and_(
            NumberRelease.member_id == NumberHolding.member_id,
            NumberRelease.number == NumberHolding.number,
            NumberRelease.state == ReleaseState.RELEASED,
            NumberRelease.decided_at.between(NumberHolding.since, NumberHolding.until),
        ),
    )
    .outerjoin(_Releaser, _Releaser.id == NumberRelease.decided_by_id)
    .outerjoin(_ReleaserPlace, _ReleaserPlace.id == _Releaser.organisation_id)
    .order_by(NumberHolding.since, NumberHolding.id)
)


def _holdings(actor: Actor, number: str) -> tuple[Holding, ...]:
    rows = db.session.execute(_HOLDINGS.where(NumberHolding.number == number)).all()
    names = names_on_paths([row.path for row in rows])
    holdings = []
    for row in rows:
        if not row.path.startswith(actor.organisation_path):
            above = district_committees_above(row.path)
            place = above[-1].name if above else "团市委直属"
            holdings.append(Holding(None, None, place, row.since, row.until))
            continue
        place = place_text(actor, row.path, names)
        by = f"{row.person_name}（{row.releaser_place}）" if row.person_name else ""
        holdings.append(
            Holding(row.member_id, row.name, place, row.since, row.until, by, row.answer or "")
        )
    return tuple(holdings)
