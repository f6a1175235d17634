"""京内转接 as three people go it, at the size of a phone; and what ends by its time."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.application import create_app
from portal.extensions import db
from portal.models import Account, Member
from portal.services.accounts import account_named, hash_password
from portal.services.transaction import writing
from portal.settings import load_settings
from tests.browser.conftest import People, Portal
from tests.browser.drivers import Driver, PlaywrightPage, wait_gone, wait_text
from tests.browser.test_checks import axe_finds_nothing
from tests.browser.test_joining import enter
from tests.browser.test_stories import no_sideways_scroll

PASSWORD = "correct horse battery"
ENGINES = ("chromium156", "chromium86", "chromium69")
TARGET = "东城区第一中学高一(2)班团支部"
LONGEST = "阿卜杜热西提·买买提明·努尔艾合买提江·" * 2


def member_of_first_branch(portal: Portal, place: int) -> tuple[str, str]:
    """Login and name of a member with an account: somebody else for each engine."""
    app, login = create_app(load_settings(instance=portal.instance)), f"mover{place}"
    with app.app_context():
        branch = account_named("zhibu1")
        assert branch is not None
        query = select(Member).where(
            Member.branch_id == branch.organisation_id,
            ~Member.is_new_member,
            ~select(Account.id).where(Account.member_id == Member.id).exists(),
        )
        member = db.session.scalars(query.order_by(Member.pinyin.desc()).offset(10)).all()[place]
        member_id, name = member.id, member.name
        with writing() as session:
            session.add(
                Account(
                    login=login,
                    password_hash=hash_password(PASSWORD),
                    person_name=name,
                    member_id=member_id,
                    created_at=clock.now(),
                )
            )
        db.engine.dispose()
    portal.passwords[login] = PASSWORD
    return login, name


def as_person(page: Driver, portal: Portal, login: str) -> None:
    enter(page, login, portal.passwords[login])
    wait_gone(page, "#login")


def nothing_too_small_to_touch(page: Driver) -> None:
    """What a member touches is 44 px high; links within a sentence are its lines' height."""
    small = page.evaluate(
        "[].map.call(document.querySelectorAll("
        "'main .button, main .input, main .tappable, main .own-links a'), function (e) {"
        " var b = e.getBoundingClientRect();"
        " return b.height && b.height < 43.5 ? e.textContent.trim() + ' ' + b.height : ''; })"
        ".filter(function (e) { return e; })"
    )
    assert small == []


def ask(page: Driver, *, pictures: bool = False) -> None:
    """From the card to the page that says where it stands."""
    page.goto("/card")
    page.click(".own-links a[href='/card/transfer']")
    wait_text(page, "h1", "选择转入的团支部")
    no_sideways_scroll(page)
    nothing_too_small_to_touch(page)
    page.fill("#q", "dyzx gy(2)")  # by the initials of its pinyin
    wait_text(page, "#branches", TARGET)
    nothing_too_small_to_touch(page)
    if pictures:
        page.picture(f"transfer-branch-{page.engine}")
    page.click(".branch-choice a.button")
    wait_text(page, "h1", "申请团组织关系转接")
    no_sideways_scroll(page)
    nothing_too_small_to_touch(page)
    page.select("#usual_reason", "调整班级或团支部")
    page.fill("#words", "转到二班学习")
    if pictures:
        page.picture(f"transfer-confirm-{page.engine}", whole=True)
    page.select("#usual_reason", "")
    page.click(".button-primary")
    wait_text(page, ".field-error", "请选择转接的原因")
    page.select("#usual_reason", "调整班级或团支部")
    page.click(".button-primary")
    wait_text(page, ".status", "等东城区第一中学高一(1)班团支部办理 · 剩 10 天")


def open_of(page: Driver, name: str) -> None:
    """The transfer of a person in a branch's list."""
    page.goto("/transfers/")
    wait_text(page, "#transfers", name)
    href = page.evaluate(
        "[].filter.call(document.querySelectorAll('.transfers .col-name a'), function (a) {"
        f" return a.textContent === '{name}'; }})[0].getAttribute('href')"
    )
    page.goto(href)


