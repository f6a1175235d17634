"""团员身份认证 of a stored member: the one place that asks the rule."""

from __future__ import annotations

from portal.models import Member
from portal.rules.identity import Identity, identity_of


def identity_for(member: Member) -> Identity:
    """Whether a member's identity stands as of now, by what is stored of them."""
    return identity_of(
        irregularity=member.irregularity,
        is_new_member=member.is_new_member,
        has_scan=member.has_scan,
        left=member.left_reason,
    )
