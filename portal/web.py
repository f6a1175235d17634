"""What all pages share: the request class, headers, template globals, page or partial."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import IO, Any, cast
from urllib.parse import SplitResult, urlsplit

from flask import Flask, g, make_response, render_template, request, send_file
from flask.sessions import SecureCookieSessionInterface
from flask.wrappers import Request
from flask_login import current_user
from itsdangerous import URLSafeTimedSerializer
from werkzeug.datastructures import MultiDict
from werkzeug.formparser import FormDataParser, MultiPartParser
from werkzeug.routing import IntegerConverter
from werkzeug.wrappers import Response

from portal import clock
from portal.access import Actor
from portal.errors import UnseenCharacter
from portal.menu import menu_for
from portal.rules.deadlines import format_month
from portal.rules.member_number import group_number
from portal.rules.progress import format_rate
from portal.rules.report_codes import group_code
from portal.rules.scan_refusals import format_size
from portal.rules.text import MOST_DIGITS
from portal.runtime import runtime
from portal.services.messages import unread_count
from portal.storage import Incoming

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; img-src 'self' data:"
)

SECURE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
"""On every answer of the application that does not say otherwise (SECURITY.md)."""

LARGE_REQUEST = 120 * 1024 * 1024
"""Bytes of a request with pictures, or with a scan that is to be compressed: above the 100 M that
may be, so that one too large gets its own sentence."""

READ_BYTES = 256 * 1024
"""How much of an upload is parsed at a time: 64 KiB, the default, takes a fifth longer, and from
2 MiB on the parser's buffer is what takes the time."""

LOOK_PAUSES = (2, 2, 3, 5, 8, 13, 20, *(30,) * 18)
"""Seconds between two questions of a page how far a look is: ten minutes, then it lets be."""


class RowId(IntegerConverter):
    """An id in an address: of more digits than a row can have, it is no address of ours."""

    regex = rf"\d{{1,{MOST_DIGITS}}}"


class LargeSteps(FormDataParser):
    """Werkzeug's parser with a multipart parser that takes larger steps."""

    def _parse_multipart(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str],
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, Any]]:
        parser = MultiPartParser(
            stream_factory=self.stream_factory,
            max_form_memory_size=self.max_form_memory_size,
            max_form_parts=self.max_form_parts,
            cls=self.cls,
            buffer_size=READ_BYTES,
        )
        boundary = options.get("boundary", "").encode("ascii")
        if not boundary:
            raise ValueError("Missing boundary")
        return stream, *parser.parse(stream, boundary, content_length)


class PortalRequest(Request):
    """A request whose one uploaded file can be received straight into the store."""

    form_data_parser_class = LargeSteps
    _gather: Callable[[], Incoming | None] | None = None

    def receive_file(self, incoming: Incoming) -> None:
        """Parse the multipart body; the bytes of its file go into ``incoming``, hashed on the way.

        Without this a posted file is held to nothing: the parser's own temporary file.
        """
        files = iter((incoming,))  # the first one; there is no second one in such a form
        self._gather = lambda: next(files, None)
        self._load_form_data()

    def receive_files(self, gather: Callable[[], Incoming]) -> list[tuple[str, Incoming]]:
        """Parse the multipart body, each file into one that ``gather`` gives; names and files."""
        self._gather = gather
        self._load_form_data()
        found = [one for field in self.files.listvalues() for one in field]
        # A field in which nothing was chosen is sent too, without a name.
        return [(one.filename, cast(Incoming, one.stream)) for one in found if one.filename]

    def _load_form_data(self) -> None:
        """Parse the body, and refuse a NUL in any of its texts before anybody uses one."""
        if "form" in self.__dict__:
            return
        super()._load_form_data()
        texts = (text for pair in self.form.items(multi=True) for text in pair)
        if any("\0" in text for text in texts):
            raise UnseenCharacter

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        incoming = self._gather() if self._gather is not None else None
        if incoming is not None:
            return incoming  # type: ignore[return-value]
        return super()._get_file_stream(
            total_content_length, content_type, filename, content_length
        )


