"""转至外部系统 on a phone: without the form on none of three ways, with it to the end."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal import clock
from portal.application import create_app
from portal.demo.paper import Paper
from portal.extensions import db
from portal.models import Account, Member
from portal.services.accounts import account_named, hash_password
from portal.services.transaction import writing
from portal.settings import load_settings
from tests.browser.conftest import People, Portal
from tests.browser.drivers import Driver, wait_text
from tests.browser.test_joining import PASSWORD, enter
from tests.browser.test_stories import no_sideways_scroll
from tests.browser.test_transfers import ENGINES

NO_FORM = "未上传入团志愿书，无法发起向外部系统的团组织关系转接"
RECEIVER = "天津市河西区某中学团委高二（3）班团支部"

BY_HAND = """
(function () {
  var token = document.querySelector('[name=csrf_token]').value;
  var body = 'csrf_token=' + encodeURIComponent(token) + '&place=12&contact=x&words=' +
    '&receiver=' + encodeURIComponent('%s') + '&reason=' + encodeURIComponent('升学或转学');
  var sent = new XMLHttpRequest();
  sent.open('POST', '/members/%d/transfer/outside', false);
  sent.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
  sent.send(body);
  return sent.status + ' ' + (sent.responseText.indexOf('%s') > 0);
}())
"""


class Somebody:
    """A new member of the first branch without a form, who has an account."""

    def __init__(self, portal: Portal, engine: str) -> None:
        app = create_app(load_settings(instance=portal.instance))
        with app.app_context():
            branch = account_named("zhibu1")
            assert branch is not None
            owing = select(Member).where(
                Member.branch_id == branch.organisation_id,
                Member.is_new_member,
                ~Member.has_scan,
                Member.number.is_not(None),
                Member.left_at.is_(None),
            )
            member = db.session.scalars(owing.order_by(Member.id.desc())).all()[
                ENGINES.index(engine)
            ]
            assert member.number is not None
            self.id, self.name, self.number = member.id, member.name, member.number
            self.login = f"outside{member.id}"
            with writing() as session:
                session.add(
                    Account(
                        login=self.login,
                        password_hash=hash_password(PASSWORD),
                        person_name=self.name,
                        member_id=self.id,
                        created_at=clock.now(),
                    )
                )
            db.engine.dispose()


@pytest.fixture
def somebody(people_everywhere: People, portal: Portal) -> Somebody:
    return Somebody(portal, people_everywhere.engine)


def on_the_phone(page: Driver, who: Somebody) -> None:
    page.viewport(360, 640)
    enter(page, who.login, PASSWORD)
    page.goto("/card")


def as_organisation(page: Driver, portal: Portal, login: str) -> None:
    page.viewport(1366, 768)
    enter(page, login, portal.passwords[login])


def fill_in(page: Driver) -> None:
    page.select("#place", "12")
    page.fill("#receiver", RECEIVER)
    page.fill("#contact", "李老师 022-00000009")
    page.select("#reason", "升学或转学")


def test_without_the_form_on_none_of_three_ways_and_with_it_to_the_end(
    people_everywhere: People, portal: Portal, somebody: Somebody, tmp_path: Path
) -> None:
    page = people_everywhere.page()
    engine, ask = page.engine, f"/members/{somebody.id}/transfer/outside"
    by_hand = BY_HAND % (RECEIVER, somebody.id, NO_FORM)
    on_the_phone(page, somebody)
    page.goto("/card/transfer")
    page.click(".outside-way .button")
    wait_text(page, ".message-wrong", NO_FORM)
    wait_text(page, ".message-wrong", "管理员王晓梅上传《入团志愿书》")
    no_sideways_scroll(page)
    page.picture(f"outside-no-form-{engine}")
    assert page.evaluate(by_hand) == "422 true"

    as_organisation(page, portal, "zhibu1")
    page.goto(f"/members/{somebody.id}/transfer")
    page.click(".outside-way .button")
    wait_text(page, ".message-wrong", NO_FORM)
    no_sideways_scroll(page)
    assert page.evaluate(by_hand) == "422 true"
    page.click("#content .button-primary")
    wait_text(page, "h1", f"修改 {somebody.name}")
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(Paper(5).form(somebody.number, somebody.name, "高一(1)班团支部", 4))
    page.choose_file(".scan-cell input[type=file]", scan)
    wait_text(page, ".scan-cell", "点击查看")

    on_the_phone(page, somebody)
    page.goto(ask)
    wait_text(page, "main", "东城区团区委审核")
    no_sideways_scroll(page)
    fill_in(page)
    page.picture(f"outside-ask-{engine}", whole=True)
    page.click("#content form .button-primary")
    wait_text(page, ".status", "剩 10 天")
    wait_text(page, ".facts", RECEIVER)
    no_sideways_scroll(page)
    page.viewport(412, 915)
    page.picture(f"outside-own-{engine}")

    as_organisation(page, portal, "zhibu1")
    page.goto("/transfers/")
    open_of(page, somebody)
    page.click("form[action$=agree] button")
    wait_text(page, "#messages", "下一步由")

    as_organisation(page, portal, "quwei1")
    page.goto("/home")
    wait_text(page, ".todo", "份转至外部系统的申请等待审核")
    page.goto("/transfers/below?part=waiting")
    page.picture(f"outside-waiting-{engine}")
    open_of(page, somebody)
    wait_text(page, ".facts", "李老师 022-00000009")
    no_sideways_scroll(page)
    page.picture(f"outside-review-{engine}", whole=True)
    page.click("form[action$=agree] button")
    wait_text(page, "#messages", "登记外部系统回执")

    as_organisation(page, portal, "zhibu1")
    page.goto("/transfers/")
    open_of(page, somebody)
    page.click("a[href$=receipt]")
    wait_text(page, "h1", "登记外部系统的回执")
    page.fill("#receipt", "津接 2026-0042")
    page.evaluate(f"document.getElementById('given_on').value = '{clock.today().isoformat()}'")
    page.picture(f"outside-receipt-{engine}")
    page.click("#content form .button-primary")
    wait_text(page, "#messages", "转接完成")
    wait_text(page, ".happened", "登记回执，转接完成")
    page.goto(f"/members/?q={somebody.number}")
    wait_text(page, "#member-list", "没有找到")

    on_the_phone(page, somebody)
    wait_text(page, ".message-warning", f"团组织关系已转至外部系统：天津 {RECEIVER}")
    wait_text(page, ".message-warning", "不用重新注册和申请")
    no_sideways_scroll(page)
    page.picture(f"outside-left-{engine}")


def test_what_nobody_decides_ends_after_ten_days(people_everywhere: People, portal: Portal) -> None:
    """The clock is moved by moving the row's days: the portal runs on the real one."""
    with sqlite3.connect(portal.instance / "portal.db") as database:
        transfer, name = database.execute(
            "SELECT t.id, m.name FROM transfer t JOIN member m ON m.id = t.member_id "
            "WHERE t.kind = 'outside' AND t.turn = 'committee' AND t.state = 'open' LIMIT 1"
        ).fetchone()
        gone_by = (clock.today() - timedelta(days=1)).isoformat()
        database.execute("UPDATE transfer SET ends_on = ? WHERE id = ?", (gone_by, transfer))
    page = people_everywhere.sign_in("quwei1")
    page.goto(f"/transfers/{transfer}")
    wait_text(page, ".status", "到期未办完")
    wait_text(page, ".happened", "到期未办完，自动结束")
    assert page.count("form[action$=agree]") == 0
    page.goto("/transfers/below?part=waiting")
    wait_text(page, "#transfers", "没有等本级审核的转接")
    page.goto("/transfers/below?part=expired")
    wait_text(page, "#transfers", name)


