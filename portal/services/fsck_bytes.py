"""``flask fsck`` of files: whether the bytes of one are still those that its row names."""

from __future__ import annotations

import hashlib

from portal.runtime import runtime
from portal.storage import MissingFile


def fault_in_bytes(key: str, sha256: bytes) -> str | None:
    """What is wrong with the file ``key``; None when its bytes have the hash ``sha256``.

    It may go between being listed and being read: then it is missing, which is no crash.
    """
    try:
        with runtime().store.open(key) as file:
            found = hashlib.file_digest(file, "sha256").digest()  # type: ignore[arg-type]
    except MissingFile:
        return "its file is missing"
    return None if found == sha256 else "its bytes are not those that were kept"
