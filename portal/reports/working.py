"""What the worker does for reports: takes one up, makes parts of it for a while, puts it back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from portal.errors import NotFound, PortalError, StoreUnavailable
from portal.reports import making, pages
from portal.services import report_runs, report_work
from portal.services.accounts import actor_of_account
from portal.services.jobs import LeaseLost
from portal.services.report_work import TakenRun

log = logging.getLogger(__name__)

STORE_PAUSE = timedelta(seconds=60)

OUT_OF_REACH = (
    "这份报表所写的组织或团员已不在您的管理范围内，没有生成。请在“统计报表”里另选组织后再生成。"
)


def work(seconds: float) -> bool:
    """Make reports that are due for about ``seconds``; whether there may be more."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        taken = report_work.take()
        if taken is None:
            return False
        _make(taken, lambda: time.monotonic() - began < seconds)
    return True


def _make(taken: TakenRun, has_time: Callable[[], bool]) -> None:
    """One turn of one report. Nothing it does ends the worker."""
    try:
        try:
            actor = actor_of_account(taken.account_id)
            if actor is None:
                report_work.fail(taken, "账号已停用，报表没有生成。")
            elif making.begin(taken, actor) and not pages.finish(taken, tell=True, go_on=has_time):
                report_work.put_back(taken)
        except LeaseLost:
            raise
        except StoreUnavailable as error:
            log.error("store away", extra={"report": taken.id, "reason": error.reason})
            report_work.put_back(taken, STORE_PAUSE)
        except NotFound:
            report_work.fail(taken, OUT_OF_REACH)
        except PortalError as error:
            report_work.fail(taken, error.message)
        except Exception:  # a job's edge
            log.exception("report failed", extra={"report": taken.id})
            report_work.fail(taken, "程序内部错误，报表没有生成。请稍后再试；管理员可查看日志。")
    except LeaseLost:  # cancelled, or somebody else has it: what was made is not kept
        report_runs.forget_cancelled(taken.id)
