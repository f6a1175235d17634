"""检查: what committees said of forms, and the rounds in which they look at many."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, Date, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment, stored_enum


class RoundChoice(StrEnum):
    """Which forms a round looks at."""

    ALL = "all"
    UNCHECKED = "unchecked"
    WITH_FINDINGS = "with_findings"
    SOME_OF_EACH = "some_of_each"  # ``amount`` of each branch, by lot
    SHARE = "share"  # ``amount`` per cent of all, by lot


class ItemState(StrEnum):
    """Where one form of a round stands."""

    WAITING = "waiting"
    DONE = "done"
    GONE = "gone"  # deleted, or no longer below the committee, before anybody looked


class ScanCheck(Base):
    """What one person said of one scan. It stands until a later check or until it is undone.

    A scan has at most one check that stands: a unique index. A new upload is a new scan, so that
    it is unchecked and the history stays with what was looked at.
    """

    __tablename__ = "scan_check"
    __table_args__ = (
        Index(
            "uq_scan_check_standing",
            "scan_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_scan_check_scan_id", "scan_id"),
        Index("ix_scan_check_member_id_id", "member_id", "id"),
        Index("ix_scan_check_round_id_id", "round_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scan.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("check_round.id"))
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisation.id"), doc="The committee that checked."
    )
    checked_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    checked_at: Mapped[datetime] = mapped_column(Moment)
    kinds: Mapped[str] = mapped_column(
        String(100), doc="The faults, comma-separated, in the order of their keys; empty: in order."
    )
    pages: Mapped[dict[str, list[int]]] = mapped_column(JSON, doc="The pages named, by fault.")
    remark: Mapped[str] = mapped_column(String(200))
    ended_at: Mapped[datetime | None] = mapped_column(
        Moment, doc="When a later check took its place or it was undone."
    )
    undone_at: Mapped[datetime | None] = mapped_column(Moment)


class CheckRound(Base):
    """检查任务: a choice of forms that the people of one organisation check one after the other."""

    __tablename__ = "check_round"
    __table_args__ = (Index("ix_check_round_organisation_id_id", "organisation_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    below_id: Mapped[int] = mapped_column(
        ForeignKey("organisation.id"), doc="Whose subtree is looked at: its own or one below."
    )
    made_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(Moment)
    choice: Mapped[RoundChoice] = mapped_column(stored_enum(RoundChoice))
    amount: Mapped[int | None]
    seed: Mapped[int] = mapped_column(doc="Of the lot: the same forms and seed give the same lot.")
    first_month: Mapped[date | None] = mapped_column(Date)
    last_month: Mapped[date | None] = mapped_column(Date)
    total: Mapped[int] = mapped_column(doc="Forms at the beginning.")
    token: Mapped[str] = mapped_column(
        String(40), unique=True, doc="Of the form it was made with: a double click makes one."
    )


class CheckItem(Base):
    """One form of a round. ``taken_until`` is a lease: until then it is one person's."""

    __tablename__ = "check_item"
    __table_args__ = (Index("ix_check_item_round_id_state", "round_id", "state", "place"),)

    round_id: Mapped[int] = mapped_column(ForeignKey("check_round.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    state: Mapped[ItemState] = mapped_column(stored_enum(ItemState))
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    taken_until: Mapped[datetime | None] = mapped_column(Moment)
    check_id: Mapped[int | None] = mapped_column(ForeignKey("scan_check.id"))
