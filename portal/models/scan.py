"""The electronic forms 《入团志愿书》. In code a form is a scan, since "form" is a web form."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment, stored_enum


class ScanState(StrEnum):
    """Where a scan stands."""

    CURRENT = "current"
    REPLACED = "replaced"
    DELETED = "deleted"


class Scan(Base):
    """One uploaded PDF of a member. A member has at most one current scan: a unique index."""

    __tablename__ = "scan"
    __table_args__ = (
        Index(
            "uq_scan_current",
            "member_id",
            unique=True,
            sqlite_where=text("state = 'current'"),
            postgresql_where=text("state = 'current'"),
        ),
        Index("ix_scan_member_id", "member_id"),
        Index("ix_scan_ended_at", "ended_at"),
        Index("ix_scan_sha256", "sha256"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    storage_key: Mapped[str] = mapped_column(String(120), unique=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    size: Mapped[int] = mapped_column(doc="Bytes.")
    pages: Mapped[int]
    late: Mapped[bool] = mapped_column(doc="Uploaded after the due date.")
    uploaded_at: Mapped[datetime] = mapped_column(Moment)
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    state: Mapped[ScanState] = mapped_column(stored_enum(ScanState))
    ended_at: Mapped[datetime | None] = mapped_column(
        Moment, doc="When it was replaced or deleted."
    )
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    file_gone_at: Mapped[datetime | None] = mapped_column(
        Moment, doc="When the file of an ended scan was removed, after the days of undo."
    )
