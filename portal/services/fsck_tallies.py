"""``flask fsck`` of the tallies: every count of a branch and of a joining month, counted anew."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select

from portal.extensions import db
from portal.models import MonthTally, Organisation, Tally
from portal.services.derived import TALLIED, contribution
from portal.services.month_tallies import part_id

Counts = defaultdict[Any, Counter[str]]


@dataclass(frozen=True, slots=True)
class Counted:
    """The tallies as the members say: by branch, and by part of the tree and joining month."""

    branches: Counts = field(default_factory=lambda: defaultdict(Counter))
    months: Counts = field(default_factory=lambda: defaultdict(Counter))
    parts: dict[int, int] = field(default_factory=dict)

    def add(self, member: Any, said: Mapping[str, Any]) -> None:
        """Count a member's row with what the rules say of it."""
        counts = contribution(
            is_new_member=said["is_new_member"],
            has_scan=said["has_scan"],
            scan_checked=said["scan_checked"],
            scan_late=said["scan_late"],
            irregularity=said["irregularity"],
            left=member.left_at is not None,
        )
        if not self.parts:
            paths = db.session.execute(select(Organisation.id, Organisation.path))
            self.parts.update((one, part_id(path)) for one, path in paths)
        self.branches[member.branch_id].update(counts)
        self.months[self.parts[member.branch_id], member.joined].update(counts)


def differences(counted: Counted) -> Iterator[tuple[str, str]]:
    """Each count that is stored as another one: whose it is, and both."""
    stored = {row.branch_id: row for row in db.session.execute(select(Tally.__table__))}
    yield from _compared(stored, counted.branches, lambda key: f"branch {key}")
    months = {
        (row.part_id, row.joined): row for row in db.session.execute(select(MonthTally.__table__))
    }
    yield from _compared(months, counted.months, _month)


def store(counted: Counted) -> None:
    """Put what was counted in the place of what is stored."""
    for model, names, counts in (
        (Tally, ("branch_id",), {(key,): one for key, one in counted.branches.items()}),
        (MonthTally, ("part_id", "joined"), counted.months),
    ):
        db.session.execute(delete(model))
        rows = [
            {**dict(zip(names, key, strict=True)), **{name: one[name] for name in TALLIED}}
            for key, one in counts.items()
        ]
        if rows:  # an installation without members has none
            db.session.execute(insert(model), rows)


def _compared(
    stored: Mapping[Any, Any], counted: Counts, subject: Callable[[Any], str]
) -> Iterator[tuple[str, str]]:
    for key in sorted(stored.keys() | counted.keys()):
        kept, real = stored.get(key), counted.get(key, Counter())
        for name in TALLIED:
            was = getattr(kept, name) if kept is not None else 0
            if was != real[name]:
                yield subject(key), f"{name} is stored as {was}, counted {real[name]}"


def _month(key: tuple[int, date]) -> str:
    return f"organisation {key[0]}, joined {key[1]:%Y-%m}"
