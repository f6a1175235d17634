"""The record (操作日志): who, when, from where, what; and the seals under its days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment


class AuditRecord(Base):
    """One line of the record. Insert only: triggers in both databases refuse UPDATE and DELETE.

    ``detail`` holds what changed (before, after) without ID number, phone, password or token.
    """

    __tablename__ = "audit_record"
    __table_args__ = (
        Index("ix_audit_record_member_id_id", "member_id", "id"),
        Index("ix_audit_record_account_id_id", "account_id", "id"),
        Index("ix_audit_record_scan_id_id", "scan_id", "id"),
        # A page of the record is the newest lines of each organisation looked at: some seeks.
        Index("ix_audit_record_about_id_id", "about_id", "id"),
        Index("ix_audit_record_about_id_event_id", "about_id", "event", "id"),
        Index("ix_audit_record_event_id", "event", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment, index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    person_name: Mapped[str] = mapped_column(String(50), doc="As it was then.")
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    address: Mapped[str] = mapped_column(String(45))
    request_id: Mapped[str] = mapped_column(String(32))
    event: Mapped[str] = mapped_column(String(40))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    scan_id: Mapped[int | None] = mapped_column(ForeignKey("scan.id"))
    about_id: Mapped[int | None] = mapped_column(
        ForeignKey("organisation.id"),
        doc="The organisation that it concerns, as it was then: it decides who sees the line. "
        "None concerns none, and is for the municipal committee.",
    )
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class RecordSeal(Base):
    """The seal under a day of the record: its lines, hashed with the seal of the day before."""

    __tablename__ = "record_seal"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    count: Mapped[int] = mapped_column(doc="How many lines it seals.")
    last_id: Mapped[int] = mapped_column(BigId, doc="The last line sealed so far; 0: none.")
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
