"""What happened to a number: who held it (编号沿革), and its releases (解除编号占用)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment, sorted_text, stored_enum


class NumberHolding(Base):
    """One member's time with one number. Never removed; ``until`` empty: held still."""

    __tablename__ = "number_holding"
    __table_args__ = (
        Index("ix_number_holding_number_since", "number", "since"),
        Index("ix_number_holding_member_id_since", "member_id", "since"),
        Index(
            "uq_number_holding_held",
            "number",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(sorted_text(20))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    since: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime | None] = mapped_column(Moment)


class ReleaseState(StrEnum):
    """Where a request to release a number stands."""

    OPEN = "open"
    RELEASED = "released"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class NumberRelease(Base):
    """A request to release a member's number, or a release that a committee began by itself.

    A member has at most one open request: a unique index.
    """

    __tablename__ = "number_release"
    __table_args__ = (
        Index(
            "uq_number_release_open",
            "member_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_number_release_branch_id_state", "branch_id", "state", "asked_at", "id"),
        Index("ix_number_release_member_id", "member_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    branch_id: Mapped[int] = mapped_column(
        ForeignKey("organisation.id"), doc="The member's branch when it was asked."
    )
    number: Mapped[str] = mapped_column(sorted_text(20), doc="The number to be released.")
    wanted_number: Mapped[str | None] = mapped_column(
        sorted_text(20), doc="The right one, as the branch reads it on paper."
    )
    reason: Mapped[str] = mapped_column(String(500))
    asked_at: Mapped[datetime] = mapped_column(Moment)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    state: Mapped[ReleaseState] = mapped_column(stored_enum(ReleaseState))
    decided_at: Mapped[datetime | None] = mapped_column(Moment)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    answer: Mapped[str] = mapped_column(
        String(500), default="", doc="The committee's reason when it released or declined."
    )
