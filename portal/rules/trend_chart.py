"""The trend of a rate as an SVG's geometry, readable without colour: for a page and for paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from portal.rules.progress import format_rate

WIDTH, HEIGHT = 720, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 700, 26, 160
LABELS_APART = 90
"""Units between two dates under the line."""


@dataclass(frozen=True, slots=True)
class Point:
    """One day's rate in the drawing; ``label`` where the rate is written, else empty."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing: the line's points, the lines of the scale, the dates under it."""

    line: str
    points: tuple[Point, ...]
    scale: tuple[tuple[float, str], ...]
    dates: tuple[tuple[float, str], ...]
    summary: str


def chart_of(
    rates: Sequence[tuple[date, float | None]], words: Callable[[date], str]
) -> Chart | None:
    """The drawing of some days' rates, 0 to 1, the oldest first; ``words`` names a day.

    None where there are not two: nobody to count is no rate.
    """
    known = [(day, rate) for day, rate in rates if rate is not None]
    if len(known) < 2:
        return None
    step = (_RIGHT - _LEFT) / (len(known) - 1)
    values = [rate for _, rate in known]
    written = {0, len(values) - 1, values.index(min(values)), values.index(max(values))}
    points = tuple(
        Point(
            round(_LEFT + place * step, 1),
            _y(rate),
            format_rate(rate) if place in written else "",
        )
        for place, (_, rate) in enumerate(known)
    )
    every = max(1, round(LABELS_APART / step))
    return Chart(
        line=" ".join(f"{point.x},{point.y}" for point in points),
        points=points,
        scale=tuple((_y(part), f"{part:.0%}") for part in (0.0, 0.5, 1.0)),
        dates=tuple(
            (points[place].x, words(known[place][0])) for place in range(len(known) - 1, -1, -every)
        ),
        summary=_summary(known, words),
    )


def _y(rate: float) -> float:
    return round(_BOTTOM - rate * (_BOTTOM - _TOP), 1)


def _summary(known: Sequence[tuple[date, float]], words: Callable[[date], str]) -> str:
    (first_day, first), (last_day, last) = known[0], known[-1]
    return (
        f"上传率从 {words(first_day)} 的 {format_rate(first)} "
        f"到 {words(last_day)} 的 {format_rate(last)}"
    )
