"""The pages of 检查: one form alone; what 修改, 团员信息 and the viewer show of it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from portal.services import round_making
from portal.services.scans import current_scan
from tests import scans as files
from tests.builders import Browser, World


@pytest.fixture
def member(world: World) -> int:
    member_id = world.add_member(name="安新")
    world.upload(member_id, files.good_scan(2))
    return member_id


@pytest.fixture
def officer(world: World) -> Browser:
    return world.client_of(world.district)


def send(officer: Browser, member: int, **fields: str | int) -> int:
    scan = current_scan(member)
    assert scan is not None
    answer = officer.post(f"/members/{member}/scan/check", {"scan": scan.id, "seen": 0, **fields})
    return int(answer.status_code)


FAULTS = {"result": "faults", "blurred": "1", "blurred-pages": "2", "remark": "请重扫"}


def test_a_check_is_made_seen_everywhere_and_taken_back(
    world: World, member: int, officer: Browser
) -> None:
    profile, viewer = f"/members/{member}", f"/members/{member}/scan"
    assert "未检查" in officer.get(profile).text
    assert "未检查" in officer.get(viewer).text
    page = officer.get(f"{viewer}/check").text
    assert "编号不一致" in page
    assert "安新" in page
    assert send(officer, member, **FAULTS) == 303
    shown = officer.get(profile).text
    assert "已保存检查结果：模糊（第 2 页），已发站内信告诉支部。" in shown
    assert "不合格：模糊（第 2 页）" in shown
    assert "不合格：模糊（第 2 页）" in officer.get(viewer).text
    branch = world.client_of(world.branch)
    edit = branch.get(f"/members/{member}/edit").text
    assert "上级检查：模糊（第 2 页）" in edit
    assert "请重扫" in edit
    assert "检查：模糊" in branch.get("/members/").text
    assert 'value="2"' in officer.get(f"{viewer}/check").text  # what was said, to be changed
    check = shown.split('name="check" value="')[1].split('"')[0]
    undone = officer.post(f"{viewer}/check/undo", {"check": check})
    assert undone.status_code == 303
    assert "已撤销检查结果" in officer.get(profile).text
    assert "上级检查：" not in branch.get(f"/members/{member}/edit").text
    officer.post(f"{viewer}/check/undo", {"check": check})
    assert "没有可以撤销的检查" in officer.get(profile).text


def test_in_order_is_seen_in_the_list(world: World, member: int, officer: Browser) -> None:
    assert send(officer, member, result="in-order") == 303
    assert "检查合格" in world.client_of(world.branch).get("/members/").text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"result": "faults"}, "还没有选择问题"),
        ({"result": "in-order", "blurred": "1"}, "又选了合格，没有保存"),
        ({"result": "faults", "other": "1"}, "请在说明里写明"),
        ({"result": "faults", "blurred": "1", "blurred-pages": "7"}, "只有 2 页，没有第 7 页"),
        ({"result": "faults", "blurred": "1", "remark": "长" * 201}, "最多 200 个"),
        ({"result": "faults", "blurred": "1", "remark": "请电 138 0000 0000"}, "不要写身份证号"),
    ],
)
def test_what_can_not_be_meant_is_said_and_nothing_typed_is_lost(
    member: int, officer: Browser, fields: dict[str, str], words: str
) -> None:
    scan = current_scan(member)
    assert scan is not None
    answer = officer.post(f"/members/{member}/scan/check", {"scan": scan.id, **fields})
    assert answer.status_code == 422
    assert words in answer.text
    if "blurred" in fields:
        assert 'name="blurred" value="1" data-key="5" checked' in answer.text
    for typed in (fields.get("blurred-pages"), fields.get("remark")):
        assert typed is None or f'value="{typed}"' in answer.text
    assert "未检查" in officer.get(f"/members/{member}").text


def test_a_form_that_changed_or_was_checked_meanwhile_is_shown_as_it_is_now(
    world: World, member: int, officer: Browser
) -> None:
    old = current_scan(member)
    assert old is not None
    old_id = old.id
    world.upload(member, files.good_scan(3))
    answer = officer.post(
        f"/members/{member}/scan/check", {"scan": old_id, "seen": 0, "result": "in-order"}
    )
    assert answer.status_code == 409
    assert "检查结果没有保存" in answer.text
    assert send(world.client_of(world.grassroots), member, result="in-order") == 303
    assert send(officer, member, **FAULTS) == 409
    assert "检查合格" in world.client_of(world.branch).get("/members/").text


def test_without_a_form_there_is_nothing_to_check(world: World, officer: Browser) -> None:
    without = world.add_member()
    assert officer.get(f"/members/{without}/scan/check").status_code == 404
    assert f"/members/{without}/scan/check" not in officer.get(f"/members/{without}").text


@pytest.fixture
def many(world: World) -> list[int]:
    made = [world.add_member(name=name) for name in ("安新", "白期", "陈三")]
    for one in made:
        world.upload(one, files.good_scan(2))
    return made


def judge(officer: Browser, page: Any, **fields: str) -> Any:
    """Send the form that a page shows, as its buttons would."""
    scan = re.search(r'name="scan" value="(\d+)"', page.text)
    seen = re.search(r'name="seen" value="(\d+)"', page.text)
    assert scan is not None
    assert seen is not None
    sent = {"scan": scan[1], "seen": seen[1], **fields}
    return officer.post(page.request.path, sent)


def test_a_round_goes_form_after_form_without_javascript(
    world: World, officer: Browser, many: list[int]
) -> None:
    assert "还没有检查任务" in officer.get("/checks/").text
    answer = officer.post("/checks/new", {"choice": "all", "token": "t"})
    assert answer.status_code == 303
    first = officer.get(answer.location)
    assert first.location.endswith("/forms/1")
    page = officer.get(first.location)
    assert "安新" in page.text
    assert "0 / 3" in page.text
    ahead = current_scan(many[1])
    assert ahead is not None
    assert f'data-ahead="/scans/{ahead.id}/pages/1.jpg"' in page.text
    wrong = judge(officer, page, result="faults", blurred="1", **{"blurred-pages": "9"})
    assert wrong.status_code == 422
    assert "只有 2 页，没有第 9 页" in wrong.text
    after = judge(officer, page, result="faults", blurred="1", remark="请重扫")
    assert after.location.endswith("/forms/2")
    after = judge(officer, officer.get(after.location), result="in-order")
    assert after.location.endswith("/forms/3")
    undone = officer.post(first.location.rsplit("/", 2)[0] + "/undo")
    assert undone.location.endswith("/forms/2")
    page = officer.get(undone.location)
    assert "请重新检查这一份" in page.text
    assert "1 / 3" in page.text
    after = judge(officer, page, result="in-order")
    end = judge(officer, officer.get(after.location), result="in-order")
    summary = officer.get(end.location).text
    assert "这个任务已全部检查完。" in summary
    assert "3 / 3" in summary
    assert "不合格的 1 份" in summary
    assert "请重扫" in summary
    assert "已完成" in officer.get("/checks/").text


def test_what_was_said_is_offered_again_after_undoing(
    world: World, officer: Browser, many: list[int]
) -> None:
    made = officer.post("/checks/new", {"choice": "all", "token": "t"}).location.rsplit("/", 1)[0]
    first = officer.get(f"{made}/forms/1")
    judge(officer, first, result="faults", blurred="1", remark="请重扫", **{"blurred-pages": "2"})
    again = officer.get(officer.post(f"{made}/undo").location)
    assert re.search(r'name="blurred" value="1"[^>]* checked', again.text)
    assert 'name="blurred-pages" value="2"' in again.text
    assert 'name="remark" value="请重扫"' in again.text
    judge(officer, again, result="in-order")
    again = officer.get(officer.post(f"{made}/undo").location)
    assert " checked" not in again.text  # what was said last was that it is in order
    world.upload(many[0], files.good_scan(3))
    assert 'value="请重扫"' not in officer.get(f"{made}/forms/1").text  # another form


def test_rounds_are_paged(
    officer: Browser, many: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(round_making, "ROUNDS_SHOWN", 1)
    for token in ("a", "b"):
        officer.post("/checks/new", {"choice": "all", "token": token})
    page = officer.get("/checks/").text
    older = re.search(r'href="(/checks/\?before=\d+)"', page)
    assert older is not None
    last = officer.get(older[1]).text
    assert "继续检查" in last or "开始检查" in last
    assert "更早的" not in last
    assert 'href="/checks/">« 最新的' in last
    assert "没有更早的检查任务" in officer.get("/checks/?before=1").text
    assert officer.get(f"/checks/?before={9**30}").status_code == 200


def test_a_colleague_sees_who_has_a_form(world: World, officer: Browser, many: list[int]) -> None:
    answer = officer.post("/checks/new", {"choice": "all", "token": "t"})
    address = officer.get(answer.location).location
    officer.get(address)
    world.add_account(world.district, login="colleague", name="张同事")
    colleague = world.client("colleague")
    page = colleague.get(address)
    assert f"管理员{world.district.id} 正在检查这一份" in page.text
    assert 'name="result"' not in page.text
    assert colleague.get(answer.location).location.endswith("/forms/3")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "请先选择检查哪些"),
        ({"choice": "some_of_each", "some_of_each-amount": "0"}, "请填写 1 到 50 的整数"),
        ({"choice": "share", "share-amount": "101"}, "请填写 1 到 100 的整数"),
        ({"choice": "all", "from": "2026年"}, "不是年月"),
        ({"choice": "all", "from": "2026-05", "to": "2026-01"}, "开始年月晚于结束年月"),
        ({"choice": "all", "from": "2001-01", "to": "2001-02"}, "没有符合条件的"),
    ],
)
def test_a_round_that_can_not_be_made_says_why(
    officer: Browser, many: list[int], fields: dict[str, str], words: str
) -> None:
    answer = officer.post("/checks/new", {"token": "t", **fields})
    assert answer.status_code == 422
    assert words in answer.text
    for typed in (fields.get("from"), fields.get("share-amount")):
        assert typed is None or f'value="{typed}"' in answer.text
    assert "还没有检查任务" in officer.get("/checks/").text
