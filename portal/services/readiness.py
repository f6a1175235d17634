"""Are database, store and worker there."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import OperationalError

from portal import clock
from portal.errors import StoreUnavailable
from portal.extensions import db
from portal.models import Heartbeat
from portal.runtime import runtime
from portal.services.transaction import writing

log = logging.getLogger(__name__)

WORKER = "worker"
BEAT_SECONDS = 60
"""The queue has nothing finer than a minute."""

AWAY_AFTER = timedelta(seconds=2.5 * BEAT_SECONDS)


def beat(name: str = WORKER) -> None:
    """Leave a sign of life."""
    with writing() as session:
        session.execute(delete(Heartbeat).where(Heartbeat.name == name))
        session.execute(insert(Heartbeat).values(name=name, at=clock.now()))


def readiness() -> dict[str, bool]:
    """Which parts are ready: database, store, worker."""
    return {"database": _database(), "store": _store(), "worker": _worker()}


def _database() -> bool:
    try:
        db.session.execute(select(1))
    except OperationalError:
        log.exception("database away")
        return False
    return True


def _store() -> bool:
    try:
        runtime().store.check()
    except StoreUnavailable as error:
        log.error("store away", extra={"reason": error.reason})
        return False
    return True


def _worker() -> bool:
    try:
        last = db.session.scalar(select(Heartbeat.at).where(Heartbeat.name == WORKER))
    except OperationalError:
        return False
    return last is not None and clock.now() - last < AWAY_AFTER
