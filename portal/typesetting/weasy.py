"""One part of a document with WeasyPrint, as a PDF whose objects lie open for joining."""

from __future__ import annotations

import contextlib
import io
import json
from base64 import b64decode
from typing import Any, NoReturn

import weasyprint
from weasyprint.urls import URLFetcher, URLFetcherResponse

from portal.typesetting.fonts import share_fonts, slim

VARIANT = "pdf/ua-1"
JPEG = "data:image/jpeg;base64,"
_POINTS = 0.75  # of a CSS pixel

share_fonts()


class _Written(Exception):
    """The part is written; WeasyPrint need not write it a second time."""


class OwnPictures(URLFetcher):  # type: ignore[misc]
    """Fetches nothing: documents have no more than themselves and the system's fonts.

    Pictures pass in as JPEGs inside the document, and are read as nothing else.
    """

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """The bytes that the address itself holds. Raises ``ValueError`` for any other."""
        if not url.startswith(JPEG):
            raise ValueError(f"not fetched: {url[:100]}")
        picture = b64decode(url[len(JPEG) :], validate=True)
        return URLFetcherResponse(url, picture, {"Content-Type": "image/jpeg"})


def typeset(html: str, *, tagged: bool) -> bytes:
    """Pages and anchors as a line of JSON, then the PDF, its objects not packed into streams."""
    options: dict[str, Any] = {"pdf_variant": VARIANT} if tagged else {}
    document = weasyprint.HTML(string=html, url_fetcher=OwnPictures()).render(**options)
    written = io.BytesIO()

    def write(_: Any, pdf: Any) -> NoReturn:
        slim(pdf)
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
