"""Has documents typeset by children of a process that has WeasyPrint loaded.

A large document is typeset in parts, at the same time, and joined: the memory of each is that of
its part, and a part that is lost is made again alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from portal.errors import PortalError
from portal.forking.client import ENVIRONMENT, MIB, ChildLost, Forker

PART_BYTES = 64 * MIB
WHOLE_BYTES = 512 * MIB
"""More is no answer."""


class NotTypeset(PortalError):
    """A document did not come out within the limits; ``overtime`` if it took too long."""

    status = 503

    def __init__(self, *, overtime: bool) -> None:
        super().__init__(
            "这份报表没有排版出来，没有保存。请缩小范围或期间后重新生成；仍不行请联系系统管理员。"
        )
        self.overtime = overtime


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where an element with an id begins: page from 0, ``top`` in points from the page's foot."""

    name: str
    page: int
    top: float


@dataclass(frozen=True, slots=True)
class Part:
    """A typeset part: a PDF that only ``Typesetter.join`` need understand."""

    pages: int
    anchors: tuple[Anchor, ...]
    pdf: bytes

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The part out of what ``to_bytes`` made. Raises ``ValueError`` or ``KeyError``."""
        head, _, pdf = content.partition(b"\n")
        plain = json.loads(head)
        return cls(int(plain["pages"]), tuple(Anchor(*one) for one in plain["anchors"]), pdf)

    def to_bytes(self) -> bytes:
        """As it passes between the processes, and is kept."""
        anchors = [[one.name, one.page, one.top] for one in self.anchors]
        return json.dumps({"pages": self.pages, "anchors": anchors}).encode() + b"\n" + self.pdf


@dataclass(frozen=True, slots=True)
class Mark:
    """A bookmark of the whole: a title and the page from 0 it leads to."""

    title: str
    page: int
    top: float | None = None


class Typesetter(Forker):
    """Typesets and joins, ``at_once`` documents at the same time. Safe to use from many threads."""

    def __init__(
        self, *, memory_bytes: int, cpu_seconds: int, wall_seconds: int, at_once: int
    ) -> None:
        super().__init__(
            ["portal.typesetting.process"],
            memory_bytes=memory_bytes,
            cpu_seconds=cpu_seconds,
            wall_seconds=wall_seconds,
            at_once=at_once,
            # Where fontconfig keeps what it knows of the fonts; without a home it looks each time.
            environment=ENVIRONMENT | {"HOME": os.environ.get("HOME", "/")},
        )

    def part(self, html: str, *, tagged: bool = True) -> Part:
        """A part of a document, or all of it. Raises ``NotTypeset``."""
        request = {"task": "part", "tagged": tagged}
        try:
            return Part.from_bytes(self._done(request, [html.encode()], PART_BYTES))
        except (ValueError, KeyError, TypeError):
            raise NotTypeset(overtime=False) from None

    def join(
        self,
        parts: Sequence[Part],
        *,
        stamps: Part | None = None,
        marks: Sequence[Mark] = (),
        links: Mapping[str, int] | None = None,
    ) -> bytes:
        """The parts one behind the other as one PDF.

        ``stamps`` has a page for each page of the whole that is laid over it (page numbers).
        ``marks`` are the bookmarks. ``links`` says to which page of the whole a link to
        ``page:NAME`` leads. Raises ``NotTypeset``.
        """
        pieces = [part.pdf for part in (*parts, *([stamps] if stamps else []))]
        head = {
            "sizes": [len(piece) for piece in pieces],
            "stamped": stamps is not None,
            "marks": [[one.title, one.page, one.top] for one in marks],
            "links": dict(links or {}),
        }
        # Written one by one: put together here first, a large whole would be held twice.
        body = [json.dumps(head).encode(), b"\n", *pieces]
        return self._done({"task": "join"}, body, WHOLE_BYTES)

    def _done(self, request: dict[str, Any], content: Sequence[bytes], most: int) -> bytes:
        """What a child made; one that was lost is followed by another, once."""
        try:
            return self._once(request, content, most)
        except ChildLost as lost:
            if lost.overtime:
                raise NotTypeset(overtime=True) from None
        try:
            return self._once(request, content, most)
        except ChildLost as lost:
            raise NotTypeset(overtime=lost.overtime) from None

    def _once(self, request: dict[str, Any], content: Sequence[bytes], most: int) -> bytes:
        with _in_memory(content) as file:
            _, made = self.ask(file, request, most)
        return made


@contextmanager
def _in_memory(content: Sequence[bytes]) -> Iterator[int]:
    """A file's descriptor with ``content``, which is on no disk."""
    file = os.memfd_create("document")
    try:
        for piece in content:
            view = memoryview(piece)
            while view:
                view = view[os.write(file, view) :]
        os.lseek(file, 0, os.SEEK_SET)
        yield file
    finally:
        os.close(file)
