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


class ScanOrigin(StrEnum):
    """Where a scan's file comes from. The label goes behind who did it: 王某整理."""

    UPLOADED = "uploaded"
    ARRANGED = "arranged"
    FROM_PHOTOS = "from_photos"
    COMPRESSED = "compressed"

    @property
    def label(self) -> str:
        """What was done, in the words of a page."""
        return _ORIGIN_LABELS[self]


_ORIGIN_LABELS = {
    ScanOrigin.UPLOADED: "上传",
    ScanOrigin.ARRANGED: "整理",
    ScanOrigin.FROM_PHOTOS: "拍照合成",
    ScanOrigin.COMPRESSED: "压缩后上传",
}


class Scan(Base):
    """One PDF of a member, as it was uploaded or made from what was.

    A member has at most one current scan: a unique index.
    """

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
        Index("ix_scan_original_id", "original_id"),
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
    origin: Mapped[ScanOrigin] = mapped_column(
        stored_enum(ScanOrigin), server_default=ScanOrigin.UPLOADED
    )
    original_id: Mapped[int | None] = mapped_column(
        ForeignKey("scan.id"),
        doc="The uploaded scan that it was made from; its file is kept as long as this one's.",
    )
    state: Mapped[ScanState] = mapped_column(stored_enum(ScanState))
    ended_at: Mapped[datetime | None] = mapped_column(
        Moment, doc="When it was replaced or deleted."
    )
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    file_gone_at: Mapped[datetime | None] = mapped_column(
        Moment, doc="When the file of an ended scan was removed, after the days of undo."
    )
