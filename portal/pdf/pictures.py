"""A phone's picture as it may go into a form. Runs inside the sandbox's child, on hostile bytes.

A JPEG keeps its coded picture as it is; what lies beside it (where it was taken) is dropped here,
before anything is stored. What a PDF can't hold is coded anew.
"""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageFile

from portal.pdf.fitting import as_jpeg
from portal.pdf.jpeg import bare
from portal.pdf.kinds import kind_of
from portal.pdf.wire import CleanPicture
from portal.rules.making import (
    LEAST_SIDE,
    MOST_PIXELS,
    MakingReason,
    MakingRefusal,
    MakingRefused,
)

FINE = 92
"""JPEG quality of what has to be coded anew though nothing need become smaller."""

VIEW, THUMBNAIL = 1400, 320
"""Pixels of the longer side, of a picture to look at and of a thumbnail."""

_ORIENTATION = 0x0112  # EXIF
_UPRIGHT = {1: 0, 6: 1, 3: 2, 8: 3}
_MIRRORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    7: Image.Transpose.TRANSVERSE,
}


def clean(content: bytes) -> CleanPicture:
    """A picture that somebody chose. Raises ``MakingRefused``."""
    kind = kind_of(content)
    if kind not in ("JPEG 图片", "PNG 图片"):
        raise _refused(MakingReason.NO_PICTURE, found=kind)
    try:
        # Of many pixels, or of nonsense in EXIF: nobody reads a child's warnings.
        with warnings.catch_warnings(action="ignore"):
            # Other libraries let files that are cut off pass, for the whole process (WeasyPrint).
            ImageFile.LOAD_TRUNCATED_IMAGES = False
            picture = Image.open(io.BytesIO(content), formats=("JPEG", "PNG"))
            _require_size(picture)
            return _clean(content, picture)
    except (MakingRefused, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise _refused(MakingReason.TOO_MANY_PIXELS) from None
    except Exception:
        # The decoder's edge: it raises whatever it stumbles on, and all of it means the same.
        raise _refused(MakingReason.PICTURE_BROKEN) from None


def _require_size(picture: Image.Image) -> None:
    width, height = picture.size
    if max(width, height) < LEAST_SIDE:
        raise _refused(MakingReason.PICTURE_TOO_SMALL, width=width, height=height)
    if picture.format == "PNG" and width * height > MOST_PIXELS:
        raise _refused(MakingReason.TOO_MANY_PIXELS)


def _clean(content: bytes, picture: Image.Image) -> CleanPicture:
    orientation = picture.getexif().get(_ORIENTATION, 1)
    turns = _UPRIGHT.get(orientation, 0)
    plain = bare(content) if picture.format in ("JPEG", "MPO") else None
    if picture.width * picture.height > MOST_PIXELS:  # a camera of 100 million and more
        picture.draft(None, (picture.width // 2, picture.height // 2))
        plain = None
    picture.load()  # a file that is cut off ends here
    picture = _in_grey_or_rgb(picture)
    if orientation in _MIRRORED:
        picture, plain = picture.transpose(_MIRRORED[orientation]), None
    content, size = plain or as_jpeg(picture, FINE), picture.size
    picture.thumbnail((VIEW, VIEW), reducing_gap=2.0)
    view = picture.rotate(-90 * turns, expand=True)
    small = view.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL), reducing_gap=2.0)
    return CleanPicture(content, *size, turns, as_jpeg(view, 70), as_jpeg(small, 70))


def _in_grey_or_rgb(picture: Image.Image) -> Image.Image:
    """What is transparent lies on white paper."""
    if picture.mode in ("L", "RGB"):
        return picture
    if picture.mode.startswith("I"):  # 16 bits
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(paper, picture).convert("RGB")
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _refused(reason: MakingReason, **values: object) -> MakingRefused:
    return MakingRefused(MakingRefusal(reason, **values))  # type: ignore[arg-type]
