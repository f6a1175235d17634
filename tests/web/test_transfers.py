"""The pages of 团组织关系转接 through HTTP: what they say, what they keep, what is nobody's to see."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from portal.rules.leaving import Leaving, LeavingReason
from portal.rules.transfers import USUAL_REASONS
from portal.services import transfer_deciding as deciding
from portal.services import transfer_expiry, transfer_lists
from portal.services import transfers_inside as inside
from portal.services.leaving import set_aside
from portal.services.numbers import ask as ask_release
from portal.services.organisation_changes import switch_joining
from tests.builders import Browser, World

REASON = USUAL_REASONS[0]


@pytest.fixture
def member(world: World) -> int:
    return world.add_member(name="李小明")


def asked(world: World, member: int) -> int:
    branch = world.actor(world.branch)
    return inside.ask(branch, member, world.far_branch.id, REASON, "")


def phone(world: World, member: int) -> Browser:
    world.member_actor(member)
    return world.client(f"member{member}")


def form(world: World, **changes: Any) -> dict[str, Any]:
    return {"to": world.far_branch.id, "usual_reason": REASON, "words": "", **changes}


def test_a_member_asks_from_the_card_and_both_agree(world: World, member: int) -> None:
    page = phone(world, member)
    assert 'href="/card/transfer"' in page.get("/card").text
    choose = page.get("/card/transfer").text
    assert "选择转入的团支部" in choose
    assert "东城区团区委" in choose
    found = page.get("/card/transfer?q=第八", htmx=True).text
    assert "<html" not in found
    assert f'href="/card/transfer?to={world.far_branch.id}"' in found
    confirm = page.get(f"/card/transfer?to={world.far_branch.id}").text
    assert "先由 高一(1)班团支部 同意，再由 第八中学团支部 同意" in confirm
    assert "编号不变" in confirm
    answer = page.post("/card/transfer", form(world))
    assert (answer.status_code, answer.location) == (303, "/card/transfer")
    stands = page.get("/card/transfer").text
    assert "已提交转接申请" in stands
    assert "等高一(1)班团支部办理 · 剩 10 天" in stands
    assert "撤回申请" in stands
    assert "等 转出团支部同意 · 剩 10 天" in page.get("/card").text
    assert page.post("/card/transfer", form(world)).status_code == 303  # a double click

    branch = world.client_of(world.branch)
    home = branch.get("/home").text
    assert "份团组织关系转接等本支部办理" in home
    listed = branch.get("/transfers/").text
    assert "待本支部办理 <b>1</b>" in listed
    assert "李小明" in listed
    answer = branch.post("/transfers/1/agree")
    assert (answer.status_code, answer.location) == (303, "/transfers/1")
    assert "已同意，现在等对方团支部办理" in branch.get("/transfers/1").text
    assert "等对方办理 <b>1</b>" in branch.get("/transfers/").text

    far = world.client_of(world.far_branch)
    shown = far.get("/transfers/1").text
    for words in ("李小明", "同意转入", "未上传电子版", REASON, "李小明（团员本人）"):
        assert words in shown
    assert f'href="/members/{member}"' not in shown
    answer = far.post("/transfers/1/agree")
    assert "已同意，转接完成" in far.get("/transfers/1").text
    assert far.get(f"/members/{member}").status_code == 200
    gone = branch.get(f"/members/{member}")
    assert gone.status_code == 404
    assert "李小明 的团组织关系已在" in gone.text
    ended = branch.get("/transfers/?part=ended").text
    assert "李小明" in ended
    assert "已完成" in ended
    old = branch.get("/transfers/1").text
    assert world.member(member).number not in old.replace(" ", "")
    assert "第八中学团支部" in page.get("/card").text
    assert "已完成" in page.get("/card/transfer").text


def test_a_branch_asks_for_a_member_and_withdraws(world: World, member: int) -> None:
    branch = world.client_of(world.branch)
    url = f"/members/{member}/transfer"
    for page in (f"/members/{member}", f"/members/{member}/edit"):
        assert f'href="{url}"' in branch.get(page).text
    assert "现在的团支部" in branch.get(f"{url}?q=高一(1)班").text
    confirm = branch.get(f"{url}?to={world.far_branch.id}").text
    assert "视为本支部已同意，由 第八中学团支部 办理" in confirm
    assert branch.post(url, form(world)).location == "/transfers/1"
    assert branch.get(url).location == "/transfers/1"  # it is open: nothing to choose
    page = branch.get("/transfers/1").text
    assert "撤回转接" in page
    assert "同意转入" not in page
    branch.post("/transfers/1/withdraw")
    assert "已撤回转接" in branch.get("/transfers/1").text
    assert "已撤回" in branch.get("/transfers/?part=ended").text


def test_what_was_typed_stays_when_it_is_refused(world: World, member: int) -> None:
    page = phone(world, member)
    answer = page.post("/card/transfer", form(world, usual_reason="其他", words=""))
    assert answer.status_code == 422
    assert "请写明转接的原因" in answer.text
    assert "<option selected>其他</option>" in answer.text
    answer = page.post("/card/transfer", form(world, words="电话 13800138000"))
    assert answer.status_code == 422
    assert "电话 13800138000</textarea>" in answer.text
    answer = page.post("/card/transfer", form(world, to=world.branch.id))
    assert answer.status_code == 422
    assert "您已经在“高一(1)班团支部”，不用转接" in answer.text
    answer = page.get(f"/card/transfer?to={world.branch.id}")
    assert (answer.status_code, "不用转接" in answer.text) == (422, True)
    assert page.post("/card/transfer", form(world, to=99999)).status_code == 404
    assert page.post("/card/transfer", form(world, to="x")).status_code == 404

    transfer = asked(world, member)
    far = world.client_of(world.far_branch)
    answer = far.post(f"/transfers/{transfer}/decline", {"answer": "打 13800138000"})
    assert answer.status_code == 422
    assert "打 13800138000</textarea>" in answer.text
    assert "不要写身份证号和手机号" in answer.text


def test_a_branch_that_takes_nobody_is_not_offered(world: World, member: int) -> None:
    page = phone(world, member)
    switch_joining(world.actor(world.municipal), world.far_branch.id, 1, closed=True)
    found = page.get("/card/transfer?q=第八").text
    assert "不接收团员" in found
    assert f"to={world.far_branch.id}" not in found
    answer = page.post("/card/transfer", form(world))
    assert answer.status_code == 422
    assert "现在不接收团员" in answer.text
    assert "没有找到名称含“没有”的团支部" in page.get("/card/transfer?q=没有").text


def test_decisions_that_come_too_late_get_a_sentence(world: World, member: int) -> None:
    transfer = asked(world, member)
    far, branch = world.client_of(world.far_branch), world.client_of(world.branch)
    far.post(f"/transfers/{transfer}/agree")
    again = far.post(f"/transfers/{transfer}/agree")  # a double click
    assert again.status_code == 303
    late = far.post(f"/transfers/{transfer}/decline", {"answer": "不对"})
    assert late.status_code == 409
    assert "已同意，转接已经完成" in late.text
    late = branch.post(f"/transfers/{transfer}/withdraw")
    assert late.status_code == 409
    assert "转接已经完成" in late.text
    assert branch.get(f"/members/{member}/transfer").status_code == 404


def test_a_page_left_open_past_the_end_says_so(world: World, member: int) -> None:
    noon = datetime(2026, 11, 25, 4, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as time:
        page = phone(world, member)
        page.post("/card/transfer", form(world))
        time.shift(timedelta(days=11))
        page, branch = world.client(f"member{member}"), world.client_of(world.branch)
        late = branch.post("/transfers/1/agree")
        assert late.status_code == 409
        assert "到 2026-12-05 没有办完，已自动结束" in late.text
        for _ in range(2):  # before and after the night writes it down
            assert "待本支部办理 <b>0</b>" in branch.get("/transfers/").text
            assert "到期未办完" in branch.get("/transfers/?part=ended").text
            assert "等本支部办理" not in branch.get("/home").text
            stands = page.get("/card/transfer").text
            assert "到期未办完" in stands
            assert "自动结束" in stands
            assert "再次申请转接" in stands
            assert "天</span>" not in page.get("/card").text
            above = world.client_of(world.district)
            assert "李小明" not in above.get("/transfers/below").text
            assert "李小明" in above.get("/transfers/below?part=expired").text
            transfer_expiry.expire_due()
        late = page.post("/transfers/1/withdraw")
        assert late.location == "/card/transfer"
        assert "已自动结束" in page.get("/card/transfer").text
        assert page.get("/card/transfer?new=1").status_code == 200
        assert page.post("/card/transfer", form(world)).status_code == 303
        assert "剩 10 天" in page.get("/card/transfer").text


def test_what_ended_long_ago_is_no_news(world: World, member: int) -> None:
    noon = datetime(2026, 11, 25, 4, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as time:
        person = world.member_actor(member)
        deciding.withdraw(person, inside.ask(person, member, world.far_branch.id, REASON, ""))
        time.shift(timedelta(days=31))
        page = world.client(f"member{member}").get("/card/transfer").text
        assert "选择转入的团支部" in page


def test_a_member_sees_no_persons_name_and_no_foreign_transfer(world: World, member: int) -> None:
    other = world.add_member()
    page = phone(world, member)
    transfer = asked(world, member)
    stands = page.get("/card/transfer").text
    assert f"管理员{world.branch.id}" not in stands
    assert "高一(1)班团支部" in stands
    assert "为您申请的" in stands
    assert page.post(f"/transfers/{transfer}/withdraw").status_code == 404
    strange = asked(world, other)
    assert page.post(f"/transfers/{strange}/withdraw").status_code == 404
    assert page.get(f"/transfers/{strange}").status_code == 403
    sister = world.client_of(world.sister)
    for method, url in (
        ("get", f"/transfers/{transfer}"),
        ("post", f"/transfers/{transfer}/agree"),
        ("post", f"/transfers/{transfer}/decline"),
        ("get", f"/members/{member}/transfer"),
    ):
        assert getattr(sister, method)(url).status_code == 404


def test_asking_and_withdrawing_without_end_is_slowed_down_for_members_alone(
    world: World, member: int
) -> None:
    page = phone(world, member)
    for _ in range(10):
        assert page.post("/card/transfer", form(world)).status_code == 303
        found = re.search(r"/transfers/(\d+)/withdraw", page.get("/card/transfer").text)
        assert found
        page.post(f"/transfers/{found[1]}/withdraw")
    answer = page.post("/card/transfer", form(world))
    assert answer.status_code == 429
    assert "次数太多，这一次没有办理" in answer.text
    assert "忘记密码" not in answer.text
    sent = {"place": "12", "receiver": "天津市某中学团支部", "contact": "李", "reason": REASON}
    branch = world.client_of(world.branch)
    for _ in range(11):
        one = world.add_member()
        assert branch.post(f"/members/{one}/transfer", form(world)).status_code == 303
        assert branch.post(f"/members/{one}/transfer/outside", sent).status_code == 422


def test_why_somebody_cannot_be_transferred_now(world: World, member: int) -> None:
    page, branch = phone(world, member), world.client_of(world.branch)
    number = world.member(member).number or ""
    ask_release(world.actor(world.branch), member, number=number, reason="看错了")
    for browser, url in ((page, "/card/transfer"), (branch, f"/members/{member}/transfer")):
        assert "编号正在申请解除占用" in browser.get(url).text
        answer = browser.post(url, form(world))
        assert answer.status_code == 422
        assert "编号正在申请解除占用" in answer.text
    set_aside(world.actor(world.branch), member, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    assert "您已被移出" in page.get("/card/transfer").text
    assert "李小明 已被移出" in branch.get(f"/members/{member}/transfer").text


def test_who_was_set_aside_is_not_told_to_be_in_their_branch(world: World, member: int) -> None:
    asked(world, member)
    page = phone(world, member)
    set_aside(world.actor(world.branch), member, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    shown = page.get("/card/transfer").text
    assert "移出（退团或离团）" in shown
    assert "您仍在原团支部" not in shown
    assert "再次申请转接" not in shown


def walk(browser: Browser, url: str) -> str:
    """The names that stand on a list's pages, in their order; as htmx asks for them."""
    seen = ""
    while url:
        text = browser.get(url, htmx=True).text
        listed = re.findall(r'">王(.)</a></th>', text)
        assert len(listed) <= 2
        seen += "".join(listed)
        following = re.search(r'href="([^"]+)" hx-get="[^"]+" rel="next"', text)
        url = html.unescape(following[1]) if following else ""
    return seen


