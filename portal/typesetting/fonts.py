"""Makes the fonts of a document small: of each, the outlines that are drawn and nothing beside.

WeasyPrint keeps the glyphs' own numbers, since the text refers to them. So a Noto CJK font comes
with places and widths for its 60,000 glyphs to draw a hundred: 300 KB a document, and half a second
of a processor, in each part again. Its outlines (CFF) know a glyph by a number (CID) that is not
its place, so here HarfBuzz closes the ranks, and of its file the outlines alone are taken over.

WeasyPrint also copies each font's file into memory, 20 MB of Noto CJK, to look at its first four
bytes and hand the font to HarfBuzz, which has it mapped: half of what a child took. Here it looks
at the map.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import weasyprint.pdf.fonts
from fontTools.ttLib import TTFont
from weasyprint.pdf.fonts import Font
from weasyprint.text.ffi import ffi, harfbuzz, harfbuzz_subset

LARGE = 1 << 20  # bytes; a font that has been cut to what is drawn is smaller
READ = {"CFF ", "head", "maxp"}
"""The tables that a font is read by; a viewer has widths and text from the document."""

_copied = weasyprint.pdf.fonts.get_hb_object_data
with_gaps = Font.subset


def cut_fonts() -> None:
    """Let WeasyPrint look at fonts where they are mapped, and close their ranks where it can be."""
    weasyprint.pdf.fonts.get_hb_object_data = _mapped
    Font.subset = _subset


class _Cut(bytes):
    """A font file whose glyphs have lost their places, and are known by their numbers."""


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


def _subset(font: Font, to_unicode: Mapping[int, str], hinting: bool) -> None:
    """Cut a font to the glyphs of ``to_unicode``; in WeasyPrint's way if they need their places."""
    # WeasyPrint counts on behind a font's last glyph for characters that it does not have.
    known = sorted(glyph for glyph in to_unicode if 0 < glyph < font.glyph_count)
    cut = _without_gaps(font, known) if known and "CFF " in font.tables else b""
    if cut and _numbers(cut).issuperset(known):
        font.file_content = _Cut(cut)
    else:
        with_gaps(font, to_unicode, hinting)


def _numbers(font_file: bytes) -> set[int]:
    """By which numbers a file's outlines know its glyphs; none if it has them by names."""
    names = TTFont(io.BytesIO(font_file), lazy=True)["CFF "].cff.topDictIndex[0].charset
    return {int(name[3:]) for name in names if name.startswith("cid")}


def _without_gaps(font: Font, glyphs: list[int]) -> bytes:
    """A font file of these glyphs alone, one behind the other; empty if HarfBuzz can't."""
    wanted = ffi.gc(
        harfbuzz_subset.hb_subset_input_create_or_fail(), harfbuzz_subset.hb_subset_input_destroy
    )
    harfbuzz_subset.hb_subset_input_set_flags(
        wanted,
        harfbuzz_subset.HB_SUBSET_FLAGS_DESUBROUTINIZE
        | harfbuzz_subset.HB_SUBSET_FLAGS_NOTDEF_OUTLINE
        | harfbuzz_subset.HB_SUBSET_FLAGS_NO_HINTING,
    )
    _add(harfbuzz_subset.hb_subset_input_glyph_set(wanted), glyphs)
    dropped = harfbuzz_subset.hb_subset_input_set(
        wanted, harfbuzz_subset.HB_SUBSET_SETS_DROP_TABLE_TAG
    )
    names = {*font.tables} - READ
    _add(dropped, sorted(harfbuzz.hb_tag_from_string(name.encode(), -1) for name in names))
    face = harfbuzz_subset.hb_subset_or_fail(font.hb_face, wanted)
    if not face:
        return b""
    made: bytes = _copied(ffi.gc(face, harfbuzz.hb_face_destroy)) or b""
    return made


def _add(numbers: Any, more: list[int]) -> None:
    harfbuzz.hb_set_add_sorted_array(numbers, ffi.new("hb_codepoint_t[]", more), len(more))


def slim(pdf: Any) -> None:
    """Put bare outlines in place of the cut fonts of a pydyf document not yet written."""
    for found in pdf.objects:
        first = next(iter(getattr(found, "stream", ())), None)
        if isinstance(first, _Cut):
            found.stream = [TTFont(io.BytesIO(first), lazy=True).reader["CFF "]]
            found.extra["Subtype"] = "/CIDFontType0C"
        elif isinstance(first, ffi.buffer):  # a font that could not be cut
            found.stream = [bytes(first)]
