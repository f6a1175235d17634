"""``flask fsck``: does what is stored agree with what the rules say and with the files.

Checked: paths of the tree, stored rules of each member, tallies of each branch, who holds which
number, jobs and looks (fsck_looks.py), what scans were made from, open transfers
(fsck_transfers.py), sealed fields and what comes from them (fsck_persons.py), and rows against
files both ways.
``--repair`` mends derived data (rules, tallies, open holdings, jobs, looks) only; a form is never
touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.orm import aliased

from portal import clock
from portal.extensions import db
from portal.models import Member, NumberHolding, Organisation, Scan, ScanCheck, ScanState
from portal.runtime import runtime
from portal.services import (
    audit,
    drafts,
    fsck_looks,
    fsck_persons,
    fsck_tallies,
    fsck_transfers,
    letter_files,
)
from portal.services.derived import derive
from portal.services.fsck_bytes import fault_in_bytes
from portal.services.transaction import writing

CHUNK = 5000
_STORED = ("is_new_member", "due_date", "irregularity", "has_scan", "scan_late", "scan_checked")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree. ``derived`` ones can be repaired."""

    kind: str
    subject: str
    text: str
    derived: bool


def check(*, read_files: bool = True) -> list[Finding]:
    """All that does not agree. ``read_files`` compares each form's bytes with its hash."""
    counted = fsck_tallies.Counted()
    findings = [*_check_paths(), *_check_members(counted), *_check_tallies(counted)]
    findings += _check_holdings()
    findings += [Finding("job", *found, derived=True) for found in fsck_looks.check()]
    findings += _check_originals()
    findings += [Finding("transfer", *found, derived=False) for found in fsck_transfers.check()]
    findings += [Finding("person", *found, derived=False) for found in fsck_persons.check()]
    findings += _check_files(read_files)
    db.session.rollback()
    return findings


def repair(progress: Callable[[str], None] = lambda _text: None) -> int:
    """Store what the rules say now, and count the tallies anew; returns how many rows changed."""
    changed = 0
    with writing() as session:
        counted = fsck_tallies.Counted()
        for member, said in _members_and_rules():
            if said != _stored(member):
                session.execute(update(Member).where(Member.id == member.id).values(**said))
                changed += 1
            counted.add(member, said)
        changed += sum(1 for _ in fsck_tallies.differences(counted))
        fsck_tallies.store(counted)
        changed += sum(1 for _ in _check_holdings())
        _repair_holdings()
        changed += fsck_looks.repair()
        if changed:
            audit.record(None, audit.Event.DERIVED_REPAIRED, rows=changed)
    progress(f"repaired {changed} rows")
    return changed


def _check_paths() -> Iterator[Finding]:
    """Each organisation's path is its parent's and its own id; no cycle can be all right so."""
    parent = aliased(Organisation)
    rows = db.session.execute(
        select(Organisation.id, Organisation.path, parent.path)
        .outerjoin(parent, parent.id == Organisation.parent_id)
        .order_by(Organisation.id)
    )
    for organisation_id, path, above in rows:
        wanted = f"{above or '/'}{organisation_id}/"
        if path != wanted:
            text = f"its path is {path}, its parent says {wanted}"
            yield Finding("path", f"organisation {organisation_id}", text, derived=False)


def _check_members(counted: fsck_tallies.Counted) -> Iterator[Finding]:
    for member, said in _members_and_rules():
        counted.add(member, said)
        stored = _stored(member)
        for name, value in said.items():
            if stored[name] != value:
                yield Finding(
                    "stored rule",
                    f"member {member.id}",
                    f"{name} is stored as {stored[name]}, the rules say {value}",
                    derived=True,
                )


def _check_tallies(counted: fsck_tallies.Counted) -> Iterator[Finding]:
    for subject, text in fsck_tallies.differences(counted):
        yield Finding("tally", subject, text, derived=True)


# The unique index on open holdings lets no number have two, so these two say all: a member's
# number without its open holding, and an open holding whose member has not that number.
_SAME = and_(
    NumberHolding.member_id == Member.id,
    NumberHolding.number == Member.number,
    NumberHolding.until.is_(None),
)
_NOT_HELD = and_(Member.number.is_not(None), ~select(NumberHolding.id).where(_SAME).exists())
_STALE = and_(NumberHolding.until.is_(None), ~select(Member.id).where(_SAME).exists())


