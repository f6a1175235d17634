"""Stored results of the rules on a member, and the tallies that follow from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, insert, select, update

from portal import clock
from portal.extensions import db
from portal.models import (
    Member,
    NumberHolding,
    Organisation,
    Scan,
    ScanCheck,
    ScanState,
    Tally,
)
from portal.rules.deadlines import due_date
from portal.rules.irregular import Irregularity, irregularity
from portal.rules.member_number import NumberPolicy, is_new_member
from portal.runtime import runtime
from portal.services.month_tallies import add_to_month, part_id
from portal.services.transaction import dialect_insert

TALLIED = (
    "members",
    "new_members",
    "with_scan",
    "checked",
    "late",
    *(kind.value for kind in Irregularity),
)
"""The counts of a ``Tally`` and a ``MonthTally``."""

TALLIED_IRREGULARITIES: dict[Irregularity, str] = {kind: kind.value for kind in Irregularity}
"""The column of ``Tally`` that counts each kind of irregular number."""


@dataclass(frozen=True, slots=True)
class Derived:
    """What the rules say of a member; the same names as the columns."""

    is_new_member: bool
    due_date: date | None
    irregularity: Irregularity | None


def derive(
    *,
    number: str | None,
    joined: date,
    approved_on: date | None,
    released: bool,
    policy: NumberPolicy,
) -> Derived:
    """Ask the rules. A member without an approval date has no due date.

    A released number goes on deciding whether its holder is a new member, so give it as
    ``number`` with ``released`` set: releasing must not make the missing form vanish.
    """
    new = is_new_member(number, joined, policy)
    return Derived(
        is_new_member=new,
        due_date=due_date(approved_on) if new and approved_on else None,
        irregularity=irregularity(
            None if released else number, joined, released=released, policy=policy
        ),
    )


def derive_for(member: Member) -> Derived:
    """``derive`` for a member's row."""
    return derive(
        number=member.number or member.released_number,
        joined=member.joined,
        approved_on=member.approved_on,
        released=member.number is None and member.released_number is not None,
        policy=runtime().policy,
    )


def contribution(
    *,
    is_new_member: bool,
    has_scan: bool,
    scan_checked: bool,
    scan_late: bool,
    irregularity: Irregularity | None,
    left: bool = False,
) -> Counter[str]:
    """What one member adds to the tally of their branch, by column; who left adds nothing."""
    if left:
        return Counter()
    counts = Counter(members=1)
    if is_new_member:
        counts["new_members"] = 1
        counts["with_scan"] = int(has_scan)
        counts["checked"] = int(scan_checked)
        counts["late"] = int(scan_late)
    if irregularity is not None:
        counts[TALLIED_IRREGULARITIES[irregularity]] = 1
    return counts


@contextmanager
def tallied(member: Member) -> Iterator[None]:
    """Change a member inside; the stored rules, the tallies and who holds the number follow.

    Also when the member goes to another branch. To be used inside ``writing()``.
    """
    before, number_before = _contribution_of(member), member.number
    branch_before, joined_before = member.branch_id, member.joined
    yield
    db.session.flush()
    member.has_scan, member.scan_late, member.scan_checked = _current_scan(member.id)
    _store_rules(member)
    after = _contribution_of(member)
    if (member.branch_id, member.joined) == (branch_before, joined_before):
        changes = [(member.branch_id, member.joined, _difference(before, after))]
    else:
        changes = [
            (branch_before, joined_before, _difference(before, Counter())),
            (member.branch_id, member.joined, _difference(Counter(), after)),
        ]
    _add_in_order(changes)
    if member.number != number_before:
        _end_holding(member)
        _begin_holding(member)


def enter(member: Member) -> None:
    """Add a member; the stored rules, the tally and the number's holding come with them.

    All other columns are filled. To be used inside ``writing()``.
    """
    member.has_scan = member.scan_late = member.scan_checked = False
    _store_rules(member)
    db.session.add(member)
    db.session.flush()
    add_to_tallies(member.branch_id, member.joined, _contribution_of(member))
    _begin_holding(member)


def add_to_tallies(branch_id: int, joined: date, changes: Counter[str]) -> None:
    """Add to the counts of a branch and of a joining month."""
    add_to_branch(branch_id, _difference(Counter(), changes))
    add_to_month(branch_id, joined, _difference(Counter(), changes))


def add_to_branch(branch_id: int, changes: Mapping[str, int]) -> None:
    """Add to a branch's counts; makes the row when the branch had none.

    In one statement: the first two members of a branch may come at the same moment.
    """
    if not changes:
        return
    columns = Tally.__table__.c
    db.session.execute(
        dialect_insert(Tally)
        .values(branch_id=branch_id, **changes)
        .on_conflict_do_update(
            index_elements=["branch_id"],
            set_={name: columns[name] + delta for name, delta in changes.items()},
        )
    )


def _add_in_order(changes: list[tuple[int, date, dict[str, int]]]) -> None:
    """Branches first, then months, each in one order, so that no two wait for each other.

    Two branches that exchange members at once would else hold what the other needs.
    """
    branches: dict[int, Counter[str]] = {}
    for branch_id, _, delta in changes:
        branches.setdefault(branch_id, Counter()).update(delta)
    for branch_id in sorted(branches):
        add_to_branch(branch_id, {name: n for name, n in branches[branch_id].items() if n})
    if len(changes) > 1:
        changes = sorted(changes, key=_month_place)
    for branch_id, month, delta in changes:
        add_to_month(branch_id, month, delta)


def _month_place(change: tuple[int, date, dict[str, int]]) -> tuple[int, date]:
    path = db.session.scalar(select(Organisation.path).where(Organisation.id == change[0]))
    assert path is not None
    return part_id(path), change[1]


def _difference(before: Counter[str], after: Counter[str]) -> dict[str, int]:
    """What has to be added to come from one contribution to the other."""
    names = before.keys() | after.keys()
    return {name: after[name] - before[name] for name in names if after[name] != before[name]}


def _current_scan(member_id: int) -> tuple[bool, bool, bool]:
    """Whether the member has a current scan, whether it came late, and whether a check stands."""
    found = db.session.execute(
        select(Scan.late, ScanCheck.id)
        .outerjoin(ScanCheck, and_(ScanCheck.scan_id == Scan.id, ScanCheck.ended_at.is_(None)))
        .where(Scan.member_id == member_id, Scan.state == ScanState.CURRENT)
    ).one_or_none()
    return (True, found[0], found[1] is not None) if found else (False, False, False)


def _store_rules(member: Member) -> None:
    found = derive_for(member)
    member.is_new_member = found.is_new_member
    member.due_date = found.due_date
    member.irregularity = found.irregularity


def _end_holding(member: Member) -> None:
    db.session.execute(
        update(NumberHolding)
        .where(NumberHolding.member_id == member.id, NumberHolding.until.is_(None))
        .values(until=clock.now())
    )


def _begin_holding(member: Member) -> None:
    if member.number is not None:
        db.session.flush()
        db.session.execute(
            insert(NumberHolding).values(
                number=member.number, member_id=member.id, since=clock.now()
            )
        )


def _contribution_of(member: Member) -> Counter[str]:
    return contribution(
        is_new_member=member.is_new_member,
        has_scan=member.has_scan,
        scan_checked=member.scan_checked,
        scan_late=member.scan_late,
        irregularity=member.irregularity,
        left=member.left_at is not None,
    )
