"""Registration, application and review through HTTP: words, what is kept, what is survived."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from portal import clock
from portal.extensions import db, limiter
from portal.models import JoiningState
from portal.services import joining
from portal.services.joining_fields import fields_of
from portal.services.registration import NOTICE_VERSION
from tests.builders import Browser, World
from tests.services.test_joining import new_person

GOOD = "河边三只慢悠悠的骆驼"


@pytest.fixture(autouse=True)
def _no_limits_left(app: Flask) -> None:
    limiter.reset()


def form(**changes: str) -> dict[str, str]:
    person = new_person(clock.today() - timedelta(days=365 * 17))
    return {
        "name": "李某",
        "id_number": person.id_number.text,
        "phone": "100 5550 0001",
        "password": GOOD,
        "again": GOOD,
        "consent": "y",
        **changes,
    }


def application(world: World, **changes: Any) -> dict[str, str]:
    fields = world.application()
    assert fields.joined is not None
    assert fields.approved_on is not None
    return {
        "version": "1",
        "ethnicity": "汉族",
        "political_status": "中国共产主义青年团团员",
        "education": "高中",
        "email": "",
        "is_student": "no",
        "joined": f"{fields.joined:%Y年%m月}",
        "number": fields.number or "",
        "approved_on": fields.approved_on.isoformat(),
        **changes,
    }


def version(page: Any) -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"', page.text)
    assert found
    return found[1]


# ---- registration ----


def test_a_person_registers_and_is_signed_in(world: World) -> None:
    browser = world.client()
    assert "团员注册" in browser.get("/sign-in").text
    answer = browser.post("/register", form())
    assert (answer.status_code, answer.location) == (303, "/joining")
    page = browser.get("/joining")
    assert "注册成功。您的账号是" in page.text
    assert "先选择所在的团支部" in page.text
    assert "注册成功" not in browser.get("/joining").text
    assert browser.get("/").location == "/joining"


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "", "请填写姓名"),
        ("name", "李\u200b某", "看不见的字符（U+200B）"),
        ("name", "李某😀", "姓名只能有汉字"),
        ("name", "李" * 51, "最多 50 个字"),
        ("name", "\u202e李某", "看不见的字符"),
        ("id_number", "123", "身份证号共 18 位"),
        ("id_number", "990501200805010012", "最后一位与前 17 位不符"),
        ("id_number", "990501200813010017", "不是有效的出生日期"),
        ("id_number", "99050129990101001X", "不"),
        ("phone", "12345", "手机号共 11 位"),
        ("password", "1234567", "密码至少 10 个字符"),
        ("password", "10055500001aa", "容易被猜中"),
        ("again", "something else", "两次输入的密码不一样"),
        ("consent", "", "需要您同意后才能注册"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_nothing_typed_is_lost(
    world: World, field: str, typed: str, words: str
) -> None:
    sent = form(**{field: typed})
    if not typed:
        sent.pop(field)
    answer = world.client().post("/register", sent)
    assert answer.status_code == 422
    place = answer.text.index(f'id="field-{field}"')
    assert words in answer.text[place : place + 1200]
    if field != "phone":
        assert 'value="100' in answer.text
    assert GOOD not in answer.text
    assert "csrf" not in answer.text.split("field-consent")[1]


def test_full_width_digits_and_a_small_x_are_taken(world: World) -> None:
    sent = form()
    sent["id_number"] = sent["id_number"].translate(
        {ord("0") + n: ord("０") + n for n in range(10)}
    )
    assert world.client().post("/register", sent).status_code == 303


def test_who_is_registered_already_is_told_the_way_on_but_not_whose_it_is(world: World) -> None:
    world.client().post("/register", form())
    answer = world.client().post("/register", form(name="王某"))
    assert answer.status_code == 422
    assert "已经登记过，不用再注册" in answer.text
    assert "李某" not in answer.text


def test_the_sum_is_asked_from_the_third_try(world: World) -> None:
    browser = world.client()
    for _ in range(2):
        answer = browser.post("/register", form(phone="1"))
    assert "等于几" in answer.text
    answer = browser.post("/register", form())
    assert answer.status_code == 422
    assert "算得不对" in answer.text
    found = re.search("([一二三四五六七八九])加([一二三四五六七八九])等于几", answer.text)
    assert found
    digits = "零一二三四五六七八九"
    right = str(digits.index(found[1]) + digits.index(found[2]))
    assert browser.post("/register", form(sum="1")).status_code == 422
    assert browser.post("/register", form(sum=right)).status_code in (303, 422)


def test_a_right_sum_lets_in(world: World) -> None:
    browser = world.client()
    for _ in range(2):
        answer = browser.post("/register", form(phone="1"))
    found = re.search("([一二三四五六七八九])加([一二三四五六七八九])等于几", answer.text)
    assert found
    digits = "零一二三四五六七八九"
    right = str(digits.index(found[1]) + digits.index(found[2]))
    assert browser.post("/register", form(sum=right)).status_code == 303


def test_an_expired_form_keeps_what_was_typed(world: World) -> None:
    answer = world.client().post("/register", form(csrf_token="of another session"))
    assert answer.status_code == 400
    assert "请再输入密码后重新提交" in answer.text
    assert 'value="李某"' in answer.text
    assert GOOD not in answer.text


def test_under_14_is_told_the_way_out(world: World) -> None:
    young = new_person(clock.today() - timedelta(days=365 * 13))
    answer = world.client().post("/register", form(id_number=young.id_number.text))
    assert "未满 14 周岁不能自己注册" in answer.text


def test_the_privacy_notice_is_there_for_everybody(world: World) -> None:
    page = world.client().get("/privacy")
    assert NOTICE_VERSION in page.text
    assert "个人信息处理告知" in page.text


# ---- the application ----


def test_from_the_branch_to_sent(world: World) -> None:
    actor = world.applicant()
    browser = world.client(actor.login)
    assert "东城区团区委" in browser.get("/joining/branch").text
    found = browser.get("/joining/branch?q=gy(1)", htmx=True)
    assert "<html" not in found.text
    assert "高一(1)班团支部" in found.text
    assert "没有找到" in browser.get("/joining/branch?q=没有").text
    assert browser.get(f"/joining/branch?under={world.grassroots.id}").status_code == 200
    assert browser.get("/joining/branch?under=9999").status_code == 404
    answer = browser.post("/joining/branch", {"branch_id": str(world.branch.id)})
    assert answer.location == "/joining/edit"
    page = browser.get("/joining/edit")
    assert "团市委" not in page.text.split("field-branch")[0]
    assert "东城区第一中学团委 › 高一(1)班团支部" in page.text
    answer = browser.post("/joining/edit", application(world, version=version(page), keep="yes"))
    assert answer.location == "/joining/edit"
    page = browser.get("/joining/edit")
    assert "已保存，还没有提交" in page.text
    answer = browser.post("/joining/edit", application(world, version=version(page), send="yes"))
    assert answer.location == "/joining"
    page = browser.get("/joining")
    assert "待审核" in page.text
    for path in ("/joining/edit", "/joining/branch"):
        assert browser.get(path).location == "/joining"  # the back button
    answer = browser.post("/joining/edit", application(world, version="2", send="yes"))
    assert answer.location == "/joining"  # sent twice
    assert "已经提交，正在等支部审核" in browser.get("/joining").text
    assert browser.post("/joining/take-back").location == "/joining/edit"
    assert joining.own_joining(actor).state is JoiningState.DRAFT


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("joined", "2020", "请按“2020-01”的样子填写"),
        ("joined", "2999-01", "不能早于 1922-05，也不能在今天之后"),
        ("approved_on", "2999-01-01", "审批日期不能在今天之后"),
        ("approved_on", "2001-01-01", "审批日期早于入团年月"),
        ("approved_on", "x", "请按“2020-01-31”的样子填写日期"),
        ("email", "nobody", "邮箱地址不完整"),
        ("email", "a\u202e@b.cn", "看不见的字符"),
        ("number", "1" * 30, "编号共 12 位"),
        ("person_name", "", "请填写姓名"),
        ("person_name", "李某😀", "姓名只能有汉字"),
    ],
)
def test_a_wrong_field_is_not_saved_and_stays_as_typed(
    world: World, field: str, typed: str, words: str
) -> None:
    actor = world.applicant()
    browser = world.client(actor.login)
    answer = browser.post(
        "/joining/edit", application(world, education="大学本科", keep="yes", **{field: typed})
    )
    assert answer.status_code == 422
    assert words in answer.text
    assert "<option selected>大学本科</option>" in answer.text
    assert joining.own_joining(actor).education is None


def test_sending_lists_what_is_missing(world: World) -> None:
    actor = world.applicant()
    browser = world.client(actor.login)
    chosen = dict.fromkeys(("ethnicity", "political_status", "education"), "请选择")
    answer = browser.post("/joining/edit", {"version": "1", "send": "yes", **chosen})
    assert answer.status_code == 422
    assert "还不能提交。请补全或改正下面 6 处" in answer.text
    assert "请先选择要加入的团支部" in answer.text
    assert version(answer) == "2"


def test_an_odd_age_is_asked_about(world: World) -> None:
    actor = world.applicant()
    browser = world.client(actor.login)
    browser.post("/joining/branch", {"branch_id": str(world.branch.id)})
    born = joining.own_joining(actor).birth_date
    odd = {
        "joined": f"{born.year + 13}-12",
        "number": f"{born.year + 13}11000001",
        "approved_on": f"{born.year + 13}-12-02",
    }
    answer = browser.post("/joining/edit", application(world, version="2", send="yes", **odd))
    assert "请核对入团年月，没有错的话请在下面勾选确认" in answer.text
    answer = browser.post(
        "/joining/edit",
        application(world, version=version(answer), send="yes", age_confirmed="y", **odd),
    )
    assert answer.location == "/joining"


def test_another_window_is_told_and_loses_nothing(world: World) -> None:
    actor = world.applicant()
    browser = world.client(actor.login)
    browser.post("/joining/edit", application(world, version="1", keep="yes"))
    answer = browser.post(
        "/joining/edit", application(world, version="1", education="大学本科", keep="yes")
    )
    assert answer.status_code == 409
    assert "可能是在另一个窗口里" in answer.text
    assert "<option selected>大学本科</option>" in answer.text
    again = application(world, version=version(answer), education="大学本科", keep="yes")
    assert browser.post("/joining/edit", again).status_code == 303


def test_a_long_form_survives_the_end_of_the_session(world: World) -> None:
    actor = world.applicant()
    browser = world.client(actor.login)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        answer = browser.post("/joining/edit", application(world, education="大学本科", keep="yes"))
        assert answer.status_code == 401
        pending = dict(re.findall(r'name="(pending-[^"]+)" value="([^"]*)"', answer.text))
        answer = browser.sign_in(actor.login, next="/joining/edit", **pending)
        fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', answer.text))
        assert browser.post("/joining/edit", fields).status_code == 303
    db.session.rollback()
    db.session.expire_all()
    assert joining.own_joining(actor).education == "大学本科"


def test_a_branch_that_closed_meanwhile_is_said_so(world: World) -> None:
    from portal.models import Organisation
    from portal.services.transaction import writing

    browser = world.client(world.applicant().login)
    with writing() as session:
        session.get_one(Organisation, world.branch.id).joining_closed = True
    assert browser.post("/joining/branch", {"branch_id": str(world.branch.id)}).status_code == 303
    page = browser.get("/joining/branch?q=高一(1)")
    assert "现在不接收加入申请" in page.text
    assert "不接收申请" in page.text


def test_the_number_is_checked_as_it_is_typed(world: World) -> None:
    browser = world.client(world.applicant().login)
    assert "还差 6 位" in browser.get("/joining/number?number=2026 11&joined=2026-01").text
    assert (
        "编号符合规则" in browser.get("/joining/number?number=2026 1101 2345&joined=2026-01").text
    )
    assert browser.get("/joining/number?number=").text.strip() == ""


# ---- the review ----


def approval(page: Any, **ticks: str) -> dict[str, str]:
    return {"version": version(page), **ticks}


TICKS = {"same-name": "yes", "same-number": "yes", "same-dates": "yes"}


def test_the_branch_returns_and_approves(world: World) -> None:
    actor = world.applicant()
    joining_id, other = world.apply(actor), world.apply()
    browser = world.client_of(world.branch)
    assert "加入申请" in browser.get("/members/").text
    assert "今天" in browser.get("/joinings/").text
    page = browser.get(f"/joinings/{joining_id}")
    answer = browser.post(f"/joinings/{joining_id}/return", {"version": version(page)})
    assert answer.status_code == 422
    assert "请选择或写明退回的原因" in answer.text
    answer = browser.post(
        f"/joinings/{joining_id}/return",
        {"version": version(page), "reason": "其他", "words": "a\u200bb"},
    )
    assert "看不见的字符" in answer.text
    answer = browser.post(
        f"/joinings/{joining_id}/return",
        {"version": version(page), "reason": "其他", "words": "请打 138 0013 8000"},
    )
    assert "不要写身份证号和手机号" in answer.text  # it goes on record
    answer = browser.post(
        f"/joinings/{joining_id}/return",
        {"version": version(page), "reason": "其他", "words": "照片贴反了"},
    )
    assert answer.location == f"/joinings/{other}"  # on to the next
    assert "照片贴反了" in browser.get(f"/joinings/{joining_id}").text
    own = joining.own_joining(actor)
    joining.send(actor, own.version, fields_of(own), age_confirmed=False)
    page = browser.get(f"/joinings/{joining_id}")
    assert "原样重交" in page.text
    answer = browser.post(f"/joinings/{joining_id}/approve", approval(page, **{"same-name": "yes"}))
    assert answer.status_code == 422
    assert "逐项打勾" in answer.text
    assert answer.text.count("data-tick checked") == 1
    answer = browser.post(f"/joinings/{joining_id}/approve", approval(page, **TICKS))
    assert answer.status_code == 303
    answer = browser.post(f"/joinings/{joining_id}/approve", approval(page, **TICKS))
    assert answer.status_code == 409  # a double click
    assert "已通过这份申请" in answer.text
    page = browser.get("/joinings/?state=approved")
    assert "查看" in page.text
    browser.post(f"/joinings/{other}/approve", approval(browser.get(f"/joinings/{other}"), **TICKS))
    assert "没有待审核的申请" in browser.get("/joinings/", htmx=True).text


def test_who_approves_what_was_taken_back_is_told(world: World) -> None:
    actor = world.applicant()
    joining_id, branch = world.apply(actor), world.client_of(world.branch)
    page = branch.get(f"/joinings/{joining_id}")
    joining.take_back(actor)
    for answer in (
        branch.post(f"/joinings/{joining_id}/approve", approval(page, **TICKS)),
        branch.get(f"/joinings/{joining_id}"),
    ):
        assert answer.status_code == 404
        assert "撤回了这份申请，还没有重新提交" in answer.text


def test_the_applicant_corrects_the_name(world: World) -> None:
    actor = world.applicant(name="李小名")
    browser = world.client(actor.login)
    page = browser.get("/joining/edit")
    assert 'value="李小名"' in page.text
    answer = browser.post(
        "/joining/edit", application(world, version=version(page), person_name="李小明", keep="yes")
    )
    assert answer.status_code == 303, answer.text
    assert 'value="李小明"' in browser.get("/joining/edit").text


def test_who_was_approved_sees_it_on_the_card(world: World) -> None:
    actor = world.applicant()
    joining_id = world.apply(actor)
    applicant, browser = world.client(actor.login), world.client_of(world.branch)
    assert "待审核" in applicant.get("/joining").text
    page = browser.get(f"/joinings/{joining_id}")
    browser.post(f"/joinings/{joining_id}/approve", approval(page, **TICKS))
    assert applicant.get("/joining").location == "/"  # the page that stayed open
    assert applicant.get("/").location == "/card"
    assert f"加入申请已通过：管理员{world.branch.id}" in applicant.get("/card").text
    with time_machine.travel(datetime.now(UTC) + timedelta(days=31)):
        assert "加入申请已通过：" not in world.client(actor.login).get("/card").text


def test_a_number_taken_meanwhile_is_said_at_the_number(world: World) -> None:
    number = world.number()
    joining_id = world.apply(number=number)
    world.add_member(world.far_branch, number=number, joined=clock.today().replace(day=1))
    browser = world.client_of(world.branch)
    page = browser.get(f"/joinings/{joining_id}")
    answer = browser.post(f"/joinings/{joining_id}/approve", approval(page, **TICKS))
    assert answer.status_code == 422
    assert "解除编号占用" in answer.text


def test_a_thousand_applications_wait_in_pages(world: World) -> None:
    from sqlalchemy import insert

    from portal.models import Joining
    from portal.services.transaction import writing

    moment = clock.now()
    with writing() as session:
        session.execute(
            insert(Joining),
            [
                {
                    "name": "李" * 50,
                    "pinyin": "li",
                    "initials": "l",
                    "sex": "F",
                    "birth_date": moment.date(),
                    "consented_at": moment,
                    "notice_version": "1",
                    "branch_id": world.branch.id,
                    "email": "",
                    "joined": moment.date(),
                    "state": "sent",
                    "version": 1,
                    "created_at": moment,
                    "changed_at": moment,
                    "sent_at": moment,
                    "reason": "",
                }
                for _ in range(1000)
            ],
        )
    browser = world.client_of(world.branch)
    page = browser.get("/joinings/")
    assert page.text.count("<tr>") == 51
    following = re.search(r'href="(/joinings/\?state=sent&amp;after=[^"]+)"', page.text)
    assert following
    page = browser.get(following[1].replace("&amp;", "&"))
    assert page.text.count("<tr>") == 51


def test_a_branch_reaches_no_other_application_by_any_address(world: World) -> None:
    joining_id = world.apply(branch=world.far_branch)
    browser: Browser = world.client_of(world.branch)
    assert browser.get(f"/joinings/{joining_id}").status_code == 404
    for step in ("approve", "return"):
        answer = browser.post(f"/joinings/{joining_id}/{step}", {"version": "2", "reason": "其他"})
        assert answer.status_code == 404


def test_an_applicant_who_forgot_the_password_comes_to_the_desk(world: World) -> None:
    sent = form()
    world.client().post("/register", sent)
    browser = world.client_of(world.branch)
    assert "申请人忘记密码" in browser.get("/joinings/").text
    assert browser.get("/joinings/code").status_code == 200
    answer = browser.post("/joinings/code", {"name": "王某", "id_number": sent["id_number"]})
    assert answer.status_code == 422
    assert "没有找到这个人的注册" in answer.text
    assert (
        "身份证号共 18 位" in browser.post("/joinings/code", {"name": "李", "id_number": "1"}).text
    )
    answer = browser.post("/joinings/code", {"name": "李某", "id_number": sent["id_number"]})
    assert answer.status_code == 200
    assert "一次性码" in answer.text


# ---- from outside ----

OUTSIDE = {
    "number": "2022 1300 0001",
    "joined": "2022-05",
    "former_place": "河北",
    "former_organisation": "石家庄市某中学团委高二（3）班团支部",
    "proof": "letter",
    "proof_number": "团介字第 9 号",
    "proof_on": "2026-11-01",
}


def from_outside(world: World, **changes: Any) -> dict[str, str]:
    sent = application(world, **{**OUTSIDE, **changes})
    del sent["approved_on"]  # the page does not ask for it
    return sent


def test_who_comes_from_outside_applies_and_is_approved(world: World) -> None:
    actor = world.applicant(born_before=date(2022, 5, 1))
    browser = world.client(actor.login)
    assert "我是从外省转来的" in browser.get("/joining").text
    answer = browser.post("/joining/kind", {"moved_in": "yes"})
    assert answer.location == "/joining/branch"
    assert "准备好外部系统的转接回执或团组织关系介绍信" in browser.get("/joining").text
    browser.post("/joining/branch", {"branch_id": str(world.branch.id)})
    page = browser.get("/joining/edit")
    assert "从哪里转来" in page.text
    assert "上级团委审批日期" not in page.text
    answer = browser.post("/joining/edit", from_outside(world, version=version(page), send="yes"))
    assert answer.location == "/joining"
    state = browser.get("/joining").text
    assert "石家庄市某中学团委高二（3）班团支部" in state
    assert "上级团委审批日期" not in state

    branch = world.client_of(world.branch)
    assert "从外部转入" in branch.get("/joinings/").text
    page = branch.get(f"/joinings/{actor.joining_id}")
    assert "与回执或介绍信逐项核对" in page.text
    assert "不需要上传《入团志愿书》" in page.text
    assert "转出组织与回执或介绍信不一致" in page.text
    ticks = {f"same-{name}": "yes" for name in ("name", "number", "dates")}
    address = f"/joinings/{actor.joining_id}/approve"
    answer = branch.post(address, {"version": version(page), **ticks})
    member = branch.get(answer.location)
    assert "已通过，编号已占用。这名团员不需要上传《入团志愿书》。" in member.text
    assert "河北 石家庄市某中学团委高二（3）班团支部" in member.text
    assert "选择文件" not in member.text
    card = browser.get("/card").text
    assert "不需要上传《入团志愿书》" in card
    information = browser.get("/card/information").text
    assert "河北 石家庄市某中学团委高二（3）班团支部" in information


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("number", "202211000001", "改为“在北京入团”"),
        ("former_organisation", "某中学", "请填写全称"),
        ("proof_number", "编\u202e号", "看不见的字符"),
        ("proof_on", "2030-01-01", "凭证日期不能在今天之后"),
        ("proof_on", "2022-04-30", "凭证日期早于入团年月"),
        ("former_place", "请选择", "请填写转出地"),
        ("proof", "", "请填写凭证"),
    ],
)
def test_what_is_wrong_with_where_one_comes_from_is_said_beside_it(
    world: World, field: str, typed: str, words: str
) -> None:
    browser = world.client(world.applicant(born_before=date(2022, 5, 1)).login)
    browser.post("/joining/kind", {"moved_in": "yes"})
    browser.post("/joining/branch", {"branch_id": str(world.branch.id)})
    sent = from_outside(world, version="3", send="yes", **{field: typed})
    answer = browser.post("/joining/edit", sent)
    assert answer.status_code == 422
    place = answer.text.index(f'id="field-{field}"')
    assert words in answer.text[place : place + 2600]
    assert "团介字第 9 号" in answer.text or field == "proof_number"


def test_changing_the_kind_of_application_keeps_what_was_typed(world: World) -> None:
    browser = world.client(world.applicant(born_before=date(2022, 5, 1)).login)
    browser.post("/joining/branch", {"branch_id": str(world.branch.id)})
    answer = browser.post("/joining/edit", application(world, version="2", moved_in="yes"))
    assert answer.location == "/joining/edit"
    page = browser.get("/joining/edit")
    assert "<b>从外部系统转入</b>" in page.text
    assert "<option selected>高中</option>" in page.text
    wrong = from_outside(world, version=version(page), moved_in="no", joined="五月")
    answer = browser.post("/joining/edit", wrong)  # wrong in one place, and changed all the same
    assert answer.status_code == 422
    assert "<b>在北京入团</b>" in answer.text
    assert 'value="五月"' in answer.text
    stale = browser.post("/joining/edit", from_outside(world, version="1", moved_in="yes"))
    assert stale.status_code == 409
    assert 'value="2022 1300 0001"' in stale.text


def test_enter_in_a_field_keeps_the_application_as_it_is(world: World) -> None:
    """The form's first button is what Enter presses: it must neither send nor change the kind."""
    browser = world.client(world.applicant().login)
    page = browser.get("/joining/edit").text
    first = re.search(r"<button[^>]*>", page[page.index('id="joining"') :])
    assert first
    assert "name=" not in first[0]


def test_a_sent_application_does_not_change_its_kind(world: World) -> None:
    actor = world.applicant()
    world.apply(actor)
    browser = world.client(actor.login)
    answer = browser.post("/joining/kind", {"moved_in": "yes"})
    assert answer.location == "/joining"
    assert "申请已经提交，正在等支部审核" in browser.get("/joining").text


def test_who_owes_a_form_is_told_so_at_the_approval_and_nobody_else(world: World) -> None:
    branch = world.client_of(world.branch)
    early = date(2018, 5, 1)
    for number, joined, words in (
        (None, None, "请在 30 日内上传《入团志愿书》"),
        ("201811000001", early, "这名团员不需要上传《入团志愿书》"),
    ):
        actor = world.applicant(born_before=joined)
        known = {"number": number, "joined": joined, "approved_on": None} if joined else {}
        joining_id = world.apply(actor, **known)
        page = branch.get(f"/joinings/{joining_id}")
        ticks = {f"same-{name}": "yes" for name in ("name", "number", "dates")}
        answer = branch.post(f"/joinings/{joining_id}/approve", {"version": version(page), **ticks})
        assert words in branch.get(answer.location).text
