"""What whoever scans a 身份码 sees. Open to everybody: who stands at a door may have no account.

The address holds the code, so nothing of it may be kept: not in a log (``portal/logs.py`` writes
the route), a cache, a search engine, or the Referer of what is opened from here. The plain answer
is given by ``door`` already, with the same page.
"""

from __future__ import annotations

import hashlib
import secrets

from flask import current_app, redirect, request, session
from flask_wtf.csrf import generate_csrf
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from portal.blueprints.gate import public
from portal.blueprints.identity.page import NO_TRACES, note, page_of
from portal.blueprints.identity.showing import blueprint
from portal.extensions import limiter
from portal.services import identity_answers
from portal.services.identity_answers import Answer, AnswerKind, scanned

_STATUS = {AnswerKind.UNREADABLE: 404, AnswerKind.EXPIRED: 410, AnswerKind.USED: 410}
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
        note(current_app, found, said)
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


def _page(said: Answer, *, too_many: bool = False) -> Response:
    token = generate_csrf if said.kind is AnswerKind.ASKS else None
    shown = page_of(current_app, said, request.host, too_many=too_many, csrf_token=token)
    status = 429 if too_many else _STATUS.get(said.kind, 200)
    return _without_traces(Response(shown, status, mimetype="text/html"))


def _without_traces(response: Response) -> Response:
    response.headers.update(NO_TRACES)
    return response
