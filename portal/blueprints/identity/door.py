"""The plain answer to a good 身份码, given before Flask would: a door is waiting for it.

What Flask does around a view (session, limits, hooks, blueprints) takes longer than the answer, and
nothing of it is needed for one: nobody is signed in, and a code that was made here is no guess.
Everything else, from a forged code to a busy database, goes on to ``answering``.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from portal.blueprints.identity.page import ANSWERED, NO_TRACES, note, page_of
from portal.logs import log_request
from portal.services import identity_answers
from portal.services.identity_answers import scanned
from portal.web import SECURE_HEADERS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/c/"
ROUTE = "/c/<token>"
_HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    *(SECURE_HEADERS | dict(NO_TRACES)).items(),
]


class Door:
    """Stands before the application; ``wsgi_app`` is what answers everything else."""

    def __init__(self, app: Flask, wsgi_app: WSGIApplication) -> None:
        self._app = app
        self._wsgi_app = wsgi_app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or pass on."""
        path = environ["PATH_INFO"]
        if path.startswith(PREFIX) and environ["REQUEST_METHOD"] == "GET":
            began = time.perf_counter()
            page = self._page(path[len(PREFIX) :], environ.get("HTTP_HOST", ""))
            if page is not None:
                request_id = secrets.token_hex(4)
                log_request("GET", ROUTE, 200, began, request_id)
                body = page.encode()
                headers = [("Content-Length", str(len(body))), ("X-Request-Id", request_id)]
                start_response("200 OK", _HEADERS + headers)
                return [body]
        return self._wsgi_app(environ, start_response)

    def _page(self, token: str, host: str) -> str | None:
        with self._app.app_context():
            found = scanned(token)
            if found is None or found.code.single_use:
                return None
            try:
                said = identity_answers.answer(found)
            except SQLAlchemyError:
                return None
            if said.kind not in ANSWERED:
                return None
            note(self._app, found, said)
            return page_of(self._app, said, host)
