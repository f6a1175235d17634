"""The 18-digit ID number (GB 11643-1999): region, birth date, serial, check digit."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

_FORM = re.compile(r"[0-9]{17}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


class Sex(StrEnum):
    """Sex, as the 17th digit says: odd for men."""

    FEMALE = "F"
    MALE = "M"

    @property
    def label(self) -> str:
        """女 or 男."""
        return "女" if self is Sex.FEMALE else "男"


class IdNumberFault(StrEnum):
    """What is wrong with an ID number; the value is the sentence."""

    LENGTH = "身份证号共 18 位，最后一位可以是 X。请核对后重新填写。"
    DATE = "身份证号第 7 到 14 位不是有效的出生日期。请核对后重新填写。"
    CHECK_DIGIT = "身份证号的最后一位与前 17 位不符，可能有一位填错了。请核对后重新填写。"

    @property
    def message(self) -> str:
        """The sentence."""
        return self.value


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A valid ID number."""

    text: str
    birth_date: date

    @property
    def sex(self) -> Sex:
        """Sex, from the 17th digit."""
        return Sex.MALE if int(self.text[16]) % 2 else Sex.FEMALE

    @classmethod
    def parse(cls, text: str) -> IdNumber | IdNumberFault:
        """Read an ID number as typed: full-width digits, spaces and a small x are taken."""
        text = "".join(unicodedata.normalize("NFKC", text).split()).upper()
        if not _FORM.fullmatch(text):
            return IdNumberFault.LENGTH
        try:
            born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
        except ValueError:
            return IdNumberFault.DATE
        if check_digit(text[:17]) != text[17]:
            return IdNumberFault.CHECK_DIGIT
        return cls(text, born)


def changed_places(before: str, after: str) -> tuple[int, ...]:
    """The places (from 1) in which two ID numbers differ: how much changes, without their digits.

    A slip of the pen changes one or two besides the check digit; another person most of them.
    """
    pairs = zip(before, after, strict=True)
    return tuple(place for place, (one, other) in enumerate(pairs, 1) if one != other)


def check_digit(first17: str) -> str:
    """The 18th character for the first 17 digits (ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True))
    return _CHECK_DIGITS[total % 11]
