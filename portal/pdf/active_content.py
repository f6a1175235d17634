"""Programs, actions, attachments and XFA in a PDF. A scan has none of them.

Every indirect object of the file is looked at, and not only what the page tree leads to: what no
reader finds today may be found by another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from portal.rules.scan_refusals import RefusalReason

MAX_DEPTH = 30
"""How deep direct objects are followed; deeper ones no scanner writes."""

_ACTIONS = {
    "/JavaScript": RefusalReason.JAVASCRIPT,
    "/Launch": RefusalReason.LAUNCH_ACTION,
    "/ImportData": RefusalReason.LAUNCH_ACTION,
    "/SubmitForm": RefusalReason.LAUNCH_ACTION,
    "/GoToE": RefusalReason.EMBEDDED_FILE,
    "/Rendition": RefusalReason.LAUNCH_ACTION,
}
_ANNOTATIONS = {"/FileAttachment", "/RichMedia", "/3D", "/Movie", "/Sound", "/Screen"}

_DELIMITED = rb"(?![^\x00\t\n\f\r ()<>\[\]{}/%])"
# Names as they stand in a file's bytes. The short ones only before a value, since three letters
# come by chance in a picture of 15 MB.
_NAMES = tuple(
    (re.compile(pattern), reason)
    for pattern, reason in (
        (rb"/JavaScript" + _DELIMITED, RefusalReason.JAVASCRIPT),
        (rb"/JS\s*(?:\(|<|\d+\s+\d+\s+R)", RefusalReason.JAVASCRIPT),
        (rb"/(?:Launch|ImportData|SubmitForm|Rendition)" + _DELIMITED, RefusalReason.LAUNCH_ACTION),
        (
            rb"/(?:EmbeddedFiles?|FileAttachment|RichMedia|GoToE)" + _DELIMITED,
            RefusalReason.EMBEDDED_FILE,
        ),
        (rb"/Subtype\s*/(?:Movie|Sound|Screen|3D)" + _DELIMITED, RefusalReason.EMBEDDED_FILE),
        (rb"/EF\s*(?:<<|\d+\s+\d+\s+R)", RefusalReason.EMBEDDED_FILE),
        (rb"/XFA\s*(?:\(|<|\[|\d+\s+\d+\s+R)", RefusalReason.XFA),
        # Packed objects hide what is in them.
        (rb"/ObjStm" + _DELIMITED, RefusalReason.BROKEN),
    )
)
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")


def find_active_content(reader: PdfReader) -> RefusalReason | None:
    """The first kind of active content in the file, or None."""
    for top in _objects(reader):
        if (found := _search(top, MAX_DEPTH)) is not None:
            return found
    return None


def find_in_bytes(content: bytes, document: pypdfium2.PdfDocument) -> RefusalReason | None:
    """The same without pypdf: what pdfium knows of, and names in the bytes, escaped ones too.

    ``BROKEN`` where it can't be excluded: objects that are packed or encrypted.
    """
    if pdfium.FPDF_GetSecurityHandlerRevision(document) != -1 or b"/Encrypt" in content:
        return RefusalReason.BROKEN
    if pdfium.FPDFDoc_GetJavaScriptActionCount(document) > 0:
        return RefusalReason.JAVASCRIPT
    if pdfium.FPDFDoc_GetAttachmentCount(document) > 0:
        return RefusalReason.EMBEDDED_FILE
    if document.get_formtype() in (pdfium.FORMTYPE_XFA_FULL, pdfium.FORMTYPE_XFA_FOREGROUND):
        return RefusalReason.XFA
    plain = _ESCAPE.sub(lambda escape: bytes([int(escape[1], 16)]), content)
    for pattern, reason in _NAMES:
        if pattern.search(content) or pattern.search(plain):
            return reason
    return None


def _objects(reader: PdfReader) -> Iterator[Any]:
    """All indirect objects, and the trailer; one that can't be read is no reader's object."""
    yield reader.trailer
    numbers = {
        (number, generation) for generation, table in reader.xref.items() for number in table
    }
    numbers |= {(number, 0) for number in reader.xref_objStm}
    for number, generation in sorted(numbers):
        try:
            yield reader.get_object(IndirectObject(number, generation, reader))
        except (PyPdfError, ValueError, TypeError, KeyError, IndexError, RecursionError):
            continue


def _search(value: Any, depth: int) -> RefusalReason | None:
    if depth == 0:
        return None
    if isinstance(value, DictionaryObject):
        if (found := _judge(value)) is not None:
            return found
        children: Any = value.values()
    elif isinstance(value, ArrayObject):
        children = value
    else:
        return None
    for child in children:
        if isinstance(child, (DictionaryObject, ArrayObject)) and (
            found := _search(child, depth - 1)
        ):
            return found
    return None


def _judge(value: DictionaryObject) -> RefusalReason | None:
    """What one dictionary says of itself, without following references."""
    action = value.get("/S")
    if isinstance(action, str) and action in _ACTIONS:
        return _ACTIONS[action]
    if "/JS" in value or "/JavaScript" in value:
        return RefusalReason.JAVASCRIPT
    if "/XFA" in value:
        return RefusalReason.XFA
    if value.get("/Type") == "/EmbeddedFile" or "/EF" in value or "/EmbeddedFiles" in value:
        return RefusalReason.EMBEDDED_FILE
    if value.get("/Subtype") in _ANNOTATIONS and ("/Rect" in value or "/FS" in value):
        return RefusalReason.EMBEDDED_FILE
    return None
