"""Pictures of a form's pages become one PDF of at most 15 M. Runs inside the sandbox's child.

A picture that fits stays as it is coded. Where all together are too large, they are coded anew,
all alike and no coarser than needed, one unpacked at a time.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image

from portal.pdf.fitting import Step, as_jpeg, coarser, gentlest, opened
from portal.pdf.picture_pages import PAGE_BYTES, PagePicture, bind
from portal.pdf.wire import Joined
from portal.rules.making import (
    FITTING_BYTES,
    LEAST_DPI,
    MakingReason,
    MakingRefusal,
    MakingRefused,
    a4_dpi,
)

# Neither number ever rises, so that a later step never makes more bytes of any picture.
STEPS = (
    Step(None, 90),
    Step(None, 85),
    Step(None, 80),
    Step(400, 80),
    Step(300, 80),
    Step(300, 75),
    Step(250, 75),
    Step(250, 70),
    Step(200, 70),
    Step(200, 65),
    Step(LEAST_DPI, 65),
    Step(LEAST_DPI, 55),
)


@dataclass(frozen=True, slots=True)
class Laid:
    """A clean JPEG (``pictures.clean``), upright after ``turns`` quarter turns clockwise."""

    read: Callable[[], bytes]
    turns: int


def join(pictures: Sequence[Laid], limit: int = FITTING_BYTES) -> Joined:
    """One page for each picture, in their order. Raises ``MakingRefused``."""
    sizes = [_size_of(picture.read()) for picture in pictures]
    room = limit - PAGE_BYTES * len(pictures)
    smallest = 0

    def attempt(step: Step | None) -> list[bytes] | None:
        nonlocal smallest
        coded, total = [], 0
        for picture, size in zip(pictures, sizes, strict=True):
            content = picture.read()
            if step is not None:
                content = min(content, _coded(content, a4_dpi(*size), step), key=len)
            total += len(content)
            # All are asked of the last step: what it comes to is told.
            if total <= room:
                coded.append(content)
            elif step is not STEPS[-1]:
                return None
        smallest = total
        return coded if total <= room else None

    whole = attempt(None)
    found = (None, whole) if whole is not None else gentlest(STEPS, attempt)
    if found is None:
        size = smallest + PAGE_BYTES * len(pictures)
        refusal = MakingRefusal(MakingReason.PICTURES_TOO_MUCH, size=size, pages=len(pictures))
        raise MakingRefused(refusal)
    step, coded = found
    pages = [
        PagePicture(content, *_size_of(content), picture.turns)
        for content, picture in zip(coded, pictures, strict=True)
    ]
    dpi = min(a4_dpi(page.width, page.height) for page in pages)
    return Joined(bind(pages), len(pages), dpi, step is not None)


def _coded(content: bytes, dpi: int, step: Step) -> bytes:
    share = min(1.0, (step.dpi or dpi) / dpi)
    width, height = _size_of(content)
    picture = opened(content, (round(width * share), round(height * share)))
    left = a4_dpi(*picture.size)  # the decoder may have halved it
    return as_jpeg(coarser(picture, left, step), step.quality)


def _size_of(content: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(content), formats=("JPEG",)).size
