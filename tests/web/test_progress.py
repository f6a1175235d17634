"""工作进度 as pages: the table, its order and period, and the list behind each count."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
import time_machine

from portal import clock
from portal.services.progress_days import keep_if_due
from tests.builders import Browser, World


@pytest.fixture
def district(world: World) -> Browser:
    for days in (10, 31, 45):
        world.add_member(approved_on=clock.today() - timedelta(days=days))
    world.upload(world.add_member(world.sister, name="曾有"))
    world.add_member(world.sister, name="方无", number=None, joined=date(2021, 5, 1))
    return world.client_of(world.district)


def rows(page: str) -> list[str]:
    """The names of the rows under the sum."""
    return re.findall(r'<th scope="row"><a href="/progress/\d+[^"]*">([^<]+)</a>', page)


def test_each_count_is_a_link_to_as_many_members(world: World, district: Browser) -> None:
    page = district.get(f"/progress/{world.grassroots.id}").text
    links = re.findall(r'<a href="(/progress/\d+/members\?count=[a-z_]+)"[^>]*>(\d+)</a>', page)
    assert len(links) >= 10
    for url, number in links:
        shown = district.get(url).text
        assert f"{number} 名" in shown
        assert len(re.findall(r'<th scope="row" class="col-name">', shown)) == int(number)


def test_the_table_is_sorted_by_any_column_and_turned(world: World, district: Browser) -> None:
    here = f"/progress/{world.grassroots.id}"
    one, two = "高一(1)班团支部", "高一(2)班团支部"
    assert rows(district.get(here).text) == [one, two]
    assert rows(district.get(f"{here}?sort=irregular").text) == [two, one]
    turned = district.get(f"{here}?sort=irregular&order=asc", htmx=True).text
    assert rows(turned) == [one, two]
    assert "<html" not in turned
    assert 'aria-sort="ascending"' in turned
    assert f'{here}?sort=irregular"' in turned
    assert rows(district.get(f"{here}?sort=rate").text) == [two, one]
    assert rows(district.get(f"{here}?sort=nonsense").text) == [one, two]


def test_rows_without_anything_are_hidden_on_request(world: World, district: Browser) -> None:
    municipal = world.client_of(world.municipal)
    assert rows(municipal.get("/progress/").text) == ["东城区团区委", "西城区团教工委"]
    page = municipal.get("/progress/?busy=1").text
    assert rows(page) == ["东城区团区委"]
    assert "已隐去没有问题的 1 个" in page
    other = world.client_of(world.other_district).get("/progress/?busy=1").text
    assert "下级组织都没有需要处理的问题" in other


def test_the_period_is_kept_on_the_way_down(world: World, district: Browser) -> None:
    page = district.get("/progress/?from=2021-05&to=2021年5月").text
    assert "2021-05 入团" in page
    assert f'href="/progress/{world.grassroots.id}?from=2021-05&amp;to=2021-05"' in page
    behind = district.get(f"/progress/{world.district.id}/members?count=irregular&from=2021-05")
    assert "方无" in behind.text
    assert "2021-05 以后入团" in behind.text
    assert (
        "没有这样的团员了"
        in district.get(f"/progress/{world.district.id}/members?count=irregular&from=2022-01").text
    )


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=abc", "“abc”不是年月，请按 2026-01 这样填写"),
        ("to=2026-13", "“2026-13”不是年月"),
        ("from=2026-02&to=2026-01", "开始年月晚于结束年月"),
    ],
)
def test_a_period_that_can_not_be_meant_is_said(
    world: World, district: Browser, query: str, words: str
) -> None:
    page = district.get(f"/progress/?{query}").text
    assert words in page
    assert "现在显示的是全部入团年月" in page
    assert rows(page) == ["东城区第一中学团委"]


def test_a_branch_is_the_end_of_the_way_down(world: World, district: Browser) -> None:
    page = district.get(f"/progress/{world.sister.id}").text
    assert "50.0%" not in page
    assert "100%" in page  # one new member, whose form is there
    assert f'href="/organisations/{world.sister.id}"' in page
    assert "下面还没有组织" not in page


def test_what_is_not_theirs_is_not_found(world: World, district: Browser) -> None:
    assert district.get(f"/progress/{world.far_branch.id}").status_code == 404
    assert district.get(f"/progress/{world.municipal.id}/members?count=new").status_code == 404
    assert district.get(f"/progress/{world.district.id}/members?count=x").status_code == 404
    assert world.client_of(world.branch).get("/progress/").status_code == 403


def test_a_past_day_shows_what_was_kept_and_opens_no_names(world: World, district: Browser) -> None:
    yesterday = clock.today() - timedelta(days=1)
    here = f"/progress/{world.grassroots.id}"
    assert "每天的数字从今天夜里开始保存" in district.get(f"{here}?day={yesterday}").text
    keep_if_due()
    page = district.get(f"{here}?day={yesterday}").text
    assert f"截至 {yesterday} 结束时" in page
    assert "/members?count=" not in page
    assert f'{here}?sort=overdue&amp;day={yesterday}"' in page
    for query, words in (
        ("day=2020-01-01", f"从 {yesterday} 开始保存，没有 2020-01-01 的"),
        ("day=yesterday", "“yesterday”不是日期"),
        (f"day={yesterday}&from=2026-01", "没有按入团年月分开保存"),
    ):
        answer = district.get(f"{here}?{query}").text
        assert words in answer
        assert "现在显示的是今天的数字" in answer
    assert district.get(f"{here}?day={clock.today()}").text.count("message-wrong") == 0


def test_the_trend_is_drawn_with_the_same_figures_in_a_table(world: World) -> None:
    municipal = world.client_of(world.municipal)
    assert '<svg viewBox="0 0 720' not in municipal.get("/progress/").text
    with time_machine.travel(clock.now() - timedelta(days=9)):
        member = world.add_member()
        world.add_member()
        keep_if_due()
    world.upload(member)
    keep_if_due()
    page = municipal.get("/progress/").text
    assert re.search(r'aria-label="上传率从 \S+ 的 0.0% 到 \S+ 的 50.0%', page)
    drawn = page.count('<circle class="trend-point"')
    assert drawn == len(re.findall(r'<tr><th scope="row"><a href="/progress/\d+\?day=', page)) > 1


def test_urging_from_the_row_and_back_to_it(world: World, district: Browser) -> None:
    table = f"/progress/{world.grassroots.id}"
    page = district.get(table).text
    here = f"/progress/{world.branch.id}/urge"
    assert f'href="{here}">催办' in page
    form = district.get(here).text
    assert "1 个支部" in form
    assert "已逾期 1 天" in form  # what will stand there
    wrong = district.post(here, {"text": "请上传", "token": "t"})
    assert (wrong.status_code, "【名单】" in wrong.text) == (422, True)
    assert ">请上传</textarea>" in wrong.text
    sent = district.post(here, {"text": "请上传：【名单】", "token": "t"})
    assert sent.headers["Location"] == table
    after = district.get(table).text
    assert "已催办 1 个支部" in after
    assert "催办 · 未读" in after
    again = district.get(here).text
    assert "另有 1 个 24 小时内催办过" in again
    assert "24 小时内催办过的也再发一次" in again
    branch = world.client_of(world.branch)
    address = re.search(r'href="(/messages/\d+)"', branch.get("/messages/").text)
    assert address is not None
    assert "/members/?filter=missing" in branch.get(address[1]).text
    assert "催办 · 已读" in district.get(table).text
    done = district.get(f"/progress/{world.sister.id}/urge").text
    assert "不需要催办" in done
