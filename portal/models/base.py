"""The declarative base, and the column types that both databases store alike."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Enum, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator


class Base(DeclarativeBase):
    """Base of all tables. Constraints get predictable names, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Moment(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python, naive in SQLite's text, timestamptz in PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments: they would be somebody's local time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime is no moment")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite forgets the zone that was UTC when it was written."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


# SQLite counts rowids only for a column declared INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")


def sorted_text(length: int) -> String:
    """Text that sorts and compares by code point in both databases: paths, pinyin, numbers.

    PostgreSQL would sort by the server's locale, in which a prefix is no range.
    """
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def stored_enum(enum: type[StrEnum], length: int = 24) -> Enum:
    """A ``StrEnum`` stored as its value, as plain text."""

    def values(members: Any) -> list[str]:
        return [member.value for member in members]

    return Enum(enum, native_enum=False, length=length, values_callable=values)
