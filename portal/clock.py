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
