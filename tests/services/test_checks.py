"""检查: what a committee says of a form, who hears of it, what answers it. On both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, select

from portal.access import Action, Actor
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import AuditRecord
from portal.rules.scan_checks import Fault, FaultKind, Verdict
from portal.services import checks, scans
from portal.services.checks import (
    CheckedMeanwhile,
    FormChanged,
    NothingToTakeBack,
    check,
    checks_of,
    standing_check,
    take_back,
)
from portal.services.listing import ListQuery, list_members
from portal.services.messages import inbox, open_message, read_all
from tests import scans as files
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

BLURRED = Verdict((Fault(FaultKind.MISSING_PAGES), Fault(FaultKind.BLURRED, (2,))), "请重新扫描")
IN_ORDER = Verdict()


@pytest.fixture
def member(world: World) -> int:
    member_id = world.add_member(name="安新")
    world.upload(member_id, files.good_scan(2))
    return member_id


@pytest.fixture
def district(world: World) -> Actor:
    return world.actor(world.district)


@pytest.fixture
def grassroots(world: World) -> Actor:
    return world.actor(world.grassroots)


def scan_of(member: int) -> int:
    db.session.rollback()
    scan = scans.current_scan(member)
    assert scan is not None
    return scan.id


def say(actor: Actor, member: int, verdict: Verdict) -> int:
    """As from a page that was opened just now."""
    standing = standing_check(scan_of(member))
    return check(actor, member, scan_of(member), verdict, seen=standing.id if standing else 0)


def remarks(world: World) -> list[str]:
    db.session.rollback()
    page = list_members(
        world.actor(world.branch), Action.LIST_OWN_MEMBERS, world.branch.id, ListQuery()
    )
    return [remark.text for row in page.rows for remark in row.remarks]


def subjects(world: World) -> list[str]:
    return [row.subject for row in inbox(world.actor(world.branch)).rows]


def events(member: int) -> list[str]:
    db.session.rollback()
    found = db.session.scalars(
        select(AuditRecord.event).where(AuditRecord.member_id == member).order_by(AuditRecord.id)
    )
    return [one for one in found if "check" in one]


def test_faults_are_told_remarked_and_answered_by_a_new_upload(
    world: World, member: int, district: Actor
) -> None:
    assert remarks(world) == []
    say(district, member, BLURRED)
    assert remarks(world) == ["检查：缺页、模糊"]
    assert subjects(world) == ["安新：入团志愿书检查不合格（缺页、模糊）"]
    branch = world.actor(world.branch)
    letter = open_message(branch, inbox(branch).rows[0].id)
    assert "缺页；模糊（第 2 页）" in letter.body
    assert "说明：请重新扫描" in letter.body
    assert letter.url == f"/members/{member}/edit"
    assert events(member) == ["scan checked"]

    world.upload(member, files.good_scan(3))
    assert remarks(world) == []
    assert standing_check(scan_of(member)) is None
    (before,) = checks_of(member)
    assert before.verdict == BLURRED
    assert not before.standing


def test_the_same_file_again_answers_nothing(world: World, member: int, district: Actor) -> None:
    say(district, member, BLURRED)
    assert world.upload(member, files.good_scan(2)).unchanged
    assert remarks(world) == ["检查：缺页、模糊"]


def test_a_deleted_form_comes_back_with_what_was_said(
    world: World, member: int, district: Actor
) -> None:
    say(district, member, BLURRED)
    branch = world.actor(world.branch)
    scans.delete(branch, member)
    assert not any("检查" in remark for remark in remarks(world))
    scans.restore(branch, member)
    assert remarks(world) == ["检查：缺页、模糊"]


def test_in_order_is_no_remark_and_no_message(world: World, member: int, district: Actor) -> None:
    say(district, member, IN_ORDER)
    assert remarks(world) == []
    assert subjects(world) == []
    standing = standing_check(scan_of(member))
    assert standing is not None
    assert standing.verdict == IN_ORDER


def test_above_the_check_below_is_seen_and_may_be_made_again(
    world: World, member: int, district: Actor, grassroots: Actor
) -> None:
    say(grassroots, member, BLURRED)
    read_all(world.actor(world.branch))
    say(district, member, IN_ORDER)
    latest, earlier = checks_of(member)
    assert (latest.verdict, latest.organisation, latest.standing) == (
        IN_ORDER,
        "东城区团区委",
        True,
    )
    assert (earlier.organisation, earlier.standing) == ("东城区第一中学团委", False)
    assert remarks(world) == []
    assert subjects(world)[0] == "安新：入团志愿书检查改为合格"


def test_sent_twice_it_is_said_once(world: World, member: int, district: Actor) -> None:
    scan = scan_of(member)
    first = check(district, member, scan, BLURRED, seen=0)
    assert check(district, member, scan, BLURRED, seen=0) == first
    assert len(checks_of(member)) == len(subjects(world)) == 1


def test_who_was_slower_is_told_and_may_say_it_all_the_same(
    member: int, district: Actor, grassroots: Actor
) -> None:
    scan = scan_of(member)
    first = check(grassroots, member, scan, IN_ORDER, seen=0)
    with pytest.raises(CheckedMeanwhile, match="东城区第一中学团委 管理员"):
        check(district, member, scan, BLURRED, seen=0)
    check(district, member, scan, BLURRED, seen=first)
    standing = standing_check(scan)
    assert standing is not None
    assert standing.verdict == BLURRED


def test_a_form_that_was_replaced_meanwhile_is_not_checked(
    world: World, member: int, district: Actor
) -> None:
    before = scan_of(member)
    world.upload(member, files.good_scan(3))
    with pytest.raises(FormChanged):
        check(district, member, before, IN_ORDER, seen=0)
    scans.delete(world.actor(world.branch), member)
    with pytest.raises(FormChanged):
        check(district, member, before, IN_ORDER, seen=0)
    assert checks_of(member) == ()


def test_an_own_check_is_taken_back_and_what_stood_before_stands_again(
    world: World, member: int, district: Actor, grassroots: Actor
) -> None:
    say(grassroots, member, IN_ORDER)
    made = say(district, member, BLURRED)
    read_all(world.actor(world.branch))
    with pytest.raises(NothingToTakeBack):
        take_back(grassroots, made)
    assert take_back(district, made) == member
    standing = standing_check(scan_of(member))
    assert standing is not None
    assert standing.organisation == "东城区第一中学团委"
    assert remarks(world) == []
    assert subjects(world)[0] == "安新：入团志愿书的检查结果已撤销"
    assert events(member) == ["scan checked"] * 2 + ["scan check undone"]
    with pytest.raises(NothingToTakeBack):
        take_back(district, made)


def test_nothing_is_taken_back_of_a_form_that_was_replaced(
    world: World, member: int, district: Actor
) -> None:
    made = say(district, member, BLURRED)
    world.upload(member, files.good_scan(3))
    with pytest.raises(NothingToTakeBack):
        take_back(district, made)


def test_only_committees_and_only_down_their_subtree(world: World, member: int) -> None:
    scan = scan_of(member)
    with pytest.raises(NotFound):
        check(world.actor(world.other_district), member, scan, IN_ORDER, seen=0)
    with pytest.raises(NotAllowed):
        check(world.actor(world.branch), member, scan, IN_ORDER, seen=0)
    with pytest.raises(NotFound):
        take_back(world.actor(world.district), 99)
    assert checks.checks_of(member) == ()


def test_the_list_asks_for_no_check_row_by_row(world: World, member: int, district: Actor) -> None:
    def statements() -> int:
        asked: list[Any] = []
        event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        remarks(world)
        return len(asked)

    say(district, member, BLURRED)
    alone = statements()
    for _ in range(3):
        other = world.add_member()
        world.upload(other)
        say(district, other, BLURRED)
    assert remarks(world).count("检查：缺页、模糊") == 4
    assert statements() == alone
