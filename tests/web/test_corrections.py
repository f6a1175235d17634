"""报告错误 on the pages: the member's phone, the branch's 修改, 首页 and the list."""

from __future__ import annotations

import re
from datetime import date

import pytest

from portal.rules.id_number import check_digit
from portal.rules.leaving import Leaving, LeavingReason
from portal.services.leaving import set_aside
from tests.builders import Browser, World

ID = "99030120080101123" + check_digit("99030120080101123")


@pytest.fixture
def member(world: World) -> int:
    made = world.add_member(name="安新")
    world.set_columns(made, ethnicity="汉族")
    world.member_actor(made)
    return made


@pytest.fixture
def phone(world: World, member: int) -> Browser:
    return world.client(f"member{member}")


@pytest.fixture
def branch(world: World) -> Browser:
    return world.client_of(world.branch)


def send(phone: Browser, field: str, value: str, remark: str = "") -> str:
    answer = phone.post(f"/card/information/{field}", {"proposed": value, "remark": remark})
    assert answer.status_code == 303
    return str(phone.get(answer.location).text)


def test_a_report_goes_to_the_branch_and_the_answer_comes_back(
    world: World, member: int, phone: Browser, branch: Browser
) -> None:
    page = phone.get("/card/information").text
    assert 'href="/card/information/ethnicity"' in page
    assert 'href="/my/contact"' in page  # phone and mail are the member's own to change
    assert "<option>回族</option>" in phone.get("/card/information/ethnicity").text
    page = send(phone, "ethnicity", "回族", "户口簿上是回族")
    assert "已把“民族”的报错送到支部" in page
    assert "已报告，等支部处理" in page
    assert "1 项等支部处理" in phone.get("/card").text
    assert ">1</b> 名团员报告自己的信息有误" in branch.get("/home").text
    listed = branch.get("/members/?filter=reported").text
    assert "团员报告 1 处信息有误" in listed
    edit = branch.get(f"/members/{member}/edit").text
    assert "户口簿上是回族" in edit
    assert 'href="#report-1"' in edit
    answer = branch.post(
        f"/members/{member}/reports/1/take", {"version": str(world.member(member).version)}
    )
    assert "已采纳并保存" in branch.get(answer.location).text
    assert world.member(member).ethnicity == "回族"
    assert "您报告的“民族”已更正" in phone.get("/card").text
    assert "团员报告" not in branch.get("/members/").text
    assert "没有待处理的报错" in branch.get("/members/?filter=reported").text


def test_what_was_typed_stays_where_it_is_refused(phone: Browser) -> None:
    answer = phone.post("/card/information/joined", {"proposed": "昨天", "remark": "记错了"})
    assert answer.status_code == 422
    assert 'value="昨天"' in answer.text
    assert 'value="记错了"' in answer.text
    assert "请按“2020-01”的样子" in answer.text
    answer = phone.post("/card/information/ethnicity", {"proposed": "汉族"})
    assert "一样，不用报告" in answer.text


def test_a_second_report_and_taking_it_back(phone: Browser) -> None:
    send(phone, "ethnicity", "回族")
    again = phone.post("/card/information/ethnicity", {"proposed": "满族"})
    assert again.status_code == 409
    assert "请先撤回" in again.text
    back = phone.post("/card/information/ethnicity/withdraw")
    assert "已撤回对“民族”的报错" in phone.get(back.location).text
    assert phone.get("/card/information/phone").status_code == 404
    assert phone.post("/card/information/nothing").status_code == 404


def test_a_branch_declines_and_keeps_what_it_typed(
    world: World, member: int, phone: Browser, branch: Browser
) -> None:
    send(phone, "ethnicity", "回族")
    address = f"/members/{member}/reports/1/decline"
    answer = branch.post(address, {"answer": "电话 13800138000"})
    assert answer.status_code == 422
    assert "不要写身份证号和手机号" in answer.text
    assert 'value="电话 13800138000"' in answer.text
    assert branch.post(address, {"answer": "户口簿上是汉族"}).status_code == 303
    assert "没有更正：户口簿上是汉族" in phone.get("/card/information").text
    late = branch.post(f"/members/{member}/reports/1/take", {"version": "1"})
    assert late.status_code == 409
    assert "已退回这项报告" in late.text


def test_an_id_number_is_shown_on_request(member: int, phone: Browser, branch: Browser) -> None:
    assert ID not in send(phone, "id_number", ID)
    edit = branch.get(f"/members/{member}/edit").text
    assert ID not in edit
    address = f"/members/{member}/reports/1/value"
    assert ID in branch.post(address, htmx=True).text
    whole = branch.post(address).text
    assert ID in whole
    assert "保存" in whole


