"""团组织关系转接: a member's way from one branch to another, or out of the system."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment, stored_enum
from portal.rules.transfers import StepKind, TransferKind, TransferState, Turn


class Transfer(Base):
    """A transfer that was asked for, and where it stands.

    A member has at most one open transfer: a unique index. An open one whose ``ends_on`` has passed
    counts as expired, written down or not (``rules.transfers.state_on``).
    """

    __tablename__ = "transfer"
    __table_args__ = (
        Index(
            "uq_transfer_open",
            "member_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_transfer_member_id", "member_id", "id"),
        # What waits for an organisation, the first to end first.
        Index("ix_transfer_held_by_id_state", "held_by_id", "state", "ends_on", "id"),
        # A branch's lists.
        Index("ix_transfer_from_branch_id_state", "from_branch_id", "state", "ends_on", "id"),
        Index("ix_transfer_to_branch_id_state", "to_branch_id", "state", "ends_on", "id"),
        # A committee's lists, and what ends or is to be reminded of tonight.
        Index("ix_transfer_state_ends_on", "state", "ends_on", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[TransferKind] = mapped_column(stored_enum(TransferKind))
    state: Mapped[TransferState] = mapped_column(stored_enum(TransferState))
    turn: Mapped[Turn] = mapped_column(
        stored_enum(Turn), doc="Who has it, or had it when it ended."
    )
    held_by_id: Mapped[int] = mapped_column(
        ForeignKey("organisation.id"), doc="The organisation whose turn it is, or was."
    )
    from_branch_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    to_branch_id: Mapped[int | None] = mapped_column(
        ForeignKey("organisation.id"), doc="Inside: where to."
    )
    province: Mapped[str] = mapped_column(String(20), default="", server_default="")
    receiver: Mapped[str] = mapped_column(
        String(200), default="", server_default="", doc="Outside: the organisation's full name."
    )
    contact: Mapped[str] = mapped_column(String(200), default="", server_default="")
    receipt: Mapped[str] = mapped_column(
        String(200), default="", server_default="", doc="Outside: what the other system answered."
    )
    receipt_on: Mapped[date | None] = mapped_column(Date, doc="The day on that answer.")
    reason: Mapped[str] = mapped_column(String(500))
    asked_at: Mapped[datetime] = mapped_column(Moment)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    by_member: Mapped[bool] = mapped_column(doc="Asked by the member, not by their branch.")
    ends_on: Mapped[date] = mapped_column(Date, doc="The last day on which it can be decided.")
    passed_on_at: Mapped[datetime | None] = mapped_column(
        Moment, doc="When the releasing branch had agreed: before that nobody else sees it."
    )
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), doc="Empty: by its time, or by the portal."
    )
    answer: Mapped[str] = mapped_column(
        String(500), default="", server_default="", doc="Why it was declined or stopped."
    )


class TransferStep(Base):
    """What happened to a transfer. Never changed: both sides and the member read the same."""

    __tablename__ = "transfer_step"
    __table_args__ = (Index("ix_transfer_step_transfer_id_id", "transfer_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    transfer_id: Mapped[int] = mapped_column(ForeignKey("transfer.id"))
    at: Mapped[datetime] = mapped_column(Moment)
    kind: Mapped[StepKind] = mapped_column(stored_enum(StepKind))
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), doc="Empty: the portal itself."
    )
    organisation_id: Mapped[int | None] = mapped_column(
        ForeignKey("organisation.id"), doc="For which it was done; empty: by the member."
    )
    words: Mapped[str] = mapped_column(String(500), default="", server_default="")
