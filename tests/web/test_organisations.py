"""团组织管理, 导入组织, 移出 through HTTP: pages, words, what they survive."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from sqlalchemy import select

from portal.extensions import db, limiter
from portal.models import Organisation
from portal.rules.leaving import Leaving, LeavingReason
from portal.services.installation import install
from portal.services.leaving import set_aside
from portal.services.organisation_changes import close, rename
from tests.builders import PASSWORD, Browser, World
from tests.sheets import GOOD, sheet


@pytest.fixture(autouse=True)
def _no_limits_left(app: Flask) -> None:
    limiter.reset()


@pytest.fixture
def district(world: World) -> Browser:
    return world.client_of(world.district)


def found(name: str) -> Organisation:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Organisation).where(Organisation.name == name)).one()


def send(browser: Browser, content: bytes) -> object:
    data = {"csrf_token": browser.token(), "file": (io.BytesIO(content), "tree.xlsx")}
    return browser.request(
        "POST", "/organisations/sheet", data=data, content_type="multipart/form-data"
    )


# ---- organisations ----


def test_what_a_committee_can_do_stands_on_the_organisations_page(
    world: World, district: Browser
) -> None:
    own = district.get("/organisations/").text
    assert f"/organisations/{world.district.id}/add" in own
    assert f"/organisations/{world.district.id}/rename" not in own
    below = district.get(f"/organisations/{world.branch.id}").text
    for page in ("rename", "move", "merge", "close", "joining"):
        assert f"/organisations/{world.branch.id}/{page}" in below
    assert f"/organisations/{world.branch.id}/add" not in below
    top = world.client_of(world.municipal).get("/organisations/").text
    assert f"/organisations/{world.municipal.id}/rename" in top
    assert f"/organisations/{world.municipal.id}/close" not in top
    assert "改名" not in world.client_of(world.branch).get("/members/").text


def test_adding_says_what_is_wrong_and_keeps_what_was_typed(
    world: World, district: Browser
) -> None:
    path = f"/organisations/{world.grassroots.id}/add"
    assert "请选择" in district.get(path).text
    for fields, words in (
        ({"kind": "branch", "name": ""}, "请填写组织名称"),
        ({"kind": "branch", "name": "班"}, "名称至少 2 个字"),
        ({"kind": "branch", "name": "高一\u202e班"}, "看不见的字符（U+202E）"),
        ({"kind": "", "name": "高一(3)班团支部"}, "请选择组织的类型"),
        ({"kind": "branch", "name": "高一(1)班团支部"}, "下面已经有"),
        ({"kind": "district", "name": "某团区委"}, "基层团委下面不能有团区委"),
    ):
        answer = district.post(path, fields)
        assert answer.status_code == 422
        assert words in answer.text
        assert fields["name"] in answer.text
    answer = district.post(path, {"kind": "branch", "name": " 高一(3)班团支部 "})
    assert answer.status_code == 303
    assert "已在“东城区第一中学团委”下面新增“高一(3)班团支部”" in district.get(answer.location).text
    leaf = district.get(f"/organisations/{world.branch.id}/add")
    assert (leaf.status_code, "不再分组织" in leaf.text) == (422, True)


def test_renaming_and_the_second_of_two(world: World, district: Browser) -> None:
    path = f"/organisations/{world.branch.id}/rename"
    assert 'value="高一(1)班团支部"' in district.get(path).text
    assert district.post(path, {"version": "1", "name": ""}).status_code == 422
    assert district.post(path, {"version": "1", "name": "高一(2)班团支部"}).status_code == 422
    rename(world.actor(world.municipal), world.branch.id, 1, "先改的名称")
    answer = district.post(path, {"version": "1", "name": "后改的名称"})
    assert answer.status_code == 409
    assert f"管理员{world.municipal.id} 在" in answer.text
    assert 'value="后改的名称"' in answer.text
    assert 'name="version" value="2"' in answer.text
    assert district.post(path, {"version": "2", "name": "后改的名称"}).status_code == 303
    assert found("后改的名称").id == world.branch.id


def test_moving_is_chosen_previewed_and_done(world: World) -> None:
    browser = world.client_of(world.municipal)
    world.add_member()
    path = f"/organisations/{world.grassroots.id}/move"
    page = browser.get(f"{path}?q=西城").text
    assert f"{path}?to={world.other_district.id}" in page
    assert "共青团北京市委员会 › 西城区团教工委" in page
    assert "没有找到名称含“火星”" in browser.get(f"{path}?q=火星").text
    preview = browser.get(f"{path}?to={world.other_district.id}").text
    assert "2 个下级组织，1 名团员" in preview
    refused = browser.get(f"{path}?to={world.branch.id}")
    assert (refused.status_code, "它自己或它的下级" in refused.text) == (422, True)
    fields = {"version": "1", "to": str(world.other_district.id)}
    answer = browser.post(path, fields)
    assert answer.status_code == 303
    assert "已移动“东城区第一中学团委”" in browser.get(answer.location).text
    late = browser.post(path, fields)
    assert (late.status_code, "改动过这个组织" in late.text) == (409, True)


def test_merging_says_what_goes_over_before_it_is_done(world: World, district: Browser) -> None:
    world.add_member()
    path = f"/organisations/{world.branch.id}/merge"
    assert f"{path}?to={world.sister.id}" in district.get(path).text
    preview = district.get(f"{path}?to={world.sister.id}").text
    assert "转入 1 名团员、0 份待审核的加入申请、0 份解除编号的申请和 1 个账号" in preview
    answer = district.post(path, {"version": "1", "to": str(world.sister.id)})
    assert "已把“高一(1)班团支部”并入“高一(2)班团支部”" in district.get(answer.location).text
    again = district.post(path, {"version": "1", "to": str(world.sister.id)})
    assert again.status_code == 409
    closed = district.get(f"/organisations/{world.branch.id}").text
    assert "已撤销" in closed
    assert "并入“高一(2)班团支部”" in closed
    assert "/reopen" not in closed
    committee = district.get(f"/organisations/{world.grassroots.id}/merge").text
    assert "您的范围里没有可以选择的组织" in committee


def test_closing_showing_what_is_closed_and_reopening(world: World, district: Browser) -> None:
    member = world.add_member()
    path = f"/organisations/{world.branch.id}/close"
    page = district.get(path).text
    assert "还有 1 名团员，不能撤销" in page
    assert district.post(path, {"version": "1"}).status_code == 422
    set_aside(world.actor(world.branch), member, Leaving(LeavingReason.DECEASED, ""))
    assert "撤销后不再出现" in district.get(path).text
    branch = world.client_of(world.branch)
    answer = district.post(path, {"version": "1"})
    assert answer.location == f"/organisations/{world.grassroots.id}"
    assert "停用了 1 个账号" in district.get(answer.location).text
    assert branch.get("/members/").status_code == 302
    tree = f"/organisations/{world.grassroots.id}"
    assert "高一(1)班" not in district.get(tree).text
    assert "高一(1)班" in district.get(f"{tree}?closed=1").text
    assert "closed=1" in district.get(f"/organisations/{world.district.id}?closed=1").text
    assert "没有找到" in district.get("/organisations/?q=高一(1)").text
    assert "已撤销" in district.get("/organisations/?q=高一(1)&closed=1").text
    shown = district.get(f"/organisations/{world.branch.id}").text
    assert "/reopen" in shown
    assert f"/organisations/{world.branch.id}/rename" not in shown
    answer = district.post(f"/organisations/{world.branch.id}/reopen", {"version": "2"})
    assert "1 个账号可以重新登录" in district.get(answer.location).text


def test_a_closed_organisation_is_not_renamed_by_hand(world: World, district: Browser) -> None:
    close(world.actor(world.district), world.branch.id, 1)
    answer = district.post(
        f"/organisations/{world.branch.id}/rename", {"version": "2", "name": "新名称"}
    )
    assert (answer.status_code, "请先恢复它" in answer.text) == (422, True)


def test_a_branch_is_closed_and_opened_for_joining(world: World, district: Browser) -> None:
    path = f"/organisations/{world.branch.id}/joining"
    answer = district.post(path, {"version": "1", "closed": "yes"})
    page = district.get(answer.location).text
    assert "已暂停接收加入申请" in page
    assert "重新接收加入申请" in page
    answer = district.post(path, {"version": "2", "closed": "no"})
    assert "已重新接收加入申请" in district.get(answer.location).text
    late = district.post(path, {"version": "1", "closed": "yes"})
    assert late.status_code == 409


# ---- the sheet ----


@pytest.fixture
def clerk(app: Flask) -> Browser:
    install("共青团北京市委员会", "shiwei", "周敏", PASSWORD)
    browser = Browser(app.test_client())
    assert browser.sign_in("shiwei").status_code == 303
    return browser


def test_the_tree_is_brought_in_by_hand_through_the_pages(clerk: Browser) -> None:
    assert "导入组织" in clerk.get("/organisations/").text
    assert "不能批量录入" in clerk.get("/organisations/sheet").text
    template = clerk.get("/organisations/sheet/template.xlsx")
    assert template.data.startswith(b"PK")
    page = send(clerk, sheet())
    assert page.status_code == 200  # type: ignore[attr-defined]
    text = page.text  # type: ignore[attr-defined]
    assert "预览：5 个组织" in text
    token = re.search(r'name="sheet" value="([0-9a-f]{32})"', text)
    assert token
    answer = clerk.post("/organisations/sheet/confirm", {"sheet": token[1]})
    assert "已导入 5 个组织" in clerk.get(answer.location).text
    assert "导入组织" not in clerk.get("/organisations/").text
    assert clerk.get("/organisations/sheet").status_code == 422
    late = clerk.post("/organisations/sheet/confirm", {"sheet": token[1]})
    assert (late.status_code, "不能再导入" in late.text) == (422, True)


def test_wrong_rows_are_listed_with_their_numbers(clerk: Browser) -> None:
    answer = send(clerk, sheet([*GOOD, (5, 99, "支部", "某")]))
    assert answer.status_code == 422  # type: ignore[attr-defined]
    text = answer.text  # type: ignore[attr-defined]
    assert "6 行里有 4 处要改，没有导入" in text
    assert "第 7 行" in text
    assert "/sheet/confirm" not in text
    many = send(clerk, sheet([(n, 999, "团支部", f"第{n}支部") for n in range(1, 300)]))
    assert "只列出前 200 处" in many.text  # type: ignore[attr-defined]


def test_a_file_that_is_no_sheet_is_refused_on_the_page(clerk: Browser) -> None:
    answer = send(clerk, b"%PDF-1.4")
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "文件打不开" in answer.text  # type: ignore[attr-defined]
    missing = clerk.post("/organisations/sheet/confirm", {"sheet": "0" * 32})
    assert "请重新上传文件" in missing.text


def test_the_sheet_needs_a_good_token(clerk: Browser) -> None:
    answer = clerk.request(
        "POST",
        "/organisations/sheet",
        data={"csrf_token": "x", "file": (io.BytesIO(sheet()), "tree.xlsx")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 400


# ---- leaving ----


def test_a_member_is_set_aside_with_a_reason_and_brought_back(world: World) -> None:
    member = world.add_member(name="安新")
    browser = world.client_of(world.branch)
    path = f"/members/{member}/leave"
    assert path in browser.get(f"/members/{member}/edit").text
    assert path in browser.get(f"/members/{member}").text
    assert "退团或离团" in browser.get(path).text
    answer = browser.post(path, {"note": "写好的说明"})
    assert answer.status_code == 422
    assert "请选择移出的原因" in answer.text
    assert 'value="写好的说明"' in answer.text
    answer = browser.post(path, {"reason": "mistake", "note": ""})
    assert "录入错误须写明" in answer.text
    answer = browser.post(path, {"reason": "left_league", "note": "转为党员"})
    page = browser.get(answer.location).text
    assert "已移出 安新" in page
    assert f'href="/members/{member}"' not in page
    listed = browser.get("/members/?filter=left").text
    assert "已移出：退团或离团" in listed
    assert "恢复…" in listed
    for viewer in (browser, world.client_of(world.district)):
        shown = viewer.get(f"/members/{member}").text
        assert f"由 管理员{world.branch.id} 移出，说明：转为党员" in shown
        assert "选择文件" not in shown
        assert f"/members/{member}/edit" not in shown
    assert "/return" not in world.client_of(world.district).get(f"/members/{member}").text
    assert "已移出" in world.client_of(world.district).get(f"/organisations/{world.branch.id}").text
    again = browser.post(path, {"reason": "deceased"})
    assert (again.status_code, "已把这名团员移出" in again.text) == (409, True)
    assert browser.get(path).location.endswith(f"/members/{member}")
    answer = browser.post(f"/members/{member}/return")
    assert "已恢复 安新" in browser.get(answer.location).text


def test_a_form_sent_for_a_member_set_aside_is_answered_with_a_sentence(world: World) -> None:
    member = world.add_member()
    set_aside(world.actor(world.branch), member, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    browser = world.client_of(world.branch)
    for answer in (
        browser.get(f"/members/{member}/edit"),
        browser.post(f"/members/{member}/edit", {"version": "1"}),
        browser.upload(member, b"%PDF-"),
        browser.post(f"/members/{member}/scan/delete"),
        browser.post(f"/members/{member}/scan/restore"),
    ):
        assert answer.status_code == 404
        assert "这名团员已移出" in answer.text


def test_a_number_taken_meanwhile_is_said_on_coming_back(world: World) -> None:
    member = world.add_member()
    number = world.member(member).number
    set_aside(world.actor(world.branch), member, Leaving(LeavingReason.MISTAKE, "重复"))
    world.add_member(world.sister, number=number)
    browser = world.client_of(world.branch)
    answer = browser.post(f"/members/{member}/return")
    assert "原来的编号已被他人占用" in browser.get(answer.location).text


def test_the_card_of_who_left_says_so_and_whom_to_ask(world: World) -> None:
    member = world.add_member()
    world.member_actor(member)
    set_aside(world.actor(world.branch), member, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    text = world.client(f"member{member}").get("/card").text
    assert "已移出：退团或离团" in text
    assert "请联系 高一(1)班团支部" in text
    assert "没有《入团志愿书》" in text


def test_a_committee_reads_what_comes_first_when_the_branch_of_who_left_is_closed(
    world: World,
) -> None:
    member = world.add_member()
    set_aside(world.actor(world.branch), member, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    officer = world.client_of(world.district)
    assert "没有人能恢复" not in officer.get(f"/members/{member}").text
    close(world.actor(world.grassroots), world.branch.id, version=1)
    page = officer.get(f"/members/{member}").text
    assert "所在团支部“高一(1)班团支部”已撤销，现在没有人能恢复这名团员" in page
    assert f'<a href="/organisations/{world.branch.id}">恢复这个团支部</a>' in page
    assert "恢复</button>" in officer.get(f"/organisations/{world.branch.id}").text


def test_twenty_eight_years_are_a_hint(world: World) -> None:
    from datetime import date

    member = world.add_member()
    browser = world.client_of(world.branch)
    assert "28 周岁" not in browser.get(f"/members/{member}").text
    world.set_columns(member, birth_date=date(1990, 1, 1))
    assert "已满 28 周岁" in browser.get(f"/members/{member}").text


def test_an_empty_filter_of_who_left_says_what_it_is_for(world: World) -> None:
    world.add_member()
    text = world.client_of(world.branch).get("/members/?filter=left").text
    assert "没有移出的团员" in text
    assert "已移出" not in world.client_of(world.branch).get("/members/").text