def _check_holdings() -> Iterator[Finding]:
    without = select(Member.id, Member.number).where(_NOT_HELD).order_by(Member.id)
    for member_id, number in _in_chunks(without):
        text = f"the number {number} has no open holding"
        yield Finding("holding", f"member {member_id}", text, derived=True)
    stale = select(NumberHolding.id, NumberHolding.number).where(_STALE).order_by(NumberHolding.id)
    for holding_id, number in _in_chunks(stale):
        text = f"is open, but its member does not hold {number}"
        yield Finding("holding", f"holding {holding_id}", text, derived=True)


def _repair_holdings() -> None:
    """Ended first, so that the number is free for the holding that is begun."""
    db.session.execute(update(NumberHolding).where(_STALE).values(until=clock.now()))
    held = select(Member.number, Member.id, Member.changed_at).where(_NOT_HELD)
    columns = ["number", "member_id", "since"]
    db.session.execute(insert(NumberHolding).from_select(columns, held))


def _in_chunks(query: Any) -> Any:
    return db.session.execute(query.execution_options(yield_per=CHUNK))


def _check_originals() -> Iterator[Finding]:
    """What a scan was made from was uploaded for the same member, and is kept as long as it."""
    original = aliased(Scan)
    rows = db.session.execute(
        select(
            Scan.id,
            original.id,
            original.member_id == Scan.member_id,
            original.original_id.is_(None),
            or_(Scan.file_gone_at.is_not(None), original.file_gone_at.is_(None)),
        )
        .join(original, original.id == Scan.original_id)
        .order_by(Scan.id)
    )
    faults = ("is another member's", "was made from another one itself", "was not kept")
    for scan_id, original_id, *agreed in rows:
        for good, fault in zip(agreed, faults, strict=True):
            if not good:
                text = f"scan {original_id}, which it was made from, {fault}"
                yield Finding("original", f"scan {scan_id}", text, derived=False)


def _check_files(read_files: bool) -> Iterator[Finding]:
    store = runtime().store
    known: dict[str, Any] = {
        row.storage_key: row
        for row in db.session.execute(
            select(Scan.id, Scan.storage_key, Scan.size, Scan.sha256).where(
                Scan.file_gone_at.is_(None)
            )
        )
    }
    for file in store.keys("scans/"):
        row = known.pop(file.key, None)
        if row is None:
            yield Finding("file", file.key, "no row names this file", derived=False)
        elif file.size != row.size:
            text = f"has {file.size} bytes, the row says {row.size}"
            yield Finding("file", f"scan {row.id}", text, derived=False)
        elif read_files and (fault := fault_in_bytes(file.key, row.sha256)):
            yield Finding("file", f"scan {row.id}", fault, derived=False)
    for row in known.values():
        yield Finding("file", f"scan {row.id}", "its file is missing", derived=False)
    for file in drafts.files_of_nobody():
        yield Finding("file", file.key, "no draft has this file", derived=False)
    for key in drafts.missing_files():
        yield Finding("file", key, "a draft's file is missing", derived=False)
    for subject, text in letter_files.faults(read_files=read_files):
        yield Finding("file", subject, text, derived=False)


def _members_and_rules() -> Iterator[tuple[Any, dict[str, Any]]]:
    """Each member's row with the stored rules as they should be, in chunks by id."""
    policy, last = runtime().policy, 0
    query = select(
        Member.id,
        Member.branch_id,
        Member.number,
        Member.released_number,
        Member.joined,
        Member.approved_on,
        Member.is_new_member,
        Member.due_date,
        Member.irregularity,
        Member.has_scan,
        Member.scan_late,
        Member.left_at,
        Member.scan_checked,
        Scan.late.label("late"),
        ScanCheck.id.label("check_id"),
    )
    current = and_(Scan.member_id == Member.id, Scan.state == ScanState.CURRENT)
    standing = and_(ScanCheck.scan_id == Scan.id, ScanCheck.ended_at.is_(None))
    query = query.outerjoin(Scan, current).outerjoin(ScanCheck, standing).order_by(Member.id)
    while rows := db.session.execute(query.where(Member.id > last).limit(CHUNK)).all():
        for row in rows:
            said = derive(
                number=row.number or row.released_number,
                joined=row.joined,
                approved_on=row.approved_on,
                released=row.number is None and row.released_number is not None,
                policy=policy,
            )
            yield (
                row,
                {
                    "is_new_member": said.is_new_member,
                    "due_date": said.due_date,
                    "irregularity": said.irregularity,
                    "has_scan": row.late is not None,
                    "scan_late": bool(row.late),
                    "scan_checked": row.check_id is not None,
                },
            )
        last = rows[-1].id


def _stored(member: Any) -> dict[str, Any]:
    return {name: getattr(member, name) for name in _STORED}
