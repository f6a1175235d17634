"""The member number (发展团员编号): ``YYYY`` year of joining, ``PP`` province, six digits.

Guide 4.2: the upload appears under a number that begins with 2020110; SPEC makes that
``YYYY110`` with YYYY from 2020 on, and the prefixes a setting.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portal.rules.text import TextFault, clean_text

DIGITS = 12

OLD_LENGTH = 20
"""Characters of a number from before the twelve digits, as many as are stored."""

_LAST_YEAR = 2100

# GB/T 2260-2007, the first two digits.
PROVINCES: Mapping[str, str] = {
    "11": "北京", "12": "天津", "13": "河北", "14": "山西", "15": "内蒙古",
    "21": "辽宁", "22": "吉林", "23": "黑龙江",
    "31": "上海", "32": "江苏", "33": "浙江", "34": "安徽", "35": "福建", "36": "江西",
    "37": "山东",
    "41": "河南", "42": "湖北", "43": "湖南", "44": "广东", "45": "广西", "46": "海南",
    "50": "重庆", "51": "四川", "52": "贵州", "53": "云南", "54": "西藏",
    "61": "陕西", "62": "甘肃", "63": "青海", "64": "宁夏", "65": "新疆",
    "71": "台湾", "81": "香港", "82": "澳门",
}  # fmt: skip

_GROUPED = re.compile(r"[\s.\-–—·]+")
_TWELVE = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True)
class MemberNumber:
    """Twelve digits, not judged any further."""

    text: str

    @classmethod
    def parse(cls, text: str) -> MemberNumber | None:
        """The number, if ``text`` is exactly twelve ASCII digits."""
        return cls(text) if _TWELVE.fullmatch(text) else None

    @property
    def year(self) -> int:
        """The year of joining, as the number says."""
        return int(self.text[:4])

    @property
    def province(self) -> str:
        """The two digits of the province."""
        return self.text[4:6]

    @property
    def sequence(self) -> str:
        """The last six digits."""
        return self.text[6:]

    @property
    def grouped(self) -> str:
        """``2020 1100 0003``, as the guide's picture shows it."""
        return f"{self.text[:4]} {self.text[4:8]} {self.text[8:]}"


@dataclass(frozen=True, slots=True)
class NumberPolicy:
    """The configuration of an installation: whose numbers are its own."""

    province: str = "11"
    prefixes: tuple[str, ...] = ("YYYY110",)
    first_new_year: int = 2020
    twelve_digits_since: int = 2017

    def allotted(self, number: MemberNumber) -> bool:
        """Whether the number lies in a prefix allotted to this installation."""
        year = number.text[:4]
        return any(number.text.startswith(prefix.replace("YYYY", year)) for prefix in self.prefixes)


class NumberFaultKind(StrEnum):
    """What can be wrong with a number while it is being typed."""

    NOT_DIGITS = "not_digits"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    YEAR = "year"
    PROVINCE = "province"
    OUTSIDE_PREFIX = "outside_prefix"
    ODD = "odd"  # of before the twelve digits: too long to be one, or with what can't be seen


@dataclass(frozen=True, slots=True)
class NumberFault:
    """A fault and the sentence that says what to do."""

    kind: NumberFaultKind
    message: str


def normalise_number(text: str) -> str:
    """A number as typed without what only groups it: full-width digits become ASCII ones."""
    return _GROUPED.sub("", unicodedata.normalize("NFKC", text))


def group_number(number: str) -> str:
    """``202011000003`` → ``2020 1100 0003``; anything else as it is."""
    parsed = MemberNumber.parse(number)
    return parsed.grouped if parsed else number


def has_upload(number: str | None, policy: NumberPolicy) -> bool:
    """Whether the upload appears under this number (guide 4.2): the prefix alone decides."""
    parsed = MemberNumber.parse(number or "")
    return parsed is not None and parsed.year >= policy.first_new_year and policy.allotted(parsed)


