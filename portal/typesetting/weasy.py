"""One part of a document with WeasyPrint, as a PDF whose objects lie open for joining.

A document brings all it needs along, as ``data:`` if need be: no other address is fetched.
"""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any, NoReturn

import weasyprint
from weasyprint.urls import URLFetcher

VARIANT = "pdf/ua-1"
_POINTS = 0.75  # of a CSS pixel


class _Written(Exception):
    """The part is written; WeasyPrint need not write it a second time."""


def typeset(html: str, *, tagged: bool) -> bytes:
    """Pages and anchors as a line of JSON, then the PDF, its objects not packed into streams."""
    options: dict[str, Any] = {"pdf_variant": VARIANT} if tagged else {}
    document = weasyprint.HTML(
        string=html, url_fetcher=URLFetcher(allowed_protocols=["data"])
    ).render(**options)
    written = io.BytesIO()

    def write(_: Any, pdf: Any) -> NoReturn:
        pdf.write(written, b"1.7", identifier=False, compress=False)
        raise _Written

    with contextlib.suppress(_Written):
        document.write_pdf(finisher=write, **options)
    anchors = [
        [name, index, round((page.height - y) * _POINTS, 1)]
        for index, page in enumerate(document.pages)
        for name, (_, y, *_rest) in page.anchors.items()
    ]
    head = json.dumps({"pages": len(document.pages), "anchors": anchors})
    return head.encode() + b"\n" + written.getvalue()