def test_axe_finds_nothing_on_the_pages_of_outside(people_today: People, portal: Portal) -> None:
    from axe_core_python.sync_playwright import Axe

    from tests.browser.drivers import PlaywrightPage

    with sqlite3.connect(portal.instance / "portal.db") as database:
        query = "SELECT id, from_branch_id FROM transfer WHERE state = 'open' AND turn = 'receipt'"
        transfer, _branch = database.execute(query).fetchone()
        done = "SELECT member_id FROM transfer WHERE kind = 'outside' AND state = 'done' LIMIT 1"
        (gone,) = database.execute(done).fetchone()
        branch = "SELECT organisation_id FROM account WHERE login = 'zhibu1'"
        own = f"SELECT id FROM member WHERE branch_id = ({branch}) AND is_new_member AND "
        (with_form,) = database.execute(f"{own} has_scan AND left_at IS NULL").fetchone()
    page = people_today.sign_in("quwei1")
    assert isinstance(page, PlaywrightPage)
    found = []
    for path in (f"/transfers/{transfer}", f"/transfers/{transfer}/receipt", f"/members/{gone}"):
        page.goto(path)
        found.append(Axe().run(page.page))
    people_today.sign_in("zhibu1", page=page)
    for path in (f"/members/{with_form}/transfer/outside", f"/members/{with_form}/transfer"):
        page.goto(path)
        found.append(Axe().run(page.page))
    broken = [
        (result["url"], one["id"], [node["html"][:200] for node in one["nodes"]][:3])
        for result in found
        for one in result["violations"]
    ]
    assert broken == []


def open_of(page: Driver, who: Somebody) -> None:
    page.evaluate(
        "[].filter.call(document.querySelectorAll('.transfers .col-name a'), "
        f"function (a) {{ return a.textContent === '{who.name}'; }})[0].click()"
    )
    wait_text(page, "h1", who.name)
