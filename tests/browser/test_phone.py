"""The member's own pages on the phone: one hand, bright light, large text, no network."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from portal.rules.id_number import check_digit
from tests.browser.conftest import People, Portal
from tests.browser.drivers import Driver, PlaywrightPage, PyppeteerPage, wait, wait_text
from tests.browser.test_checks import axe_finds_nothing
from tests.browser.test_stories import no_sideways_scroll

OWN_PAGES = (
    "/card",
    "/card/information",
    "/card/views",
    "/card/information/ethnicity",
    "/card/data",
    "/offline",
)

SMALL = """[].filter.call(document.querySelectorAll('main a, main button, main input, main select'),
  function (e) { var b = e.getBoundingClientRect();
    return b.height && b.height < 44 && e.type !== 'hidden' && !e.closest('.breadcrumb'); })
  .map(function (e) { return e.outerHTML.slice(0, 120); })"""

LARGE_TEXT = """(function () {
  var all = [].slice.call(document.querySelectorAll('body, body *'));
  var sizes = all.map(function (e) { return parseFloat(getComputedStyle(e).fontSize); });
  all.forEach(function (e, at) { e.style.fontSize = 2 * sizes[at] + 'px'; e.style.lineHeight = '1.4'; });
})()"""

STRONG: Any = json.dumps({"rules": {"color-contrast-enhanced": {"enabled": True}}})
"""For axe: contrasts of 7:1, as for reading in the sun."""

KEPT = """caches.keys().then(function (names) {
  return Promise.all(names.map(function (name) {
    return caches.open(name).then(function (cache) { return cache.keys(); });
  })).then(function (found) {
    return JSON.stringify([names, [].concat.apply([], found).map(function (r) {
      return new URL(r.url).pathname; })]);
  });
})"""


def test_the_card_in_one_hand(people_everywhere: People) -> None:
    page = people_everywhere.page()
    page.viewport(360, 640)
    people_everywhere.sign_in("tuanyuan", page=page)
    wait_text(page, ".card", "中国共产主义青年团团员证")
    wait_text(page, ".card-state", "已认证")
    top = "document.querySelector('.identity-link a').getBoundingClientRect()"
    assert page.evaluate(f"{top}.top") > 320  # what is shown most often lies where the thumb is
    assert page.evaluate(f"{top}.bottom") <= 640
    page.picture(f"card-360-{page.engine}")
    for path in OWN_PAGES[:-1]:
        page.goto(path)
        no_sideways_scroll(page)
        assert page.evaluate(SMALL) == []
    page.viewport(412, 915)
    page.goto("/card")
    page.picture(f"card-412-{page.engine}", whole=True)
    page.goto("/card/information")
    page.picture(f"card-information-{page.engine}", whole=True)


def test_text_of_twice_the_size_scrolls_in_one_direction(people_at_both_ends: People) -> None:
    page = people_at_both_ends.page()
    page.viewport(360, 640)
    people_at_both_ends.sign_in("tuanyuan", page=page)
    for path in OWN_PAGES:
        page.goto(path)
        page.evaluate(LARGE_TEXT)
        no_sideways_scroll(page)


def test_axe_finds_nothing_and_the_contrast_is_the_higher_one(people_today: People) -> None:
    from axe_core_python.sync_playwright import Axe

    page = people_today.page()
    assert isinstance(page, PlaywrightPage)
    page.viewport(360, 640)
    people_today.sign_in("tuanyuan", page=page)
    found = []
    for path in OWN_PAGES:
        page.goto(path)
        found.append(Axe().run(page.page, options=STRONG))
    broken = [
        (result["url"], one["id"], [node["html"][:200] for node in one["nodes"]][:3])
        for result in found
        for one in result["violations"]
    ]
    assert broken == []


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (Linux; Android 8.1.0; X) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/69.0.3497.100 Mobile Safari/537.36 MicroMessenger/7.0.18 WeChat/arm64",
        "Mozilla/5.0 (Linux; U; Android 9; zh-cn) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Version/4.0 Chrome/69.0.3497.100 MQQBrowser/11.0 Mobile Safari/537.36 QQ/8.4.5",
        "Mozilla/5.0 (Linux; U; Android 9; zh-CN) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Version/4.0 Chrome/69.0.3497.100 UWS/3.21 Mobile Safari/537.36 AliApp(DingTalk/5.1.5)",
    ],
)
def test_in_the_built_in_browser_of_a_messenger(
    portal: Portal, browsers: object, agent: str
) -> None:
    people = People(portal, browsers, "chromium69")  # type: ignore[arg-type]
    page = people.page()
    assert isinstance(page, PyppeteerPage)
    page._run(page.page.setUserAgent(agent))
    # A WebView that has no service worker at all.
    page._run(
        page.page.evaluateOnNewDocument("() => { delete Navigator.prototype.serviceWorker; }")
    )
    page.viewport(360, 640)
    people.sign_in("tuanyuan", page=page)
    wait_text(page, ".card-state", "已认证")
    assert page.evaluate("'serviceWorker' in navigator") is False
    no_sideways_scroll(page)
    page.goto("/my/sign-ins")
    name = {"MicroMessenger": "微信", "DingTalk": "钉钉", "MQQBrowser": "QQ 浏览器"}
    wait_text(page, "main", next(word for sign, word in name.items() if sign in agent))
    people.close()


def test_the_card_without_javascript(people_today: People) -> None:
    page = people_today.sign_in("tuanyuan", javascript=False)
    page.viewport(360, 640)
    page.goto("/card/information")
    page.click(".masked button")
    wait_text(page, "h1", "我的信息")
    assert len(page.text(".own-facts div:nth-child(2) .own-value")) == 18
    page.goto("/card")
    page.click("main form button")
    wait_text(page, "h1", "登录")


@contextmanager
def line_to(portal: Portal) -> Iterator[tuple[str, threading.Event]]:
    """An address of the portal's by a line that can be cut: set the event."""
    cut = threading.Event()
    door = socket.create_server(("127.0.0.1", 0))
    server = ("127.0.0.1", urlsplit(portal.base).port)

    def carry(one: socket.socket, other: socket.socket) -> None:
        try:
            while (content := one.recv(65536)) and not cut.is_set():
                other.sendall(content)
        except OSError:
            pass
        finally:
            for end in (one, other):
                end.close()

    def serve() -> None:
        while True:
            try:
                phone, _ = door.accept()
            except OSError:
                return
            if cut.is_set():
                phone.close()
                continue
            far = socket.create_connection(server)
            for pair in ((phone, far), (far, phone)):
                threading.Thread(target=carry, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}", cut
    finally:
        door.close()


