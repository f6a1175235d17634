"""检查 in the browser: a round by keyboard alone, left and taken up, and what a branch sees of it."""

from __future__ import annotations

from tests.browser.conftest import People
from tests.browser.drivers import Driver, PlaywrightPage, wait, wait_text

FORM = "#check-form"


def place(page: Driver) -> int:
    return int(page.url().split("/forms/")[1].split("?")[0])


def is_drawn(page: Driver) -> bool:
    return bool(
        page.evaluate(
            "(function () { var image = document.querySelector('#check-page img');"
            " return Boolean(image && image.complete && image.naturalWidth); }())"
        )
    )


def press(page: Driver, *keys: str) -> None:
    """Press keys of which the last one leads to another page, and wait for that."""
    before = page.url()
    for key in keys:
        page.press(key)
    wait(lambda: page.url() != before and page.count(FORM) == 1, f"another form after {keys}")
    wait(lambda: is_drawn(page), "its first page")


def axe_finds_nothing(page: Driver) -> None:
    from axe_core_python.sync_playwright import Axe

    if isinstance(page, PlaywrightPage):
        found = Axe().run(page.page)["violations"]
        assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []


def test_a_round_is_checked_by_keyboard_left_and_taken_up(people: People) -> None:
    page = people.sign_in("quwei2")
    page.viewport(1366, 768)
    page.goto("/checks/new")
    axe_finds_nothing(page)
    page.click("[value=some_of_each]")
    page.fill("[name=some_of_each-amount]", "1")
    page.click("form.panel button[type=submit]")
    wait(lambda: page.count(FORM) == 1, "the first form")
    assert place(page) == 1
    assert page.text(".check-progress").split()[0] == "0"
    wait(lambda: is_drawn(page), "its first page")
    axe_finds_nothing(page)

    ahead = page.evaluate("document.getElementById('check').getAttribute('data-ahead')")
    fetched = (
        "performance.getEntriesByType('resource')"
        f".some(function (one) {{ return one.name.indexOf('{ahead}') >= 0; }})"
    )
    wait(lambda: bool(page.evaluate(fetched)), "the next form's first page, fetched ahead")
    press(page, "1")
    assert place(page) == 2
    assert page.evaluate("document.querySelector('#check-page img').src").endswith(ahead)

    page.press("PageDown")
    wait(lambda: is_drawn(page), "the second page")
    page.press("5")
    assert page.evaluate("document.querySelector('[name=blurred-pages]').value") == "2"
    page.press("2")
    page.picture(f"check-{page.engine}")
    press(page, "Enter")
    assert place(page) == 3
    press(page, "u")
    assert place(page) == 2
    for key in "25":  # what was undone is offered again
        page.press(key)
    page.press("Enter")
    wait_text(page, ".message-wrong", "还没有选择问题")
    page.press("7")
    press(page, "Enter")
    press(page, "ArrowRight")
    assert place(page) == 4
    press(page, "ArrowLeft")
    assert place(page) == 3

    page.goto("/checks/")
    axe_finds_nothing(page)
    page.click("tbody tr:first-child .col-edit a")
    wait(lambda: page.count(FORM) == 1, "the round taken up")
    assert place(page) == 3
    total = int(page.text(".check-progress").split()[2])
    assert page.text(".check-progress").split()[0] == "2"
    for _ in range(total - 3):
        press(page, "1")
    page.press("1")
    wait_text(page, "#messages", "已全部检查完")
    assert page.text(".facts-inline").split()[1:4] == [str(total), "/", str(total)]
    wait_text(page, ".round-kinds", "未盖公章 1 份")
    axe_finds_nothing(page)
    page.picture(f"check-round-{page.engine}")
    page.viewport(360, 740)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
