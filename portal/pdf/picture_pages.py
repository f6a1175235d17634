"""A PDF with one JPEG on each page, coded as it is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import (
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
)

from portal.rules.making import A4_INCHES

PAGE_BYTES = 1024
"""What a page takes besides its picture, generously."""


LEAST_COVERED = 0.5
"""Share of an A4 page that a picture covers; a scan must cover 40 % (``scan_pages.py``)."""


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A JPEG of ``width`` by ``height`` pixels; upright after ``turns`` quarters clockwise."""

    content: bytes
    width: int
    height: int
    turns: int


def bind(pictures: Sequence[PagePicture]) -> bytes:
    """Each picture in the middle of an A4 page, upright or across as it lies.

    A strip, which would cover too little of it to be taken for a scan, has a page as narrow.

    The same pictures make the same bytes: the form that was uploaded before is known again.
    """
    writer = PdfWriter()
    writer.metadata = None
    for picture in pictures:
        turned = picture.turns % 2 == 1
        across = (picture.height, picture.width) if turned else (picture.width, picture.height)
        sides = sorted(inches * 72 for inches in A4_INCHES)
        if across[0] > across[1]:
            sides.reverse()
        scale = min(sides[0] / across[0], sides[1] / across[1])
        box = (across[0] * scale, across[1] * scale)
        if box[0] * box[1] < LEAST_COVERED * sides[0] * sides[1]:
            sides = list(box)
        page = writer.add_blank_page(*sides)
        margin = ((sides[0] - box[0]) / 2, (sides[1] - box[1]) / 2)
        image = writer._add_object(_image(picture))
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/XObject"): DictionaryObject({NameObject("/P"): image})}
        )
        drawing = DecodedStreamObject()
        matrix = " ".join(f"{value:.3f}" for value in _matrix(picture.turns, margin, box))
        drawing.set_data(f"q {matrix} cm /P Do Q".encode())
        page[NameObject("/Contents")] = writer._add_object(drawing)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def _matrix(
    turns: int, at: tuple[float, float], box: tuple[float, float]
) -> tuple[float, float, float, float, float, float]:
    """Where a unit square goes: into a box, turned clockwise by quarters."""
    (left, bottom), (width, height) = at, box
    return (
        (width, 0.0, 0.0, height, left, bottom),
        (0.0, -height, width, 0.0, left, bottom + height),
        (-width, 0.0, 0.0, -height, left + width, bottom + height),
        (0.0, height, -width, 0.0, left + width, bottom),
    )[turns % 4]


def _image(picture: PagePicture) -> StreamObject:
    grey = Image.open(io.BytesIO(picture.content), formats=("JPEG",)).mode == "L"
    image = DecodedStreamObject()
    image.set_data(picture.content)
    image.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Image"),
            NameObject("/Width"): NumberObject(picture.width),
            NameObject("/Height"): NumberObject(picture.height),
            NameObject("/ColorSpace"): NameObject("/DeviceGray" if grey else "/DeviceRGB"),
            NameObject("/BitsPerComponent"): NumberObject(8),
            NameObject("/Filter"): NameObject("/DCTDecode"),
        }
    )
    return image
