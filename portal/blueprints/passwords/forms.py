"""A new password, typed twice; what it may be is the service's question."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length


class NewPasswordForm(FlaskForm):  # type: ignore[misc]
    """The two fields that the macro ``new_password`` draws."""

    password = PasswordField("新密码", validators=[InputRequired("请填写新密码。")])
    again = PasswordField(
        "再输一次",
        validators=[
            InputRequired("请再输一次新密码。"),
            EqualTo("password", "两次输入的不一样。请重新输入。"),
        ],
    )


class CodeForm(NewPasswordForm):
    """账号, 一次性码, and the new password."""

    login = StringField(
        "账号", validators=[InputRequired("请填写账号。"), Length(max=64, message="账号太长了。")]
    )
    code = StringField(
        "一次性码",
        validators=[
            InputRequired("请填写一次性码，在发给您的纸条上。"),
            Length(max=64, message="一次性码太长了，共 12 位。"),
        ],
    )
