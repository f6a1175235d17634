"""One part of a document with WeasyPrint, as a PDF whose objects lie open for joining."""

from __future__ import annotations

import contextlib
import io
import json
import re
from base64 import b64decode
from typing import Any, NoReturn

import weasyprint
from weasyprint.html import UA, UA_COUNTER_STYLE
from weasyprint.urls import URLFetcher, URLFetcherResponse

from portal.typesetting.fonts import cut_fonts, slim

VARIANT = "pdf/ua-1"
JPEG = "data:image/jpeg;base64,"
_POINTS = 0.75  # of a CSS pixel

cut_fonts()


def _own_sheet() -> weasyprint.CSS:
    """WeasyPrint's style sheet of every document, without notes, and with marks at lists alone.

    Those rules hold for each element, so that each cell of a table had six styles computed which no
    page shows: a fifth of a part's memory.
    """
    rules = re.sub(r"(?m)^::(foot)?note-.*$", "", UA)
    return weasyprint.CSS(
        string=re.sub(r"(?m)^::marker", "li::marker", rules), counter_style=UA_COUNTER_STYLE
    )


class _Pages(weasyprint.HTML):  # type: ignore[misc]
    """A document as WeasyPrint takes it in."""

    _SHEET = _own_sheet()

    def _ua_stylesheets(self, forms: bool = False) -> list[weasyprint.CSS]:
        return [self._SHEET]


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
    document = _Pages(string=html, url_fetcher=OwnPictures()).render(**options)
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
