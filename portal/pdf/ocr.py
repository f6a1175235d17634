"""Reads the first page of a form: number, name, joining month. Runs inside the sandbox's child.

RapidOCR on onnxruntime (extra ``ocr``; its models lie in the wheel). ``load_reader`` is called once
in the process that forks, with one thread and everything used once: a child may open no file and
start no thread. Without the extra nothing is read, and every reading says so.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from portal.rules.cover_texts import Line, find_month, find_name, find_number
from portal.rules.scan_findings import Box, Reading, ReadingState

WIDTH = 1240
"""Pixels of the picture that is read: A4 at 150 dpi; digits of 7 mm are then 40 pixels high."""

TALLEST_PAGE = 3
"""A page is read at most so many times as tall as wide."""

FIND_AT = 736
"""Pixels of the longer side at which lines are looked for; they are recognised from ``WIDTH``."""

TOP, BOTTOM = 0.33, 0.92
"""The number stands above the first, name and month above the second (shares of the height)."""

MOST_LINES = 14
"""Lines that are recognised (0.08 s each): a cover has nine, and a page full of text is none."""

TALLEST = 0.065
"""A line taller than this share of the page's width is a heading."""

WIDEST = 0.7
"""A line wider than this share of the page is running text, the dearest to read."""

Readings = tuple[Reading, Reading, Reading]

_engine: Any = None


def is_installed() -> bool:
    """Whether the extra ``ocr`` is there."""
    return all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime"))


def load_reader() -> None:
    """Load the models and use them once. Does nothing without the extra, or a second time."""
    global _engine
    if _engine is not None or not is_installed():
        return
    # One thread, since a child may start none; and no word to the makers of onnxruntime.
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "ORT_DISABLE_TELEMETRY": "1"}
    import cv2
    import rapidocr

    cv2.setNumThreads(1)
    models = Path(rapidocr.__file__).parent / "models"
    _engine = rapidocr.RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_type": "max",
            "Det.limit_side_len": FIND_AT,
            # Named by path, so that nothing is ever fetched.
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
        }
    )
    read_cover(_sample())


def read_nothing() -> Readings:
    """The readings of a first page that can't be drawn."""
    if _engine is None:
        return Reading(), Reading(), Reading()
    nothing = Reading(ReadingState.NOT_FOUND)
    return nothing, nothing, nothing


def read_cover(page: Image.Image, quarters: int = 0) -> Readings:
    """Number, name and joining month of the first page, as it is shown.

    ``quarters`` is by how many quarters the writing is turned to the left.
    """
    if _engine is None:
        return read_nothing()
    number, name, month = _read_upright(page.rotate(-90 * quarters, expand=True))
    return _turned(number, quarters), _turned(name, quarters), _turned(month, quarters)


def _turned(reading: Reading, quarters: int) -> Reading:
    """The reading with its box on the page as it lies."""
    box = reading.box
    for _ in range(quarters % 4):
        box = box and Box(box.top, 1000 - box.right, box.bottom, 1000 - box.left)
    return replace(reading, box=box)


def _read_upright(page: Image.Image) -> Readings:
    import numpy

    picture = page.convert("RGB")
    if picture.width != WIDTH:
        size = (WIDTH, max(1, min(TALLEST_PAGE * WIDTH, round(WIDTH * page.height / page.width))))
        picture = picture.resize(size, Image.Resampling.BILINEAR)
    pixels = numpy.ascontiguousarray(numpy.asarray(picture)[:, :, ::-1])
    places = _find_lines(pixels)
    lines = [_recognise(pixels, place) for place in places]
    top = [line for line in lines if line.box.top < TOP * 1000]
    return find_number(top), find_name(lines), find_month(lines)


def _sample() -> Image.Image:
    """A page with one line, so that what is loaded lazily is loaded."""
    page = Image.new("RGB", (WIDTH, 250), "white")
    font = ImageFont.load_default(50)
    ImageDraw.Draw(page).text((200, 100), "202011000003", "black", font)
    return page


def _find_lines(pixels: Any) -> list[Any]:
    """The corners of the lines that may be of interest, those at the top first."""
    found = _engine(pixels, use_det=True, use_cls=False, use_rec=False)
    height, width = pixels.shape[:2]
    places = [] if found.boxes is None else list(found.boxes)
    places = [
        place
        for place in places
        if place[:, 1].mean() < BOTTOM * height
        and _height_of(place) < TALLEST * width
        and place[:, 0].max() - place[:, 0].min() < WIDEST * width
    ]
    places.sort(key=lambda place: place[:, 1].mean())
    return places[:MOST_LINES]


def _recognise(pixels: Any, place: Any) -> Line:
    from rapidocr.utils.process_img import get_rotate_crop_image

    height, width = pixels.shape[:2]
    crop = get_rotate_crop_image(pixels, place.astype("float32"))
    read = _engine(crop, use_det=False, use_cls=False, use_rec=True, return_word_box=True)
    upper_left, upper_right, lower_right, lower_left = place
    left, right = (upper_left + lower_left) / 2 / width, (upper_right + lower_right) / 2 / width
    text = str(read.txts[0])
    return Line(
        text=text,
        sureness=tuple(float(one) for one in read.word_results[0].confs[: len(text)]),
        left=(float(left[0]), float(left[1])),
        right=(float(right[0]), float(right[1])),
        height=_height_of(place) / width,
        box=Box(
            round(1000 * float(place[:, 0].min()) / width),
            round(1000 * float(place[:, 1].min()) / height),
            round(1000 * float(place[:, 0].max()) / width),
            round(1000 * float(place[:, 1].max()) / height),
        ),
    )


def _height_of(place: Any) -> float:
    """The height of a line in pixels, by its left and right edges."""
    edges = (place[3] - place[0], place[2] - place[1])
    return float(sum((edge**2).sum() ** 0.5 for edge in edges) / 2)