def test_a_member_asks_both_branches_agree_and_the_card_shows_the_new_one(
    people_everywhere: People, portal: Portal
) -> None:
    people = people_everywhere
    login, name = member_of_first_branch(portal, ENGINES.index(people.engine))
    page = people.page()
    page.viewport(360, 640)
    as_person(page, portal, login)
    ask(page, pictures=True)
    no_sideways_scroll(page)
    nothing_too_small_to_touch(page)
    page.picture(f"transfer-own-{page.engine}", whole=True)

    page.viewport(1366, 768)
    as_person(page, portal, "zhibu1")
    wait_text(page, ".todo", "份团组织关系转接等本支部办理")
    page.goto("/transfers/")
    page.picture(f"transfers-{page.engine}")
    open_of(page, name)
    wait_text(page, ".happened", f"{name}（团员本人）")
    page.click(".decline button")  # without a reason nothing happens
    wait_text(page, ".field-error", "请写明原因")
    page.picture(f"transfer-decide-{page.engine}", whole=True)
    page.click("form[action$=agree] button")
    wait_text(page, "#messages", "已同意，现在等对方团支部办理")

    as_person(page, portal, "zhibu2")
    open_of(page, name)
    page.click("form[action$=agree] button")
    wait_text(page, "#messages", "已同意，转接完成")
    wait_text(page, ".status", "已完成")

    as_person(page, portal, "zhibu1")
    page.goto("/transfers/?part=ended")
    wait_text(page, "#transfers", name)

    page.viewport(412, 915)
    as_person(page, portal, login)
    page.goto("/card")
    wait_text(page, ".card", TARGET)
    page.goto("/card/transfer")
    wait_text(page, ".status", "已完成")
    no_sideways_scroll(page)
    page.picture(f"transfer-done-{page.engine}", whole=True)


def test_what_nobody_decides_on_ends_by_itself(people_everywhere: People, portal: Portal) -> None:
    login, _ = member_of_first_branch(
        portal, len(ENGINES) + ENGINES.index(people_everywhere.engine)
    )
    page = people_everywhere.page()
    page.viewport(360, 640)
    as_person(page, portal, login)
    page.goto("/card/transfer")
    axe_finds_nothing(page)
    ask(page)
    axe_finds_nothing(page)
    eleven_days_later(portal, login)
    page.click("form[action$=withdraw] button")  # the page was open all the time
    wait_text(page, "#messages", "没有办完，已自动结束")
    wait_text(page, ".status", "到期未办完")
    axe_finds_nothing(page)
    page.picture(f"transfer-expired-{page.engine}", whole=True)
    page.click("main .button-wide")
    wait_text(page, "h1", "选择转入的团支部")


def eleven_days_later(portal: Portal, login: str) -> None:
    """For the transfer of a person: when it was asked and ends goes back instead of the clock."""
    ended = clock.today() - timedelta(days=1)
    with sqlite3.connect(portal.instance / "portal.db", timeout=20) as database:
        changed = database.execute(
            "UPDATE transfer SET ends_on = ? WHERE state = 'open' AND member_id ="
            " (SELECT member_id FROM account WHERE login = ?)",
            (ended.isoformat(), login),
        )
        assert changed.rowcount == 1


@pytest.mark.parametrize(
    ("login", "paths"),
    [
        ("zhibu1", ("/transfers/", "/transfers/?part=ended")),
        ("quwei1", ("/transfers/below", "/transfers/below?part=expired")),
    ],
)
def test_axe_finds_nothing_on_the_lists(
    people_today: People, portal: Portal, login: str, paths: tuple[str, ...]
) -> None:
    page = people_today.page()
    assert isinstance(page, PlaywrightPage)
    as_person(page, portal, login)
    for width in (1366, 360):
        page.viewport(width, 768)
        for path in paths:
            page.goto(path)
            axe_finds_nothing(page)
            no_sideways_scroll(page)
            if width > 1000 and login == "quwei1" and path == paths[0]:
                page.picture(f"transfers-below-{page.engine}")
    # Of the longest name nothing runs out of the phone's page.
    page.evaluate(f"document.querySelector('.transfers .col-name a').textContent = '{LONGEST}'")
    no_sideways_scroll(page)
    page.click(".transfers .col-name a")
    wait_text(page, "h2", "办理经过")
    axe_finds_nothing(page)
