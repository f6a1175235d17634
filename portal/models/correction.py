"""报告错误: a member says that a field of theirs is wrong, and what should stand there."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment, stored_enum
from portal.rules.corrections import CorrectionField


class CorrectionState(StrEnum):
    """What became of a report."""

    OPEN = "open"
    TAKEN = "taken"  # taken over by the branch
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"  # by the member, or because they were set aside


class Correction(Base):
    """One report; a member has at most one open of a field: a unique index.

    It belongs to the member and not to a branch: after a transfer the new branch answers it.
    """

    __tablename__ = "correction"
    __table_args__ = (
        Index(
            "uq_correction_open",
            "member_id",
            "field",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_correction_member_id", "member_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    field: Mapped[CorrectionField] = mapped_column(stored_enum(CorrectionField))
    proposed_sealed: Mapped[bytes] = mapped_column(
        LargeBinary, doc="Sealed to the member and the field, whatever the field is."
    )
    replaced_sealed: Mapped[bytes | None] = mapped_column(
        LargeBinary, doc="What stood there until it was taken over, sealed alike."
    )
    remark: Mapped[str] = mapped_column(String(200))
    asked_at: Mapped[datetime] = mapped_column(Moment)
    state: Mapped[CorrectionState] = mapped_column(stored_enum(CorrectionState))
    decided_at: Mapped[datetime | None] = mapped_column(Moment)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    answer: Mapped[str] = mapped_column(
        String(200), default="", doc="Why the branch declined, or how it ended by itself."
    )
