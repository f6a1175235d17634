"""Counts per branch and per joining month, changed in the transaction that changes the member."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base


class _Counts:
    """What is counted. What depends on today's date is never in here."""

    members: Mapped[int] = mapped_column(default=0)
    new_members: Mapped[int] = mapped_column(default=0)
    with_scan: Mapped[int] = mapped_column(default=0, doc="New members with a current scan.")
    checked: Mapped[int] = mapped_column(
        default=0, server_default="0", doc="New members whose current scan has a standing check."
    )
    late: Mapped[int] = mapped_column(
        default=0, server_default="0", doc="New members whose current scan came after the due date."
    )
    missing: Mapped[int] = mapped_column(default=0, doc="Irregular: no number.")
    not_twelve_digits: Mapped[int] = mapped_column(default=0)
    unknown_province: Mapped[int] = mapped_column(default=0)
    year_mismatch: Mapped[int] = mapped_column(default=0)
    outside_prefix: Mapped[int] = mapped_column(default=0)
    released: Mapped[int] = mapped_column(default=0)


class Tally(_Counts, Base):
    """The counts of one branch's members."""

    __tablename__ = "tally"

    branch_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)


class MonthTally(_Counts, Base):
    """The counts of one joining month in one part of the tree, right below its top.

    Some months of the whole city would else be counted from two million members. Smaller parts
    need no such table: a district's members are counted in the time of a page.
    """

    __tablename__ = "month_tally"

    part_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    joined: Mapped[date] = mapped_column(Date, primary_key=True)
