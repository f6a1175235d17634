"""Reads the QR code that a page draws, as a camera would: from its squares."""

from __future__ import annotations

import re

import zxingcpp
from PIL import Image

_DRAWING = re.compile(r'<svg viewBox="0 0 (\d+) \d+" class="qr".*?stroke="#000" d="([^"]+)"', re.S)
_STEPS = re.compile(r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?")
SCALE = 8


def drawn(page: str) -> str:
    """What the code on a page says; its lines are drawn row by row."""
    found = _DRAWING.search(page)
    assert found, page[:2000]
    size = int(found[1]) + 8
    picture = Image.new("L", (size, size), 255)
    x = y = 0.0
    for kind, across, down in _STEPS.findall(found[2]):
        if kind == "h":
            for step in range(int(across)):
                picture.putpixel((int(x) + step + 4, int(y) + 4), 0)
            x += float(across)
        else:
            x, y = (0.0, 0.0) if kind == "M" else (x, y)
            x, y = x + float(across), y + float(down)
    (read,) = zxingcpp.read_barcodes(picture.resize((SCALE * size, SCALE * size), 0))
    return str(read.text)
