"""Joins typeset parts to one PDF with its tags, bookmarks and page numbers.

pypdf keeps every object of the parts in memory, and with the tags a table has twenty a row: 500
rows took it 55 MiB and 2 s, so that 20,000 would not fit. Here an object passes by as bytes: its
references are counted on, and it is written. The parts come from ``weasy``, whose objects are plain
text one behind the other with a table of their places; nothing else is understood.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence

_LITERAL = rb"\((?:\\.|[^\\()])*\)"
_REFERENCE = re.compile(_LITERAL + rb"|(\d+) 0 R\b")
_CHANGED = re.compile(
    rb"\((?P<id>\d+-\d+-\d+)\)|"
    + _LITERAL
    + rb"|(?P<ref>\d+) 0 R\b|/StructParent(?P<s>s?) (?P<key>\d+)"
)
_KEY_AND_VALUE = re.compile(rb"(\d+) (\[[^\]]*\]|\d+ 0 R)")
_ACTION = re.compile(rb"/A <<[^<>]*/URI \(page:([^()]*)\)>>")
PACKED = 200
"""Objects of one object stream: a viewer unpacks all of them for one."""


def join(
    pieces: Sequence[bytes],
    stamps: bytes | None,
    marks: Sequence[tuple[str, int, float | None]],
    links: Mapping[str, int],
) -> list[bytes]:
    """One PDF of the pieces, to be written one chunk after the other; see ``Typesetter.join``."""
    whole = _Whole(links)
    parts = [_Piece(piece) for piece in pieces]
    whole.plan(parts)
    forms = whole.take_stamps(_Piece(stamps)) if stamps is not None else []
    for part in parts:
        whole.add(part, forms)
    whole.finish(parts[0], marks)
    return whole.written()


class _Piece:
    """A part's bytes, and where each of its objects is."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        start = int(content[content.rindex(b"startxref") + 9 :].split()[0])
        lines = content[start:].split(b"\n")
        places = [
            (int(line[:10]), number)
            for number, line in enumerate(lines[2 : 2 + int(lines[1].split()[1])])
            if line.rstrip().endswith(b"n")
        ]
        places.sort()
        ends = [place for place, _ in places[1:]] + [start]
        self._places = {
            number: (place, end) for (place, number), end in zip(places, ends, strict=True)
        }
        trailer = content[start:]
        self.catalog = self.read(_number(trailer, b"/Root"))
        self.info = _number(trailer, b"/Info")
        self.tree = _number(self.catalog, b"/Pages")
        self.page_numbers = _references(_array(self.read(self.tree), b"/Kids"))
        self.structure = self.document = self.mapping = 0
        if b"/StructTreeRoot" in self.catalog:
            self.structure = _number(self.catalog, b"/StructTreeRoot")
            root = self.read(self.structure)
            self.document = _references(_array(root, b"/K"))[0]
            self.mapping = _number(root, b"/ParentTree")
        self.outlines = set(self._outline_numbers())
        self.metadata = _number(self.catalog, b"/Metadata", 0)

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
        start = self._content.index(b"\n", place) + 1
        last = end - len(b"\nendobj\n")
        return self._content[start : last if most is None else min(last, start + most)]

    def _outline_numbers(self) -> Iterator[int]:
        waiting = [_number(self.catalog, b"/Outlines", 0)]
        while waiting:
            number = waiting.pop()
            if not number:
                continue
            yield number
            found = self.read(number)
            waiting += [_number(found, b"/First", 0), _number(found, b"/Next", 0)]


