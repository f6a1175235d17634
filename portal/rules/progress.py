"""工作进度: the counts of an organisation's subtree, and the joining months they are asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from portal.rules.irregular import Irregularity


class Count(StrEnum):
    """What is counted (SPEC, 工作进度 · 不规范编号). The kinds of irregular number have the
    values of ``Irregularity``."""

    IRREGULAR = "irregular"
    RELEASED = "released"
    MISSING = "missing"
    NOT_TWELVE_DIGITS = "not_twelve_digits"
    UNKNOWN_PROVINCE = "unknown_province"
    YEAR_MISMATCH = "year_mismatch"
    OUTSIDE_PREFIX = "outside_prefix"
    NEW = "new"
    UPLOADED = "uploaded"
    NOT_UPLOADED = "not_uploaded"
    OVERDUE = "overdue"
    DUE_SOON = "due_soon"
    LATE = "late"

    @property
    def label(self) -> str:
        """The heading of the list behind the count."""
        return _LABELS[self][0]

    @property
    def short(self) -> str:
        """The head of its column."""
        return _LABELS[self][1]

    @property
    def meaning(self) -> str:
        """The rule behind it, in a sentence."""
        return _LABELS[self][2]


_LABELS = {
    Count.IRREGULAR: ("编号不规范", "合计", "以下各种不规范编号的团员人数之和。"),
    Count.NEW: ("新发展团员", "新发展", "2020 年以后入团、编号在分配号段内的团员。"),
    Count.UPLOADED: ("已上传入团志愿书", "已上传", "新发展团员中，《入团志愿书》已上传的。"),
    Count.NOT_UPLOADED: (
        "未上传入团志愿书",
        "未上传",
        "新发展团员中，《入团志愿书》还没有上传的，包括未到期的。",
    ),
    Count.OVERDUE: (
        "已逾期未上传",
        "已逾期",
        "未上传，且自审批同意之日起已超过 30 日的。按今天的日期计算。",
    ),
    Count.DUE_SOON: ("7 日内到期", "7 日内到期", "未上传，今天起 7 日内（含今天）到期的。"),
    Count.LATE: ("逾期上传", "逾期上传", "已上传，但上传时已超过 30 日的。"),
} | {
    Count(kind.value): (f"编号不规范：{kind.label}", short, kind.explanation)
    for kind, short in (
        (Irregularity.RELEASED, "已解除未重填"),
        (Irregularity.MISSING, "缺失"),
        (Irregularity.NOT_TWELVE_DIGITS, "不是 12 位"),
        (Irregularity.UNKNOWN_PROVINCE, "省份代码"),
        (Irregularity.YEAR_MISMATCH, "年份不符"),
        (Irregularity.OUTSIDE_PREFIX, "不在号段"),
    )
}


class Counts(NamedTuple):
    """The stored and live counts of one subtree; the others follow from them."""

    released: int = 0
    missing: int = 0
    not_twelve_digits: int = 0
    unknown_province: int = 0
    year_mismatch: int = 0
    outside_prefix: int = 0
    new: int = 0
    uploaded: int = 0
    late: int = 0
    overdue: int = 0
    due_soon: int = 0

    @property
    def irregular(self) -> int:
        """All kinds of irregular number together."""
        return sum(self[: len(Irregularity)])

    @property
    def not_uploaded(self) -> int:
        """New members without a form."""
        return self.new - self.uploaded

    @property
    def rate(self) -> float | None:
        """The part of the new members whose form is there, 0 to 1; None without new members."""
        return self.uploaded / self.new if self.new else None

    @property
    def asks_for_something(self) -> bool:
        """Whether anybody has to do anything about it."""
        return bool(self.irregular or self.not_uploaded)

    def of(self, count: Count) -> int:
        """One of them."""
        value: int = getattr(self, count.value)
        return value

    def plus(self, other: Counts) -> Counts:
        """Two subtrees together."""
        return Counts(*map(sum, zip(self, other, strict=True)))


def format_rate(rate: float | None) -> str:
    """``99.9%``: cut off, not rounded, so that only all of them are 100%."""
    if rate is None:
        return "—"
    return "100%" if rate == 1 else f"{math.floor(rate * 1000) / 10:.1f}%"


@dataclass(frozen=True, slots=True)
class Period:
    """期: the joining months from ``first`` to ``last``, both with it; open where None."""

    first: date | None = None
    last: date | None = None

    def __bool__(self) -> bool:
        """Whether it leaves anybody out."""
        return self.first is not None or self.last is not None
