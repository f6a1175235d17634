"""Is a file an attachment that may be sent? Runs inside the sandbox's child, on hostile bytes."""

from __future__ import annotations

import io
import zipfile

from portal.pdf.inspect import inspect
from portal.pdf.kinds import is_pdf, kind_of
from portal.rules.attachments import AttachmentKind, AttachmentReason, AttachmentRefused
from portal.rules.scan_refusals import RefusalReason, ScanRefused

MOST_PARTS = 5000
MOST_UNPACKED = 200 * 1024 * 1024
MOST_TYPES = 1024 * 1024
"""Bytes of the list of what kind each part is."""

_NEEDED = {"[Content_Types].xml", "xl/workbook.xml"}
_INSIDE = ("xl/embeddings/", "xl/activex/", "xl/ctrlprops/", "customui/")

_ACTIVE = {
    RefusalReason.JAVASCRIPT,
    RefusalReason.LAUNCH_ACTION,
    RefusalReason.EMBEDDED_FILE,
    RefusalReason.XFA,
}


def kind_of_attachment(content: bytes) -> AttachmentKind:
    """What a file is; a picture is not looked into. Raises ``AttachmentRefused``."""
    if not content:
        raise AttachmentRefused(AttachmentReason.EMPTY)
    if content.startswith((b"\xff\xd8\xff", b"\x89PNG")):
        return AttachmentKind.PICTURE
    if content.startswith(b"PK\x03\x04"):
        _check_sheet(content)
        return AttachmentKind.SHEET
    if not is_pdf(content):
        raise AttachmentRefused(AttachmentReason.OTHER_KIND, kind_of(content))
    try:
        inspect(content, is_form=False)
    except ScanRefused as refused:
        raise AttachmentRefused(_reason(refused.refusal.reason)) from None
    return AttachmentKind.PDF


def _reason(reason: RefusalReason) -> AttachmentReason:
    if reason in _ACTIVE:
        return AttachmentReason.ACTIVE
    if reason is RefusalReason.PASSWORD:
        return AttachmentReason.PASSWORD
    return AttachmentReason.BROKEN


def _check_sheet(content: bytes) -> None:
    """A ZIP with a workbook's parts and nothing that runs; the cells are not read."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if not names >= _NEEDED:
                raise AttachmentRefused(AttachmentReason.OTHER_KIND, kind_of(content))
            lowered = [name.lower() for name in names]
            if any(name.endswith(".bin") and "vba" in name for name in lowered):
                raise AttachmentRefused(AttachmentReason.MACROS)
            if any("macrosheets/" in name for name in lowered):
                raise AttachmentRefused(AttachmentReason.MACROS)
            too_much = sum(part.file_size for part in parts) > MOST_UNPACKED
            if len(parts) > MOST_PARTS or too_much:
                raise AttachmentRefused(AttachmentReason.INSIDE)
            if any(name.startswith(_INSIDE) for name in lowered):
                raise AttachmentRefused(AttachmentReason.INSIDE)
            with archive.open("[Content_Types].xml") as file:
                types = file.read(MOST_TYPES)
    except AttachmentRefused:
        raise
    except RuntimeError:  # encrypted
        raise AttachmentRefused(AttachmentReason.PASSWORD) from None
    except Exception:  # the parser's edge: it raises whatever it stumbles on
        raise AttachmentRefused(AttachmentReason.BROKEN) from None
    if b"macroEnabled" in types or b"vbaProject" in types:
        raise AttachmentRefused(AttachmentReason.MACROS)
