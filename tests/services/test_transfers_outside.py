"""转至外部系统, from the start to the receipt, and what stands against it. On both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.access import Action, Actor
from portal.errors import NotAllowed, NotFound, PortalError
from portal.extensions import db
from portal.models import AuditRecord, Message, NumberHolding, Transfer
from portal.rules.leaving import Leaving, LeavingReason
from portal.rules.outside import Proof
from portal.rules.transfers import TransferKind, TransferState, Turn
from portal.rules.transfers_outside import NO_FORM, Destination, Receipt, Return
from portal.services import (
    leaving,
    numbers,
    returning,
    scans,
    transfer_deciding,
    transfer_expiry,
    transfer_forms,
    transfers_inside,
    transfers_outside,
)
from portal.services.audit import Event
from portal.services.fsck import check
from portal.services.identity import identity_for
from portal.services.listing import Filter, ListQuery, list_members
from portal.services.members import SetAside, find_member
from portal.services.organisation_moves import merge, move
from portal.services.transfer_forms import FormMissing
from portal.services.transfers import TransferOutdated, TransferRefused
from tests.builders import World, meanwhile
from tests.scans import good_scan

pytestmark = pytest.mark.usefixtures("database")

WHERE = Destination("天津", "天津市河西区某中学团委高二（3）班团支部", "李老师 022-12345678")
RECEIPT = Receipt("TJ-2026-77", date(2026, 11, 20))
WHY = ("升学或转学", "")


def with_form(world: World) -> int:
    member = world.add_member()
    world.upload(member)
    return member


@pytest.fixture
def branch(world: World) -> Actor:
    return world.actor(world.branch)


@pytest.fixture
def district(world: World) -> Actor:
    return world.actor(world.district)


@pytest.fixture
def member(world: World) -> int:
    """A new member."""
    return with_form(world)


@pytest.fixture
def person(world: World, member: int) -> Actor:
    return world.member_actor(member)


@pytest.fixture
def transfer(world: World, member: int) -> int:
    """The member's, that waits for the receipt."""
    return to_receipt(world, member)


@pytest.fixture(name="gone")
def who_is_gone(world: World) -> int:
    return gone(world)


def ask(actor: Actor, member: int, where: Destination = WHERE) -> int:
    return transfers_outside.ask(actor, member, where, *WHY)


def stored(transfer: int) -> Transfer:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Transfer, transfer)


def stands(transfer: int) -> tuple[TransferState, Turn, int]:
    found = stored(transfer)
    return found.state, found.turn, found.held_by_id


def messages(to: int) -> list[str]:
    db.session.rollback()
    query = select(Message.subject).where(Message.to_organisation_id == to).order_by(Message.id)
    return list(db.session.scalars(query))


def to_receipt(world: World, member: int) -> int:
    """A transfer that the branch asked and the district agreed to."""
    transfer = ask(world.actor(world.branch), member)
    transfer_deciding.agree(world.actor(world.district), transfer)
    return transfer


def gone(world: World) -> int:
    """A member whose receipt was entered."""
    member = with_form(world)
    transfers_outside.enter_receipt(world.actor(world.branch), to_receipt(world, member), RECEIPT)
    return member


# ---- from the start to the receipt ----


def test_a_member_asks_and_in_the_end_is_in_no_list_any_more(
    world: World, member: int, branch: Actor, district: Actor, person: Actor
) -> None:
    before = world.tally()
    number = world.member(member).number
    transfer = ask(person, member)
    assert stands(transfer) == (TransferState.OPEN, Turn.RELEASING, world.branch.id)
    transfer_deciding.agree(branch, transfer)
    assert stands(transfer) == (TransferState.OPEN, Turn.COMMITTEE, world.district.id)
    transfer_deciding.agree(district, transfer)
    assert stands(transfer) == (TransferState.OPEN, Turn.RECEIPT, world.branch.id)
    transfers_outside.enter_receipt(branch, transfer, RECEIPT)
    assert stands(transfer) == (TransferState.DONE, Turn.RECEIPT, world.branch.id)

    left = world.member(member)
    assert (left.left_reason, left.number) == (LeavingReason.MOVED_OUTSIDE, number)
    assert left.left_note == f"天津 {WHERE.receiver}"
    assert world.tally() == dict.fromkeys(before, 0)
    assert not list_members(branch, Action.LIST_OWN_MEMBERS, world.branch.id, ListQuery()).rows
    page = list_members(
        branch, Action.LIST_OWN_MEMBERS, world.branch.id, ListQuery(filter=Filter.LEFT)
    )
    assert [one.text for one in page.rows[0].remarks] == ["已移出：转至外部系统"]
    assert identity_for(left).words == "未认证（团组织关系已转至外部系统）"
    assert scans.current_scan(member) is not None
    assert find_member(person, Action.VIEW_CARD, member).id == member  # may look at the card
    assert messages(world.district.id)[-1].endswith("已转至外部系统")
    assert check() == []


