"""A story each for the three people, from sign-in to the result, as they would live it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest

from portal.demo.paper import Paper, pad_to
from tests.browser.conftest import People, Portal
from tests.browser.drivers import Driver, PlaywrightPage, tab_to, wait, wait_gone, wait_text
from tests.scans import good_scan, png

MIB = 1024 * 1024


@pytest.fixture(scope="session")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scanned form of 14 MB."""
    path = tmp_path_factory.mktemp("files") / "入团志愿书.pdf"
    path.write_bytes(pad_to(Paper(3).form("202611000001", "测试", "测试团支部"), 14 * MIB))
    return path


@pytest.fixture(scope="session")
def other_scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "重扫.pdf"
    path.write_bytes(Paper(4).form("202611000001", "测试", "测试团支部", 6))
    return path


def first_missing(page: Driver) -> str:
    """Open the list of missing forms; the cell of the first member in it."""
    page.goto("/members/?filter=missing")
    found = page.evaluate("document.querySelector('.scan-cell').id")
    return f"#{found}"


def no_sideways_scroll(page: Driver) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def shown(page: Driver) -> None:
    """Wait until the page's picture is there."""
    ready = "document.querySelector('#frame img').naturalWidth > 0"
    wait(lambda: bool(page.evaluate(ready)), "the picture")


def test_a_branch_admin_uploads_sees_replaces_deletes_and_takes_back(
    people_everywhere: People, scan: Path, other_scan: Path, tmp_path: Path
) -> None:
    page = people_everywhere.sign_in("zhibu1")
    page.picture(f"list-{page.engine}")
    no_sideways_scroll(page)
    cell = first_missing(page)
    remark = cell.replace("scan-", "remark-")
    assert "未上传入团志愿书" in page.text(remark)

    wrong = tmp_path / "照片.pdf"
    wrong.write_bytes(png())
    page.choose_file(f"{cell} input[type=file]", wrong)
    wait_text(page, cell, "这个文件不是 PDF")

    page.choose_file(f"{cell} input[type=file]", scan)
    wait_text(page, cell, "点击查看")
    assert "8 页 · 14.0M" in page.text(cell)
    assert "未上传入团志愿书" not in page.text(remark)
    page.picture(f"uploaded-{page.engine}")

    page.choose_file(f"{cell} input[type=file]", other_scan)
    wait_text(page, cell, "已重新上传")
    assert "6 页" in page.text(cell)

    page.click(f"{cell} .delete")
    wait_text(page, cell, "30 天内可以撤销")
    page.click(f"{cell} .button-danger")
    wait_text(page, cell, "已删除")
    wait_text(page, remark, "未上传入团志愿书")
    page.click(f"{cell} .undo button")
    wait_text(page, cell, "已撤销删除")

    page.click(f"{cell} .view")
    wait_text(page, "h1", "的入团志愿书")
    shown(page)
    page.picture(f"viewer-{page.engine}")
    page.press("ArrowRight")
    wait_text(page, "#page-now", "2")
    page.press("End")
    wait_text(page, "#page-now", "6")
    no_sideways_scroll(page)


def test_a_list_is_sorted_filtered_and_paged_without_a_mouse(people: People) -> None:
    """What was pressed keeps the focus; another page begins at its beginning."""
    page = people.sign_in("zhibu1")
    focused = "document.activeElement.id"
    for what in ("filter-new", "sort-number"):
        tab_to(page, f"#{what}")
        page.press("Enter")
        wait(lambda what=what: what.split("-")[1] in page.url(), what)
        wait(lambda what=what: page.evaluate(focused) == what, f"the focus back on {what}")
    page.goto("/members/")
    page.evaluate("document.querySelector('.pager a[rel=next]').focus()")
    page.press("Enter")
    wait(lambda: "after=" in page.url(), "the next page")
    wait(lambda: page.evaluate(focused) == "member-list", "the focus on the new page")
    top = "document.getElementById('member-list').getBoundingClientRect().top"
    assert 0 <= page.evaluate(top) < 300


