"""Members: scope, masked fields, editing, numbers. On both databases."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.access import Action
from portal.demo.tree import Node
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import AuditRecord, Member, NumberHolding
from portal.runtime import runtime
from portal.services import numbers
from portal.services.fsck import check
from portal.services.member_editing import (
    EditConflict,
    FieldRefused,
    MemberFields,
    NumberLocked,
    NumberRefused,
    change_member,
    fields_of,
    number_faults,
)
from portal.services.members import (
    PersonalField,
    find_member,
    profile_fields,
    unmask,
)
from portal.vault import SealBroken
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

JOINED = date(2026, 10, 1)


def change(world: World, member_id: int, version: int | None = None, **wanted: object) -> None:
    member = world.member(member_id)
    fields = replace(fields_of(member), **wanted)  # type: ignore[arg-type]
    change_member(world.actor(world.branch), member_id, version or member.version, fields)


def test_everyone_sees_their_own_scope_and_nothing_else(world: World) -> None:
    member = world.add_member()
    for node in (world.branch, world.grassroots, world.district, world.municipal):
        assert find_member(world.actor(node), Action.VIEW_MEMBER, member).id == member
    for node in (world.sister, world.far_branch, world.other_district):
        with pytest.raises(NotFound):
            find_member(world.actor(node), Action.VIEW_MEMBER, member)


def test_a_member_sees_themselves_alone(world: World) -> None:
    member, other = world.add_member(), world.add_member()
    actor = world.member_actor(member)
    assert find_member(actor, Action.VIEW_CARD, member).id == member
    with pytest.raises(NotFound):
        find_member(actor, Action.VIEW_CARD, other)
    with pytest.raises(NotAllowed):
        find_member(actor, Action.EDIT_MEMBER, member)


def test_personal_fields_are_masked_until_asked_for_on_record(world: World) -> None:
    member = world.add_member()
    fields = {field.key: field for field in profile_fields(world.member(member))}
    assert list(fields)[:4] == ["name", "id_number", "birth_date", "sex"]
    assert fields["id_number"].value.startswith("9901●●●●●●")
    world.set_columns(member, email="somebody@example.com")
    fields = {field.key: field for field in profile_fields(world.member(member))}
    assert all(fields[key].masked for key in PersonalField)
    world.set_columns(member, email="")
    fields = {field.key: field for field in profile_fields(world.member(member))}
    assert (fields["email"].value, fields["email"].masked) == ("无", False)
    shown = unmask(world.actor(world.district), member, PersonalField.ID_NUMBER)
    assert len(shown.value) == 18
    assert shown.value[:4] == "9901"
    record = db.session.scalars(select(AuditRecord).where(AuditRecord.member_id == member)).one()
    assert record.detail == {"field": "id_number"}
    assert record.person_name == f"管理员{world.district.id}"


@pytest.mark.parametrize("field", PersonalField)
def test_each_personal_field_can_be_shown(world: World, field: PersonalField) -> None:
    member = world.add_member()
    assert "●" not in unmask(world.actor(world.branch), member, field).value


def test_a_sealed_value_does_not_open_in_another_row(world: World) -> None:
    one, two = world.add_member(), world.add_member()
    world.set_columns(two, phone_sealed=world.member(one).phone_sealed)
    with pytest.raises(SealBroken):
        unmask(world.actor(world.branch), two, PersonalField.PHONE)


def test_a_damaged_seal_is_noticed(app: Flask) -> None:
    vault = runtime().vault
    sealed = vault.seal("x", b"row")
    assert vault.open(sealed, b"row") == "x"
    for broken in (b"\x02" + sealed[1:], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(SealBroken):
            vault.open(broken, b"row")


def test_a_branch_changes_its_members_fields(world: World) -> None:
    member = world.add_member()
    change(world, member, ethnicity="回族", email="a@example.com", fee_cents=50)
    after = world.member(member)
    assert (after.ethnicity, after.fee_cents, after.version) == ("回族", 50, 2)
    record = db.session.scalars(select(AuditRecord).where(AuditRecord.member_id == member)).one()
    assert record.detail["changes"]["ethnicity"] == ["汉族", "回族"]
    assert "example.com" not in str(record.detail)


def test_saving_without_a_change_changes_nothing(world: World) -> None:
    member = world.add_member()
    change(world, member)
    assert world.member(member).version == 1
    assert db.session.scalar(select(AuditRecord.id)) is None


def test_only_the_own_branch_edits(world: World) -> None:
    member = world.add_member()
    fields = fields_of(world.member(member))
    with pytest.raises(NotFound):
        change_member(world.actor(world.sister), member, 1, fields)
    with pytest.raises(NotAllowed):
        change_member(world.actor(world.district), member, 1, fields)


def test_the_second_of_two_editors_is_told(world: World) -> None:
    member = world.add_member()
    change(world, member, education="大学本科")
    with pytest.raises(EditConflict) as told:
        change(world, member, version=1, education="硕士研究生")
    assert told.value.stored.education == "大学本科"
    assert told.value.version == 2
    assert f"管理员{world.branch.id} 在 " in told.value.message
    assert world.member(member).education == "大学本科"


def test_a_conflict_of_another_day_names_the_day(world: World) -> None:
    member = world.add_member()
    world.set_columns(member, version=2, changed_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    with pytest.raises(EditConflict, match="系统 在 01-02 11:04"):
        change(world, member, version=1, education="硕士研究生")


def test_a_branch_cannot_change_an_occupied_number(world: World) -> None:
    member = world.add_member()
    with pytest.raises(NumberLocked, match="如需修改，请联系 东城区团区委 解除编号占用"):
        change(world, member, number=world.number())
    with pytest.raises(NumberLocked):
        change(world, member, number=None)


def test_a_released_number_is_filled_in_and_occupied_again(world: World) -> None:
    member = world.add_member(number=None, released_number="202611000700", joined=JOINED)
    assert world.tally()["released"] == 1
    assert world.member(member).is_new_member  # its form is still owed
    change(world, member, number="202611000701")
    after = world.member(member)
    assert (after.number, after.released_number, after.irregularity) == ("202611000701", None, None)
    assert world.tally()["released"] == 0
    assert check() == []


@pytest.mark.parametrize(
    ("number", "words"),
    [("20261100", "还差 4 位"), ("202511000001", "两者应一致"), ("202699000001", "省份代码")],
)
def test_a_wrong_number_is_not_saved(world: World, number: str, words: str) -> None:
    member = world.add_member(number=None, joined=JOINED)
    with pytest.raises(NumberRefused, match=words):
        change(world, member, number=number)
    assert world.member(member).number is None


def test_a_taken_number_names_the_district_and_whom_to_ask(world: World) -> None:
    world.add_member(world.far_branch, number="202611000800")
    member = world.add_member(number=None, joined=JOINED)
    with pytest.raises(NumberRefused) as refused:
        change(world, member, number="202611000800")
    (sentence,) = refused.value.faults
    assert "编号 2026 1100 0800 已被占用（西城区团教工委）" in sentence
    assert "请联系 东城区团区委 解除编号占用" in sentence
    assert "第八中学" not in sentence


def test_a_number_being_typed_is_checked_by_the_same_rules(world: World) -> None:
    member = world.member(world.add_member(number=None, joined=JOINED))
    assert number_faults(member, "", None) == ((), None)
    assert "还差" in number_faults(member, "2026", None)[0][0]
    faults, good = number_faults(member, "202611000900", JOINED)
    assert faults == ()
    assert good is not None
    assert "2026 1100 0900 可以使用" in good


def test_old_members_may_hold_any_number(world: World) -> None:
    member = world.add_member(number=None, joined=date(2015, 5, 1), approved_on=date(2015, 5, 9))
    change(world, member, number="007")
    assert world.member(member).irregularity is None


def test_what_the_rules_say_follows_every_change(world: World) -> None:
    held = world.number()
    member = world.add_member(number=held, approved_on=date(2026, 10, 25), joined=JOINED)
    assert world.member(member).due_date == date(2026, 11, 24)
    change(world, member, approved_on=date(2026, 10, 26))
    assert world.member(member).due_date == date(2026, 11, 25)
    numbers.release_number(world.actor(world.district), member, number=held, reason="与首页不一致")
    change(world, member, joined=date(2019, 10, 1))
    assert not world.member(member).is_new_member
    assert world.tally()["new_members"] == 0
    change(world, member, approved_on=None)
    assert world.member(member).due_date is None
    assert check() == []


def test_the_month_that_was_wrong_is_changed_to_the_numbers_year(world: World) -> None:
    member = world.add_member(number="202511000777", joined=JOINED)
    assert world.tally()["year_mismatch"] == 1
    change(world, member, joined=date(2025, 10, 1))
    assert world.member(member).irregularity is None
    assert world.tally()["year_mismatch"] == 0


@pytest.mark.parametrize("joined", [date(2025, 12, 1), date(2019, 12, 1), date(2016, 12, 1)])
def test_a_branch_does_not_end_the_duty_by_the_joining_month(world: World, joined: date) -> None:
    """The number can't be changed by the branch, so it decides which year the month is of."""
    member = world.add_member(joined=JOINED)
    before = fields_of(world.member(member))
    with pytest.raises(FieldRefused) as refused:
        change(world, member, joined=joined)
    assert refused.value.field == "joined"
    assert "请先申请解除编号占用" in refused.value.message
    after = world.member(member)
    assert (fields_of(after), after.is_new_member) == (before, True)


