"""The queue (huey): SQLite by default, Redis at scale."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Flask
from huey import Huey, RedisHuey, SqliteHuey, crontab

from portal.services import readiness, sweep
from portal.services.pictures import draw_all
from portal.settings import Settings

log = logging.getLogger(__name__)


def make_queue(app: Flask, settings: Settings) -> tuple[Huey, Callable[[str, int], None]]:
    """The queue with its tasks, and the function that services wake a task with, by its name."""
    if settings.queue_url:
        queue = RedisHuey("portal", url=settings.queue_url)
    else:
        queue = SqliteHuey("portal", filename=str(settings.instance / "queue.db"))

    def draw_pictures(scan_id: int) -> None:
        with app.app_context():
            draw_all(scan_id)

    def beat() -> None:
        with app.app_context():
            readiness.beat()

    def clean_up() -> None:
        with app.app_context():
            sweep.sweep()

    queue.periodic_task(crontab(), name="beat")(beat)
    queue.periodic_task(crontab(hour="3", minute="17"), name="sweep")(clean_up)
    queue.on_startup("beat")(beat)
    tasks = {
        "draw_pictures": queue.task(retries=2, retry_delay=30, name="draw_pictures")(draw_pictures)
    }

    def wake(name: str, subject_id: int) -> None:
        try:
            tasks[name](subject_id)
        except Exception:  # the queue's edge: what was saved is saved, whatever the queue says
            log.exception("task not queued", extra={"task": name, "subject_id": subject_id})

    return queue, wake
