"""A page drawn once, small, and what every check derives from it: the paper, its place, the ink."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image, ImageOps

from portal.pdf.checks import thresholds as limits
from portal.rules.scan_findings import Box

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

LONG_SIDE = 1000
"""Pixels of a page's longer side: about 85 dpi on A4, where a stroke of the pen is two wide."""

COARSE = 4
"""A pixel of the paper's map is so many of the picture's, each way."""

TILE = 16


class PagePicture:
    """A page's picture, with ink dark on light paper; ``inverted`` if it came the other way."""

    def __init__(self, number: int, page: pypdfium2.PdfPage) -> None:
        self.number = number
        self.page = page
        scale = LONG_SIDE / max(page.get_size())
        picture = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
        self.grey: Pixels = np.asarray(picture.convert("L"))
        self.height, self.width = self.grey.shape
        self._small_picture = picture.reduce(COARSE)
        self.inverted = _is_inverted(self.grey)
        if self.inverted:
            self.grey = 255 - self.grey
            self._small_picture = ImageOps.invert(self._small_picture)

    @cached_property
    def paper(self) -> Pixels:
        """How bright the paper is around each point, coarse: ink is closed over, shadows stay."""
        return _spread(_spread(self._small, np.maximum), np.minimum)

    @cached_property
    def paper_level(self) -> float:
        """The paper's brightness, 0 to 255."""
        return float(np.percentile(self.paper[self.inside], 60))

    @cached_property
    def darkness(self) -> Pixels:
        """How much darker than the paper around it each pixel is, 0 to 255."""
        paper = self._paper_of_each_pixel
        return np.maximum(paper, self.grey) - self.grey

    @cached_property
    def ink(self) -> Mask:
        """Where there is ink: a quarter darker than the paper, on the paper."""
        return (self.darkness > self._paper_of_each_pixel >> 2) & self._inside_each_pixel

    @cached_property
    def writing(self) -> Mask:
        """Ink without what scanners leave along the edges."""
        return self.ink & self._within_the_edges

    @cached_property
    def written_darkness(self) -> Pixels:
        """``darkness`` on the paper, without what scanners leave along the edges."""
        return self.darkness * (self._inside_each_pixel & self._within_the_edges)

    @cached_property
    def faint_ink(self) -> Mask:
        """Ink, the palest that shows included: an eighth of the paper's brightness or less."""
        paper = self._paper_of_each_pixel
        return (self.darkness > (paper >> 4) + (paper >> 6)) & self._inside_each_pixel

    @cached_property
    def contrast(self) -> float | None:
        """How much of the paper's light the darker ink takes away, 0 to 1; None without ink."""
        if share(self.faint_ink) < limits.PALE_SHARE:
            return None
        counts = np.bincount(self.darkness[self.faint_ink], minlength=256).cumsum()
        return float(np.searchsorted(counts, 0.85 * counts[-1])) / max(1.0, self.paper_level)

    @cached_property
    def inside(self) -> Mask:
        """The paper's place on the coarse map, without the desk that it lies on."""
        return _without_desk(self.paper, self._rough_ink)

    @cached_property
    def desk_edges(self) -> tuple[bool, bool, bool, bool]:
        """Left, top, right, bottom: does something else than paper lie along this edge?"""
        inside = self.inside
        edges = (inside[:, 0], inside[0], inside[:, -1], inside[-1])
        left, top, right, bottom = (bool(edge.mean() < 0.5) for edge in edges)
        return left, top, right, bottom

    def box(self, left: float, top: float, right: float, bottom: float) -> Box:
        """A place in pixels, as thousandths."""
        across, down = 1000 / self.width, 1000 / self.height
        return Box(
            max(0, round(left * across)),
            max(0, round(top * down)),
            min(1000, round(right * across)),
            min(1000, round(bottom * down)),
        )

    @cached_property
    def _rough_ink(self) -> Mask:
        """Ink on the coarse map, wherever it is."""
        return self._small < self.paper * np.float32(0.85)

    @cached_property
    def small_bands(self) -> tuple[Pixels, Pixels, Pixels]:
        """Red, green and blue on the coarse map."""
        red, green, blue = (np.asarray(band) for band in self._small_picture.split())
        return red, green, blue

    @cached_property
    def _small(self) -> Pixels:
        return np.asarray(self._small_picture.convert("L"))

    @cached_property
    def _paper_of_each_pixel(self) -> Pixels:
        return _enlarged(self.paper, self.grey.shape)

    @cached_property
    def _within_the_edges(self) -> Mask:
        within = np.ones(self.grey.shape, np.bool_)
        margin = max(1, round(limits.SCANNER_EDGE * self.height))
        within[:margin] = within[-margin:] = within[:, :margin] = within[:, -margin:] = False
        return within

    @cached_property
    def _inside_each_pixel(self) -> Mask:
        return _enlarged(self.inside, self.grey.shape)


