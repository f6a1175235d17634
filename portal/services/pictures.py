"""Page pictures of a form: drawn once in the sandbox, kept as derived files in the store."""

from __future__ import annotations

import json
from collections.abc import Callable

from portal.errors import NotFound
from portal.forking.client import ChildLost
from portal.models import Scan
from portal.rules.page_shapes import A4, PAGE, WIDTHS, PageShape, shapes_from_json, shapes_to_json
from portal.runtime import runtime


def page_picture(scan: Scan, page: int, width: int) -> bytes:
    """The JPEG of page ``page`` (from 1) of a scan; draws it if it was not drawn before.

    Raises ``NotFound`` for a page or width that there is not, ``PageNotDrawn`` when the sandbox
    gives up.
    """
    if not 1 <= page <= scan.pages or width not in WIDTHS:
        raise NotFound
    store, key = runtime().store, picture_key(scan, page, width)
    if store.size(key) is not None:
        with store.open(key) as file:
            return file.read()
    with store.local_copy(scan.storage_key) as original:
        picture = runtime().sandbox.draw(original, page - 1, width)
    store.put(key, picture)
    return picture


def page_shapes(scan: Scan) -> tuple[PageShape, ...]:
    """The shapes of a scan's pages; measures them if that was not done before.

    Where the sandbox gives up every page is taken for A4, and measured again the next time.
    """
    store, key = runtime().store, f"{pictures_prefix(scan)}shapes"
    if store.size(key) is not None:
        with store.open(key) as file:
            return shapes_from_json(json.load(file), scan.pages)
    try:
        with store.local_copy(scan.storage_key) as original:
            shapes = runtime().sandbox.measure(original, scan.pages)
    except ChildLost:
        return (A4,) * scan.pages
    store.put(key, json.dumps(shapes_to_json(shapes)).encode())
    return shapes


def draw_pages(scan: Scan, after_page: Callable[[int], bool]) -> bool:
    """Draw the pictures of a scan's pages that are not drawn yet; whether all are there now.

    ``after_page`` hears of each page and says whether to go on. Raises ``PageNotDrawn``.
    """
    page_shapes(scan)
    for page in range(1, scan.pages + 1):
        page_picture(scan, page, PAGE)
        if page < scan.pages and not after_page(page):
            return False
    return True


def picture_key(scan: Scan, page: int, width: int) -> str:
    """Where a page's picture is kept: ``scans/3f/3fa9.pdf`` → ``pages/3f/3fa9/1000/1.jpg``."""
    return f"{pictures_prefix(scan)}{width}/{page}.jpg"


def pictures_prefix(scan: Scan) -> str:
    """The folder of all pictures of a scan, and of its pages' shapes."""
    return scan.storage_key.replace("scans/", "pages/", 1).removesuffix(".pdf") + "/"
