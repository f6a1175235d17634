"""The worker process: takes tasks from the queue. ``python -m portal.worker``."""

from __future__ import annotations

from portal.application import create_app
from portal.logs import configure_logging
from portal.settings import Settings, settings_or_exit


def main() -> None:
    """Work with the settings of the environment."""
    run(settings_or_exit())


def run(settings: Settings) -> None:
    """Work in this process until SIGTERM or SIGINT."""
    configure_logging(settings.log_level)
    app = create_app(settings)
    consumer = app.extensions["portal.queue"].huey.create_consumer(workers=1, worker_type="thread")
    consumer.run()


if __name__ == "__main__":
    main()