def test_lists_are_paged_by_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    names = "一二三四五"
    people = [world.add_member(name=f"王{one}") for one in names]
    transfers = [asked(world, one) for one in people]
    monkeypatch.setattr(transfer_lists, "PAGE_ROWS", 2)
    for node in (world.grassroots, world.district, world.municipal, world.other_district):
        above = world.client_of(node)
        assert "办理中 <b>5</b>" in above.get("/transfers/below").text
        assert walk(above, "/transfers/below") == names
    branch = world.client_of(world.branch)
    assert walk(branch, "/transfers/?part=open") == names
    assert above.get("/transfers/below?after=nonsense").status_code == 200
    for one in transfers:
        deciding.withdraw(world.actor(world.branch), one)
    assert walk(branch, "/transfers/?part=ended") == names[::-1]
    assert "« 第一页" in branch.get("/transfers/?part=ended&after=2").text
    assert branch.get("/transfers/?part=nonsense&after=x").status_code == 200


def test_the_record_says_what_happened_to_both(world: World, member: int) -> None:
    transfer = asked(world, member)
    deciding.agree(world.actor(world.far_branch), transfer)
    old = world.client_of(world.branch).get("/record/").text
    assert "申请把" in old
    assert "转到 第八中学团支部，原因：升学或转学" in old
    assert "同意接收" in old
    assert "接收了" not in old
    new = world.client_of(world.far_branch).get("/record/?kind=transfers").text
    assert "接收了" in new
    assert "从 高一(1)班团支部 转入" in new


def test_an_expired_session_keeps_the_reason_for_not_agreeing(world: World, member: int) -> None:
    transfer, browser = asked(world, member), Browser(world.app.test_client())
    answer = browser.post(f"/transfers/{transfer}/decline", {"answer": "查无此人"})
    assert answer.status_code == 401
    assert "查无此人" in answer.text
