"""不规范编号, one after the other: which of a branch's irregular numbers comes next."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, tuple_

from portal.access import Action, Actor, members_for
from portal.models import Member, NumberRelease, ReleaseState
from portal.services.transaction import reading


@dataclass(frozen=True, slots=True)
class OthersToMend:
    """The other irregular numbers of a branch.

    ``count`` are those that the branch can do something about, ``next_id`` the first of them behind
    the member in the list's order; ``waiting`` are those whose release it has asked for.
    """

    count: int
    waiting: int
    next_id: int | None
    next_name: str


def others_to_mend(actor: Actor, member: Member) -> OthersToMend:
    """The irregular numbers of a member's branch besides their own."""
    asked = (
        select(NumberRelease.id)
        .where(NumberRelease.member_id == Member.id, NumberRelease.state == ReleaseState.OPEN)
        .exists()
    )
    others = select(Member.id).where(
        members_for(actor, Action.EDIT_MEMBER),
        Member.branch_id == member.branch_id,
        Member.irregularity.is_not(None),
        Member.left_at.is_(None),
        Member.id != member.id,
    )
    count, waiting = (
        reading().scalar(select(func.count()).select_from(others.where(which).subquery())) or 0
        for which in (~asked, asked)
    )
    place = tuple_(Member.pinyin, Member.id)
    is_before = place < (member.pinyin, member.id)  # who stands before comes last, as in a circle
    following = (
        others.add_columns(Member.name)
        .where(~asked)
        .order_by(is_before, Member.pinyin, Member.id)
        .limit(1)
    )
    found = reading().execute(following).one_or_none()
    return OthersToMend(count, waiting, *(found or (None, "")))