def test_an_old_members_number_is_not_one_of_later_years(world: World) -> None:
    """Else a form that is owed would be gone with the month 2016, and nothing be irregular."""
    member = world.add_member(number=None, joined=date(2016, 5, 1), approved_on=date(2016, 5, 9))
    with pytest.raises(NumberRefused, match="两者应一致"):
        change(world, member, number=world.number(2026))
    with pytest.raises(NumberRefused, match="最多 20 个字"):
        change(world, member, number="1" * 30)


def test_a_new_members_approval_date_is_corrected_and_never_taken_away(world: World) -> None:
    """Without it nothing would ever be overdue."""
    member = world.add_member(joined=JOINED, approved_on=date(2026, 10, 12))
    for wanted in ({"approved_on": None}, {"approved_on": None, "education": "初中"}):
        with pytest.raises(FieldRefused) as refused:
            change(world, member, **wanted)
        assert refused.value.field == "approved_on"
    assert world.member(member).due_date == date(2026, 11, 11)
    without = world.add_member(number=None, joined=JOINED)
    change(world, without, approved_on=None)  # no new member yet
    with pytest.raises(FieldRefused, match="须填写上级团委审批日期"):
        change(world, without, number=world.number())
    change(world, without, number=world.number(), approved_on=date(2026, 11, 2))
    assert world.member(without).due_date == date(2026, 12, 2)


