"""A branch's electronic archive: its members in the order of their numbers, each with the form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, func, select

from portal.access import Action, Actor, members_for
from portal.models import Member, Organisation, Scan, ScanCheck, ScanState
from portal.rules.progress import Period
from portal.rules.scan_checks import kinds_of
from portal.services.progress import within_months
from portal.services.scan_cells import STANDING
from portal.services.transaction import reading


@dataclass(frozen=True, slots=True)
class ArchivedForm:
    """A member's current form, and in words what stands of its check."""

    scan_id: int
    pages: int
    uploaded_at: datetime
    said: str


@dataclass(frozen=True, slots=True)
class ArchiveLine:
    """A member of the branch's list; ``form`` None: there is none."""

    member_id: int
    name: str
    number: str | None
    joined: date
    approved_on: date | None
    is_new_member: bool
    form: ArchivedForm | None


def archive_lines(
    actor: Actor, branch: Organisation, period: Period, *, most: int | None = None
) -> list[ArchiveLine]:
    """The members whose forms the actor may look at; who has no number comes last."""
    query = (
        select(
            Member.id,
            Member.name,
            Member.number,
            Member.joined,
            Member.approved_on,
            Member.is_new_member,
            Scan.id,
            Scan.pages,
            Scan.uploaded_at,
            ScanCheck.kinds,
        )
        .select_from(Member)
        .outerjoin(Scan, and_(Scan.member_id == Member.id, Scan.state == ScanState.CURRENT))
        .outerjoin(ScanCheck, STANDING)
        .where(
            Member.branch_id == branch.id,
            Member.left_at.is_(None),
            members_for(actor, Action.VIEW_SCAN),
            *within_months(period),
        )
        .order_by(func.coalesce(Member.number, "~"), Member.pinyin, Member.id)
        .limit(most)
    )
    return [
        ArchiveLine(*row[:6], ArchivedForm(*row[6:9], _said(row[9])) if row[6] else None)
        for row in reading().execute(query)
    ]


def _said(kinds: str | None) -> str:
    if kinds is None:
        return "未检查"
    return "、".join(kind.label for kind in kinds_of(kinds)) or "合格"
