"""The server process: waitress with the portal. ``python -m portal.serve --port 8000``."""

from __future__ import annotations

import argparse
import threading

from flask import Flask
from waitress import serve

from portal.application import MIB, create_app
from portal.logs import configure_logging
from portal.rules.pinyin import initials
from portal.services import tree_sheet
from portal.services.accounts import hash_of_nobody
from portal.settings import Settings, settings_or_exit
from portal.web import LARGE_REQUEST

START_SECONDS = 2
"""So long a start has the processor to itself."""


def main() -> None:
    """Parse and serve."""
    parser = argparse.ArgumentParser(description="Serve the portal.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    asked = parser.parse_args()
    run(settings_or_exit(), asked.host, asked.port)


def run(settings: Settings, host: str, port: int) -> None:
    """Serve in this process until SIGTERM or SIGINT."""
    configure_logging(settings.log_level)
    app = create_app(settings)
    app.extensions["portal"].sandbox.warm_up()
    notes = app.extensions["portal.notes"]
    notes.begin(app)
    _load_soon(app)
    serve(
        app,
        host=host,
        port=port,
        threads=settings.threads,
        # A little above the application's own limits, so that its 413 page is the answer.
        max_request_body_size=max(2 * settings.max_request_mib * MIB, LARGE_REQUEST + MIB),
        # Uploads over a slow line go quiet for long; waitress drops a silent one after this.
        channel_timeout=300,
        connection_limit=500,
        ident=None,
        # 8 KiB at a time, the default, is a third of the time that a scan of 15 MB takes.
        recv_bytes=256 * 1024,
    )
    notes.end()


def _load_soon(app: Flask) -> None:
    """Load what waits for its first use while the first person types their password."""

    def load() -> None:
        with app.app_context():
            hash_of_nobody()
        initials("京")
        app.extensions["portal.queue"].huey  # noqa: B018 (made with its first use)
        tree_sheet.template()

    later = threading.Timer(START_SECONDS, load)
    later.daemon = True
    later.start()


if __name__ == "__main__":
    main()
