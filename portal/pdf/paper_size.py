"""How large the paper was that a page shows."""

from __future__ import annotations

from portal.pdf.checks.thresholds import PAPER_INCHES

POINTS_PER_INCH = 72


def dots_per_inch(
    pixels: tuple[int, int], points: tuple[float, float], *, wide: bool
) -> tuple[float, float]:
    """Dots per inch of paper along the shorter and the longer side of a picture on a page.

    A phone's app may call a page a metre tall or a hand wide; the paper is between A5 and A4, and a
    ``wide`` page may be a spread of two.
    """
    larger = 2**0.5 if wide else 1.0
    (short, long) = (
        dots / min(max(length / POINTS_PER_INCH, smallest), largest * larger)
        for dots, length, (smallest, largest) in zip(
            sorted(pixels), sorted(points), PAPER_INCHES, strict=True
        )
    )
    return short, long
