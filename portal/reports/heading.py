"""What stands above and below a report: title, organisation, period, as of when, by whom, code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.clock import day_of, format_second
from portal.rules.report_codes import fingerprint, group_code


@dataclass(frozen=True, slots=True)
class Heading:
    """Of one report as it was made."""

    title: str
    organisation: str
    period: str
    as_of: datetime
    maker: str
    code: str = ""  # empty: a preview
    content_sha256: bytes = b""
    watermark: str = ""
    notes: tuple[str, ...] = ()

    @property
    def about(self) -> str:
        """The line below the title."""
        parts = [f"单位：{self.organisation}", self.period, f"数据截至 {self.as_of_words}"]
        return "　".join(part for part in parts if part)

    @property
    def as_of_words(self) -> str:
        """To the second, in Beijing."""
        return format_second(self.as_of)

    @property
    def as_of_day(self) -> str:
        """``2026年11月24日``, as an official letter writes it."""
        day = day_of(self.as_of)
        return f"{day.year}年{day.month}月{day.day}日"

    @property
    def code_words(self) -> str:
        """The code in groups."""
        return f"报表编码 {group_code(self.code)}" if self.code else ""

    @property
    def fingerprint(self) -> str:
        """The content's hash as it is printed."""
        return fingerprint(self.content_sha256) if self.content_sha256 else ""

    @property
    def foot(self) -> tuple[str, ...]:
        """The lines below a sheet."""
        lines = [f"制表：{self.maker}"]
        if self.code:
            lines.append(f"{self.code_words}　校验码 {self.fingerprint}")
        return (*lines, *(f"注：{note}" for note in self.notes))