def test_a_committee_looks_down_to_the_form(people: People) -> None:
    page = people.sign_in("quwei1")
    no_sideways_scroll(page)
    page.picture(f"tree-{page.engine}")
    page.click(".twisty")
    wait(lambda: page.count("tr.level-2") > 0, "the opened level")
    assert (
        page.evaluate("document.querySelector('.twisty').getAttribute('aria-expanded')") == "true"
    )
    page.click(".twisty")
    wait_gone(page, "tr.level-2")
    page.fill("#q", "第一中学高一(1)")
    wait_text(page, "#tree", "东城区第一中学高一(1)班团支部")
    page.click(".results a")
    wait_text(page, "h1", "东城区第一中学高一(1)班团支部")
    assert page.count("input[type=file]") == 0
    page.click(".filters a:nth-child(2)")
    wait(lambda: "filter=new" in page.url(), "the address holds the filter")
    wait_text(page, ".filters [aria-current]", "新发展")
    page.evaluate(
        "document.querySelector('.view').closest('tr').querySelector('.col-name a').click()"
    )
    wait_text(page, "h1", "团员信息")
    page.picture(f"profile-{page.engine}")
    shown_first = re.search(r"\b(99\d\d)●●●●●●\d[\dX]", page.text(".facts"))
    assert shown_first
    page.click(".masked button")
    wait_text(page, ".unmasked", shown_first[1])
    page.click(".view")
    wait_text(page, "h1", "的入团志愿书")


def test_a_member_sees_their_card_and_form_on_the_phone(people: People) -> None:
    page = people.page()
    page.viewport(360, 740)
    people.sign_in("tuanyuan", page=page)
    wait_text(page, ".card", "中国共产主义青年团团员证")
    no_sideways_scroll(page)
    small = page.evaluate(
        "[].filter.call(document.querySelectorAll('main a, main button'), function (e) {"
        " var b = e.getBoundingClientRect(); return b.height && b.height < 44; }).length"
    )
    assert small == 0
    assert page.count("input[type=file]") == 0
    page.click(".view-form")
    wait_text(page, "h1", "的入团志愿书")
    no_sideways_scroll(page)
    shown(page)
    page.picture(f"viewer-phone-{page.engine}")
    page.click("#next")
    wait_text(page, "#page-now", "2")


def test_a_branch_admin_edits_a_member(people: People) -> None:
    page = people.sign_in("zhibu2")
    page.goto("/members/?filter=new")
    page.click(".col-edit a")
    wait_text(page, "h1", "修改")
    page.picture(f"edit-{page.engine}", whole=True)
    no_sideways_scroll(page)
    assert "如需修改，请联系 东城区团区委 解除编号占用" in page.text("main")
    page.fill("#email", "not an address")
    page.click(".actions .button-primary")
    wait_text(page, ".field-error", "邮箱地址不完整")
    page.fill("#email", "a@example.com")
    page.select("#ethnicity", "回族")
    page.click(".actions .button-primary")
    wait_text(page, "#messages", "已保存")


def test_a_number_typed_where_there_is_none(people: People) -> None:
    page = people.sign_in("zhibu1")
    page.goto("/members/?filter=irregular")
    links = page.evaluate(
        "[].map.call(document.querySelectorAll('.col-edit a'), function (a) { return a.pathname; })"
    )
    for link in links:
        page.goto(link)
        if page.count("input#number"):
            break
    assert page.count("input#number")
    year = page.evaluate("document.getElementById('joined').value.slice(0, 4)")
    page.fill("input#number", f"{year} 11")
    wait_text(page, "#number-check", "还差 6 位")
    page.fill("input#number", f"{year} 1109 8765")
    wait_text(page, "#number-check", "可以使用")
    wait_text(page, "#number-check", "选择文件…")
    faded = "getComputedStyle(document.querySelector('.number-upload .scan-cell')).opacity === '1'"
    wait(lambda: bool(page.evaluate(faded)), "the upload faded in")
    page.picture(f"number-{page.engine}", whole=True)


