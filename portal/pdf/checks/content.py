"""Is there something on the page, all of it, and of one page only?"""

from __future__ import annotations

import numpy as np

from portal.pdf.checks import thresholds as limits
from portal.pdf.checks.picture import Mask, PagePicture, share
from portal.pdf.checks.turning import Turning
from portal.rules.scan_findings import Box, Finding, FindingKind


def check_blank(page: PagePicture) -> list[Finding]:
    """Hardly any ink."""
    if (share := written_share(page)) < limits.BLANK_INK:
        return [Finding(FindingKind.BLANK_PAGE, page.number, share)]
    return []


def check_content(page: PagePicture, turning: Turning) -> list[Finding]:
    """Cut off, or two pages in one picture."""
    found = []
    if (box := cut_edge(page)) is not None:
        found.append(Finding(FindingKind.CUT_OFF, page.number, 1.0, box))
    if (fold := fold_between_pages(turning)) is not None:
        found.append(Finding(FindingKind.TWO_PAGES, page.number, fold))
    return found


def written_share(page: PagePicture) -> float:
    """The share of the page with ink, without its outermost edge; faint ink counts as ink."""
    down, across = round(page.height * limits.EDGE), round(page.width * limits.EDGE)
    ink = page.faint_ink[down:-down, across:-across]
    # Dust is single points; writing has neighbours.
    joined = ink[:-2] & ink[1:-1] & ink[2:]
    return share(joined)


def cut_edge(page: PagePicture) -> Box | None:
    """A strip along the edge at which ink runs out of the picture in several places."""
    for turn, desk in enumerate(page.desk_edges):
        # Turned so that the edge in question is on the left: left, top, right, bottom.
        ink = np.rot90(page.ink, turn)
        if not desk and _runs_out(ink):
            depth = 40
            if turn == 0:
                return page.box(0, 0, depth, page.height)
            if turn == 1:
                return page.box(0, 0, page.width, depth)
            if turn == 2:
                return page.box(page.width - depth, 0, page.width, page.height)
            return page.box(0, page.height - depth, page.width, page.height)
    return None


def _runs_out(ink: Mask) -> bool:
    """Does ink meet the left edge in several places, and go inwards from there?"""
    strip = ink[:, limits.CUT_SKIP : limits.CUT_SKIP + 3].any(axis=1)
    if not limits.CUT_SHARE[0] < strip.mean() < limits.CUT_SHARE[1]:
        return False
    deep = ink[:, limits.CUT_SKIP : limits.CUT_SKIP + limits.CUT_DEPTH].mean(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], strip, [False]]).astype(np.int8)))
    runs = [deep[begin:end].max() for begin, end in zip(edges[::2], edges[1::2], strict=True)]
    return sum(depth > limits.CUT_INWARDS for depth in runs) >= limits.CUT_RUNS


def fold_between_pages(turning: Turning) -> float | None:
    """Where (0 to 1) a wide picture has an empty band between two written halves.

    In the straightened picture: at 2 degrees the band of a spread leans by its own width.
    """
    ink = np.rot90(turning.straight, -turning.quarters)  # the spread may lie on its side
    height, width = ink.shape
    if width < limits.SPREAD_SHAPE * height:
        return None
    inner = ink[round(0.06 * height) : round(0.94 * height)]
    columns = inner.mean(axis=0) / 255
    begin, end = round(width * 0.42), round(width * 0.58)
    # The widest empty band near the middle. The dark line of the fold may lie in it, with flanks
    # that lean by a few pixels, as a page seen from aside has its edges converge.
    reach = round(limits.FOLD_FLANK * width)
    fold = np.convolve(columns > limits.FOLD_LINE, np.ones(2 * reach + 1), "same") > 0
    empty = (columns < limits.FOLD_INK) | fold
    band, best, at = 0, 0, 0
    for column in range(begin, end):
        band = band + 1 if empty[column] else 0
        if band > best:
            best, at = band, column - band // 2
    left, right = columns[:begin].sum(), columns[end:].sum()
    if best < limits.FOLD_WIDTH * width or min(left, right) < 0.25 * max(left, right):
        return None
    return at / width
