"""团员注册, and the privacy notice that goes with it."""

from __future__ import annotations

import hmac
import random
import secrets

from flask import make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from portal.blueprints.auth.views import begin_session
from portal.blueprints.gate import NO_CSRF, public
from portal.blueprints.joining.forms import RegistrationForm
from portal.blueprints.joining.views import blueprint
from portal.extensions import limiter
from portal.rules.small_sum import SmallSum, normalise_answer
from portal.runtime import runtime
from portal.services import registration
from portal.services.registration import NOTICE_VERSION, AlreadyRegistered, TooYoungToConsent

FREE_TRIES = 2
"""So many tries without the sum: whoever fills in the form once or twice never meets it."""

WRONG_SUM = "算得不对，请再算一次。"
_tries = "registering-tries"
_answer = "registering-answer"


@blueprint.route("/register", methods=["GET", "POST"])
@limiter.limit("20 per minute;300 per hour", methods=["POST"])
@public
def register() -> Response:
    """团员注册: name, ID number, phone, password; signed in at once, on to the application."""
    if request.method == "GET":
        return _page(RegistrationForm(formdata=None, meta=NO_CSRF))
    form = RegistrationForm(meta=NO_CSRF)
    password = form.password.data or ""
    tries = session.get(_tries, 0)
    session[_tries] = tries + 1
    good = form.validate()
    if tries >= FREE_TRIES and not _sum_is_right(form.sum.data or ""):
        form.sum.errors = [WRONG_SUM]
        good = False
    if not good:
        return _page(form, status=422)
    try:
        login = registration.register(form.person, password, address=request.remote_addr or "")
    except (AlreadyRegistered, TooYoungToConsent) as error:
        return _page(form, error=error.message, status=422)
    begin_session(login, password)
    session["registered"] = login
    return redirect(url_for("joining.state"), 303)


def expired_page() -> Response:
    """The form again with what was typed: its token was of a session that ended since."""
    form = RegistrationForm(meta=NO_CSRF)
    return _page(form, error="页面打开太久，还没有注册。请再输入密码后重新提交。", status=400)


@blueprint.get("/privacy")
@public
def privacy() -> Response:
    """个人信息处理告知, in plain words."""
    return make_response(render_template("joining/privacy.html", version=NOTICE_VERSION))


def _page(form: RegistrationForm, *, error: str | None = None, status: int = 200) -> Response:
    question = None
    if session.get(_tries, 0) >= FREE_TRIES:
        drawn = SmallSum.draw(random.SystemRandom())
        nonce = secrets.token_hex(8)
        session[_answer] = [nonce, _keyed(nonce, drawn.answer)]
        question = drawn.question
        form.sum.data = ""
    return make_response(
        render_template("joining/register.html", form=form, error=error, question=question), status
    )


def _sum_is_right(typed: str) -> bool:
    """Whether the sum is right; each is asked once."""
    nonce, keyed = session.pop(_answer, ["", ""])
    return hmac.compare_digest(_keyed(nonce, normalise_answer(typed)), keyed)


def _keyed(nonce: str, answer: str) -> str:
    """The session's cookie can be read by its owner, so the answer lies in it as a keyed hash."""
    return runtime().vault.index("sum", f"{nonce}:{answer}").hex()