def test_search_filters_and_back(people: People) -> None:
    page = people.sign_in("zhibu1")
    whole = page.count("tbody tr")
    assert whole == 50
    page.fill("#q", "zhang")
    wait(lambda: 0 < page.count("tbody tr") < whole, "fewer rows")
    assert "q=zhang" in page.url()
    page.click(".filters a:nth-child(2)")
    wait(lambda: "filter=new" in page.url(), "the filter in the address")
    page.back()
    wait(lambda: "filter=new" not in page.url(), "the address before")
    wait_text(page, ".filters [aria-current]", "全部")
    page.goto("/members/")
    page.click(".pager [rel=next]")
    wait(lambda: "after=" in page.url(), "the next page")
    wait(lambda: page.count(".pager [rel=prev]") > 0, "a way back")


def test_a_lost_line_is_said_and_tried_again(people: People, scan: Path) -> None:
    page = people.sign_in("zhibu1")
    cell = first_missing(page)
    page.offline(True)
    page.choose_file(f"{cell} input[type=file]", scan)
    wait_text(page, cell, "上传中断，文件没有保存，原来的没有变动。")
    page.picture(f"line-lost-{page.engine}")
    page.offline(False)
    page.click(f"{cell} .cell-error button")
    wait_text(page, cell, "点击查看")
    # Tidy up for the next engine.
    page.click(f"{cell} .delete")
    wait_text(page, cell, "30 天内可以撤销")
    page.click(f"{cell} .button-danger")
    wait_text(page, cell, "已删除")


