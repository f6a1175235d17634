"""The lines of a message that name who owes a form: the same in 催办 and in a reminder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from portal import clock
from portal.rules.deadlines import deadline

NAMED = 30
"""Members that a message names; of more it says how many."""


def owed_lines(members: Sequence[Any], today: date) -> str:
    """A line a member, from rows with ``name`` and ``due_date``."""
    lines = [_line(row.name, row.due_date, today) for row in members[:NAMED]]
    if len(members) > NAMED:
        lines.append(f"……共 {len(members)} 名")
    return "\n".join(lines)


def _line(name: str, due: date | None, today: date) -> str:
    if due is None:
        return f"{name}：没有填审批日期"
    return f"{name}：{deadline(due, today).words}（期限 {clock.format_day(due)}）"
