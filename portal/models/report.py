"""统计报表: what was asked for, how far it is, and what it said, by which it is verified later."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment, stored_enum


class RunState(StrEnum):
    """Where a report stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ReportRun(Base):
    """One report as one person asked for it. The row stays for /verify, its files go after days.

    The row is the job too: ``due_at`` as in ``Job``.
    """

    __tablename__ = "report_run"
    __table_args__ = (
        Index("ix_report_run_account_id_id", "account_id", "id"),
        Index("ix_report_run_due_at", "due_at"),
        Index("ix_report_run_ended_at", "ended_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(
        String(12), unique=True, doc="报表编码, by which anybody can ask whether it was made here."
    )
    kind: Mapped[str] = mapped_column(String(40), doc="Which report (portal/reports).")
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), doc="Who made it.")
    maker: Mapped[str] = mapped_column(String(200), doc="Their organisation and name, as then.")
    about_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    about_name: Mapped[str] = mapped_column(String(100), doc="As it was called then.")
    title: Mapped[str] = mapped_column(String(200), doc="With the period.")
    address: Mapped[str] = mapped_column(String(200), doc="The portal's own, for the QR code.")
    asked: Mapped[dict[str, Any]] = mapped_column(JSON, doc="What the form said.")
    unmasked: Mapped[bool] = mapped_column(doc="Personal columns in full; its files are sealed.")
    reason: Mapped[str] = mapped_column(String(200), doc="Why unmasked.")
    folder: Mapped[str] = mapped_column(String(60), unique=True)

    state: Mapped[RunState] = mapped_column(stored_enum(RunState))
    words: Mapped[str] = mapped_column(String(200), default="", doc="Why it failed.")
    losses: Mapped[int] = mapped_column(default=0, doc="How often its worker was lost.")
    rows: Mapped[int | None] = mapped_column(doc="Of the whole report; empty until it is known.")
    rows_done: Mapped[int] = mapped_column(default=0)
    pages: Mapped[int | None]
    due_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)
    started_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    files_gone_at: Mapped[datetime | None] = mapped_column(Moment)

    as_of: Mapped[datetime | None] = mapped_column(Moment, doc="The state of the data it shows.")
    content_sha256: Mapped[bytes | None] = mapped_column(
        LargeBinary(32), doc="Of all that it says, in whatever format."
    )
    totals: Mapped[list[Any]] = mapped_column(JSON, doc="Its sums, as label and text.")
    files: Mapped[dict[str, Any]] = mapped_column(
        JSON, doc="SHA-256 and bytes of each file that was made of it, by its ending."
    )
    same_as_id: Mapped[int | None] = mapped_column(
        ForeignKey("report_run.id"), doc="An earlier one that says the same: it was made once."
    )
