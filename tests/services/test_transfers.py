"""京内转接: who agrees, what goes along, what ends it. On both databases."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.access import Action, Actor
from portal.demo.tree import Node
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import (
    AuditRecord,
    Draft,
    DraftKind,
    Message,
    NumberHolding,
    Organisation,
    Transfer,
    TransferStep,
)
from portal.rules.corrections import CorrectionField
from portal.rules.leaving import Leaving, LeavingReason
from portal.rules.scan_checks import Fault, FaultKind, Verdict
from portal.rules.transfers import StepKind, TransferState, Turn
from portal.services import (
    check_rounds,
    checks,
    codes,
    correction_answers,
    corrections,
    drafts,
    fsck,
    leaving,
    numbers,
    round_making,
    scans,
    transfer_expiry,
    waiting_reports,
)
from portal.services import transfer_deciding as deciding
from portal.services import transfers_inside as inside
from portal.services.accounts import actor_for, sign_in
from portal.services.audit import Event
from portal.services.listing import ListQuery, list_members
from portal.services.member_rows import find_row
from portal.services.members import MovedAway, find_member
from portal.services.numbers import ReleaseOutdated
from portal.services.organisation_changes import close, switch_joining
from portal.services.organisation_moves import merge
from portal.services.record_search import Search, search
from portal.services.round_making import RoundWish
from portal.services.transaction import writing
from portal.services.transfer_lists import Part, branch_transfers
from portal.services.transfers import TransferOutdated, TransferRefused, find_transfer
from tests import scans as files
from tests.builders import PASSWORD, World, meanwhile

pytestmark = pytest.mark.usefixtures("database")

REASON = "升学或转学"


@pytest.fixture
def member(world: World) -> int:
    return world.add_member(name="李小明")


def ask(world: World, actor: Actor, member: int, to: Node | None = None) -> int:
    return inside.ask(actor, member, (to or world.far_branch).id, REASON, "")


def ask_of_branch(world: World, member: int, to: Node | None = None) -> int:
    return ask(world, world.actor(world.branch), member, to)


def stored(transfer: int) -> Transfer:
    db.session.rollback()
    return db.session.get_one(Transfer, transfer, populate_existing=True)


def state_of(transfer: int) -> TransferState:
    return stored(transfer).state


def steps_of(transfer: int) -> list[tuple[StepKind, int | None]]:
    db.session.rollback()
    query = select(TransferStep.kind, TransferStep.organisation_id).order_by(TransferStep.id)
    return [
        tuple(row) for row in db.session.execute(query.where(TransferStep.transfer_id == transfer))
    ]


def subjects(**to: int) -> list[str]:
    """The messages to an organisation or an account, the oldest first."""
    db.session.rollback()
    (name, value), *_ = to.items()
    query = select(Message.subject).where(getattr(Message, name) == value).order_by(Message.id)
    return list(db.session.scalars(query))


def events(member: int) -> list[tuple[str, int | None]]:
    db.session.rollback()
    query = select(AuditRecord.event, AuditRecord.about_id).where(AuditRecord.member_id == member)
    return [tuple(row) for row in db.session.execute(query.order_by(AuditRecord.id))]


def count(world: World, node: Node) -> int:
    """Members of a branch as they are tallied; it may have had nobody yet."""
    db.session.rollback()
    from portal.models import Tally

    return db.session.scalar(select(Tally.members).where(Tally.branch_id == node.id)) or 0


def test_the_member_asks_both_agree_and_everything_goes_along(world: World, member: int) -> None:
    number, person = world.member(member).number, world.member_actor(member)
    scan = world.upload(member).scan_id
    checks.check(world.actor(world.district), member, scan, Verdict(), seen=None)
    transfer = ask(world, person, member)
    found = stored(transfer)
    assert (found.turn, found.held_by_id) == (Turn.RELEASING, world.branch.id)
    assert found.by_member
    assert found.passed_on_at is None
    with pytest.raises(NotFound):
        find_transfer(world.actor(world.far_branch), transfer, Action.VIEW_TRANSFER)
    assert deciding.agree(world.actor(world.branch), transfer) is TransferState.OPEN
    assert stored(transfer).held_by_id == world.far_branch.id
    assert deciding.agree(world.actor(world.far_branch), transfer) is TransferState.DONE
    moved = world.member(member)
    assert (moved.branch_id, moved.number) == (world.far_branch.id, number)
    assert moved.has_scan
    assert moved.scan_checked
    assert scans.current_scan(member).id == scan  # type: ignore[union-attr]
    assert (count(world, world.branch), count(world, world.far_branch)) == (0, 1)
    assert world.tally(world.far_branch)["checked"] == 1
    assert fsck.check() == []
    holdings = db.session.scalars(select(NumberHolding).where(NumberHolding.member_id == member))
    assert [(one.number, one.until) for one in holdings] == [(number, None)]
    assert steps_of(transfer) == [
        (StepKind.ASKED, None),
        (StepKind.AGREED, world.branch.id),
        (StepKind.DONE, world.far_branch.id),
    ]
    assert subjects(to_organisation_id=world.branch.id) == [
        "李小明 申请转出到 第八中学团支部",
        "李小明 已转出到 第八中学团支部",
    ]
    assert subjects(to_organisation_id=world.far_branch.id) == [
        "李小明 的团组织关系转接等待办理",
        "李小明 已转入本支部",
    ]
    assert subjects(to_account_id=person.account_id) == [
        "团组织关系转接：等待第八中学团支部办理",
        "团组织关系已转到 第八中学团支部",
    ]
    assert events(member)[-4:] == [
        (Event.TRANSFER_ASKED, world.branch.id),
        (Event.TRANSFER_PASSED_ON, world.branch.id),
        (Event.MEMBER_LEFT_BRANCH, world.branch.id),
        (Event.MEMBER_ARRIVED, world.far_branch.id),
    ]


def test_afterwards_the_new_branch_alone_changes_the_form(world: World, member: int) -> None:
    scan = world.upload(member).scan_id
    deciding.agree(world.actor(world.far_branch), ask_of_branch(world, member))
    old, new = world.actor(world.branch), world.actor(world.far_branch)
    for action in (Action.VIEW_MEMBER, Action.EDIT_MEMBER, Action.UPLOAD_SCAN, Action.VIEW_SCAN):
        with pytest.raises(MovedAway, match=r"李小明 .*转到“第八中学团支部”"):
            find_member(old, action, member)
        assert find_member(new, action, member).id == member
    with pytest.raises(MovedAway):
        world.upload(member, files.good_scan(3), world.branch)
    with pytest.raises(MovedAway):
        scans.delete(old, member)
    with pytest.raises(NotFound) as foreign:
        find_member(world.actor(world.sister), Action.VIEW_MEMBER, member)
    assert "李小明" not in foreign.value.message
    assert world.upload(member, files.good_scan(3)).scan_id != scan
    assert fsck.check() == []


def test_a_branch_that_asks_has_agreed(world: World, member: int) -> None:
    person = world.member_actor(member)
    transfer = ask_of_branch(world, member)
    found = stored(transfer)
    assert (found.turn, found.held_by_id) == (Turn.RECEIVING, world.far_branch.id)
    assert not found.by_member
    assert found.passed_on_at is not None
    assert subjects(to_account_id=person.account_id) == ["团组织关系转接：等待第八中学团支部办理"]
    with pytest.raises(NotFound):
        deciding.withdraw(person, transfer)  # the branch asked for it
    assert state_of(transfer) is TransferState.OPEN


def test_the_tree_above_gets_the_counts_of_both_districts(world: World, member: int) -> None:
    from portal.models import MonthTally

    deciding.agree(world.actor(world.far_branch), ask_of_branch(world, member))
    db.session.rollback()
    months = {
        row.part_id: row.members for row in db.session.scalars(select(MonthTally)) if row.members
    }
    assert months == {world.other_district.id: 1}
    assert fsck.check() == []


def test_inside_one_district_the_months_stay(world: World, member: int) -> None:
    deciding.agree(world.actor(world.sister), ask_of_branch(world, member, world.sister))
    assert world.member(member).branch_id == world.sister.id
    assert fsck.check() == []


@pytest.mark.parametrize("who", ["releasing", "receiving"])
def test_either_side_declines_with_a_reason(world: World, member: int, who: str) -> None:
    person = world.member_actor(member)
    transfer = ask(world, person, member)
    if who == "receiving":
        deciding.agree(world.actor(world.branch), transfer)
    far = world.actor(world.far_branch)
    side = world.actor(world.branch) if who == "releasing" else far
    for wrong, said in (("", "请写明原因"), ("电话 13800138000", "手机号")):
        with pytest.raises(TransferRefused, match=said):
            deciding.decline(side, transfer, answer=wrong)
    deciding.decline(side, transfer, answer="查无此人")
    deciding.decline(side, transfer, answer="查无此人")  # a double click
    found = stored(transfer)
    assert (found.state, found.answer) == (TransferState.DECLINED, "查无此人")
    assert world.member(member).branch_id == world.branch.id
    assert subjects(to_account_id=person.account_id)[-1] == "团组织关系转接没有被同意"
    told = subjects(to_organisation_id=world.branch.id)
    assert ("李小明 的团组织关系转接没有被同意" in told) is (who == "receiving")
    with pytest.raises(TransferOutdated, match="没有同意这份转接"):
        deciding.agree(side, transfer)
    assert events(member)[-1] == (Event.TRANSFER_DECLINED, world.branch.id)
    assert [row.answer for row in branch_transfers(side, Part.ENDED).rows] == ["查无此人"]
    lines = [one for one in search(side, Search()).lines if "没有同意" in one.words]
    if who == "receiving":
        said = "没有同意接收 高一(1)班团支部 的 李小明 转入，原因：查无此人"
        assert [(one.words, one.member_id) for one in lines] == [(said, None)]
        there = search(world.actor(world.branch), Search()).lines
        (line,) = [one.words for one in there if "查无此人" in one.words]
        assert line.startswith("没有同意 高一(1)班团支部 李小明（")
    else:
        assert len(lines) == 1
        assert not any("李小明" in one.words for one in search(far, Search()).lines)
    assert ask(world, person, member) != transfer  # one can ask anew


def test_who_asked_withdraws_at_each_step(world: World, member: int) -> None:
    person, branch = world.member_actor(member), world.actor(world.branch)
    first = ask(world, person, member)
    deciding.withdraw(person, first)
    deciding.withdraw(person, first)
    assert state_of(first) is TransferState.WITHDRAWN
    second = ask(world, person, member)
    deciding.agree(branch, second)
    with pytest.raises(NotFound):
        deciding.withdraw(branch, second)
    deciding.withdraw(person, second)
    assert subjects(to_organisation_id=world.far_branch.id)[-1] == "李小明 的团组织关系转接已撤回"
    with pytest.raises(TransferOutdated, match="已撤回这份转接"):
        deciding.agree(world.actor(world.far_branch), second)
    third = ask_of_branch(world, member)
    with pytest.raises(NotFound):
        deciding.withdraw(world.actor(world.far_branch), third)
    deciding.withdraw(branch, third)
    assert state_of(third) is TransferState.WITHDRAWN
    assert subjects(to_account_id=person.account_id)[-1] == "团组织关系转接已撤回"
    assert world.member(member).branch_id == world.branch.id


def test_asking_twice_is_one_and_another_one_is_refused(world: World, member: int) -> None:
    person = world.member_actor(member)
    transfer = ask(world, person, member)
    assert ask(world, person, member) == transfer
    with pytest.raises(
        TransferOutdated, match=r"李小明（团员本人）.*转到“第八中学团支部”.*不能再申请"
    ):
        ask(world, person, member, world.sister)
    with pytest.raises(TransferOutdated):
        ask_of_branch(world, member)
    assert len(steps_of(transfer)) == 1
    assert len(subjects(to_organisation_id=world.branch.id)) == 1


def test_a_double_click_on_agreeing_agrees_once(world: World, member: int) -> None:
    person = world.member_actor(member)
    transfer = ask(world, person, member)
    for _ in range(2):
        assert deciding.agree(world.actor(world.branch), transfer) is TransferState.OPEN
    with pytest.raises(TransferOutdated, match="现在等“第八中学团支部”办理"):
        deciding.decline(world.actor(world.branch), transfer, answer="又不同意了")
    for _ in range(2):
        assert deciding.agree(world.actor(world.far_branch), transfer) is TransferState.DONE
    assert [kind for kind, _ in steps_of(transfer)] == [
        StepKind.ASKED,
        StepKind.AGREED,
        StepKind.DONE,
    ]
    with pytest.raises(TransferOutdated, match=r"管理员7（第八中学团支部）在 .*已经完成"):
        deciding.decline(world.actor(world.branch), transfer, answer="不对")


def test_where_a_member_can_go(world: World, member: int) -> None:
    person = world.member_actor(member)
    with pytest.raises(TransferRefused, match=r"您已经在“高一\(1\)班团支部”"):
        ask(world, person, member, world.branch)
    with pytest.raises(TransferRefused, match="李小明 已经在"):
        ask_of_branch(world, member, world.branch)
    with pytest.raises(NotFound):
        ask(world, person, member, world.district)
    with pytest.raises(NotFound):
        inside.ask(person, member, 99999, REASON, "")
    city = world.actor(world.municipal)
    switch_joining(city, world.far_branch.id, 1, closed=True)
    with pytest.raises(TransferRefused, match="现在不接收团员"):
        ask(world, person, member)
    close(city, world.sister.id, 1)
    with pytest.raises(TransferRefused, match="已撤销"):
        ask(world, person, member, world.sister)
    with pytest.raises(TransferRefused, match="请选择转接的原因"):
        inside.ask(person, member, world.far_branch.id, "", "")
    with pytest.raises(NotAllowed):
        ask(world, world.actor(world.district), member)
    with pytest.raises(NotFound):
        ask(world, world.actor(world.sister), member)


def test_a_branch_that_stops_taking_people_still_answers(world: World, member: int) -> None:
    transfer = ask_of_branch(world, member)
    switch_joining(world.actor(world.municipal), world.far_branch.id, 1, closed=True)
    assert deciding.agree(world.actor(world.far_branch), transfer) is TransferState.DONE


# ---- time ----

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


def test_the_tenth_day_still_counts_the_next_does_not(world: World, member: int) -> None:
    with time_machine.travel(NOON, tick=False) as time:
        transfer = ask_of_branch(world, member)
        time.move_to(datetime(2026, 12, 5, 15, 59, tzinfo=UTC))  # 23:59 in Beijing
        assert transfer_expiry.expire_due() == 0
        with pytest.raises(TransferOutdated, match="还在办理"):
            ask_of_branch(world, member, world.sister)
        time.move_to(datetime(2026, 12, 5, 16, tzinfo=UTC))
        for act in (
            lambda: deciding.agree(world.actor(world.far_branch), transfer),
            lambda: deciding.decline(world.actor(world.far_branch), transfer, answer="晚了"),
            lambda: deciding.withdraw(world.actor(world.branch), transfer),
        ):
            with pytest.raises(TransferOutdated, match="到 2026-12-05 没有办完，已自动结束"):
                act()
        assert state_of(transfer) is TransferState.OPEN  # nobody has written it down
        numbers.ask(
            world.actor(world.branch),
            member,
            number=world.member(member).number or "",
            reason="看错了",
        )


def test_the_list_says_so_as_long_as_it_is_open(world: World, member: int) -> None:
    def remarks() -> list[str]:
        branch, committee = world.actor(world.branch), world.actor(world.district)
        own = list_members(branch, Action.LIST_OWN_MEMBERS, world.branch.id, ListQuery())
        above = find_row(committee, Action.VIEW_MEMBER, member)
        found = [one.text for one in own.rows[0].remarks]
        assert found == [one.text for one in above.remarks]
        return [text for text in found if "转接" in text]

    assert remarks() == []
    transfer = ask_of_branch(world, member)
    assert remarks() == ["正在办理组织关系转接 · 剩 10 天"]
    ends = stored(transfer).ends_on
    with time_machine.travel(datetime(ends.year, ends.month, ends.day, 12, tzinfo=clock.BEIJING)):
        assert remarks() == ["正在办理组织关系转接 · 今天截止"]
    later = ends + timedelta(days=1)
    with time_machine.travel(datetime(later.year, later.month, later.day, 1, tzinfo=clock.BEIJING)):
        assert remarks() == []  # the night has not written it down yet
    deciding.withdraw(world.actor(world.branch), transfer)
    assert remarks() == []


def test_the_night_writes_it_down_once(world: World, member: int) -> None:
    person = world.member_actor(member)
    with time_machine.travel(NOON, tick=False) as time:
        transfer = ask_of_branch(world, member)
        time.shift(timedelta(days=11))
        assert transfer_expiry.expire_due() == 1
        assert transfer_expiry.expire_due() == 0
    found = stored(transfer)
    assert (found.state, found.ended_by_id) == (TransferState.EXPIRED, None)
    assert steps_of(transfer)[-1] == (StepKind.EXPIRED, None)
    for node in (world.branch, world.far_branch):
        assert subjects(to_organisation_id=node.id).count("李小明 的团组织关系转接到期未办完") == 1
    assert subjects(to_account_id=person.account_id)[-1] == "团组织关系转接到期未办完"
    assert [event for event, _ in events(member)].count(Event.TRANSFER_EXPIRED) == 1


def test_asking_anew_after_its_time_writes_the_old_one_down(world: World, member: int) -> None:
    with time_machine.travel(NOON, tick=False) as time:
        first = ask_of_branch(world, member)
        time.shift(timedelta(days=11))
        second = ask_of_branch(world, member)
        assert (state_of(first), state_of(second)) == (TransferState.EXPIRED, TransferState.OPEN)
        assert transfer_expiry.expire_due() == 0
    assert [event for event, _ in events(member)].count(Event.TRANSFER_EXPIRED) == 1


def test_who_has_it_is_reminded_once_a_step(world: World, member: int) -> None:
    def reminded(node: Node) -> list[str]:
        return [
            one for one in subjects(to_organisation_id=node.id) if "转接剩" in one or "今天" in one
        ]

    person = world.member_actor(member)
    with time_machine.travel(NOON, tick=False) as time:
        transfer = ask(world, person, member)
        time.shift(timedelta(days=6))
        transfer_expiry.remind_if_due()
        assert reminded(world.branch) == []
        time.shift(timedelta(days=1))
        assert transfer_expiry.remind_if_due()
        assert not transfer_expiry.remind_if_due()  # the day is done
        assert reminded(world.branch) == ["李小明 的团组织关系转接剩 3 天"]
        time.shift(timedelta(days=1))
        transfer_expiry.remind_if_due()
        assert len(reminded(world.branch)) == 1
        deciding.agree(world.actor(world.branch), transfer)
        time.shift(timedelta(days=2))  # a standstill of a day
        transfer_expiry.remind_if_due()
        assert reminded(world.far_branch) == ["李小明 的团组织关系转接今天截止"]
        assert len(reminded(world.branch)) == 1
        time.move_to(datetime(2026, 12, 5, 22, tzinfo=UTC))  # 6 in the morning, overdue
        assert not transfer_expiry.remind_if_due()
        time.shift(timedelta(hours=2))
        transfer_expiry.remind_if_due()
        assert len(reminded(world.far_branch)) == 1


# ---- what else happens to a member, a branch ----


def test_who_is_set_aside_goes_nowhere(world: World, member: int) -> None:
    person, transfer = world.member_actor(member), ask_of_branch(world, member)
    leaving.set_aside(world.actor(world.branch), member, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    found = stored(transfer)
    assert found.state is TransferState.STOPPED
    assert found.answer == "李小明 已由 高一(1)班团支部移出（退团或离团）。"
    assert "李小明 转到 第八中学团支部 的申请已终止" in subjects(
        to_organisation_id=world.far_branch.id
    )
    with pytest.raises(TransferOutdated, match="已终止：李小明 已由"):
        deciding.agree(world.actor(world.far_branch), transfer)
    for actor in (person, world.actor(world.branch)):
        with pytest.raises(TransferRefused, match="已被移出，不能办理团组织关系转接"):
            ask(world, actor, member)
    assert fsck.check() == []


def test_a_release_and_a_transfer_exclude_each_other(world: World, member: int) -> None:
    branch, number = world.actor(world.branch), world.member(member).number or ""
    transfer = ask_of_branch(world, member)
    with pytest.raises(ReleaseOutdated, match="正在办理团组织关系转接"):
        numbers.ask(branch, member, number=number, reason="看错了")
    deciding.withdraw(branch, transfer)
    numbers.ask(branch, member, number=number, reason="看错了")
    with pytest.raises(TransferRefused, match="正在申请解除占用"):
        ask_of_branch(world, member)
    numbers.withdraw(branch, member)
    assert ask_of_branch(world, member) != transfer


def test_a_number_released_on_the_way_is_typed_by_the_new_branch(world: World, member: int) -> None:
    transfer, number = ask_of_branch(world, member), world.member(member).number or ""
    numbers.release_number(world.actor(world.district), member, number=number, reason="发错了")
    deciding.agree(world.actor(world.far_branch), transfer)
    assert world.tally(world.far_branch)["released"] == 1
    assert world.member(member).released_number == number
    with pytest.raises(MovedAway):
        numbers.release_number(world.actor(world.district), member, number=number, reason="发错了")
    assert fsck.check() == []


def test_a_closed_target_stops_what_was_on_the_way_to_it(world: World, member: int) -> None:
    person = world.member_actor(member)
    transfer = ask(world, person, member)
    close(world.actor(world.municipal), world.far_branch.id, 1)
    found = stored(transfer)
    assert found.state is TransferState.STOPPED
    assert "“第八中学团支部”已撤销" in found.answer
    assert subjects(to_account_id=person.account_id) == ["团组织关系转接已终止"]
    with pytest.raises(TransferOutdated, match="已终止：“第八中学团支部”已撤销"):
        deciding.agree(world.actor(world.branch), transfer)


def test_transfers_follow_a_merge(world: World, member: int) -> None:
    city = world.actor(world.municipal)
    other = world.add_member(world.sister)
    waiting, done = ask_of_branch(world, member), ask(world, world.actor(world.sister), other)
    deciding.agree(world.actor(world.far_branch), done)
    between_member = world.add_member(world.sister, name="王二")
    between = ask(world, world.actor(world.sister), between_member, world.branch)
    merge(city, world.sister.id, 1, world.branch.id)
    assert state_of(between) is TransferState.STOPPED
    assert "已并入“高一(1)班团支部”，不用再转接" in stored(between).answer
    assert stored(done).from_branch_id == world.branch.id
    assert world.member(between_member).branch_id == world.branch.id
    # The target of the waiting one is merged, with its admins, into the branch that was free.
    merge(city, world.far_branch.id, 1, world.branch.id)
    assert state_of(waiting) is TransferState.STOPPED
    assert fsck.check() == []


@pytest.mark.parametrize("there", [True, False])
def test_a_merge_writes_down_what_had_ended_between_the_two(
    world: World, member: int, there: bool
) -> None:
    """Overdue, and the night has not come yet; ``there``: from the branch that is merged."""
    gone, kept = world.branch, world.sister
    mover = member if there else world.add_member(kept, name="王二")
    person = world.member_actor(mover)
    elsewhere = world.add_member(gone, name="钱三")
    with time_machine.travel(NOON, tick=False) as time:
        between = ask(world, world.actor(gone if there else kept), mover, kept if there else gone)
        away = ask_of_branch(world, elsewhere)
        time.shift(timedelta(days=11))
        merge(world.actor(world.municipal), gone.id, 1, kept.id)
        assert (state_of(between), state_of(away)) == (TransferState.EXPIRED, TransferState.OPEN)
        assert fsck.check() == []
        assert subjects(to_account_id=person.account_id)[-1] == "团组织关系转接到期未办完"
        assert transfer_expiry.expire_due() == 1  # the other one, which is the kept branch's now
        assert stored(away).from_branch_id == kept.id
        assert fsck.check() == []
    assert world.member(mover).branch_id == kept.id


def test_a_merged_target_is_the_other_branch_from_then_on(world: World, member: int) -> None:
    transfer = ask_of_branch(world, member, world.sister)
    db.session.rollback()
    merge(world.actor(world.municipal), world.sister.id, 1, world.far_branch.id)
    found = stored(transfer)
    assert (found.to_branch_id, found.held_by_id) == (world.far_branch.id, world.far_branch.id)
    assert steps_of(transfer)[-1][0] is StepKind.MERGED
    deciding.agree(world.actor(world.far_branch), transfer)
    assert world.member(member).branch_id == world.far_branch.id
    assert fsck.check() == []


# ---- what hangs on the member ----


def test_drafts_of_the_old_branch_end(world: World, member: int) -> None:
    from portal.runtime import runtime

    branch = world.actor(world.branch)
    with writing() as session:
        folder = drafts.draft_to_change(session, branch, member, DraftKind.PHOTOS).folder
    with runtime().store.receive(3) as incoming:
        incoming.write(b"abc")
        runtime().store.keep(incoming, f"{folder}/a.jpg")
    deciding.agree(world.actor(world.far_branch), ask_of_branch(world, member))
    assert db.session.scalars(select(Draft)).all() == []
    assert list(runtime().store.keys(f"{folder}/")) == []
    with pytest.raises(MovedAway):
        drafts.find_draft(branch, member, DraftKind.PHOTOS)
    assert fsck.check() == []


def test_a_round_of_the_old_committee_passes_who_went_away(world: World, member: int) -> None:
    officer = world.actor(world.district)
    away, staying = world.add_member(), world.add_member()
    for one in (member, away, staying):
        world.upload(one)
    wish = RoundWish(world.district.id, round_making.RoundChoice.ALL)
    round_id = round_making.make_round(officer, wish, "round")
    first = check_rounds.next_place(officer, round_id)
    assert first is not None
    held = check_rounds.open_place(officer, round_id, first)
    assert held.scan_id is not None
    for one in {member, away, staying} - {staying}:
        deciding.agree(world.actor(world.far_branch), ask_of_branch(world, one))
    if held.member_id != staying:  # it went away while somebody looked at it
        with pytest.raises(MovedAway):
            check_rounds.judge(officer, round_id, first, held.scan_id, Verdict(), seen=None)
    turns, place = set(), check_rounds.next_place(officer, round_id)
    while place is not None:
        turn = check_rounds.open_place(officer, round_id, place)
        turns.add(turn.member_id)
        assert turn.scan_id is not None
        place = check_rounds.judge(
            officer, round_id, place, turn.scan_id, Verdict(), seen=None
        ).next_place
    assert turns == {staying}
    assert fsck.check() == []


def test_faults_that_were_found_before_are_the_new_branchs_to_mend(
    world: World, member: int
) -> None:
    officer, scan = world.actor(world.district), world.upload(member).scan_id
    checks.check(officer, member, scan, Verdict((Fault(FaultKind.NO_SEAL),)), seen=None)
    deciding.agree(world.actor(world.far_branch), ask_of_branch(world, member))
    assert checks.standing_check(scan) is not None
    with pytest.raises(MovedAway):
        checks.take_back(officer, checks.standing_check(scan).id)  # type: ignore[union-attr]
    above = world.actor(world.other_district)
    seen = checks.standing_check(scan).id  # type: ignore[union-attr]
    checks.check(above, member, scan, Verdict(), seen=seen)
    assert subjects(to_organisation_id=world.far_branch.id)[-1] == "李小明：入团志愿书检查改为合格"
    assert fsck.check() == []


def test_a_report_of_a_wrong_field_is_the_new_branchs_to_answer(world: World, member: int) -> None:
    person = world.member_actor(member)
    report = corrections.report(person, CorrectionField.ETHNICITY, proposed="回族", remark="")
    deciding.agree(world.actor(world.far_branch), ask_of_branch(world, member))
    old, new = world.actor(world.branch), world.actor(world.far_branch)
    assert (waiting_reports.count_waiting(old), waiting_reports.count_waiting(new)) == (0, 1)
    version = world.member(member).version
    with pytest.raises((NotFound, MovedAway)):
        correction_answers.take_over(old, report, version=version)
    correction_answers.take_over(new, report, version=version)
    assert world.member(member).ethnicity == "回族"


def test_the_member_stays_signed_in_and_belongs_to_the_new_branch(
    world: World, member: int
) -> None:
    world.member_actor(member)
    token = sign_in(f"member{member}", PASSWORD, address="", user_agent="", request_id="")
    deciding.agree(world.actor(world.far_branch), ask_of_branch(world, member))
    now = actor_for(token, address="", request_id="")
    assert now is not None
    assert (now.organisation_id, now.organisation_name) == (world.far_branch.id, "第八中学团支部")


def test_a_code_that_the_old_branch_issued_opens_nothing_afterwards(
    world: World, member: int
) -> None:
    person = world.member_actor(member)
    branch = world.actor(world.branch)
    issued = codes.issue_for_member(branch, member)
    transfer = ask_of_branch(world, member)
    deciding.agree(world.actor(world.far_branch), transfer)
    with pytest.raises(codes.CodeRefused):
        codes.redeem(issued.login, issued.code, "another horse 7", address="", request_id="")
    new = codes.issue_for_member(world.actor(world.far_branch), member)
    codes.redeem(new.login, new.code, "another horse 7", address="", request_id="")
    assert new.login == person.login


def test_fsck_finds_a_transfer_that_hangs_in_the_air(world: World, member: int) -> None:
    ask_of_branch(world, member)
    world.set_columns(member, left_at=datetime.now(UTC), left_reason=LeavingReason.LEFT_LEAGUE)
    with writing() as session:
        session.get_one(Organisation, world.far_branch.id).closed_at = datetime.now(UTC)
    found = {one.text for one in fsck.check() if one.kind == "transfer"}
    assert found == {
        "is open, but its member was set aside",
        "is open, but the branch it leads to is closed",
    }
    world.set_columns(member, left_at=None, left_reason=None, branch_id=world.sister.id)
    found = {one.text for one in fsck.check() if one.kind == "transfer"}
    assert "is open, but its member is in another branch" in found


# ---- two at once ----


def outcome(act: Any) -> type[BaseException] | None:
    """What somebody who acts is told, as the kind of the refusal; None: it was done."""
    try:
        act()
    except (TransferOutdated, TransferRefused, NotFound, MovedAway, ReleaseOutdated) as error:
        return type(error)
    return None


def both(app: Flask, words: str, first: Any, second: Any) -> tuple[Any, Any]:
    """``first`` acts; when its first statement with ``words`` is due, ``second`` does as well."""
    db.session.rollback()
    other: list[Future[Any]] = meanwhile(app, words, lambda: outcome(second), to_its_end=False)
    done = outcome(first)
    return done, other[0].result(timeout=20)


def test_of_two_who_ask_at_once_one_has_asked(app: Flask, world: World, member: int) -> None:
    person = world.member_actor(member)
    done = both(
        app,
        "INSERT INTO transfer ",
        lambda: ask(world, person, member),
        lambda: ask_of_branch(world, member, world.sister),
    )
    assert done == (None, TransferOutdated)
    assert len(db.session.scalars(select(Transfer.id)).all()) == 1


@pytest.mark.parametrize("released_first", [True, False])
def test_transfer_and_release_at_once(
    app: Flask, world: World, member: int, released_first: bool
) -> None:
    number = world.member(member).number or ""
    acts = [
        lambda: numbers.ask(world.actor(world.branch), member, number=number, reason="看错了"),
        lambda: ask_of_branch(world, member),
    ]
    words = "INSERT INTO number_release" if released_first else "INSERT INTO transfer "
    first, second = acts if released_first else reversed(acts)
    refused = TransferRefused if released_first else ReleaseOutdated
    assert both(app, words, first, second) == (None, refused)


@pytest.mark.parametrize("agreed_first", [True, False])
def test_arriving_and_setting_aside_at_once(
    app: Flask, world: World, member: int, agreed_first: bool
) -> None:
    transfer = ask_of_branch(world, member)
    acts = [
        lambda: deciding.agree(world.actor(world.far_branch), transfer),
        lambda: leaving.set_aside(
            world.actor(world.branch), member, Leaving(LeavingReason.LEFT_LEAGUE, "")
        ),
    ]
    first, second = acts if agreed_first else reversed(acts)
    words = "UPDATE member" if agreed_first else "UPDATE transfer"
    refused = MovedAway if agreed_first else TransferOutdated
    assert both(app, words, first, second) == (None, refused)
    moved = world.member(member)
    assert (moved.branch_id == world.far_branch.id) is agreed_first
    assert (moved.left_at is None) is agreed_first
    assert fsck.check() == []


@pytest.mark.parametrize("agreed_first", [True, False])
def test_arriving_and_closing_at_once(
    app: Flask, world: World, member: int, agreed_first: bool
) -> None:
    from portal.services.organisation_changes import OrganisationRefused

    transfer, refused = ask_of_branch(world, member), []

    def closing() -> None:
        try:
            close(world.actor(world.municipal), world.far_branch.id, 1)
        except OrganisationRefused as error:
            refused.append(error.message)

    def arriving() -> None:
        deciding.agree(world.actor(world.far_branch), transfer)

    if agreed_first:
        assert both(app, "UPDATE member", arriving, closing) == (None, None)
        assert "还有 1 名团员" in refused[0]
        assert world.member(member).branch_id == world.far_branch.id
    else:
        assert both(app, "UPDATE organisation", closing, arriving) == (None, TransferOutdated)
        assert state_of(transfer) is TransferState.STOPPED
        assert world.member(member).branch_id == world.branch.id
    closed_at = db.session.get_one(Organisation, world.far_branch.id).closed_at
    assert (closed_at is None) is agreed_first
    assert fsck.check() == []


@pytest.mark.parametrize("asked_first", [True, False])
def test_asking_and_closing_the_target_at_once(
    app: Flask, world: World, member: int, asked_first: bool
) -> None:
    acts = [
        lambda: ask_of_branch(world, member),
        lambda: close(world.actor(world.municipal), world.far_branch.id, 1),
    ]
    first, second = acts if asked_first else reversed(acts)
    words = "INSERT INTO transfer " if asked_first else "UPDATE organisation"
    done = both(app, words, first, second)
    assert done == ((None, None) if asked_first else (None, TransferRefused))
    states = db.session.scalars(select(Transfer.state)).all()
    assert states == ([TransferState.STOPPED] if asked_first else [])


@pytest.mark.parametrize("agreed_first", [True, False])
@pytest.mark.parametrize("merged", ["source", "target"])
def test_arriving_and_merging_at_once(
    app: Flask, world: World, member: int, agreed_first: bool, merged: str
) -> None:
    transfer = ask_of_branch(world, member)
    gone = world.branch if merged == "source" else world.far_branch
    acts = [
        lambda: deciding.agree(world.actor(world.far_branch), transfer),
        lambda: merge(world.actor(world.municipal), gone.id, 1, world.sister.id),
    ]
    first, second = acts if agreed_first else reversed(acts)
    words = "UPDATE member" if agreed_first else "UPDATE transfer"
    done = both(app, words, first, second)
    in_sister = merged == "target"
    # Whose branch is gone when they come to agree belongs to the other one by then.
    assert done == (None, NotFound if in_sister and not agreed_first else None)
    expected = world.sister.id if in_sister else world.far_branch.id
    if done == (None, NotFound):
        deciding.agree(world.actor(world.sister), transfer)
    assert world.member(member).branch_id == expected
    assert fsck.check() == []


def test_two_branches_exchange_members_at_once(app: Flask, world: World, member: int) -> None:
    other = world.add_member(world.far_branch)
    there = ask_of_branch(world, member)
    back = ask(world, world.actor(world.far_branch), other, world.branch)
    done = both(
        app,
        "INSERT INTO tally",
        lambda: deciding.agree(world.actor(world.far_branch), there),
        lambda: deciding.agree(world.actor(world.branch), back),
    )
    assert done == (None, None)
    assert (count(world, world.branch), count(world, world.far_branch)) == (1, 1)
    assert fsck.check() == []


def test_the_night_and_a_person_end_one_transfer_once(
    app: Flask, world: World, member: int
) -> None:
    with time_machine.travel(NOON, tick=False) as time:
        ask_of_branch(world, member)
        time.shift(timedelta(days=11))
        both(
            app, "UPDATE transfer", transfer_expiry.expire_due, lambda: ask_of_branch(world, member)
        )
    assert [event for event, _ in events(member)].count(Event.TRANSFER_EXPIRED) == 1


def test_what_ends_while_the_night_looks_at_it_is_left_alone(
    app: Flask, world: World, member: int
) -> None:
    """Somebody asks anew between the night's list and its lock on the tree."""
    with time_machine.travel(NOON, tick=False) as time:
        first = ask_of_branch(world, member)
        time.shift(timedelta(days=11))
        begun = meanwhile(
            app,
            "organisation.parent_id IS NULL",
            lambda: ask_of_branch(world, member),
            to_its_end=db.engine.dialect.name == "postgresql",
        )
        done = transfer_expiry.expire_due()
        second = begun[0].result(timeout=20)
    if db.engine.dialect.name == "postgresql":
        assert done == 0
    assert (state_of(first), state_of(second)) == (TransferState.EXPIRED, TransferState.OPEN)
    assert [event for event, _ in events(member)].count(Event.TRANSFER_EXPIRED) == 1


def test_the_first_two_members_of_a_branch_arrive_at_once(
    app: Flask, world: World, member: int
) -> None:
    """Each would make the branch's row of counts."""
    other = world.add_member(world.sister)
    first = ask_of_branch(world, member)
    second = ask(world, world.actor(world.sister), other)
    target = world.actor(world.far_branch)
    # SQLite has one writer, so there the other waits.
    to_its_end = db.engine.dialect.name == "postgresql"
    begun = meanwhile(
        app, "INSERT INTO tally", lambda: deciding.agree(target, second), to_its_end=to_its_end
    )
    assert deciding.agree(target, first) is TransferState.DONE
    assert begun[0].result() is TransferState.DONE
    assert count(world, world.far_branch) == 2
    assert fsck.check() == []
