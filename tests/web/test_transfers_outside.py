"""转至外部系统 through HTTP: all three ways to start it, the receipt, and coming back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from portal.extensions import db
from portal.models import Transfer
from portal.rules.member_number import group_number
from portal.rules.transfers import TransferState
from portal.rules.transfers_outside import NO_FORM
from portal.services import numbers, scans, transfer_deciding
from portal.services.member_editing import change_member, fields_of
from tests.builders import Browser, World
from tests.services.test_transfers_outside import RECEIPT, ask, gone, stored, to_receipt, with_form

SENT = {
    "place": "12",
    "receiver": "天津市河西区某中学团委高二（3）班团支部",
    "contact": "李老师 022-12345678",
    "reason": "升学或转学",
    "words": "",
}
RECEIVED = {"receipt": "TJ-2026-77", "given_on": "2026-11-20"}


def transfers() -> list[Transfer]:
    db.session.rollback()
    return list(db.session.scalars(select(Transfer)))


def member_browser(world: World, member: int) -> Browser:
    return world.client(world.member_actor(member).login)


# ---- the three ways, without a form ----


def test_the_page_of_a_branch_leads_to_the_upload(world: World) -> None:
    member = world.add_member()
    page = world.client_of(world.branch).get(f"/members/{member}/transfer/outside")
    assert page.status_code == 200
    assert f"{NO_FORM}。" in page.text
    assert f'href="/members/{member}/edit#scan-{member}"' in page.text
    assert 'name="receiver"' not in page.text


def test_the_page_of_a_member_says_whom_to_ask(world: World) -> None:
    member = world.add_member()
    page = member_browser(world, member).get(f"/members/{member}/transfer/outside")
    assert f"{NO_FORM}。" in page.text
    assert f"请联系“高一(1)班团支部”的管理员管理员{world.branch.id}上传" in page.text
    assert 'name="receiver"' not in page.text
    assert "/edit" not in page.text


@pytest.mark.parametrize("who", ["branch", "member"])
@pytest.mark.parametrize("changes", [{}, {"receiver": "", "place": "11"}])
def test_a_request_made_by_hand_is_refused_with_the_guides_sentence(
    world: World, who: str, changes: dict[str, str]
) -> None:
    member = world.add_member()
    browser = world.client_of(world.branch) if who == "branch" else member_browser(world, member)
    answer = browser.post(f"/members/{member}/transfer/outside", SENT | changes)
    assert answer.status_code == 422
    assert NO_FORM in answer.text
    assert transfers() == []


def test_the_committee_cannot_start_it_at_all(world: World) -> None:
    member = with_form(world)
    browser = world.client_of(world.district)
    assert browser.post(f"/members/{member}/transfer/outside", SENT).status_code == 403
    other = with_form(world)
    stranger = member_browser(world, other)
    assert stranger.post(f"/members/{member}/transfer/outside", SENT).status_code == 404
    assert transfers() == []


# ---- with a form ----


def test_a_member_asks_on_the_phone(world: World) -> None:
    member = with_form(world)
    browser = member_browser(world, member)
    page = browser.get(f"/members/{member}/transfer/outside")
    assert "东城区团区委审核" in page.text
    answer = browser.post(f"/members/{member}/transfer/outside", SENT)
    assert answer.status_code == 303
    assert answer.location == "/card/transfer"
    (transfer,) = transfers()
    assert (transfer.by_member, transfer.province, transfer.receiver) == (
        True,
        "天津",
        SENT["receiver"],
    )
    again = browser.get(f"/members/{member}/transfer/outside").text
    assert "已有一份转接在办理" in again
    assert 'name="receiver"' not in again


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("place", "11", "请选择转往哪个省"),
        ("receiver", "某校", "请填写全称"),
        ("contact", "", "请填写对方团组织的联系人和电话"),
        ("reason", "", "请选择转接的原因"),
        ("words", "身份证 990501200805010017", "身份证号"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_nothing_typed_is_lost(
    world: World, field: str, typed: str, words: str
) -> None:
    member = with_form(world)
    browser = world.client_of(world.branch)
    answer = browser.post(f"/members/{member}/transfer/outside", SENT | {field: typed})
    assert answer.status_code == 422
    place = answer.text.index(f'id="field-{"reason" if field == "words" else field}"')
    assert words in answer.text[place:]
    kept = "李老师 022-12345678" if field != "contact" else SENT["receiver"]
    assert kept in answer.text
    assert transfers() == []


def test_the_second_of_two_is_told_where_the_first_stands(world: World) -> None:
    member = with_form(world)
    branch = world.client_of(world.branch)
    ask(world.member_actor(member), member)
    answer = branch.post(f"/members/{member}/transfer/outside", SENT)
    assert answer.status_code == 409
    assert "还在办理，不能再申请" in answer.text
    assert "查看办理情况" in answer.text


# ---- the receipt ----


def test_the_branch_enters_the_receipt(world: World) -> None:
    member = with_form(world)
    transfer = to_receipt(world, member)
    branch = world.client_of(world.branch)
    page = branch.get(f"/transfers/{transfer}/receipt")
    assert "李老师 022-12345678" in page.text
    wrong = branch.post(f"/transfers/{transfer}/receipt", {"receipt": "", "given_on": "x"})
    assert wrong.status_code == 422
    assert "没有编号的填“无”" in wrong.text
    old = branch.post(f"/transfers/{transfer}/receipt", RECEIVED | {"given_on": "0001-01-01"})
    assert old.status_code == 422
    assert "日期早于入团年月" in old.text
    answer = branch.post(f"/transfers/{transfer}/receipt", RECEIVED)
    assert (answer.status_code, answer.location) == (303, f"/transfers/{transfer}")
    assert stored(transfer).state is TransferState.DONE
    shown = branch.get(f"/members/{member}").text
    assert "已转至外部系统：天津 天津市河西区某中学" in shown
    assert "转回登记…" in shown
    assert ">恢复<" not in shown
    assert "现在不用登记回执" in branch.get(f"/transfers/{transfer}/receipt").text


def test_who_does_not_have_it_cannot_enter_the_receipt(world: World) -> None:
    member = with_form(world)
    transfer = ask(world.actor(world.branch), member)
    branch = world.client_of(world.branch)
    answer = branch.post(f"/transfers/{transfer}/receipt", RECEIVED)
    assert answer.status_code == 409
    assert "还不能登记回执" in answer.text
    transfer_deciding.agree(world.actor(world.district), transfer)
    for node, status in ((world.sister, 404), (world.other_district, 404), (world.grassroots, 403)):
        answer = world.client_of(node).post(f"/transfers/{transfer}/receipt", RECEIVED)
        assert answer.status_code == status
    member_answer = member_browser(world, member).post(f"/transfers/{transfer}/receipt", RECEIVED)
    assert member_answer.status_code == 403
    assert world.member(member).left_at is None
    district = world.client_of(world.district)
    assert district.post(f"/transfers/{transfer}/receipt", RECEIVED).status_code == 303


def test_a_receipt_without_the_form_is_refused(world: World) -> None:
    member = world.add_member(number="201911000001", joined=date(2019, 5, 1))
    transfer = to_receipt(world, member)
    world.set_columns(member, is_new_member=True)
    answer = world.client_of(world.branch).post(f"/transfers/{transfer}/receipt", RECEIVED)
    assert answer.status_code == 422
    assert NO_FORM in answer.text


# ---- the form's cell ----


def test_before_a_form_is_deleted_it_is_said_what_ends_with_it(world: World) -> None:
    member = with_form(world)
    branch = world.client_of(world.branch)
    assert "转接立即终止" not in branch.get(f"/members/{member}/scan/delete").text
    transfer = to_receipt(world, member)
    for htmx in (False, True):
        page = branch.get(f"/members/{member}/scan/delete", htmx=htmx).text
        assert "正在办理转至外部系统" in page
        assert "删除后这份转接立即终止" in page
    branch.post(f"/members/{member}/scan/delete")
    assert stored(transfer).state is TransferState.STOPPED


# ---- afterwards ----


def test_the_card_says_where_they_went_and_how_to_come_back(world: World) -> None:
    member = with_form(world)
    browser = member_browser(world, member)
    transfer = to_receipt(world, member)
    world.client_of(world.branch).post(f"/transfers/{transfer}/receipt", RECEIVED)
    card = browser.get("/card").text
    assert "团组织关系已转至外部系统：天津 天津市河西区某中学" in card
    assert "一直为您保留，不会给别人" in card
    assert "不用重新注册和申请" in card
    assert "出示身份码" not in card
    assert "团员身份请由现在所在的团组织证明" in card
    assert browser.get(f"/members/{member}/scan").status_code == 200


def test_who_comes_back_is_entered_with_what_they_bring(world: World) -> None:
    member = gone(world)
    branch = world.client_of(world.branch)
    assert "转回登记…" in branch.get("/members/?filter=left").text
    answer = branch.post(f"/members/{member}/return")  # the button of those who were set aside
    assert answer.status_code == 409
    assert "请凭外部系统的回执或介绍信" in answer.text
    page = branch.get(f"/members/{member}/come-back").text
    assert "不用重新申请" in page
    wrong = branch.post(f"/members/{member}/come-back", {"place": "12"})
    assert wrong.status_code == 422
    assert "请选择看过的是回执还是介绍信" in wrong.text
    sent = SENT | RECEIVED | {"proof": "letter"}
    answer = branch.post(f"/members/{member}/come-back", sent)
    assert (answer.status_code, answer.location) == (303, f"/members/{member}")
    assert "编号不变，重新计入本支部的统计" in branch.get(answer.location).text
    assert branch.get(f"/members/{member}/come-back").status_code == 303
    assert world.client_of(world.sister).get(f"/members/{member}/come-back").status_code == 404


def test_who_came_back_can_ask_for_a_branch_of_beijing_at_once(world: World) -> None:
    member = with_form(world)
    own = member_browser(world, member)
    transfer = to_receipt(world, member)
    branch = world.client_of(world.branch)
    branch.post(f"/transfers/{transfer}/receipt", RECEIVED)
    branch.post(f"/members/{member}/come-back", SENT | RECEIVED | {"proof": "letter"})
    page = own.get("/card/transfer").text
    assert "您的团组织关系已转至外部系统" not in page
    assert "您后来已转回，现在在 高一(1)班团支部" in page
    assert 'href="/card/transfer?new=1"' in page
    assert "选择转入的团支部" in own.get("/card/transfer?new=1").text


def test_the_reasons_for_setting_aside_have_no_transfer(world: World) -> None:
    member = world.add_member()
    branch = world.client_of(world.branch)
    assert "转至外部系统" not in branch.get(f"/members/{member}/leave").text
    answer = branch.post(f"/members/{member}/leave", {"reason": "moved_outside", "note": "x"})
    assert answer.status_code == 422
    assert world.member(member).left_at is None


def test_a_number_of_who_went_is_not_offered_for_release(world: World) -> None:
    member = gone(world)
    district = world.client_of(world.district)
    assert "解除编号占用" not in district.get(f"/members/{member}").text
    sent: dict[str, Any] = {
        "number": world.member(member).number,
        "usual_reason": "录入时填错了编号",
        "words": "",
    }
    answer = district.post(f"/members/{member}/number/release", sent)
    assert answer.status_code == 409
    assert "一直为本人保留" in answer.text
    assert scans.current_scan(member) is not None
    assert RECEIPT.number


# ---- where it stands ----


def test_each_side_sees_where_it_stands_and_what_it_can_do(world: World) -> None:
    member = with_form(world)
    own = member_browser(world, member)
    own.post(f"/members/{member}/transfer/outside", SENT)
    (transfer,) = transfers()
    page, branch, district = (
        f"/transfers/{transfer.id}",
        *(world.client_of(node) for node in (world.branch, world.district)),
    )
    assert "同意转出" in branch.get(page).text
    assert "审核同意" not in district.get(page).text
    assert "李老师 022-12345678" in own.get("/card/transfer").text
    answer = branch.post(f"{page}/agree")
    assert answer.status_code == 303
    assert "下一步由 东城区团区委 办理：区级团委审核" in branch.get(page).text
    assert "份转至外部系统的申请等待审核" in district.get("/home").text
    listed = district.get("/transfers/below?part=waiting").text
    assert f'href="{page}"' in listed
    assert "待本级审核" not in world.client_of(world.grassroots).get("/transfers/below").text
    assert "审核同意" in district.get(page).text
    district.post(f"{page}/agree")
    assert "没有等本级审核的转接" in district.get("/transfers/below?part=waiting").text
    for browser in (branch, district):
        assert f'href="{page}/receipt"' in browser.get(page).text
    assert "把回执交给" in own.get("/card/transfer").text
    branch.post(f"{page}/receipt", RECEIVED)
    for shown in (branch.get(page).text, district.get(page).text):
        assert "TJ-2026-77（2026-11-20）" in shown
        assert "登记回执，转接完成" in shown
        assert "李老师" not in shown
    done = own.get("/card/transfer").text
    assert "您的团组织关系已转至外部系统" in done
    assert "申请转到别的团支部" not in done
    assert "不能再转接" in own.get("/card/transfer?new=1").text


def test_the_committee_reads_which_numbers_the_member_held_before(world: World) -> None:
    """One of another province in place of a Beijing one needs no form: they look twice."""
    member = world.add_member(joined=date(2026, 1, 1))
    before = world.member(member).number
    assert before
    district, branch = world.actor(world.district), world.actor(world.branch)
    numbers.release_number(district, member, number=before, reason="支部说填错了")
    row = world.member(member)
    typed = replace(fields_of(row), number="202613000001")
    change_member(branch, member, row.version, typed)
    transfer = ask(branch, member)
    shown = world.client_of(world.district).get(f"/transfers/{transfer}").text
    assert "以前占用过的编号：" in shown
    assert group_number(before) in shown
    assert "以前占用过" not in world.client_of(world.branch).get(f"/transfers/{transfer}").text
    other = world.client_of(world.district).get(f"/transfers/{to_receipt(world, with_form(world))}")
    assert "以前占用过" not in other.text


def test_a_form_that_is_lacking_is_said_on_every_page(world: World) -> None:
    member = world.add_member(number="201911000001", joined=date(2019, 5, 1))
    person = world.member_actor(member)
    transfer = ask(person, member)
    page = f"/transfers/{transfer}"
    world.set_columns(member, is_new_member=True)
    branch, own = world.client_of(world.branch), world.client(person.login)
    shown = branch.get(page).text
    assert NO_FORM in shown
    assert f'href="/members/{member}/edit#scan-{member}"' in shown
    assert "同意转出" not in shown
    assert NO_FORM in own.get("/card/transfer").text
    answer = branch.post(f"{page}/agree")
    assert answer.status_code == 422
    assert NO_FORM in answer.text


def test_the_branch_says_that_the_other_side_did_not_take_them(world: World) -> None:
    member = with_form(world)
    transfer = to_receipt(world, member)
    branch = world.client_of(world.branch)
    page = f"/transfers/{transfer}"
    assert "对方没有接收，结束" in branch.get(page).text
    assert branch.post(f"{page}/decline", {"answer": ""}).status_code == 422
    branch.post(f"{page}/decline", {"answer": "对方单位不接收团员"})
    assert "对方单位不接收团员" in branch.get(page).text
    assert "对方单位不接收团员" in world.client_of(world.district).get(page).text
