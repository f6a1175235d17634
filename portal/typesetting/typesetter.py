"""Has documents typeset by children of a process that has WeasyPrint loaded.

A large document is typeset in parts, at the same time, and joined: the memory of each is that of
its part, and a part that is lost is made again alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, Self

from portal.errors import PortalError
from portal.forking.client import ENVIRONMENT, MIB, ChildLost, Forker
from portal.typesetting.wire import tail

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
    """A typeset part: its pages and anchors, and how its PDF is had when its turn comes."""

    pages: int
    anchors: tuple[Anchor, ...]
    pdf: Callable[[], bytes]

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The part out of a child's answer. Raises ``ValueError``, ``KeyError``, ``TypeError``."""
        head, _, pdf = content.partition(b"\n")
        return cls.from_head(head, lambda: pdf)

    @classmethod
    def from_head(cls, head: bytes, pdf: Callable[[], bytes]) -> Self:
        """A part of which only the first line is here."""
        plain = json.loads(head)
        return cls(int(plain["pages"]), tuple(Anchor(*one) for one in plain["anchors"]), pdf)

    def to_bytes(self) -> bytes:
        """As it passes between the processes, and is kept: a line, and the PDF behind it."""
        anchors = [[one.name, one.page, one.top] for one in self.anchors]
        return json.dumps({"pages": self.pages, "anchors": anchors}).encode() + b"\n" + self.pdf()


class Sink(Protocol):
    """Takes a whole as it comes."""

    def write(self, content: bytes) -> object:
        """The next bytes."""

    def restart(self) -> object:
        """What was written is void: it comes again from its beginning."""


class InMemory:
    """A sink for what is small, or may not lie on a disk as it is."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, content: bytes) -> None:
        """See ``Sink``."""
        self.content += content

    def restart(self) -> None:
        """See ``Sink``."""
        self.content.clear()


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
            environment=ENVIRONMENT
            | {
                # Where fontconfig keeps what it knows of the fonts; without it, it looks each time.
                "HOME": os.environ.get("HOME", "/"),
                # Large pages of memory: a child touches most of what it gets, and is gone.
                "PYTHONMALLOC": "malloc",
                "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
            },
        )

    def part(self, html: str, *, tagged: bool = True) -> Part:
        """A part of a document, or all of it. Raises ``NotTypeset``."""
        request = {"task": "part", "tagged": tagged}
        made = InMemory()
        with _in_memory() as file:
            _write(file, html.encode())
            self._done(file, request, PART_BYTES, made)
        try:
            return Part.from_bytes(bytes(made.content))
        except (ValueError, KeyError, TypeError):
            raise NotTypeset(overtime=False) from None

    def join(
        self,
        sink: Sink,
        parts: Sequence[Part],
        *,
        stamps: Part | None = None,
        marks: Sequence[Mark] = (),
        links: Mapping[str, int] | None = None,
    ) -> None:
        """The parts one behind the other as one PDF, into ``sink``; never two of them in memory.

        ``stamps`` has a page for each page of the whole that is laid over it (page numbers).
        ``marks`` are the bookmarks. ``links`` says to which page of the whole a link to
        ``page:NAME`` leads. Raises ``NotTypeset``.
        """
        with _in_memory() as file:
            sizes = [_write(file, part.pdf()) for part in (*parts, *([stamps] if stamps else []))]
            asked = {
                "sizes": sizes,
                "stamped": stamps is not None,
                "marks": [[one.title, one.page, one.top] for one in marks],
                "links": dict(links or {}),
            }
            _write(file, tail(asked))
            self._done(file, {"task": "join"}, WHOLE_BYTES, sink)

    def _done(self, file: int, request: dict[str, Any], most: int, sink: Sink) -> None:
        """What a child made; one that was lost is followed by another, once."""
        for last in (False, True):
            os.lseek(file, 0, os.SEEK_SET)
            try:
                self.ask_for(file, request, most, sink.write)
            except ChildLost as lost:
                if last or lost.overtime:
                    raise NotTypeset(overtime=lost.overtime) from None
                sink.restart()
            else:
                return


@contextmanager
def _in_memory() -> Iterator[int]:
    """The descriptor of a file that is on no disk."""
    file = os.memfd_create("document")
    try:
        yield file
    finally:
        os.close(file)


def _write(file: int, content: bytes) -> int:
    """Write all of it; how many bytes."""
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
    return len(content)
