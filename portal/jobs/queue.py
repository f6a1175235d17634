"""The queue (huey) that wakes the worker: SQLite by default, Redis at scale.

It holds no work: which jobs there are stands in the table ``job``. A queue that was lost costs the
jobs a minute, until the next beat.
"""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flask import Flask

from portal import clock
from portal.reports import working
from portal.services import (
    job_running,
    jobs,
    mail,
    progress_days,
    readiness,
    record_seals,
    reminders,
    report_work,
    sweep,
    transfer_expiry,
)
from portal.settings import Settings

if TYPE_CHECKING:
    from huey import Huey

log = logging.getLogger(__name__)

WORK = "work"

TURN_SECONDS = 20.0
"""So long a thread does jobs; then whatever else is queued has its turn: the beat, the sweep."""


class Queue:
    """Wakes the worker, and what the worker does when it wakes.

    huey is imported with the first use: it brings every store it knows along, Redis's too.
    """

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._task: Any = None

    def wake(self) -> None:
        """Have the worker look for jobs. Never fails: what was saved is saved.

        A call that still waits in the queue will see what was committed before this one; as many
        as the worker has threads are enough.
        """
        try:
            queued = self.huey.pending()
            waiting = sum(one.name == WORK and one.eta is None for one in queued)
            if waiting < self._settings.worker_threads:
                self._task()
        except Exception:  # the queue's edge
            log.exception("worker not woken")

    @cached_property
    def huey(self) -> Huey:
        """The queue itself, with its tasks."""
        from huey import RedisHuey, SqliteHuey, crontab

        if self._settings.queue_url:
            queue = RedisHuey("portal", url=self._settings.queue_url)
        else:
            queue = SqliteHuey("portal", filename=str(self._settings.instance / "queue.db"))

        def beat() -> None:
            with self._app.app_context():
                readiness.beat()
            self._work()

        def clean_up() -> None:
            with self._app.app_context():
                sweep.sweep()

        def daily() -> None:
            with self._app.app_context():
                progress_days.keep_if_due()
                reminders.remind_if_due()
                transfer_expiry.expire_due()
                transfer_expiry.remind_if_due()
                record_seals.seal_if_due()

        def post() -> None:
            with self._app.app_context():
                mail.send_due()

        self._task = queue.task(name=WORK)(self._work)
        queue.periodic_task(crontab(), name="beat")(beat)
        queue.periodic_task(crontab(), name="mail")(post)
        queue.periodic_task(crontab(hour="3", minute="17"), name="sweep")(clean_up)
        queue.periodic_task(crontab(minute="*/5"), name="daily")(daily)
        queue.on_startup("beat")(beat)
        return queue

    def _work(self) -> None:
        """A turn of jobs; sees to the next one before a minute has passed, when one is needed."""
        with self._app.app_context():
            more = job_running.work(TURN_SECONDS)
            more = working.work(TURN_SECONDS) or more
            due = min(filter(None, (jobs.next_due(), report_work.next_due())), default=None)
        if more:
            self.wake()
        elif due is not None and not self.huey.scheduled_count():
            pause = (due - clock.now()).total_seconds()
            if pause < readiness.BEAT_SECONDS:
                self._task.schedule(delay=max(1.0, pause))
