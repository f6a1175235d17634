"""What a person makes a form's file of, before it is one. Gone a day after the last change."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment, stored_enum


class DraftKind(StrEnum):
    """What the file is made of."""

    PHOTOS = "photos"
    LARGE_SCAN = "large_scan"


class Draft(Base):
    """One person's draft of one member's form; all its files are in one folder of the store.

    ``made_name`` and what follows say what was made last; it is shown before it is taken.
    """

    __tablename__ = "draft"
    __table_args__ = (
        UniqueConstraint("account_id", "member_id", "kind"),
        Index("ix_draft_changed_at", "changed_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[DraftKind] = mapped_column(stored_enum(DraftKind))
    folder: Mapped[str] = mapped_column(String(60), unique=True)
    changed_at: Mapped[datetime] = mapped_column(Moment)
    pages: Mapped[str] = mapped_column(
        String(1000), default="", doc="The pictures' order, as rules.page_arrangement writes it."
    )
    made_name: Mapped[str | None] = mapped_column(String(40))
    made_of: Mapped[str] = mapped_column(String(1000), default="", doc="``pages`` at that time.")
    made_size: Mapped[int | None] = mapped_column(doc="Bytes.")
    made_pages: Mapped[int | None]
    made_dpi: Mapped[int | None] = mapped_column(doc="Of the coarsest page.")
    made_coarser: Mapped[bool | None] = mapped_column(doc="Pictures were coded anew.")
    source_size: Mapped[int | None] = mapped_column(doc="Bytes of the large scan.")
    source_dpi: Mapped[int | None]
    red: Mapped[list[Any] | None] = mapped_column(
        JSON, doc="Where the seal may be: page from 1, left, top, right, bottom in thousandths."
    )


class DraftPicture(Base):
    """One picture of a draft, as it may go into a form. ``number`` counts from 1 in a draft."""

    __tablename__ = "draft_picture"
    __table_args__ = (
        UniqueConstraint("draft_id", "number"),
        UniqueConstraint("draft_id", "sha256"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(40), doc="Of its files in the draft's folder.")
    sha256: Mapped[bytes] = mapped_column(
        LargeBinary(32), doc="Of the bytes that came: the same one sent again is no second one."
    )
    size: Mapped[int] = mapped_column(doc="Bytes of the clean JPEG.")
    width: Mapped[int] = mapped_column(doc="Pixels, as it is coded.")
    height: Mapped[int]
    turns: Mapped[int] = mapped_column(doc="Quarters clockwise that set it upright.")
