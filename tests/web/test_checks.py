"""The pages of 检查: one form alone; what 修改, 团员信息 and the viewer show of it."""

from __future__ import annotations

import pytest

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
