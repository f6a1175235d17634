"""Where a seal may be: the place with the most red ink. Only shown enlarged, never judged by.

The check for a seal is ``checks/seal.py``; this one needs no numpy.
"""

from __future__ import annotations

import pypdfium2
from PIL import Image, ImageChops, ImageFilter

from portal.pdf.wire import RedPlace
from portal.rules.scan_findings import Box

SIDE = 400
"""Pixels of the longer side of the page that is looked through."""

CELL = 8
RED = 45
"""By how much red stands out: paler than that is the tone of old paper."""

AROUND = 4
"""Cells on each side that count with a middle one: nine are 54 mm of A4, a seal is 40 or more."""

LEAST = 10
"""Of 255: red dots in a seal's place; a red rule or a thumbprint has fewer."""

WIDE, TALL = 340, 240
"""Thousandths of an upright page around the middle of the red."""


def find_red(pdf: bytes) -> RedPlace | None:
    """The reddest place of the last page that has one: the seal is on one of the last pages."""
    document = pypdfium2.PdfDocument(pdf)
    for index in reversed(range(len(document))):
        page = document[index]
        scale = SIDE / max(page.get_size())
        picture = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
        page.close()
        if (middle := _reddest(picture)) is not None:
            return RedPlace(index + 1, _box_around(middle))
    return None


def _reddest(picture: Image.Image) -> tuple[float, float] | None:
    """The middle of the most red, as shares of width and height."""
    red, green, blue = picture.split()
    ink = ImageChops.subtract(red, ImageChops.lighter(green, blue))
    dots = ink.point(lambda value: 255 if value > RED else 0)
    cells = dots.reduce(CELL).filter(ImageFilter.BoxBlur(AROUND))
    shares = cells.tobytes()
    most = max(shares)
    if most < LEAST:
        return None
    down, across = divmod(shares.index(most), cells.width)
    return (across + 0.5) / cells.width, (down + 0.5) / cells.height


def _box_around(middle: tuple[float, float]) -> Box:
    left = round(min(max(middle[0] * 1000 - WIDE / 2, 0), 1000 - WIDE))
    top = round(min(max(middle[1] * 1000 - TALL / 2, 0), 1000 - TALL))
    return Box(left, top, left + WIDE, top + TALL)
