"""The worker process: takes tasks from the queue. ``python -m portal.worker``."""

from __future__ import annotations

from portal.application import create_app
from portal.logs import configure_logging
from portal.settings import settings_or_exit


def main() -> None:
    """Work until SIGTERM or SIGINT."""
    settings = settings_or_exit()
    configure_logging(settings.log_level)
    app = create_app(settings)
    consumer = app.extensions["portal.queue"].create_consumer(workers=1, worker_type="thread")
    consumer.run()


if __name__ == "__main__":
    main()