def test_what_a_branch_asks_it_has_agreed_to(world: World, transfer: int, district: Actor) -> None:
    assert [one for one in messages(world.district.id) if "等待审核" in one]
    assert messages(world.branch.id)[-1].endswith("转至外部系统：请登记回执")
    # The committee that agreed may have the receipt too.
    transfers_outside.enter_receipt(district, transfer, RECEIPT)
    found = stored(transfer)
    assert (found.receipt, found.receipt_on) == (RECEIPT.number, RECEIPT.given_on)
    assert messages(world.branch.id)[-1].endswith("已转至外部系统")


def test_everything_is_on_record_and_no_contact_is(gone: int) -> None:
    lines = db.session.scalars(
        select(AuditRecord).where(AuditRecord.event.like("%transfer%")).order_by(AuditRecord.id)
    ).all()
    assert [one.event for one in lines] == [Event.TRANSFER_ASKED, Event.TRANSFER_PASSED_ON]
    last = db.session.scalars(
        select(AuditRecord).where(AuditRecord.event == Event.MEMBER_MOVED_OUTSIDE)
    ).one()
    assert last.detail["receipt"] == "TJ-2026-77（2026-11-20）"
    assert all("李老师" not in str(one.detail) for one in [*lines, last])
    assert db.session.scalars(select(Transfer.contact)).all() == [""]  # nor kept afterwards


def test_a_click_that_came_twice_is_one(
    world: World, member: int, branch: Actor, district: Actor
) -> None:
    transfer = ask(branch, member)
    assert ask(branch, member) == transfer
    for _ in range(2):
        transfer_deciding.agree(district, transfer)
    for _ in range(2):
        transfers_outside.enter_receipt(branch, transfer, RECEIPT)
    counted = [one for one in messages(world.district.id) if "等待审核" in one]
    assert len(counted) == 1
    moved = select(AuditRecord.id).where(AuditRecord.event == Event.MEMBER_MOVED_OUTSIDE)
    assert len(db.session.scalars(moved).all()) == 1


def test_the_usual_member_of_before_the_forms_needs_none(world: World, branch: Actor) -> None:
    early = world.add_member(number="201811000001", joined=date(2018, 5, 1))
    from_elsewhere = world.add_member(number="202212000001", joined=date(2022, 5, 1))
    for member in (early, from_elsewhere):
        transfer = to_receipt(world, member)
        transfers_outside.enter_receipt(branch, transfer, RECEIPT)
        assert world.member(member).left_at is not None


def test_the_committee_declines_with_a_reason(
    world: World, member: int, branch: Actor, district: Actor
) -> None:
    transfer = ask(branch, member)
    transfer_deciding.decline(district, transfer, answer="接收单位名称不完整")
    assert stored(transfer).state is TransferState.DECLINED
    assert world.member(member).left_at is None
    assert ask(branch, member) != transfer  # and asked anew


def test_the_other_side_did_not_take_them(transfer: int, branch: Actor) -> None:
    """While the receipt is waited for, the branch can say that the outside system declined."""
    transfer_deciding.decline(branch, transfer, answer="对方没有接收")
    assert stored(transfer).state is TransferState.DECLINED


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_it_is_withdrawn_at_each_step_by_who_asked(
    world: World, steps: int, member: int, branch: Actor, person: Actor
) -> None:
    transfer = ask(person, member)
    for node in (world.branch, world.district)[:steps]:
        transfer_deciding.agree(world.actor(node), transfer)
    with pytest.raises(PortalError):
        transfer_deciding.withdraw(branch, transfer)
    transfer_deciding.withdraw(person, transfer)
    assert stored(transfer).state is TransferState.WITHDRAWN
    with pytest.raises(TransferOutdated):
        transfers_outside.enter_receipt(branch, transfer, RECEIPT)