def test_a_slow_upload_shows_its_progress_and_can_be_cancelled(
    people_today: People, scan: Path
) -> None:
    page = people_today.sign_in("zhibu1")
    assert isinstance(page, PlaywrightPage)
    cell = first_missing(page)
    network = page.page.context.new_cdp_session(page.page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": 3 * MIB}
    network.send("Network.emulateNetworkConditions", slow)
    page.choose_file(f"{cell} input[type=file]", scan)
    wait_text(page, f"{cell} .sending-words", "/ 14.0M")
    wait_text(page, f"{cell} .sending-words", "M/s")
    page.picture("sending")
    page.choose_file(f"{cell} input[type=file]", scan)  # a second choice while it goes: ignored
    page.click(f"{cell} .sending button")
    wait_text(page, cell, "已取消，没有上传。")
    assert "点击查看" not in page.text(cell)
    page.reload()
    assert "点击查看" not in page.text(cell)


DROP = """
(function () {
  var picked = %s, cell = document.querySelector('.scan-cell'), data = new DataTransfer();
  for (var i = 0; i < picked.length; i++) {
    data.items.add(new File([Uint8Array.from(atob(picked[i]), function (c) { return c.charCodeAt(0); })], 'a.pdf'));
  }
  cell.dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: data}));
}())
"""


def test_a_file_dropped_on_the_cell_is_uploaded_once(people: People) -> None:
    content = base64.b64encode(good_scan(4, "202611000077")).decode()
    page = people.sign_in("zhibu1")
    cell = first_missing(page)
    page.evaluate(DROP % json.dumps([content, content]))
    wait_text(page, cell, "一次只能放 1 个文件")
    page.evaluate(
        "window.sent = 0; document.addEventListener('htmx:beforeRequest', function () { window.sent += 1; })"
    )
    page.evaluate(DROP % json.dumps([content]))
    page.evaluate(DROP % json.dumps([content]))
    wait_text(page, cell, "4 页")
    assert page.evaluate("window.sent") == 1
    assert page.url() == "/members/?filter=missing"  # a cell's answer is no page of its own
    page.click(f"{cell} .delete")
    wait_text(page, cell, "30 天内可以撤销")
    page.click(f"{cell} .button-danger")
    wait_text(page, cell, "已删除")


def test_an_expired_session_leaves_the_page_and_says_what_to_do(people_today: People) -> None:
    page = people_today.sign_in("zhibu1")
    cell = first_missing(page)
    assert isinstance(page, PlaywrightPage)
    page.page.context.clear_cookies()
    page.click(".filters a:nth-child(1)")
    wait_text(page, "#messages", "登录已过期")
    assert page.count(cell) == 1
    assert page.count("#login") == 0
    page.picture("expired")


@pytest.mark.parametrize("story", ["branch", "committee", "member"])
def test_each_story_without_javascript(people_today: People, other_scan: Path, story: str) -> None:
    if story == "branch":
        page = people_today.sign_in("zhibu2", javascript=False)
        page.goto("/members/?filter=missing")
        assert isinstance(page, PlaywrightPage)
        found = page.page.locator(".scan-cell").first.get_attribute("id")
        cell = f"#{found}"
        page.choose_file(f"{cell} input[type=file]", other_scan)
        page.click(f"{cell} .upload button")
        assert "已上传。" in page.text("#messages")
        member = str(found).removeprefix("scan-")
        page.goto(f"/members/{member}/edit")
        page.click(f"{cell} .view")
        page.click("#next")
        assert "第 2 / 6 页" in page.text(".viewer-count")
        page.goto(f"/members/{member}/edit")
        page.click(f"{cell} .delete")
        page.click(".button-danger")
        page.click(".undo button")
        assert "已撤销删除" in page.text("#messages")
        page.goto("/members/")
        page.fill("#q", "wang")
        page.click(".search button")
        assert "q=wang" in page.url()
    elif story == "committee":
        page = people_today.sign_in("quwei1", javascript=False)
        page.click("tr.level-1 a")
        page.fill("#q", "第一中学高一(1)")
        page.click(".search button")
        page.click(".results a")
        page.click("tbody .col-name a")
        assert "●" in page.text(".facts")
        page.click(".masked button")
        assert "团员信息" in page.text("h1")
    else:
        page = people_today.sign_in("tuanyuan", javascript=False)
        page.goto("/card/information")
        page.click(".masked button")
        assert "我的信息" in page.text("main")
        page.goto("/card")
        page.click(".view-form")
        assert "的入团志愿书" in page.text("h1")


PAGES = {
    "zhibu1": (
        "/home",
        "/messages/",
        "/members/",
        "/members/?filter=missing",
        "/members/?q=没有的人",
        "/nothing",
        "{view}",
        "{thumbnails}",
        "{findings}",
        "{edit}",
        "{show}",
        "{arrange}",
    ),
    "quwei1": (
        "/home",
        "/progress/?sort=overdue",
        "/progress/?day=2026-02-30",
        "/progress/2/members?count=overdue",
        "/progress/2/urge",
        "/messages/",
        "/organisations/",
        "/organisations/?q=高一",
        "{show}",
        "/record/",
        "/record/export",
    ),
    "tuanyuan": ("/card", "/card/views", "/messages/"),
    "kong": ("/home", "/members/", "/messages/"),
}


@pytest.mark.parametrize("login", PAGES)
@pytest.mark.usefixtures("further_people")
def test_axe_finds_nothing(people_today: People, portal: Portal, login: str) -> None:
    """And nothing scrolls sideways on a phone."""
    from axe_core_python.sync_playwright import Axe

    page = people_today.page()
    assert isinstance(page, PlaywrightPage)
    if login == "tuanyuan":
        page.viewport(360, 740)
    page.goto("/sign-in")
    found = [Axe().run(page.page)]
    people_today.sign_in(login, page=page)
    member = page.evaluate(
        "(document.querySelector('.view') || {pathname: '/members/1/scan'}).pathname.split('/')[2]"
    )
    addresses = {
        "{view}": f"/members/{member}/scan",
        "{thumbnails}": f"/members/{member}/scan/contact-sheet",
        "{findings}": f"/members/{member}/scan/findings",
        "{edit}": f"/members/{member}/edit",
        "{show}": f"/members/{member}",
        "{arrange}": f"/members/{member}/scan/arrange?pages=1.2x.3r1.4.5.6.7.8",
    }
    for path in PAGES[login]:
        page.viewport(360 if login == "tuanyuan" else 1366, 740)
        page.goto(addresses.get(path, path))
        found.append(Axe().run(page.page))
        page.viewport(360, 740)
        no_sideways_scroll(page)
    broken = [
        (result["url"], one["id"], [node["html"][:200] for node in one["nodes"]][:3])
        for result in found
        for one in result["violations"]
    ]
    assert broken == []
