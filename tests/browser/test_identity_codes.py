"""身份码 at the size of a phone: shown, read off the screen by another device, and answered."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import select

from portal import clock
from portal.access import Actor, Role
from portal.application import create_app
from portal.extensions import db
from portal.identity_keys import IdentityKeys
from portal.models import Account, Member, Organisation
from portal.rules.identity_codes import IdentityCode, day_number, write_token
from portal.rules.leaving import Leaving, LeavingReason
from portal.services.accounts import account_named, hash_password
from portal.services.leaving import set_aside
from portal.services.numbers import release_number
from portal.services.transaction import writing
from portal.settings import load_settings
from tests.browser.conftest import People, Portal
from tests.browser.drivers import Driver, wait, wait_text
from tests.browser.test_checks import axe_finds_nothing
from tests.browser.test_stories import no_sideways_scroll

PASSWORD = "correct horse battery"
SMALL = """[].filter.call(document.querySelectorAll('#content a, #content button, main button'),
  function (e) { var b = e.getBoundingClientRect(); return b.height && b.height < 44 &&
    getComputedStyle(e).display !== 'inline'; }).length"""
LATER = "(function (now) { Date.now = function () { return now.call(Date) + %d000; }; })(Date.now)"


def on_screen(page: Driver) -> list[str]:
    """What a camera reads off the screen."""
    picture = Image.open(io.BytesIO(page.seen()))
    return [one.text for one in zxingcpp.read_barcodes(picture)]


def path_on_screen(page: Driver, portal: Portal) -> str:
    (address,) = on_screen(page)
    assert address.startswith(f"{portal.base}/c/")
    return address.removeprefix(portal.base)


def next_code(page: Driver, later: str) -> None:
    """It becomes later; the page asks for another code by itself."""
    before = on_screen(page)
    page.evaluate(later)
    wait(lambda: on_screen(page) not in ([], before), "the next code")


def phone(people: People, *, engine: str | None = None, javascript: bool = True) -> Driver:
    page = people.page(engine=engine, javascript=javascript)
    page.viewport(360, 640)
    return page


def shown_code(people: People, login: str = "tuanyuan") -> Driver:
    """A member opens the card and from there the code."""
    page = people.sign_in(login, page=phone(people), to_list=False)
    wait_text(page, ".who", "退出登录")
    page.goto("/card")
    page.click("a[href='/card/code']")
    wait_text(page, "#code", "有效至")
    return page


@dataclass(frozen=True, slots=True)
class Someone:
    """A member of a branch that no other story is about, with an account."""

    id: int
    branch: Actor
    committee: Actor
    login: str
    number: str


@contextmanager
def behind(portal: Portal) -> Iterator[None]:
    """Act on the running portal's data as its services do."""
    app = create_app(load_settings(instance=portal.instance))
    with app.app_context():
        yield
        db.session.remove()
        db.engine.dispose()
    app.extensions["portal"].close()


def actor_of(organisation: Organisation, account_id: int, role: Role) -> Actor:
    return Actor(
        account_id=account_id,
        sign_in_id=0,
        login="",
        person_name="经办人",
        role=role,
        organisation_id=organisation.id,
        organisation_name=organisation.name,
        organisation_path=organisation.path,
        member_id=None,
    )


@pytest.fixture
def someone(portal: Portal, request: pytest.FixtureRequest) -> Someone:
    with behind(portal):
        committee = account_named("quwei3")
        assert committee is not None
        top = db.session.get_one(Organisation, committee.organisation_id)
        member = db.session.scalars(
            select(Member)
            .join(Organisation, Organisation.id == Member.branch_id)
            .where(
                Organisation.path.startswith(top.path),
                Member.is_new_member,
                Member.irregularity.is_(None),
                Member.left_at.is_(None),
                Member.id.not_in(select(Account.member_id).where(Account.member_id.is_not(None))),
            )
            .order_by(Member.id.desc())
        ).first()
        assert member is not None
        branch = db.session.get_one(Organisation, member.branch_id)
        made = Someone(
            member.id,
            actor_of(branch, committee.id, Role.BRANCH),
            actor_of(top, committee.id, Role.DISTRICT),
            f"someone{member.id}",
            member.number or "",
        )
        with writing() as session:
            account = Account(
                login=made.login,
                password_hash=hash_password(PASSWORD),
                person_name=member.name,
                member_id=member.id,
                created_at=clock.now(),
            )
            session.add(account)
    portal.passwords[made.login] = PASSWORD
    return made


