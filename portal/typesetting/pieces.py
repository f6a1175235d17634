"""A typeset part as bytes: where its objects are, and what they refer to.

The parts come from ``weasy``, whose objects are plain text one behind the other with a table of
their places; nothing else is understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from mmap import mmap

LITERAL = rb"\((?:\\.|[^\\()])*\)"
_REFERENCE = re.compile(LITERAL + rb"|(\d+) 0 R\b")


class Piece:
    """A part, from ``begin`` to ``end`` of a file, and where each of its objects is."""

    def __init__(self, content: bytes | mmap, begin: int, end: int) -> None:
        self._content = content
        start = begin + int(content[content.rfind(b"startxref", begin, end) + 9 : end].split()[0])
        lines = content[start:end].split(b"\n")
        places = [
            (begin + int(line[:10]), number)
            for number, line in enumerate(lines[2 : 2 + int(lines[1].split()[1])])
            if line.rstrip().endswith(b"n")
        ]
        places.sort()
        ends = [place for place, _ in places[1:]] + [start]
        self._places = {
            number: (place, end) for (place, number), end in zip(places, ends, strict=True)
        }
        trailer = content[start:end]
        self.catalog = self.read(number_of(trailer, b"/Root"))
        self.info = number_of(trailer, b"/Info")
        self.tree = number_of(self.catalog, b"/Pages")
        self.page_numbers = references(array_of(self.read(self.tree), b"/Kids"))
        self.structure = self.document = self.mapping = 0
        if b"/StructTreeRoot" in self.catalog:
            self.structure = number_of(self.catalog, b"/StructTreeRoot")
            root = self.read(self.structure)
            self.document = references(array_of(root, b"/K"))[0]
            self.mapping = number_of(root, b"/ParentTree")
        self.outlines = set(self._outline_numbers())
        self.metadata = number_of(self.catalog, b"/Metadata", 0)

    def numbers(self) -> Iterator[int]:
        """All its objects but those of which the whole has its own."""
        own = {self.tree, self.info, self.structure, self.document, self.mapping, self.metadata}
        own |= self.outlines
        for number in self._places:
            if number not in own and self.read(number, 40).find(b"/Catalog") < 0:
                yield number

    def read(self, number: int, most: int | None = None) -> bytes:
        """An object without its number and its end; its first ``most`` bytes."""
        place, end = self._places[number]
        start = self._content.find(b"\n", place) + 1
        last = end - len(b"\nendobj\n")
        return self._content[start : last if most is None else min(last, start + most)]

    def _outline_numbers(self) -> Iterator[int]:
        waiting = [number_of(self.catalog, b"/Outlines", 0)]
        while waiting:
            number = waiting.pop()
            if not number:
                continue
            yield number
            found = self.read(number)
            waiting += [number_of(found, b"/First", 0), number_of(found, b"/Next", 0)]


def number_of(found: bytes, key: bytes, default: int | None = None) -> int:
    """The number of the object that ``key`` refers to."""
    match = re.search(re.escape(key) + rb" (\d+) 0 R", found)
    if match is None:
        if default is None:
            raise ValueError(f"no {key!r}")
        return default
    return int(match[1])


def array_of(found: bytes, key: bytes) -> bytes:
    """What stands between the brackets of ``key``'s array."""
    start = found.index(key + b" [") + len(key) + 2
    depth, place = 1, start
    while depth:
        opened, closed = found.find(b"[", place), found.index(b"]", place)
        if 0 <= opened < closed:
            depth, place = depth + 1, opened + 1
        else:
            depth, place = depth - 1, closed + 1
    return found[start : place - 1]


def references(found: bytes) -> list[int]:
    """The numbers of all objects that it refers to."""
    return [int(number) for number in re.findall(rb"(\d+) 0 R", found)]


def renumbered(found: bytes, new_of: Callable[[int], int]) -> bytes:
    """An object with its references counted on; what stands in a stream is none."""
    head, stream, rest = found.partition(b"stream\n")
    head = _REFERENCE.sub(
        lambda match: b"%d 0 R" % new_of(int(match[1])) if match[1] else match[0], head
    )
    return head + stream + rest
