"""JPEG files, segment by segment: the picture as it is coded, and nothing that lies beside it.

A phone's file also says where it was taken and when (EXIF, XMP), and has a small copy of the
picture, and behind its end a film or a map of depths. None of it belongs into a form.
"""

from __future__ import annotations

import re

_START, _END = b"\xff\xd8", b"\xff\xd9"
_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
_BASELINE_TO_PROGRESSIVE = (0xC0, 0xC1, 0xC2)
_OTHER_FRAMES = {0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)}
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}
_BESIDE = {*range(0xE0, 0xF0), 0xFE}  # applications' segments, and the comment
_ADOBE, _FRAME_END, _SCAN = 0xEE, 0xD9, 0xDA

# In the coded picture FF is followed by 00, by a restart mark or, as filling, by another FF.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def bare(content: bytes) -> bytes | None:
    """The same picture, coded as it was, without anything beside it.

    None if a PDF can't take it as it is: cut off, four colours, more than 8 bits, or a coding that
    not every reader knows. Its pixels are not looked at.
    """
    if not content.startswith(_START):
        return None
    kept, colours, place = [b""], b"", 2
    try:
        while (marker := content[place + 1]) != _FRAME_END or content[place] != 0xFF:
            if content[place] != 0xFF:
                return None
            if marker == 0xFF or marker in _WITHOUT_LENGTH:
                place += 1 if marker == 0xFF else 2
                continue
            end = place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")
            segment = content[place:end]
            if marker in _OTHER_FRAMES or end <= place + 3 or len(segment) < end - place:
                return None
            if marker in _BASELINE_TO_PROGRESSIVE and not _is_plain(segment):
                return None
            if marker == _SCAN:
                found = _NEXT_MARKER.search(content, end)
                if found is None:
                    return None
                end = found.start()
                segment = content[place:end]
            if marker == _ADOBE and segment[4:9] == b"Adobe" and len(segment) >= 16:
                colours = b"\xff\xee\x00\x0e" + segment[4:16]  # how the colours are coded
            if marker not in _BESIDE:
                kept.append(segment)
            place = end
    except IndexError:
        return None
    kept[0] = _START + (colours or _JFIF)
    return b"".join([*kept, _END]) if len(kept) > 1 else None


def _is_plain(frame: bytes) -> bool:
    """8 bits, and grey or three colours."""
    return len(frame) > 9 and frame[4] == 8 and frame[9] in (1, 3)
