"""The story of a wrong number: found, asked about, released, put right, occupied again; on record."""

from __future__ import annotations

import sqlite3

from tests.browser.conftest import People, Portal
from tests.browser.drivers import PlaywrightPage, wait, wait_gone, wait_text


def query(portal: Portal, sql: str, *values: object) -> list[tuple[object, ...]]:
    """Rows of the running portal's own database."""
    with sqlite3.connect(f"file:{portal.instance / 'portal.db'}?mode=ro", uri=True) as database:
        return database.execute(sql, values).fetchall()


def member_with_form(portal: Portal) -> tuple[int, str]:
    """A member of the first branch with a form, about whom nobody has asked yet."""
    ((member, number),) = query(
        portal,
        "SELECT id, number FROM member WHERE number IS NOT NULL AND has_scan AND branch_id = "
        "(SELECT organisation_id FROM account WHERE login = 'zhibu1') AND id NOT IN "
        "(SELECT member_id FROM number_release) ORDER BY id LIMIT 1",
    )
    return int(str(member)), str(number)


def test_a_wrong_number_is_released_and_put_right(people: People, portal: Portal) -> None:
    member, wrong = member_with_form(portal)
    right = f"{wrong[:8]}8{wrong[9:]}"
    page = people.sign_in("zhibu1")
    page.goto(f"/members/{member}/edit")
    wait_text(page, "#field-number", "解除编号占用")
    page.click("#field-number .request-state a")
    wait_text(page, "h1", "申请解除编号占用")
    page.fill("#wanted_number", right[:6])
    wait_text(page, "#wanted-check", "还差 6 位")
    page.fill("#wanted_number", right)
    wait_text(page, "#wanted-check", "现在没有人占用")
    page.select("#usual_reason", "录入时填错了编号")
    page.picture(f"release-asked-{page.engine}")
    page.click("form[data-guard] button[type=submit]")
    wait_text(page, "#field-number", "已申请解除")
    page.picture(f"release-waiting-{page.engine}")

    page = people.sign_in("quwei1", page=page)
    page.click(".menu a[href='/releases/']")
    page.picture(f"releases-{page.engine}")
    (request,) = query(portal, "SELECT id FROM number_release WHERE member_id = ?", member)
    page.click(f".releases a[href='/releases/{request[0]}']")
    wait_text(page, ".compare-facts", "录入时填错了编号")
    drawn = "document.querySelector('.compare-paper img').naturalWidth > 0"
    wait(lambda: bool(page.evaluate(drawn)), "the form's first page")
    page.picture(f"release-{page.engine}")
    page.click("button[value=release]")
    wait_text(page, "#answer-note", "请写明原因")
    page.fill("#answer", "已核对首页，同意")
    page.click("button[value=release]")
    wait_text(page, "#messages", "已解除编号占用")
    wait_gone(page, f".releases a[href='/releases/{request[0]}']")

    page = people.sign_in("zhibu1", page=page)
    page.goto(f"/members/{member}/edit")
    wait_text(page, "#field-number", "已核对首页，同意")
    assert page.evaluate("document.getElementById('number').value.replace(/ /g, '')") == right
    page.fill("#number", right[:11])
    wait_text(page, "#number-check", "还差 1 位")
    page.fill("#number", right)
    wait_text(page, "#number-check", "可以使用")
    page.click("button[form=edit]")
    wait_text(page, "#messages", "已保存")
    page.goto(f"/members/{member}/edit")
    wait_text(page, ".number-locked", right[8:])

    page = people.sign_in("quwei1", page=page)
    page.goto(f"/members/{member}/number/history")
    wait_text(page, ".histories", "已核对首页，同意")
    assert page.count(".holdings") == 2
    page.picture(f"history-{page.engine}")
    events = query(
        portal,
        "SELECT event FROM audit_record WHERE member_id = ? AND event LIKE '%number%' "
        "OR member_id = ? AND event = 'member changed' ORDER BY id",
        member,
        member,
    )
    assert [event for (event,) in events] == [
        "number release asked",
        "number released",
        "member changed",
    ]
    ((held,),) = query(
        portal, "SELECT number FROM number_holding WHERE member_id = ? AND until IS NULL", member
    )
    assert held == right