def test_it_ends_by_itself_after_ten_days(
    world: World, member: int, transfer: int, branch: Actor
) -> None:
    day = clock.now()
    with time_machine.travel(day + timedelta(days=11)):
        with pytest.raises(TransferOutdated, match="没有办完，已自动结束"):
            transfers_outside.enter_receipt(branch, transfer, RECEIPT)
        assert transfer_expiry.expire_due() == 1
        assert stored(transfer).state is TransferState.EXPIRED
        assert world.member(member).left_at is None
        assert any("到期未办完" in one for one in messages(world.district.id))
        assert ask(branch, member) != transfer


# ---- who may ----


def test_each_step_is_only_for_who_has_it(
    world: World, member: int, branch: Actor, district: Actor
) -> None:
    with pytest.raises(NotFound):
        ask(world.actor(world.sister), member)
    with pytest.raises(NotAllowed):
        ask(district, member)
    transfer = ask(branch, member)
    with pytest.raises(TransferOutdated, match="现在等“东城区团区委”办理"):
        transfer_deciding.agree(branch, transfer)
    with pytest.raises(TransferOutdated, match="还不能登记回执"):
        transfers_outside.enter_receipt(branch, transfer, RECEIPT)
    with pytest.raises(NotAllowed):
        transfer_deciding.agree(world.actor(world.grassroots), transfer)
    with pytest.raises(NotFound):
        transfer_deciding.agree(world.actor(world.other_district), transfer)
    with pytest.raises(TransferOutdated, match="不在您这里"):
        transfer_deciding.agree(world.actor(world.municipal), transfer)
    transfer_deciding.agree(district, transfer)
    with pytest.raises(TransferRefused, match="登记外部系统的回执"):
        transfer_deciding.agree(branch, transfer)
    with pytest.raises(TransferOutdated, match="还不能登记回执"):
        transfers_outside.enter_receipt(world.actor(world.municipal), transfer, RECEIPT)


def test_why_is_asked(member: int, branch: Actor) -> None:
    with pytest.raises(TransferRefused, match="请选择转接的原因"):
        transfers_outside.ask(branch, member, WHERE, "", "")


def test_a_transfer_inside_waits_for_no_receipt(world: World, branch: Actor) -> None:
    member = with_form(world)
    transfer = transfers_inside.ask(branch, member, world.sister.id, *WHY)
    with pytest.raises(NotFound):
        transfers_outside.awaiting_receipt(branch, transfer)


# ---- the form ----


def test_a_new_member_without_a_form_cannot_start_it(world: World, branch: Actor) -> None:
    member = world.add_member()
    person = world.member_actor(member)
    with pytest.raises(FormMissing) as told:
        ask(branch, member)
    assert told.value.message.startswith(f"{NO_FORM}。请先上传这名团员的《入团志愿书》")
    with pytest.raises(FormMissing) as told:
        ask(person, member)
    assert "请联系“高一(1)班团支部”的管理员" in told.value.message
    assert f"管理员{world.branch.id}" in told.value.message
    assert db.session.scalars(select(Transfer)).all() == []
    world.upload(member)
    assert ask(person, member)


def test_an_earlier_joining_month_is_no_way_around_the_form(world: World, branch: Actor) -> None:
    """By the number the form is owed all the same, whatever the month was when it came."""
    member = world.add_member(number=world.number(2026), joined=date(2019, 12, 1))
    assert not world.member(member).is_new_member
    with pytest.raises(FormMissing, match=NO_FORM):
        ask(branch, member)
    world.upload(member)
    transfer = ask(branch, member)
    assert transfer_forms.warning_before_deletion(member)
    scans.delete(branch, member)
    assert stands(transfer)[0] is TransferState.STOPPED


def test_a_released_number_does_not_make_the_form_needless(world: World, branch: Actor) -> None:
    number = world.number()
    member = world.add_member(number=None, released_number=number)
    with pytest.raises(FormMissing):
        ask(branch, member)