def share(mask: Mask) -> float:
    """How much of the mask is set, 0 to 1."""
    return float(np.count_nonzero(mask)) / mask.size


def box_of(mask: Mask) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is set; the mask must not be empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def tiles(picture: NDArray[Any], size: int = TILE) -> NDArray[Any]:
    """The picture as tiles: (rows, size, columns, size); what is left over is left out."""
    rows, columns = picture.shape[0] // size, picture.shape[1] // size
    return picture[: rows * size, : columns * size].reshape(rows, size, columns, size)


def tile_maxima(picture: Pixels) -> Pixels:
    """The largest value of each tile; rows first, which is several times as quick as both."""
    return np.asarray(tiles(picture).max(axis=1).max(axis=2))


def tile_shares(mask: Mask) -> NDArray[np.float32]:
    """The set share of each tile."""
    whole = Image.fromarray(mask.view(np.uint8) * np.uint8(255)).reduce(TILE)
    rows, columns = mask.shape[0] // TILE, mask.shape[1] // TILE
    return np.asarray(whole, dtype=np.float32)[:rows, :columns] / np.float32(255)


def largest_blob(mask: Mask) -> Mask:
    """The largest set of neighbouring cells; meant for small masks."""
    todo = set(zip(*(axis.tolist() for axis in np.nonzero(mask)), strict=True))
    best: list[tuple[int, int]] = []
    while todo:
        blob = [todo.pop()]
        for row, column in blob:
            for near in (
                (row - 1, column),
                (row + 1, column),
                (row, column - 1),
                (row, column + 1),
            ):
                if near in todo:
                    todo.remove(near)
                    blob.append(near)
        best = max(best, blob, key=len)
    found = np.zeros_like(mask)
    if best:
        found[tuple(np.array(best).T)] = True
    return found


def _enlarged(coarse: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The coarse map with each of its pixels as large as it stands for."""
    return coarse.repeat(COARSE, axis=0).repeat(COARSE, axis=1)[: shape[0], : shape[1]]


def _is_inverted(grey: Pixels) -> bool:
    """Light strokes on a dark ground, and not the other way round."""
    small = grey[::3, ::3]
    if np.median(small) > limits.INVERTED_GROUND:
        return False
    squares = tiles(small).transpose(0, 2, 1, 3).reshape(-1, TILE * TILE).astype(np.float32)
    away = squares - np.median(squares, axis=1, keepdims=True)
    light = float(np.maximum(away - limits.INVERTED_NOISE, 0).mean())
    dark = float(np.maximum(-away - limits.INVERTED_NOISE, 0).mean())
    return light > limits.INVERTED_STROKES and light > 2 * dark


def _spread(picture: Pixels, pick: np.ufunc, times: int = 4) -> Pixels:
    """The largest (or smallest) of the ``2 * times + 1`` pixels around each, both ways."""
    for _ in range(times):
        for axis in (0, 1):
            along = picture if axis == 0 else picture.T
            wider = along.copy()
            pick(wider[1:], along[:-1], out=wider[1:])
            pick(wider[:-1], along[1:], out=wider[:-1])
            picture = wider if axis == 0 else wider.T
    return np.ascontiguousarray(picture)


def _without_desk(paper: Pixels, ink: Mask) -> Mask:
    """Cut off along a straight line what is darker than the paper and has nothing written on it.

    A finger at the edge is no line, and what lies in a shadow is written on: both stay inside.
    """
    bright = paper > limits.DESK * np.percentile(paper, 75)
    inside = np.ones_like(bright)
    for turn in range(4):
        side, place, written = (np.rot90(one, turn) for one in (bright, inside, ink))
        # Counted from the left of the turned map: where does the paper begin in each row?
        rows = np.flatnonzero(side.any(axis=1))
        begins = side.argmax(axis=1)[rows]
        if len(rows) < 10 or np.median(begins) < 1:
            continue
        line = _straight(rows, begins, side.shape[0])
        outside = np.arange(side.shape[1])[None, :] < (line + 1.5)[:, None]
        margin = line.max() < limits.DESK_MARGIN * side.shape[1]
        density = written[~outside].mean() if (~outside).any() else 0.0
        if margin or written[outside].mean() < limits.DESK_WRITTEN * density:
            place[outside] = False
    return inside


def _straight(rows: NDArray[np.intp], begins: NDArray[np.intp], height: int) -> NDArray[np.float64]:
    """The line through most of the points, by the median of slopes (Theil and Sen)."""
    some = np.linspace(0, len(rows) - 1, min(40, len(rows))).astype(int)
    x, y = rows[some].astype(float), begins[some].astype(float)
    apart = x[:, None] - x[None, :]
    far = np.abs(apart) > height / 8
    slope = np.median((y[:, None] - y[None, :])[far] / apart[far]) if far.any() else 0.0
    offset = np.median(y - slope * x)
    return np.asarray(offset + slope * np.arange(height))
