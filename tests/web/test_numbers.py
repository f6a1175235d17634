"""The pages around a release through HTTP: what they say, and what they survive."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import insert

from portal.extensions import db, limiter
from portal.models import NumberRelease, ReleaseState
from portal.rules.number_release import USUAL_REASONS
from portal.services import numbers
from portal.services.transaction import writing
from tests.builders import World

JOINED = date(2026, 10, 1)
WRONG, RIGHT = "202611000100", "202611000200"


@pytest.fixture(autouse=True)
def _no_limits_left(app: Flask) -> None:
    limiter.reset()


@pytest.fixture
def member(world: World) -> int:
    return world.add_member(number=WRONG, joined=JOINED)


def asked(world: World, member: int, wanted: str | None = None) -> int:
    branch = world.actor(world.branch)
    return numbers.ask(branch, member, number=WRONG, reason="看错了", wanted_number=wanted)


def test_a_branch_asks_from_the_page_where_the_hint_is(world: World, member: int) -> None:
    browser = world.client_of(world.branch)
    edit = browser.get(f"/members/{member}/edit").text
    assert "如需修改，请联系 东城区团区委 解除编号占用" in edit
    assert f'href="/members/{member}/number/request"' in edit
    page = browser.get(f"/members/{member}/number/request").text
    assert "2026 1100 0100" in page
    assert USUAL_REASONS[0] in page
    sent = {
        "number": WRONG,
        "usual_reason": USUAL_REASONS[0],
        "words": "末三位",
        "wanted_number": "2026 1100 0200",
    }
    answer = browser.post(f"/members/{member}/number/request", sent)
    assert (answer.status_code, answer.location) == (303, f"/members/{member}/edit")
    edit = browser.get(f"/members/{member}/edit").text
    assert "已申请解除" in edit
    assert f"管理员{world.branch.id}" in edit
    assert f"{USUAL_REASONS[0]}：末三位" in edit
    assert "2026 1100 0200" in edit
    assert "撤回申请" in edit
    answer = browser.post(f"/members/{member}/number/request/withdraw")
    assert answer.status_code == 303
    assert "已撤回申请" in browser.get(f"/members/{member}/edit").text


def test_nothing_typed_is_lost_when_a_request_is_refused(world: World, member: int) -> None:
    browser = world.client_of(world.branch)
    sent = {"number": WRONG, "usual_reason": "其他", "words": "", "wanted_number": RIGHT}
    answer = browser.post(f"/members/{member}/number/request", sent)
    assert answer.status_code == 422
    assert "请写明原因" in answer.text
    assert 'value="2026 1100 0200"' in answer.text
    assert "<option selected>其他</option>" in answer.text
    sent |= {"words": "看错了", "wanted_number": "20251"}
    answer = browser.post(f"/members/{member}/number/request", sent)
    assert answer.status_code == 422
    assert "还差 7 位" in answer.text
    assert "看错了</textarea>" in answer.text


def test_the_wanted_number_is_checked_as_it_is_typed(world: World, member: int) -> None:
    browser = world.client_of(world.branch)
    url = f"/members/{member}/number/wanted?wanted_number="
    assert browser.get(url, htmx=True).text.strip() == ""
    assert "还差 8 位" in browser.get(f"{url}2026", htmx=True).text
    assert "现在没有人占用" in browser.get(f"{url}{RIGHT}", htmx=True).text


def test_a_stale_request_tells_who_was_faster(world: World, member: int) -> None:
    asked(world, member)
    browser = world.client_of(world.branch)
    sent = {"number": WRONG, "usual_reason": USUAL_REASONS[1]}
    answer = browser.post(f"/members/{member}/number/request", sent)
    assert answer.status_code == 409
    assert "已申请解除占用" in answer.text
    numbers.release_number(world.actor(world.district), member, number=WRONG, reason="误用")
    answer = browser.post(f"/members/{member}/number/request/withdraw")
    assert answer.status_code == 303
    assert "已解除这个编号的占用" in browser.get(f"/members/{member}/edit").text
    page = browser.get(f"/members/{member}/number/request").text
    assert "现在没有占用编号" in page


def test_a_committee_sees_who_waits_and_releases(world: World, member: int) -> None:
    request = asked(world, member, RIGHT)
    scan = world.upload(member).scan_id
    browser = world.client_of(world.district)
    listed = browser.get("/releases/").text
    assert "待处理 <b>1</b>" in listed
    assert 'href="/releases/" aria-current="page"' in listed
    partial = browser.get("/releases/", htmx=True).text
    assert "<html" not in partial
    page = browser.get(f"/releases/{request}").text
    for words in ("2026 1100 0100", "2026 1100 0200", "看错了", "2026-10", "编号沿革"):
        assert words in page
    assert f'src="/scans/{scan}/pages/1.jpg"' in page
    refused = browser.post(f"/releases/{request}", {"decision": "release", "answer": ""})
    assert refused.status_code == 422
    assert "请写明原因" in refused.text
    refused = browser.post(f"/releases/{request}", {"answer": "同意"})
    assert refused.status_code == 422
    assert "请点" in refused.text
    assert "同意</textarea>" in refused.text
    done = browser.post(f"/releases/{request}", {"decision": "release", "answer": "已核对首页"})
    assert (done.status_code, done.location) == (303, "/releases/")
    assert "已解除编号占用。" in browser.get("/releases/").text
    assert "没有待处理的申请" in browser.get("/releases/").text
    assert "已解除" in browser.get("/releases/?state=decided").text
    assert "已核对首页" in browser.get(f"/releases/{request}").text
    edit = world.client_of(world.branch).get(f"/members/{member}/edit").text
    assert "已解除占用" in edit
    assert "已核对首页" in edit
    assert 'value="2026 1100 0200"' in edit  # a suggestion: saved by the branch
    assert world.member(member).number is None


def test_a_suggestion_that_was_taken_meanwhile_is_not_made(world: World, member: int) -> None:
    numbers.release_asked(world.actor(world.district), asked(world, member, RIGHT), answer="同意")
    world.add_member(world.sister, number=RIGHT, joined=JOINED)
    edit = world.client_of(world.branch).get(f"/members/{member}/edit").text
    assert 'value="2026 1100 0200"' not in edit


def test_a_declined_request_is_shown_with_its_reason(world: World, member: int) -> None:
    request = asked(world, member)
    browser = world.client_of(world.district)
    answer = browser.post(f"/releases/{request}", {"decision": "decline", "answer": "首页一致"})
    assert answer.status_code == 303
    edit = world.client_of(world.branch).get(f"/members/{member}/edit").text
    assert "申请已退回" in edit
    assert "首页一致" in edit
    assert "再次申请解除编号占用" in edit
    again = world.client_of(world.municipal)
    late = again.post(f"/releases/{request}", {"decision": "release", "answer": "同意"})
    assert late.status_code == 409
    assert "已退回这个申请" in late.text


def test_a_committee_begins_by_itself_from_the_members_page(world: World, member: int) -> None:
    browser = world.client_of(world.district)
    assert f'href="/members/{member}/number/release"' in browser.get(f"/members/{member}").text
    page = browser.get(f"/members/{member}/number/release")
    assert "还没有上传《入团志愿书》" in page.text
    refused = browser.post(f"/members/{member}/number/release", {"number": WRONG})
    assert refused.status_code == 422
    sent = {"number": WRONG, "usual_reason": USUAL_REASONS[2]}
    done = browser.post(f"/members/{member}/number/release", sent)
    assert (done.status_code, done.location) == (303, f"/members/{member}")
    shown = browser.get(f"/members/{member}").text
    assert "已解除编号 2026 1100 0100 的占用" in shown
    assert "number/release" not in shown
    late = world.client_of(world.municipal).post(f"/members/{member}/number/release", sent)
    assert late.status_code == 409
    assert "已解除这个编号的占用" in late.text


def test_an_open_request_is_answered_where_it_is_shown(world: World, member: int) -> None:
    request = asked(world, member)
    answer = world.client_of(world.district).get(f"/members/{member}/number/release")
    assert (answer.status_code, answer.location) == (302, f"/releases/{request}")


def test_the_history_is_for_committees(world: World, member: int) -> None:
    numbers.release_number(world.actor(world.district), member, number=WRONG, reason="误用")
    url = f"/members/{member}/number/history"
    page = world.client_of(world.grassroots).get(url)
    assert page.status_code == 200
    assert "以前的编号" in page.text
    assert "误用" in page.text
    assert "number/history" in world.client_of(world.grassroots).get(f"/members/{member}").text
    assert "number/release" not in world.client_of(world.grassroots).get(f"/members/{member}").text
    assert world.client_of(world.branch).get(url).status_code == 403
    empty = world.add_member(number=None, joined=JOINED)
    page = world.client_of(world.district).get(f"/members/{empty}/number/history")
    assert "还没有占用过编号" in page.text


def test_a_thousand_requests_are_paged(world: World) -> None:
    members = [world.add_member() for _ in range(60)]
    now = datetime.now(UTC)
    with writing() as session:
        session.execute(
            insert(NumberRelease),
            [
                {
                    "member_id": one,
                    "branch_id": world.branch.id,
                    "number": "x" * 20,
                    "reason": "字" * 500,
                    "asked_at": now - timedelta(days=20),
                    "asked_by_id": world.branch.id,
                    "state": ReleaseState.OPEN,
                    "answer": "",
                }
                for one in members
            ],
        )
    browser = world.client_of(world.district)
    page = browser.get("/releases/").text
    assert page.count('class="col-name"') == 50
    assert "已等 20 天" in page
    found = re.search(r'href="(/releases/\?after=[^"]+)"', page)
    assert found
    rest = browser.get(found[1]).text
    assert rest.count('class="col-name"') == 10
    assert "第一页" in rest


def test_an_answer_typed_before_the_session_ended_is_kept(world: World, member: int) -> None:
    request = asked(world, member)
    browser = world.client_of(world.district)
    browser.get(f"/releases/{request}")
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        sent = {"decision": "decline", "answer": "首页一致"}
        answer = browser.post(f"/releases/{request}", sent)
        assert answer.status_code == 401
        pending = dict(re.findall(r'name="(pending-[^"]+)" value="([^"]*)"', answer.text))
        login = f"login{world.district.id}"
        answer = browser.sign_in(login, next=f"/releases/{request}", **pending)
        assert "处理意见" in answer.text
        assert "首页一致" in answer.text
        fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', answer.text))
        assert browser.post(f"/releases/{request}", fields).status_code == 303
    db.session.rollback()
    assert db.session.get_one(NumberRelease, request).state is ReleaseState.DECLINED
