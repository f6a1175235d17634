"""A store in a folder of this machine."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from portal.storage.base import (
    Incoming,
    MissingFile,
    StoredFile,
    checked_key,
    checked_prefix,
    medium,
    sweep_folder,
)


class LocalStore:
    """Files under ``root``; ``root/incoming`` is on the same file system, so keeping renames."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        with medium():
            self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)

    def receive(self, limit: int) -> Incoming:
        """See ``Store``."""
        return Incoming(self._incoming, limit)

    def keep(self, incoming: Incoming, key: str) -> None:
        """fsync the file, rename it, fsync its folder: then a power cut can't lose it."""
        incoming.finish()
        target = self._path(key)
        with medium():
            self._make_folder(target.parent)
            # link refuses to overwrite where rename would not; the incoming name goes after.
            os.link(incoming.path, target)
            incoming.path.unlink()
            _sync(target.parent)

    def put(self, key: str, content: bytes) -> None:
        """Temporary file and rename, without fsync: what is derived can be made again."""
        target = self._path(key)
        temporary = self._incoming / secrets.token_hex(16)
        with medium():
            self._make_folder(target.parent)
            temporary.write_bytes(content)
            temporary.replace(target)

    def open(self, key: str) -> BinaryIO:
        """See ``Store``."""
        try:
            return open(self._path(key), "rb", opener=_no_link)
        except FileNotFoundError:
            raise MissingFile(key) from None

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """The file itself."""
        path = self._path(key)
        if not path.is_file():
            raise MissingFile(key)
        yield path

    def size(self, key: str) -> int | None:
        """See ``Store``."""
        try:
            return self._path(key).lstat().st_size
        except FileNotFoundError:
            return None

    def delete(self, key: str) -> None:
        """See ``Store``."""
        with medium():
            self._path(key).unlink(missing_ok=True)

    def keys(self, prefix: str) -> Iterator[StoredFile]:
        """See ``Store``. Links are not followed; what goes meanwhile is left out."""
        top = self._root / checked_prefix(prefix)
        for folder, _, names in os.walk(top):
            for name in names:
                path = Path(folder, name)
                try:
                    found = path.lstat()
                except FileNotFoundError:
                    continue
                yield StoredFile(
                    path.relative_to(self._root).as_posix(),
                    found.st_size,
                    datetime.fromtimestamp(found.st_mtime, UTC),
                )

    def sweep_incoming(self, older_than: timedelta, now: datetime) -> int:
        """See ``Store``."""
        return sweep_folder(self._incoming, older_than, now)

    def check(self) -> None:
        """See ``Store``."""
        with Incoming(self._incoming, 1) as probe:
            probe.write(b"0")

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for made in (folder, *folder.relative_to(self._root).parents):
                _sync(self._root / made)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)
