"""The guide's first step as three people go it: register, apply, review, upload."""

from __future__ import annotations

import random
import sqlite3
from datetime import date, timedelta
from pathlib import Path

from portal import clock
from portal.demo.paper import Paper
from portal.demo.people import People as InventedPeople
from portal.demo.people import Person
from tests.browser.conftest import People, Portal
from tests.browser.drivers import Driver, PlaywrightPage, wait, wait_text
from tests.browser.test_stories import no_sideways_scroll

PASSWORD = "河边三只慢悠悠的骆驼"
ENGINES = ("chromium156", "chromium86", "other")


def invented(engine: str) -> Person:
    """Somebody new for each engine, so that the stories do not meet."""
    place = ENGINES.index(engine)
    return InventedPeople(random.Random(place), region=f"99{place + 3}301").person(
        clock.today() - timedelta(days=400)
    )


def approval() -> date:
    return clock.today() - timedelta(days=3)


def number_of(engine: str) -> str:
    return f"{approval().year}1108{ENGINES.index(engine)}321"


def enter(page: Driver, login: str, password: str) -> None:
    page.goto("/")
    if page.count("#login") == 0:
        page.click(".who form button")
        page.goto("/")
    page.fill("#login", login)
    page.fill("#password", password)
    page.click(".sign-in button[type=submit]")


def register(page: Driver, person: Person) -> None:
    page.goto("/register")
    no_sideways_scroll(page)
    page.fill("#name", person.name)
    page.fill("#id_number", person.id_number)
    page.fill("#phone", person.phone)
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.evaluate("document.getElementById('consent').click()")


def choose_branch(page: Driver) -> None:
    page.fill("#q", "第一中学 高一(1)")
    wait_text(page, "#branches", "东城区第一中学高一(1)班团支部")
    wait_text(page, "#branches", "共青团北京市委员会 › 东城区团区委 › 东城区第一中学团委")
    page.picture(f"branch-choice-{page.engine}")
    page.click(".branch-choice button")
    wait_text(page, "h1", "填写加入申请")


def fill_in(page: Driver, number: str) -> None:
    page.select("#ethnicity", "汉族")
    page.select("#political_status", "中国共产主义青年团团员")
    page.select("#education", "高中")
    page.evaluate("document.getElementById('is_student-1').click()")
    page.fill("#joined", f"{approval():%Y-%m}")
    page.evaluate(f"document.getElementById('approved_on').value = '{approval().isoformat()}'")
    page.fill("#number", number)
    wait_text(page, "#number-check", "编号符合规则")


def test_a_person_registers_applies_is_returned_corrects_and_is_approved(
    people: People, portal: Portal, tmp_path: Path
) -> None:
    engine = people.engine
    person, number = invented(engine), number_of(engine)
    wrong = number[:-1] + "9"
    page = people.page()
    page.viewport(360, 740)
    register(page, person)
    page.picture(f"register-{engine}", whole=True)
    page.click(".button-primary")
    wait_text(page, "#content", "注册成功。您的账号是 ty1000")
    login = page.text(".message-good .number")
    no_sideways_scroll(page)
    page.click(".button-primary")
    wait_text(page, "h1", "选择团支部")
    no_sideways_scroll(page)
    page.click(".branch-words a")  # down the tree, and back
    wait_text(page, ".breadcrumb", "东城区团区委")
    choose_branch(page)
    no_sideways_scroll(page)
    page.click("[name=send]")
    wait_text(page, ".message-wrong", "还不能提交")
    fill_in(page, wrong)
    page.picture(f"application-{engine}", whole=True)
    page.click("[name=send]")
    wait_text(page, "#messages", "已提交")
    wait_text(page, ".status", "待审核")
    page.picture(f"application-sent-{engine}", whole=True)

    branch = people.page()
    enter(branch, "zhibu1", portal.passwords["zhibu1"])
    branch.goto("/joinings/")
    wait_text(branch, ".joinings", person.name)
    no_sideways_scroll(branch)
    branch.picture(f"queue-{engine}")
    open_of(branch, person.name)
    branch.select("#reason", "编号与纸质《入团志愿书》首页不一致")
    branch.fill("#words", "纸质上最后一位是 1。")
    branch.click("#return button")
    wait_text(branch, "#messages", "已退回")

    page = again(people, page, login)
    wait_text(page, ".quote", "编号与纸质《入团志愿书》首页不一致：纸质上最后一位是 1。")
    page.picture(f"application-returned-{engine}", whole=True)
    page.click(".button-primary")
    page.fill("#number", number)
    wait_text(page, "#number-check", "编号符合规则")
    assert page.evaluate("document.getElementById('number').value") == " ".join(
        (number[:4], number[4:8], number[8:])
    )
    page.click("[name=send]")
    wait_text(page, ".status", "待审核")

    enter(branch, "zhibu1", portal.passwords["zhibu1"])
    branch.goto("/joinings/")
    open_of(branch, person.name)
    wait_text(branch, "main", "退回后更正了 1 处")
    no_sideways_scroll(branch)
    branch.evaluate("document.activeElement && document.activeElement.blur()")
    branch.press("Enter")
    wait_text(branch, ".message-wrong", "逐项打勾")
    branch.evaluate("document.activeElement && document.activeElement.blur()")
    for key in ("1", "2", "3"):
        branch.press(key)
    branch.picture(f"review-{engine}", whole=True)
    branch.press("Enter")
    wait_text(branch, "#messages", "已通过，编号已占用")

    member = row(portal, "SELECT id FROM member WHERE number = ?", number)
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(Paper(5).form(number, person.name, "东城区第一中学高一(1)班团支部", 4))
    branch.goto(f"/members/{member}/edit")
    branch.choose_file(".scan-cell input[type=file]", scan)
    wait_text(branch, ".scan-cell", "点击查看")

    page = again(people, page, person.id_number)  # the ID number names the account too
    wait_text(page, ".card", person.name)
    wait_text(page, "main", "加入申请已通过：王晓梅")
    wait_text(page, "main", "《入团志愿书》已上传")


