"""设置密码 with a one-time code; how strong a password is while it is typed."""

from __future__ import annotations

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from flask import Response as FlaskResponse
from flask_limiter import RequestLimit
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.blueprints.gate import NO_CSRF, public
from portal.blueprints.passwords.forms import CodeForm
from portal.blueprints.passwords.guessing import count_guess, slow_guessing
from portal.extensions import limiter
from portal.rules.passwords import MAX_LENGTH
from portal.services.codes import CodeRefused, redeem
from portal.services.passwords import PasswordRefused, rate

blueprint = Blueprint("passwords", __name__, url_prefix="/password")


@blueprint.route("/code", methods=["GET", "POST"])
@slow_guessing
@public
def with_code() -> Response:
    """设置密码: account, one-time code, and the new password twice."""
    form = CodeForm(meta=NO_CSRF)
    if request.method == "GET":
        return make_response(render_template("passwords/code.html", form=form))
    error = None
    if form.validate():
        try:
            redeem(
                form.login.data or "",
                form.code.data or "",
                form.password.data or "",
                address=request.remote_addr or "",
                request_id=g.request_id,
            )
        except PasswordRefused as refused:
            form.password.errors = [refused.message]
        except CodeRefused as refused:
            count_guess()
            error = refused.message
        else:
            flash("密码已设置。请用新密码登录。", "good")
            return redirect(url_for("auth.sign_in"), 303)
    return make_response(render_template("passwords/code.html", form=form, error=error), 422)


def _too_fast(_limit: RequestLimit) -> FlaskResponse:
    return FlaskResponse(status=204)  # the meter stays as it is; nobody needs a message for it


@blueprint.post("/strength")
@limiter.limit("120 per minute", on_breach=_too_fast)
@public
def strength() -> Response:
    """The meter under a password being typed. Nothing of it is kept or logged."""
    text = request.form.get("password", "")[: MAX_LENGTH + 1]
    personal = {request.form.get(name, "")[:50] for name in ("login", "name")}
    if current_user.is_authenticated:
        personal |= {current_user.actor.login, current_user.actor.person_name}
    rated, fault = rate(text, personal)
    return make_response(
        render_template("passwords/_strength.html", text=text, strength=rated, fault=fault)
    )
