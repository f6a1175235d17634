"""还缺什么: what a record still lacks, and who has to see to it, for its member to read."""

from __future__ import annotations

from dataclasses import dataclass

from portal.rules.deadlines import Deadline
from portal.rules.identity import Identity
from portal.rules.scan_checks import FaultKind


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is not in order, and what is to be done about it by whom."""

    words: str
    remedy: str


def missing_of(
    identity: Identity, deadline: Deadline | None, faults: tuple[FaultKind, ...] | None
) -> tuple[Missing, ...]:
    """Why the identity does not stand, the days left of the 30, and what a check found.

    ``deadline`` is that of a form that is owed; ``faults`` those of the check that stands.
    """
    missing = [Missing(doubt.words, doubt.remedy) for doubt in identity.doubts]
    if deadline is not None:
        missing[-1] = Missing(f"{missing[-1].words}（{deadline.words}）", missing[-1].remedy)
    if faults:
        named = "、".join(fault.label for fault in faults)
        remedy = "由本支部重新扫描后上传，您可以提醒支部管理员。"
        missing.append(Missing(f"《入团志愿书》检查不合格：{named}", remedy))
    return tuple(missing)
