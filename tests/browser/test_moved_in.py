"""从外部转入 on a phone: a person with another province's number becomes a member here."""

from __future__ import annotations

import random
from datetime import date, timedelta

from portal import clock
from portal.demo.people import People as InventedPeople
from tests.browser.conftest import People, Portal
from tests.browser.drivers import wait_text
from tests.browser.test_joining import PASSWORD, choose_branch, enter, open_of, register
from tests.browser.test_stories import no_sideways_scroll

ENGINES = ("chromium156", "chromium86", "other")
MONTH = date(2022, 5, 1)


def test_a_person_from_another_province_applies_and_owes_no_form(
    people: People, portal: Portal
) -> None:
    engine = people.engine
    place = ENGINES.index(engine)
    chance = random.Random(f"moved in {place}")
    person = InventedPeople(chance, region=f"99{place + 3}401").person(MONTH)
    page = people.page()
    page.viewport(360, 640)
    register(page, person)
    page.click(".button-primary")
    wait_text(page, "#content", "注册成功")
    page.click(".other-kind button")
    wait_text(page, "h1", "选择团支部")
    choose_branch(page)
    wait_text(page, "#field-moved_in", "从外部系统转入")
    no_sideways_scroll(page)
    assert page.count("#approved_on") == 0

    page.select("#ethnicity", "汉族")
    page.select("#political_status", "中国共产主义青年团团员")
    page.select("#education", "高中")
    page.evaluate("document.getElementById('is_student-1').click()")
    page.fill("#joined", f"{MONTH:%Y-%m}")
    page.fill("#number", f"2022110{place}0981")  # of Beijing: the other application
    wait_text(page, "#number-check", "在“申请类型”里改为“在北京入团”")
    page.fill("#number", f"2022130{place}0981")
    wait_text(page, "#number-check", "编号符合规则")
    page.click("[name=send]")
    wait_text(page, ".message-wrong", "转出组织全称")

    page.select("#former_place", "河北")
    page.fill("#former_organisation", "石家庄市某中学团委高二（3）班团支部")
    page.evaluate("document.getElementById('proof-1').click()")
    page.fill("#proof_number", "团介字第 20260137 号")
    given = (clock.today() - timedelta(days=5)).isoformat()
    page.evaluate(f"document.getElementById('proof_on').value = '{given}'")
    page.click("[name=moved_in]")  # a slip of the thumb, and back: nothing is lost
    wait_text(page, "#field-moved_in", "改为“从外部系统转入”")
    page.click("[name=moved_in]")
    wait_text(page, "#field-moved_in", "改为“在北京入团”")
    no_sideways_scroll(page)
    page.picture(f"moved-in-application-{engine}", whole=True)
    page.click("[name=send]")
    wait_text(page, ".status", "待审核")
    wait_text(page, ".facts", "石家庄市某中学团委高二（3）班团支部")

    branch = people.page()
    enter(branch, "zhibu1", portal.passwords["zhibu1"])
    branch.goto("/joinings/")
    open_of(branch, person.name)
    wait_text(branch, "main", "与回执或介绍信逐项核对")
    wait_text(branch, "main", "团介字第 20260137 号")
    no_sideways_scroll(branch)
    branch.evaluate("document.activeElement && document.activeElement.blur()")
    for key in ("1", "2", "3"):
        branch.press(key)
    branch.picture(f"moved-in-review-{engine}", whole=True)
    branch.press("Enter")
    wait_text(branch, "#messages", "这名团员不需要上传《入团志愿书》")
    branch.goto(f"/members/?q=2022130{place}0981")
    wait_text(branch, ".col-remark", "从外部转入")

    page.viewport(360, 640)
    enter(page, person.id_number, PASSWORD)
    wait_text(page, ".card", person.name)
    wait_text(page, "main", "不需要上传《入团志愿书》")
    page.goto("/card/information")
    wait_text(page, ".facts", "河北 石家庄市某中学团委高二（3）班团支部")
    no_sideways_scroll(page)


def test_axe_finds_nothing_on_the_application_from_outside(people_today: People) -> None:
    from axe_core_python.sync_playwright import Axe

    from tests.browser.drivers import PlaywrightPage

    page = people_today.page()
    assert isinstance(page, PlaywrightPage)
    page.viewport(360, 740)
    register(page, InventedPeople(random.Random(9), region="998401").person(MONTH))
    page.click(".button-primary")
    found = [Axe().run(page.page)]
    page.click(".other-kind button")
    choose_branch(page)
    found.append(Axe().run(page.page))
    page.click("[name=send]")
    wait_text(page, ".message-wrong", "转出组织全称")
    found.append(Axe().run(page.page))
    broken = [
        (result["url"], one["id"], [node["html"][:200] for node in one["nodes"]][:3])
        for result in found
        for one in result["violations"]
    ]
    assert broken == []
