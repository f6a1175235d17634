"""What lists show of the looks: how far each is, and how many findings are left.

Joined to the statements that fetch scans, so that a list stays one round to the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import and_, case, func, select

from portal.models import FindingSetAside, Job, JobKind, JobState, Scan, ScanFinding, ScanLook
from portal.rules.scan_findings import MENDABLE
from portal.rules.scan_readings import DIFFERENCES, Held, different_kinds


class LookState(StrEnum):
    """How far the look at a form is. ``NONE``: nobody asked for one."""

    NONE = ""
    CHECKING = "checking"
    DONE = "done"
    FAILED = "failed"


class LookLine(NamedTuple):
    """What a list shows of a look: its state, and how many findings nobody set aside.

    ``mendable`` of them can be mended by arranging the pages.
    """

    state: LookState
    findings: int
    mendable: int = 0


NO_LOOK = LookLine(LookState.NONE, 0)

_SAID = and_(
    FindingSetAside.scan_id == Scan.id,
    FindingSetAside.kind == ScanFinding.kind,
    FindingSetAside.page == ScanFinding.page,
)
# Both counts in one number: all, and a thousand for each that can be mended.
_LEFT = (
    select(func.sum(case(dict.fromkeys(MENDABLE, 1001), value=ScanFinding.kind, else_=1)))
    .where(
        ScanFinding.look_id == ScanLook.id,
        ~select(1).where(_SAID).correlate_except(FindingSetAside).exists(),
    )
    .correlate(ScanLook, Scan)
    .scalar_subquery()
)
# One bit for each difference that somebody set aside.
_BITS = {kind: 1 << place for place, kind in enumerate(DIFFERENCES)}
_DIFFERENCES_SAID = (
    select(func.sum(case(_BITS, value=FindingSetAside.kind, else_=0)))
    .where(FindingSetAside.scan_id == Scan.id)
    .correlate(Scan)
    .scalar_subquery()
)

LOOK_COLUMNS = (
    Job.state.label("look_job"),
    ScanLook.id.label("look_id"),
    _LEFT.label("findings_left"),
    ScanLook.number_text,
    ScanLook.name_text,
    ScanLook.month_text,
    _DIFFERENCES_SAID.label("differences_said"),
)
"""Columns for a statement that went through ``with_look``; ``read_line`` makes sense of them."""


def with_look(query: Any) -> Any:
    """``query``, which has ``Scan``, with the look at its file and the job of it, if any."""
    return query.outerjoin(Job, and_(Job.scan_id == Scan.id, Job.kind == JobKind.LOOK)).outerjoin(
        ScanLook, ScanLook.sha256 == Scan.sha256
    )


def read_line(columns: Sequence[Any], *, number: str | None, name: str, joined: date) -> LookLine:
    """The values of ``LOOK_COLUMNS``, and the member's own texts to compare what was read with."""
    job, look_id, left, *read, said = columns
    state = state_of(job=job, looked=look_id is not None)
    if state is not LookState.DONE:
        return LookLine(state, 0)
    different = different_kinds(Held(number, None, name, joined), *read)
    mendable, count = divmod(left or 0, 1000)
    count += sum(not (said or 0) & _BITS[kind] for kind in different)
    return LookLine(state, count, mendable)


def state_of(*, job: JobState | None, looked: bool) -> LookState:
    """Where the look at a file stands, from the state of its job and whether a look is kept.

    An older look is shown until the one that is asked for anew takes its place.
    """
    if looked:
        return LookState.DONE
    if job in (JobState.WAITING, JobState.RUNNING):
        return LookState.CHECKING
    return LookState.FAILED if job is JobState.FAILED else LookState.NONE