class PortalSessions(SecureCookieSessionInterface):
    """Flask's own, which would put its signer together anew twice in every request."""

    @lru_cache(maxsize=4)  # noqa: B019 (there is one, for as long as the process)
    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """What signs the cookie of an application's sessions."""
        return super().get_signing_serializer(app)


def current_actor() -> Actor:
    """The person who makes this request; only for routes behind the gate."""
    actor: Actor = current_user.actor
    return actor


def parts_of(address: str) -> SplitResult:
    """The parts of an address that a header names; empty ones for what is no address at all."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def is_partial() -> bool:
    """Whether htmx asks for a part of the page. A page restored from history is asked for whole."""
    headers = request.headers
    return "HX-Request" in headers and "HX-History-Restore-Request" not in headers


def page_or_partial(page: str, partial: str, **context: Any) -> Response:
    """Render the page, or for htmx just its part."""
    return make_response(render_template(partial if is_partial() else page, **context))


def send_kept(
    file: IO[bytes],
    *,
    mimetype: str,
    name: str,
    size: int,
    etag: str,
    as_attachment: bool = False,
    policy: str = CONTENT_SECURITY_POLICY,
) -> Response:
    """A kept file of ``size`` bytes; a browser asks anew each time whether it may have it.

    Ranges work: a viewer gets the pages it shows, and what a bad line cut off goes on.
    """
    response = send_file(
        file, mimetype=mimetype, as_attachment=as_attachment, download_name=name, etag=etag
    )
    # send_file knows no size of a file that S3 holds, and without one it serves no ranges.
    response.content_length = size
    response.make_conditional(request.environ, accept_ranges=True, complete_length=size)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = policy
    return response


def asked_turn() -> int:
    """How often a page has asked how far a look is, as it says itself (``turn``)."""
    return min(max(request.args.get("turn", 0, type=int), 0), len(LOOK_PAUSES))


def look_pause(turn: int) -> int | None:
    """Seconds until a page that has asked ``turn`` times asks again; None: it lets be."""
    return LOOK_PAUSES[turn] if turn < len(LOOK_PAUSES) else None


def refuse_nul(app: Flask) -> None:
    """A NUL in a query is refused before any view; in a form when it is read."""

    @app.before_request
    def _refuse() -> None:
        query = request.query_string
        if b"%00" in query or b"\0" in query:
            raise UnseenCharacter


def secure_headers(app: Flask) -> None:
    """The headers of SECURITY.md on every answer of the application."""

    @app.after_request
    def _add(response: Response) -> Response:
        for name, value in SECURE_HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.add("Vary", "HX-Request")
        return response


def template_globals(app: Flask) -> None:
    """Filters and globals that templates may use."""
    filters: dict[str, Callable[..., str]] = {
        "size": format_size,
        "percent": format_rate,
        "number": group_number,
        "day": clock.format_day,
        "moment": clock.format_moment,
        "second": clock.format_second,
        "clock": clock.format_clock,
        "date": lambda moment: clock.day_of(moment).isoformat(),
        "month": format_month,
        "report_code": group_code,
    }
    app.jinja_env.filters.update(filters)
    app.jinja_env.globals["look_pause"] = look_pause

    @app.context_processor
    def _globals() -> dict[str, Any]:
        actor = getattr(current_user, "actor", None)
        return {
            "actor": actor,
            "menu": menu_for(actor, request.path) if actor else (),
            "today": clock.today(),
            "password_min_length": runtime().settings.password_min_length,
            "request_id": g.get("request_id", ""),
        }

    @app.template_global()
    def unread_messages() -> int:
        """How many messages the person has not read; asked by whole pages only."""
        return unread_count(current_actor())

    @app.template_global()
    def asset(name: str) -> str:
        """The address of a static file, with the hash of its content."""
        hashed: str = app.extensions["portal.statics"].get(name, name)
        return f"{app.static_url_path}/{hashed}"  # url_for takes 20 times as long
