"""A scan of more than 15 M becomes one that fits. Runs inside the sandbox's child.

The pages stay what they are; only their pictures are coded anew, all alike, no coarser than needed
and never under 200 dpi of the paper. Pictures of 1 bit stay, and so do those that would not get
smaller. What is beside the pages (outlines, names, metadata) is left behind.
"""

from __future__ import annotations

import gc
import hashlib
import io
from dataclasses import dataclass
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
from pypdf import PdfWriter
from pypdf.generic import (
    StreamObject,
)

from portal.pdf.arrange import arrange, only_what_is_seen
from portal.pdf.fitting import Step, as_jpeg, coarser, gentlest, opened
from portal.pdf.image_streams import FORM_DEPTH, is_plain_jpeg, pictures_of, put_jpeg
from portal.pdf.inspect import inspect
from portal.pdf.names import names_as_they_are
from portal.pdf.paper_size import dots_per_inch
from portal.pdf.red_place import find_red
from portal.pdf.wire import Compressed
from portal.rules.making import (
    FITTING_BYTES,
    LEAST_SCAN_DPI,
    MakingReason,
    MakingRefusal,
    MakingRefused,
)

# Neither number ever rises, so that a later step never makes more bytes of any picture.
STEPS = (
    Step(None, 90),
    Step(None, 85),
    Step(None, 80),
    Step(400, 80),
    Step(300, 80),
    Step(300, 75),
    Step(300, 70),
    Step(250, 70),
    Step(LEAST_SCAN_DPI, 70),
    Step(LEAST_SCAN_DPI, 65),
    Step(LEAST_SCAN_DPI, 60),
    Step(LEAST_SCAN_DPI, 55),
)

MUCH = 0.3
"""Share of the page that a picture covers to be the page's."""

_Key = bytes
"""The hash of a picture's coded bytes, by which the two libraries mean the same one."""


@dataclass(slots=True)
class _Shown:
    """A picture, its coarsest ``dpi`` on any page, and whether it is a page's picture."""

    item: pypdfium2.PdfImage
    stream: StreamObject
    dpi: float
    whole_page: bool

    @property
    def width(self) -> int:
        return int(self.item.get_px_size()[0])


@dataclass(frozen=True, slots=True)
class _Coded:
    """A picture coded anew; ``colours`` names its colour space where it is another one now."""

    jpeg: bytes
    width: int
    height: int
    colours: str | None


class _Counted(io.RawIOBase):
    """A stream that only counts: a file of 100 MB need not lie in memory once more."""

    def __init__(self) -> None:
        self._size = 0

    @classmethod
    def size_of(cls, writer: PdfWriter) -> int:
        counted = cls()
        writer.write(counted)  # type: ignore[arg-type]
        return counted._size

    def write(self, content: Any) -> int:
        self._size += len(content)
        return len(content)

    def tell(self) -> int:
        return self._size


@names_as_they_are()
def compress(content: bytes, limit: int = FITTING_BYTES) -> Compressed:
    """The scan in at most ``limit`` bytes.

    Raises ``ScanRefused`` for what no upload would take either, ``MakingRefused`` if it does not
    fit with pictures as fine as they must stay.
    """
    pages = inspect(content).pages
    gc.collect()  # the inspection's copies of all streams
    writer = _pages_alone(content, pages)
    document = pypdfium2.PdfDocument(content)
    shown = _shown(document, writer)
    whole = _Counted.size_of(writer)
    beside = whole - sum(len(one.stream._data) for one in shown.values())
    smallest = whole

    def attempt(step: Step) -> dict[_Key, _Coded] | None:
        nonlocal smallest
        made: dict[_Key, _Coded] = {}
        total = beside
        for key, one in shown.items():
            coded = _coded(one, step)
            total += len(one.stream._data if coded is None else coded.jpeg)
            if total > limit and step is not STEPS[-1]:  # of the last step the size is told
                return None
            if coded is not None and total <= limit:
                made[key] = coded
        smallest = total
        return made if total <= limit else None

    # What is beside the pages may have been what made the file large.
    made = {} if whole <= limit else (gentlest(STEPS, attempt) or (None, None))[1]
    if made is None:
        raise MakingRefused(MakingRefusal(MakingReason.SCAN_TOO_MUCH, size=smallest))
    before = [one.dpi for one in shown.values() if one.whole_page]
    now = [
        one.dpi * (made[key].width / one.width if key in made else 1)
        for key, one in shown.items()
        if one.whole_page
    ]
    for key, coded in made.items():
        put_jpeg(shown[key].stream, coded.jpeg, (coded.width, coded.height), coded.colours)
    pdf = _written(writer)
    inspect(pdf)  # what is offered will be taken
    dpi_before, dpi = (round(min(found, default=0)) for found in (before, now))
    return Compressed(pdf, pages, dpi_before, dpi, find_red(pdf))


def _pages_alone(content: bytes, pages: int) -> PdfWriter:
    """The file's pages with what is seen of them, and nothing else."""
    try:
        return only_what_is_seen(content)
    except MemoryError:
        raise
    except Exception:
        # The parser's edge. The file was inspected, so pdfium reads it, and writes it as pypdf can.
        return only_what_is_seen(arrange(content, [(index, 0) for index in range(pages)]))


def _shown(document: pypdfium2.PdfDocument, writer: PdfWriter) -> dict[_Key, _Shown]:
    """The pictures that may be coded anew."""
    streams = {_key(stream._data): stream for stream in pictures_of(writer)}
    found: dict[_Key, _Shown] = {}
    for index in range(len(document)):
        page = document[index]
        width, height = page.get_size()
        for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=FORM_DEPTH):
            key = _key(item.get_data())
            if key not in streams:
                continue
            if item.level == 0:
                left, bottom, right, top = item.get_bounds()
                sides = (abs(right - left), abs(top - bottom))
            else:  # in a form, whose measure nobody told: at most as large as the page
                sides = (width, height)
            dpi = min(dots_per_inch(item.get_px_size(), sides, wide=width > height))
            if dpi <= 0:  # it has no dots
                continue
            whole = sides[0] * sides[1] >= MUCH * width * height
            known = found.get(key)
            if known is None:
                found[key] = _Shown(item, streams[key], dpi, whole)
            else:
                known.dpi, known.whole_page = min(known.dpi, dpi), known.whole_page or whole
    return found


def _coded(one: _Shown, step: Step) -> _Coded | None:
    """The picture as a JPEG; None if it can't be one, or would not be smaller."""
    share = min(1.0, (step.dpi or one.dpi) / one.dpi)
    size = one.item.get_px_size()
    try:
        if plain := is_plain_jpeg(one.stream):
            least = (round(size[0] * share), round(size[1] * share))
            picture = opened(one.stream._data, least)
        else:
            picture = one.item.get_bitmap().to_pil()
            picture = picture if picture.mode == "L" else picture.convert("RGB")
    except MemoryError:
        raise
    except Exception:  # the decoders' edge; what they can't read stays as it is
        return None
    picture = coarser(picture, one.dpi * picture.width / size[0], step)
    jpeg = as_jpeg(picture, step.quality)
    if len(jpeg) >= len(one.stream._data):
        return None
    colours = None if plain else ("/DeviceGray" if picture.mode == "L" else "/DeviceRGB")
    return _Coded(jpeg, *picture.size, colours)


def _written(writer: PdfWriter) -> bytes:
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def _key(coded: Any) -> _Key:
    return hashlib.sha256(coded).digest()
