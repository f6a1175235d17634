"""What a PDF's text is drawn with. Of a character that no font has, the typesetter shows FFFF."""

from __future__ import annotations

import io
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ByteStringObject, ContentStream, TextStringObject

_NOTHING = {b"\xff\xff", b"\0\0"}


def missing_glyphs(pdf: bytes) -> list[str]:
    """The places where no glyph (FFFF) or a font's .notdef (0) is shown: page and font."""
    found = []
    reader = PdfReader(io.BytesIO(pdf))
    for place, page in enumerate(reader.pages, 1):
        found += _in_stream(page.get_contents(), page["/Resources"], reader, f"page {place}")
    return found


def _in_stream(content: Any, resources: Any, reader: PdfReader, where: str) -> list[str]:
    found, font = [], ""
    for operands, operator in ContentStream(content, reader).operations:
        if operator == b"Tf":
            font = str(operands[0])
        elif operator == b"Do":
            form = resources["/XObject"][operands[0]].get_object()
            if form["/Subtype"] == "/Form":
                inner = form["/Resources"].get_object()
                found += _in_stream(form, inner, reader, f"{where} {operands[0]}")
        elif operator in (b"Tj", b"TJ"):
            shown = operands[0] if operator == b"TJ" else [operands[0]]
            for piece in shown:
                if isinstance(piece, TextStringObject | ByteStringObject):
                    glyphs = piece.original_bytes
                    codes = {glyphs[at : at + 2] for at in range(0, len(glyphs), 2)}
                    if codes & _NOTHING:
                        found.append(f"{where} {font}")
    return found
