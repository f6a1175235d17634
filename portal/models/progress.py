"""工作进度 as it was: the counts of each organisation's subtree, kept day by day."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base


class ProgressDay(Base):
    """The counts of an organisation and all below it at the end of a day, as the tree was then.

    Only what changed is kept: the counts of a day are those of the last row up to it. ``missing``
    is the irregular number that is not there, as in the tally, and not the missing form.
    """

    __tablename__ = "progress_day"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    members: Mapped[int]
    new_members: Mapped[int]
    with_scan: Mapped[int]
    late: Mapped[int]
    overdue: Mapped[int]
    due_soon: Mapped[int]
    missing: Mapped[int]
    not_twelve_digits: Mapped[int]
    unknown_province: Mapped[int]
    year_mismatch: Mapped[int]
    outside_prefix: Mapped[int]
    released: Mapped[int]
