"""Why a member leaves a branch's list (SPEC: set aside with a reason, never erased)."""

from __future__ import annotations

from enum import StrEnum


class LeavingReason(StrEnum):
    """The reasons a branch can choose from."""

    LEFT_LEAGUE = "left_league"
    DECEASED = "deceased"
    MISTAKE = "mistake"

    @property
    def label(self) -> str:
        """The words on the page."""
        return _LABELS[self]

    @property
    def frees_number(self) -> bool:
        """Whether the number becomes free: only when the member was never one."""
        return self is LeavingReason.MISTAKE


_LABELS = {
    LeavingReason.LEFT_LEAGUE: "退团或离团",
    LeavingReason.DECEASED: "去世",
    LeavingReason.MISTAKE: "录入错误",
}
