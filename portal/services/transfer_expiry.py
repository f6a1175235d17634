"""Transfers that end by their time, and reminders before that; each exactly once."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import select

from portal import clock
from portal.models import Heartbeat, Member, Transfer
from portal.rules.transfers import REMIND_DAYS, TransferState, reminder_due
from portal.services import readiness, transfer_telling
from portal.services.reminders import FROM_HOUR
from portal.services.transaction import reading, writing
from portal.services.transfers import expire, locked_member, locked_transfer
from portal.services.tree_lock import hold_tree

log = logging.getLogger(__name__)

REMINDED = "transfers"
"""The sign of life that says on which day was reminded last."""

CHUNK = 200
"""Reminders a transaction."""

_OPEN = Transfer.state == TransferState.OPEN


def expire_due() -> int:
    """Write down which open transfers have ended by their time; how many there were.

    Each in a transaction of its own with the locks of every change: who asks anew at this moment
    writes it down themselves, and then there is nothing left to do here.
    """
    overdue = (
        reading()
        .execute(
            select(Transfer.id, Transfer.member_id)
            .where(_OPEN, Transfer.ends_on < clock.today())
            .order_by(Transfer.ends_on, Transfer.id)
        )
        .all()
    )
    done = 0
    for transfer_id, member_id in overdue:
        with writing():
            hold_tree()
            member = locked_member(member_id)
            transfer = locked_transfer(transfer_id)
            if transfer.state is TransferState.OPEN:
                expire(member, transfer)
                done += 1
    if done:
        log.info("transfers expired", extra={"transfers": done})
    return done


def remind_if_due() -> bool:
    """Remind who has a transfer that ends soon, unless it is done today; True if it was done now.

    After a standstill each is reminded of the step that it is at now, not of those it passed.
    """
    today = clock.today()
    last = reading().execute(select(Heartbeat.at).where(Heartbeat.name == REMINDED)).scalar()
    if clock.now().astimezone(clock.BEIJING).hour < FROM_HOUR:
        return False
    if last is not None and clock.day_of(last) >= today:
        return False
    sent = _remind()
    readiness.beat(REMINDED)
    log.info("reminded of transfers", extra={"transfers": sent})
    return True


def _remind() -> int:
    today = clock.today()
    soon = today + timedelta(days=max(REMIND_DAYS))
    query = select(Transfer.id).where(_OPEN, Transfer.ends_on.between(today, soon))
    ids = list(reading().execute(query.order_by(Transfer.id)).scalars())
    sent = 0
    for start in range(0, len(ids), CHUNK):
        with writing() as session:
            rows = session.execute(
                select(Transfer, Member.name)
                .join(Member, Member.id == Transfer.member_id)
                .where(Transfer.id.in_(ids[start : start + CHUNK]), _OPEN)
            )
            for transfer, name in rows.all():
                step = reminder_due(transfer.ends_on, today)
                assert step is not None  # the query asks for no others
                sent += transfer_telling.remind(name, transfer, step)
    return sent
