"""The reports that list members: each figure recounted from the members behind it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from portal import clock
from portal.extensions import db
from portal.reports import making
from portal.reports.content import Content
from portal.reports.registry import find_report
from portal.reports.report import Asked
from portal.rules.irregular import Irregularity
from portal.rules.leaving import Leaving, LeavingReason
from portal.rules.progress import Period
from portal.rules.scan_checks import Fault, FaultKind, Verdict
from portal.services import checks, leaving, numbers
from tests.builders import Node, World
from tests.scans import good_scan


def content_of(world: World, slug: str, node: Node, **asked: object) -> Content:
    wish = Asked(node.id, **asked)  # type: ignore[arg-type]
    return making.preview(world.actor(node), find_report(slug), wish, most=1000).content


def column(content: Content, key: str) -> list[object]:
    place = [one.key for one in content.columns].index(key)
    return [row[place] for section in content.sections for row in section.rows]


def counted(where: str) -> int:
    """By plain SQL over the members, of the whole database."""
    return int(db.session.execute(text(f"SELECT COUNT(*) FROM member WHERE {where}")).scalar_one())


def facts(content: Content) -> dict[str, str]:
    return {fact.label: fact.text for fact in content.facts}


@pytest.fixture
def peopled(world: World) -> World:
    """Members of both branches of the district, some with forms, some with odd numbers."""
    for branch in (world.branch, world.sister):
        for _ in range(3):
            world.upload(world.add_member(branch))
        for _ in range(2):
            world.add_member(branch)
    leaving.set_aside(
        world.actor(world.branch),
        world.add_member(world.branch),
        Leaving(LeavingReason.LEFT_LEAGUE, ""),
    )
    return world


def test_who_owes_a_form_is_listed_once_in_their_branch(peopled: World, database: str) -> None:
    content = content_of(peopled, "missing", peopled.district)
    wanted = counted("is_new_member AND NOT has_scan AND left_at IS NULL")
    assert content.row_count == wanted == 4
    assert facts(content) == {"未上传入团志愿书人数": "4"}
    assert [len(section.rows) for section in content.sections] == [2, 2]
    assert all(section.total and "小计 2 人" in section.total for section in content.sections)
    days = column(content, "days")
    assert all(isinstance(one, str) and one for one in days)


def test_a_preview_of_few_rows_shows_no_sum_that_is_not_true(peopled: World) -> None:
    made = making.preview(
        peopled.actor(peopled.district), find_report("missing"), Asked(peopled.district.id), most=3
    )
    assert not made.content.whole
    assert made.content.row_count == 3
    assert made.content.sections[0].total is not None
    assert made.content.sections[1].total is None
    assert facts(made.content) == {"未上传入团志愿书人数": "4"}


def test_irregular_numbers_come_by_kind_with_the_rule(peopled: World, database: str) -> None:
    member = peopled.add_member(peopled.branch)
    held = peopled.member(member).number
    assert held
    numbers.release_number(
        peopled.actor(peopled.district), member, number=held, reason="与纸质不一致"
    )
    content = content_of(peopled, "irregular", peopled.district)
    assert content.row_count == counted("irregularity IS NOT NULL AND left_at IS NULL") == 1
    assert facts(content)["编号不规范人数"] == "1"
    assert Irregularity.RELEASED.explanation in content.sections[0].title


def test_the_roster_is_in_order_of_numbers_and_marks_what_is_missing(
    world: World, database: str
) -> None:
    for number in ("202611000009", "202611000005", "202611000006", "202511000001"):
        joined = date(int(number[:4]), 1, 1)
        world.add_member(world.branch, number=number, joined=joined)
    content = content_of(world, "roster", world.branch)
    assert [section.title for section in content.sections] == ["号段 2025110", "号段 2026110"]
    assert column(content, "number") == [
        "202511000001",
        "202611000005",
        "202611000006",
        "202611000009",
    ]
    assert column(content, "gap") == [
        "",
        "",
        "",
        "前面缺 2026 1100 0007 至 2026 1100 0008，2 个",
    ]
    assert facts(content)["缺号"] == "2 个"
    assert "branch" not in [one.key for one in content.columns]
    above = content_of(world, "roster", world.district)
    assert column(above, "branch") == [column(above, "branch")[0]] * 4
    only = content_of(world, "roster", world.branch, period=Period(date(2026, 1, 1), None))
    assert only.row_count == 3


def test_checks_tell_what_stands_and_what_was_answered(peopled: World, database: str) -> None:
    rows = db.session.execute(
        text("SELECT id, member_id FROM scan WHERE state = 'current' ORDER BY id")
    ).all()
    officer = peopled.actor(peopled.district)
    faulty = Verdict((Fault(FaultKind.BLURRED, (2,)),), "重扫")
    checks.check(officer, rows[0].member_id, rows[0].id, Verdict(), seen=None)
    checks.check(officer, rows[1].member_id, rows[1].id, faulty, seen=None)
    checks.check(officer, rows[2].member_id, rows[2].id, faulty, seen=None)
    peopled.upload(rows[2].member_id, good_scan(3))
    content = content_of(peopled, "checks", peopled.district)
    assert facts(content) == {
        "已上传": "6",
        "合格": "1",
        "不合格，待重新上传": "1",
        "已重新上传，待检查": "1",
        "未检查": "3",
    }
    assert content.row_count == 6
    states = column(content, "state")
    answered = states.index("已重新上传，待检查")
    assert column(content, "faults")[answered] == "模糊（第 2 页）；重扫"
    only = content_of(peopled, "checks", peopled.district, options=frozenset({"faulty"}))
    assert only.row_count == 2
    assert only.whole


def test_releases_are_listed_by_the_month_they_were_asked_in(world: World, database: str) -> None:
    member = world.add_member(world.branch)
    held = world.member(member).number
    assert held
    numbers.ask(world.actor(world.branch), member, number=held, reason="看错了末位")
    content = content_of(world, "releases", world.district)
    assert (content.row_count, facts(content)["申请"], facts(content)["待处理"]) == (
        1,
        "1 件",
        "1 件",
    )
    assert column(content, "reason") == ["看错了末位"]
    this = clock.today().replace(day=1)
    before = (this - timedelta(days=1)).replace(day=1)
    now = content_of(world, "releases", world.district, period=Period(this, this))
    assert now.row_count == 1
    earlier = content_of(world, "releases", world.district, period=Period(None, before))
    assert (earlier.row_count, earlier.empty) == (0, "这段时间没有解除编号占用的申请和记录。")
    elsewhere = content_of(world, "releases", world.other_district)
    assert elsewhere.row_count == 0


def test_the_table_of_progress_has_ranks_and_hides_what_is_in_order(peopled: World) -> None:
    content = content_of(peopled, "progress", peopled.district, options=frozenset({"ranked"}))
    assert column(content, "rank") == [1]
    busy = content_of(peopled, "progress", peopled.branch, options=frozenset({"busy"}))
    assert column(busy, "name") == [peopled.branch.name]
