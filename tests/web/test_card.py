"""我的团员证: the member's first page, in the states that a member can be in."""

from __future__ import annotations

import re
from datetime import date, timedelta

from portal import clock
from portal.models import MessageKind
from portal.rules.leaving import Leaving, LeavingReason
from portal.rules.scan_checks import Fault, FaultKind, Verdict
from portal.services.checks import check
from portal.services.leaving import set_aside
from portal.services.messages import Letter, send_to_account
from portal.services.organisation_changes import close
from portal.services.scans import current_scan
from portal.services.transaction import writing
from tests.builders import World
from tests.services.test_transfers_outside import gone


def card_of(world: World, member: int) -> str:
    return str(world.client(world.member_actor(member).login).get("/card").text)


def state(page: str) -> str:
    found = re.search(r'class="card-state-word">.*?</span> (\w+)<', page)
    assert found
    return found[1]


def test_a_new_member_without_a_form_reads_what_is_missing_and_whose_turn_it_is(
    world: World,
) -> None:
    member = world.add_member(approved_on=clock.today() - timedelta(days=35))
    page = card_of(world, member)
    assert state(page) == "未认证"
    assert "未上传入团志愿书（已逾期 5 天）" in page
    assert "请联系本支部上传《入团志愿书》。" in page
    assert "view-form" not in page


def test_a_new_member_with_a_form_is_certified(world: World) -> None:
    member = world.add_member()
    world.upload(member)
    page = card_of(world, member)
    assert state(page) == "已认证"
    assert "还缺什么" not in page
    assert f'href="/members/{member}/scan"' in page


def test_what_a_check_found_is_told(world: World) -> None:
    member = world.add_member()
    world.upload(member)
    scan = current_scan(member)
    assert scan
    verdict = Verdict((Fault(FaultKind.BLURRED, (2,)),))
    check(world.actor(world.district), member, scan.id, verdict, seen=None)
    page = card_of(world, member)
    assert state(page) == "已认证"
    assert "《入团志愿书》检查不合格：模糊" in page


def test_a_member_without_a_number(world: World) -> None:
    page = card_of(world, world.add_member(number=None, joined=date(2019, 5, 1)))
    assert state(page) == "未认证"
    assert "编号不规范" in page
    assert "对照纸质《入团志愿书》首页更正编号" in page
    assert re.search(r"团员编号</span>\s*无", page)


def test_a_member_who_was_set_aside(world: World) -> None:
    member = world.add_member()
    login = world.member_actor(member).login
    set_aside(world.actor(world.branch), member, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    page = world.client(login).get("/card").text
    assert state(page) == "未认证"
    assert "未认证的原因" in page
    assert "剩" not in page  # nobody owes a form any more


def test_messages_are_counted_and_the_latest_are_shown(world: World) -> None:
    member = world.add_member()
    actor = world.member_actor(member)
    browser = world.client(actor.login)
    assert "还没有站内信" in browser.get("/card").text
    for subject in ("第一封", "第二封", "第三封"):
        write_to(world, actor.account_id, subject)
    page = browser.get("/card").text
    assert '<b class="unread">3<' in page
    assert page.index("第三封") < page.index("第二封")
    assert "第一封" not in page


def write_to(world: World, account_id: int, subject: str) -> None:
    with writing():
        send_to_account(account_id, Letter(MessageKind.NOTICE, subject, "内容"))


def test_the_information_behind_the_card(world: World) -> None:
    member = world.add_member(name="安新")
    browser = world.client(world.member_actor(member).login)
    page = browser.get("/card/information").text
    for label in ("身份证", "出生日期", "民族", "是否高校学生", "组织"):
        assert f"<dt>{label}</dt>" in page
    shown = browser.post(f"/members/{member}/fields/birth_date").text
    assert world.member(member).birth_date.isoformat() in shown
    assert "<h1>我的信息</h1>" in shown  # the whole page, where there is no script


def test_the_first_page_weighs_at_most_40_kb_on_the_wire(world: World) -> None:
    """With its files, headers and all that can stand on it."""
    member = world.add_member(name="阿卜杜热合曼·阿不都克里木", approved_on=date(2026, 1, 5))
    actor = world.member_actor(member)
    for at in range(3):
        write_to(world, actor.account_id, f"第 {at} 封：" + "关于补交纸质《入团志愿书》的通知" * 3)
    browser = world.client(actor.login)
    page = browser.get("/card", headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    text = browser.get("/card").text
    files = re.findall(r'(?:src|href)="(/static/[^"]+|/manifest[^"]+)"', text)
    assert len(files) == 6
    weight = 0
    for answer in (
        page,
        *(browser.get(one, headers={"Accept-Encoding": "gzip"}) for one in files),
    ):
        assert answer.status_code == 200
        head = sum(len(name) + len(value) + 4 for name, value in answer.headers)
        weight += len(answer.data) + head
    assert weight <= 40 * 1024


def test_who_left_a_branch_that_was_closed_since_reads_whom_to_ask(world: World) -> None:
    member = gone(world)
    own = world.client(world.member_actor(member).login)
    assert "联系 高一(1)班团支部，由支部办理转回登记" in own.get("/card").text
    close(world.actor(world.grassroots), world.branch.id, version=1)
    page = own.get("/card").text
    assert (
        "联系 东城区第一中学团委（高一(1)班团支部 已撤销），先恢复原来的支部，再由支部办理" in page
    )


def test_who_was_set_aside_reads_whom_to_ask_when_the_branch_is_closed(world: World) -> None:
    member = world.add_member()
    own = world.client(world.member_actor(member).login)
    set_aside(world.actor(world.branch), member, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    close(world.actor(world.grassroots), world.branch.id, version=1)
    assert "有疑问请联系 东城区第一中学团委（高一(1)班团支部 已撤销）" in own.get("/card").text
