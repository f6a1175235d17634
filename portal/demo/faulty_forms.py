"""The demo's few bad forms: one fault each, so that there are findings to see."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

from PIL import Image

from portal.demo import defects

Pages = list[bytes]
"""A form's pages as JPEGs."""

Fault = Callable[[Pages], Pages]


def _on_page(place: int, change: Callable[[Image.Image], Image.Image]) -> Fault:
    """A fault of the page at ``place`` (from 0)."""

    def spoil(pages: Pages) -> Pages:
        output = io.BytesIO()
        change(Image.open(io.BytesIO(pages[place]))).save(output, "JPEG", quality=75)
        return [*pages[:place], output.getvalue(), *pages[place + 1 :]]

    return spoil


def _fixed() -> random.Random:
    return random.Random(12)


FAULTS: tuple[Fault, ...] = (
    lambda pages: pages[:3] + pages[4:],
    _on_page(3, lambda page: page.rotate(180)),
    lambda pages: [*pages[:4], pages[5], pages[4], *pages[6:]],
    _on_page(5, lambda page: defects.finger(page, _fixed())),
    _on_page(1, lambda page: page.rotate(90, expand=True)),
    _on_page(2, lambda page: defects.tilted(page, 8)),
    _on_page(4, lambda page: defects.blurred(page, 0.45)),
    lambda pages: [*pages[:5], pages[4], *pages[5:]],
    _on_page(6, lambda page: defects.dark(page, 0.38)),
    _on_page(5, lambda page: defects.pale(page, 0.25)),
    _on_page(2, lambda page: defects.blank(page, _fixed())),
    _on_page(4, lambda page: defects.shadow(page, _fixed())),
)
"""Missing, upside down, out of order, a finger, sideways, askew, blurred, twice, dark, pale, …"""


def is_faulty(in_first_branch: int | None, in_all: int) -> bool:
    """Should this form have a fault? A few of the branch that visitors see, some of the others.

    Both count from 0; the first is None in another branch.
    """
    if in_first_branch is not None:
        return in_first_branch in (1, 3, 4, 7)
    return in_all % 20 == 9
