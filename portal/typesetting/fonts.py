"""Makes the fonts of a document small: of each, the outlines that are drawn and nothing beside.

WeasyPrint keeps the glyphs' own numbers, since the text refers to them. So a Noto CJK font comes
with places and widths for its 60,000 glyphs to draw a hundred: 300 KB a document, in each part
again. Its outlines (CFF) know a glyph by a number (CID) that is not its place, so what is not drawn
can go.

It also copies each font's file into memory, 20 MB of Noto CJK, to look at its first four bytes and
hand the font to HarfBuzz, which has it mapped: half of what a child took. Here it looks at the map.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import weasyprint.pdf.fonts
from fontTools.ttLib import TTFont
from weasyprint.text.ffi import ffi, harfbuzz

LARGE = 1 << 20  # bytes; a font that has been cut to what is drawn is smaller

_copied = weasyprint.pdf.fonts.get_hb_object_data


def share_fonts() -> None:
    """Let WeasyPrint look at fonts where they are mapped."""
    weasyprint.pdf.fonts.get_hb_object_data = _mapped


def _mapped(face: Any, *how: Any, **named: Any) -> Any:
    """A face's file: of a large one its map, which lives as long as the document's fonts."""
    blob = harfbuzz.hb_face_reference_blob(face)
    try:
        size = ffi.new("unsigned int *")
        start = harfbuzz.hb_blob_get_data(blob, size)
        is_file = not how and not named and size[0] >= LARGE
        return ffi.buffer(start, size[0]) if is_file else _copied(face, *how, **named)
    finally:
        harfbuzz.hb_blob_destroy(blob)


def slim(pdf: Any) -> None:
    """Put bare outlines in place of the OpenType fonts of a pydyf document not yet written."""
    for found in pdf.objects:
        if any(isinstance(one, ffi.buffer) for one in getattr(found, "stream", ())):
            found.stream = [bytes(one) for one in found.stream]  # a font that could not be cut
    objects = {found.reference: found for found in pdf.objects}
    drawn: dict[bytes, set[int]] = {}  # by the font's file: several fonts may share one
    for found in pdf.objects:
        if isinstance(found, Mapping) and found.get("Subtype") == "/CIDFontType0":
            file = objects[found["FontDescriptor"]]["FontFile3"]
            drawn.setdefault(file, set()).update(_drawn(found["W"]))
    for file, glyphs in drawn.items():
        outlines = _outlines(b"".join(objects[file].stream), glyphs)
        if outlines is not None:
            objects[file].stream = [outlines]
            objects[file].extra["Subtype"] = "/CIDFontType0C"


def _drawn(widths: list[Any]) -> list[int]:
    """The glyphs that a document has widths for, out of runs: a first glyph, the widths from it."""
    return [
        first + place
        for first, run in zip(widths[::2], widths[1::2], strict=True)
        for place in range(len(run))
    ]


def _outlines(font_file: bytes, drawn: set[int]) -> bytes | None:
    """The CFF table with ``drawn`` alone; None: its glyphs are not known by those numbers.

    fontTools' subsetter does this too, but reads every outline: a third of a part's time.
    """
    font = TTFont(io.BytesIO(font_file), lazy=True, recalcBBoxes=False)
    if "CFF " not in font:
        return None
    outlines = font["CFF "]
    top = outlines.cff.topDictIndex[0]
    # WeasyPrint counts on behind a font's last glyph for characters that it does not have.
    places = [0, *sorted(one for one in drawn if 0 < one < len(top.charset))]
    names = [top.charset[place] for place in places]
    if names[1:] != [f"cid{place:05}" for place in places[1:]]:
        return None
    index, fonts = top.CharStrings.charStringsIndex, top.FDSelect
    index.items = [index[place] for place in places]
    del index.file, index.offsets
    top.CharStrings.charStrings = {name: place for place, name in enumerate(names)}
    fonts.gidArray = [fonts.gidArray[place] for place in places]
    fonts.format = None  # whichever is the shortest now
    top.charset, top.numGlyphs = names, len(names)
    made: bytes = outlines.compile(font)
    return made