def kept(page: Driver) -> tuple[list[str], list[str]]:
    """The names of the stores, and the paths of what is in them."""
    names, paths = json.loads(page.evaluate(KEPT))
    return names, paths


@pytest.mark.parametrize("engine", ["chromium156", "chromium86", "chromium69"])
def test_installed_and_without_a_network(portal: Portal, browsers: object, engine: str) -> None:
    """The worker keeps static files, shows a plain page offline, and nothing of the person's."""
    with line_to(portal) as (base, cut):
        people = People(Portal(base, portal.instance), browsers, engine)  # type: ignore[arg-type]
        page = people.page()
        page.viewport(360, 640)
        people.sign_in("tuanyuan", page=page)
        wait_text(page, ".card-state", "已认证")
        ready = "!!(navigator.serviceWorker && navigator.serviceWorker.controller)"
        wait(lambda: bool(page.evaluate(ready)), "the worker")
        wait(lambda: len(kept(page)[1]) == 5, "what it keeps")
        page.goto("/card/information")
        page.goto("/card")
        wait_text(page, ".card", "中国共产主义青年团团员证")
        _, paths = kept(page)
        assert "/offline" in paths
        assert all(path == "/offline" or path.startswith("/static/") for path in paths)
        cut.set()
        name = page.text(".card-name")
        page.goto("/card")
        wait_text(page, "h1", "现在连不上北京共青团")
        assert name not in page.text("body")
        style = "getComputedStyle(document.querySelector('.button-primary')).backgroundColor"
        assert page.evaluate(style) == "rgb(168, 18, 26)"  # its style is kept too
        no_sideways_scroll(page)
        page.picture(f"offline-{engine}")
        cut.clear()
        page.click(".button-primary")  # 再试一次
        wait_text(page, ".card", "中国共产主义青年团团员证")
        page.click("main form button")
        wait_text(page, "h1", "登录")
        _, paths = kept(page)
        assert all(path == "/offline" or path.startswith("/static/") for path in paths)
        people.close()


def test_stores_of_an_older_portal_go(portal: Portal, browsers: object) -> None:
    people = People(portal, browsers, "chromium156")  # type: ignore[arg-type]
    page = people.page()
    page.goto("/offline")  # which registers no worker
    page.evaluate(
        "caches.open('portal-static-old').then(function (c) {"
        " return c.put('/card', new Response('x')); })"
    )
    people.sign_in("tuanyuan", page=page)
    wait(lambda: kept(page)[0] != ["portal-static-old"] and len(kept(page)[0]) == 1, "one store")
    assert "/card" not in kept(page)[1]
    people.close()


