"""操作日志: the pages."""

from __future__ import annotations

from portal.services.audit import Event, record
from portal.services.record_search import PAGE_ROWS
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
        ("to=%00x", "“x”不是日期"),
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
