"""团员身份认证 of a stored member: the one place that asks the rule."""

from __future__ import annotations

from typing import Protocol

from portal.rules.identity import Identity, identity_of
from portal.rules.irregular import Irregularity
from portal.rules.leaving import LeavingReason


class StoredIdentity(Protocol):
    """What is stored of a member that their identity depends on: a member, or a row with these."""

    @property
    def irregularity(self) -> Irregularity | None: ...  # noqa: D102
    @property
    def is_new_member(self) -> bool: ...  # noqa: D102
    @property
    def has_scan(self) -> bool: ...  # noqa: D102
    @property
    def left_reason(self) -> LeavingReason | None: ...  # noqa: D102


def identity_for(member: StoredIdentity) -> Identity:
    """Whether a member's identity stands as of now, by what is stored of them."""
    return identity_of(
        irregularity=member.irregularity,
        is_new_member=member.is_new_member,
        has_scan=member.has_scan,
        left=member.left_reason,
    )