def test_a_member_reports_an_error_and_the_branch_takes_it_over(people: People) -> None:
    phone = people.page()
    phone.viewport(360, 640)
    people.sign_in("tuanyuan", page=phone)
    phone.goto("/card/information")
    member = int(phone.text(".own-facts dd").split("ID: ")[1].split(")")[0])
    phone.goto("/card/information/education")
    now = phone.text(".own-facts dd")
    wanted = "硕士研究生" if now != "硕士研究生" else "博士研究生"
    phone.select("#proposed", wanted)
    phone.fill("#remark", "今年毕业")
    phone.picture(f"report-error-{phone.engine}", whole=True)
    phone.click("main .button-primary")
    wait_text(phone, "#messages", "已把“最高学历”的报错送到支部")
    no_sideways_scroll(phone)

    branch = people.sign_in("zhibu1")  # an old engine has one jar of cookies: the phone waits
    branch.goto("/members/?filter=reported")
    wait_text(branch, ".members", "团员报告 1 处信息有误")
    branch.goto(f"/members/{member}/edit")
    wait_text(branch, ".reports", wanted)
    wait_text(branch, ".reports", "今年毕业")
    branch.picture(f"report-answer-{branch.engine}")
    branch.viewport(360, 640)
    no_sideways_scroll(branch)
    branch.click(".report-doing button")
    wait_text(branch, "#messages", "已采纳并保存")
    assert branch.evaluate("document.getElementById('education').value") == wanted

    people.sign_in("tuanyuan", page=phone)
    wait_text(phone, "main", "您报告的“最高学历”已更正")


def test_an_id_number_is_taken_over_beside_the_identity_card(people: People) -> None:
    phone = people.page()
    phone.viewport(360, 640)
    people.sign_in("tuanyuan", page=phone)
    phone.goto("/card/information")
    member = int(phone.text(".own-facts dd").split("ID: ")[1].split(")")[0])
    first = f"99030120080101{sum(map(ord, phone.engine)) % 1000:03d}"  # another one in each engine
    right = first + check_digit(first)
    for field, value in (("name", "欧阳·阿卜杜热合曼江"), ("id_number", right)):
        phone.goto(f"/card/information/{field}")
        phone.fill("#proposed", value)
        phone.fill("#remark", "登记时写错了")
        phone.click("main .button-primary")
        wait_text(phone, "#messages", "送到支部")
    phone.goto("/card/information/id_number")
    wait_text(phone, "main", "支部要看本人的有效身份证件后才能更正")
    no_sideways_scroll(phone)

    branch = people.sign_in("zhibu1")  # an old engine has one jar of cookies: the phone waits
    branch.viewport(1366, 768)
    branch.goto(f"/members/{member}/edit")
    wait_text(branch, ".reports", "请先确认是同一个人填错了两项")
    masked = f"9903●●●●●●{right[-2:]}"
    wait_text(branch, ".reports", masked)
    assert right not in branch.text(".reports")
    axe_finds_nothing(branch)
    branch.picture(f"report-identity-{branch.engine}")
    branch.viewport(360, 640)
    no_sideways_scroll(branch)
    branch.picture(f"report-identity-360-{branch.engine}")
    branch.click(".reports li:nth-child(2) .report-pair > div:last-child .link-button")
    wait_text(branch, ".report-pair .unmasked", right)
    branch.click(".reports li:nth-child(2) .report-take .button")
    wait_text(branch, ".reports", "还没有采纳。请先核对本人的身份证件")
    branch.click(".reports li:nth-child(2) input[name=document]")
    branch.click(".reports li:nth-child(2) .report-take .button")
    wait_text(branch, "#messages", "已采纳并保存")
    branch.fill(".reports input[name=answer]", "身份证上就是现在的姓名")
    branch.click(".report-doing form:last-child .button")
    wait_text(branch, "#messages", "已退回")

    people.sign_in("tuanyuan", page=phone)
    phone.goto("/card/information")
    wait_text(phone, "#reported + .missing", f"更正为 {masked}")
    wait_text(phone, "#reported + .missing", "没有更正：身份证上就是现在的姓名")
    above = people.sign_in("tuanwei")
    above.goto("/messages/")
    wait_text(above, "main", "的身份证已更正，请知悉")
