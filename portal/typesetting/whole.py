"""Joins typeset parts to one PDF with its tags, bookmarks and page numbers.

pypdf keeps every object of the parts in memory, and with the tags a table has twenty a row: 500
rows took it 55 MiB and 2 s, so that 20,000 would not fit. Here an object passes by as bytes: its
references are counted on, and it is written; of the parts only one is looked at at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from mmap import mmap

from portal.typesetting.pieces import LITERAL, Piece, array_of, number_of, renumbered
from portal.typesetting.writer import Writer

_CHANGED = re.compile(
    rb"\((?P<id>\d+-\d+-\d+)\)|"
    + LITERAL
    + rb"|(?P<ref>\d+) 0 R\b|/StructParent(?P<s>s?) (?P<key>\d+)"
)
_KEY_AND_VALUE = re.compile(rb"(\d+) (\[[^\]]*\]|\d+ 0 R)")
_ACTION = re.compile(rb"/A <<[^<>]*/URI \(page:([^()]*)\)>>")


def join(
    content: bytes | mmap,
    sizes: Sequence[int],
    marks: Sequence[tuple[str, int, float | None]],
    links: Mapping[str, int],
    *,
    stamped: bool,
) -> Iterator[bytes]:
    """One PDF of the pieces that lie in ``content`` one behind the other, chunk after chunk.

    ``stamped``: the last piece is laid over the pages of the others. See ``Typesetter.join``.
    """
    ends = [0]
    for size in sizes:
        ends.append(ends[-1] + size)
    places = list(pairwise(ends))
    stamps = places.pop() if stamped else None
    whole = _Whole(links)
    for place in places:
        whole.plan(Piece(content, *place))
    forms = whole.take_stamps(Piece(content, *stamps)) if stamps else []
    for place in places:
        whole.add(Piece(content, *place), forms)
        yield from whole.taken()
    whole.finish(Piece(content, *places[0]), marks)
    yield from whole.taken()


class _Whole:
    """The PDF that is being written."""

    def __init__(self, links: Mapping[str, int]) -> None:
        self._links = links
        self._pdf = Writer()
        self.taken = self._pdf.taken
        self._catalog, self._pages, self._structure, self._document, self._mapping = (
            self._pdf.new() for _ in range(5)
        )
        self._of_page: list[dict[int, int]] = []
        self._kids: list[int] = []
        self._elements: list[bytes] = []
        self._keys: list[bytes] = []
        self._next_key = 0
        self._joined = 0
        self._begin = self._pdf.new()
        self._pdf.write_stream(self._begin, b"", b"q")

    def plan(self, part: Piece) -> None:
        """Give every page its number, so that a link can lead to any of them."""
        pages = {number: self._pdf.new() for number in part.page_numbers}
        self._of_page.append(pages)
        self._kids += pages.values()

    def take_stamps(self, stamps: Piece) -> list[int]:
        """The pages of ``stamps`` as forms; their numbers."""
        new_of = {number: self._pdf.new() for number in stamps.numbers()}
        contents = {}
        for number in stamps.page_numbers:
            page = stamps.read(number)
            box, resources = array_of(page, b"/MediaBox"), number_of(page, b"/Resources")
            head = b"/Type /XObject/Subtype /Form/BBox [%s]/Resources %d 0 R" % (
                box,
                new_of[resources],
            )
            contents[number_of(page, b"/Contents")] = head
        pages = set(stamps.page_numbers)
        forms = []
        for number, new in new_of.items():
            if number in pages:
                continue
            found = renumbered(stamps.read(number), new_of.__getitem__)
            if number in contents:
                found = found.replace(b"<<", b"<<" + contents[number], 1)
                forms.append(new)
            self._pdf.write(new, found)
        return forms

    def add(self, part: Piece, forms: Sequence[int]) -> None:
        """Write a part's objects; ``forms``, if any, has one for each page of the whole."""
        pages = self._of_page[self._joined]
        first = self._kids.index(next(iter(pages.values())))
        new_of = {number: pages.get(number) or self._pdf.new() for number in part.numbers()}
        new_of |= {part.tree: self._pages, part.document: self._document}
        new_of |= {part.structure: self._structure}
        shift, prefix = self._next_key, b"%d." % self._joined
        keys = self._mapped(part, new_of, shift)
        stamped = dict(enumerate(forms[first : first + len(pages)])) if forms else {}
        shared = {number_of(part.read(number), b"/Resources") for number in part.page_numbers}
        for number, new in new_of.items():
            if new in (self._pages, self._document, self._structure):
                continue
            found = self._changed(part.read(number), new_of, shift, prefix)
            if stamped and number in pages:
                found = self._with_stamp(found, list(pages).index(number))
            if stamped and number in shared:
                named = b"".join(b"/P%d %d 0 R" % one for one in stamped.items())
                found = found.replace(b"/XObject <<", b"/XObject <<" + named, 1)
            self._pdf.write(new, found)
        if part.document:
            elements = array_of(part.read(part.document), b"/K")
            self._elements.append(renumbered(elements, new_of.__getitem__))
        self._next_key += keys
        self._joined += 1

    def finish(self, first: Piece, marks: Sequence[tuple[str, int, float | None]]) -> None:
        """Write what the whole has once; title, language and metadata are the first part's."""
        kids = b" ".join(b"%d 0 R" % number for number in self._kids)
        self._pdf.write(
            self._pages, b"<</Type /Pages/Kids [%s]/Count %d>>" % (kids, len(self._kids))
        )
        catalog = b"/Type /Catalog/Pages %d 0 R" % self._pages
        catalog += b"".join(
            found[0]
            for key in (
                rb"/Lang " + LITERAL,
                rb"/ViewerPreferences <<[^>]*>>",
                rb"/MarkInfo <<[^>]*>>",
            )
            if (found := re.search(key, first.catalog))
        )
        if first.structure:
            catalog += b"/StructTreeRoot %d 0 R" % self._structure
            self._pdf.write(
                self._structure,
                b"<</Type /StructTreeRoot/ParentTree %d 0 R/ParentTreeNextKey %d/K [%d 0 R]>>"
                % (self._mapping, self._next_key, self._document),
            )
            self._pdf.write(
                self._document,
                b"<</Type /StructElem/S /Document/P %d 0 R/K [%s]>>"
                % (self._structure, b" ".join(self._elements)),
            )
            self._pdf.write(self._mapping, b"<</Nums [%s]>>" % b" ".join(self._keys))
        if first.metadata:
            metadata = self._pdf.new()
            self._pdf.write(metadata, first.read(first.metadata))
            catalog += b"/Metadata %d 0 R" % metadata
        if marks:
            catalog += b"/PageMode /UseOutlines/Outlines %d 0 R" % self._outline(marks)
        self._pdf.write(self._catalog, b"<<" + catalog + b">>")
        info = self._pdf.new()
        self._pdf.write(info, first.read(first.info))
        self._pdf.finish(self._catalog, info)

    def _with_stamp(self, page: bytes, place: int) -> bytes:
        """A page's object with its own content put in brackets and the stamp laid over it."""
        over = self._pdf.new()
        self._pdf.write_stream(over, b"", b"Q /Artifact BMC /P%d Do EMC" % place)
        return re.sub(
            rb"/Contents (\d+ 0 R)",
            b"/Contents [%d 0 R \\1 %d 0 R]" % (self._begin, over),
            page,
            count=1,
        )

    def _mapped(self, part: Piece, new_of: Mapping[int, int], shift: int) -> int:
        """Take over which tag each piece of content belongs to; how many keys that takes."""
        if not part.mapping:
            return 0
        found = _KEY_AND_VALUE.findall(array_of(part.read(part.mapping), b"/Nums"))
        self._keys.append(
            b" ".join(
                b"%d %s" % (int(key) + shift, renumbered(value, new_of.__getitem__))
                for key, value in found
            )
        )
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
        top = self._pdf.new()
        numbers = [self._pdf.new() for _ in marks]
        for place, (title, page, height) in enumerate(marks):
            beside = b""
            if place:
                beside += b"/Prev %d 0 R" % numbers[place - 1]
            if place + 1 < len(numbers):
                beside += b"/Next %d 0 R" % numbers[place + 1]
            name = (b"\xfe\xff" + title.encode("utf-16-be")).hex().encode()
            at = b"null" if height is None else b"%.1f" % height
            self._pdf.write(
                numbers[place],
                b"<</Title <%s>/Parent %d 0 R%s/Dest [%d 0 R /XYZ null %s 0]>>"
                % (name, top, beside, self._kids[page], at),
            )
        self._pdf.write(
            top,
            b"<</Type /Outlines/First %d 0 R/Last %d 0 R/Count %d>>"
            % (numbers[0], numbers[-1], len(numbers)),
        )
        return top
