"""Makes what a phone takes: pictures of pages, with what lies beside them in the file."""

from __future__ import annotations

import io
from datetime import date
from functools import cache
from typing import Any

from PIL import Image, ImageDraw

LONG_AGO = date(2010, 1, 1)
BLUE, RED = (20, 40, 200), (200, 30, 40)
A4_300 = (2480, 3508)


@cache
def page(
    width: int = 900, height: int = 1200, *, grey: bool = False, noise: float = 6
) -> Image.Image:
    """A written page: a blue mark in its top left corner, a red ring near its bottom right one."""
    grain = Image.effect_noise((width, height), noise)
    picture = Image.merge("RGB", [grain.point(lambda value: value + 105)] * 3)
    pen = ImageDraw.Draw(picture)
    for top in range(height // 8, height - height // 8, height // 24):
        pen.text((width // 8, top), "member 2026 form " * 4, (40, 40, 60), font_size=height // 50)
    pen.rectangle((0, 0, width // 10, height // 14), fill=BLUE)
    ring = (width * 0.6, height * 0.65, width * 0.9, height * 0.65 + width * 0.3)
    pen.ellipse(ring, outline=RED, width=max(3, width // 80))
    return picture.convert("L") if grey else picture


def jpeg(picture: Image.Image | None = None, **options: Any) -> bytes:
    output = io.BytesIO()
    (picture or page()).save(output, "JPEG", **{"quality": 90, **options})
    return output.getvalue()


def png(picture: Image.Image) -> bytes:
    output = io.BytesIO()
    picture.save(output, "PNG")
    return output.getvalue()


def phone_jpeg(orientation: int = 1, picture: Image.Image | None = None) -> bytes:
    """As a phone writes it: place and time in EXIF, XMP, a comment, a film behind the end."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretMaker"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (39.0, 54.0, 20.0)
    exif.get_ifd(0x8825)[29] = "2026:11:25"
    whole = jpeg(
        picture, exif=exif, comment=b"SecretComment", xmp=b"<x:xmpmeta>SecretXmp</x:xmpmeta>"
    )
    return whole + b"ftypmp42 SecretFilm \xff\xd8\xff\xd9" * 20


@cache
def heic() -> bytes:
    """The first bytes of one."""
    return b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)
