"""What whoever scans a 身份码 sees. Open to everybody: who stands at a door may have no account.

The address holds the code, so nothing of it may be kept: not in a log (``portal/logs.py`` writes
the route), a cache, a search engine, or the Referer of what is opened from here.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import current_app, redirect, request, session
from flask_wtf.csrf import generate_csrf
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from portal import clock
from portal.blueprints.gate import public
from portal.blueprints.identity.showing import blueprint
from portal.extensions import limiter
from portal.runtime import runtime
from portal.services import identity_answers
from portal.services.identity_answers import Answer, AnswerKind, Scanned, scanned

_STATUS = {AnswerKind.UNREADABLE: 404, AnswerKind.EXPIRED: 410, AnswerKind.USED: 410}
_ANSWERED = frozenset({AnswerKind.CERTIFIED, AnswerKind.NOT_CERTIFIED})
"""The answers that tell of a member: they are noted for them to see."""

_NO_TRACES: Mapping[str, str] = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
"""``Cache-Control: no-store`` is every page's."""

_BROWSER = "scans"
"""In the cookie of a browser that used up a single-use code: a random value, for this alone."""


@blueprint.get("/c/<token>")
@public
def answer(token: str) -> Response:
    """The answer as of now. Asking changes nothing: who fetches addresses ahead uses up no code."""
    found = scanned(token)
    if found is None:
        return _unreadable()
    said = identity_answers.answer(found, _browser() if found.code.single_use else None)
    if request.method == "GET":
        _note(found, said)
    return _page(said)


@blueprint.post("/c/<token>")
@public
def use(token: str) -> Response:
    """Use up a single-use code; its answer is then this browser's alone."""
    found = scanned(token)
    if found is None:
        return _unreadable()
    if found.code.single_use:
        identity_answers.use_up(found, _new_browser())
    return _without_traces(redirect(request.path, 303))


def _browser() -> bytes | None:
    known = session.get(_BROWSER)
    return hashlib.sha256(known.encode()).digest() if isinstance(known, str) else None


def _new_browser() -> bytes:
    known = session.get(_BROWSER)
    if not isinstance(known, str):
        known = session[_BROWSER] = secrets.token_hex(16)
    return hashlib.sha256(known.encode()).digest()


def _unreadable() -> Response:
    """Only codes that nobody made count against the limit, and only they are slowed down: a true
    one is answered from the same address, and none is found by guessing, with 128 bits in each."""
    try:
        _count_guess()
    except TooManyRequests:
        return _page(identity_answers.answer(None), too_many=True)
    return _page(identity_answers.answer(None))


@limiter.limit("30 per minute;300 per hour")
def _count_guess() -> None:
    """One more code that can't be read, from this address."""


def _note(found: Scanned, said: Answer) -> None:
    """Have the member see that their code was answered; of single use the row itself tells it."""
    if said.kind in _ANSWERED and not said.single_use:
        current_app.extensions["portal.notes"].add(found.hash, found.code.member_id, said.at)


def _page(said: Answer, *, too_many: bool = False) -> Response:
    """Rendered without what the heads of other pages need: that takes longer than the rest."""
    public_url = runtime().settings.public_url
    shown = current_app.jinja_env.get_template("identity/answer.html").render(
        said=said,
        time=clock.format_clock(said.at),
        kinds=AnswerKind,
        too_many=too_many,
        host=urlsplit(public_url).netloc if public_url else request.host,
        csrf_token=generate_csrf if said.kind is AnswerKind.ASKS else None,
    )
    status = 429 if too_many else _STATUS.get(said.kind, 200)
    return _without_traces(Response(shown, status, mimetype="text/html"))


def _without_traces(response: Response) -> Response:
    response.headers.update(_NO_TRACES)
    return response