def test_who_has_no_approval_date_from_before_is_changed_all_the_same(world: World) -> None:
    member = world.add_member(joined=JOINED)
    world.set_columns(member, approved_on=None, due_date=None)
    change(world, member, education="初中")
    assert world.member(member).education == "初中"


def test_two_branches_saving_one_free_number_at_once(world: World, app: Flask) -> None:
    """One gets it, the other a sentence; nobody an error page. Each round another number."""
    for number in ("202611000991", "202611000992", "202611000993", "202611000994", "202611000995"):
        members = {
            world.add_member(node, number=None, joined=JOINED): node
            for node in (world.branch, world.sister)
        }
        results = _save_at_once(world, app, members, number)
        texts = sorted(results.values())
        assert texts.count("saved") == 1, texts
        assert any("已被占用" in text for text in texts)
        db.session.rollback()
        holdings = db.session.scalars(select(NumberHolding).where(NumberHolding.number == number))
        (holding,) = holdings  # one open holding, of the one who was told "saved"
        assert (results[holding.member_id], holding.until) == ("saved", None)
        assert world.member(holding.member_id).number == number
    assert check() == []


def _save_at_once(
    world: World, app: Flask, members: dict[int, Node], number: str
) -> dict[int, str]:
    start = threading.Barrier(len(members))
    results: dict[int, str] = {}

    def save(member_id: int, node: Node) -> None:
        with app.app_context():
            fields = replace(fields_of(db.session.get_one(Member, member_id)), number=number)
            db.session.rollback()
            start.wait()
            try:
                change_member(world.actor(node), member_id, 1, fields)
                results[member_id] = "saved"
            except NumberRefused as refused:
                results[member_id] = refused.message
            finally:
                db.session.remove()

    threads = [threading.Thread(target=save, args=pair) for pair in members.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_fields_are_read_and_written_as_one_set(world: World) -> None:
    member = world.member(world.add_member())
    assert isinstance(fields_of(member), MemberFields)
    assert fields_of(member).number == member.number


def test_an_approval_long_ago_is_overdue_by_days(world: World) -> None:
    today = clock.today()
    member = world.add_member(approved_on=today - timedelta(days=31), joined=today.replace(day=1))
    assert world.member(member).due_date == today - timedelta(days=1)
