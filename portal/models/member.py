"""Members, with the stored results of the rules about them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment, sorted_text, stored_enum
from portal.rules.id_number import Sex
from portal.rules.irregular import Irregularity
from portal.rules.leaving import LeavingReason


class Member(Base):
    """A league member of a branch.

    ``is_new_member``, ``due_date``, ``irregularity``, ``has_scan``, ``scan_late`` and
    ``scan_checked`` are results of the rules and of the scan and check tables, stored so that lists
    and tallies need no computing; ``portal.services.derived`` alone writes them and ``flask fsck``
    compares them.
    """

    __tablename__ = "member"
    __table_args__ = (
        Index("ix_member_branch_id_pinyin", "branch_id", "pinyin", "id"),
        Index("ix_member_branch_id_number", "branch_id", "number", "id"),
        # Who owes a form, by the day it is due: "overdue" is a question of today's date. In each
        # database the condition is written as SQLAlchemy writes the query's, or it is not used.
        Index(
            "ix_member_missing_scan",
            "branch_id",
            "due_date",
            sqlite_where=text("is_new_member = 1 AND has_scan = 0 AND left_at IS NULL"),
            postgresql_where=text("is_new_member AND NOT has_scan AND left_at IS NULL"),
        ),
        # Whose number is irregular, for the list behind a count.
        Index(
            "ix_member_irregular",
            "branch_id",
            "irregularity",
            sqlite_where=text("irregularity IS NOT NULL AND left_at IS NULL"),
            postgresql_where=text("irregularity IS NOT NULL AND left_at IS NULL"),
        ),
        # Whose form came late, for the list behind a count.
        Index(
            "ix_member_scan_late",
            "branch_id",
            sqlite_where=text("scan_late = 1 AND left_at IS NULL"),
            postgresql_where=text("scan_late AND left_at IS NULL"),
        ),
        # All that the counts of some joining months need, without reading the members' rows.
        Index(
            "ix_member_branch_id_joined",
            "branch_id",
            "joined",
            "is_new_member",
            "has_scan",
            "scan_late",
            "irregularity",
            "due_date",
            "left_at",
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    branch_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str] = mapped_column(String(50))
    pinyin: Mapped[str] = mapped_column(
        sorted_text(300), doc="Syllables apart: to sort by; searched without the spaces."
    )
    initials: Mapped[str] = mapped_column(sorted_text(50))
    sex: Mapped[Sex] = mapped_column(stored_enum(Sex, 1))
    birth_date: Mapped[date] = mapped_column(Date)
    ethnicity: Mapped[str] = mapped_column(String(20))
    political_status: Mapped[str] = mapped_column(String(30))
    education: Mapped[str] = mapped_column(String(20))
    email: Mapped[str] = mapped_column(String(254))
    fee_cents: Mapped[int]
    is_student: Mapped[bool]
    joined: Mapped[date] = mapped_column(Date, doc="First day of the joining month.")
    approved_on: Mapped[date | None] = mapped_column(
        Date, doc="The committee's approval; the 30 days run from it."
    )
    number: Mapped[str | None] = mapped_column(sorted_text(20), unique=True)
    released_number: Mapped[str | None] = mapped_column(
        sorted_text(20), doc="The number that was released and is not yet filled in again."
    )
    former_place: Mapped[str | None] = mapped_column(
        String(2), doc="从外部转入: the place outside (rules/outside.py) that they came from."
    )
    former_organisation: Mapped[str | None] = mapped_column(String(100))
    id_number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    id_number_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    phone_hash: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)

    is_new_member: Mapped[bool]
    due_date: Mapped[date | None] = mapped_column(Date)
    irregularity: Mapped[Irregularity | None] = mapped_column(stored_enum(Irregularity))
    has_scan: Mapped[bool]
    scan_late: Mapped[bool] = mapped_column(
        default=False, server_default=false(), doc="The current scan came after the due date."
    )

    scan_checked: Mapped[bool] = mapped_column(
        default=False, server_default=false(), doc="The current scan has a check that stands."
    )

    left_at: Mapped[datetime | None] = mapped_column(
        Moment, doc="When the branch set the member aside: out of lists and tallies, kept."
    )
    left_reason: Mapped[LeavingReason | None] = mapped_column(stored_enum(LeavingReason))
    left_note: Mapped[str] = mapped_column(String(200), default="", server_default="")

    version: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(Moment)
    # An account's id, without a foreign key: account has one to member already, and accounts are
    # never removed, only disabled.
    changed_by_id: Mapped[int | None] = mapped_column(BigId)
