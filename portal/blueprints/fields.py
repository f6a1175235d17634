"""The fields that several forms have: words to choose from, months, days, numbers, mail.

Inputs are drawn without WTForms' two formattings of Markup an attribute (``_attributes``).
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from flask_wtf import FlaskForm
from markupsafe import Markup, escape
from wtforms import (  # type: ignore[attr-defined]  # the stubs don't know SelectChoice yet
    DateField,
    DecimalField,
    Field,
    SelectChoice,
    SelectField,
    StringField,
)
from wtforms.validators import Email, Length, ValidationError
from wtforms.validators import Optional as MayBeEmpty
from wtforms.widgets import DateInput, HiddenInput, NumberInput, RadioInput, TextInput

from portal import clock
from portal.rules.deadlines import parse_month
from portal.rules.member_number import group_number, normalise_number
from portal.rules.text import clean_text

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


class QuickText(_Quick, TextInput):
    """One line of text."""


class QuickDate(_Quick, DateInput):
    """A day."""


class QuickHidden(_Quick, HiddenInput):
    """What the page carries for itself."""


class QuickNumber(_Quick, NumberInput):
    """An amount."""


class QuickRadio(_Quick, RadioInput):
    """One of few."""


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

    widget = QuickText()
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

    widget = QuickDate()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Say in Chinese what is expected."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("请按“2020-01-31”的样子填写日期。") from None


class FeeField(DecimalField):  # type: ignore[misc]
    """An amount in yuan, kept to the cent."""

    widget = QuickNumber(step="any")

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

    widget = QuickText()

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


class EmailField(StringField):  # type: ignore[misc]
    """A mail address, or nothing."""

    widget = QuickText()

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(
            label,
            filters=[lambda text: text.strip() if text else ""],
            validators=[
                MayBeEmpty(),
                no_odd_characters,
                Length(max=254, message="邮箱地址太长了，最多 254 个字符。"),
                Email("邮箱地址不完整。请按 name@example.com 的样子填写，没有可以不填。"),
            ],
            **kwargs,
        )


class ApprovalDayField(DayField):
    """上级团委审批日期: the 30 days run from it; the form has the joining month as ``joined``."""

    def pre_validate(self, form: FlaskForm) -> None:
        """Not in the future, not before the joining month."""
        if self.data is None:
            return
        if self.data > clock.today():
            raise ValidationError("审批日期不能在今天之后。请核对纸质《入团志愿书》。")
        if form.joined.month and self.data < form.joined.month:
            raise ValidationError("审批日期早于入团年月。请核对纸质《入团志愿书》。")
