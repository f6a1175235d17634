"""转回登记: who went to an outside system comes back to Beijing.

Their row, number and form were kept, so nobody applies anew: the branch that they left looks at the
outside system's receipt or letter and puts them back. To another branch they go from there.
"""

from __future__ import annotations

from portal.access import Action, Actor
from portal.errors import NotFound
from portal.models import Member
from portal.rules.leaving import LeavingReason
from portal.rules.transfers_outside import Return
from portal.services import audit
from portal.services.leaving import put_back
from portal.services.members import find_member
from portal.services.transaction import writing
from portal.services.transfer_telling import to_member


def find_gone(actor: Actor, member_id: int, *, lock: bool = False) -> Member | None:
    """The member, if they went to an outside system; None when they are back already.

    Raises ``NotFound`` for anybody else.
    """
    member = find_member(actor, Action.BRING_MEMBER_BACK, member_id, lock=lock)
    if member.left_reason is LeavingReason.MOVED_OUTSIDE:
        return member
    if member.left_at is None:
        return None
    raise NotFound


def come_back(actor: Actor, member_id: int, proof: Return) -> bool:
    """Put the member back into list and tallies; False when they were back already.

    The number was theirs all the time. Raises ``NotFound``.
    """
    with writing():
        member = find_gone(actor, member_id, lock=True)
        if member is None:
            return False
        put_back(actor, member)
        audit.record(
            actor,
            audit.Event.MEMBER_CAME_BACK,
            member_id=member.id,
            province=proof.province,
            source=proof.organisation,
            proof=f"{proof.proof.label} {proof.number}（{proof.given_on}）",
            number=member.number,
        )
        to_member(
            actor,
            member,
            "团组织关系已转回",
            f"{actor.organisation_name}登记了您从 {proof.province} 转回北京，编号不变。"
            "要转到别的团支部，请在“我的团员证”里申请京内转接。",
            "/card",
        )
        return True
