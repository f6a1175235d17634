"""The jobs: what the worker has to do. The row is the truth, the queue only wakes the worker."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment, stored_enum


class JobKind(StrEnum):
    """What is to be done with a scan."""

    LOOK = "look"
    DRAW = "draw"


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DROPPED = "dropped"


class Job(Base):
    """One thing to do with one scan: one row a kind and scan, however often it is asked for."""

    __tablename__ = "job"
    __table_args__ = (
        Index("uq_job_kind_scan_id", "kind", "scan_id", unique=True),
        Index("ix_job_background_due_at", "background", "due_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[JobKind] = mapped_column(stored_enum(JobKind))
    scan_id: Mapped[int] = mapped_column(BigId)
    state: Mapped[JobState] = mapped_column(stored_enum(JobState))
    background: Mapped[bool] = mapped_column(
        doc="Nobody waits for it: taken up when nothing else is due."
    )
    progress: Mapped[int] = mapped_column(doc="Of a hundred.")
    attempts: Mapped[int] = mapped_column(doc="How often a worker took it up.")
    failures: Mapped[int] = mapped_column(doc="How often it failed by its own fault.")
    losses: Mapped[int] = mapped_column(doc="How often its worker was lost.")
    last_error: Mapped[str | None] = mapped_column(String(200), doc="In words.")
    due_at: Mapped[datetime | None] = mapped_column(
        Moment,
        doc="Waiting: not before this. Running: the deadline, after which it is taken up again. "
        "Empty once nothing is left to do.",
    )
    created_at: Mapped[datetime] = mapped_column(Moment)
    started_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
