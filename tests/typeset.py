"""Typeset parts as one PDF in memory, for tests that look into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.typesetting.typesetter import InMemory, Part, Typesetter


def joined(typesetter: Typesetter, parts: Sequence[Part], **how: Any) -> bytes:
    sink = InMemory()
    typesetter.join(sink, parts, **how)
    return bytes(sink.content)
