"""``bin/bench ocr``: how many first pages are read rightly, and what one costs.

Covers of its own seed: printed numbers and neatly written ones, 100 to 300 dpi, flat-bed grey and
colour and a phone's perspective, tilt up to 3°, blur, darkness, JPEG. Then covers where nothing may
be read: a blot over one digit, scribbles in place of digits, no number at all.
"""

from __future__ import annotations

import io
import math
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from bench.server import table
from portal.demo.paper import Paper
from portal.pdf import ocr
from portal.rules.scan_findings import Reading, ReadingState

SEED = 6
EACH = 20
NAMES = (
    "王小明 欧阳若兰 买买提·艾力 李静 张伟杰 赵一诺 司马青云 阿依古丽·吐尔逊 陈思远 周子轩".split()
)
PAPER, INK, BORDER = (246, 243, 236), (40, 44, 62), (92, 84, 72)

# Digits as a pen writes them: strokes of points in a box of 1 × 1.6.
_STROKES: dict[str, list[list[tuple[float, float]]]] = {
    "0": [[(0.5 + 0.45 * math.sin(t / 8), 0.8 - 0.78 * math.cos(t / 8)) for t in range(52)]],
    "1": [[(0.3, 0.3), (0.55, 0.0), (0.52, 1.6)]],
    "2": [[(0.1, 0.4), (0.25, 0.08), (0.6, 0.0), (0.88, 0.25), (0.8, 0.65), (0.1, 1.58), (0.95, 1.52)]],
    "3": [[(0.1, 0.12), (0.5, 0.0), (0.85, 0.3), (0.72, 0.62), (0.35, 0.75), (0.78, 0.88),
           (0.92, 1.2), (0.65, 1.55), (0.08, 1.5)]],
    "4": [[(0.55, 0.0), (0.05, 1.05), (0.98, 1.02)], [(0.72, 0.6), (0.68, 1.6)]],
    "5": [[(0.2, 0.05), (0.14, 0.7), (0.55, 0.6), (0.92, 0.95), (0.82, 1.4), (0.45, 1.6), (0.06, 1.45)],
          [(0.2, 0.05), (0.88, 0.0)]],
    "6": [[(0.75, 0.0), (0.3, 0.5), (0.08, 1.1), (0.25, 1.5), (0.6, 1.58), (0.9, 1.25), (0.75, 0.9),
           (0.4, 0.85), (0.1, 1.15)]],
    "7": [[(0.05, 0.05), (0.95, 0.0), (0.55, 0.7), (0.4, 1.6)]],
    "8": [[(0.85, 0.2), (0.5, 0.0), (0.15, 0.3), (0.4, 0.7), (0.85, 1.1), (0.7, 1.5), (0.35, 1.58),
           (0.1, 1.25), (0.5, 0.75), (0.85, 0.35), (0.8, 0.15)]],
    "9": [[(0.88, 0.35), (0.55, 0.0), (0.15, 0.3), (0.35, 0.75), (0.75, 0.65), (0.9, 0.3), (0.85, 0.9),
           (0.7, 1.6)]],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cover:
    """A picture and what stands on it; ``number`` is empty where none may be read."""

    kind: str
    page: Image.Image
    number: str
    name: str


def main() -> None:
    if not ocr.is_installed():
        sys.exit("the extra ocr is not installed: bin/bootstrap ocr")
    run()


def run(seed: int = SEED, each: int = EACH) -> None:
    """Print the table; a wrong reading is the only harm, one not found is honest."""
    began = time.process_time()
    ocr.load_reader()
    print(f"load: {time.process_time() - began:.1f} s of a processor, once; {_status('VmRSS')} MiB")
    outcomes: dict[str, Counter[str]] = {}
    seconds: list[float] = []
    for cover in covers(seed, each):
        began = time.process_time()
        number, name, _ = ocr.read_cover(cover.page)
        seconds.append(time.process_time() - began)
        outcome = outcomes.setdefault(cover.kind, Counter())
        outcome["all"] += 1
        outcome[f"number {_judge(number, cover.number)}"] += 1
        if cover.name:
            outcome[f"name {_judge(name, cover.name)}"] += 1
    columns = (
        "all",
        *(
            f"{what} {how}"
            for what in ("number", "name")
            for how in ("right", "not found", "wrong")
        ),
    )
    table(
        ("first page", *columns),
        [(kind, *(outcome[column] for column in columns)) for kind, outcome in outcomes.items()],
    )
    seconds.sort()
    print(
        f"a cover: median {seconds[len(seconds) // 2]:.2f} s, slowest {seconds[-1]:.2f} s of a processor;"
        f" a child takes {_child_mib(seed)} MiB of its own"
    )


def covers(seed: int, each: int) -> Iterator[Cover]:
    chance = random.Random(seed)
    for _ in range(each):
        for how in ("grey", "colour", "phone"):
            yield _cover(chance, f"printed, {how}", how)
    for _ in range(each):
        yield _cover(
            chance, "written neatly", chance.choice(("grey", "colour", "phone")), "written"
        )
    for mark in ("blot", "scribbles", "no number"):
        for _ in range(each // 2):
            yield _cover(chance, mark, chance.choice(("grey", "colour", "phone")), mark)


def _cover(chance: random.Random, kind: str, how: str, mark: str = "printed") -> Cover:
    dpi = chance.choice((100, 150, 200, 300))
    number = f"{chance.randint(2020, 2026)}110{chance.randrange(10**5):05d}"
    name = chance.choice(NAMES)
    paper = Paper(chance.randrange(10**6), dpi)
    printed = number if mark in ("printed", "blot") else ""
    page = _picture(paper, printed, name)
    pen, unit = ImageDraw.Draw(page), page.width / 827
    if mark == "written":
        _write(pen, number, unit, chance)
    if mark == "blot":
        left = 170 + 32 * chance.randrange(12)
        pen.ellipse([unit * edge for edge in (left - 3, 66, left + 33, 106)], INK)
    if mark == "scribbles":
        _scribble(pen, unit, chance)
    readable = number if mark in ("printed", "written") else ""
    return Cover(kind, _worn(page, how, dpi, chance), readable, name)


def _picture(paper: Paper, number: str, name: str) -> Image.Image:
    import pypdfium2

    document = pypdfium2.PdfDocument(paper.form(number, name, "东城区某中学高一（1）班团支部", 1))
    return document[0].render(scale=paper._unit * 100 / 72).to_pil().convert("RGB")


def _write(pen: ImageDraw.ImageDraw, number: str, unit: float, chance: random.Random) -> None:
    """Digits by hand in boxes: slant, size and place differ, and the pen trembles."""
    slant, wide = chance.uniform(-0.15, 0.3), max(2, round(chance.uniform(1.4, 2.6) * unit))
    for place, digit in enumerate(number):
        left, size = 170 + 32 * place, chance.uniform(15, 19)
        pen.rectangle([unit * edge for edge in (left, 66, left + 30, 106)], outline=(52, 48, 48))
        x, y = left + 7 + chance.uniform(-2, 3), 86 - 0.8 * size + chance.uniform(-3, 3)
        for stroke in _STROKES[digit]:
            points = [
                (
                    unit * (x + size * (a + slant * (0.8 - b) * 0.5 + chance.gauss(0, 0.02))),
                    unit * (y + size * (b + chance.gauss(0, 0.02))),
                )
                for a, b in stroke
            ]
            pen.line(points, INK, wide, joint="curve")


def _scribble(pen: ImageDraw.ImageDraw, unit: float, chance: random.Random) -> None:
    for place in range(12):
        left = 170 + 32 * place
        points = [
            (unit * (left + chance.uniform(3, 27)), unit * (86 + chance.uniform(-15, 15)))
            for _ in range(5)
        ]
        pen.line(points, INK, max(2, round(2 * unit)), joint="curve")


def _worn(page: Image.Image, how: str, dpi: int, chance: random.Random) -> Image.Image:
    """What a scanner or a phone makes of a sheet."""
    page = page.rotate(chance.uniform(-3, 3), Image.Resampling.BICUBIC, fillcolor=PAPER)
    if how == "phone":
        width, height = page.size
        corners = [(0, 0), (0, height), (width, height), (width, 0)]
        moved = [
            coordinate
            for x, y in corners
            for coordinate in (
                x + chance.uniform(-0.05, 0.01) * width * (1 if x == 0 else -1),
                y + chance.uniform(-0.05, 0.01) * height * (1 if y == 0 else -1),
            )
        ]
        page = page.transform(
            page.size, Image.Transform.QUAD, moved, Image.Resampling.BICUBIC, fillcolor=BORDER
        )
        light = Image.linear_gradient("L").rotate(chance.choice((0, 90, 180, 270)))
        light = light.resize(page.size).point(lambda grey: 150 + grey * 105 // 255)
        page = Image.composite(page, Image.new("RGB", page.size), light)
    if how == "grey":
        page = page.convert("L")
    page = page.filter(ImageFilter.GaussianBlur(chance.uniform(0, 0.006) * dpi))
    page = ImageEnhance.Brightness(page).enhance(chance.uniform(0.6, 1.05))
    output = io.BytesIO()
    page.save(output, "JPEG", quality=chance.randint(45, 85))
    return Image.open(output)


def _judge(reading: Reading, truth: str) -> str:
    if reading.state is not ReadingState.READ:
        return "not found" if truth else "right"
    return "right" if reading.text == truth else "wrong"


def _child_mib(seed: int) -> int:
    """Memory that a forked child takes on top of what it shares, at its most."""
    page = next(covers(seed, 1)).page.convert("RGB")
    before = _status("VmSize")
    receiver, sender = os.pipe()
    if os.fork() == 0:
        ocr.read_cover(page)
        os.write(sender, str(_status("VmPeak")).encode())
        os._exit(0)
    os.close(sender)
    peak = int(os.read(receiver, 20))
    os.wait()
    os.close(receiver)
    return max(0, peak - before)


def _status(field: str) -> int:
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(field))
