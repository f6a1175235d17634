"""When codes were answered, written down behind the answers.

An answer waits for no transaction: a server notes it and writes what has gathered some times a
second, all at once. A server that is killed loses at most that. Where no writer was begun
(commands, tests) a note is written at once.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from datetime import datetime

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from portal.models import AnsweredCode
from portal.services.transaction import dialect_insert, reading, writing

log = logging.getLogger(__name__)

PAUSE = 0.2
"""Seconds between two transactions."""

MOST_WAITING = 10_000
"""Codes that wait while the database can't be written to; further ones are not noted."""


@dataclass(frozen=True, slots=True)
class Note:
    """A code that was answered."""

    code_hash: bytes
    member_id: int
    first_at: datetime
    last_at: datetime
    times: int = 1


class Notes:
    """The notes of one process."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._most_waiting = most_waiting
        self._waiting: dict[bytes, Note] = {}
        self._changed = threading.Condition()
        self._writer: threading.Thread | None = None
        self._ended = threading.Event()

    def begin(self, app: Flask) -> None:
        """Write from now on in a thread of its own."""
        self._writer = threading.Thread(target=self._write_on, args=(app,), daemon=True)
        self._writer.start()

    def end(self) -> None:
        """Write what still waits, and end the thread."""
        assert self._writer is not None
        with self._changed:
            self._ended.set()
            self._changed.notify()
        self._writer.join()

    def add(self, code_hash: bytes, member_id: int, at: datetime) -> None:
        """A code was answered."""
        with self._changed:
            self._gather(Note(code_hash, member_id, at, at))
            self._changed.notify()
        if self._writer is None:
            self.write()

    def write(self) -> int:
        """Write all that waits; how many codes. What can't be written waits on."""
        with self._changed:
            taken, self._waiting = self._waiting, {}
        if not taken:
            return 0
        try:
            _write(sorted(taken.values(), key=lambda note: note.code_hash))
        except SQLAlchemyError:
            log.exception("answered codes not written")
            with self._changed:
                for note in taken.values():
                    self._gather(note)
            return 0
        return len(taken)

    def _gather(self, note: Note) -> None:
        known = self._waiting.get(note.code_hash)
        if known is not None:
            note = replace(
                note,
                first_at=min(known.first_at, note.first_at),
                last_at=max(known.last_at, note.last_at),
                times=known.times + note.times,
            )
        elif len(self._waiting) >= self._most_waiting:
            return
        self._waiting[note.code_hash] = note

    def _write_on(self, app: Flask) -> None:
        while not self._ended.is_set():
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting) or self._ended.is_set())
            with app.app_context():
                self.write()
            self._ended.wait(PAUSE)


def _write(notes: list[Note]) -> None:
    """In the order of the hashes: two processes wait for each other, and never in a ring."""
    statement = dialect_insert(AnsweredCode)
    statement = statement.on_conflict_do_update(
        index_elements=["code_hash"],
        set_={
            "last_at": statement.excluded.last_at,
            "times": AnsweredCode.times + statement.excluded.times,
        },
    )
    rows = [
        {
            "code_hash": note.code_hash,
            "member_id": note.member_id,
            "first_at": note.first_at,
            "last_at": note.last_at,
            "times": note.times,
        }
        for note in notes
    ]
    with writing():
        reading().execute(statement, rows)
