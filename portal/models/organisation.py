"""The tree of organisations."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment, sorted_text, stored_enum
from portal.rules.organisations import OrganisationKind


class Organisation(Base):
    """A committee, general branch or branch.

    ``path`` is the materialised path ``/1/5/77/`` from the root to this organisation, so that a
    subtree is a range of one index (``portal.services.organisations.in_subtree``).
    """

    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind: Mapped[OrganisationKind] = mapped_column(stored_enum(OrganisationKind))
    name: Mapped[str] = mapped_column(String(100))
    initials: Mapped[str] = mapped_column(sorted_text(100))
    path: Mapped[str] = mapped_column(sorted_text(120), unique=True)
    joining_closed: Mapped[bool] = mapped_column(
        default=False, server_default=false(), doc="A branch that takes no applications now."
    )
    closed_at: Mapped[datetime | None] = mapped_column(Moment)
    merged_into_id: Mapped[int | None] = mapped_column(
        ForeignKey("organisation.id"), doc="Where everything went when it was closed by merging."
    )
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    changed_at: Mapped[datetime | None] = mapped_column(
        Moment, doc="When its name, place or state was changed last, and by which account."
    )
    changed_by_id: Mapped[int | None] = mapped_column(BigId)
