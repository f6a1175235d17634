"""Sign-in, sign-out, and the first page."""

from __future__ import annotations

import hashlib

from flask import Blueprint, g, make_response, redirect, render_template, request, session, url_for
from flask_login import UserMixin, login_user, logout_user
from werkzeug.wrappers import Response

from portal.access import Action, Actor, Role
from portal.blueprints.auth.forms import SignInForm
from portal.blueprints.auth.resume import carried_fields, resume_page
from portal.blueprints.gate import NO_CSRF, public, requires
from portal.extensions import limiter, login_manager
from portal.services import accounts
from portal.web import current_actor

blueprint = Blueprint("auth", __name__)

HOME = {
    Role.APPLICANT: "/joining",
    Role.MEMBER: "/card",
    Role.BRANCH: "/home",
    Role.COMMITTEE: "/home",
    Role.DISTRICT: "/home",
}

REFUSED = 422
"""Only refused sign-ins count against the limits, so that many colleagues behind one address
can work; the windows overlap, which makes the delay grow without ever locking for good."""


class SignedIn(UserMixin):  # type: ignore[misc]
    """What Flask-Login holds: the session's token and the actor it names."""

    def __init__(self, token: str, actor: Actor) -> None:
        self.id = token
        self.actor = actor


@login_manager.user_loader  # type: ignore[untyped-decorator]
def _load(token: str) -> SignedIn | None:
    actor = accounts.actor_for(
        token, address=request.remote_addr or "", request_id=g.get("request_id", "")
    )
    return SignedIn(token, actor) if actor else None


def _account_and_address() -> str:
    return f"{_account()}|{request.remote_addr}"


def _account() -> str:
    """The account typed, as a hash: it can be an ID number or a phone, and limits are kept."""
    typed = request.form.get("login", "").strip().lower()
    return hashlib.sha256(typed.encode(errors="replace")).hexdigest()


def _was_refused(response: Response) -> bool:
    return response.status_code == REFUSED


@blueprint.route("/sign-in", methods=["GET", "POST"])
@limiter.limit(
    "5 per minute;15 per hour",
    key_func=_account_and_address,
    methods=["POST"],
    deduct_when=_was_refused,
)
@limiter.limit("60 per hour", key_func=_account, methods=["POST"], deduct_when=_was_refused)
@limiter.limit("30 per minute;200 per hour", methods=["POST"], deduct_when=_was_refused)
@public
def sign_in() -> Response:
    """Ask for account and password; begin the session."""
    if request.method == "GET":
        return sign_in_page(next_url=_own_address(request.args.get("next", "")))
    form = SignInForm(meta=NO_CSRF)
    next_url, carried = _own_address(form.next.data or ""), carried_fields()
    if not form.validate():
        return sign_in_page(form=form, next_url=next_url, pending=carried, status=REFUSED)
    try:
        token = accounts.sign_in(
            form.login.data or "",
            form.password.data or "",
            address=request.remote_addr or "",
            user_agent=request.user_agent.string,
            request_id=g.request_id,
        )
    except accounts.SignInRefused as error:
        return sign_in_page(
            form=form, next_url=next_url, pending=carried, error=error.message, status=REFUSED
        )
    _enter(token)
    if carried and next_url:
        return resume_page(next_url, carried)
    return redirect(next_url or url_for("auth.start"), 303)


def begin_session(login: str, password: str) -> None:
    """Sign in a person who has just set their password. Raises ``SignInRefused``."""
    _enter(
        accounts.sign_in(
            login,
            password,
            address=request.remote_addr or "",
            user_agent=request.user_agent.string,
            request_id=g.request_id,
        )
    )


def _enter(token: str) -> None:
    session.clear()  # a new session, a new form token
    login_user(_load(token))


def sign_in_page(
    *,
    form: SignInForm | None = None,
    next_url: str = "",
    notice: str | None = None,
    error: str | None = None,
    pending: list[tuple[str, str]] | None = None,
    status: int = 200,
) -> Response:
    """The sign-in page, with what has to be carried through it."""
    form = form or SignInForm(formdata=None, meta=NO_CSRF)
    form.next.data = next_url
    return make_response(
        render_template(
            "auth/sign_in.html", form=form, notice=notice, error=error, pending=pending or []
        ),
        status,
    )


@blueprint.post("/sign-out")
@requires(Action.SIGN_OUT)
def sign_out() -> Response:
    """End the session."""
    accounts.sign_out(current_actor())
    logout_user()
    session.clear()
    return redirect(url_for("auth.sign_in"), 303)


@blueprint.get("/")
@requires(Action.START)
def start() -> Response:
    """Send each role to its own first page."""
    return redirect(HOME[current_actor().role])


def _own_address(address: str) -> str:
    """``address`` if it is a path on this portal, else nothing: no way to send people elsewhere."""
    if address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable():
        return address
    return ""