def is_new_member(number: str | None, joined: date, policy: NumberPolicy) -> bool:
    """新发展团员: joined from 2020-01 on, with a number that has the upload.

    The number's year need not be the year of joining: such a number is irregular, and its holder
    must have a form all the same.
    """
    return joined.year >= policy.first_new_year and has_upload(number, policy)


def takes_scan(number: str | None, joined: date, policy: NumberPolicy) -> bool:
    """Whether a form can be uploaded: under a number that has the upload, or before there is one.

    The upload appears while a first or a released number is still being typed (guide 4.2), so a
    member of the right years who holds no number can have one already.
    """
    return has_upload(number, policy) or (not number and joined.year >= policy.first_new_year)


def is_of_later_years(number: MemberNumber, policy: NumberPolicy) -> bool:
    """Whether a number reads as one of the twelve digits, which only came in 2017.

    Before that a number could be anything; one with a later year and a province is not of then.
    """
    years = range(policy.twelve_digits_since, _LAST_YEAR)
    return number.year in years and number.province in PROVINCES


def check_number_for(text: str, joined: date, policy: NumberPolicy) -> tuple[NumberFault, ...]:
    """What binds a normalised number of somebody who joined in ``joined``.

    Who joined before the twelve digits may hold any number but one of later years.
    """
    if joined.year >= policy.twelve_digits_since:
        return check_typed_number(text, joined, policy)
    cleaned = clean_text(text, max_length=OLD_LENGTH)
    if isinstance(cleaned, TextFault):
        return (_fault(NumberFaultKind.ODD, f"编号有误：{cleaned.message}"),)
    number = MemberNumber.parse(text)
    if number is None or not is_of_later_years(number, policy):
        return ()
    return (_year_fault(number, joined),)


def check_typed_number(
    text: str, joined: date | None, policy: NumberPolicy
) -> tuple[NumberFault, ...]:
    """What is wrong with a normalised number, while it is typed or when it is saved.

    Nothing typed is no fault. A number too short is told only that: the rest may still come.
    """
    if not text:
        return ()
    if not (text.isascii() and text.isdigit()):
        return (_fault(NumberFaultKind.NOT_DIGITS, "编号只能是数字，共 12 位。请核对后重新填写。"),)
    if len(text) < DIGITS:
        return (_fault(NumberFaultKind.TOO_SHORT, f"编号共 12 位，还差 {DIGITS - len(text)} 位。"),)
    if len(text) > DIGITS:
        extra = len(text) - DIGITS
        return (
            _fault(
                NumberFaultKind.TOO_LONG, f"编号共 12 位，多了 {extra} 位。请核对后删去多余的。"
            ),
        )
    return _faults_of(MemberNumber(text), joined, policy)


def _faults_of(
    number: MemberNumber, joined: date | None, policy: NumberPolicy
) -> tuple[NumberFault, ...]:
    faults = []
    if joined is not None and number.year != joined.year:
        faults.append(_year_fault(number, joined))
    if number.province not in PROVINCES:
        faults.append(
            _fault(
                NumberFaultKind.PROVINCE,
                f"编号第 5、6 位是 {number.province}，没有这个省份代码（北京是 11）。"
                "请核对纸质《入团志愿书》首页。",
            )
        )
    elif (
        number.province == policy.province
        and number.year >= policy.first_new_year
        and not policy.allotted(number)
    ):
        allowed = "、".join(prefix.replace("YYYY", number.text[:4]) for prefix in policy.prefixes)
        faults.append(
            _fault(
                NumberFaultKind.OUTSIDE_PREFIX,
                f"{number.year} 年的北京编号应以 {allowed} 开头。请核对纸质《入团志愿书》首页。",
            )
        )
    return tuple(faults)


def _year_fault(number: MemberNumber, joined: date) -> NumberFault:
    return _fault(
        NumberFaultKind.YEAR,
        f"编号前 4 位是 {number.text[:4]}，入团年月是 {joined:%Y-%m}，两者应一致。"
        "请核对纸质《入团志愿书》首页。",
    )


def _fault(kind: NumberFaultKind, message: str) -> NumberFault:
    return NumberFault(kind, message)