def test_deleting_the_form_stops_it(world: World, member: int, branch: Actor) -> None:
    assert transfer_forms.warning_before_deletion(member) == ""
    transfer = to_receipt(world, member)
    assert "删除后这份转接立即终止" in transfer_forms.warning_before_deletion(member)
    scans.delete(branch, member)
    found = stored(transfer)
    assert found.state is TransferState.STOPPED
    assert NO_FORM in found.answer
    assert any("已终止" in one for one in messages(world.district.id))
    record = select(AuditRecord.event).order_by(AuditRecord.id.desc()).limit(2)
    assert set(db.session.scalars(record)) == {Event.SCAN_DELETED, Event.TRANSFER_STOPPED}
    with pytest.raises(TransferOutdated, match="已终止"):
        transfers_outside.enter_receipt(branch, transfer, RECEIPT)
    scans.restore(branch, member)
    assert stored(transfer).state is TransferState.STOPPED  # what was stopped is asked anew
    assert ask(branch, member) != transfer


def test_a_new_file_stops_nothing(world: World, member: int, transfer: int, branch: Actor) -> None:
    world.upload(member, good_scan(3))
    transfers_outside.enter_receipt(branch, transfer, RECEIPT)
    assert stored(transfer).state is TransferState.DONE


def test_deleting_a_form_stops_neither_what_needs_none_nor_a_transfer_inside(
    world: World, member: int, branch: Actor
) -> None:
    inside = transfers_inside.ask(branch, member, world.sister.id, *WHY)
    assert transfer_forms.warning_before_deletion(member) == ""
    scans.delete(branch, member)
    assert stored(inside).state is TransferState.OPEN


@pytest.mark.parametrize("turn", [Turn.RELEASING, Turn.COMMITTEE, Turn.RECEIPT])
def test_each_later_step_needs_the_form_too(
    world: World, turn: Turn, branch: Actor, district: Actor
) -> None:
    """A member of before the forms turns out, by a corrected number, to be a new one."""
    member = world.add_member(number="201911000001", joined=date(2019, 5, 1))
    person = world.member_actor(member)
    transfer = ask(person, member)
    if turn is not Turn.RELEASING:
        transfer_deciding.agree(branch, transfer)
    if turn is Turn.RECEIPT:
        transfer_deciding.agree(district, transfer)
    world.set_columns(member, joined=date(2026, 5, 1), number=world.number(), is_new_member=True)
    steps: dict[Turn, Callable[[], object]] = {
        Turn.RELEASING: lambda: transfer_deciding.agree(branch, transfer),
        Turn.COMMITTEE: lambda: transfer_deciding.agree(district, transfer),
        Turn.RECEIPT: lambda: transfers_outside.enter_receipt(branch, transfer, RECEIPT),
    }
    with pytest.raises(FormMissing) as told:
        steps[turn]()
    assert NO_FORM in told.value.message
    if turn is Turn.COMMITTEE:
        assert "请通知“高一(1)班团支部”上传" in told.value.message
    assert stands(transfer)[:2] == (TransferState.OPEN, turn)


# ---- afterwards ----


