"""报告错误: which fields a member can report, and what may be proposed for each."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum

from portal.rules.deadlines import format_month, parse_month
from portal.rules.id_number import IdNumber, IdNumberFault
from portal.rules.masking import mask_id_number
from portal.rules.member_number import (
    NumberPolicy,
    check_typed_number,
    group_number,
    normalise_number,
)
from portal.rules.text import TextFault, clean_name, clean_text, holds_personal_number
from portal.rules.vocabulary import EDUCATION_LEVELS, ETHNICITIES, POLITICAL_STATUSES

REMARK_LENGTH = 200
ANSWER_LENGTH = 200
_FEE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,2})?")
_EARLIEST = date(1922, 5, 1)  # the League's founding month


class CorrectionField(StrEnum):
    """A field that a member can report; the values are the keys of 团员信息."""

    NAME = "name"
    ID_NUMBER = "id_number"
    ETHNICITY = "ethnicity"
    POLITICAL_STATUS = "political_status"
    EDUCATION = "education"
    FEE = "fee"
    JOINED = "joined"
    NUMBER = "number"
    IS_STUDENT = "is_student"

    @property
    def label(self) -> str:
        """The field's name on the pages."""
        return _LABELS[self]

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that can be chosen; none where it is typed."""
        return _CHOICES.get(self, ())

    @property
    def is_proof(self) -> bool:
        """Whether it says who the person is: taken over only beside their identity document."""
        return self in (CorrectionField.NAME, CorrectionField.ID_NUMBER)


_LABELS = {
    CorrectionField.NAME: "姓名",
    CorrectionField.ID_NUMBER: "身份证",
    CorrectionField.ETHNICITY: "民族",
    CorrectionField.POLITICAL_STATUS: "政治面貌",
    CorrectionField.EDUCATION: "最高学历",
    CorrectionField.FEE: "团费缴纳额度",
    CorrectionField.JOINED: "入团年月",
    CorrectionField.NUMBER: "团员编号",
    CorrectionField.IS_STUDENT: "是否高校学生",
}
_CHOICES = {
    CorrectionField.ETHNICITY: ETHNICITIES,
    CorrectionField.POLITICAL_STATUS: POLITICAL_STATUSES,
    CorrectionField.EDUCATION: EDUCATION_LEVELS,
    CorrectionField.IS_STUDENT: ("是", "否"),
}
# Birth date and sex come from the ID number.
_REPORTED_AS = {"birth_date": CorrectionField.ID_NUMBER, "sex": CorrectionField.ID_NUMBER}


def field_behind(key: str) -> CorrectionField | None:
    """The field that a line of 团员信息 is reported as; None where there is nothing to report."""
    return CorrectionField(key) if key in list(CorrectionField) else _REPORTED_AS.get(key)


def parse_proposed(
    field: CorrectionField, text: str, *, today: date, policy: NumberPolicy
) -> str | TextFault:
    """The proposed value in the one way it is kept, or the sentence that says what is wrong."""
    if field.choices:
        return text if text in field.choices else TextFault("请从列出的词里选一个。")
    if field is CorrectionField.NAME:
        return clean_name(text)
    if field is CorrectionField.ID_NUMBER:
        parsed = IdNumber.parse(text)
        if isinstance(parsed, IdNumberFault):
            return TextFault(parsed.message)
        return TextFault(IdNumberFault.DATE.message) if parsed.birth_date > today else parsed.text
    if field is CorrectionField.FEE:
        plain = text.strip()
        if not _FEE.fullmatch(plain) or Decimal(plain) > 100000:
            return TextFault("请填写金额，例如 0.20（单位：元），没有填 0。")
        return f"{Decimal(plain):.2f}"
    month = parse_month(text)
    if field is CorrectionField.JOINED:
        if month is None:
            return TextFault("请按“2020-01”的样子填写年和月。")
        if not _EARLIEST <= month <= today:
            return TextFault("入团年月不能早于 1922-05，也不能在今天之后。请核对。")
        return format_month(month)
    number = normalise_number(text)[:50]
    # Which year it must begin with is the joining month's affair, and that may be wrong too.
    joined = date(int(number[:4]), 1, 1) if re.fullmatch("(19|20)[0-9]{10}", number) else today
    faults = check_typed_number(number, joined, policy)
    if not number:
        return TextFault("请填写 12 位编号，在纸质《入团志愿书》首页。")
    return TextFault(faults[0].message) if faults else number


def shown_value(field: CorrectionField, value: str, *, masked: bool) -> str:
    """A proposed value as a page shows it."""
    match field:
        case CorrectionField.ID_NUMBER if masked:
            return mask_id_number(value)
        case CorrectionField.NUMBER:
            return group_number(value)
        case CorrectionField.FEE:
            return f"{value} 元"
    return value


def clean_words(text: str, *, length: int, needed: str = "") -> str | TextFault:
    """A remark or an answer on one line; ``needed`` is the sentence for an empty one.

    It stands before other people, so no ID number and no phone may be in it.
    """
    cleaned = clean_text(" ".join(text.split()), max_length=length)
    if isinstance(cleaned, TextFault):
        return cleaned
    if needed and not cleaned:
        return TextFault(needed)
    if holds_personal_number(cleaned):
        return TextFault("这里不要写身份证号和手机号。请删去后再提交。")
    return cleaned
