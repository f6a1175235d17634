"""The form 修改: the fields of the guide's picture in its order, parsed and checked one by one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from flask_wtf import FlaskForm
from markupsafe import Markup, escape
from wtforms import (  # type: ignore[attr-defined]  # the stubs don't know SelectChoice yet
    DateField,
    DecimalField,
    Field,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
)
from wtforms.validators import Email, InputRequired, Length, NumberRange, ValidationError
from wtforms.validators import Optional as MayBeEmpty
from wtforms.widgets import DateInput, HiddenInput, NumberInput, RadioInput, TextInput

from portal import clock
from portal.models import Member
from portal.rules.deadlines import format_month, parse_month
from portal.rules.member_number import group_number, normalise_number
from portal.rules.text import clean_text
from portal.rules.vocabulary import EDUCATION_LEVELS, ETHNICITIES, POLITICAL_STATUSES
from portal.services.member_editing import MemberFields

EARLIEST_JOINING = date(1922, 5, 1)  # the League's founding month


def _attributes(**given: Any) -> str:
    """What WTForms' ``html_params`` makes, without its two formattings of Markup an attribute.

    Those were about a fifth of the time that 修改 took.
    """
    return " ".join(
        name if value is True else f'{name}="{escape(value)!s}"'
        for name, value in sorted(given.items())
        if value is not False
    )


class _Quick:
    """A widget of WTForms with our ``_attributes``."""

    html_params = staticmethod(_attributes)


class _QuickText(_Quick, TextInput):
    pass


class _QuickDate(_Quick, DateInput):
    pass


class _QuickHidden(_Quick, HiddenInput):
    pass


class _QuickNumber(_Quick, NumberInput):
    pass


class _QuickRadio(_Quick, RadioInput):
    pass


def _word_select(field: Any, **kwargs: Any) -> Markup:
    """A ``<select>`` drawn in one go, because 民族 has 58 words; they are ours, without markup."""
    options = "".join(
        f"<option selected>{word}</option>" if word == field.data else f"<option>{word}</option>"
        for word in field.words
    )
    attributes = _attributes(id=field.id, name=field.name, **kwargs)
    return Markup(f"<select {attributes}>{options}</select>")  # noqa: S704


@cache
def _choices(words: tuple[str, ...]) -> list[SelectChoice]:
    return [SelectChoice(word) for word in words]


class WordField(SelectField):
    """A choice among the words of a list."""

    widget = staticmethod(_word_select)

    def __init__(self, label: str, words: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(label, choices=_choices(words), **kwargs)
        self.words = words


class MonthField(StringField):  # type: ignore[misc]
    """A month, typed as 2020-01, 2020年1月 or 202001; ``month`` is its first day."""

    widget = _QuickText()
    month: date | None = None

    def pre_validate(self, form: FlaskForm) -> None:
        """Refuse what is no month, or none in which a member can have joined."""
        self.month = parse_month(self.data or "")
        if self.month is None:
            raise ValidationError("请按“2020-01”的样子填写年和月。")
        if not EARLIEST_JOINING <= self.month <= clock.today():
            raise ValidationError("入团年月不能早于 1922-05，也不能在今天之后。请核对。")


class DayField(DateField):  # type: ignore[misc]
    """A day, typed as 2020-01-31."""

    widget = _QuickDate()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Say in Chinese what is expected."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("请按“2020-01-31”的样子填写日期。") from None


class FeeField(DecimalField):  # type: ignore[misc]
    """An amount in yuan, kept to the cent."""

    widget = _QuickNumber(step="any")

    def process_formdata(self, valuelist: list[str]) -> None:
        """Say in Chinese what is expected."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("请填写金额，例如 0.20（单位：元）。") from None
        if self.data is not None and not self.data.is_finite():
            self.data = None
            raise ValueError("请填写金额，例如 0.20（单位：元）。")


class NumberField(StringField):  # type: ignore[misc]
    """A member number, typed with or without spaces; shown in groups of four."""

    widget = _QuickText()

    def _value(self) -> str:
        return group_number(self.data) if self.data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take full-width digits and spaces as typed."""
        if valuelist:
            self.data = normalise_number(valuelist[0])[:50]


def no_odd_characters(_form: FlaskForm, field: Field) -> None:
    """Refuse characters that can't be seen or that pretend."""
    if field.data:
        cleaned = clean_text(field.data, max_length=254)
        if not isinstance(cleaned, str):
            raise ValidationError(cleaned.message)
        field.data = cleaned


class MemberForm(FlaskForm):  # type: ignore[misc]
    """The fields that a branch can change."""

    version = HiddenField(validators=[InputRequired()], widget=_QuickHidden())
    ethnicity = WordField("民族", ETHNICITIES)
    political_status = WordField("政治面貌", POLITICAL_STATUSES)
    education = WordField("最高学历", EDUCATION_LEVELS)
    email = StringField(
        "电子邮箱",
        widget=_QuickText(),
        filters=[lambda text: text.strip() if text else ""],
        validators=[
            MayBeEmpty(),
            no_odd_characters,
            Length(max=254, message="邮箱地址太长了，最多 254 个字符。"),
            Email("邮箱地址不完整。请按 name@example.com 的样子填写，没有可以不填。"),
        ],
    )
    fee = FeeField(
        "团费缴纳额度",
        places=2,
        validators=[
            InputRequired("请填写金额，没有填 0。"),
            NumberRange(0, 100000, message="金额应在 0 到 100000 元之间。"),
        ],
    )
    joined = MonthField("入团年月")
    approved_on = DayField("上级团委审批日期", validators=[MayBeEmpty()])
    number = NumberField("团员编号", validators=[MayBeEmpty()])
    is_student = RadioField(
        "是否高校学生",
        choices=[SelectChoice("yes", "是"), SelectChoice("no", "否")],
        option_widget=_QuickRadio(),
    )

    def validate_approved_on(self, field: Field) -> None:
        """The 30 days run from it: not in the future, not before the joining month."""
        if field.data is None:
            return
        if field.data > clock.today():
            raise ValidationError("审批日期不能在今天之后。请核对纸质《入团志愿书》。")
        if self.joined.month and field.data < self.joined.month:
            raise ValidationError("审批日期早于入团年月。请核对纸质《入团志愿书》。")

    def parsed(self, member: Member) -> MemberFields:
        """The checked fields. An occupied number stays what it is: the page does not send it."""
        assert self.joined.month is not None
        assert self.fee.data is not None
        return MemberFields(
            ethnicity=self.ethnicity.data,
            political_status=self.political_status.data,
            education=self.education.data,
            email=self.email.data or "",
            fee_cents=round(self.fee.data * 100),
            joined=self.joined.month,
            approved_on=self.approved_on.data,
            is_student=self.is_student.data == "yes",
            number=(self.number.data or None) if "number" in self.sent else member.number,
        )

    @property
    def sent(self) -> set[str]:
        """The names of the fields that the browser sent."""
        return {name for name in self._fields if self._fields[name].raw_data}


def form_values(stored: MemberFields) -> dict[str, Any]:
    """Stored fields as the form's own data, to fill it with."""
    return {
        "ethnicity": stored.ethnicity,
        "political_status": stored.political_status,
        "education": stored.education,
        "email": stored.email,
        "fee": Decimal(stored.fee_cents) / 100,
        "joined": format_month(stored.joined),
        "approved_on": stored.approved_on,
        "number": stored.number,
        "is_student": "yes" if stored.is_student else "no",
    }