def test_who_left_is_only_looked_at(world: World, gone: int, branch: Actor) -> None:
    with pytest.raises(SetAside, match="已转至外部系统，不能修改"):
        world.upload(gone)
    with pytest.raises(SetAside):
        scans.delete(branch, gone)
    with pytest.raises(leaving.MovedOutside, match="转回登记"):
        leaving.bring_back(branch, gone)
    with pytest.raises(leaving.AlreadySetAside, match="已登记这名团员转至外部系统的回执"):
        leaving.set_aside(branch, gone, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    with pytest.raises(TransferRefused):
        ask(branch, gone)
    with pytest.raises(ValueError, match="end of something else"):
        leaving.set_aside(branch, world.add_member(), Leaving(LeavingReason.MOVED_OUTSIDE, ""))


def test_the_number_is_never_given_to_anybody_else(
    world: World, gone: int, district: Actor
) -> None:
    number = world.member(gone).number
    assert number is not None
    with pytest.raises(numbers.ReleaseOutdated, match="一直为本人保留"):
        numbers.release_number(district, gone, number=number, reason="x 填错")
    with pytest.raises(PortalError, match=r"属于一名已转至外部系统的团员.*一直为其本人保留"):
        world.apply(number=number, joined=world.member(gone).joined)
    holding = db.session.scalars(select(NumberHolding).where(NumberHolding.number == number)).one()
    assert (holding.member_id, holding.until) == (gone, None)


def test_who_comes_back_has_their_number_and_form_again(
    world: World, gone: int, branch: Actor
) -> None:
    number = world.member(gone).number
    proof = Return("天津", WHERE.receiver, Proof.LETTER, "团介 7", date(2026, 11, 1))
    assert returning.come_back(branch, gone, proof)
    assert not returning.come_back(branch, gone, proof)
    back = world.member(gone)
    assert (back.left_at, back.number, back.has_scan) == (None, number, True)
    assert identity_for(back).is_certified
    assert world.tally()["with_scan"] == 1
    line = db.session.scalars(
        select(AuditRecord).where(AuditRecord.event == Event.MEMBER_CAME_BACK)
    ).one()
    assert line.detail["proof"] == "团组织关系介绍信 团介 7（2026-11-01）"
    other = world.add_member()
    leaving.set_aside(branch, other, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    with pytest.raises(NotFound):
        returning.come_back(branch, other, proof)
    assert check() == []


# ---- the tree moves ----


def test_the_committee_follows_the_branch(
    world: World, member: int, branch: Actor, district: Actor
) -> None:
    transfer = ask(branch, member)
    city = world.actor(world.municipal)
    move(city, world.grassroots.id, 1, world.other_district.id)
    assert stands(transfer)[2] == world.other_district.id
    assert any("等待审核" in one for one in messages(world.other_district.id))
    with pytest.raises(NotFound):
        transfer_deciding.agree(district, transfer)
    transfer_deciding.agree(world.actor(world.other_district), transfer)
    assert stands(transfer)[1] is Turn.RECEIPT


def test_a_move_below_the_same_committee_tells_nobody_anew(world: World) -> None:
    member = with_form(world)
    transfer = ask(world.actor(world.branch), member)
    told = messages(world.district.id)
    move(world.actor(world.municipal), world.branch.id, 1, world.district.id)
    assert stands(transfer) == (TransferState.OPEN, Turn.COMMITTEE, world.district.id)
    assert [one for one in messages(world.district.id) if "等待审核" in one] == [
        one for one in told if "等待审核" in one
    ]


def test_who_moves_a_branch_and_has_its_transfers_then_is_not_told_by_themselves(
    world: World,
) -> None:
    member = world.add_member(world.far_branch)
    world.upload(member)
    person = world.member_actor(member)
    transfer = ask(world.actor(world.far_branch), member)
    move(world.actor(world.municipal), world.far_branch.id, 1, world.municipal.id)
    assert stands(transfer) == (TransferState.OPEN, Turn.COMMITTEE, world.municipal.id)
    assert not [one for one in messages(world.municipal.id) if "等待审核" in one]
    query = select(Message.body).where(Message.to_account_id == person.account_id)
    assert any(f"现在等待{world.municipal.name}审核" in one for one in db.session.scalars(query))


def test_a_merged_branch_hands_its_transfers_over(world: World, member: int) -> None:
    waiting = to_receipt(world, member)
    merge(world.actor(world.municipal), world.branch.id, 1, world.far_branch.id)
    assert stands(waiting) == (TransferState.OPEN, Turn.RECEIPT, world.far_branch.id)
    transfers_outside.enter_receipt(world.actor(world.far_branch), waiting, RECEIPT)
    assert world.member(member).left_at is not None
    assert check() == []


def test_a_branch_without_a_district_asks_the_city(world: World) -> None:
    move(world.actor(world.municipal), world.far_branch.id, 1, world.municipal.id)
    member = world.add_member(world.far_branch)
    world.upload(member)
    transfer = ask(world.actor(world.far_branch), member)
    assert stands(transfer)[2] == world.municipal.id
    transfer_deciding.agree(world.actor(world.municipal), transfer)
    assert stands(transfer)[1] is Turn.RECEIPT


# ---- two people at once ----


def both(
    app: Flask, words: str, mine: Callable[[], object], other: Callable[[], object]
) -> tuple[str, str]:
    """What each of two who act at once is told; 'done' when it was done."""

    def said(act: Callable[[], object]) -> str:
        try:
            act()
        except PortalError as error:
            return error.message
        return "done"

    begun = meanwhile(app, words, lambda: said(other), to_its_end=False)
    first = said(mine)
    assert begun, "the other never began"
    return first, begun[0].result(timeout=20)


def test_the_receipt_and_the_deletion_of_the_form_at_once(
    app: Flask, member: int, transfer: int, branch: Actor
) -> None:
    told = both(
        app,
        "UPDATE member",
        lambda: transfers_outside.enter_receipt(branch, transfer, RECEIPT),
        lambda: scans.delete(branch, member),
    )
    assert told[0] == "done"
    assert "已转至外部系统，不能修改" in told[1]
    assert scans.current_scan(member) is not None
    assert check() == []


def test_the_deletion_of_the_form_and_the_receipt_at_once(
    world: World, app: Flask, member: int, transfer: int, branch: Actor
) -> None:
    told = both(
        app,
        "UPDATE scan",
        lambda: scans.delete(branch, member),
        lambda: transfers_outside.enter_receipt(branch, transfer, RECEIPT),
    )
    assert told[0] == "done"
    assert "已终止" in told[1]
    assert NO_FORM in told[1]
    assert world.member(member).left_at is None
    assert check() == []


def test_a_transfer_inside_and_one_outside_at_once(
    world: World, app: Flask, member: int, branch: Actor, person: Actor
) -> None:
    told = both(
        app,
        "INSERT INTO transfer",
        lambda: ask(branch, member),
        lambda: transfers_inside.ask(person, member, world.sister.id, *WHY),
    )
    assert told[0] == "done"
    assert "还在办理，不能再申请" in told[1]
    found = db.session.scalars(select(Transfer)).all()
    assert [one.kind for one in found] == [TransferKind.OUTSIDE]


def test_the_receipt_and_setting_aside_at_once(
    world: World, app: Flask, member: int, transfer: int, branch: Actor
) -> None:
    told = both(
        app,
        "UPDATE member",
        lambda: transfers_outside.enter_receipt(branch, transfer, RECEIPT),
        lambda: leaving.set_aside(branch, member, Leaving(LeavingReason.LEFT_LEAGUE, "")),
    )
    assert told[0] == "done"
    assert "已登记这名团员转至外部系统的回执" in told[1]
    assert world.member(member).left_reason is LeavingReason.MOVED_OUTSIDE


def test_setting_aside_and_the_receipt_at_once(
    world: World, app: Flask, member: int, transfer: int, branch: Actor
) -> None:
    told = both(
        app,
        "UPDATE member",
        lambda: leaving.set_aside(branch, member, Leaving(LeavingReason.LEFT_LEAGUE, "")),
        lambda: transfers_outside.enter_receipt(branch, transfer, RECEIPT),
    )
    assert told[0] == "done"
    assert "已终止" in told[1]
    assert world.member(member).left_reason is LeavingReason.LEFT_LEAGUE


def test_the_receipt_and_the_release_of_the_number_at_once(
    world: World, app: Flask, member: int, transfer: int, branch: Actor, district: Actor
) -> None:
    number = world.member(member).number
    assert number is not None
    told = both(
        app,
        "UPDATE member",
        lambda: transfers_outside.enter_receipt(branch, transfer, RECEIPT),
        lambda: numbers.release_number(district, member, number=number, reason="录入时填错了编号"),
    )
    assert told[0] == "done"
    assert "一直为本人保留" in told[1]
    assert world.member(member).number == number


def test_a_released_number_is_filled_in_before_the_receipt(
    world: World, member: int, transfer: int, branch: Actor, district: Actor
) -> None:
    number = world.member(member).number
    assert number is not None
    numbers.release_number(district, member, number=number, reason="录入时填错了编号")
    with pytest.raises(TransferRefused, match="编号已解除占用，还没有重新填写"):
        transfers_outside.enter_receipt(branch, transfer, RECEIPT)


def test_withdrawing_and_agreeing_at_once(
    app: Flask, member: int, branch: Actor, district: Actor
) -> None:
    transfer = ask(branch, member)
    told = both(
        app,
        "UPDATE transfer",
        lambda: transfer_deciding.withdraw(branch, transfer),
        lambda: transfer_deciding.agree(district, transfer),
    )
    assert told[0] == "done"
    assert "已撤回这份转接" in told[1]


def test_the_receipt_and_merging_of_the_branch_at_once(
    world: World, app: Flask, member: int, transfer: int, branch: Actor
) -> None:
    """Whoever comes second finds the member where the first put them."""
    world.add_member(world.sister)
    told = both(
        app,
        "UPDATE member",
        lambda: transfers_outside.enter_receipt(branch, transfer, RECEIPT),
        lambda: merge(world.actor(world.municipal), world.branch.id, 1, world.sister.id),
    )
    assert told == ("done", "done")
    assert world.member(member).branch_id == world.sister.id
    assert world.tally(world.sister)["members"] == 1
    assert check() == []
