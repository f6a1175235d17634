"""期: the counts of joining months, kept for the parts of the tree right below its top."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from importlib import import_module
from typing import Any

from sqlalchemy import and_, case, delete, func, insert, literal, select

from portal.access import in_subtree
from portal.extensions import db
from portal.models import Member, MonthTally, Organisation
from portal.rules.irregular import Irregularity

_NEW = Member.is_new_member
_COUNTED: Mapping[str, Any] = {
    "members": func.count(),
    **{
        name: func.sum(case((criterion, 1), else_=0))
        for name, criterion in {
            "new_members": _NEW,
            "with_scan": and_(_NEW, Member.has_scan),
            "checked": and_(_NEW, Member.scan_checked),
            "late": and_(_NEW, Member.scan_late),
            **{kind.value: Member.irregularity == kind for kind in Irregularity},
        }.items()
    },
}


def part_of(path: str) -> str:
    """The path of the part that a branch's path lies in: ``/1/5/77/`` in ``/1/5/``."""
    return "/".join(path.split("/")[:3]).rstrip("/") + "/"


def part_id(path: str) -> int:
    """The organisation of ``part_of``."""
    return int(part_of(path).rstrip("/").rpartition("/")[2])


def add_to_month(branch_id: int, joined: date, changes: Mapping[str, int]) -> None:
    """Add to the counts of a joining month; makes the row when there was none.

    The branch's place in the tree is held until the transaction ends (PostgreSQL), so that a move
    and what it counts anew come before or after this, not in the midst.
    """
    if not changes:
        return
    path = db.session.scalar(
        select(Organisation.path)
        .where(Organisation.id == branch_id)
        .with_for_update(read=True, key_share=True)
    )
    assert path is not None
    columns = MonthTally.__table__.c
    dialect: Any = import_module(f"sqlalchemy.dialects.{db.engine.dialect.name}")
    statement = dialect.insert(MonthTally).values(part_id=part_id(path), joined=joined, **changes)
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["part_id", "joined"],
            set_={name: columns[name] + delta for name, delta in changes.items()},
        )
    )


def count_anew(paths: Iterable[str]) -> None:
    """Count the months of the parts that ``paths`` lie in from their members.

    To be used inside ``writing()``, when organisations have gone from one part to another.
    """
    for part in sorted({part_of(path) for path in paths}):
        db.session.execute(delete(MonthTally).where(MonthTally.part_id == part_id(part)))
        counted = (
            select(literal(part_id(part)), Member.joined, *_COUNTED.values())
            .join(Organisation, Organisation.id == Member.branch_id)
            .where(in_subtree(part), Member.left_at.is_(None))
            .group_by(Member.joined)
        )
        db.session.execute(
            insert(MonthTally).from_select(["part_id", "joined", *_COUNTED], counted)
        )
