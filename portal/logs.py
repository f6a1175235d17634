"""Structured logs: one JSON line an event, with the id of the request, without personal data.

A request is logged by its route (``/members/<int:member_id>``) and not by its address, because a
search text or a page's key can hold a name.
"""

from __future__ import annotations

import logging
import secrets
import time
from typing import Any

from flask import Flask, g, has_request_context, request
from pythonjsonlogger.json import JsonFormatter
from werkzeug.wrappers import Response

log = logging.getLogger("portal")


class RequestId(logging.Filter):
    """Puts the running request's id into each line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record pass."""
        if not hasattr(record, "request_id"):
            record.request_id = g.get("request_id", "") if has_request_context() else ""
        return True


class LoggedByRoute(Flask):
    """Flask, which would name the address of a request that failed: it may hold a code."""

    def log_exception(self, exc_info: Any) -> None:
        """Log an exception that nothing handled, as the page's 500 tells of it."""
        route = request.url_rule.rule if request.url_rule else None
        self.logger.error("exception on %s [%s]", route, request.method, exc_info=exc_info)


def configure_logging(level: str) -> None:
    """Send every log line of this process to stderr as JSON."""
    output = logging.StreamHandler()
    output.setFormatter(
        JsonFormatter(
            "{asctime}{levelname}{name}{message}{request_id}",
            style="{",
            rename_fields={"asctime": "at", "levelname": "level"},
            json_ensure_ascii=False,
        )
    )
    output.addFilter(RequestId())
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level)
    # Waitress warns for every request that waits a moment for a thread: that's its work.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # Alembic names each of its plugins when it is loaded, which a command's output need not.
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)


def init_app(app: Flask) -> None:
    """Give each request an id and log how it went."""

    @app.before_request
    def _begin() -> None:
        g.request_id = secrets.token_hex(4)
        g.began = time.perf_counter()

    @app.after_request
    def _end(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        route = request.url_rule.rule if request.url_rule else None
        log_request(request.method, route, response.status_code, g.began, g.request_id)
        return response


def log_request(method: str, route: str | None, status: int, began: float, request_id: str) -> None:
    """One request, by its route; ``began`` by ``time.perf_counter``."""
    if log.isEnabledFor(logging.INFO):
        log.info(
            "request",
            extra={
                "method": method,
                "route": route,
                "status": status,
                "ms": round((time.perf_counter() - began) * 1000, 1),
                "request_id": request_id,
            },
        )
