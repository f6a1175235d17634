"""用户中心, 账号管理 and 设置密码 through HTTP: words, what they survive, what is nowhere to be seen."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal.extensions import db, limiter
from portal.models import Account, SignIn
from portal.rules.leaving import LeavingReason
from tests.builders import PASSWORD, Browser, World

NEW = "hongqi-42-mantou-gou"


@pytest.fixture(autouse=True)
def _no_limits_left(app: Flask) -> None:
    limiter.reset()


def slip_of(text: str) -> tuple[str, str]:
    """Account and one-time code on a slip."""
    login = re.search(r"<dt>账号</dt><dd[^>]*>([^<]+)<", text)
    code = re.search(r"slip-code\">([^<]+)<", text)
    assert login
    assert code
    return login[1], code[1]


def set_password(
    browser: Browser, login: str, code: str, password: str = NEW, again: str = ""
) -> int:
    data = {"login": login, "code": code, "password": password, "again": again or password}
    return int(browser.post("/password/code", data).status_code)


def account_id(login: str) -> int:
    db.session.rollback()
    return db.session.scalars(select(Account.id).where(Account.login == login)).one()


# ---- 设置密码 ----


def test_from_a_new_account_to_the_first_sign_in(world: World) -> None:
    committee = world.client_of(world.grassroots)
    page = committee.get(f"/organisations/{world.branch.id}/accounts/new").text
    assert 'value="gy1btzb1"' in page
    answer = committee.post(
        f"/organisations/{world.branch.id}/accounts/new",
        {"person_name": "王接班", "new_login": "GY1btzb1"},
    )
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    login, code = slip_of(answer.text)
    assert "http://localhost/password/code" in answer.text
    person = world.client()
    assert "忘记密码 / 第一次登录" in person.get("/sign-in").text
    assert "一次性码" in person.get("/password/code").text
    assert set_password(person, login, code) == 303
    assert "密码已设置" in person.get("/sign-in").text
    assert person.sign_in(login, NEW).status_code == 303
    assert person.get("/members/").status_code == 200


def test_a_wrong_code_says_what_to_do_and_nothing_typed_of_use_to_others_stays(
    world: World,
) -> None:
    browser = world.client()
    data = {"login": "login5", "code": "ACDE", "password": NEW, "again": NEW}
    answer = browser.post("/password/code", data)
    assert answer.status_code == 422
    assert "账号或一次性码不对" in answer.text
    assert 'value="login5"' in answer.text
    assert NEW not in answer.text
    unknown = browser.post("/password/code", {**data, "login": "nobody"})
    assert "账号或一次性码不对" in unknown.text


def test_a_bad_new_password_is_said_beside_the_field(world: World) -> None:
    account = world.add_account(world.branch, login="second")
    login, code = slip_of(world.client_of(world.branch).post(f"/accounts/{account}/code").text)
    browser = world.client()
    data = {"login": login, "code": code, "password": NEW, "again": "other"}
    assert "两次输入的不一样" in browser.post("/password/code", data).text
    data = {"login": login, "code": code, "password": "woaini1314", "again": "woaini1314"}
    assert "很多人在用" in browser.post("/password/code", data).text
    assert "请填写账号" in browser.post("/password/code", {}).text
    for _ in range(6):  # to think of a good one is no guessing
        assert set_password(browser, login, code, "woaini1314") == 422
    assert set_password(browser, login, code) == 303


def test_guessing_codes_is_slowed_down(world: World) -> None:
    browser = world.client()
    answers = [set_password(browser, "login5", f"ACDE-FGHJ-KMN{n}") for n in range(7)]
    assert answers == [422] * 5 + [429] * 2


def test_the_meter_answers_while_typing(world: World) -> None:
    browser = world.client()
    assert browser.post("/password/strength", {"password": ""}, htmx=True).text.strip() == ""
    weak = browser.post("/password/strength", {"password": "woaini1314"}, htmx=True).text
    assert "很弱" in weak
    assert "很多人在用" in weak
    middling = browser.post("/password/strength", {"password": "kuaizi*7*tuzi"}, htmx=True).text
    assert "再加一两个词" in middling
    assert "一般" in browser.post("/password/strength", {"password": NEW}, htmx=True).text
    named = {"password": "wangxiaoming-kuaizi", "name": "王小明"}
    assert "您的账号、姓名" in browser.post("/password/strength", named, htmx=True).text
    signed_in = world.client_of(world.branch)
    own = {"password": f"login{world.branch.id}-kuaizi-mantou"}
    assert "您的账号、姓名" in signed_in.post("/password/strength", own, htmx=True).text


def test_the_meter_needs_a_token_and_falls_silent_when_asked_too_often(world: World) -> None:
    browser = world.client()
    answer = browser.request("POST", "/password/strength", data={"password": "x"})
    assert answer.status_code == 400
    token = browser.token()
    data = {"password": "x", "csrf_token": token}
    codes = {
        browser.request("POST", "/password/strength", data=data).status_code for _ in range(125)
    }
    assert codes == {200, 204}


def test_passwords_and_codes_are_nowhere_in_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    account = world.add_account(world.branch, login="second")
    with caplog.at_level("DEBUG"):
        login, code = slip_of(world.client_of(world.branch).post(f"/accounts/{account}/code").text)
        browser = world.client()
        browser.post("/password/strength", {"password": NEW}, htmx=True)
        assert set_password(browser, login, code) == 303
    assert NEW not in caplog.text
    assert code not in caplog.text
    assert code.replace("-", "") not in caplog.text


# ---- 用户中心 ----


def test_changing_the_password(world: World) -> None:
    browser, elsewhere = world.client_of(world.branch), world.client_of(world.branch)
    assert "现在的密码" in browser.get("/my/password").text
    data = {"old_password": "wrong", "password": NEW, "again": NEW}
    wrong = browser.post("/my/password", data)
    assert wrong.status_code == 422
    assert "现在的密码不对" in wrong.text
    data["old_password"] = PASSWORD
    weak = browser.post("/my/password", {**data, "password": "short", "again": "short"})
    assert "至少 10 个字符" in weak.text
    assert "请填写现在的密码" in browser.post("/my/password", {}).text
    assert browser.post("/my/password", data).location == "/my/profile"
    assert "密码已修改" in browser.get("/my/profile").text
    assert elsewhere.get("/members/").status_code == 302


def test_guessing_the_old_password_is_slowed_down(world: World) -> None:
    browser = world.client_of(world.branch)
    data = {"old_password": "wrong", "password": NEW, "again": NEW}
    answers = [browser.post("/my/password", data).status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]


def test_no_password_is_carried_over_an_expired_session(world: World) -> None:
    browser = world.client_of(world.branch)
    data = {"old_password": PASSWORD, "password": NEW, "again": NEW}
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        answer = browser.post("/my/password", data)
        assert answer.status_code == 401
        assert NEW not in answer.text
        assert PASSWORD not in answer.text


def test_what_was_typed_for_a_new_account_survives_an_expired_session(world: World) -> None:
    browser = world.client_of(world.branch)
    path = f"/organisations/{world.branch.id}/accounts/new"
    data = {"person_name": "王接班", "new_login": "gy1btzb1"}
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        answer = browser.post(path, data)
        pending = dict(re.findall(r'name="(pending-[^"]+)" value="([^"]*)"', answer.text))
        resumed = browser.sign_in(f"login{world.branch.id}", next=path, **pending)
        assert "王接班" in resumed.text
        fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', resumed.text))
        assert slip_of(browser.post(path, fields).text)[0] == "gy1btzb1"


def test_each_role_finds_their_own_data(world: World) -> None:
    member = world.add_member(name="安新")
    world.member_actor(member)
    page = world.client(f"member{member}").get("/my/profile").text
    assert "安新" in page
    assert "/my/contact" in page
    page = world.client_of(world.district).get("/my/profile").text
    assert "共青团北京市委员会 › 东城区团区委" in page
    assert "/my/contact" not in page
    card = world.client(f"member{member}").get("/card").text
    assert all(f'href="/my/{name}"' in card for name in ("profile", "password", "sign-ins"))


def test_a_member_changes_their_contact(world: World) -> None:
    member = world.add_member()
    world.member_actor(member)
    browser = world.client(f"member{member}")
    version = world.member(member).version
    page = browser.get("/my/contact").text
    assert "●●●●-●●●●" in page
    sent = {"version": str(version), "email": "a@example.com", "phone": "", "old_password": ""}
    assert (
        "修改电话须填写现在的密码"
        in browser.post("/my/contact", {**sent, "phone": "13900001111"}).text
    )
    wrong = browser.post("/my/contact", {**sent, "phone": "139", "old_password": "x"})
    assert "手机号共 11 位" in wrong.text
    wrong = browser.post("/my/contact", {**sent, "phone": "13900001111", "old_password": "x"})
    assert "现在的密码不对" in wrong.text
    assert "邮箱地址不完整" in browser.post("/my/contact", {**sent, "email": "a@"}).text
    odd = browser.post("/my/contact", {**sent, "email": "a\u200bb@example.com"})
    assert odd.status_code == 422
    old = browser.post("/my/contact", {**sent, "version": "x"})
    assert old.status_code == 409
    assert "a@example.com" in old.text
    assert browser.post("/my/contact", sent).location == "/my/profile"
    assert world.member(member).email == "a@example.com"


def test_ones_devices_are_listed_and_taken_offline(world: World) -> None:
    browser, other, third = (world.client_of(world.branch) for _ in range(3))
    page = browser.get("/my/sign-ins").text
    assert page.count("这一个") == 1
    ids = re.findall(r"/my/sign-ins/(\d+)/end", page)
    assert len(ids) == 2
    assert browser.post(f"/my/sign-ins/{ids[1]}/end").location == "/my/sign-ins"
    assert other.get("/members/").status_code == 302
    assert third.get("/members/").status_code == 200
    assert "30 天内结束的登录" in browser.get("/my/sign-ins").text
    assert browser.post("/my/sign-ins/end-others").location == "/my/sign-ins"
    assert third.get("/members/").status_code == 302
    assert "下线全部其他" not in browser.get("/my/sign-ins").text
    assert browser.get("/members/").status_code == 200


# ---- 账号管理 ----


def test_a_committee_finds_the_accounts_of_a_branch(world: World) -> None:
    browser = world.client_of(world.district)
    assert f"/organisations/{world.district.id}/accounts" in browser.get("/organisations/").text
    page = browser.get(f"/organisations/{world.branch.id}").text
    assert f"/organisations/{world.branch.id}/accounts" in page
    page = browser.get(f"/organisations/{world.branch.id}/accounts").text
    assert f"login{world.branch.id}" in page
    assert "没有登录过" in page


def test_an_organisation_without_accounts_says_what_to_do(world: World) -> None:
    from portal.models import Organisation
    from portal.rules.organisations import OrganisationKind
    from portal.services.transaction import writing

    with writing() as session:
        session.add(
            Organisation(
                id=900,
                parent_id=world.grassroots.id,
                kind=OrganisationKind.BRANCH,
                name="新支部" * 10,
                initials="",
                path=f"{world.grassroots.path}900/",
            )
        )
    page = world.client_of(world.grassroots).get("/organisations/900/accounts").text
    assert "还没有账号" in page


def test_a_wrong_field_of_a_new_account_keeps_what_was_typed(world: World) -> None:
    browser = world.client_of(world.branch)
    path = f"/organisations/{world.branch.id}/accounts/new"
    answer = browser.post(path, {"person_name": "王\u202e二", "new_login": "团 委"})
    assert answer.status_code == 422
    assert "看不见的字符" in answer.text
    assert "3 到 32 位" in answer.text
    assert 'value="团 委"' in answer.text
    taken = {"person_name": "王二", "new_login": f"login{world.sister.id}"}
    answer = browser.post(path, taken)
    assert answer.status_code == 422
    assert "已经有人用了" in answer.text
    assert 'value="王二"' in answer.text


def test_an_account_is_named_disabled_enabled_and_taken_offline(world: World) -> None:
    person, browser = world.client_of(world.branch), world.client_of(world.grassroots)
    page = f"/accounts/{world.branch.id}"
    assert "停用" in browser.get(page).text
    assert browser.post(f"{page}/name", {"person_name": "王更正"}).location == page
    assert "王更正" in browser.get(page).text
    wrong = browser.post(f"{page}/name", {"person_name": "<b>"})
    assert wrong.status_code == 422
    assert "姓名只能有汉字" in wrong.text
    assert browser.post(f"{page}/sign-ins/end").location == page
    assert "已下线" in browser.get(page).text
    assert person.get("/members/").status_code == 302
    browser.post(f"{page}/sign-ins/end")
    assert "现在没有登录的设备" in browser.get(page).text
    browser.post(f"{page}/disable")
    assert "已停用" in browser.get(page).text
    assert "没有发出一次性码" in browser.post(f"{page}/code").text
    browser.post(f"{page}/enable")
    assert "账号已启用" in browser.get(page).text


def test_of_ones_own_account_the_dangerous_things_are_not_offered(world: World) -> None:
    browser = world.client_of(world.branch)
    page = browser.get(f"/accounts/{world.branch.id}").text
    assert "/disable" not in page
    assert "/code" not in page
    assert "/name" not in page
    answer = browser.post(f"/accounts/{world.branch.id}/disable")
    assert answer.status_code == 409
    assert "不能停用自己" in answer.text
    assert "不能给自己发" in browser.post(f"/accounts/{world.branch.id}/code").text


def test_handing_over(world: World) -> None:
    old, browser = world.client_of(world.branch), world.client_of(world.grassroots)
    path = f"/accounts/{world.branch.id}/hand-over"
    assert f"管理员{world.branch.id}" in browser.get(path).text
    taken = {"person_name": "王接班", "new_login": f"login{world.sister.id}"}
    assert "已经有人用了" in browser.post(path, taken).text
    answer = browser.post(path, {"person_name": "王接班", "new_login": "gy1btzb1"})
    login, code = slip_of(answer.text)
    assert f"管理员{world.branch.id} 的账号已停用" in answer.text
    assert old.get("/members/").status_code == 302
    assert set_password(world.client(), login, code) == 303
    late = browser.post(path, {"person_name": "王另一", "new_login": "gy1btzb2"})
    assert late.status_code == 409
    assert "已经停用，不能再交接" in late.text


def test_a_branch_resets_its_members_password(world: World) -> None:
    member = world.add_member(name="安新")
    browser = world.client_of(world.branch)
    assert f"/members/{member}/code" in browser.get(f"/members/{member}").text
    assert "重置密码" not in world.client_of(world.district).get(f"/members/{member}").text
    login, code = slip_of(browser.post(f"/members/{member}/code").text)
    person = world.client()
    assert set_password(person, login, code.lower()) == 303
    assert person.sign_in(login, NEW).status_code == 303
    assert person.get("/card").status_code == 200
    world.set_columns(member, left_at=datetime.now(UTC), left_reason=LeavingReason.LEFT_LEAGUE)
    assert "已不在册" in browser.post(f"/members/{member}/code").text


def test_the_code_is_in_no_other_answer(world: World) -> None:
    account = world.add_account(world.branch, login="second")
    browser = world.client_of(world.branch)
    _, code = slip_of(browser.post(f"/accounts/{account}/code").text)
    for path in (f"/accounts/{account}", "/accounts/", "/my/sign-ins"):
        assert code not in browser.get(path).text
    assert "一次性码有效至" in browser.get("/accounts/").text
    db.session.rollback()
    assert db.session.scalar(select(SignIn.id).where(SignIn.account_id == account)) is None
