"""The sandbox's own process: has the parsers loaded, and a child of it does each file.

With the argument ``look`` numpy, the checks and the reader of first pages are loaded too, with
``make`` what writes files, and only then it can do so. Its children open no file and no socket.
"""

from __future__ import annotations

import codecs
import contextlib
import importlib
import json
import pkgutil
import sys
import zipfile
from dataclasses import asdict
from typing import Any, BinaryIO

from PIL import Image

from portal.forking.server import Children, serve
from portal.forking.wire import OK, REFUSED
from portal.pdf.attachment import kind_of_attachment
from portal.pdf.inspect import inspect
from portal.pdf.pages import draw, draw_part, measure
from portal.rules.attachments import AttachmentRefused
from portal.rules.page_shapes import shapes_to_json
from portal.rules.scan_findings import Box
from portal.rules.scan_refusals import ScanRefused


def main() -> None:
    """Load what the arguments ask for, and serve."""
    _load_everything()
    if "look" in sys.argv[1:]:
        _load_look()
    if "make" in sys.argv[1:]:
        _load_make()
    serve(Children(_work))


def _work(request: dict[str, Any], source: BinaryIO) -> bytes:
    if request["task"] in ("clean", "join", "compress"):
        from portal.pdf.making import make  # loaded before the fork, or the child ends here

        return make(request, source)
    content = source.read()
    if request["task"] == "draw_part":
        return OK + draw_part(content, request["page"], Box(*request["box"]), request["width"])
    if request["task"] == "draw":
        return OK + draw(content, request["page"], request["width"])
    if request["task"] == "measure":
        return OK + json.dumps(shapes_to_json(measure(content))).encode()
    if request["task"] == "look":
        from portal.pdf.look import look  # as above

        return OK + json.dumps(look(content, request["form_pages"]).to_json()).encode()
    if request["task"] == "arrange":
        from portal.pdf.arrange import arrange  # as above

        return OK + arrange(content, request["pages"])
    if request["task"] == "attachment":
        try:
            return OK + kind_of_attachment(content).encode()
        except AttachmentRefused as unwanted:
            return REFUSED + json.dumps([unwanted.reason, unwanted.found]).encode()
    try:
        found = inspect(content)
    except ScanRefused as refused:
        return REFUSED + json.dumps(refused.refusal.to_json()).encode()
    return OK + json.dumps(asdict(found)).encode()


def _load_everything() -> None:
    """Import and run once what the parsers load lazily: a child can open no file.

    What pypdf can't load it steps over: a codec that is missing hides the rest of an object, the
    pages or a script. So every codec and every module of pypdf is here before the first file.
    """
    Image.init()
    import encodings

    import pypdf
    from pypdf import PdfWriter

    for codec in pkgutil.iter_modules(encodings.__path__):
        with contextlib.suppress(LookupError):  # a module of another system's, or no codec
            codecs.lookup(codec.name)
    for module in pkgutil.walk_packages(pypdf.__path__, "pypdf."):
        with contextlib.suppress(ImportError):  # for a library that is not the one we have
            importlib.import_module(module.name)
    from pypdf._crypt_providers import crypt_provider

    assert crypt_provider
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    import io

    sample = io.BytesIO()
    writer.encrypt("", algorithm="AES-256")
    writer.write(sample)
    with contextlib.suppress(ScanRefused):
        inspect(sample.getvalue())  # a blank page is no scan
    sheet = io.BytesIO()
    with zipfile.ZipFile(sheet, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml"):
            archive.writestr(name, "<a/>")
    kind_of_attachment(sheet.getvalue())
    draw(sample.getvalue(), 0, 100)
    draw_part(sample.getvalue(), 0, Box(0, 0, 500, 500), 100)
    measure(sample.getvalue())


def _load_look() -> None:
    """Look once at a drawn form, for what numpy and the checks load lazily."""
    import io

    from PIL import ImageDraw

    from portal.pdf.look import look
    from portal.pdf.ocr import load_reader

    load_reader()
    picture = Image.new("RGB", (600, 850), (240, 236, 228))
    pen = ImageDraw.Draw(picture)
    for top in range(80, 700, 20):
        pen.text((60, top), "8 6 0 9 portal " * 5, (40, 40, 50))
    pen.ellipse((350, 600, 480, 730), outline=(200, 30, 40), width=6)
    pen.text((290, 790), "- 3 -", (40, 40, 50))
    sample = io.BytesIO()
    picture.save(sample, "PDF", save_all=True, append_images=[picture])
    look(sample.getvalue(), 2)


def _load_make() -> None:
    """Make a file once, for what writing loads lazily."""
    import io

    from portal.pdf.arrange import arrange
    from portal.pdf.making import make_once

    make_once()
    sample = io.BytesIO()
    Image.new("L", (60, 85), 200).save(sample, "PDF")
    arrange(sample.getvalue(), [(0, 1)])


if __name__ == "__main__":
    main()
