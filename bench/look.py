"""``bin/bench look``: what a look at a form of 8 pages costs, by step.

The floor is pdfium drawing the same pages at the size at which they are looked at, in the same run.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2

from bench.server import BUILD, table
from portal.demo.paper import Paper
from portal.forking.client import ChildLost
from portal.pdf import ocr
from portal.pdf.checks import content, duplicates, light, page_numbers, seal, sharpness, turning
from portal.pdf.checks.picture import LONG_SIDE, PagePicture
from portal.pdf.sandbox import Sandbox

MIB = 1024 * 1024
PAGES = 8
RUNS = 12


def main() -> None:
    BUILD.mkdir(exist_ok=True)
    for dpi in (150, 200, 300):
        form = Paper(6, dpi).form("202611000017", "林晓", "城关中学高一团支部", PAGES)
        path = BUILD / f"bench-look-{dpi}.pdf"
        path.write_bytes(form)
        print(f"\n{PAGES} pages of {dpi} dpi, {len(form) / MIB:.1f} MiB:\n")
        measure(form, path)
        path.unlink()


def measure(form: bytes, path: Path) -> None:
    steps: defaultdict[str, list[float]] = defaultdict(list)
    for run in range(RUNS + 1):
        times = by_step(form)
        if run:  # the first warms up
            for name, seconds in times.items():
                steps[name].append(seconds)
    floor = statistics.median(steps.pop("floor: pdfium draws the pages"))
    rows: list[tuple[object, ...]] = [("floor: pdfium draws the pages", f"{floor:.3f}", 1.0)]
    total = sum(statistics.median(times) for times in steps.values())
    for name, times in steps.items():
        middle = statistics.median(times)
        rows.append((name, f"{middle:.3f}", middle / floor))
    rows.append(("all of it without OCR", f"{total:.3f}", total / floor))
    if ocr.is_installed():
        seconds = reading(form)
        rows.append(("the first page read (OCR)", f"{seconds:.3f}", seconds / floor))
    rows += whole(path, floor)
    table(("step", "s a form", "× floor"), rows)


def by_step(form: bytes) -> dict[str, float]:
    """Seconds of processor time of each step, over all pages."""
    spent: defaultdict[str, float] = defaultdict(float)

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        done = work()
        spent[name] += time.process_time() - began
        return done

    document = pypdfium2.PdfDocument(form)

    def draw(index: int) -> None:
        page = document[index]
        page.render(scale=LONG_SIDE / max(page.get_size()), may_draw_forms=False).to_numpy()
        page.close()

    imprints, numbers = [], {}
    for index in range(len(document)):
        timed("floor: pdfium draws the pages", lambda index=index: draw(index))
        page = document[index]
        picture = timed("draw, to grey", lambda page=page: PagePicture(1, page))
        timed("paper and ink", lambda p=picture: (p.inside, p.writing, p.faint_ink, p.contrast))
        timed("light, shadows", lambda p=picture: light.check_light(p))
        timed(
            "sharpness, resolution",
            lambda p=picture, page=page: (
                sharpness.check_sharpness(p),
                sharpness.check_resolution(p, sharpness.images_of(page)),
            ),
        )
        turned = timed("tilt, orientation", lambda p=picture: turning.check_turning(p))
        timed(
            "blank, edges, spreads",
            lambda p=picture, t=turned: (content.check_blank(p), content.check_content(p, t)),
        )
        timed("seal, colour", lambda p=picture: (seal.has_colour(p), seal.has_seal(p)))
        number = timed(
            "printed number", lambda p=picture, t=turned: page_numbers.read_page_number(p, t.tilt)
        )
        if number is not None:
            numbers[index] = number
        imprint = timed("same page", lambda p=picture, t=turned: duplicates.imprint_of(p, t))
        if imprint is not None:
            imprints.append(imprint)
        page.close()
    timed("same page", lambda: duplicates.check_duplicates(imprints))
    timed("printed number", lambda: page_numbers.check_order(numbers))
    document.close()
    return dict(spent)


def reading(form: bytes) -> float:
    ocr.load_reader()
    document = pypdfium2.PdfDocument(form)
    page = document[0]
    times = []
    for _ in range(4):
        began = time.process_time()
        picture = page.render(scale=ocr.WIDTH / page.get_width(), may_draw_forms=False).to_pil()
        ocr.read_cover(picture)
        times.append(time.process_time() - began)
    return statistics.median(times[1:])


def whole(path: Path, floor: float) -> list[tuple[object, ...]]:
    """Through the sandbox as the worker does it: wall time, memory of the child, forms an hour."""
    looker = Sandbox(memory_bytes=600 * MIB, cpu_seconds=13, wall_seconds=15, looks=True)
    looker.look(path, PAGES)
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        looker.look(path, PAGES)
        times.append(time.perf_counter() - began)
    needed = least_memory(looker, path)
    looker.close()
    middle = statistics.median(times)
    return [
        ("a look through the sandbox, wall time", f"{middle:.3f}", middle / floor),
        ("forms an hour, one after the other", f"{3600 / middle:,.0f}", ""),
        ("least memory limit that suffices, MiB", needed, ""),
    ]


def least_memory(looker: Sandbox, path: Path) -> int:
    """The smallest limit (in steps of 20 MiB) with which the look comes to an end."""
    for limit in range(20, 620, 20):
        looker._limits["memory"] = limit * MIB
        try:
            looker.look(path, PAGES)
        except ChildLost:
            continue
        return limit
    return 0
