"""Making pictures fit into so many bytes, no coarser than is needed for it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from PIL import Image

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """How pictures are coded anew: at most ``dpi`` (None: as fine as they are), JPEG quality."""

    dpi: int | None
    quality: int


def gentlest(steps: Sequence[Step], attempt: Callable[[Step], T | None]) -> tuple[Step, T] | None:
    """The first of ever harder steps with which ``attempt`` makes something, and what it made.

    None if not even the last does. Bisected: each attempt codes every picture.
    """
    first, behind, best = 0, len(steps), None
    while first < behind:
        middle = (first + behind) // 2
        made = attempt(steps[middle])
        if made is None:
            first = middle + 1
        else:
            behind, best = middle, (steps[middle], made)
    return best


def coarser(picture: Image.Image, dpi: float, step: Step) -> Image.Image:
    """The picture, which has ``dpi``, as coarse as the step wants; grey stays grey."""
    if step.dpi is None or dpi <= step.dpi:
        return picture
    share = step.dpi / dpi
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def as_jpeg(picture: Image.Image, quality: int) -> bytes:
    """A picture in grey or RGB as a JPEG."""
    output = io.BytesIO()
    # Above 90 colours are kept as fine as the grey: a seal's thin red lines.
    subsampling = 0 if quality > 90 else 2
    # Pillow would hand on the comment of the file that the picture came from.
    picture.save(output, "JPEG", quality=quality, subsampling=subsampling, comment=b"")
    return output.getvalue()


def opened(content: bytes, least: tuple[int, int]) -> Image.Image:
    """A JPEG unpacked in grey or RGB, smaller already where ``least`` pixels allow it."""
    picture = Image.open(io.BytesIO(content), formats=("JPEG",))
    picture.draft(None, least)
    if picture.mode not in ("L", "RGB"):
        return picture.convert("RGB")
    picture.load()
    return picture
