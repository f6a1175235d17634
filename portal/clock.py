"""The portal's clock: moments in UTC, days in Beijing. Rules get their "today" from here."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Today's date in Beijing: the day by which deadlines count."""
    return datetime.now(BEIJING).date()


def day_of(moment: datetime) -> date:
    """The Beijing date on which ``moment`` fell."""
    return moment.astimezone(BEIJING).date()


def parse_moment(text: str) -> datetime | None:
    """A moment as ``isoformat`` writes it; None for what is none, or none in UTC."""
    try:
        parsed = datetime.fromisoformat(text)
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except (ValueError, OverflowError):  # in the year 1 or 9999 the zone may lead out of the years
        return None


def format_day(day: date | datetime) -> str:
    """``11-24`` in this year, else ``2025-11-24``; a moment by its Beijing date."""
    if isinstance(day, datetime):
        day = day_of(day)
    # strftime takes three times as long, and a list shows a day in every row.
    return f"{day.month:02}-{day.day:02}" if day.year == today().year else day.isoformat()


def format_moment(moment: datetime) -> str:
    """``11-24 10:42`` in Beijing, with the year if it isn't this one."""
    return f"{format_day(moment)} {moment.astimezone(BEIJING):%H:%M}"


def format_second(moment: datetime) -> str:
    """``2026-11-24 10:42:07`` in Beijing: for the record, which is read years later too."""
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def format_clock(moment: datetime) -> str:
    """``10:42:07`` in Beijing: for what is read within minutes."""
    local = moment.astimezone(BEIJING)
    return f"{local.hour:02}:{local.minute:02}:{local.second:02}"


def format_lately(moment: datetime) -> str:
    """``10:42`` today, else as ``format_moment``: for what somebody did a short while ago."""
    local = moment.astimezone(BEIJING)
    return f"{local:%H:%M}" if local.date() == today() else format_moment(moment)
