"""A registered person's application to join a branch (加入申请)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment, sorted_text, stored_enum
from portal.rules.id_number import Sex
from portal.rules.outside import Proof


class JoiningState(StrEnum):
    """Where a join application stands."""

    DRAFT = "draft"  # not sent yet, or taken back by the applicant
    SENT = "sent"
    RETURNED = "returned"
    APPROVED = "approved"


class Joining(Base):
    """A person who registered, and their application; one of each per person.

    On approval the sealed fields move to the member's row and are emptied here: personal data is
    kept once. What the branch returned stays in ``returned_fields``, so that the next look at the
    application shows what was corrected.
    """

    __tablename__ = "joining"
    __table_args__ = (
        # The branch's queue, oldest first.
        Index("ix_joining_branch_id_state", "branch_id", "state", "sent_at", "id"),
        Index("ix_joining_phone_hash", "phone_hash"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    pinyin: Mapped[str] = mapped_column(sorted_text(300))
    initials: Mapped[str] = mapped_column(sorted_text(50))
    sex: Mapped[Sex] = mapped_column(stored_enum(Sex, 1))
    birth_date: Mapped[date] = mapped_column(Date)
    id_number_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    id_number_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    consented_at: Mapped[datetime] = mapped_column(Moment, doc="To the privacy notice.")
    notice_version: Mapped[str] = mapped_column(String(20), doc="Which privacy notice that was.")

    branch_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    ethnicity: Mapped[str | None] = mapped_column(String(20))
    political_status: Mapped[str | None] = mapped_column(String(30))
    education: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str] = mapped_column(String(254), default="")
    is_student: Mapped[bool | None]
    joined: Mapped[date | None] = mapped_column(Date, doc="First day of the joining month.")
    approved_on: Mapped[date | None] = mapped_column(Date)
    number: Mapped[str | None] = mapped_column(sorted_text(20))

    moved_in: Mapped[bool] = mapped_column(
        default=False, server_default=false(), doc="从外部转入: joined outside, with its number."
    )
    former_place: Mapped[str | None] = mapped_column(String(2))
    former_organisation: Mapped[str | None] = mapped_column(String(100))
    proof: Mapped[Proof | None] = mapped_column(stored_enum(Proof))
    proof_number: Mapped[str | None] = mapped_column(String(40))
    proof_on: Mapped[date | None] = mapped_column(Date)

    state: Mapped[JoiningState] = mapped_column(stored_enum(JoiningState))
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Moment)
    changed_at: Mapped[datetime] = mapped_column(Moment)
    sent_at: Mapped[datetime | None] = mapped_column(Moment)
    decided_at: Mapped[datetime | None] = mapped_column(Moment)
    decided_by_id: Mapped[int | None] = mapped_column(BigId)
    reason: Mapped[str] = mapped_column(String(500), default="", doc="Why it was returned.")
    returned_fields: Mapped[dict[str, Any] | None] = mapped_column(
        JSON, doc="What was sent when it was last returned."
    )
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), unique=True)