class _Whole:
    """The PDF that is being written."""

    def __init__(self, links: Mapping[str, int]) -> None:
        self._links = links
        self._out = [b"%PDF-1.7\n%\xf0\x9f\x96\xa4\n"]
        self._position = len(self._out[0])
        self._places: dict[int, tuple[int, int, int]] = {}
        self._packed: list[tuple[int, bytes]] = []
        self._last = 0
        self._catalog, self._pages, self._structure, self._document, self._mapping = (
            self._new() for _ in range(5)
        )
        self._kids: list[int] = []
        self._elements: list[bytes] = []
        self._keys: list[bytes] = []
        self._next_key = 0
        self._joined = 0
        self._begin, self._end = self._new(), b"Q"

    def plan(self, parts: Sequence[_Piece]) -> None:
        """Give every page its number, so that a link can lead to any of them."""
        self._of_page = [{number: self._new() for number in part.page_numbers} for part in parts]
        self._kids = [new for pages in self._of_page for new in pages.values()]
        self._write_stream(self._begin, b"", b"q")

    def take_stamps(self, stamps: _Piece) -> list[int]:
        """The pages of ``stamps`` as forms; their numbers."""
        new_of = {number: self._new() for number in stamps.numbers()}
        contents = {}
        for number in stamps.page_numbers:
            page = stamps.read(number)
            box, resources = _array(page, b"/MediaBox"), _number(page, b"/Resources")
            head = b"/Type /XObject/Subtype /Form/BBox [%s]/Resources %d 0 R" % (
                box,
                new_of[resources],
            )
            contents[_number(page, b"/Contents")] = head
        pages = set(stamps.page_numbers)
        forms = []
        for number, new in new_of.items():
            if number in pages:
                continue
            found = _renumbered(stamps.read(number), new_of.__getitem__)
            if number in contents:
                found = found.replace(b"<<", b"<<" + contents[number], 1)
                forms.append(new)
            self._write(new, found)
        return forms

    def add(self, part: _Piece, forms: Sequence[int]) -> None:
        """Write a part's objects; ``forms``, if any, has one for each page of the whole."""
        pages = self._of_page[self._joined]
        first = self._kids.index(next(iter(pages.values())))
        new_of = {number: pages.get(number) or self._new() for number in part.numbers()}
        new_of |= {part.tree: self._pages, part.document: self._document}
        new_of |= {part.structure: self._structure}
        shift, prefix = self._next_key, b"%d." % self._joined
        keys = self._mapped(part, new_of, shift)
        stamped = dict(enumerate(forms[first : first + len(pages)])) if forms else {}
        shared = {_number(part.read(number), b"/Resources") for number in part.page_numbers}
        for number, new in new_of.items():
            if new in (self._pages, self._document, self._structure):
                continue
            found = self._changed(part.read(number), new_of, shift, prefix)
            if stamped and number in pages:
                found = self._with_stamp(found, list(pages).index(number))
            if stamped and number in shared:
                named = b"".join(b"/P%d %d 0 R" % one for one in stamped.items())
                found = found.replace(b"/XObject <<", b"/XObject <<" + named, 1)
            self._write(new, found)
        if part.document:
            elements = _array(part.read(part.document), b"/K")
            self._elements.append(_renumbered(elements, new_of.__getitem__))
        self._next_key += keys
        self._joined += 1

    def finish(self, first: _Piece, marks: Sequence[tuple[str, int, float | None]]) -> None:
        """Write what the whole has once; title, language and metadata are the first part's."""
        kids = b" ".join(b"%d 0 R" % number for number in self._kids)
        self._write(self._pages, b"<</Type /Pages/Kids [%s]/Count %d>>" % (kids, len(self._kids)))
        catalog = b"/Type /Catalog/Pages %d 0 R" % self._pages
        catalog += b"".join(
            found[0]
            for key in (
                rb"/Lang " + _LITERAL,
                rb"/ViewerPreferences <<[^>]*>>",
                rb"/MarkInfo <<[^>]*>>",
            )
            if (found := re.search(key, first.catalog))
        )
        if first.structure:
            catalog += b"/StructTreeRoot %d 0 R" % self._structure
            self._write(
                self._structure,
                b"<</Type /StructTreeRoot/ParentTree %d 0 R/ParentTreeNextKey %d/K [%d 0 R]>>"
                % (self._mapping, self._next_key, self._document),
            )
            self._write(
                self._document,
                b"<</Type /StructElem/S /Document/P %d 0 R/K [%s]>>"
                % (self._structure, b" ".join(self._elements)),
            )
            self._write(self._mapping, b"<</Nums [%s]>>" % b" ".join(self._keys))
        if first.metadata:
            metadata = self._new()
            self._write(metadata, first.read(first.metadata))
            catalog += b"/Metadata %d 0 R" % metadata
        if marks:
            catalog += b"/PageMode /UseOutlines/Outlines %d 0 R" % self._outline(marks)
        self._write(self._catalog, b"<<" + catalog + b">>")
        self._info = self._new()
        self._write(self._info, first.read(first.info))

    def written(self) -> list[bytes]:
        """All of it in chunks, with the table of places."""
        self._pack()
        number, start = self._new(), self._position
        self._places[number] = (1, start, 0)
        rows = [self._places.get(one, (0, 0, 0)) for one in range(number + 1)]
        table = b"".join(
            kind.to_bytes(1, "big") + place.to_bytes(5, "big") + index.to_bytes(2, "big")
            for kind, place, index in rows
        )
        head = b"/Type /XRef/W [1 5 2]/Size %d/Root %d 0 R/Info %d 0 R" % (
            number + 1,
            self._catalog,
            self._info,
        )
        self._write_stream(number, head, table)
        self._out.append(b"startxref\n%d\n%%%%EOF\n" % start)
        return self._out

    def _with_stamp(self, page: bytes, place: int) -> bytes:
        """A page's object with its own content put in brackets and the stamp laid over it."""
        over = self._new()
        self._write_stream(over, b"", b"Q /Artifact BMC /P%d Do EMC" % place)
        return re.sub(
            rb"/Contents (\d+ 0 R)",
            b"/Contents [%d 0 R \\1 %d 0 R]" % (self._begin, over),
            page,
            count=1,
        )

    def _mapped(self, part: _Piece, new_of: Mapping[int, int], shift: int) -> int:
        """Take over which tag each piece of content belongs to; how many keys that takes."""
        if not part.mapping:
            return 0
        found = _KEY_AND_VALUE.findall(_array(part.read(part.mapping), b"/Nums"))
        for key, value in found:
            self._keys.append(b"%d %s" % (int(key) + shift, _renumbered(value, new_of.__getitem__)))
        return len(found)

    def _changed(self, found: bytes, new_of: Mapping[int, int], shift: int, prefix: bytes) -> bytes:
        """An object with its references, its keys and the names of table heads counted on."""
        head, stream, rest = found.partition(b"stream\n")

        def change(match: re.Match[bytes]) -> bytes:
            if match["ref"]:
                return b"%d 0 R" % new_of[int(match["ref"])]
            if match["key"]:
                return b"/StructParent%s %d" % (match["s"], int(match["key"]) + shift)
            if match["id"]:
                return b"(%s%s)" % (prefix, match["id"])
            return match[0]

        head = _CHANGED.sub(change, head)
        if b"/URI (page:" in head:
            head = _ACTION.sub(self._destination, head)
        return head + stream + rest

    def _destination(self, match: re.Match[bytes]) -> bytes:
        page = self._links.get(match[1].decode())
        if page is None:
            return b""
        return b"/Dest [%d 0 R /XYZ null null 0]" % self._kids[page]

    def _outline(self, marks: Sequence[tuple[str, int, float | None]]) -> int:
        top = self._new()
        numbers = [self._new() for _ in marks]
        for place, (title, page, height) in enumerate(marks):
            beside = b""
            if place:
                beside += b"/Prev %d 0 R" % numbers[place - 1]
            if place + 1 < len(numbers):
                beside += b"/Next %d 0 R" % numbers[place + 1]
            name = (b"\xfe\xff" + title.encode("utf-16-be")).hex().encode()
            at = b"null" if height is None else b"%.1f" % height
            self._write(
                numbers[place],
                b"<</Title <%s>/Parent %d 0 R%s/Dest [%d 0 R /XYZ null %s 0]>>"
                % (name, top, beside, self._kids[page], at),
            )
        self._write(
            top,
            b"<</Type /Outlines/First %d 0 R/Last %d 0 R/Count %d>>"
            % (numbers[0], numbers[-1], len(numbers)),
        )
        return top

    def _new(self) -> int:
        self._last += 1
        return self._last

    def _write(self, number: int, found: bytes) -> None:
        """An object: a stream as it is, anything else packed with others."""
        if b"stream\n" in found:
            self._place(number, found)
            return
        self._packed.append((number, found))
        if len(self._packed) == PACKED:
            self._pack()

    def _write_stream(self, number: int, head: bytes, content: bytes) -> None:
        packed = zlib.compress(content)
        self._place(
            number,
            b"<<%s/Filter /FlateDecode/Length %d>>\nstream\n%s\nendstream"
            % (head, len(packed), packed),
        )

    def _place(self, number: int, found: bytes) -> None:
        self._places[number] = (1, self._position, 0)
        piece = b"%d 0 obj\n%s\nendobj\n" % (number, found)
        self._out.append(piece)
        self._position += len(piece)

    def _pack(self) -> None:
        if not self._packed:
            return
        number, places, position = self._new(), [], 0
        for index, (one, found) in enumerate(self._packed):
            self._places[one] = (2, number, index)
            places.append(b"%d %d" % (one, position))
            position += len(found) + 1
        table = b" ".join(places) + b"\n"
        head = b"/Type /ObjStm/N %d/First %d" % (len(self._packed), len(table))
        content = table + b"\n".join(found for _, found in self._packed)
        self._packed = []
        self._write_stream(number, head, content)


def _number(found: bytes, key: bytes, default: int | None = None) -> int:
    """The number of the object that ``key`` refers to."""
    match = re.search(re.escape(key) + rb" (\d+) 0 R", found)
    if match is None:
        if default is None:
            raise ValueError(f"no {key!r}")
        return default
    return int(match[1])


def _array(found: bytes, key: bytes) -> bytes:
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


def _references(found: bytes) -> list[int]:
    return [int(number) for number in re.findall(rb"(\d+) 0 R", found)]


def _renumbered(found: bytes, new_of: Callable[[int], int]) -> bytes:
    head, stream, rest = found.partition(b"stream\n")
    head = _REFERENCE.sub(
        lambda match: b"%d 0 R" % new_of(int(match[1])) if match[1] else match[0], head
    )
    return head + stream + rest
