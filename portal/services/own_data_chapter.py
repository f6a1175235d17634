"""What the chapters of a member's own data are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from portal import clock

Cell = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Chapter:
    """One table of the data. ``key`` and the columns' keys are those of the JSON."""

    key: str
    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]


def moment_words(moment: datetime | None) -> str | None:
    """In Beijing's time, with its offset."""
    return moment.astimezone(clock.BEIJING).isoformat(timespec="seconds") if moment else None


def day_words(day: date | None) -> str | None:
    """As 2026-11-24."""
    return day.isoformat() if day else None