def test_irregular_numbers_are_mended_one_after_the_other(people: People, portal: Portal) -> None:
    page = people.sign_in("zhibu1", to_list=False)
    page.click(".todo a[href='/members/?filter=irregular']")
    wait_text(page, "#member-list", "更正编号")
    of_branch = (
        "SELECT id FROM member WHERE {} AND left_at IS NULL AND branch_id = (SELECT "
        "organisation_id FROM account WHERE login = 'zhibu1') ORDER BY pinyin, id LIMIT 1"
    )
    ((missing,),) = query(portal, of_branch.format("irregularity IN ('missing', 'released')"))
    ((wrong,),) = query(
        portal,
        of_branch.format(
            "irregularity NOT IN ('missing', 'released') AND id NOT IN "
            "(SELECT member_id FROM number_release)"
        ),
    )
    page.click(f".col-edit a[href^='/members/{missing}/edit']")
    wait_text(page, "#irregular", "编号不规范")
    focused = "document.activeElement.id === 'number'"
    wait(lambda: bool(page.evaluate(focused)), "the number's field has the focus")
    page.picture(f"mending-{page.engine}")
    ((joined,),) = query(portal, "SELECT joined FROM member WHERE id = ?", missing)
    page.fill("#number", f"{str(joined)[:4]}1108{missing:04}")
    wait_text(page, "#number-check", "可以使用")
    page.click("button[form=edit]")
    wait_text(page, ".mending", "的编号已规范")
    wait_text(page, ".mending", "还有")
    page.click(".mending a[href*='mend=1']")
    wait_text(page, "#irregular", "编号不规范")
    assert not page.evaluate("location.pathname").startswith(f"/members/{missing}/")

    page.goto(f"/members/{wrong}/edit?mend=1#number")
    page.click("#irregular a[href$='number/request?mend=1']")
    wait_text(page, "h1", "申请解除编号占用")
    assert "系统提示" in str(page.evaluate("document.getElementById('words').value"))
    page.picture(f"mending-asked-{page.engine}")
    page.click("form[data-guard] button[type=submit]")
    wait_text(page, "#field-number", "已申请解除")
    page.click("#field-number form .link-button")  # for the next engine
    wait_text(page, "#messages", "已撤回申请")
    page.goto(f"/members/{wrong}/edit?mend=1")
    page.click(".mending a[href='/members/?filter=irregular']")
    wait_text(page, "h1", "我的团员")


def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    people_today: People, portal: Portal
) -> None:
    from axe_core_python.sync_playwright import Axe

    member, _ = member_with_form(portal)
    ((released,),) = query(
        portal,
        "SELECT member_id FROM number_release WHERE state = 'released' AND branch_id = "
        "(SELECT organisation_id FROM account WHERE login = 'zhibu1') LIMIT 1",
    )
    ((waiting, of),) = query(
        portal,
        "SELECT id, member_id FROM number_release WHERE state = 'open' AND branch_id = "
        "(SELECT organisation_id FROM account WHERE login = 'zhibu1') LIMIT 1",
    )
    pages = {
        "zhibu1": (
            f"/members/{member}/edit",
            f"/members/{of}/edit",
            f"/members/{released}/edit",
            f"/members/{member}/number/request",
            f"/members/{released}/number/request",
        ),
        "quwei1": (
            "/releases/",
            "/releases/?state=decided",
            f"/releases/{waiting}",
            f"/members/{member}",
            f"/members/{member}/number/release",
            f"/members/{released}/number/history",
        ),
    }
    page = people_today.page()
    assert isinstance(page, PlaywrightPage)
    broken = []
    for login, paths in pages.items():
        people_today.sign_in(login, page=page)
        for path in paths:
            page.goto(path)
            for width in (360, 1366):
                page.viewport(width, 768)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            found = Axe().run(page.page)["violations"]
            broken += [(path, one["id"], one["nodes"][0]["html"][:200]) for one in found]
    assert broken == []


def test_without_javascript_a_branch_asks_and_withdraws(
    people_today: People, portal: Portal
) -> None:
    member, _ = member_with_form(portal)
    page = people_today.sign_in("zhibu1", javascript=False)
    page.goto(f"/members/{member}/edit")
    page.click("#field-number .request-state a")
    page.click("form[data-guard] button[type=submit]")
    assert "请写明原因" in page.text("#words-note")
    page.fill("#words", "看错了一位")
    page.click("form[data-guard] button[type=submit]")
    assert "看错了一位" in page.text("#field-number")
    page.click(".request-state button")
    assert "已撤回申请" in page.text("#messages")
