"""移出 and 恢复. On both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal.access import Action, Actor
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import (
    Account,
    AuditRecord,
    Member,
    NumberHolding,
    NumberRelease,
    ReleaseState,
    SignIn,
)
from portal.rules.irregular import Irregularity
from portal.rules.leaving import Leaving, LeavingReason
from portal.services import scans
from portal.services.accounts import SignInRefused, sign_in
from portal.services.derived import tallied
from portal.services.fsck import check
from portal.services.leaving import AlreadySetAside, bring_back, left_of, set_aside
from portal.services.listing import Filter, ListQuery, count_members, list_members
from portal.services.member_editing import NumberRefused, change_member, fields_of
from portal.services.members import SetAside, find_member
from portal.services.transaction import writing
from tests.builders import PASSWORD, World, meanwhile

pytestmark = pytest.mark.usefixtures("database")

LEFT = Leaving(LeavingReason.LEFT_LEAGUE, "")
DIED = Leaving(LeavingReason.DECEASED, "")
MISTAKE = Leaving(LeavingReason.MISTAKE, "重复录入")


@pytest.fixture
def branch(world: World) -> Actor:
    return world.actor(world.branch)


def names(world: World, actor: Actor, wanted: Filter = Filter.ALL) -> list[str]:
    page = list_members(actor, Action.VIEW_MEMBER, world.branch.id, ListQuery(filter=wanted))
    return [row.name for row in page.rows]


@pytest.mark.parametrize("leaving", [LEFT, DIED, MISTAKE])
def test_who_is_set_aside_is_out_of_list_and_tally_and_found_by_the_filter(
    world: World, branch: Actor, leaving: Leaving
) -> None:
    member = world.add_member(name="安新")
    world.add_member(name="白期")
    world.upload(member)
    set_aside(branch, member, leaving)
    for actor in (branch, world.actor(world.district)):
        assert names(world, actor) == ["白期"]
        assert names(world, actor, Filter.LEFT) == ["安新"]
        counts = count_members(actor, Action.VIEW_MEMBER, world.branch.id)
        assert (counts.all, counts.new, counts.missing, counts.left) == (1, 1, 1, 1)
    assert world.tally()["members"] == 1
    assert world.tally()["with_scan"] == 0
    assert check() == []
    left = left_of(world.member(member))
    assert left is not None
    assert (left.who, left.reason, left.note) == (
        f"管理员{world.branch.id}",
        leaving.reason,
        leaving.note,
    )


def test_the_number_stays_occupied_except_after_a_mistake(world: World, branch: Actor) -> None:
    gone, wrong, other = (world.add_member(number=None) for _ in range(3))
    for member, number in ((gone, "202611000001"), (wrong, "202611000002")):
        with writing() as session, tallied(session.get_one(Member, member)):
            session.get_one(Member, member).number = number
    set_aside(branch, gone, LEFT)
    set_aside(branch, wrong, MISTAKE)
    assert world.member(gone).number == "202611000001"
    assert (world.member(wrong).number, world.member(wrong).released_number) == (
        None,
        "202611000002",
    )
    held = db.session.scalars(
        select(NumberHolding.number).where(
            NumberHolding.until.is_(None), NumberHolding.member_id.in_([gone, wrong])
        )
    )
    assert list(held) == ["202611000001"]
    db.session.rollback()
    with writing() as session, tallied(session.get_one(Member, other)):
        session.get_one(Member, other).number = "202611000002"
    assert check() == []


def test_brought_back_the_member_is_counted_and_has_the_number_again(
    world: World, branch: Actor
) -> None:
    member = world.add_member(name="安新")
    number, before = world.member(member).number, world.tally()
    for leaving in (LEFT, MISTAKE):
        set_aside(branch, member, leaving)
        assert bring_back(branch, member)
        back = world.member(member)
        assert (back.number, back.released_number, back.left_at, back.left_note) == (
            number,
            None,
            None,
            "",
        )
        assert world.tally() == before
    assert names(world, branch) == ["安新"]
    assert check() == []
    assert bring_back(branch, member)  # a double click


def test_a_number_taken_meanwhile_leaves_its_old_holder_without_one(
    world: World, branch: Actor
) -> None:
    member = world.add_member()
    number = world.member(member).number
    set_aside(branch, member, MISTAKE)
    world.add_member(world.sister, number=number)
    assert not bring_back(branch, member)
    back = world.member(member)
    assert (back.number, back.released_number) == (None, number)
    assert back.irregularity is Irregularity.RELEASED
    assert check() == []


def test_a_number_released_before_leaving_is_not_given_back(world: World, branch: Actor) -> None:
    member = world.add_member()
    number = world.member(member).number
    with writing() as session:
        row = session.get_one(Member, member)
        with tallied(row):
            row.number, row.released_number = None, number
    set_aside(branch, member, MISTAKE)
    assert bring_back(branch, member)
    assert (world.member(member).number, world.member(member).released_number) == (None, number)
    assert check() == []


def test_two_admins_the_second_is_told_who_was_faster(world: World, branch: Actor) -> None:
    member = world.add_member()
    set_aside(branch, member, LEFT)
    with pytest.raises(AlreadySetAside, match=f"管理员{world.branch.id} 在 .*原因是退团或离团"):
        set_aside(branch, member, DIED)
    assert world.member(member).left_reason is LeavingReason.LEFT_LEAGUE


def test_nothing_of_a_member_set_aside_can_be_changed(world: World, branch: Actor) -> None:
    member = world.add_member()
    world.upload(member)
    fields = fields_of(world.member(member))
    set_aside(branch, member, LEFT)
    version = world.member(member).version
    for attempt in (
        lambda: change_member(branch, member, version, fields),
        lambda: world.upload(member),
        lambda: scans.delete(branch, member),
        lambda: scans.restore(branch, member),
    ):
        with pytest.raises(SetAside, match="已移出"):
            attempt()
    assert find_member(branch, Action.VIEW_MEMBER, member).has_scan
    page = list_members(
        branch, Action.LIST_OWN_MEMBERS, world.branch.id, ListQuery(filter=Filter.LEFT)
    )
    assert not page.rows[0].cell.may_upload
    assert page.rows[0].left
    with pytest.raises(NotFound):
        find_member(world.actor(world.sister), Action.EDIT_MEMBER, member)


def test_only_the_own_branch_sets_aside_and_brings_back(world: World) -> None:
    member = world.add_member()
    for step in (lambda who: set_aside(who, member, LEFT), lambda who: bring_back(who, member)):
        with pytest.raises(NotFound):
            step(world.actor(world.sister))
        with pytest.raises(NotAllowed):
            step(world.actor(world.district))


@pytest.mark.parametrize(("leaving", "may"), [(LEFT, True), (DIED, False), (MISTAKE, False)])
def test_the_members_own_account(world: World, branch: Actor, leaving: Leaving, may: bool) -> None:
    member = world.add_member()
    login = world.member_actor(member).login

    def signs_in() -> bool:
        try:
            sign_in(login, PASSWORD, address="", user_agent="", request_id="")
        except SignInRefused:
            return False
        return True

    assert signs_in()
    set_aside(branch, member, leaving)
    assert signs_in() is may
    ended = db.session.scalars(select(SignIn.ended_at).order_by(SignIn.id)).first()
    assert (ended is None) is may
    bring_back(branch, member)
    assert signs_in()


def test_an_account_disabled_before_stays_so(world: World, branch: Actor) -> None:
    member = world.add_member()
    account = world.member_actor(member).account_id
    with writing() as session:
        session.execute(
            update(Account)
            .where(Account.id == account)
            .values(disabled_at=datetime(2026, 1, 1, tzinfo=UTC))
        )
    set_aside(branch, member, DIED)
    bring_back(branch, member)
    assert db.session.get_one(Account, account).disabled_at is not None


def test_an_open_request_for_the_number_is_withdrawn(world: World, branch: Actor) -> None:
    member = world.add_member()
    with writing() as session:
        session.add(
            NumberRelease(
                member_id=member,
                branch_id=world.branch.id,
                number=world.member(member).number,
                reason="首页不一致",
                asked_at=datetime(2026, 11, 1, tzinfo=UTC),
                asked_by_id=branch.account_id,
                state=ReleaseState.OPEN,
            )
        )
    set_aside(branch, member, LEFT)
    assert db.session.scalars(select(NumberRelease.state)).all() == [ReleaseState.WITHDRAWN]


def test_who_when_and_why_is_on_record(world: World, branch: Actor) -> None:
    member = world.add_member()
    number = world.member(member).number
    set_aside(branch, member, MISTAKE)
    bring_back(branch, member)
    aside, back = db.session.scalars(
        select(AuditRecord).where(AuditRecord.member_id == member).order_by(AuditRecord.id)
    )
    assert aside.event == "member set aside"
    assert aside.detail == {
        "reason": "mistake",
        "note": "重复录入",
        "number": number,
        "number_freed": True,
    }
    assert back.event == "member brought back"
    assert back.detail["number"] == number


def test_a_number_taken_at_the_same_moment_leaves_its_old_holder_without_one(
    world: World, branch: Actor, app: Flask
) -> None:
    number = world.number()
    member = world.add_member(number=number)
    other = world.add_member(world.sister, number=None)
    set_aside(branch, member, MISTAKE)

    def take_it() -> str:
        row = db.session.get_one(Member, other)
        wanted = replace(fields_of(row), number=number)
        try:
            change_member(world.actor(world.sister), other, row.version, wanted)
        except NumberRefused as refused:
            return refused.message
        return "taken"

    # SQLite has one writer: there the other waits, and is the second.
    is_second = db.engine.dialect.name == "sqlite"
    begun = meanwhile(app, "UPDATE member", take_it, to_its_end=not is_second)
    assert bring_back(branch, member) is is_second
    assert ("已被占用" in begun[0].result()) is is_second
    holders = {one: world.member(one).number for one in (member, other)}
    assert sorted(holders.values(), key=str) == sorted([number, None], key=str)
    assert check() == []
