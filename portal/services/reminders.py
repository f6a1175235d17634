"""Reminders of forms that fall due: one message a branch and day, however often or late it ran."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.models import Heartbeat, Member, MessageKind
from portal.rules.deadlines import SOON_DAYS
from portal.services import messages, readiness
from portal.services.messages import Letter
from portal.services.owed_forms import owed_lines
from portal.services.progress import WITHOUT_FORM
from portal.services.transaction import reading, writing

log = logging.getLogger(__name__)

REMINDED = "reminders"
"""The sign of life that says on which day was reminded last."""

FROM_HOUR = 7
"""Of the day in Beijing: nobody is reminded in the night."""

DAYS_BEFORE = (SOON_DAYS, 3, 0, -1)
"""Days left on which a branch is reminded; -1 is the first day past the due date."""

CHUNK = 200
"""Branches a transaction."""


def remind_if_due() -> bool:
    """Remind of today's due dates, unless it is done; True if it was done now.

    After a standstill also of what fell due meanwhile: each member once a step, the branch once.
    """
    today, last = clock.today(), _last_day()
    if clock.now().astimezone(clock.BEIJING).hour < FROM_HOUR or (last and last >= today):
        return False
    sent = remind(since=last or today - timedelta(days=1), today=today)
    readiness.beat(REMINDED)
    log.info("reminded", extra={"branches": sent})
    return True


def remind(*, since: date, today: date) -> int:
    """Tell each branch whose forms came to a step of ``DAYS_BEFORE`` after ``since``; how many."""
    rows = list(
        reading().execute(
            select(Member.branch_id, Member.name, Member.due_date)
            .where(
                WITHOUT_FORM,
                Member.due_date > since + timedelta(days=min(DAYS_BEFORE)),
                Member.due_date <= today + timedelta(days=max(DAYS_BEFORE)),
            )
            .order_by(Member.branch_id, Member.due_date, Member.pinyin, Member.id)
        )
    )
    reached = [row for row in rows if _reached(row.due_date, since, today)]
    branches = [(key, list(group)) for key, group in groupby(reached, lambda row: row.branch_id)]
    sent = 0
    for start in range(0, len(branches), CHUNK):
        with writing():
            for branch_id, members in branches[start : start + CHUNK]:
                sent += messages.send_to_organisation(
                    branch_id, _letter(members, today), once=f"due {branch_id} {today}"
                )
    return sent


def _reached(due: date, since: date, today: date) -> bool:
    return any(since < due - timedelta(days=days) <= today for days in DAYS_BEFORE)


def _letter(members: list[Any], today: date) -> Letter:
    return Letter(
        MessageKind.REMINDER,
        _subject(members, today),
        "以下团员的《入团志愿书》还没有上传，请扫描成 PDF 后在“我的团员”里上传：\n"
        + owed_lines(members, today),
        "/members/?filter=missing",
    )


def _subject(members: Iterable[Any], today: date) -> str:
    left = [(row.due_date - today).days for row in members]
    late = sum(days < 0 for days in left)
    parts = [f"{len(left) - late} 名快到期"] if late < len(left) else []
    parts += [f"{late} 名已逾期"] if late else []
    return "入团志愿书待上传：" + "，".join(parts)


def _last_day() -> date | None:
    last = reading().execute(select(Heartbeat.at).where(Heartbeat.name == REMINDED)).scalar()
    return clock.day_of(last) if last else None
