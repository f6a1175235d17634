"""A store in a bucket of S3, MinIO or Ceph (obstore)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store as Bucket

from portal.errors import StoreUnavailable
from portal.storage.base import (
    Incoming,
    MissingFile,
    StoredFile,
    checked_key,
    checked_prefix,
    medium,
    sweep_folder,
)


class S3Store:
    """Objects under ``prefix`` of a bucket; files being received lie on this machine."""

    def __init__(
        self, *, bucket: str, prefix: str, endpoint: str | None, region: str, incoming: Path
    ) -> None:
        self._incoming = incoming
        with medium():
            incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        plain = endpoint is not None and endpoint.startswith("http://")
        self._bucket = Bucket(
            bucket,
            prefix=prefix or None,
            region=region,
            endpoint=endpoint,
            client_options={"allow_http": plain, "timeout": "60s", "connect_timeout": "5s"},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
        )

    def receive(self, limit: int) -> Incoming:
        """See ``Store``."""
        return Incoming(self._incoming, limit)

    def keep(self, incoming: Incoming, key: str) -> None:
        """Put, then ask the bucket what it has: only then may a row name it."""
        incoming.finish()
        with _bucket_errors(key):
            obstore.put(self._bucket, checked_key(key), incoming.path, mode="create")
            found = obstore.head(self._bucket, key)["size"]
        if found != incoming.size:
            raise StoreUnavailable(f"{key}: put {incoming.size} bytes, found {found}")

    def put(self, key: str, content: bytes) -> None:
        """See ``Store``."""
        with _bucket_errors(key):
            obstore.put(self._bucket, checked_key(key), content)

    def open(self, key: str) -> BinaryIO:
        """A reader that fetches ranges, so that a range request needs no whole file."""
        with _bucket_errors(key):
            reader = obstore.open_reader(self._bucket, checked_key(key))
        return cast(BinaryIO, _Reader(reader))

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """A temporary copy on this machine."""
        with tempfile.NamedTemporaryFile(dir=self._incoming) as copy:
            with _bucket_errors(key):
                for chunk in obstore.get(self._bucket, checked_key(key)):
                    copy.write(chunk)
            copy.flush()
            yield Path(copy.name)

    def size(self, key: str) -> int | None:
        """See ``Store``."""
        try:
            with _bucket_errors(key):
                return int(obstore.head(self._bucket, checked_key(key))["size"])
        except MissingFile:
            return None

    def delete(self, key: str) -> None:
        """See ``Store``."""
        try:
            with _bucket_errors(key):
                obstore.delete(self._bucket, checked_key(key))
        except MissingFile:
            return

    def keys(self, prefix: str) -> Iterator[StoredFile]:
        """See ``Store``."""
        with _bucket_errors(prefix):
            for batch in obstore.list(self._bucket, prefix=checked_prefix(prefix)):
                for one in batch:
                    yield StoredFile(one["path"], one["size"], one["last_modified"])

    def sweep_incoming(self, older_than: timedelta, now: datetime) -> int:
        """See ``Store``."""
        return sweep_folder(self._incoming, older_than, now)

    def check(self) -> None:
        """See ``Store``."""
        with Incoming(self._incoming, 1) as probe:
            probe.write(b"0")
        self.put("pages/check", b"0")
        self.delete("pages/check")


class _Reader:
    """obstore's reader with the bytes and the context manager of an ordinary file."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def read(self, size: int = -1) -> bytes:
        return bytes(self._reader.read(None if size < 0 else size))

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._reader.seek(offset, whence))

    def tell(self) -> int:
        return int(self._reader.tell())

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def readinto(self, target: bytearray) -> int:
        content = self.read(len(target))
        target[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._reader.close()

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _bucket_errors(key: str) -> Iterator[None]:
    """obstore raises ``FileNotFoundError`` for a missing object, its own errors for the rest."""
    try:
        yield
    except FileNotFoundError:
        raise MissingFile(key) from None
    except (BaseError, OSError) as error:
        raise StoreUnavailable(f"{key}: {error}") from error
