"""The forms of 用户中心."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, PasswordField, StringField
from wtforms.validators import Email, InputRequired, Length, ValidationError
from wtforms.validators import Optional as MayBeEmpty

from portal.blueprints.passwords.forms import NewPasswordForm
from portal.rules import phone
from portal.rules.text import clean_text, parse_whole
from portal.services.own_account import Contact


class ChangePasswordForm(NewPasswordForm):
    """修改密码."""

    old_password = PasswordField(
        "现在的密码",
        validators=[InputRequired("请填写现在的密码。"), Length(max=200, message="密码太长了。")],
    )


class ContactForm(FlaskForm):  # type: ignore[misc]
    """What a member changes by themselves."""

    version = HiddenField()
    email = StringField(
        "电子邮箱",
        filters=[lambda text: text.strip() if text else ""],
        validators=[
            MayBeEmpty(),
            Length(max=254, message="邮箱地址太长了，最多 254 个字符。"),
            Email("邮箱地址不完整。请按 name@example.com 的样子填写，没有可以不填。"),
        ],
    )
    phone = StringField("新的电话", validators=[MayBeEmpty()])
    old_password = PasswordField("现在的密码")

    def validate_email(self, field: Field) -> None:
        """No characters that can't be seen."""
        cleaned = clean_text(field.data, max_length=254)
        if not isinstance(cleaned, str):
            raise ValidationError(cleaned.message)
        field.data = cleaned

    def validate_phone(self, field: Field) -> None:
        """Eleven digits."""
        if phone.parse_phone(field.data) is None:
            raise ValidationError(phone.MESSAGE)

    def validate_old_password(self, field: Field) -> None:
        """Only a new phone needs it: the way by which one is reached."""
        if self.phone.data and not field.data:
            raise ValidationError("修改电话须填写现在的密码。")

    @property
    def seen_version(self) -> int:
        """The version that the person saw; 0, a conflict, for one that nobody was given."""
        return parse_whole(self.version.data or "") or 0

    def parsed(self) -> Contact:
        """The checked fields."""
        typed: Any = self.phone.data
        return Contact(self.email.data or "", phone.parse_phone(typed) if typed else None)
