"""The record (操作日志): who, when, from where, what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
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
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
