"""The queue (huey): SQLite by default, Redis at scale."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flask import Flask

from portal.services import readiness, sweep
from portal.services.pictures import draw_all
from portal.settings import Settings

if TYPE_CHECKING:
    from huey import Huey

log = logging.getLogger(__name__)


class Queue:
    """The tasks, and how services wake one by its name.

    huey is imported with the first use: it brings every store it knows along, Redis's too.
    """

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._tasks: dict[str, Any] = {}

    def wake(self, name: str, subject_id: int) -> None:
        """Have the worker do the task ``name``. Never fails: what was saved is saved."""
        try:
            _ = self.huey
            self._tasks[name](subject_id)
        except Exception:  # the queue's edge
            log.exception("task not queued", extra={"task": name, "subject_id": subject_id})

    @cached_property
    def huey(self) -> Huey:
        """The queue itself, with its tasks."""
        from huey import RedisHuey, SqliteHuey, crontab

        if self._settings.queue_url:
            queue = RedisHuey("portal", url=self._settings.queue_url)
        else:
            queue = SqliteHuey("portal", filename=str(self._settings.instance / "queue.db"))

        def draw_pictures(scan_id: int) -> None:
            with self._app.app_context():
                draw_all(scan_id)

        def beat() -> None:
            with self._app.app_context():
                readiness.beat()

        def clean_up() -> None:
            with self._app.app_context():
                sweep.sweep()

        queue.periodic_task(crontab(), name="beat")(beat)
        queue.periodic_task(crontab(hour="3", minute="17"), name="sweep")(clean_up)
        queue.on_startup("beat")(beat)
        draw = queue.task(retries=2, retry_delay=30, name="draw_pictures")(draw_pictures)
        self._tasks = {"draw_pictures": draw}
        return queue
