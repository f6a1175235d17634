"""团组织管理 and 移出 in the browser, as a committee and a branch live it."""

from __future__ import annotations

import pytest

from tests.browser.conftest import People, Portal
from tests.browser.drivers import Driver, PlaywrightPage, wait_gone, wait_text


def no_sideways_scroll(page: Driver) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def open_action(page: Driver, label: str) -> None:
    """Press one of the organisation's buttons."""
    found = (
        "[].slice.call(document.querySelectorAll('.organisation-actions a'))"
        f".filter(function (a) {{ return a.textContent === '{label}'; }})[0]"
    )
    page.goto(str(page.evaluate(f"{found}.pathname")))


def choose(page: Driver, name: str) -> None:
    """Search for the other organisation and take the first found."""
    page.fill("#q", name)
    page.click(".panel .search button")
    wait_text(page, ".results", name)
    page.click(".results a")


def test_a_committee_adds_renames_moves_merges_and_closes(people: People) -> None:
    page = people.sign_in("quwei1")
    mark = page.engine
    open_action(page, "新增下级")
    page.select("#kind", "grassroots")
    page.fill("#name", f"实验中学团委{mark}")
    page.click("button.button-primary")
    wait_text(page, "#messages", "新增")

    for name in ("初一", "初二"):
        page.fill("#q", f"实验中学团委{mark}")
        wait_text(page, ".results", f"实验中学团委{mark}")
        page.click(".results a")
        wait_text(page, ".tree-top", f"实验中学团委{mark}")
        open_action(page, "新增下级")
        page.select("#kind", "branch")
        page.fill("#name", f"{name}团支部{mark}")
        page.click("button.button-primary")
        wait_text(page, "#messages", "新增")
    page.fill("#name", "") if page.count("#name") else None
    no_sideways_scroll(page)

    page.click("tr.level-1 a")
    wait_text(page, "h1", f"初一团支部{mark}")
    open_action(page, "改名")
    page.fill("#name", f"初三团支部{mark}")
    page.click("button.button-primary")
    wait_text(page, "h1", f"初三团支部{mark}")

    open_action(page, "移动")
    no_sideways_scroll(page)
    page.picture(f"organisation-move-{mark}")
    choose(page, "景山中学团委")
    wait_text(page, ".facts", "东城区团区委 › 东城区景山中学团委")
    page.click("button.button-danger")
    wait_text(page, "#messages", "已移动")
    assert "东城区景山中学团委" in page.text(".breadcrumb")

    open_action(page, "合并")
    choose(page, f"初二团支部{mark}")
    wait_text(page, "main", "转入 0 名团员")
    page.picture(f"organisation-merge-{mark}")
    page.click("button.button-danger")
    wait_text(page, "#messages", "已把")

    open_action(page, "撤销")
    wait_text(page, "main", "撤销后不再出现")
    page.click("button.button-danger")
    wait_text(page, "#messages", "已撤销")
    wait_gone(page, "tr.level-1")
    page.click(".tree-foot a")
    wait_text(page, "tr.level-1", "已撤销")
    page.click("tr.level-1 a")
    page.click(".message button")
    wait_text(page, "#messages", "已恢复")


def test_a_branch_with_members_is_not_closed_and_says_what_to_do(people_today: People) -> None:
    page = people_today.sign_in("quwei1")
    page.fill("#q", "第一中学高一(2)")  # the first one has applications waiting too
    wait_text(page, "#tree", "东城区第一中学高一(2)班团支部")
    page.click(".results a")
    open_action(page, "撤销")
    wait_text(page, ".message-wrong", "名团员，不能撤销")
    assert page.count("button.button-danger") == 0


def test_what_was_typed_before_the_scripts_came_is_searched(people_today: People) -> None:
    page = people_today.sign_in("quwei1")
    assert isinstance(page, PlaywrightPage)
    held = []
    page.page.route("**/htmx.min*", lambda route: held.append(route))
    page.page.goto(people_today.portal.base + "/organisations/", wait_until="commit")
    page.fill("#q", "景山中学高一(2)")
    for route in held:
        route.continue_()
    wait_text(page, ".results", "东城区景山中学高一(2)班团支部")


def test_a_branch_sets_a_member_aside_and_brings_them_back(people: People) -> None:
    page = people.sign_in("zhibu1")
    before = page.text(".filter:first-child b")
    name = page.text("tbody tr:last-child .col-name a")
    page.click("tbody tr:last-child .col-edit a")
    page.click(".aside-link[href$='/leave']")
    wait_text(page, "h1", f"移出 {name}")
    page.picture(f"leave-{page.engine}")
    no_sideways_scroll(page)
    page.click("input[value=mistake]")
    page.click("button.button-danger")
    wait_text(page, ".field-wrong", "录入错误须写明")
    page.fill("#note", "与别的支部重复录入")
    page.click("button.button-danger")
    wait_text(page, "#messages", f"已移出 {name}")
    assert int(page.text(".filter:first-child b")) == int(before) - 1

    page.click(".filter:last-child")
    wait_text(page, ".filters [aria-current]", "已移出")
    page.click("tbody tr .col-edit a")
    wait_text(page, ".message-warning", "说明：与别的支部重复录入")
    page.picture(f"left-{page.engine}")
    page.click(".message-warning button")
    wait_text(page, "#messages", f"已恢复 {name}")
    page.goto("/members/")
    assert page.text(".filter:first-child b") == before


PAGES = {
    "quwei1": (
        "/organisations/?closed=1",
        "/organisations/3",
        "/organisations/3/add",
        "/organisations/3/rename",
        "/organisations/3/move",
        "/organisations/3/merge",
        "/organisations/3/close",
        "/organisations/5",
        "/home",
        "/messages/",
        "/progress/",
        "/progress/2/urge",
        "/progress/?from=x",
        "/progress/2/members?count=overdue",
    ),
    "zhibu1": ("/home", "/members/?filter=left", "{leave}"),
}


@pytest.mark.parametrize("login", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    people_today: People, portal: Portal, login: str
) -> None:
    from axe_core_python.sync_playwright import Axe

    page = people_today.sign_in(login)
    assert isinstance(page, PlaywrightPage)
    leave = "/organisations/"
    if login == "zhibu1":
        leave = page.evaluate("document.querySelector('.col-name a').pathname") + "/leave"
    broken = []
    for path in PAGES[login]:
        page.goto(leave if path == "{leave}" else path)
        for width in (360, 1366):
            page.viewport(width, 768)
            no_sideways_scroll(page)
        broken += [(path, one["id"]) for one in Axe().run(page.page)["violations"]]
    assert broken == []
