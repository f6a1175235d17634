"""The worker process: does the jobs, beats, sweeps. ``python -m portal.worker``."""

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
    consumer = app.extensions["portal.queue"].huey.create_consumer(
        workers=settings.worker_threads,
        worker_type="thread",
        max_delay=1.0,  # of seconds between two looks into an empty queue
    )
    consumer.run()


if __name__ == "__main__":
    main()
