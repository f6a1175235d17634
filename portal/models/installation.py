"""Facts about the installation itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, Moment


class Installation(Base):
    """What kind of data the database holds: ``demo`` or ``real``. One row, made with the data."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(Moment)


class Heartbeat(Base):
    """The last sign of life of a process, by its name; ``/readyz`` reads the worker's."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
