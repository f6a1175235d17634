"""What the portal saw in the scans: derived from the files, and what people said to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment, stored_enum
from portal.rules.scan_findings import FindingKind, ReadingState


class ScanLook(Base):
    """One look at a file, found by its hash: the same file is not looked at twice."""

    __tablename__ = "scan_look"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    checks_version: Mapped[int] = mapped_column(index=True)
    pages: Mapped[int]
    looked_at: Mapped[datetime] = mapped_column(Moment)
    milliseconds: Mapped[int] = mapped_column(doc="How long the look took.")
    number_state: Mapped[ReadingState] = mapped_column(stored_enum(ReadingState))
    number_text: Mapped[str] = mapped_column(String(60))
    name_state: Mapped[ReadingState] = mapped_column(stored_enum(ReadingState))
    name_text: Mapped[str] = mapped_column(String(60))
    month_state: Mapped[ReadingState] = mapped_column(stored_enum(ReadingState))
    month_text: Mapped[str] = mapped_column(String(60))
    printed_numbers: Mapped[dict[str, int]] = mapped_column(
        JSON, server_default="{}", doc="The number at the foot of each page where one was read."
    )


class ScanFinding(Base):
    """One finding of a look. The edges of its box are thousandths of the page, or all empty."""

    __tablename__ = "scan_finding"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    look_id: Mapped[int] = mapped_column(ForeignKey("scan_look.id"), index=True)
    kind: Mapped[FindingKind] = mapped_column(stored_enum(FindingKind))
    page: Mapped[int] = mapped_column(doc="From 1; 0 is the file as a whole.")
    measure: Mapped[float]
    left: Mapped[int | None]
    top: Mapped[int | None]
    right: Mapped[int | None]
    bottom: Mapped[int | None]


class FindingSetAside(Base):
    """我已核对，无需重传: a person's word on one finding of one scan. A new upload starts anew."""

    __tablename__ = "finding_set_aside"

    scan_id: Mapped[int] = mapped_column(ForeignKey("scan.id"), primary_key=True)
    kind: Mapped[FindingKind] = mapped_column(stored_enum(FindingKind), primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True)
    set_aside_at: Mapped[datetime] = mapped_column(Moment)
    set_aside_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
