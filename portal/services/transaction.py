"""One way to write: a transaction that holds the write lock from its first statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, event, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import scoped_session

from portal.extensions import db

T = TypeVar("T")


def reading() -> Connection:
    """The connection of the running transaction, for rows that are no entities.

    The session has nothing to add to them, and takes more time for a statement than SQLite and the
    rest of SQLAlchemy together: 0.21 ms against 0.09 for the row of a sign-in.
    """
    return db.session.connection()


@contextmanager
def writing() -> Iterator[scoped_session[Any]]:
    """A write transaction; commits at the end, rolls back on any error.

    Whatever was read before is read again inside: the snapshot of the page's own queries ends
    here. In SQLite it begins with BEGIN IMMEDIATE, because a read transaction that turns into a
    writing one fails when somebody else wrote in between.
    """
    session = db.session
    session.rollback()
    session.connection(execution_options={"portal_writing": True})
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


@contextmanager
def one_state() -> Iterator[None]:
    """A read transaction in which every query sees the same state of the data.

    SQLite's are so anyway; PostgreSQL's see what others commit between two queries unless asked.
    """
    session = db.session
    session.rollback()
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    try:
        yield
    finally:
        session.rollback()


def count_on(model: Any) -> None:
    """Let PostgreSQL count on behind ids that were given by hand; SQLite does by itself."""
    if db.engine.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(model.__tablename__, "id")
        last = select(func.max(model.id)).scalar_subquery()
        db.session.execute(select(func.setval(sequence, last)))


def insert_or_update(model: Any, keys: Sequence[str], columns: Sequence[str]) -> Any:
    """INSERT … ON CONFLICT (``keys``) DO UPDATE of the other ``columns``, in both databases.

    Two that write the same row at once leave one, and the second waits for the first.
    """
    statement = dialect_insert(model)
    changed = {name: statement.excluded[name] for name in columns if name not in keys}
    return statement.on_conflict_do_update(index_elements=list(keys), set_=changed)


def insert_or_skip(model: Any) -> Any:
    """INSERT … ON CONFLICT DO NOTHING, in both databases: of two at once the first stays."""
    return dialect_insert(model).on_conflict_do_nothing()


def dialect_insert(model: Any) -> Any:
    """The INSERT of the running database, which knows ON CONFLICT."""
    # Loaded with the first use: of two dialects a process needs one.
    dialect: Any = import_module(f"sqlalchemy.dialects.{db.engine.dialect.name}")
    return dialect.insert(model)


def prepare_sqlite(engine: Engine) -> None:
    """Make SQLite durable and strict, and its transactions explicit."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=10000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("portal_writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def once_more_if_taken(work: Callable[[], T]) -> T:
    """Do a whole transaction again where two people took one number or name at the same moment.

    The unique index let one through; asked again, the check finds the other one and says so.
    """
    try:
        return work()
    except IntegrityError:
        return work()
