"""不规范编号: what makes a stored number irregular (SPEC, "Rules that run by themselves")."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from portal.rules.member_number import (
    PROVINCES,
    MemberNumber,
    NumberPolicy,
    is_of_later_years,
)


class Irregularity(StrEnum):
    """The kinds, the most fundamental first. The values are columns of the tallies too."""

    RELEASED = "released"
    MISSING = "missing"
    NOT_TWELVE_DIGITS = "not_twelve_digits"
    UNKNOWN_PROVINCE = "unknown_province"
    YEAR_MISMATCH = "year_mismatch"
    OUTSIDE_PREFIX = "outside_prefix"

    @property
    def label(self) -> str:
        """A few words for a column's head or a remark."""
        return _TEXTS[self][0]

    @property
    def explanation(self) -> str:
        """The rule and what to do, in a sentence."""
        return _TEXTS[self][1]

    @property
    def needs_release(self) -> bool:
        """Whether a number is occupied: the branch can't type another one before it is released."""
        return self not in (Irregularity.RELEASED, Irregularity.MISSING)

    @property
    def by_month(self) -> str:
        """When the joining month is what has to be mended, which a branch can; empty: never."""
        return _BY_MONTH.get(self, "")


_TEXTS = {
    Irregularity.RELEASED: (
        "已解除占用未重填",
        "编号已解除占用，还没有重新填写。请按纸质《入团志愿书》首页填写编号。",
    ),
    Irregularity.MISSING: (
        "编号缺失",
        "2017 年以后入团的团员应有 12 位发展团员编号。请按纸质《入团志愿书》首页填写。",
    ),
    Irregularity.NOT_TWELVE_DIGITS: (
        "不是 12 位",
        "发展团员编号应为 12 位数字。"
        "请核对纸质《入团志愿书》首页，联系上级团委解除编号占用后更正。",
    ),
    Irregularity.UNKNOWN_PROVINCE: (
        "省份代码不存在",
        "编号第 5、6 位应为省份代码。"
        "请核对纸质《入团志愿书》首页，联系上级团委解除编号占用后更正。",
    ),
    Irregularity.YEAR_MISMATCH: (
        "年份与入团年月不一致",
        "编号前 4 位应与入团年份一致。请核对纸质《入团志愿书》首页，更正入团年月或编号。",
    ),
    Irregularity.OUTSIDE_PREFIX: (
        "不在分配号段",
        "北京的编号应在分配的号段内。请核对纸质《入团志愿书》首页，联系上级团委解除编号占用后更正。",
    ),
}


_BY_MONTH = {
    Irregularity.MISSING: (
        "实际在 2017 年以前入团、入团年月填错的，更正入团年月后保存即可，"
        "那时入团的不需要 12 位编号。"
    ),
    Irregularity.NOT_TWELVE_DIGITS: (
        "实际在 2017 年以前入团、入团年月填错的，更正入团年月后保存即可，"
        "那时入团的不要求 12 位编号。"
    ),
    Irregularity.YEAR_MISMATCH: (
        "编号与纸质《入团志愿书》首页一致、只是入团年月填错的，更正入团年月后保存即可。"
    ),
}


def irregularity(
    number: str | None, joined: date, *, released: bool, policy: NumberPolicy
) -> Irregularity | None:
    """The kind of irregularity of a member's number, or None for a regular one.

    Members who joined before 2017 need no twelve digits, but a number of later years is not theirs;
    another province's number is regular.
    """
    if released:
        return Irregularity.RELEASED
    parsed = MemberNumber.parse(number or "")
    if joined.year < policy.twelve_digits_since:
        later = parsed is not None and is_of_later_years(parsed, policy)
        return Irregularity.YEAR_MISMATCH if later else None
    if not number:
        return Irregularity.MISSING
    if parsed is None:
        return Irregularity.NOT_TWELVE_DIGITS
    if parsed.province not in PROVINCES:
        return Irregularity.UNKNOWN_PROVINCE
    if parsed.year != joined.year:
        return Irregularity.YEAR_MISMATCH
    own = parsed.province == policy.province and parsed.year >= policy.first_new_year
    if own and not policy.allotted(parsed):
        return Irregularity.OUTSIDE_PREFIX
    return None
