"""The store: the one place that touches files of scans and their pictures, and checks every key."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from portal.storage.base import (
    Incoming,
    MissingFile,
    Store,
    StoredFile,
    new_attachment_key,
    new_draft_folder,
    new_report_folder,
    new_scan_key,
)
from portal.storage.local import LocalStore

__all__ = [
    "Incoming",
    "MissingFile",
    "Store",
    "StoredFile",
    "new_attachment_key",
    "new_draft_folder",
    "new_report_folder",
    "new_scan_key",
    "open_store",
]


def open_store(url: str, incoming: Path) -> Store:
    """The store at ``file:///folder`` or ``s3://bucket/prefix?endpoint=…&region=…``.

    Files being received lie in ``incoming``, for a local store inside the store itself, so that
    keeping one is a rename. S3's credentials come from the environment (AWS_ACCESS_KEY_ID, …).
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return LocalStore(Path(parts.path))
    from portal.storage.s3 import S3Store  # an extra of the big installation

    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return S3Store(
        bucket=parts.netloc,
        prefix=parts.path.strip("/"),
        endpoint=options.get("endpoint"),
        region=options.get("region", "us-east-1"),
        incoming=incoming,
    )
