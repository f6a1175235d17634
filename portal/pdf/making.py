"""The child's side of ``maker.py``: what a request asks to be made, and the answer to it."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

from PIL import Image

from portal.forking.wire import OK, REFUSED
from portal.pdf.compressing import compress
from portal.pdf.joining import Laid, join
from portal.pdf.pictures import clean
from portal.rules.making import FITTING_BYTES, MakingRefused
from portal.rules.scan_refusals import ScanRefused


def make(request: dict[str, Any], source: BinaryIO) -> bytes:
    """The answer to a request for something that is made of ``source``."""
    tasks: dict[str, Callable[[], bytes]] = {
        "clean": lambda: clean(source.read()).to_bytes(),
        "join": lambda: join(_laid(request["pictures"], source)).to_bytes(),
        "compress": lambda: compress(source.read()).to_bytes(),
    }
    try:
        return OK + tasks[request["task"]]()
    except MakingRefused as refused:
        return REFUSED + json.dumps({"making": refused.refusal.to_json()}).encode()
    except ScanRefused as refused:
        return REFUSED + json.dumps({"scan": refused.refusal.to_json()}).encode()


def _laid(pictures: list[tuple[int, int]], source: BinaryIO) -> list[Laid]:
    """The pictures that lie in ``source`` one behind the other, each with its size and turns.

    They are read when they are needed: all together may be larger than the child's memory.
    """
    found, start = [], 0
    for size, turns in pictures:
        found.append(Laid(partial(_read, source, start, size), turns))
        start += size
    return found


def _read(source: BinaryIO, start: int, size: int) -> bytes:
    source.seek(start)
    return source.read(size)


def make_once() -> None:
    """Make one of each, for what the libraries load lazily: a child can open no file."""
    picture = Image.new("RGB", (700, 990), (200, 60, 60))
    packed = {}
    for kind in ("JPEG", "PNG", "PDF"):
        sample = io.BytesIO()
        picture.save(sample, kind, quality=95)
        packed[kind] = sample.getvalue()
    clean(packed["PNG"])
    cleaned = clean(packed["JPEG"]).content
    for limit in (FITTING_BYTES, 1):  # as it is, and coded anew as hard as may be
        with contextlib.suppress(MakingRefused):
            join([Laid(lambda: cleaned, 1)], limit)
        with contextlib.suppress(MakingRefused):
            compress(packed["PDF"], limit)
