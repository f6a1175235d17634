"""The pages through HTTP: whole pages and partials, words, headers, and what they survive."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask import Flask

from portal.extensions import limiter
from portal.services import readiness, scans
from portal.services.member_editing import change_member, fields_of
from tests import scans as files
from tests.builders import PASSWORD, World

JOINED = date(2026, 10, 1)


@pytest.fixture(autouse=True)
def _no_limits_left(app: Flask) -> None:
    limiter.reset()


def form_of(page: str) -> dict[str, str]:
    """The fields of the form 修改 as a browser would send them."""
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    fields |= {
        name: chosen
        for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.S)
        for chosen in re.findall(r"<option selected>([^<]+)<", body)
    }
    checked = re.search(r'<input[^>]*checked[^>]*name="is_student"[^>]*value="(\w+)"', page)
    fields["is_student"] = checked[1] if checked else "no"
    return {
        name: value
        for name, value in fields.items()
        if not name.startswith(("keep-", "pending-", "csrf"))
    }


# ---- signing in ----


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(world: World) -> None:
    browser = world.client()
    answer = browser.get("/members/?filter=missing")
    assert answer.status_code == 302
    assert answer.location == "/sign-in?next=/members/?filter%3Dmissing"
    answer = browser.sign_in(f"login{world.branch.id}", next="/members/?filter=missing")
    assert (answer.status_code, answer.location) == (303, "/members/?filter=missing")


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example/", "/\\evil", "javascript:x"]
)
def test_sign_in_sends_nobody_elsewhere(world: World, address: str) -> None:
    assert world.client().sign_in(f"login{world.branch.id}", next=address).location == "/"


def test_each_role_starts_on_its_own_page(world: World) -> None:
    member = world.add_member()
    world.member_actor(member)
    for login, page in (
        (f"login{world.branch.id}", "/home"),
        (f"login{world.district.id}", "/home"),
        (f"member{member}", "/card"),
    ):
        browser = world.client(login)
        assert browser.get("/").location == page
        assert browser.get(page).status_code == 200


def test_a_wrong_password_says_what_to_do_and_keeps_the_name(world: World) -> None:
    answer = world.client().sign_in("login5", "wrong")
    assert answer.status_code == 422
    assert "账号或密码不对" in answer.text
    assert 'value="login5"' in answer.text
    assert "wrong" not in answer.text.replace("message-wrong", "").replace("field-wrong", "")


def test_guessing_is_slowed_down_but_not_for_the_owner_elsewhere(world: World) -> None:
    login = f"login{world.branch.id}"
    guesser = world.client()
    answers = [guesser.sign_in(login, "wrong").status_code for _ in range(40)]
    assert answers == [422] * 5 + [429] * 35
    assert "请等" in guesser.sign_in(login, "wrong").text
    owner = world.client()
    owner.client.environ_base["REMOTE_ADDR"] = "10.9.9.9"
    assert owner.sign_in(login).status_code == 303


def test_signing_out_ends_it(world: World) -> None:
    browser = world.client_of(world.branch)
    assert browser.post("/sign-out").location == "/sign-in"
    assert browser.get("/members/").status_code == 302


def test_signing_in_begins_a_new_form_token(world: World) -> None:
    browser = world.client()
    before = browser.token()
    browser.sign_in(f"login{world.branch.id}")
    assert browser.token() != before


# ---- a session that ended ----


def test_an_htmx_request_never_gets_the_sign_in_page_into_a_cell(world: World) -> None:
    member = world.add_member()
    answer = world.client().get(f"/members/{member}/scan/cell", htmx=True)
    assert answer.status_code == 401
    assert answer.headers["HX-Retarget"] == "#messages"
    assert "<html" not in answer.text
    assert "重新登录" in answer.text


def test_what_was_typed_survives_an_expired_session(world: World) -> None:
    member = world.add_member()
    browser = world.client_of(world.branch)
    form = form_of(browser.get(f"/members/{member}/edit").text) | {"ethnicity": "回族"}
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        answer = browser.post(f"/members/{member}/edit", form)
        assert answer.status_code == 401
        assert 'name="pending-ethnicity" value="回族"' in answer.text
        pending = dict(re.findall(r'name="(pending-[^"]+)" value="([^"]*)"', answer.text))
        assert not any("csrf" in name or "password" in name for name in pending)
        answer = browser.sign_in(
            f"login{world.branch.id}", next=f"/members/{member}/edit", **pending
        )
        assert answer.status_code == 200
        assert "刚才填写的内容还没有保存" in answer.text
        assert "回族" in answer.text
        fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', answer.text))
        assert browser.post(f"/members/{member}/edit", fields).status_code == 303
    assert world.member(member).ethnicity == "回族"


def test_an_expired_form_token_offers_to_save_again(world: World) -> None:
    member = world.add_member()
    browser = world.client_of(world.branch)
    form = form_of(browser.get(f"/members/{member}/edit").text) | {"ethnicity": "回族"}
    answer = browser.post(f"/members/{member}/edit", {**form, "csrf_token": "old"})
    assert answer.status_code == 400
    assert "保存刚才填写的内容" in answer.text
    assert world.member(member).ethnicity == "汉族"


def test_a_hostile_page_gets_nothing_into_our_question(world: World) -> None:
    member = world.add_member()
    browser = world.client_of(world.branch)
    answer = browser.request(
        "POST",
        f"/members/{member}/edit",
        data={"ethnicity": "回族"},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 400
    assert "回族" not in answer.text


def test_an_expired_token_in_an_upload_stores_nothing(world: World) -> None:
    member = world.add_member()
    browser = world.client_of(world.branch)
    answer = browser.request(
        "POST",
        f"/members/{member}/scan",
        data={"csrf_token": "old", "file": (io.BytesIO(files.good_scan()), "a.pdf")},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 400
    assert "已经过期" in answer.text
    assert not world.member(member).has_scan


# ---- errors ----


@pytest.mark.parametrize(
    "path", ["/members/99999", "/members/99999/edit", "/scans/9/original.pdf", "/nothing"]
)
def test_what_is_not_there_is_said_in_chinese(world: World, path: str) -> None:
    answer = world.client_of(world.branch).get(path)
    assert answer.status_code == 404
    assert "没有找到这个页面，或者它不在您的管理范围内。" in answer.text


def test_a_role_that_never_may_is_told_so(world: World) -> None:
    answer = world.client_of(world.branch).get("/organisations/")
    assert answer.status_code == 403
    assert "没有这项权限" in answer.text


def test_a_wrong_method_and_too_large_a_body_have_their_pages(world: World) -> None:
    browser = world.client_of(world.branch)
    assert "不能直接打开" in browser.get("/sign-out").text
    answer = browser.request("POST", "/sign-in", data=b"x", headers={"Content-Length": str(10**9)})
    assert answer.status_code in (400, 413)


def test_a_fault_shows_its_id_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.app.config["PROPAGATE_EXCEPTIONS"] = False
    member = world.add_member()
    world.set_columns(member, phone_sealed=b"\x01broken", id_number_sealed=b"\x01broken")
    answer = world.client_of(world.branch).get(f"/members/{member}")
    assert answer.status_code == 500
    assert "没有做成" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert "Traceback" not in answer.text


def test_health(world: World) -> None:
    browser = world.client()
    assert browser.get("/healthz").json == {"status": "ok"}
    answer = browser.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"database": "ok", "store": "ok", "worker": "away"}
    readiness.beat()
    assert browser.get("/readyz").status_code == 200


def test_every_answer_has_its_safety_headers(world: World) -> None:
    headers = world.client_of(world.branch).get("/members/").headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "HX-Request" in headers["Vary"]
    assert headers["Referrer-Policy"] == "same-origin"


# ---- the list ----


def test_the_list_as_a_page_and_as_a_part(world: World) -> None:
    world.add_member(name="安新")
    browser = world.client_of(world.branch)
    page, part = browser.get("/members/"), browser.get("/members/", htmx=True)
    assert "<html" in page.text
    assert "<html" not in part.text
    for text in (page.text, part.text):
        assert "安新" in text
        assert "选择文件…" in text
        assert "未上传入团志愿书 · 剩 20 天" in text


def test_the_address_bar_holds_the_state(world: World) -> None:
    world.add_member(name="安新")
    text = (
        world.client_of(world.branch).get("/members/?filter=missing&sort=due&order=desc&q=安").text
    )
    assert 'value="安"' in text
    assert 'aria-sort="descending"' in text
    assert "filter=missing" in text
    assert "sort=due" in text


@pytest.mark.parametrize(
    "query", ["filter=x&sort=y&order=z&after=~&before=", "q=" + "长" * 500, "after=~9"]
)
def test_a_strange_address_shows_a_list(world: World, query: str) -> None:
    world.add_member()
    assert world.client_of(world.branch).get(f"/members/?{query}").status_code == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "本支部还没有团员。"),
        ("?filter=missing", "本支部没有新发展团员"),
        ("?filter=overdue", "没有逾期的团员"),
        ("?filter=irregular", "没有编号不规范的团员"),
        ("?q=谁", "没有找到姓名、拼音或编号含“谁”的团员"),
    ],
)
def test_an_empty_list_says_what_would_be_here(world: World, query: str, words: str) -> None:
    assert words in world.client_of(world.branch).get(f"/members/{query}").text


def test_when_all_is_uploaded_the_list_says_so(world: World) -> None:
    world.upload(world.add_member())
    text = world.client_of(world.branch).get("/members/?filter=missing").text
    assert "没有未上传的团员。本支部 1 名新发展团员的《入团志愿书》都已上传。" in text


def test_markup_in_a_name_stays_text(world: World) -> None:
    world.add_member(name="<script>alert(1)</script>")
    assert "<script>alert" not in world.client_of(world.branch).get("/members/").text


# ---- the form's cell ----


def test_upload_replace_delete_undo_in_the_cell(world: World) -> None:
    member = world.add_member()
    browser = world.client_of(world.branch)
    answer = browser.upload(member, files.good_scan())
    assert answer.status_code == 200
    assert "已上传。" in answer.text
    assert "点击查看" in answer.text
    assert 'hx-swap-oob="true"' in answer.text
    assert "未上传入团志愿书" not in answer.text
    assert "已重新上传" in browser.upload(member, files.good_scan(3)).text
    assert "没有重复保存" in browser.upload(member, files.good_scan(3)).text
    asked = browser.get(f"/members/{member}/scan/delete", htmx=True)
    assert "30 天内可以撤销" in asked.text
    assert world.member(member).has_scan
    gone = browser.post(f"/members/{member}/scan/delete", htmx=True)
    assert "撤销" in gone.text
    assert "未上传入团志愿书" in gone.text
    assert "已撤销删除" in browser.post(f"/members/{member}/scan/restore", htmx=True).text
    again = browser.post(f"/members/{member}/scan/restore", htmx=True)
    assert "没有可以撤销的删除" in again.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (files.png(), "内容是 PNG 图片"),
        (b"", "0 字节"),
        (files.truncated(), "文件已损坏"),
        (files.without_second_page(), "第 2 页显示不出来"),
        (files.with_password(), "打开密码"),
        (files.with_text_page(), "第 2 页不是扫描件或图片"),
        (files.with_javascript(), "JavaScript"),
        (files.with_attachment(), "附件"),
        (files.with_pages(61), "61 页，超过 60 页"),
    ],
)
def test_a_refused_file_says_why_and_leaves_what_was_there(
    world: World, content: bytes, words: str
) -> None:
    member = world.add_member()
    browser = world.client_of(world.branch)
    browser.upload(member, files.good_scan())
    answer = browser.upload(member, content)
    assert words in answer.text
    assert "点击查看" in answer.text  # the one that was there before
    assert world.member(member).has_scan


def test_a_disputed_file_is_taken_with_a_word_to_check_it(world: World) -> None:
    answer = world.client_of(world.branch).upload(world.add_member(), files.disputed())
    assert "已上传。两种方法读这个文件的结果不一致，但每一页都能显示。" in answer.text


def test_without_javascript_the_same_form_works(world: World) -> None:
    member = world.add_member()
    browser = world.client_of(world.branch)
    answer = browser.upload(member, files.good_scan(), htmx=False)
    assert (answer.status_code, answer.location) == (303, "/members/")
    assert "已上传。" in browser.get("/members/").text
    answer = browser.upload(member, files.png(), htmx=False)
    assert answer.status_code == 422
    assert "内容是 PNG 图片" in answer.text
    assert "<html" in answer.text
    assert "删除" in browser.get(f"/members/{member}/scan/delete").text
    assert browser.post(f"/members/{member}/scan/delete").status_code == 303
    assert browser.post(f"/members/{member}/scan/restore").status_code == 303
    assert world.member(member).has_scan


def test_an_upload_without_a_file_is_refused(world: World) -> None:
    member = world.add_member()
    answer = world.client_of(world.branch).post(f"/members/{member}/scan", htmx=True)
    assert "0 字节" in answer.text


def test_the_upload_is_not_read_before_the_permission(world: World) -> None:
    member = world.add_member()
    answer = world.client_of(world.district).upload(member, files.good_scan())
    assert answer.status_code == 403
    answer = world.client_of(world.sister).upload(member, files.good_scan())
    assert answer.status_code == 404


# ---- editing ----


def test_edit_saves_and_comes_back_to_the_list(world: World) -> None:
    member = world.add_member(name="安新")
    browser = world.client_of(world.branch)
    page = browser.get(f"/members/{member}/edit").text
    assert "如需修改，请联系 东城区团区委 解除编号占用" in page
    assert 'name="number"' not in page
    answer = browser.post(
        f"/members/{member}/edit", form_of(page) | {"fee": "0.5", "is_student": "yes"}
    )
    assert (answer.status_code, answer.location) == (303, "/members/")
    assert "已保存 安新 的信息。" in browser.get("/members/").text
    assert (world.member(member).fee_cents, world.member(member).is_student) == (50, True)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "not an address", "邮箱地址不完整"),
        ("email", "a\u202e@example.com", "看不见的字符"),
        ("fee", "ten", "请填写金额"),
        ("fee", "NaN", "请填写金额"),
        ("fee", "-1", "金额应在"),
        ("joined", "2020", "请按“2020-01”的样子"),
        ("joined", "2199-01", "不能早于 1922-05"),
        ("approved_on", "x", "请按“2020-01-31”的样子"),
        ("approved_on", "2199-01-01", "不能在今天之后"),
        ("approved_on", "2001-01-01", "早于入团年月"),
        ("ethnicity", "火星族", ""),
    ],
)
def test_a_wrong_field_keeps_what_was_typed(
    world: World, field: str, value: str, words: str
) -> None:
    member = world.add_member()
    browser = world.client_of(world.branch)
    form = form_of(browser.get(f"/members/{member}/edit").text)
    answer = browser.post(
        f"/members/{member}/edit", form | {field: value, "education": "博士研究生"}
    )
    assert answer.status_code == 422
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "还没有保存" in answer.text
    if field != "ethnicity":
        assert f'value="{value}"' in answer.text
    assert "<option selected>博士研究生<" in answer.text
    assert world.member(member).version == 1


def test_two_editors_the_second_chooses_field_by_field(world: World) -> None:
    member = world.add_member()
    one, two = world.client_of(world.branch), world.client_of(world.branch)
    form = form_of(two.get(f"/members/{member}/edit").text)
    one.post(f"/members/{member}/edit", form | {"education": "大学本科", "ethnicity": "回族"})
    answer = two.post(
        f"/members/{member}/edit",
        form | {"education": "大学本科", "ethnicity": "藏族", "fee": "9.00"},
    )
    assert answer.status_code == 409
    assert "修改过这名团员" in answer.text
    assert 'name="keep-ethnicity" value="stored"' in answer.text
    kept = form_of(answer.text) | {"keep-ethnicity": "stored", "keep-fee": "typed"}
    assert two.post(f"/members/{member}/edit", kept).status_code == 303
    after = world.member(member)
    assert (after.ethnicity, after.fee_cents, after.version) == ("回族", 900, 3)


def test_a_number_is_checked_as_it_is_typed(world: World) -> None:
    member = world.add_member(number=None, joined=JOINED)
    browser = world.client_of(world.branch)
    path = f"/members/{member}/number"
    assert "还差 8 位" in browser.get(f"{path}?number=2026&joined=2026-10", htmx=True).text
    good = browser.get(f"{path}?number=2026 1100 0123&joined=2026-10", htmx=True).text
    assert "可以使用" in good
    assert "选择文件…" in good  # the upload appears by itself
    other = browser.get(f"{path}?number=202631000123&joined=2026-10", htmx=True).text
    assert "选择文件…" not in other


def test_a_first_number_is_saved_and_a_hand_made_change_refused(world: World) -> None:
    member = world.add_member(number=None, joined=JOINED)
    browser = world.client_of(world.branch)
    form = form_of(browser.get(f"/members/{member}/edit").text)
    answer = browser.post(f"/members/{member}/edit", form | {"number": "2026 1100 0123"})
    assert answer.status_code == 303
    assert world.member(member).number == "202611000123"
    form = form_of(browser.get(f"/members/{member}/edit").text)
    answer = browser.post(f"/members/{member}/edit", form | {"number": "202611000124"})
    assert answer.status_code == 422
    assert "支部不能直接修改" in answer.text
    assert world.member(member).number == "202611000123"


def test_a_wrong_number_is_refused_on_saving(world: World) -> None:
    member = world.add_member(number=None, joined=JOINED)
    browser = world.client_of(world.branch)
    form = form_of(browser.get(f"/members/{member}/edit").text)
    answer = browser.post(f"/members/{member}/edit", form | {"number": "2025 1100 0123"})
    assert answer.status_code == 422
    assert "两者应一致" in answer.text
    assert "2025 1100 0123" in answer.text


# ---- looking ----


def test_a_member_is_shown_masked_and_one_field_on_asking(world: World) -> None:
    member = world.add_member()
    for node in (world.branch, world.grassroots):
        browser = world.client_of(node)
        page = browser.get(f"/members/{member}").text
        assert "9901●●●●●●" in page
        part = browser.post(f"/members/{member}/fields/phone", htmx=True).text
        assert re.search(r"100\d{8}", part)
        whole = browser.post(f"/members/{member}/fields/phone").text
        assert "<html" in whole
        assert re.search(r"100\d{8}", whole)
    assert (
        world.client_of(world.branch).post(f"/members/{member}/fields/password").status_code == 404
    )


def test_a_committee_sees_no_way_to_change(world: World) -> None:
    member = world.add_member()
    world.upload(member)
    browser = world.client_of(world.district)
    for path in (f"/members/{member}", f"/organisations/{world.branch.id}"):
        _menu, text = browser.get(path).text.split("<main")
        assert "点击查看" in text
        assert "选择文件" not in text
        assert "修改" not in text
        assert "/scan/delete" not in text


def test_the_tree_as_page_part_and_search(world: World) -> None:
    world.add_member()
    browser = world.client_of(world.municipal)
    assert "东城区团区委" in browser.get("/organisations/").text
    assert "<html" not in browser.get("/organisations/", htmx=True).text
    rows = browser.get(f"/organisations/{world.district.id}/children?level=2", htmx=True).text
    assert "东城区第一中学团委" in rows
    assert 'data-level="2"' in rows
    assert "› " in browser.get("/organisations/?q=第八").text
    assert "没有找到名称含“火星”的组织" in browser.get("/organisations/?q=火星").text
    branch = browser.get(f"/organisations/{world.branch.id}").text
    assert "高一(1)班团支部" in branch
    assert (
        "<html" not in browser.get(f"/organisations/{world.branch.id}?filter=new", htmx=True).text
    )
    empty = browser.get(f"/organisations/{world.far_branch.id}").text
    assert "本支部还没有团员" in empty


def test_an_empty_committee_says_so(world: World) -> None:
    from portal.models import Organisation
    from portal.rules.organisations import OrganisationKind
    from portal.services.transaction import writing

    with writing() as session:
        session.add(
            Organisation(
                id=900,
                parent_id=world.district.id,
                kind=OrganisationKind.GRASSROOTS,
                name="空团委",
                initials="ktw",
                path=f"{world.district.path}900/",
            )
        )
    assert "下面还没有组织" in world.client_of(world.district).get("/organisations/900").text


def test_the_card(world: World) -> None:
    member = world.add_member(name="安新")
    world.member_actor(member)
    browser = world.client(f"member{member}")
    page = browser.get("/card").text
    assert "未上传入团志愿书，请联系本支部" in page
    assert "选择文件" not in page
    world.upload(member)
    page = browser.get("/card").text
    assert "《入团志愿书》已上传" in page
    assert browser.get(f"/members/{member}/scan").status_code == 200
    assert "›" in browser.get("/card/information").text
    assert re.search(r"100\d{8}", browser.post(f"/members/{member}/fields/phone").text)


def test_the_card_of_an_older_member_owes_nothing(world: World) -> None:
    member = world.add_member(number="201811000009", joined=date(2018, 3, 1))
    world.member_actor(member)
    assert "不需要上传" in world.client(f"member{member}").get("/card").text


def test_there_is_no_undo_for_a_stranger(world: World) -> None:
    member = world.add_member()
    world.upload(member)
    scans.delete(world.actor(world.branch), member)
    assert world.client_of(world.sister).post(f"/members/{member}/scan/restore").status_code == 404


def test_the_cell_says_that_the_form_is_looked_at_and_asks_by_itself(world: World) -> None:
    from portal.services import job_running

    member = world.add_member()
    branch = world.client_of(world.branch)
    cell = branch.upload(member, files.good_scan()).text
    asks = f'hx-get="/members/{member}/scan/look?turn=1" hx-trigger="load delay:2s, again"'
    assert "检查中…" in cell
    assert asks in cell
    assert asks in branch.get("/members/").text
    assert asks in world.client_of(world.district).get(f"/members/{member}").text

    answer = branch.get(f"/members/{member}/scan/look?turn=5", htmx=True).text
    assert "turn=6" in answer
    assert "delay:13s" in answer
    assert "remark" not in answer
    for turn in ("999", "-1", "x"):
        assert "检查中…" in branch.get(f"/members/{member}/scan/look?turn={turn}", htmx=True).text
    assert "hx-get" not in branch.get(f"/members/{member}/scan/look?turn=999", htmx=True).text

    job_running.work(60)
    answer = branch.get(f"/members/{member}/scan/look?turn=2", htmx=True).text
    assert "检查中" not in answer
    assert f'<div id="remark-{member}" hx-swap-oob="true">' in answer
    assert "scan/look" not in branch.get("/members/").text


def test_who_has_no_javascript_is_led_to_the_page(world: World) -> None:
    member = world.add_member()
    world.upload(member)
    answer = world.client_of(world.branch).get(f"/members/{member}/scan/look")
    assert (answer.status_code, answer.location) == (303, f"/members/{member}")


def test_a_look_that_failed_says_so(world: World) -> None:
    from sqlalchemy import update

    from portal.models import Job, JobState
    from portal.services.transaction import writing

    world.upload(world.add_member())
    with writing() as session:
        session.execute(update(Job).values(state=JobState.FAILED, due_at=None))
    page = world.client_of(world.branch).get("/members/").text
    assert "未能检查" in page
    assert "scan/look" not in page


def test_no_batch_entry_anywhere(world: World) -> None:
    """Guide, question 1: 不能批量录入. No route, no command, no field that takes many."""
    rules = " ".join(rule.rule for rule in world.app.url_map.iter_rules())
    commands = " ".join(world.app.cli.commands)
    for word in ("import", "batch", "bulk"):
        assert word not in rules + commands


def test_a_password_is_nowhere_in_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        world.client().sign_in("login5", PASSWORD)
        world.client_of(world.branch).get("/members/?q=秘密")
    assert PASSWORD not in caplog.text
    assert "秘密" not in caplog.text


def test_who_looks_from_above_sees_that_the_approval_date_was_changed(world: World) -> None:
    """The 30 days run from it, and the branch that owes the form can correct it."""
    member = world.add_member(joined=date(2026, 10, 1), approved_on=date(2026, 10, 12))
    old = world.add_member(number=None, joined=date(2015, 5, 1), approved_on=date(2015, 5, 9))
    district = world.client_of(world.district)
    page = district.get(f"/members/{member}").text
    assert "上级团委审批日期" in page
    assert "改为" not in page
    row = world.member(member)
    wanted = replace(fields_of(row), approved_on=date(2026, 11, 2))
    change_member(world.actor(world.branch), member, row.version, wanted)
    wanted = replace(wanted, is_student=not wanted.is_student)  # another field alone
    change_member(world.actor(world.branch), member, world.member(member).version, wanted)
    page = district.get(f"/members/{member}").text
    assert page.count("由 2026-10-12 改为") == 1
    assert "由 2026-10-12 改为 2026-11-02" in page
    assert f"管理员{world.branch.id}" in page
    assert "上级团委审批日期" not in district.get(f"/members/{old}").text
