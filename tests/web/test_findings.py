"""检查提示: the list by page, setting aside, and what the row and the committee see of it."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from portal.extensions import db
from portal.models import Job, JobState, Scan
from portal.rules.scan_findings import Box, Finding, FindingKind, Look, Reading, ReadingState
from portal.services import looks, scans
from portal.services.transaction import writing
from tests import scans as files
from tests.builders import World

LOOK = Look(
    pages=2,
    findings=(
        Finding(FindingKind.NO_SEAL, 0, 0),
        Finding(FindingKind.BLURRED, 2, 0.2, Box(100, 200, 300, 400)),
        Finding(FindingKind.TILTED, 2, 7.4),
    ),
    number=Reading(ReadingState.READ, "202011009999"),
)


@pytest.fixture
def member(world: World) -> int:
    """With a form that has findings."""
    member_id = world.add_member(name="安新")
    world.upload(member_id, files.good_scan(2))
    return member_id


def looked_at(member_id: int, look: Look = LOOK) -> Scan:
    scan = scans.current_scan(member_id)
    assert scan is not None
    with writing() as session:
        looks.keep(scan.sha256, look, 900)
        session.execute(
            update(Job).where(Job.scan_id == scan.id).values(state=JobState.DONE, due_at=None)
        )
    db.session.expire_all()
    return scan


def test_findings_stand_by_page_with_what_to_do(world: World, member: int) -> None:
    scan = looked_at(member)
    page = world.client_of(world.branch).get(f"/members/{member}/scan/findings").text
    assert "有 4 处请您核对" in page
    assert page.index("整份材料") < page.index("第 1 页") < page.index("第 2 页")
    assert "这一页歪了约 7°。" in page
    assert "请把纸张靠齐扫描仪边缘后重新扫描。" in page
    assert f"/members/{member}/scan?page=2&amp;scan={scan.id}&amp;mark=100,200,300,400" in page
    assert '<rect class="page-mark" x="100" y="200" width="200" height="200"/>' in page
    assert page.count("我已核对，无需重传") == 4
    assert "<td>2020 1100 9999</td>" in page
    assert page.count("未核对</span>") == 2  # name and month: this look read the number alone


def test_one_is_set_aside_and_taken_back(world: World, member: int) -> None:
    scan = looked_at(member)
    branch = world.client_of(world.branch)
    address = f"/members/{member}/scan/findings"
    done = branch.post(f"{address}/aside", {"scan": scan.id, "kind": "blurred", "page": 2})
    assert done.status_code == 303
    page = branch.get(address).text
    assert "有 3 处请您核对" in page
    assert f"管理员{world.branch.id}" in page
    assert "已核对，无需重传" in page
    assert "⚠ 3 处提示" in branch.get("/members/").text
    assert "扫描件 3 处提示待核对" in branch.get("/members/").text
    part = branch.post(
        f"{address}/back", {"scan": scan.id, "kind": "blurred", "page": 2}, htmx=True
    )
    assert "有 4 处请您核对" in part.text
    assert "<html" not in part.text


def test_what_is_no_longer_there_is_said(world: World, member: int) -> None:
    scan = looked_at(member)
    branch = world.client_of(world.branch)
    address = f"/members/{member}/scan/findings"
    page = branch.post(f"{address}/aside", {"scan": scan.id, "kind": "shadow", "page": 1})
    assert "刚才变过，没有改动" in page.text
    world.upload(member, files.good_scan(3))
    page = branch.post(f"{address}/aside", {"scan": scan.id, "kind": "blurred", "page": 2})
    assert "刚才变过，没有改动" in page.text
    assert "正在逐页检查" in page.text
    page = branch.post(f"{address}/aside", {"scan": "x", "kind": "x", "page": ""})
    assert "刚才变过，没有改动" in page.text


def test_the_committee_sees_the_same_and_sets_nothing_aside(world: World, member: int) -> None:
    scan = looked_at(member)
    district = world.client_of(world.district)
    assert "⚠ 4 处提示" in district.get(f"/members/{member}").text
    page = district.get(f"/members/{member}/scan/findings").text
    assert "这一页歪了约 7°。" in page
    assert "我已核对" not in page
    refused = district.post(
        f"/members/{member}/scan/findings/aside", {"scan": scan.id, "kind": "blurred", "page": 2}
    )
    assert refused.status_code == 403
    others = world.client_of(world.other_district)
    assert others.get(f"/members/{member}/scan/findings").status_code == 404


def test_each_state_of_the_look_has_its_words(world: World, member: int) -> None:
    branch = world.client_of(world.branch)
    address = f"/members/{member}/scan/findings"
    page = branch.get(address).text
    assert f'hx-get="{address}?turn=1" hx-trigger="load delay:2s, again" data-quiet' in page
    page = branch.get(f"{address}?turn=5", htmx=True).text
    assert f'hx-get="{address}?turn=6" hx-trigger="load delay:13s, again"' in page
    page = branch.get(f"{address}?turn=25", htmx=True).text  # after ten minutes it lets be
    assert "hx-trigger" not in page
    assert f'<span> <a href="{address}">刷新</a></span>' in page
    with writing() as session:
        session.execute(update(Job).values(state=JobState.FAILED))
    assert "没能检查这份文件，不影响上传结果" in branch.get(address).text
    with writing() as session:
        session.execute(update(Job).values(state=JobState.DROPPED))
    assert "还没有检查过这份文件" in branch.get(address).text
    looked_at(member, Look(pages=2))
    page = branch.get(address).text
    assert "没有需要提示的地方" in page
    assert "delay:" not in page
    assert branch.get(f"/members/{world.add_member()}/scan/findings").status_code == 404
