"""The sign-in form."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length


class SignInForm(FlaskForm):  # type: ignore[misc]
    """Account name and password; ``next`` is the page to go back to."""

    login = StringField(
        "账号",
        validators=[InputRequired("请填写账号。"), Length(max=64, message="账号太长了。")],
    )
    password = PasswordField(
        "密码",
        validators=[InputRequired("请填写密码。"), Length(max=200, message="密码太长了。")],
    )
    next = HiddenField()
