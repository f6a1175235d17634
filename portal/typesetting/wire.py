"""What passes to a child that joins: the pieces one behind the other, then what is to be done."""

from __future__ import annotations

import json
from mmap import mmap
from typing import Any

_SIZE_BYTES = 8


def tail(asked: dict[str, Any]) -> bytes:
    """What is asked, to be written behind the last piece: it is known when that has been read."""
    plain = json.dumps(asked).encode()
    return plain + len(plain).to_bytes(_SIZE_BYTES, "big")


def asked_of(content: mmap) -> dict[str, Any]:
    """What ``tail`` wrote."""
    size = int.from_bytes(content[-_SIZE_BYTES:], "big")
    plain: dict[str, Any] = json.loads(content[-_SIZE_BYTES - size : -_SIZE_BYTES])
    return plain
