"""检查情况 as reports list it: what stands of each uploaded form, and whether it was answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import aliased

from portal.access import Action, Actor, in_subtree, members_for
from portal.models import Member, Organisation, Scan, ScanCheck, ScanState
from portal.rules.progress import Count, Period
from portal.rules.scan_checks import Verdict, verdict_of
from portal.services.progress import CRITERIA, within_months
from portal.services.report_rows import CHUNK, Places
from portal.services.scan_cells import STANDING
from portal.services.transaction import reading


class Checked(StrEnum):
    """Where a form stands with the committees."""

    IN_ORDER = "in order"
    FAULTY = "faulty"
    ANSWERED = "answered"  # an earlier file was faulty; this one waits for its check
    UNCHECKED = "unchecked"

    @property
    def label(self) -> str:
        """In a word."""
        return _LABELS[self]


_LABELS = {
    Checked.IN_ORDER: "合格",
    Checked.FAULTY: "不合格，待重新上传",
    Checked.ANSWERED: "已重新上传，待检查",
    Checked.UNCHECKED: "未检查",
}


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A form with what was said of it; of an answered one what was said of the file before."""

    name: str
    number: str | None
    branch_id: int
    place: str
    uploaded_at: datetime
    state: Checked
    verdict: Verdict | None
    checked_by: str
    checked_at: datetime | None


_Earlier = aliased(ScanCheck)
_Committee = aliased(Organisation)

# The latest faulty check of a file that was replaced since; undone ones never count.
_LAST_FAULTY = (
    select(func.max(_Earlier.id))
    .where(
        _Earlier.member_id == Member.id,
        _Earlier.scan_id != Scan.id,
        _Earlier.undone_at.is_(None),
        _Earlier.kinds != "",
    )
    .correlate(Member, Scan)
    .scalar_subquery()
)
_STATE = case(
    (and_(ScanCheck.id.is_not(None), ScanCheck.kinds == ""), Checked.IN_ORDER.value),
    (ScanCheck.id.is_not(None), Checked.FAULTY.value),
    (_LAST_FAULTY.is_not(None), Checked.ANSWERED.value),
    else_=Checked.UNCHECKED.value,
)


def check_counts(actor: Actor, organisation: Organisation, period: Period) -> dict[Checked, int]:
    """How many uploaded forms of new members stand where, at or below an organisation."""
    query = _forms(actor, organisation, period, select(_STATE, func.count())).group_by(_STATE)
    found = dict(reading().execute(query).all())
    return {state: found.get(state.value, 0) for state in Checked}


def check_lines(
    actor: Actor,
    organisation: Organisation,
    period: Period,
    *,
    faulty_only: bool = False,
    most: int | None = None,
) -> Iterator[CheckLine]:
    """The forms one after the other, by branch and name."""
    shown = aliased(ScanCheck)
    columns = (
        Member.name,
        Member.number,
        Member.branch_id,
        Organisation.path,
        Scan.uploaded_at,
        _STATE.label("state"),
        shown.kinds,
        shown.pages,
        shown.remark,
        _Committee.name.label("committee"),
        shown.checked_at,
    )
    query = (
        _forms(actor, organisation, period, select(*columns))
        .outerjoin(shown, shown.id == func.coalesce(ScanCheck.id, _LAST_FAULTY))
        .outerjoin(_Committee, _Committee.id == shown.organisation_id)
        .order_by(Organisation.path, Member.pinyin, Member.id)
        .limit(most)
    )
    if faulty_only:
        query = query.where(
            or_(ScanCheck.kinds != "", and_(ScanCheck.id.is_(None), _LAST_FAULTY.is_not(None)))
        )
    places = Places(organisation)
    for rows in reading().execute(query).partitions(CHUNK):
        places.learn(row.path for row in rows)
        for row in rows:
            said = None if row.kinds is None else verdict_of(row.kinds, row.pages, row.remark)
            yield CheckLine(
                row.name,
                row.number,
                row.branch_id,
                places.words(row.path),
                row.uploaded_at,
                Checked(row.state),
                said,
                row.committee or "",
                row.checked_at,
            )


def _forms(actor: Actor, organisation: Organisation, period: Period, query: Any) -> Any:
    return (
        query.select_from(Member)
        .join(Organisation, Organisation.id == Member.branch_id)
        .join(Scan, and_(Scan.member_id == Member.id, Scan.state == ScanState.CURRENT))
        .outerjoin(ScanCheck, STANDING)
        .where(
            in_subtree(organisation.path),
            members_for(actor, Action.VIEW_SCAN),
            CRITERIA[Count.UPLOADED],
            *within_months(period),
        )
    )
