"""Writes a PDF object by object; what is written can be taken at any time, so that none is held."""

from __future__ import annotations

import zlib

PACKED = 200
"""Objects of one object stream: a viewer unpacks all of them for one."""

_ROW = 8
"""Bytes of an object in the table of places: kind, place, index."""


class Writer:
    """The PDF that is being written."""

    def __init__(self) -> None:
        self._out = [b"%PDF-1.7\n%\xf0\x9f\x96\xa4\n"]
        self._position = len(self._out[0])
        self._table = bytearray(_ROW)
        self._packed: list[tuple[int, bytes]] = []
        self._last = 0

    def new(self) -> int:
        """A number for an object."""
        self._last += 1
        return self._last

    def taken(self) -> list[bytes]:
        """What was written since it was asked last, in chunks."""
        out, self._out = self._out, []
        return out

    def write(self, number: int, found: bytes) -> None:
        """An object: a stream as it is, anything else packed with others."""
        if b"stream\n" in found:
            self._place(number, found)
            return
        self._packed.append((number, found))
        if len(self._packed) == PACKED:
            self._pack()

    def write_stream(self, number: int, head: bytes, content: bytes) -> None:
        """A stream of ``content``, with what its dictionary has beside."""
        packed = zlib.compress(content)
        self._place(
            number,
            b"<<%s/Filter /FlateDecode/Length %d>>\nstream\n%s\nendstream"
            % (head, len(packed), packed),
        )

    def _place(self, number: int, found: bytes) -> None:
        self._note(number, 1, self._position, 0)
        piece = b"%d 0 obj\n%s\nendobj\n" % (number, found)
        self._out.append(piece)
        self._position += len(piece)

    def _pack(self) -> None:
        if not self._packed:
            return
        number, places, position = self.new(), [], 0
        for index, (one, found) in enumerate(self._packed):
            self._note(one, 2, number, index)
            places.append(b"%d %d" % (one, position))
            position += len(found) + 1
        table = b" ".join(places) + b"\n"
        head = b"/Type /ObjStm/N %d/First %d" % (len(self._packed), len(table))
        content = table + b"\n".join(found for _, found in self._packed)
        self._packed = []
        self.write_stream(number, head, content)

    def _note(self, number: int, kind: int, place: int, index: int) -> None:
        if len(self._table) < _ROW * (self._last + 1):
            self._table += bytes(_ROW * (self._last + 1) - len(self._table))
        row = kind.to_bytes(1, "big") + place.to_bytes(5, "big") + index.to_bytes(2, "big")
        self._table[_ROW * number : _ROW * (number + 1)] = row

    def finish(self, root: int, info: int) -> None:
        """The table of places; nothing follows it."""
        self._pack()
        number, start = self.new(), self._position
        self._note(number, 1, start, 0)
        head = b"/Type /XRef/W [1 5 2]/Size %d/Root %d 0 R/Info %d 0 R" % (number + 1, root, info)
        self.write_stream(number, head, bytes(self._table))
        self._out.append(b"startxref\n%d\n%%%%EOF\n" % start)