def test_a_member_shows_the_code_and_another_device_verifies(
    people_everywhere: People, portal: Portal
) -> None:
    member = shown_code(people_everywhere)
    no_sideways_scroll(member)
    assert member.evaluate(SMALL) == 0
    assert "已认证" in member.text(".code-state")
    path = path_on_screen(member, portal)
    name = member.text(".who-person")
    member.picture(f"identity-code-{member.engine}")

    verifier = phone(people_everywhere, engine="chromium156")
    verifier.goto(path)
    assert "已认证" in verifier.text("h1")
    said = verifier.text("body")
    assert f"{name[0]}●" in said
    assert name not in said
    assert "●●●●" in said
    assert "核验时间" in said
    assert f"{portal.base.removeprefix('http://')}/c/" in said
    assert verifier.evaluate("document.documentElement.scrollWidth") <= 360
    verifier.picture(f"identity-answer-{member.engine}")
    axe_finds_nothing(verifier)

    forged = path[:-4] + ("AAAA" if not path.endswith("AAAA") else "BBBB")
    verifier.goto(forged)
    assert "不是有效的身份码" in verifier.text("h1")
    assert "出示新的码再扫一次" in verifier.text("main")
    axe_finds_nothing(verifier)

    member.reload()

    def is_noted() -> bool:
        member.reload()
        return "被扫 1 次" in member.text("#content")

    wait(is_noted, "the answer to stand in 最近核验")
    assert path_on_screen(member, portal) != path
    if member.engine == "chromium156":
        axe_finds_nothing(member)


def test_an_old_engine_reads_an_answer_too(people_today: People, portal: Portal) -> None:
    path = path_on_screen(shown_code(people_today), portal)
    for engine in ("chromium69", "chromium86"):
        verifier = phone(people_today, engine=engine)
        verifier.goto(path)
        assert "已认证" in verifier.text("h1")
        assert verifier.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_code_renews_itself_while_somebody_looks_at_it(
    people_at_both_ends: People, portal: Portal
) -> None:
    member = shown_code(people_at_both_ends)
    first = path_on_screen(member, portal)
    wait(lambda: "还剩 2:5" in member.text(".code-time"), "the seconds to count down")
    next_code(member, LATER % 165)
    assert "还剩 2:5" in member.text(".code-time")
    second = path_on_screen(member, portal)
    verifier = phone(people_at_both_ends, engine="chromium156")
    for path in (second, first):  # the first is good to its end: somebody may be scanning it
        verifier.goto(path)
        assert "已认证" in verifier.text("h1")


def test_without_a_line_an_expired_code_is_covered(people_today: People, portal: Portal) -> None:
    member = shown_code(people_today)
    assert len(on_screen(member)) == 1
    member.offline(True)
    member.evaluate(LATER % 200)
    wait(lambda: on_screen(member) == [], "nothing to be scanned")
    assert "已过期" in member.text(".code-over")
    member.offline(False)
    member.evaluate(LATER % 10)  # the next try comes some seconds later
    wait(lambda: len(on_screen(member)) == 1, "a new code when the line is back")


def test_a_page_that_nobody_sees_asks_for_nothing_until_it_is_seen(
    people_today: People, portal: Portal
) -> None:
    member = shown_code(people_today)
    seen = "Object.defineProperty(document, 'hidden', {configurable: true, value: %s})"
    member.evaluate(seen % "true")
    member.evaluate(LATER % 200)
    wait(lambda: on_screen(member) == [], "nothing to be scanned")
    member.evaluate(seen % "false")
    member.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    wait(lambda: len(on_screen(member)) == 1, "a new code for who looks again")


def test_a_page_that_was_left_lying_stops(people_today: People, portal: Portal) -> None:
    member = shown_code(people_today)
    for _ in range(5):
        next_code(member, LATER % 165)
    member.evaluate(LATER % 200)
    wait(lambda: on_screen(member) == [], "nothing to be scanned")
    assert "已停止自动更新" in member.text(".code-stopped")
    member.click(".code-actions .button-primary")
    wait(lambda: len(on_screen(member)) == 1, "a new code")


