"""The trend of the upload rate as an SVG made here, readable without colour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from portal import clock
from portal.rules.progress import format_rate
from portal.services.progress_days import Week

WIDTH, HEIGHT = 720, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 700, 26, 160
LABELS_APART = 90
"""Units between two dates under the line."""


@dataclass(frozen=True, slots=True)
class Point:
    """One week's rate in the drawing; ``label`` where the rate is written, else empty."""

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


def chart_of(weeks: tuple[Week, ...]) -> Chart | None:
    """The drawing of some weeks; None where there are not two with new members."""
    known = [(week.day, week.counts.rate) for week in weeks if week.counts.rate is not None]
    if len(known) < 2:
        return None
    step = (_RIGHT - _LEFT) / (len(known) - 1)
    rates = [rate for _, rate in known]
    written = {0, len(rates) - 1, rates.index(min(rates)), rates.index(max(rates))}
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
            (points[place].x, clock.format_day(known[place][0]))
            for place in range(len(known) - 1, -1, -every)
        ),
        summary=_summary(known),
    )


def _y(rate: float) -> float:
    return round(_BOTTOM - rate * (_BOTTOM - _TOP), 1)


def _summary(known: list[tuple[date, float]]) -> str:
    (first_day, first), (last_day, last) = known[0], known[-1]
    return (
        f"上传率从 {clock.format_day(first_day)} 的 {format_rate(first)} "
        f"到 {clock.format_day(last_day)} 的 {format_rate(last)}"
    )
