"""操作日志: the pages."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import replace
from datetime import date

from portal.services.audit import Event, record
from portal.services.record_export import conditions
from portal.services.record_search import PAGE_ROWS, Search
from portal.services.transaction import writing
from tests.builders import World


def test_a_committee_searches_the_record_and_pages_through_it(world: World) -> None:
    member = world.add_member(name="<b>李某", number="202611000123")
    world.upload(member)
    district = world.client_of(world.district)
    page = district.get("/record/").text
    assert 'aria-current="page">操作日志' in page
    assert "上传了 高一(1)班团支部 &lt;b&gt;李某（2026 1100 0123）的《入团志愿书》" in page
    assert "127.0.0.1" in page
    assert 'name="organisation"' in page
    assert 'rel="next"' not in page

    with writing():
        for _ in range(PAGE_ROWS + 2):
            record(world.actor(world.sister), Event.SIGNED_OUT)
    first = district.get("/record/?kind=sign-ins").text
    assert first.count("退出登录") == PAGE_ROWS + 1  # the frame's button is one
    after = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    second = district.get(after.replace("&amp;", "&"), htmx=True).text
    assert second.count("退出登录") == 2
    assert "«" in second
    assert "<html" not in second
    found = district.get("/record/?member=202611000123&organisation=%E8%A5%BF%E5%9F%8E").text
    assert "没有符合条件的记录" in found  # 西城: not in sight
    assert 'value="202611000123"' in found


def test_a_day_that_is_none_is_said_and_what_was_typed_stays(world: World) -> None:
    branch = world.client_of(world.branch)
    for query, said in (
        ("from=2026-13-01", "“2026-13-01”不是日期，请按 "),
        ("to=x", "“x”不是日期"),
        ("from=2026-11-02&to=2026-11-01", "开始日期晚于结束日期"),
        ("from=9999-12-31&to=9999-12-31", "不是日期"),
    ):
        page = branch.get(f"/record/?person=%E7%8E%8B&{query}")
        assert page.status_code == 200
        assert said in page.text
        assert 'value="王"' in page.text
    page = branch.get("/record/?before=99999999999999999999&kind=nonsense").text
    assert 'name="organisation"' not in page
    assert "登录" in page
    assert "没有更早的记录" in branch.get("/record/?before=1").text


def test_a_member_reads_on_the_card_who_opened_their_form(world: World) -> None:
    member = world.add_member(name="李某")
    login = world.member_actor(member).login
    assert "谁看过我的入团志愿书" not in world.client(login).get("/card").text  # there is none
    world.upload(member)
    phone = world.client(login)
    assert "还没有人打开过您的《入团志愿书》" in phone.get("/card").text
    assert world.client_of(world.district).get(f"/members/{member}/scan").status_code == 200
    card = phone.get("/card").text
    assert "东城区团区委 工作人员" in card
    assert "管理员2" not in card
    assert "查看全部" not in card
    assert phone.get(f"/members/{member}/scan").status_code == 200
    every = phone.get("/card/views").text
    assert every.count('class="looks-at"') == 2
    assert "本人" in every
    assert "没有更早的了" in phone.get("/card/views?before=1").text
    assert phone.get("/card/views?before=99999999999999999999").status_code == 200


def hidden(page: str) -> dict[str, str]:
    return {
        name: re.findall(f'name="{name}" value="([^"]*)"', page)[0] for name in ("until", "sha256")
    }


def test_a_search_is_exported_with_a_hash_that_is_shown_and_on_record(world: World) -> None:
    member = world.add_member(name="=HYPERLINK(1)", number="202611000123")
    world.upload(member)
    with writing():
        row = world.actor(world.branch)
        record(replace(row, person_name="@王某"), Event.SIGNED_OUT)
        record(world.actor(world.far_branch), Event.SIGNED_OUT)
    district = world.client_of(world.district)
    query = "?organisation=%E9%AB%98%E4%B8%80&member=&person="
    assert 'href="/record/export?organisation=' in district.get(f"/record/{query}").text
    page = district.get(f"/record/export{query}").text
    sent = hidden(page)
    assert sent["sha256"] in page.split("<dd>")[4]
    record_line = "导出了"
    assert record_line not in district.get("/record/").text  # a look at the page exports nothing

    with writing():
        record(row, Event.SIGNED_IN)  # what came since is not in the file
    answer = district.post(f"/record/export{query}", sent)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=record-")
    assert hashlib.sha256(answer.data).hexdigest() == sent["sha256"]
    assert answer.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == ["序号", "时间（北京）", "组织", "办理人", "来自", "做了什么"]
    assert [line[3] for line in rows[1:]] == ["'@王某", f"管理员{world.branch.id}"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in rows for cell in line)
    assert "=HYPERLINK(1)（2026 1100 0123）的《入团志愿书》" in rows[2][5]
    shown = district.get("/record/?kind=views").text
    assert f"导出了 2 条操作日志（组织 高一），SHA-256 {sent['sha256']}" in shown


def test_a_word_for_too_many_is_said_on_the_page_and_before_the_export(world: World) -> None:
    for _ in range(21):
        world.upload(world.add_member(name="李同名"))
    district = world.client_of(world.district)
    query = "?member=%E6%9D%8E%E5%90%8C%E5%90%8D"
    said = "“团员”一栏的文字对应的多于 20 个，只查了其中前 20 个的记录。请写得更具体再查找。"
    assert said in district.get(f"/record/{query}").text
    assert said in district.get(f"/record/export{query}").text
    assert "只查了其中" not in district.get("/record/").text


def test_an_export_that_would_be_another_file_is_shown_before_it_is_taken(world: World) -> None:
    member = world.add_member(name="李某")
    world.upload(member)
    branch = world.client_of(world.branch)
    sent = hidden(branch.get("/record/export").text)
    world.set_columns(member, name="李谋")
    answer = branch.post("/record/export", sent)
    assert answer.status_code == 409
    assert "刚才的文件已经不同" in answer.text
    assert branch.post("/record/export", hidden(answer.text)).mimetype == "text/csv"
    for nonsense in ({}, {"until": "x"}, {"until": "9" * 30}, {**sent, "sha256": ""}):
        assert branch.post("/record/export", nonsense).status_code == 409
    assert "没有可导出的" in branch.get("/record/export?member=x").text
    assert "不是日期" in branch.get("/record/export?from=x").text
    asked = Search(member="110101200001011237", last=date(2026, 11, 20))
    assert conditions(asked) == "团员 110●●●●●●●●●●●●●●●，至 2026-11-20"