def test_a_name_is_taken_over_beside_the_identity_document(
    world: World, member: int, phone: Browser, branch: Browser
) -> None:
    assert "支部要看本人的有效身份证件" in phone.get("/card/information/name").text
    send(phone, "name", "安心")
    assert "请带给支部核对" in phone.get("/card/information/name").text
    edit = branch.get(f"/members/{member}/edit").text
    assert "已核对本人有效身份证件" in edit
    assert "姓名和身份证都要改" not in edit
    address, seen = f"/members/{member}/reports/1/take", str(world.member(member).version)
    refused = branch.post(address, {"version": seen})
    assert refused.status_code == 422
    assert "还没有采纳。请先核对本人的身份证件" in refused.text
    assert world.member(member).name == "安新"
    answer = branch.post(address, {"version": seen, "document": "1"})
    assert answer.status_code == 303
    assert "修改 安心" in branch.get(answer.location).text
    assert "姓名 由 安新 更正为 安心" in phone.get("/card/information").text
    assert "您报告的“姓名”已更正" in phone.get("/card").text
    committee = world.client_of(world.grassroots)
    assert "安心 的姓名已更正，请知悉" in committee.get("/messages/").text


def test_an_id_number_is_taken_over_with_the_ticks_that_it_asks_for(
    world: World, member: int, phone: Browser, branch: Browser
) -> None:
    world.set_columns(member, joined=date(2021, 5, 1))  # when who was born in 2008 was thirteen
    send(phone, "name", "安心")
    assert "出生日期、性别由身份证号得出" in phone.get("/card/information/id_number").text
    send(phone, "id_number", ID)
    edit = branch.get(f"/members/{member}/edit").text
    assert "姓名和身份证都要改。请先确认是同一个人" in edit
    assert "入团时的年龄不在 14 到 28 周岁之间" in edit
    address, seen = f"/members/{member}/reports/2/take", str(world.member(member).version)
    refused = branch.post(address, {"version": seen, "document": "1"})
    assert refused.status_code == 422
    assert "请勾选年龄一项" in refused.text
    assert refused.text.count(" checked") == edit.count(" checked") + 1  # the tick stays
    answer = branch.post(address, {"version": seen, "document": "1", "age": "1"})
    assert answer.status_code == 303
    page = phone.get("/card/information").text
    assert f"更正为 9903●●●●●●{ID[-2:]}" in page
    assert ID not in page
    assert ID in branch.post(f"/members/{member}/fields/id_number", htmx=True).text
    twice = branch.post(address, {"version": seen, "document": "1", "age": "1"})
    assert twice.status_code == 303  # a double click


def test_who_left_reports_nothing(world: World, member: int, phone: Browser) -> None:
    send(phone, "ethnicity", "回族")
    set_aside(world.actor(world.branch), member, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    page = phone.get("/card/information").text
    assert "report-link" not in page
    assert "团员已移出，报告随之结束" in page
    assert "您已移出" in phone.get("/card/information/fee").text
    assert phone.post("/card/information/fee", {"proposed": "1"}).status_code == 409


@pytest.mark.parametrize(
    ("field", "value"), [("number", "202611000777"), ("is_student", "是"), ("fee", "1.50")]
)
def test_the_word_about_a_report_stands_below_its_own_field(
    phone: Browser, branch: Browser, member: int, field: str, value: str
) -> None:
    send(phone, field, value)
    page = branch.get(f"/members/{member}/edit").text
    before, after = page.split("团员报告这一项有误")
    assert re.findall(r'id="field-(\w+)"', before)[-1] == field
    assert f'id="field-{field}"' not in after


def test_a_report_is_found_only_below_its_own_member(
    world: World, member: int, phone: Browser, branch: Browser
) -> None:
    send(phone, "id_number", ID)
    other = world.add_member(name="安旧")
    version = str(world.member(member).version)
    for step, form in (
        ("take", {"version": version, "document": "on"}),
        ("decline", {"answer": "不对"}),
        ("value", {}),
    ):
        assert branch.post(f"/members/{other}/reports/1/{step}", form).status_code == 404
        assert branch.post(f"/members/{other}/reports/9/{step}", form).status_code == 404
    assert "已报告，等支部处理" in phone.get("/card/information").text
    assert branch.post(f"/members/{member}/reports/1/value", {}).status_code == 200