def test_single_use_is_used_up_by_the_first_device(people_today: People, portal: Portal) -> None:
    member = shown_code(people_today)
    member.click(".code-actions a[href$='once=1']")
    wait_text(member, ".code-state", "单次有效")
    path = path_on_screen(member, portal)
    member.picture("identity-code-once")
    first, second = phone(people_today), phone(people_today)
    first.goto(path)
    wait_text(first, "h1", "已认证")  # by itself, without a press
    assert "已由您使用" in first.text("main")
    second.goto(path)
    wait_text(second, "h1", "身份码已用过")
    assert "●" not in second.text("main")
    second.picture("identity-answer-used")
    axe_finds_nothing(second)
    first.reload()
    assert "已认证" in first.text("h1")
    member.reload()
    assert "单次有效的码，已用" in member.text("#content")


def test_without_a_script_a_press_renews_and_a_press_goes_on(
    people_today: People, portal: Portal
) -> None:
    member = phone(people_today, javascript=False)
    people_today.sign_in("tuanyuan", page=member, to_list=False)
    member.goto("/card/code?once=1")
    first = path_on_screen(member, portal)
    member.click(".code-actions .button-primary")
    second = path_on_screen(member, portal)
    assert second != first
    verifier = phone(people_today, javascript=False)
    verifier.goto(second)
    assert "单次有效的身份码" in verifier.text("h1")
    assert verifier.evaluate(SMALL) == 0
    verifier.click("button")
    assert "已认证" in verifier.text("h1")


def test_what_happens_between_showing_and_scanning_is_told(
    people_today: People, portal: Portal, someone: Someone
) -> None:
    member = shown_code(people_today, someone.login)
    path = path_on_screen(member, portal)
    verifier = phone(people_today)
    with behind(portal):
        release_number(
            someone.committee, someone.id, number=someone.number, reason="首页是另一个编号"
        )
    verifier.goto(path)
    assert "未认证" in verifier.text("h1")
    assert "已解除占用" in verifier.text("main")
    assert "联系本支部" in verifier.text("main")
    verifier.picture("identity-answer-released")
    axe_finds_nothing(verifier)
    member.reload()
    assert "您现在是“未认证”" in member.text("#content")
    assert "请联系本支部，对照纸质《入团志愿书》首页更正编号" in member.text("#content")
    member.picture("identity-code-not-certified", whole=True)
    axe_finds_nothing(member)
    with behind(portal):
        set_aside(someone.branch, someone.id, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    verifier.goto(path)
    assert "不在团员名册里" in verifier.text("h1")
    assert "●" not in verifier.text("main")
    member.reload()
    assert "不能再出示身份码" in member.text("#content")
    assert on_screen(member) == []


def test_a_code_of_five_minutes_ago_is_told_to_be_old(people_today: People, portal: Portal) -> None:
    """Made as the portal made it then, with its key."""
    made_at = (datetime.now(UTC) - timedelta(minutes=5)).replace(microsecond=0)
    with behind(portal):
        account = account_named("tuanyuan")
        assert account is not None
        member = db.session.get_one(Member, account.member_id)
        code = IdentityCode(member.id, member.branch_id, made_at, False, 1)
    keys = IdentityKeys((portal.instance / "secret.key").read_text().strip())
    verifier = phone(people_today)
    verifier.goto("/c/" + write_token(keys.seal(code.pack(), day_number(made_at))))
    assert "身份码已过期" in verifier.text("h1")
    assert "出示新的码再扫一次" in verifier.text("main")
    verifier.picture("identity-answer-expired")
    axe_finds_nothing(verifier)


def test_the_pages_on_a_larger_phone_and_on_a_pc(people_today: People, portal: Portal) -> None:
    member = shown_code(people_today)
    member.viewport(412, 915)
    member.picture("identity-code-412")
    path = path_on_screen(member, portal)
    verifier = people_today.page()
    for width, height in ((412, 915), (1366, 768)):
        verifier.viewport(width, height)
        verifier.goto(path)
        assert verifier.evaluate("document.documentElement.scrollWidth") <= width
        verifier.picture(f"identity-answer-{width}")
    member.viewport(1366, 768)
    assert path_on_screen(member, portal)
    member.picture("identity-code-1366")
