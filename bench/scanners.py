"""Three scanners: a sheet goes in, a JPEG comes out. For ``bin/bench quality`` and the tests."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from portal.demo.defects import BACKDROP

SCANNERS = ("flat-bed grey", "flat-bed colour", "phone")
TONES = {
    "white": (250, 250, 249),
    "ivory": (246, 241, 228),
    "cream": (240, 229, 200),
    "recycled": (219, 217, 211),
    "pale green": (226, 239, 228),
}
"""Five papers, as a scanner sees them."""

PRINTED_ON = 243.0
"""About the tone of ``Paper``'s own sheets, to be made into another one."""

Fault = Callable[[Image.Image], Image.Image]


def on_paper(sheet: Image.Image, tone: tuple[int, int, int]) -> Image.Image:
    """The same print on another paper."""
    red, green, blue = sheet.split()
    bands = [
        band.point(lambda value, k=kind / PRINTED_ON: min(255, round(value * k)))
        for band, kind in zip((red, green, blue), tone, strict=True)
    ]
    return Image.merge("RGB", bands)


def scan(
    sheet: Image.Image, scanner: str, chance: random.Random, fault: Fault | None = None
) -> bytes:
    """Put ``sheet`` through ``scanner``; ``fault`` happens to the picture before the noise."""
    picture = _photographed(sheet, chance) if scanner == "phone" else _on_glass(sheet, chance)
    if fault is not None:
        picture = fault(picture)
    noise = np.random.default_rng(chance.getrandbits(32))
    pixels = np.asarray(picture.convert("L") if scanner.endswith("grey") else picture)
    sigma = chance.uniform(1, 3.5) if scanner == "phone" else chance.uniform(0.5, 2.5)
    grain = noise.standard_normal(pixels.shape[:2], np.float32) * np.float32(sigma)
    grained = pixels + (grain if pixels.ndim == 2 else grain[..., None])
    output = io.BytesIO()
    Image.fromarray(grained.clip(0, 255).astype(np.uint8)).save(
        output, "JPEG", quality=chance.randint(60, 88)
    )
    return output.getvalue()


def _on_glass(sheet: Image.Image, chance: random.Random) -> Image.Image:
    """A tilt of up to 2°, the optics' softness, a tone curve, now and then a dark edge."""
    laid = sheet.rotate(
        chance.uniform(-2, 2), Image.Resampling.BILINEAR, fillcolor=BACKDROP
    ).filter(ImageFilter.GaussianBlur(chance.uniform(0.2, 0.5)))
    gamma, gain = chance.uniform(0.85, 1.15), chance.choice((1.0, 1.0, 1.04))
    laid = laid.point(lambda value: min(255, round(255 * gain * (value / 255) ** gamma)))
    if chance.random() < 0.25:
        thick = round(laid.height * chance.uniform(0.001, 0.004))
        box = (0, 0, thick, laid.height) if chance.random() < 0.5 else (0, 0, laid.width, thick)
        laid.paste((70, 68, 66), box)
    return laid


def _photographed(sheet: Image.Image, chance: random.Random) -> Image.Image:
    """On a desk, from a little aside, in uneven light; half of them cropped to the paper."""
    width, height = sheet.size
    desk = Image.new("RGB", sheet.size, chance.choice(((96, 74, 56), (58, 60, 64), (140, 118, 92))))
    around = 0.0 if chance.random() < 0.5 else chance.uniform(0.02, 0.06)
    slope = 0.0 if around == 0 else 0.02
    corners = []
    for x, y in ((0, 0), (0, 1), (1, 1), (1, 0)):
        inward = around + chance.uniform(0, slope)
        corners += [
            (inward if x == 0 else 1 - inward) * width,
            (around + chance.uniform(0, slope) if y == 0 else 1 - around - chance.uniform(0, slope))
            * height,
        ]
    if around:
        data = _perspective(corners, width, height)
        inside = Image.new("L", sheet.size, 255).transform(
            sheet.size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BILINEAR
        )
        flat = sheet.transform(
            sheet.size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC
        )
        sheet = Image.composite(flat, desk, inside)
        sheet = sheet.rotate(
            chance.uniform(-1.5, 1.5), Image.Resampling.BICUBIC, fillcolor=desk.getpixel((0, 0))
        )
    sheet = sheet.filter(ImageFilter.GaussianBlur(chance.uniform(0.3, 0.8) * height / 2339))
    return _unevenly_lit(sheet, chance)


def _unevenly_lit(sheet: Image.Image, chance: random.Random) -> Image.Image:
    """A lamp aside, dark corners, a white balance that is not quite right."""
    across = np.linspace(-1, 1, sheet.width, dtype=np.float32)[None, :]
    down = np.linspace(-1, 1, sheet.height, dtype=np.float32)[:, None]
    turn, strength = chance.uniform(0, 2 * math.pi), chance.uniform(0, 0.16)
    light = (
        chance.uniform(0.8, 0.97) + strength * (math.cos(turn) * across + math.sin(turn) * down) / 2
    )
    light = light - chance.uniform(0, 0.1) * (across**2 + down**2) / 2
    balance = np.array([chance.uniform(0.95, 1.03), 1.0, chance.uniform(0.9, 1.02)], np.float32)
    pixels = np.asarray(sheet, dtype=np.float32) * light[..., None] * balance
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _perspective(corners: list[float], width: int, height: int) -> list[float]:
    """Pillow's eight coefficients that bring a sheet to these corners (from the top left, down)."""
    source = (0, 0, 0, height, width, height, width, 0)
    rows, goals = [], []
    for place in range(4):
        x, y = corners[2 * place : 2 * place + 2]
        u, v = source[2 * place : 2 * place + 2]
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        goals += [u, v]
    return [float(one) for one in np.linalg.solve(np.array(rows), np.array(goals))]
