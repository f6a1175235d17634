"""The 30 days (guide 3 and question 4), and joining months. All days are Beijing's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

UPLOAD_DAYS = 30
SOON_DAYS = 7

_MONTH = re.compile(r"\s*([0-9]{4})\s*[-年./]?\s*([0-9]{1,2})\s*月?\s*")


class DeadlineState(StrEnum):
    """Where a member without a form stands."""

    IN_TIME = "in_time"
    SOON = "soon"
    TODAY = "today"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Deadline:
    """The days left until a form is due; negative when it is overdue."""

    days_left: int

    @property
    def state(self) -> DeadlineState:
        """Where that is."""
        if self.days_left < 0:
            return DeadlineState.OVERDUE
        if self.days_left == 0:
            return DeadlineState.TODAY
        return DeadlineState.SOON if self.days_left <= SOON_DAYS else DeadlineState.IN_TIME

    @property
    def words(self) -> str:
        """剩 12 天, 今天到期 or 已逾期 5 天."""
        if self.days_left < 0:
            return f"已逾期 {-self.days_left} 天"
        return "今天到期" if self.days_left == 0 else f"剩 {self.days_left} 天"


def due_date(approved_on: date) -> date:
    """The last day on which an upload is in time: 30 days after the committee's approval."""
    return approved_on + timedelta(days=UPLOAD_DAYS)


def deadline(due: date, today: date) -> Deadline:
    """What is left of the 30 days on ``today``."""
    return Deadline((due - today).days)


def is_late(uploaded_on: date, due: date) -> bool:
    """Whether an upload came after its due date; the due day itself is in time."""
    return uploaded_on > due


def parse_month(text: str) -> date | None:
    """The first day of a month typed as 2020-01, 2020年1月, 2020/1 or 202001."""
    found = _MONTH.fullmatch(text)
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2]), 1)
    except ValueError:
        return None


def format_month(month: date) -> str:
    """``2020-01``."""
    return f"{month.year:04d}-{month.month:02d}"
