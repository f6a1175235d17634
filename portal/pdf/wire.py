"""What passes between the server and the sandbox's processes; loads no parser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from portal.rules.scan_findings import Box


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known of a good file; ``disputed`` if pypdf and pdfium disagree on it."""

    pages: int
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class CleanPicture:
    """A JPEG with nothing beside it; upright after ``turns`` quarter turns clockwise.

    ``width`` and ``height`` are those of its own pixels. ``view``, to look at it on a screen, and
    ``thumbnail`` are JPEGs and upright.
    """

    content: bytes
    width: int
    height: int
    turns: int
    view: bytes
    thumbnail: bytes

    def to_bytes(self) -> bytes:
        """As an answer."""
        head = {"width": self.width, "height": self.height, "turns": self.turns}
        parts = (self.content, self.view, self.thumbnail)
        return _framed({**head, "sizes": [len(part) for part in parts]}, b"".join(parts))

    @classmethod
    def from_bytes(cls, answer: bytes) -> Self:
        """From an answer; ``ValueError``, ``TypeError`` or ``KeyError`` for anything else."""
        head, content = _unframed(answer)
        first, second, third = (int(size) for size in head["sizes"])
        parts = (content[:first], content[first:][:second], content[first + second :][:third])
        if not all(part.startswith(JPEG) for part in parts):
            raise ValueError("not three pictures")
        turns = int(head["turns"]) % 4
        return cls(parts[0], int(head["width"]), int(head["height"]), turns, *parts[1:])


@dataclass(frozen=True, slots=True)
class Joined:
    """A PDF of pictures; ``dpi`` of its coarsest page; ``coarser`` if they were coded anew."""

    pdf: bytes
    pages: int
    dpi: int
    coarser: bool

    def to_bytes(self) -> bytes:
        """As an answer."""
        return _framed({"pages": self.pages, "dpi": self.dpi, "coarser": self.coarser}, self.pdf)

    @classmethod
    def from_bytes(cls, answer: bytes) -> Self:
        """From an answer; ``ValueError``, ``TypeError`` or ``KeyError`` for anything else."""
        head, pdf = _unframed(answer)
        return cls(pdf, int(head["pages"]), int(head["dpi"]), bool(head["coarser"]))


@dataclass(frozen=True, slots=True)
class RedPlace:
    """Where the most red ink is, a seal perhaps: a page from 1, and a box on it."""

    page: int
    box: Box


@dataclass(frozen=True, slots=True)
class Compressed:
    """A PDF that fits; the dots per inch of its coarsest page, before and now; its seal."""

    pdf: bytes
    pages: int
    dpi_before: int
    dpi: int
    red: RedPlace | None

    def to_bytes(self) -> bytes:
        """As an answer."""
        red = None
        if self.red is not None:
            box = self.red.box
            red = [self.red.page, box.left, box.top, box.right, box.bottom]
        head = {"pages": self.pages, "before": self.dpi_before, "dpi": self.dpi, "red": red}
        return _framed(head, self.pdf)

    @classmethod
    def from_bytes(cls, answer: bytes) -> Self:
        """From an answer; ``ValueError``, ``TypeError`` or ``KeyError`` for anything else."""
        head, pdf = _unframed(answer)
        red = None
        if head["red"] is not None:
            page, *sides = (int(value) for value in head["red"])
            red = RedPlace(page, Box(*sides))
        return cls(pdf, int(head["pages"]), int(head["before"]), int(head["dpi"]), red)


JPEG = b"\xff\xd8"


def _framed(head: Mapping[str, Any], content: bytes) -> bytes:
    return json.dumps(head).encode() + b"\n" + content


def _unframed(answer: bytes) -> tuple[dict[str, Any], bytes]:
    line, _, content = answer.partition(b"\n")
    head = json.loads(line)
    if not isinstance(head, dict):
        raise ValueError("not a head")
    return head, content
