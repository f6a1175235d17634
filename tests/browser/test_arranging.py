"""A bad scan mended without the paper: seen, turned, put in order, its blank page dropped."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from portal.demo.paper import Paper, bind
from tests.browser.conftest import People, Portal
from tests.browser.drivers import Driver, PlaywrightPage, wait, wait_text
from tests.browser.test_numbers import query
from tests.browser.test_stories import first_missing, no_sideways_scroll

ORDER = """[].map.call(document.querySelectorAll('.sheet-card'), function (card) {
  return card.getAttribute('data-page') + (card.classList.contains('is-dropped') ? 'x' : '');
}).join(' ')"""


def order(page: Driver) -> str:
    return str(page.evaluate(ORDER))


def pictures_are_there(page: Driver) -> None:
    """Wait until each thumbnail is drawn."""
    script = """[].every.call(document.querySelectorAll('main img'), function (image) {
      image.loading = 'eager';
      return image.complete && image.naturalWidth > 0;
    })"""
    wait(lambda: bool(page.evaluate(script)), "the thumbnails")


def turned(picture: bytes, degrees: int) -> bytes:
    output = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).rotate(degrees, expand=True)
    image.save(output, "JPEG", quality=80)
    return output.getvalue()


def bad_scan(number: str, name: str) -> bytes:
    """A form with page 3 upside down, pages 4 and 5 exchanged, and a blank sheet before page 7."""
    paper = Paper(9, dpi=150)
    pages = paper.pictures(number, name, "团支部")
    blank = io.BytesIO()
    Image.new("RGB", Image.open(io.BytesIO(pages[0])).size, (244, 242, 236)).save(blank, "JPEG")
    pages[2] = turned(pages[2], 180)
    pages[3], pages[4] = pages[4], pages[3]
    pages.insert(6, blank.getvalue())
    return bind(pages, 150)


def drag(page: PlaywrightPage, number: int, onto: int) -> None:
    """A page is taken by its picture and let go over another one's."""
    start, end = (
        page.page.locator(f"#page-{one} .sheet-slot").bounding_box() for one in (number, onto)
    )
    assert start
    assert end
    mouse = page.page.mouse
    mouse.move(start["x"] + 60, start["y"] + 60)
    mouse.down()
    mouse.move(end["x"] + 60, end["y"] + 60, steps=8)
    mouse.up()


def test_a_bad_scan_is_seen_and_mended(
    people_today: People, portal: Portal, tmp_path: Path
) -> None:
    page = people_today.sign_in("zhibu1")
    assert isinstance(page, PlaywrightPage)
    cell = first_missing(page)
    member = cell.removeprefix("#scan-")
    ((number, name),) = query(portal, "SELECT number, name FROM member WHERE id = ?", member)
    path = tmp_path / "扫坏了.pdf"
    path.write_bytes(bad_scan(str(number), str(name)))
    page.choose_file(f"{cell} input[type=file]", path)
    wait(lambda: "处提示" in page.text(cell), "what was seen", 60)
    page.picture("seen")

    page.click(f"{cell} a[href$='/findings']")
    assert "有 3 处请您核对" in page.text("#findings")
    assert page.count("#findings .page-mark") == 1  # around the number at the foot of page 4 or 5
    pictures_are_there(page)
    page.picture("findings", whole=True)

    page.click("#findings a[href$='/arrange#page-3']")
    pictures_are_there(page)
    assert page.evaluate("document.activeElement.id") == "page-3"
    page.click("[data-offer][value=straight]")
    drag(page, 5, onto=4)
    assert order(page) == "1 2 3 5 4 6 7 8 9"
    page.page.locator("#page-7").focus()
    page.press("Delete")
    assert order(page) == "1 2 3 5 4 6 7x 8 9"
    assert page.text("#sheet-words") == "删除了 1 页，转动了 1 页，顺序已调整；保存后 8 页"
    page.evaluate("window.scrollTo(0, 0)")
    page.picture("arranged")
    page.viewport(360, 740)
    no_sideways_scroll(page)
    page.viewport(1366, 768)
    page.click("#save button")
    wait_text(page, "#messages", "已生成新版本：8 页，删除了 1 页，转动了 1 页，顺序已调整。")

    page.goto(f"/members/{member}/scan/findings")
    wait(lambda: "没有需要提示的地方" in page.text("#findings"), "a clean look", 60)
    page.goto(f"/members/{member}/edit")
    assert "整理" in page.text(f"{cell} .meta")
    page.goto(f"/members/{member}/scan/arrange")
    page.click(".made-from form button")
    wait_text(page, "#messages", "已恢复上传的原件。")
    assert "9 页" in page.text("main .meta")


def test_pages_are_arranged_by_button_and_key_in_every_engine(people_everywhere: People) -> None:
    page = people_everywhere.sign_in("zhibu1")
    page.goto("/members/?filter=new")
    found = page.evaluate("document.querySelector('.view').getAttribute('href')")
    page.goto(f"{found}/arrange")
    assert order(page) == "1 2 3 4 5 6 7 8"
    page.click("#page-3 [name=do][value=earlier-3]")
    page.click("#page-3 [name=do][value=right-3]")
    page.press("ArrowRight")  # from page 3, which is the second one now, to page 2
    page.press("Delete")
    assert order(page) == "1 3 2x 4 5 6 7 8"
    frame = "document.querySelector('#page-3 .page-frame').getBoundingClientRect()"
    assert page.evaluate(f"{frame}.width > {frame}.height")
    page.press("?")
    assert "前移、后移" in page.text("#help")
    page.press("Escape")
    assert "pages=1.3r1.2x.4.5.6.7.8" in page.url()
    no_sideways_scroll(page)
    page.click("#reset")
    wait_text(page, "#sheet-words", "还没有改动")
    assert page.url().endswith("/arrange")
