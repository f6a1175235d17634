"""首页: what there is to do, what is late, what is new, for branches and committees."""

from __future__ import annotations

from datetime import date, timedelta

from portal import clock
from portal.rules.scan_checks import Fault, FaultKind, Verdict
from portal.services import numbers
from portal.services.checks import check
from portal.services.home import FORMS_SHOWN
from portal.services.scans import current_scan
from tests.builders import World
from tests.scans import good_scan


def test_a_branch_sees_what_is_asked_of_it_and_can_do_it_there(world: World) -> None:
    late = world.add_member(name="安新", approved_on=clock.today() - timedelta(days=31))
    world.add_member(name="白期", approved_on=clock.today() - timedelta(days=20))
    world.add_member(name="方无", number=None, joined=date(2018, 5, 1))
    world.apply(world.applicant(name="欧阳小燕"))
    branch = world.client_of(world.branch)
    page = branch.get("/home").text
    for words in (
        ">1</b> 名团员的《入团志愿书》已逾期",
        ">1</b> 名团员的《入团志愿书》待上传，还没有到期",
        ">1</b> 份加入申请等待审核",
        ">1</b> 名团员的编号不规范",
        "欧阳小燕 提交了加入申请",
    ):
        assert words in page
    assert page.index("安新") < page.index("白期")  # first due first
    assert f'action="/members/{late}/scan"' in page
    world.upload(late)
    assert "已逾期，请尽快上传" not in branch.get("/home").text


def test_a_branch_with_nothing_to_do_is_told_so(world: World) -> None:
    world.upload(world.add_member())
    page = world.client_of(world.branch).get("/home").text
    assert "现在没有要做的事：1 名新发展团员的《入团志愿书》都已上传" in page
    assert "没有未读的站内信" in page
    assert "待上传的《入团志愿书》" not in page


def test_a_long_list_shows_the_first_and_leads_to_all(world: World) -> None:
    for _ in range(FORMS_SHOWN + 3):
        world.add_member()
    page = world.client_of(world.branch).get("/home").text
    assert page.count('class="col-name"') == FORMS_SHOWN
    assert f"全部 {FORMS_SHOWN + 3} 名" in page


def test_a_committee_sees_the_worst_first_and_nothing_beside_its_subtree(world: World) -> None:
    for branch, days in (
        (world.sister, (60, 40)),
        (world.branch, (35,)),
        (world.far_branch, (90,)),
    ):
        for late in days:
            world.add_member(branch, approved_on=clock.today() - timedelta(days=late))
    asked = world.add_member()
    number = world.member(asked).number
    assert number is not None
    numbers.ask(world.actor(world.branch), asked, number=number, reason="录入时填错了编号")
    page = world.client_of(world.district).get("/home").text
    assert ">1</b> 份解除编号占用的申请" in page
    assert ">3</b> 名团员的《入团志愿书》已逾期未上传" in page
    assert page.index("高一(2)班团支部") < page.index("高一(1)班团支部")
    assert "第八中学" not in page
    assert f'href="/progress/{world.sister.id}/members?count=overdue"' in page
    grassroots = world.client_of(world.grassroots).get("/home").text
    assert "解除编号占用的申请" not in grassroots
    assert "高一(2)班团支部" in grassroots


def test_a_committee_with_nothing_to_do_is_told_so(world: World) -> None:
    page = world.client_of(world.municipal).get("/home").text
    assert "现在没有要做的事" in page
    assert "下级团支部没有逾期的" in page


def test_forms_to_check_lead_to_a_round_of_them_and_faults_to_their_branch(world: World) -> None:
    members = [world.add_member(name=name) for name in ("安新", "白期")]
    for one in members:
        world.upload(one)
    officer, branch = world.client_of(world.district), world.client_of(world.branch)
    page = officer.get("/home").text
    assert '<a href="/checks/new?choice=unchecked"><b class="count-warning">2</b> 份已上传' in page
    assert 'value="unchecked" checked' in officer.get("/checks/new?choice=unchecked").text
    assert 'value="all" checked' in officer.get("/checks/new?choice=all").text
    assert "检查不合格" not in branch.get("/home").text
    assert "检查不合格" not in branch.get("/members/").text
    district = world.actor(world.district)
    for one, verdict in zip(
        members, (Verdict(), Verdict((Fault(FaultKind.NO_SEAL),))), strict=True
    ):
        scan = current_scan(one)
        assert scan is not None
        check(district, one, scan.id, verdict, seen=None)
    assert "还没有人检查" not in officer.get("/home").text
    assert '?filter=faulty"><b class="count-wrong">1</b> 份' in branch.get("/home").text
    listed = branch.get("/members/?filter=faulty").text
    assert "白期" in listed
    assert "安新" not in listed
    world.upload(members[1], good_scan(3))
    assert ">1</b> 份已上传" in officer.get("/home").text
    assert "没有检查不合格的《入团志愿书》" in branch.get("/members/?filter=faulty").text
    assert "现在没有要做的事" in branch.get("/home").text


def test_members_have_their_card_instead(world: World) -> None:
    member = world.member_actor(world.add_member())
    assert world.client(member.login).get("/home").status_code == 403
