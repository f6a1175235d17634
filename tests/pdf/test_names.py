"""Scanners write Chinese names as they like, and a page calls its pictures by the same bytes.

pypdf decodes names and writes them as UTF-8: to the page they were other names, and it showed
nothing.
"""

from __future__ import annotations

import io

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

from portal.demo.paper import bind
from portal.pdf.arrange import arrange
from portal.pdf.compressing import compress
from portal.pdf.inspect import inspect
from tests import scans

NAMES = {
    "GBK": "志愿书".encode("gbk"),
    "UTF-8": "志愿书".encode(),
    "neither": b"\xfe\xfd",
}


def named(content: bytes, name: bytes) -> bytes:
    """The scan with pages that call their picture by this name."""
    word = "Q" * len(name)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    for page in writer.pages:
        pictures = page["/Resources"]["/XObject"]  # type: ignore[index]
        (old,) = pictures  # type: ignore[misc]
        pictures[NameObject(f"/{word}")] = pictures.raw_get(old)  # type: ignore[union-attr]
        del pictures[old]  # type: ignore[union-attr]
        drawn = DecodedStreamObject()
        drawn.set_data(f"q 595 0 0 842 0 0 cm /{word} Do Q".encode())
        page[NameObject("/Contents")] = writer._add_object(drawn)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue().replace(b"/" + word.encode(), b"/" + name)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_picture_is_shown_by_its_own_name(name: bytes) -> None:
    made = arrange(named(scans.good_scan(3), name), [(2, 1), (0, 0)])
    assert inspect(made).pages == 2  # pages that show nothing would be no scan


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_picture_that_is_made_smaller_keeps_its_name(name: bytes) -> None:
    noise = io.BytesIO()
    Image.effect_noise((1700, 2400), 60).save(noise, "JPEG", quality=95)
    large = named(bind([noise.getvalue()]), name)
    made = compress(large, len(large) * 9 // 10)
    assert inspect(made.pdf).pages == 1
