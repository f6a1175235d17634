"""移出 and 恢复: a branch sets a member aside with a reason; nobody is ever erased.

Who is set aside is out of lists and tallies (``Member.left_at``) and found again by the filter
已移出. Their number stays occupied, unless they were entered by mistake: then it is free.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from portal import clock
from portal.access import Action, Actor
from portal.errors import PortalError
from portal.extensions import db
from portal.models import (
    Account,
    Member,
    NumberHolding,
    NumberRelease,
    Organisation,
    ReleaseState,
)
from portal.rules.leaving import CHOOSABLE, Leaving, LeavingReason
from portal.services import audit, corrections
from portal.services.accounts import bring_back_accounts, end_accounts, person_named_by
from portal.services.derived import tallied
from portal.services.members import find_member
from portal.services.transaction import once_more_if_taken, writing
from portal.services.transfers import stop_open
from portal.services.tree_lock import hold_tree


class AlreadySetAside(PortalError):
    """Somebody else of the branch was faster."""

    status = 409

    def __init__(self, left: Left) -> None:
        when = f"{left.who} 在 {clock.format_lately(left.at)} "
        if left.reason is LeavingReason.MOVED_OUTSIDE:
            super().__init__(f"{when}已登记这名团员转至外部系统的回执，不用再移出。没有再改动。")
            return
        super().__init__(
            f"{when}已把这名团员移出，原因是{left.reason.label}。没有再改动；不对的话可以先恢复。"
        )


@dataclass(frozen=True, slots=True)
class Left:
    """That a member is set aside: who did it, when and why.

    While ``branch_is_closed`` nobody can bring them back: only their branch may.
    """

    who: str
    at: datetime
    reason: LeavingReason
    note: str
    branch_is_closed: bool


def left_of(member: Member) -> Left | None:
    """Who set the member aside, when and why; None for a member of the list."""
    if member.left_at is None:
        return None
    assert member.left_reason is not None
    # Nothing else is changed on a member who is set aside, so the last change was this one.
    who = person_named_by(member.changed_by_id)
    branch = db.session.get_one(Organisation, member.branch_id)
    return Left(
        who, member.left_at, member.left_reason, member.left_note, branch.closed_at is not None
    )


class MovedOutside(PortalError):
    """Who was transferred to an outside system is not brought back by a click."""

    status = 409

    def __init__(self, member_id: int) -> None:
        super().__init__(
            "这名团员已转至外部系统，不能直接恢复，没有任何改动。"
            "本人转回北京时，请凭外部系统的回执或介绍信在团员信息页办理“转回登记”。"
        )
        self.member_id = member_id


def set_aside(actor: Actor, member_id: int, leaving: Leaving) -> None:
    """Take a member out of the list and the tallies.

    Raises ``AlreadySetAside``, and ``ValueError`` for a reason that nobody can choose.
    """
    if leaving.reason not in CHOOSABLE:
        raise ValueError(f"{leaving.reason} is the end of something else")
    with writing():
        member = find_member(actor, Action.SET_MEMBER_ASIDE, member_id, lock=True)
        before = left_of(member)
        if before is not None:
            raise AlreadySetAside(before)
        stop_open(
            actor,
            member,
            f"{member.name} 已由 {actor.organisation_name}移出（{leaving.reason.label}）。",
        )
        number = member.number
        take_out(actor, member, leaving)
        audit.record(
            actor,
            audit.Event.MEMBER_SET_ASIDE,
            member_id=member.id,
            reason=leaving.reason,
            note=leaving.note,
            number=number,
            number_freed=leaving.reason.frees_number and number is not None,
        )


def take_out(actor: Actor, member: Member, leaving: Leaving) -> None:
    """Take a locked member out of list and tallies, in the running transaction."""
    number, moment = member.number, clock.now()
    with tallied(member):
        member.left_at = moment
        member.left_reason, member.left_note = leaving.reason, leaving.note
        if leaving.reason.frees_number and number is not None:
            member.number, member.released_number = None, number
        _changed(member, actor)
    _withdraw_requests(member, actor)
    corrections.end_for_leaving(member, actor)
    if leaving.reason.ends_account:
        end_accounts(Account.member_id == member.id, moment)


def put_back(actor: Actor, member: Member) -> None:
    """Put a locked member back into list and tallies, in the running transaction."""
    with tallied(member):
        member.left_at = member.left_reason = None
        member.left_note = ""
        _changed(member, actor)


def bring_back(actor: Actor, member_id: int) -> bool:
    """Put a member back into the list; False when somebody took their number meanwhile.

    A number that leaving freed is theirs again if it is still free; otherwise they come back
    as 已解除占用未重填. Bringing back who is back already changes nothing (a double click).
    Raises ``MovedOutside``.
    """
    return once_more_if_taken(lambda: _bring_back(actor, member_id))


def _bring_back(actor: Actor, member_id: int) -> bool:
    with writing():
        hold_tree()  # their branch is not closed meanwhile
        member = find_member(actor, Action.BRING_MEMBER_BACK, member_id, lock=True)
        left = left_of(member)
        if left is None:
            return True
        if left.reason is LeavingReason.MOVED_OUTSIDE:
            raise MovedOutside(member.id)
        freed = _number_freed_by_leaving(member, left.at)
        taken = freed is not None and _is_held(freed)
        with tallied(member):
            member.left_at = member.left_reason = None
            member.left_note = ""
            if freed is not None and not taken:
                member.number, member.released_number = freed, None
            _changed(member, actor)
        bring_back_accounts(Account.member_id == member.id, left.at)
        audit.record(
            actor,
            audit.Event.MEMBER_BROUGHT_BACK,
            member_id=member.id,
            reason=left.reason,
            number=member.number,
            number_taken=freed if taken else None,
        )
        return not taken


def _changed(member: Member, actor: Actor) -> None:
    member.version += 1
    member.changed_at = clock.now()
    member.changed_by_id = actor.account_id


def _withdraw_requests(member: Member, actor: Actor) -> None:
    """An open request to release the number has nothing to decide any more."""
    db.session.execute(
        update(NumberRelease)
        .where(NumberRelease.member_id == member.id, NumberRelease.state == ReleaseState.OPEN)
        .values(
            state=ReleaseState.WITHDRAWN,
            decided_at=clock.now(),
            decided_by_id=actor.account_id,
            answer="团员已移出，申请随之撤回。",
        )
    )


def _number_freed_by_leaving(member: Member, left_at: datetime) -> str | None:
    """The number whose holding ended with the leaving, not by a release before it."""
    if member.number is not None or member.released_number is None:
        return None
    return db.session.scalar(
        select(NumberHolding.number).where(
            NumberHolding.member_id == member.id,
            NumberHolding.number == member.released_number,
            NumberHolding.until >= left_at,
        )
    )


def _is_held(number: str) -> bool:
    return db.session.scalar(select(Member.id).where(Member.number == number)) is not None
