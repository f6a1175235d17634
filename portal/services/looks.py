"""What the portal saw in the forms: kept once a file, read for pages, set aside by people.

A look belongs to a file's bytes (its hash), what a person said of a finding to one scan. Whether
the number that was read is the member's own is asked whenever a form is shown: either may change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, select

from portal import clock
from portal.access import Action, Actor, members_for
from portal.errors import NotFound
from portal.extensions import db
from portal.models import (
    Account,
    FindingSetAside,
    Job,
    JobKind,
    JobState,
    Member,
    Scan,
    ScanFinding,
    ScanLook,
    ScanState,
)
from portal.rules.scan_findings import (
    CHECKS_VERSION,
    Box,
    Finding,
    FindingKind,
    Look,
    Reading,
    ReadingState,
)
from portal.rules.scan_readings import Comparison, Held, compare_readings, differences
from portal.services import audit
from portal.services.look_lines import LookState, state_of, with_look
from portal.services.scans import find_scan
from portal.services.transaction import insert_or_update, writing

UNNAMED = (
    ~select(Scan.id)
    .where(Scan.sha256 == ScanLook.sha256, Scan.file_gone_at.is_(None))
    .correlate(ScanLook)
    .exists()
)
"""The criterion on ``ScanLook`` for looks at files that no scan has any more."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """我已核对，无需重传: who said so, and when."""

    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding of a form, and whether somebody set it aside."""

    finding: Finding
    set_aside: SetAside | None


@dataclass(frozen=True, slots=True)
class ShownLook:
    """A look at a form as a person sees it, empty while nobody looked.

    Findings stand by page, those that were set aside too; comparisons are what was read of the
    first page beside the system's own; ``numbers`` are printed at the foot of pages.
    """

    state: LookState
    findings: tuple[ShownFinding, ...]
    comparisons: tuple[Comparison, ...]
    numbers: Mapping[int, int]


def look_state(scan_id: int) -> LookState:
    """Where the look at one scan's file stands."""
    query = with_look(select(Job.state, ScanLook.id).select_from(Scan))
    found = db.session.execute(query.where(Scan.id == scan_id)).one_or_none()
    if found is None:
        return LookState.NONE
    return state_of(job=found.state, looked=found.id is not None)


def is_fresh(sha256: bytes) -> bool:
    """Whether today's checks have looked at a file: then nothing is to be done."""
    version = db.session.scalar(select(ScanLook.checks_version).where(ScanLook.sha256 == sha256))
    return version == CHECKS_VERSION


def is_under_way(sha256: bytes, job_id: int) -> bool:
    """Whether a worker is just looking at a file for an earlier job than ``job_id``."""
    earlier = (
        select(Job.id)
        .join(Scan, Scan.id == Job.scan_id)
        .where(
            Job.kind == JobKind.LOOK,
            Job.state == JobState.RUNNING,
            Job.due_at > clock.now(),
            Job.id < job_id,
            Scan.sha256 == sha256,
        )
    )
    return db.session.scalar(earlier.limit(1)) is not None


def keep(sha256: bytes, look: Look, milliseconds: int) -> None:
    """Put a look in place of what was kept of the file, in the running transaction."""
    values: dict[str, Any] = {
        "sha256": sha256,
        "checks_version": CHECKS_VERSION,
        "pages": look.pages,
        "looked_at": clock.now(),
        "milliseconds": milliseconds,
        "printed_numbers": {str(page): printed for page, printed in look.numbers.items()},
    }
    for name, reading in (("number", look.number), ("name", look.name), ("month", look.month)):
        values[f"{name}_state"] = reading.state
        values[f"{name}_text"] = reading.text if reading.state is ReadingState.READ else ""
    statement = insert_or_update(ScanLook, ("sha256",), tuple(values)).values(values)
    look_id = db.session.scalar(statement.returning(ScanLook.id))
    db.session.execute(delete(ScanFinding).where(ScanFinding.look_id == look_id))
    rows = [
        {
            "look_id": look_id,
            "kind": one.kind,
            "page": one.page,
            "measure": one.measure,
            **dict(zip(("left", "top", "right", "bottom"), _edges(one.box), strict=True)),
        }
        for one in look.findings
    ]
    if rows:
        db.session.execute(insert(ScanFinding), rows)


def look_of(sha256: bytes) -> Look | None:
    """What was seen in a file, None while nobody has looked."""
    row = db.session.scalar(select(ScanLook).where(ScanLook.sha256 == sha256))
    if row is None:
        return None
    found = db.session.scalars(
        select(ScanFinding)
        .where(ScanFinding.look_id == row.id)
        .order_by(ScanFinding.page, ScanFinding.id)
    )
    return Look(
        pages=row.pages,
        findings=tuple(Finding(one.kind, one.page, one.measure, _box(one)) for one in found),
        number=Reading(row.number_state, row.number_text),
        name=Reading(row.name_state, row.name_text),
        month=Reading(row.month_state, row.month_text),
        numbers={int(page): printed for page, printed in row.printed_numbers.items()},
    )