def test_the_second_of_two_admins_is_told(people_today: People, portal: Portal) -> None:
    one, two = people_today.sign_in("zhibu1"), people_today.sign_in("zhibu1")
    for page in (one, two):
        page.goto("/joinings/")
        page.click(".col-edit a")
        wait_text(page, "h1", "的加入申请")
    one.fill("#words", "请核对姓名。")
    one.click("#return button")
    wait_text(one, "#messages", "已退回")
    two.evaluate(
        "[1, 2, 3].forEach(function (n) { document.querySelectorAll('[data-tick]')[n - 1].click(); })"
    )
    two.click("#approve button")
    wait_text(two, ".message-wrong", "王晓梅 在")
    wait_text(two, ".message-wrong", "已退回这份申请")


def test_registering_without_javascript(people_today: People) -> None:
    person = invented("other")
    page = people_today.page(javascript=False)
    assert isinstance(page, PlaywrightPage)
    page.goto("/register")
    page.fill("#name", person.name)
    page.fill("#id_number", person.id_number[:-1])
    page.fill("#phone", person.phone)
    page.click(".button-primary")
    assert "身份证号共 18 位" in page.text("#field-id_number")
    page.fill("#id_number", person.id_number)
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.page.check("#consent")
    page.click(".button-primary")
    assert "注册成功" in page.text("main")
    page.click(".button-primary")
    page.fill("#q", "和平里 高一")
    page.click(".search button")
    page.click(".branch-choice button")
    assert "和平里" in page.text("#field-branch")
    page.select("#ethnicity", "汉族")
    page.click("[name=keep]")
    assert "已保存，还没有提交" in page.text("#messages")


def test_axe_finds_nothing_on_the_pages_of_joining(people_today: People) -> None:
    from axe_core_python.sync_playwright import Axe

    page = people_today.page()
    assert isinstance(page, PlaywrightPage)
    page.viewport(360, 740)
    found = []
    for path in ("/register", "/privacy"):
        page.goto(path)
        found.append(Axe().run(page.page))
    register(page, InventedPeople(random.Random(9), region="998301").person(date(2025, 9, 1)))
    page.click(".button-primary")
    for path in ("/joining", "/joining/branch", "/joining/branch?q=高一", "/joining/edit"):
        page.goto(path)
        no_sideways_scroll(page)
        found.append(Axe().run(page.page))
    page.viewport(1366, 768)
    enter(page, "zhibu1", people_today.portal.passwords["zhibu1"])
    for path in ("/joinings/", "/joinings/?state=approved"):
        page.goto(path)
        found.append(Axe().run(page.page))
    page.goto("/joinings/")
    page.click(".col-edit a")
    wait(lambda: page.count("#approve") > 0, "the review")
    found.append(Axe().run(page.page))
    broken = [
        (result["url"], one["id"], [node["html"][:200] for node in one["nodes"]][:3])
        for result in found
        for one in result["violations"]
    ]
    assert broken == []


def open_of(page: Driver, name: str) -> None:
    page.evaluate(
        "[].filter.call(document.querySelectorAll('.joinings .col-name a'), "
        f"function (a) {{ return a.textContent === '{name}'; }})[0].click()"
    )
    wait_text(page, "h1", f"{name} 的加入申请")


def again(people: People, page: Driver, login: str) -> Driver:
    """The applicant comes back on the phone."""
    page.viewport(360, 740)
    enter(page, login, PASSWORD)
    return page


def row(portal: Portal, query: str, value: str) -> int:
    with sqlite3.connect(portal.instance / "portal.db") as database:
        return int(database.execute(query, (value,)).fetchone()[0])
