"""A sandbox that makes files: of pictures, or of a file that is too large."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from portal.forking.client import MIB, ChildLost
from portal.pdf.sandbox import MADE_BYTES, NONSENSE, Sandbox
from portal.pdf.wire import CleanPicture, Compressed, Joined
from portal.rules.making import (
    MAX_PICTURE_BYTES,
    MakingReason,
    MakingRefusal,
    MakingRefused,
)
from portal.rules.scan_refusals import Refusal, ScanRefused

T = TypeVar("T")

CLEAN_BYTES = 2 * MAX_PICTURE_BYTES + MIB
"""Of a picture that was coded anew: a PNG may become larger as a JPEG, though hardly ever."""


LONG_AT_ONCE = 2
"""Children that join or compress at the same time: each may take all of its memory for a minute."""

PATIENCE = 20
"""Seconds that one more waits before it is told so: it holds one of the server's threads."""


class Maker(Sandbox):
    """Its children make files (``making.py``). What is made is inspected like any other."""

    def __init__(self, *, memory_bytes: int, cpu_seconds: int, wall_seconds: int) -> None:
        super().__init__(
            memory_bytes=memory_bytes,
            cpu_seconds=cpu_seconds,
            wall_seconds=wall_seconds,
            makes=True,
        )
        self._long = threading.BoundedSemaphore(LONG_AT_ONCE)

    def clean(self, path: Path) -> CleanPicture:
        """A picture as it may go into a form. Raises ``MakingRefused``."""
        return self._make(path, {"task": "clean"}, CleanPicture.from_bytes, CLEAN_BYTES)

    def join(self, path: Path, pictures: Sequence[tuple[int, int]]) -> Joined:
        """One PDF of the clean pictures that lie in a file one behind the other.

        Of each its size in bytes, and the quarters to turn it clockwise. Raises ``MakingRefused``.
        """
        request = {"task": "join", "pictures": [list(one) for one in pictures]}
        with self._in_turn():
            return self._make(path, request, Joined.from_bytes, MADE_BYTES)

    def compress(self, path: Path) -> Compressed:
        """A scan that fits into 15 M. Raises ``ScanRefused`` or ``MakingRefused``."""
        with self._in_turn():
            return self._make(path, {"task": "compress"}, Compressed.from_bytes, MADE_BYTES)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """As one of the few long tasks at once. Raises ``MakingRefused`` after ``PATIENCE``."""
        if not self._long.acquire(timeout=PATIENCE):
            raise MakingRefused(MakingRefusal(MakingReason.BUSY))
        try:
            yield
        finally:
            self._long.release()

    def _make(
        self, path: Path, request: dict[str, Any], parse: Callable[[bytes], T], most: int
    ) -> T:
        try:
            good, answer = self._ask_file(path, request, most)
            if good:
                return parse(answer)
            plain = json.loads(answer)
            refused: MakingRefused | ScanRefused
            if "scan" in plain:
                refused = ScanRefused(Refusal.from_json(plain["scan"]))
            else:
                refused = MakingRefused(MakingRefusal.from_json(plain["making"]))
        except ChildLost as lost:
            reason = MakingReason.TIMEOUT if lost.overtime else MakingReason.CRASHED
            raise MakingRefused(MakingRefusal(reason)) from None
        except NONSENSE:
            raise MakingRefused(MakingRefusal(MakingReason.CRASHED)) from None
        raise refused
