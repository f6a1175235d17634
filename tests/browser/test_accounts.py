"""The people behind the accounts: added, set up with a code, changed, handed over."""

from __future__ import annotations

import pytest

from tests.browser.conftest import People
from tests.browser.drivers import Driver, PlaywrightPage, wait_text

FIRST, SECOND = "hongqi-42-mantou-gou", "kuaizi 7 yusan 9 shitou"


def no_sideways_scroll(page: Driver) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def use_code(page: Driver, login: str, code: str, password: str) -> None:
    """设置密码 from the sign-in page, on the phone."""
    page.viewport(360, 740)
    page.goto("/")
    if page.count("#login") == 0:  # an old engine has one jar of cookies for all pages
        page.click(".who button")
    page.click("a[href='/password/code']")
    wait_text(page, "h1", "设置密码")
    no_sideways_scroll(page)
    page.fill("#login", login)
    page.fill("#code", code.lower())
    page.fill("#password", "woaini1314")
    wait_text(page, "#password-strength", "很弱")
    page.fill("#password", password)
    wait_text(page, "#password-strength", "可以使用")
    page.fill("#again", password)
    page.click("main button[type=submit]")
    wait_text(page, "#messages", "密码已设置")
    page.viewport(1366, 768)


def enter(page: Driver, login: str, password: str) -> None:
    page.goto("/")
    if page.count("#login") == 0:
        page.click(".who button")
    page.fill("#login", login)
    page.fill("#password", password)
    page.click(".sign-in button[type=submit]")


def test_an_account_from_its_making_to_its_handing_over(people: People) -> None:
    login = f"story-{people.engine}"
    page = people.sign_in("quwei1")
    page.fill("#q", "第一中学高一(2)")
    wait_text(page, "#tree", "高一(2)班团支部")
    page.click(".results a")
    page.click("a.beside")
    wait_text(page, "h1", "账号管理")
    no_sideways_scroll(page)
    page.click(".page-head .button-primary")
    page.fill("#person_name", "王接班")
    page.fill("#new_login", login)
    page.click("main button[type=submit]")
    wait_text(page, "h1", "一次性码")
    page.picture(f"slip-{page.engine}")
    no_sideways_scroll(page)
    use_code(page, login, page.text(".slip-code").strip(), FIRST)

    enter(page, login, FIRST)
    wait_text(page, "h1", "首页")
    page.goto("/my/password")
    page.fill("#old_password", FIRST)
    page.fill("#password", SECOND)
    page.fill("#again", SECOND)
    page.click("main button[type=submit]")
    wait_text(page, "#messages", "密码已修改")
    page.goto("/accounts/")
    wait_text(page, "main", "王接班")

    page.evaluate(
        "document.querySelector('th .tag-good').closest('tr').querySelector('.col-edit a').click()"
    )
    wait_text(page, "h1", f"账号 {login}")
    page.picture(f"account-{page.engine}")
    page.click("a[href$='/hand-over']")
    wait_text(page, "h1", "换届交接")
    page.fill("#person_name", "李接任")
    page.fill("#new_login", f"{login}-next")
    page.click("main .actions button[type=submit]")
    wait_text(page, "main", "王接班 的账号已停用")
    code = page.text(".slip-code").strip()
    page.goto("/members/")
    wait_text(page, "h1", "登录")
    use_code(page, f"{login}-next", code, FIRST)
    enter(page, f"{login}-next", FIRST)
    wait_text(page, ".who", "李接任")


def test_a_device_left_signed_in_is_taken_offline(people_today: People) -> None:
    here, elsewhere = people_today.sign_in("zhibu2"), people_today.sign_in("zhibu2")
    here.goto("/my/sign-ins")
    no_sideways_scroll(here)
    wait_text(here, "main", "这一个")
    here.picture(f"devices-{here.engine}")
    here.click(".page-head button")
    wait_text(here, "#messages", "其他设备已全部下线")
    elsewhere.goto("/members/")
    wait_text(elsewhere, "h1", "登录")


def test_a_branch_resets_a_members_password_and_the_pages_fit_the_phone(
    people_today: People,
) -> None:
    page = people_today.sign_in("zhibu1")
    page.goto("/members/?filter=new")
    page.click("tbody .col-name a")
    wait_text(page, "h1", "团员信息")
    page.click(".head-actions button")
    wait_text(page, "h1", "一次性码")
    login, code = page.text(".slip-text").strip(), page.text(".slip-code").strip()
    use_code(page, login, code, SECOND)
    page.viewport(360, 740)
    enter(page, login, SECOND)
    wait_text(page, ".card", "中国共产主义青年团团员证")
    for path in ("/my/profile", "/my/password", "/my/contact", "/my/sign-ins"):
        page.goto(path)
        no_sideways_scroll(page)
        small = page.evaluate(
            "[].filter.call(document.querySelectorAll('main button, main nav a'), function (e) {"
            " var b = e.getBoundingClientRect(); return b.height && b.height < 44; }).length"
        )
        assert small == 0, path


def test_without_javascript_a_password_is_set_and_changed(people_today: People) -> None:
    page = people_today.sign_in("tuanwei", javascript=False)
    page.goto("/my/password")
    page.fill("#old_password", "wrong")
    page.fill("#password", FIRST)
    page.fill("#again", FIRST)
    page.click("main button[type=submit]")
    wait_text(page, ".field-error", "现在的密码不对")


PAGES = {
    "tuanwei": (
        "/my/profile",
        "/my/password",
        "/my/sign-ins",
        "/accounts/",
        "/organisations/{id}/accounts/new",
        "/accounts/{id}",
        "/accounts/{id}/hand-over",
    ),
    "tuanyuan": ("/my/profile", "/my/password", "/my/contact", "/my/sign-ins", "/password/code"),
}


@pytest.mark.parametrize("login", PAGES)
def test_axe_finds_nothing(people_today: People, login: str) -> None:
    from axe_core_python.sync_playwright import Axe

    page = people_today.sign_in(login)
    assert isinstance(page, PlaywrightPage)
    link = "(document.querySelector('.col-edit a') || {pathname: ''}).pathname.split('/').pop()"
    page.goto("/accounts/")
    account = page.evaluate(link)
    page.goto("/organisations/")
    organisation = page.evaluate(
        "(document.querySelector('.beside') || {pathname: '//'}).pathname.split('/')[2]"
    )
    found = []
    for path in PAGES[login]:
        page.goto(path.format(id=account if path.startswith("/accounts") else organisation))
        found.append(Axe().run(page.page))
        no_sideways_scroll(page)
    broken = [
        (result["url"], one["id"], [node["html"][:200] for node in one["nodes"]][:3])
        for result in found
        for one in result["violations"]
    ]
    assert broken == []
