"""Faults of scans, drawn: for the demo's few bad forms, the tests and ``bin/bench quality``.

Sheets are what lies on the scanner, pictures what comes out of it before its noise; both are
Pillow's RGB images. Strengths are what a careful clerk would object to, varied by ``chance``.
"""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

BACKDROP = (232, 231, 226)
"""The inside of a scanner's lid."""

MM_PER_INCH = 25.4
PAPER_HEIGHT_MM = 297


def blank(sheet: Image.Image, chance: random.Random) -> Image.Image:
    """A page without content: the back's ink shows through a little, and there is dust."""
    paper = Image.new("RGB", sheet.size, sheet.getpixel((5, 5)))
    back = ImageOps.mirror(sheet).filter(ImageFilter.GaussianBlur(sheet.height / 600))
    page = Image.blend(paper, back, chance.uniform(0, 0.07))
    pen = ImageDraw.Draw(page)
    for _ in range(chance.randint(0, 25)):
        x, y = chance.randrange(sheet.width), chance.randrange(sheet.height)
        size = chance.uniform(0.2, 0.7) * sheet.height / PAPER_HEIGHT_MM
        pen.ellipse((x, y, x + size, y + size), (110, 105, 100))
    return page


def tilted(sheet: Image.Image, degrees: float) -> Image.Image:
    """The sheet askew on the glass, seen whole, hence a little smaller."""
    turned = sheet.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=BACKDROP)
    return ImageOps.pad(turned, sheet.size, Image.Resampling.BICUBIC, BACKDROP)


def cut_off(sheet: Image.Image, chance: random.Random, side: str | None = None) -> Image.Image:
    """One edge is missing, and with it some of the content of an inner page."""
    width, height = sheet.size
    left, top, right, bottom = 0, 0, width, height
    side = side or chance.choice(("left", "right", "top", "bottom"))
    if side == "left":
        left = round(width * chance.uniform(0.115, 0.2))
    elif side == "right":
        right = round(width * chance.uniform(0.7, 0.86))
    elif side == "top":
        top = round(height * chance.uniform(0.13, 0.25))
    else:
        bottom = round(height * chance.uniform(0.7, 0.87))
    return sheet.crop((left, top, right, bottom))


def two_pages(left: Image.Image, right: Image.Image, chance: random.Random) -> Image.Image:
    """Two facing pages of a booklet in one picture, with a fold between them."""
    width, height = left.size
    both = Image.new("RGB", (2 * width, height))
    both.paste(left, (0, 0))
    both.paste(right, (width, 0))
    reach = chance.uniform(0.01, 0.05) * width
    across = np.abs(np.arange(2 * width) - width)
    fold = 1 - chance.uniform(0.05, 0.5) * np.exp(-((across / reach) ** 2))
    return _lit(both, np.broadcast_to(fold, (height, 2 * width)))


def pale(picture: Image.Image, strength: float) -> Image.Image:
    """Ink keeps only ``strength`` of its contrast."""
    paper = Image.new("RGB", picture.size, _paper_tone(picture))
    return Image.blend(paper, picture, strength)


def dark(picture: Image.Image, light: float) -> Image.Image:
    """Only ``light`` of the light."""
    return picture.point(lambda value: round(value * light))


def blurred(picture: Image.Image, sigma_mm: float) -> Image.Image:
    """Out of focus, by a Gaussian of so many millimetres on A4 paper."""
    long_side = max(picture.size)
    return picture.filter(ImageFilter.GaussianBlur(sigma_mm * long_side / PAPER_HEIGHT_MM))


def shaken(picture: Image.Image, millimetres: float) -> Image.Image:
    """The hand moved by so many millimetres of the paper, to the side, during the exposure."""
    steps = max(2, round(millimetres * max(picture.size) / PAPER_HEIGHT_MM))
    total = np.zeros((picture.height, picture.width, 3), np.float32)
    for step in range(steps):
        total += np.asarray(ImageChops.offset(picture, step - steps // 2, 0))
    return Image.fromarray((total / steps).astype(np.uint8))


def inverted(picture: Image.Image) -> Image.Image:
    """A negative."""
    return ImageOps.invert(picture)


def glare(picture: Image.Image, chance: random.Random) -> Image.Image:
    """A reflection takes part of the text away."""
    x, y = _grid(picture.size)
    middle = chance.uniform(0.3, 0.7), chance.uniform(0.25, 0.6)
    radius = chance.uniform(0.18, 0.3), chance.uniform(0.13, 0.22)
    away = ((x - middle[0]) / radius[0]) ** 2 + ((y - middle[1]) / radius[1]) ** 2
    white = np.clip(1.6 * (1.25 - away), 0, 1)[..., None]
    pixels = np.asarray(picture, dtype=np.float32)
    return Image.fromarray((pixels + (258 - pixels) * white).clip(0, 255).astype(np.uint8))


def shadow(picture: Image.Image, chance: random.Random) -> Image.Image:
    """The shadow of a hand or a telephone lies over a corner, a side or a band of the text."""
    x, y = _grid(picture.size)
    turn, edge = chance.uniform(0, 2 * np.pi), chance.uniform(0.05, 0.25)
    along = (x - 0.5) * np.cos(turn) + (y - 0.5) * np.sin(turn) + 0.03 * np.sin(9 * (x - y))
    softness = chance.uniform(0.008, 0.03)
    inside = 1 / (1 + np.exp(-(along - edge) / softness))
    if chance.random() < 0.4:  # a band: an arm
        inside *= 1 / (1 + np.exp((along - edge - chance.uniform(0.12, 0.2)) / softness))
    return _lit(picture, 1 - chance.uniform(0.3, 0.55) * inside)


def finger(picture: Image.Image, chance: random.Random) -> Image.Image:
    """A finger holds the paper down and hides what is under it."""
    height = picture.height
    mm = height / PAPER_HEIGHT_MM
    length, thick = chance.uniform(38, 60) * mm, chance.uniform(15, 20) * mm
    y = chance.uniform(0.25, 0.75) * height
    mask = Image.new("L", picture.size, 0)
    pen = ImageDraw.Draw(mask)
    pen.rounded_rectangle((-thick, y, length, y + thick), thick / 2, 255)
    if chance.random() < 0.5:
        mask = ImageOps.mirror(mask)
    shade = mask.filter(ImageFilter.GaussianBlur(2 * mm)).point(lambda value: value // 4)
    picture = Image.composite(Image.new("RGB", picture.size, (60, 50, 45)), picture, shade)
    skin = chance.choice(((205, 160, 135), (185, 135, 108), (222, 180, 155)))
    soft = mask.filter(ImageFilter.GaussianBlur(0.4 * mm))
    return Image.composite(Image.new("RGB", picture.size, skin), picture, soft)


def _lit(picture: Image.Image, light: NDArray[np.floating]) -> Image.Image:
    """The picture under a light that differs from place to place."""
    pixels = np.asarray(picture, dtype=np.float32)
    return Image.fromarray((pixels * light[..., None]).clip(0, 255).astype(np.uint8))


def _grid(size: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Each pixel's place, 0 to 1."""
    width, height = size
    across = np.linspace(0, 1, width, dtype=np.float32)
    down = np.linspace(0, 1, height, dtype=np.float32)
    return across[None, :], down[:, None]


def _paper_tone(picture: Image.Image) -> tuple[int, int, int]:
    red, green, blue = np.median(np.asarray(picture)[::16, ::16].reshape(-1, 3), axis=0)
    return int(red), int(green), int(blue)
