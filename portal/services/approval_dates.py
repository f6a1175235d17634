"""上级团委审批日期 for who looks at a member: what it is, and who changed it since they joined.

The 30 days run from it, and the branch that owes the form can correct it by itself: so whoever
looks from above sees that it was changed, without searching the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from portal.models import AuditRecord, Member
from portal.services.audit import Event
from portal.services.transaction import reading


@dataclass(frozen=True, slots=True)
class DateChange:
    """One change of the date: who, when, and what it was before and after; None: empty."""

    who: str
    at: datetime
    before: date | None
    after: date | None


@dataclass(frozen=True, slots=True)
class ApprovalDate:
    """A new member's approval date, with its changes, the latest first."""

    day: date | None
    changes: tuple[DateChange, ...]


def approval_date_of(member: Member) -> ApprovalDate | None:
    """The date and its changes; None for a member from whom no form is due."""
    if not member.is_new_member:
        return None
    return ApprovalDate(member.approved_on, tuple(_changes(member.id)))


def _changes(member_id: int) -> Iterator[DateChange]:
    rows = reading().execute(
        select(AuditRecord.person_name, AuditRecord.at, AuditRecord.detail)
        .where(AuditRecord.member_id == member_id, AuditRecord.event == Event.MEMBER_CHANGED)
        .order_by(AuditRecord.id.desc())
    )
    for who, at, detail in rows:
        pair = detail.get("changes", {}).get("approved_on")
        if pair:
            before, after = (date.fromisoformat(one) if one else None for one in pair)
            yield DateChange(who, at, before, after)
