"""点击查看 as a person uses it: with keys, mouse and fingers, on the screen and on paper."""

from __future__ import annotations

import io
import json
from typing import Any

from pypdf import PdfReader

from tests.browser.conftest import People
from tests.browser.drivers import Driver, PlaywrightPage, wait, wait_text
from tests.browser.test_stories import no_sideways_scroll, shown

A4_POINTS = (595, 842)


def of_sheet(page: Driver, what: str) -> Any:
    return page.evaluate(f"document.getElementById('sheet').{what}")


def of_picture(page: Driver, what: str) -> Any:
    return page.evaluate(f"document.querySelector('#frame img').{what}")


def zoom(page: Driver) -> str:
    return page.text("#zoom-now")


def wait_page(page: Driver, number: int) -> None:
    """Wait until page ``number`` is shown, counted and in the address."""
    wait_text(page, "#page-now", str(number))
    wait(lambda: f"/pages/{number}.jpg" in of_picture(page, "src"), f"the address of page {number}")
    shown(page)
    assert f"page={number}" in page.url()


FINGERS = """(function () {
  var sheet = document.getElementById('sheet');
  function tell(kind, places) {
    var touches = places.map(function (place, number) {
      return new Touch({identifier: number, target: sheet, clientX: place[0], clientY: place[1]});
    });
    sheet.dispatchEvent(new TouchEvent(kind, {
      bubbles: true, cancelable: true, touches: kind === 'touchend' ? [] : touches, changedTouches: touches
    }));
  }
  MOVES.forEach(function (move) { tell(move[0], move[1]); });
}())"""


def fingers(page: Driver, *moves: tuple[str, list[tuple[float, float]]]) -> None:
    """Fingers on the sheet: the kind of each event, and where they are then."""
    page.evaluate(FINGERS.replace("MOVES", json.dumps(moves)))


def swipe(page: Driver, across: int, down: int = 0) -> None:
    """A finger over the sheet, ``across`` to the right."""
    fingers(page, ("touchstart", [(180, 400)]), ("touchend", [(180 + across, 400 + down)]))


def pinch(page: Driver, factor: float) -> None:
    """Two fingers that move apart by ``factor``."""
    apart = [(180 - 50 * factor, 400), (180 + 50 * factor, 400)]
    fingers(page, ("touchstart", [(130, 400), (230, 400)]), ("touchmove", apart))
    fingers(page, ("touchend", apart[:1]))


def paper(page: PlaywrightPage) -> list[tuple[int, int]]:
    """The sheets that a printer would get, in points."""
    printed = PdfReader(io.BytesIO(page.page.pdf(prefer_css_page_size=True)))
    return [(round(one.mediabox.width), round(one.mediabox.height)) for one in printed.pages]


def test_a_form_is_read_enlarged_turned_darkened_and_printed(people_at_both_ends: People) -> None:
    page = people_at_both_ends.sign_in("zhibu2")
    view = page.evaluate("document.querySelector('.view').pathname")
    page.goto(view)
    shown(page)
    assert zoom(page) == "100%"
    assert of_picture(page, "naturalWidth") == 1000
    pages = int(page.evaluate("document.querySelectorAll('[data-go]').length"))

    # Fit, enlarge to the end, and back.
    page.press("p")
    assert page.evaluate("document.getElementById('room').offsetHeight") <= of_sheet(
        page, "clientHeight"
    )
    assert (
        page.evaluate("document.querySelector('[data-do=page]').getAttribute('aria-pressed')")
        == "true"
    )
    page.press("w")
    assert zoom(page) == "100%"
    for _ in range(9):
        page.click("[data-do=in]")
    assert zoom(page) == "400%"
    wait(lambda: of_picture(page, "naturalWidth") > 1000, "a sharper picture")
    middle = of_sheet(page, "scrollLeft")
    assert middle > 0
    page.press("ArrowRight")  # moves over the enlarged page
    assert of_sheet(page, "scrollLeft") > middle
    assert page.text("#page-now") == "1"
    page.press("0")
    assert zoom(page) == "100%"
    no_sideways_scroll(page)

    # Turn for the eye, and deepen what is pale; both are still there when the person comes back.
    page.press("r")
    wide, tall = page.evaluate(
        "[document.getElementById('room').offsetWidth, document.getElementById('room').offsetHeight]"
    )
    assert tall < wide
    page.press("c")
    assert "contrast" in page.evaluate(
        "getComputedStyle(document.querySelector('#frame img')).filter"
    )
    page.reload()
    shown(page)
    assert page.count(".viewer.is-pale") == 1
    assert "rotate(90deg)" in page.evaluate("document.getElementById('frame').style.transform")
    if isinstance(page, PlaywrightPage):
        assert paper(page) == [A4_POINTS]
        assert page.count("#print-pages .turn-90") == 1
    for _ in range(3):
        page.click("[data-do=rotate]")
    page.click("[data-do=contrast]")
    assert page.count(".viewer.is-pale") == 0

    # The line breaks before the last page was fetched, and is there again.
    page.offline(True)
    page.click(f"[data-go='{pages}']")
    lost = "document.getElementById('line-lost').hidden"
    wait(lambda: page.evaluate(lost) is False, "a word that the line is lost")
    page.offline(False)
    page.click("[data-do=again]")
    wait_page(page, pages)
    assert page.evaluate(lost) is True
    page.press("Home")
    wait_page(page, 1)

    # From page to page; the help; the thumbnails and back.
    page.press("ArrowRight")
    wait_page(page, 2)
    page.press("End")
    wait_page(page, pages)
    page.press("ArrowRight")  # there is no further one
    wait_page(page, pages)
    page.press("Home")
    wait_page(page, 1)
    page.click(f"[data-go='{3}']")
    wait_page(page, 3)
    page.press("?")
    assert "适合宽度" in page.text("#help")
    page.press("Escape")
    assert page.evaluate("document.getElementById('help').hidden") is True
    page.press("t")
    wait(lambda: page.count(".contact-sheet") == 1, "the thumbnails")
    assert page.count(".page-thumb") == pages
    assert "第 3 页" in page.text(".page-thumb[aria-current]")
    page.press("Escape")
    wait_page(page, 3)

    # All pages on paper, each on a sheet of its own.
    page.evaluate("window.print = function () { window.asked = true; }")
    page.click("[data-do=printAll]")
    wait(lambda: bool(page.evaluate("window.asked")), "the printer")
    assert page.count("#print-pages img") == pages
    if isinstance(page, PlaywrightPage):
        assert paper(page) == [A4_POINTS] * pages


def test_a_form_is_read_with_a_finger(people_at_both_ends: People) -> None:
    page = people_at_both_ends.page()
    page.viewport(360, 740)
    people_at_both_ends.sign_in("tuanyuan", page=page)
    page.click(".view-form")
    wait_text(page, "h1", "的入团志愿书")
    shown(page)
    no_sideways_scroll(page)
    swipe(page, -120)
    wait_page(page, 2)
    swipe(page, -120, 90)  # more of a scroll than a swipe
    swipe(page, -20)
    swipe(page, 120)
    wait_page(page, 1)
    swipe(page, 120)  # there is none before it
    pinch(page, 2.0)
    wait(lambda: of_sheet(page, "scrollWidth") > 600, "the page enlarged")
    swipe(page, -120)  # moves over the enlarged page and does not turn it
    no_sideways_scroll(page)
    assert page.text("#page-now") == "1"
    page.picture(f"viewer-enlarged-phone-{page.engine}")
    page.click("#next")
    wait_page(page, 2)
