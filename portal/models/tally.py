"""Counts per branch, changed in the transaction that changes the member."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base


class Tally(Base):
    """The counts of one branch's members. What depends on today's date is never in here."""

    __tablename__ = "tally"

    branch_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    members: Mapped[int] = mapped_column(default=0)
    new_members: Mapped[int] = mapped_column(default=0)
    with_scan: Mapped[int] = mapped_column(default=0, doc="New members with a current scan.")
    late: Mapped[int] = mapped_column(
        default=0, server_default="0", doc="New members whose current scan came after the due date."
    )
    missing: Mapped[int] = mapped_column(default=0, doc="Irregular: no number.")
    not_twelve_digits: Mapped[int] = mapped_column(default=0)
    unknown_province: Mapped[int] = mapped_column(default=0)
    year_mismatch: Mapped[int] = mapped_column(default=0)
    outside_prefix: Mapped[int] = mapped_column(default=0)
    released: Mapped[int] = mapped_column(default=0)
