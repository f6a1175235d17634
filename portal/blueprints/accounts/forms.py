"""A person's name and an account name."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import Field, StringField
from wtforms.validators import InputRequired, ValidationError

from portal.rules import logins
from portal.rules.text import clean_name


class NameForm(FlaskForm):  # type: ignore[misc]
    """The name of an account's person."""

    person_name = StringField("姓名", validators=[InputRequired("请填写使用人的姓名。")])

    def validate_person_name(self, field: Field) -> None:
        """A person's name; nothing that pretends or can't be seen."""
        cleaned = clean_name(field.data)
        if not isinstance(cleaned, str):
            raise ValidationError(cleaned.message)
        field.data = cleaned

    @property
    def person(self) -> str:
        """The checked name."""
        return self.person_name.data or ""


class AccountForm(NameForm):
    """A new account. Its name is not called ``login``: that one is never carried over."""

    new_login = StringField("账号", validators=[InputRequired("请填写账号。")])

    def validate_new_login(self, field: Field) -> None:
        """Small letters, digits, hyphens."""
        login = logins.parse_login(field.data)
        if login is None:
            raise ValidationError(logins.MESSAGE)
        field.data = login

    @property
    def account(self) -> str:
        """The checked account name."""
        return self.new_login.data or ""
