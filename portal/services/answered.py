"""What waits for one answer of several people: a report of an error, a request to release a number.

It is decided by what stands there once its member's row is locked. What one person sends twice is
one answer; of two people the first one's stands, and the second is told whose it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from portal import clock
from portal.access import Action, Actor
from portal.extensions import db
from portal.models import Correction, Member, NumberRelease
from portal.services.members import find_member

Answered = Correction | NumberRelease


def lock_for_answer(actor: Actor, action: Action, row: Answered) -> Member:
    """The member of a row, locked; the row is as it stands then. Raises as ``find_member`` does."""
    member = find_member(actor, action, row.member_id, lock=True)
    db.session.refresh(row)
    return member


def answered_by(actor: Actor, row: Answered, state: StrEnum) -> bool:
    """Whether this person answered the same before: what a double click sends twice."""
    return row.state is state and row.decided_by_id == actor.account_id


def faster(row: Answered, who: str, did: Mapping[Any, str]) -> str:
    """The sentence for the second of two: ``who`` was faster, when, and what they did."""
    assert row.decided_at is not None  # as it is answered
    at = clock.format_lately(row.decided_at)
    return f"{who} 在 {at} {did[row.state]}。您这次的操作没有保存，也不用再办。"
