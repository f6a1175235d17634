"""身份码: which codes were answered when, so that the member sees it, and which are used up."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment


class AnsweredCode(Base):
    """One code that somebody has scanned. Only its hash is kept, and nothing of who scanned it.

    A single-use code's row is what uses it up. Rows go after half a year (``services/sweep.py``).
    """

    __tablename__ = "answered_code"
    __table_args__ = (
        Index("ix_answered_code_member_id_first_at", "member_id", "first_at"),
        Index("ix_answered_code_first_at", "first_at"),
    )

    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"))
    first_at: Mapped[datetime] = mapped_column(Moment)
    last_at: Mapped[datetime] = mapped_column(Moment)
    times: Mapped[int]
    used_by: Mapped[bytes | None] = mapped_column(
        LargeBinary(32),
        doc="Of a single-use code: the hash of a random value in the cookie of the browser that "
        "used it, which alone may see the answer again.",
    )
