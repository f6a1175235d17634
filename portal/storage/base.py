"""What every store does, and the file that is being received."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from portal.errors import PortalError, StoreUnavailable

_FOLDERS = "scans|pages|trees|drafts|letters|reports"
_KEY = re.compile(rf"({_FOLDERS})(/[0-9a-z]{{1,40}}){{1,4}}(\.(pdf|jpg|xlsx|csv|json|part))?")
_PREFIX = re.compile(rf"({_FOLDERS})/([0-9a-z]{{1,40}}/)*")

_NO_ROOM = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.EROFS,
    errno.EFBIG,
    errno.EACCES,
    errno.ENOENT,
}


class MissingFile(PortalError):
    """A row names a file that is not in the store: damage, found by ``flask fsck``."""

    status = 503

    def __init__(self, key: str) -> None:
        super().__init__("这份文件现在取不出来。请稍后再试；仍不行请联系系统管理员。")
        self.key = key


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the store; ``size`` in bytes."""

    key: str
    size: int
    modified: datetime


class Store(Protocol):
    """Where scans and their pictures are. Errors of the medium raise ``StoreUnavailable``."""

    def receive(self, limit: int) -> Incoming:
        """A file to write an upload into; what goes beyond ``limit`` bytes is only counted."""

    def keep(self, incoming: Incoming, key: str) -> None:
        """Make a received file the durable file ``key``; afterwards a row may name it."""

    def put(self, key: str, content: bytes) -> None:
        """Store a derived file whole or not at all; it may be lost in a power cut."""

    def open(self, key: str) -> BinaryIO:
        """Open a file for reading; seekable. Raises ``MissingFile``."""

    def local_copy(self, key: str) -> AbstractContextManager[Path]:
        """A path under which the file can be read while inside. Raises ``MissingFile``."""

    def size(self, key: str) -> int | None:
        """The size of a file in bytes, None when there is none."""

    def delete(self, key: str) -> None:
        """Remove a file; one that is not there is fine."""

    def keys(self, prefix: str) -> Iterator[StoredFile]:
        """All files under ``prefix``, which ends with a slash; one may go before it is used."""

    def sweep_incoming(self, older_than: timedelta, now: datetime) -> int:
        """Remove files whose receiving ended without a result; returns how many."""

    def check(self) -> None:
        """Write and remove a byte."""


class Incoming:
    """A file being received: hashed on the way, cut off behind the limit, gone unless kept.

    It can stand for the file that a multipart parser writes to (``write``, ``seek``, ``close``).
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.path = folder / secrets.token_hex(16)
        self.size = 0
        self._limit = limit
        self._hash = hashlib.sha256()
        self._finished = False
        with medium():
            # Unbuffered: the parser's chunks are large, a second buffer would only copy them.
            self._file = open(  # noqa: SIM115 (closed by finish or discard)
                self.path, "xb", buffering=0, opener=_private
            )

    def write(self, content: bytes) -> int:
        """Take the next bytes."""
        before, self.size = self.size, self.size + len(content)
        if before <= self._limit:
            kept = content[: self._limit + 1 - before]
            self._hash.update(kept)
            with medium():
                written = 0
                while written < len(kept):
                    written += self._file.write(kept[written:])
        return len(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Nothing: a multipart parser rewinds what it wrote, and nobody reads it from here."""
        return 0

    def close(self) -> None:
        """Nothing: the context manager ends the file, not the request that filled it."""

    @property
    def over_limit(self) -> bool:
        """Whether more than ``limit`` bytes came; ``size`` is their true count."""
        return self.size > self._limit

    @property
    def sha256(self) -> str:
        """The hash of what was received, in hex."""
        return self._hash.hexdigest()

    def finish(self) -> None:
        """Everything has come: force it onto the disk. Once is enough."""
        if not self._finished:
            with medium():
                os.fsync(self._file.fileno())
                self._file.close()
            self._finished = True

    def discard(self) -> None:
        """Remove the file, unless it was kept."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()


class medium(AbstractContextManager[None]):  # noqa: N801 (reads as a statement)
    """Turns a full or broken disk into ``StoreUnavailable``; other errors stay bugs."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Translate."""
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise StoreUnavailable(str(error)) from error


def new_scan_key() -> str:
    """A key nobody had before, spread over 256 folders."""
    name = secrets.token_hex(16)
    return f"scans/{name[:2]}/{name}.pdf"


def new_attachment_key(suffix: str) -> str:
    """A key nobody had before, of a letter's attachment."""
    name = secrets.token_hex(16)
    return f"letters/{name[:2]}/{name}.{suffix}"


def new_draft_folder() -> str:
    """A folder for the files of one draft."""
    return _new_folder("drafts")


def new_report_folder() -> str:
    """A folder for the files of one report."""
    return _new_folder("reports")


def _new_folder(under: str) -> str:
    name = secrets.token_hex(16)
    return f"{under}/{name[:2]}/{name}"


def checked_key(key: str) -> str:
    """``key`` if it has the form of a key; a bug or an attack raises ``ValueError``."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a storage key: {key!r}")
    return key


def checked_prefix(prefix: str) -> str:
    """``prefix`` if it is the folder of keys; raises ``ValueError``."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"not a storage prefix: {prefix!r}")
    return prefix


def sweep_folder(folder: Path, older_than: timedelta, now: datetime) -> int:
    """Remove the files of a folder that were last written before ``now - older_than``.

    Those of others may go meanwhile: a request ends, another worker sweeps.
    """
    removed = 0
    for path in folder.iterdir():
        try:
            written = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
        except FileNotFoundError:
            continue
        if written < now - older_than:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