def shown_look(actor: Actor, scan_id: int) -> ShownLook:
    """What there is to show of the look at a current form.

    Raises ``NotFound`` for a form that is not in the actor's scope, ``ScanEnded`` for one that is
    not current.
    """
    scan = find_scan(actor, scan_id)
    look = look_of(scan.sha256)
    findings, comparisons = _seen(scan, look)
    said = {
        (row.kind, row.page): SetAside(row.person_name, row.set_aside_at)
        for row in db.session.execute(
            select(
                FindingSetAside.kind,
                FindingSetAside.page,
                FindingSetAside.set_aside_at,
                Account.person_name,
            )
            .join(Account, Account.id == FindingSetAside.set_aside_by_id)
            .where(FindingSetAside.scan_id == scan_id)
        )
    }
    return ShownLook(
        look_state(scan_id),
        tuple(ShownFinding(one, said.get((one.kind, one.page))) for one in findings),
        comparisons,
        look.numbers if look else {},
    )


def set_aside(actor: Actor, scan_id: int, kind: FindingKind, page: int) -> int:
    """我已核对，无需重传: say so of a finding, on record; said twice it is said once.

    Returns the member's id. Raises ``NotFound`` when the current form has no such finding.
    """
    with writing() as session:
        scan = _own_scan(actor, scan_id)
        findings, _ = _seen(scan, look_of(scan.sha256))
        if not any((one.kind, one.page) == (kind, page) for one in findings):
            raise NotFound
        if _said(scan_id, kind, page) is None:
            session.add(
                FindingSetAside(
                    scan_id=scan_id,
                    kind=kind,
                    page=page,
                    set_aside_at=clock.now(),
                    set_aside_by_id=actor.account_id,
                )
            )
            _record(actor, audit.Event.FINDING_SET_ASIDE, scan, kind, page)
        return scan.member_id


def take_back_set_aside(actor: Actor, scan_id: int, kind: FindingKind, page: int) -> int:
    """Let a finding that was set aside count again, on record. Returns the member's id."""
    with writing() as session:
        scan = _own_scan(actor, scan_id)
        said = _said(scan_id, kind, page)
        if said is not None:
            session.delete(said)
            _record(actor, audit.Event.FINDING_TAKEN_BACK, scan, kind, page)
        return scan.member_id


def forget_unless_named(sha256: bytes) -> None:
    """Drop what was seen in a file that no scan has any more, in the running transaction."""
    drop(and_(ScanLook.sha256 == sha256, UNNAMED))


def drop(which: ColumnElement[bool]) -> None:
    """Drop looks with their findings, in the running transaction."""
    inside = select(ScanLook.id).where(which)
    db.session.execute(delete(ScanFinding).where(ScanFinding.look_id.in_(inside)))
    db.session.execute(delete(ScanLook).where(which))


def _seen(scan: Scan, look: Look | None) -> tuple[tuple[Finding, ...], tuple[Comparison, ...]]:
    """All findings, those of the comparisons too; and these. Both empty while nobody looked."""
    if look is None:
        return (), ()
    member = db.session.get_one(Member, scan.member_id)
    # Not with a number that was released: that the paper has another one is why it was.
    held = Held(member.number, None, member.name, member.joined)
    compared = compare_readings(held, look.number, look.name, look.month)
    return (*look.findings, *differences(compared)), compared


def _own_scan(actor: Actor, scan_id: int) -> Scan:
    """The current scan, if the actor may set findings of it aside; kept until the end."""
    scan = db.session.scalar(
        select(Scan)
        .join(Member, Member.id == Scan.member_id)
        .where(
            Scan.id == scan_id,
            Scan.state == ScanState.CURRENT,
            members_for(actor, Action.SET_FINDING_ASIDE),
        )
        .with_for_update(of=Scan)
    )
    if scan is None:
        raise NotFound
    return scan


def _said(scan_id: int, kind: FindingKind, page: int) -> FindingSetAside | None:
    return db.session.get(FindingSetAside, (scan_id, kind, page))


def _record(actor: Actor, event: audit.Event, scan: Scan, kind: FindingKind, page: int) -> None:
    audit.record(
        actor, event, member_id=scan.member_id, scan_id=scan.id, finding=kind.value, page=page
    )


def _edges(box: Box | None) -> tuple[int | None, int | None, int | None, int | None]:
    return (None,) * 4 if box is None else (box.left, box.top, box.right, box.bottom)


def _box(row: ScanFinding) -> Box | None:
    if row.left is None or row.top is None or row.right is None or row.bottom is None:
        return None
    return Box(row.left, row.top, row.right, row.bottom)
