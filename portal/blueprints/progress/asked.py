"""What the addresses of 工作进度 ask for: 期, order, which rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from urllib.parse import urlencode

from flask import request

from portal import clock
from portal.rules.deadlines import format_month, parse_month
from portal.rules.progress import Count, Period
from portal.services.progress_days import first_day

RATE = "rate"
COLUMNS = (*(count.value for count in Count), RATE)
"""What the table can be sorted by, in the order of its columns."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One view of the table. ``sort`` empty: in the tree's order."""

    period: Period = field(default_factory=Period)
    sort: str = ""
    ascending: bool = False
    busy_only: bool = False
    day: date | None = None  # as of the end of this past day
    fault: str = ""

    def query(self, **more: str) -> str:
        """The address's query that asks for the same, with ``more``."""
        first, last = self.period.first, self.period.last
        wanted = {
            "from": format_month(first) if first else "",
            "to": format_month(last) if last else "",
            "sort": self.sort,
            "order": "asc" if self.ascending else "",
            "busy": "1" if self.busy_only else "",
            "day": self.day.isoformat() if self.day else "",
        } | more
        text = urlencode({name: value for name, value in wanted.items() if value})
        return f"?{text}" if text else ""

    def sorted_by(self, column: str) -> str:
        """The query behind a column's head: the largest first, then turned."""
        same = self.sort == column
        return replace(self, sort=column, ascending=same and not self.ascending).query()

    @property
    def words(self) -> str:
        """期 in words."""
        first, last = self.period.first, self.period.last
        if not self.period:
            return "全部入团年月"
        if first == last and first is not None:
            return f"{format_month(first)} 入团"
        start = f"{format_month(first)} " if first else ""
        return f"{start}至 {format_month(last)} 入团" if last else f"{start}以后入团"


def parse_asked() -> Asked:
    """What the address asks for; what can't be meant is said, and left out."""
    args = request.args
    months = [args.get(name, "").strip() for name in ("from", "to")]
    first, last = (parse_month(text) if text else None for text in months)
    fault = ""
    wrong = [text for text, month in zip(months, (first, last), strict=True) if text and not month]
    if wrong:
        fault = f"“{wrong[0][:20]}”不是年月，请按 2026-01 这样填写。现在显示的是全部入团年月。"
    elif first and last and first > last:
        fault = "开始年月晚于结束年月，请调换后再查看。现在显示的是全部入团年月。"
    period = Period() if fault else Period(first, last)
    day, wrong_day = _past_day(args.get("day", "").strip(), period)
    sort = args.get("sort", "")
    return Asked(
        period=period,
        sort=sort if sort in COLUMNS else "",
        ascending=args.get("order") == "asc",
        busy_only=args.get("busy") == "1",
        day=day,
        fault=fault or wrong_day,
    )


def _past_day(text: str, period: Period) -> tuple[date | None, str]:
    """The past day that is asked for, and what is wrong with it; today is no past day."""
    if not text:
        return None, ""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None, f"“{text[:20]}”不是日期，请按 2026-11-01 这样填写。现在显示的是今天的数字。"
    if day >= clock.today():
        return None, ""
    if period:
        return None, "过去某一天的数字没有按入团年月分开保存。现在显示的是今天的数字。"
    first = first_day()
    if first is None or day < first:
        since = f"从 {first.isoformat()} 开始" if first else "从今天夜里开始"
        return None, f"每天的数字{since}保存，没有 {day.isoformat()} 的。现在显示的是今天的数字。"
    return day, ""
