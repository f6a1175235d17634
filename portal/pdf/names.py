"""Names in a PDF, byte for byte. For what reads and writes a file in the sandbox's child."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pypdf.generic import NameObject

_PLAIN = frozenset(range(33, 127)) - frozenset(b"#()<>[]{}/%")
"""Bytes that stand in a name as they are; others are written as ``#`` and two digits."""


@contextmanager
def names_as_they_are() -> Iterator[None]:
    """Let pypdf write each name with the bytes that it read.

    It decodes names, a Chinese scanner's from GBK, and writes UTF-8. The content of a page still
    calls its picture by the old bytes, and would show nothing.
    """
    charsets, written = NameObject.CHARSETS, NameObject.renumber
    NameObject.CHARSETS = ("latin-1",)  # type: ignore[assignment]  # one for each byte
    NameObject.renumber = _renumber  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        NameObject.CHARSETS = charsets
        NameObject.renumber = written  # type: ignore[method-assign]


def _renumber(name: NameObject) -> bytes:
    parts = (
        bytes([byte]) if byte in _PLAIN else b"#%02X" % byte for byte in name[1:].encode("latin-1")
    )
    return b"/" + b"".join(parts)
