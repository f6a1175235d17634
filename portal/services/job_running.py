"""What the worker does: takes jobs up one after the other and does each under its limits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import select

from portal.errors import PortalError, StoreUnavailable
from portal.extensions import db
from portal.forking.client import ChildLost
from portal.models import JobKind, Scan, ScanState
from portal.rules.scan_findings import Look
from portal.runtime import runtime
from portal.services import jobs, looks, pictures, readiness
from portal.services.jobs import LeaseLost, Taken
from portal.services.transaction import writing

log = logging.getLogger(__name__)

DRAW_SECONDS = 20.0
"""So long a form's pages are drawn in one go; then it waits behind the other jobs."""

STORE_PAUSE = timedelta(seconds=60)
"""A job whose file can't be had now is no failure: it waits so long."""

SAME_FILE_PAUSE = timedelta(seconds=3)
"""Another worker is looking at the same file for another form: what it sees will do."""

TELL_SECONDS = 1.0
"""How often a job's progress is written down."""


def work(seconds: float) -> bool:
    """Do jobs that are due for about ``seconds``; whether there may be more.

    The heartbeat goes on beside them, since nothing else of this thread runs meanwhile.
    """
    began = beaten = time.monotonic()
    while (job := jobs.take()) is not None:
        _do(job)
        now = time.monotonic()
        if now - beaten > readiness.BEAT_SECONDS:
            readiness.beat()
            beaten = now
        if now - began > seconds:
            return True
    return False


def _do(job: Taken) -> None:
    """One job, to its end: done, put back, failed with words. Nothing it does ends the worker."""
    with suppress(LeaseLost):  # whoever has it now does it again; what this one did is not kept
        try:
            scan = _current(job.scan_id)
            if scan is None:
                jobs.give_up(job, "这份文件已被替换或删除，不需要处理。")
            else:
                _WORK[job.kind](job, scan)
        except LeaseLost:
            raise
        except ChildLost as lost:
            jobs.fail(job, _words_of(lost))
        except StoreUnavailable as error:
            log.error("store away", extra={"job": job.id, "reason": error.reason})
            jobs.put_back(job, "存储暂时不可用，稍后再试。", STORE_PAUSE)
        except PortalError as error:  # the file is not there, a page can't be drawn
            jobs.fail(job, error.message)
        except Exception:  # a job's edge
            log.exception("job failed", extra={"job": job.id, "kind": job.kind})
            jobs.fail(job, "程序内部错误，详见日志。")


def _current(scan_id: int) -> Scan | None:
    """The scan, if it is a member's current one; no transaction stays open."""
    scan = db.session.scalar(
        select(Scan).where(Scan.id == scan_id, Scan.state == ScanState.CURRENT)
    )
    if scan is not None:
        db.session.expunge(scan)
    db.session.rollback()
    return scan


def _look(job: Taken, scan: Scan) -> None:
    """Look at the file, unless today's checks did: at the same bytes nobody looks twice."""
    found: Look | None = None
    began = time.monotonic()
    if not looks.is_fresh(scan.sha256):
        if looks.is_under_way(scan.sha256, job.id):
            jobs.put_back(job, None, SAME_FILE_PAUSE)
            return
        db.session.rollback()
        with runtime().store.local_copy(scan.storage_key) as path:
            found = runtime().looker.look(path, runtime().settings.form_pages)
    with writing():
        jobs.finish(job)
        if found is not None:
            looks.keep(scan.sha256, found, round((time.monotonic() - began) * 1000))


def _draw(job: Taken, scan: Scan) -> None:
    """Draw the pages that are not drawn yet, in turns."""
    began = told = time.monotonic()

    def after_page(page: int) -> bool:
        nonlocal told
        now = time.monotonic()
        if now - told > TELL_SECONDS:
            jobs.go_on(job, page * 100 // scan.pages)
            told = now
        return now - began < DRAW_SECONDS

    if not pictures.draw_pages(scan, after_page):
        jobs.put_back(job, None)
        return
    with writing():
        jobs.finish(job)


def _words_of(lost: ChildLost) -> str:
    if lost.overtime:
        return f"检查用时超过 {runtime().settings.look_seconds} 秒，已停止。"
    return "检查时内存超出限制，或文件让检查程序退出了。"


_WORK: Mapping[JobKind, Callable[[Taken, Scan], None]] = {
    JobKind.LOOK: _look,
    JobKind.DRAW: _draw,
}
