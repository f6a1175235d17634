"""The seals under the record: each day's lines hashed with the seal of the day before.

The triggers keep the application from changing a line. Who has the database itself can drop them;
a line that was changed, removed or slipped in then no longer fits the seals (``flask audit
verify``). A seal that was written down elsewhere shows even that all seals were made anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.models import AuditRecord, RecordSeal
from portal.services.transaction import reading, writing

log = logging.getLogger(__name__)

FORM = 1
"""The canonical form of a line; it is hashed too. A new column of the record takes a new form, and
the seal a column that says by which one it was made."""

LATE = timedelta(minutes=10)
"""So long after midnight a day is sealed: a transaction that began before it has ended by then."""

CHUNK = 2000
"""Lines read at a time: a day of a city has hundreds of thousands."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with the record, and on which day's seal it shows; None: there is no seal."""

    day: date | None
    text: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found. ``last`` is the newest seal, to be written down elsewhere."""

    days: int
    lines: int
    unsealed: int
    last: str
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class _Sum:
    """What a seal says: the lines, the last of them, and the hash."""

    count: int
    last_id: int
    hash: bytes


_SEALS = select(
    RecordSeal.day, RecordSeal.count.label("lines"), RecordSeal.last_id, RecordSeal.hash
).order_by(RecordSeal.day)


def seal_if_due() -> int:
    """Seal every day that has ended since the last seal; how many were sealed now.

    After a standstill the days between get one each, the empty ones too. Of two workers at once one
    seals, and the other finds it done.
    """
    today, sealed = clock.day_of(clock.now() - LATE), 0
    while True:
        last = reading().execute(_SEALS.order_by(None).order_by(RecordSeal.day.desc())).first()
        day = last.day + timedelta(days=1) if last else _first_day()
        if day is None or day >= today or not _seal(day, last):
            return sealed
        sealed += 1


def verify(expected: str = "") -> Verified:
    """Hash the record anew and compare it with its seals, the oldest first.

    ``expected`` is a seal that was written down: it must be among them.
    """
    troubles: list[Trouble] = []
    before, day, days, lines = _Sum(0, 0, b""), None, 0, 0
    for seal in reading().execute(_SEALS):
        if day is not None and seal.day != day + timedelta(days=1):
            troubles.append(Trouble(seal.day, f"the seals between {day} and this day are missing"))
        made = _sum_up(seal.day, before, seal.last_id)
        text = _difference(made, seal)
        if text:
            troubles.append(Trouble(seal.day, text))
        if seal.hash.hex() == expected:
            expected = ""
        # One day's trouble is told once: the next day goes on from the seal as it stands.
        before, day = _Sum(seal.lines, seal.last_id, seal.hash), seal.day
        days, lines = days + 1, lines + made.count
    if expected:
        troubles.append(Trouble(day, "the seal that was written down is not among the seals"))
    beyond = select(func.count()).where(AuditRecord.id > before.last_id)
    unsealed = reading().execute(beyond.select_from(AuditRecord)).scalar_one()
    return Verified(days, lines, unsealed, before.hash.hex(), tuple(troubles))


def _difference(made: _Sum, seal: Any) -> str:
    """What is wrong with the lines under a seal; empty: nothing."""
    if made.count < seal.lines:
        return f"{seal.lines - made.count} of {seal.lines} lines are missing"
    if made.count > seal.lines:
        return f"{made.count - seal.lines} lines were slipped in; {seal.lines} were sealed"
    return "" if made.hash == seal.hash else "a line was changed, or the seal before or under it"


def canonical(line: Any) -> bytes:
    """A line as it is hashed: JSON with sorted keys and moments in UTC, alike in both databases."""
    fields = {
        "id": line.id,
        "at": line.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "account_id": line.account_id,
        "person_name": line.person_name,
        "organisation_id": line.organisation_id,
        "address": line.address,
        "request_id": line.request_id,
        "event": line.event,
        "member_id": line.member_id,
        "scan_id": line.scan_id,
        "about_id": line.about_id,
        "detail": line.detail,
    }
    text = json.dumps(fields, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return text.encode("ascii")


def _seal(day: date, last: Any) -> bool:
    """Seal a day; False if somebody else has just done it."""
    before = _Sum(last.lines, last.last_id, last.hash) if last else _Sum(0, 0, b"")
    end = datetime.combine(day + timedelta(days=1), time(), clock.BEIJING)
    # By id, and not by the moment alone: a line belongs to one seal even if a clock was set back.
    of_day = select(AuditRecord.id).where(AuditRecord.at < end, AuditRecord.id > before.last_id)
    last_id = reading().execute(of_day.order_by(AuditRecord.id.desc()).limit(1)).scalar()
    made = _sum_up(day, before, last_id or before.last_id)
    try:
        with writing() as session:
            values = {"count": made.count, "last_id": made.last_id, "hash": made.hash}
            session.execute(insert(RecordSeal).values(day=day, **values))
    except IntegrityError:
        return False
    log.info("record sealed", extra={"day": day.isoformat(), "rows": made.count})
    return True


def _sum_up(day: date, before: _Sum, last_id: int) -> _Sum:
    """Hash the lines after the seal ``before`` up to ``last_id`` as those of ``day``."""
    head = {"form": FORM, "day": day.isoformat(), "before": before.hash.hex()}
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode("ascii"))
    count, place = 0, before.last_id
    query = select(AuditRecord.__table__).where(AuditRecord.id <= last_id).order_by(AuditRecord.id)
    while lines := reading().execute(query.where(AuditRecord.id > place).limit(CHUNK)).all():
        for line in lines:
            digest.update(b"\n" + canonical(line))
        count, place = count + len(lines), lines[-1].id
    return _Sum(count, last_id, digest.digest())


def _first_day() -> date | None:
    first = reading().execute(select(AuditRecord.at).order_by(AuditRecord.id).limit(1)).scalar()
    return clock.day_of(first) if first else None
