"""报告错误: a member reports a field, the branch takes over or declines."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from portal.access import Actor
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import Account, AuditRecord, Correction, CorrectionState, Member, Message
from portal.rules.corrections import CorrectionField as Field
from portal.rules.id_number import check_digit
from portal.rules.leaving import Leaving, LeavingReason
from portal.services import correction_answers as answers
from portal.services import corrections, waiting_reports
from portal.services.corrections import CorrectionOutdated, CorrectionRefused
from portal.services.home import branch_home
from portal.services.identity_changes import Ticked
from portal.services.leaving import set_aside
from portal.services.member_editing import NumberRefused, change_member, fields_of
from portal.services.members import SetAside
from tests.builders import World, meanwhile

pytestmark = pytest.mark.usefixtures("database")

VALUES = {
    Field.NAME: "安心",
    Field.ETHNICITY: "回族",
    Field.POLITICAL_STATUS: "中国共产党党员",
    Field.EDUCATION: "大学本科",
    Field.FEE: "1.50",
    Field.JOINED: "2026-10",
    Field.IS_STUDENT: "是",
}


def state(report: int) -> CorrectionState:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Correction, report).state


def told(account_id: int | None = None, organisation_id: int | None = None) -> list[Message]:
    to = (
        Message.to_account_id == account_id
        if account_id
        else (Message.to_organisation_id == organisation_id)
    )
    return list(db.session.scalars(select(Message).where(to).order_by(Message.id)))


def recorded() -> str:
    rows = db.session.scalars(select(AuditRecord).where(AuditRecord.event.like("correction%")))
    return json.dumps([row.detail for row in rows], ensure_ascii=False)


@pytest.fixture
def person(world: World) -> Actor:
    """A member with an account, by the world's small numbers 汉族 and not at a university."""
    member = world.add_member(name="安新")
    world.set_columns(
        member,
        ethnicity="汉族",
        education="高中",
        is_student=False,
        fee_cents=20,
        political_status="中国共产主义青年团团员",
    )
    return world.member_actor(member)


def report(person: Actor, field: Field, value: str = "", remark: str = "") -> int:
    return corrections.report(person, field, proposed=value or VALUES[field], remark=remark)


def version(world: World, person: Actor) -> int:
    assert person.member_id
    return world.member(person.member_id).version


@pytest.mark.parametrize("field", [one for one in VALUES if one is not Field.JOINED])
def test_what_the_branch_takes_over_is_stored_and_the_member_is_told(
    world: World, person: Actor, field: Field
) -> None:
    branch = world.actor(world.branch)
    made = report(person, field, remark="看证件")
    assert person.member_id
    (waiting,) = waiting_reports.open_reports(branch, world.member(person.member_id))
    assert waiting.shown.remark == "看证件"
    assert branch_home(branch).reports == 1
    assert told(organisation_id=world.branch.id)[-1].subject == f"安新 报告“{field.label}”有误"
    answers.take_over(branch, made, version=version(world, person), ticked=Ticked(document=True))
    answers.take_over(branch, made, version=0)  # a double click
    member = world.member(person.member_id)
    assert corrections.stored_value(member, field) == VALUES[field]
    assert state(made) is CorrectionState.TAKEN
    (message,) = told(person.account_id)
    assert message.subject == f"您报告的“{field.label}”已更正"
    assert branch_home(branch).reports == 0
    assert VALUES[field] not in recorded()


def test_the_joining_month_moves_the_tallies_with_it(world: World) -> None:
    member = world.add_member(number="202511000077", joined=date(2026, 1, 1))
    person = world.member_actor(member)
    assert world.tally()["year_mismatch"] == 1
    made = report(person, Field.JOINED, "2025年12月")
    answers.take_over(world.actor(world.branch), made, version=version(world, person))
    assert world.member(member).joined == date(2025, 12, 1)
    assert world.tally()["year_mismatch"] == 0


def test_declined_with_a_reason_that_the_member_reads(world: World, person: Actor) -> None:
    branch = world.actor(world.branch)
    made = report(person, Field.ETHNICITY)
    with pytest.raises(CorrectionRefused, match="请写明退回的原因"):
        answers.decline(branch, made, answer="  ")
    with pytest.raises(CorrectionRefused, match="不要写身份证号"):
        answers.decline(branch, made, answer="他的电话 13800138000")
    answers.decline(branch, made, answer="户口簿上是汉族")
    answers.decline(branch, made, answer="户口簿上是汉族")
    assert state(made) is CorrectionState.DECLINED
    (own,) = corrections.own_corrections(person)
    assert own.answer == "户口簿上是汉族"
    (message,) = told(person.account_id)
    assert "原因：户口簿上是汉族" in message.body
    with pytest.raises(CorrectionOutdated, match="已退回这项报告"):
        answers.take_over(branch, made, version=version(world, person))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (Field.ETHNICITY, "火星族", "列出的词"),
        (Field.NAME, "a1", "姓名只能有"),
        (Field.ID_NUMBER, "99", "共 18 位"),
        (Field.FEE, "很多", "请填写金额"),
        (Field.FEE, "100000.01", "请填写金额"),
        (Field.JOINED, "昨天", "请按“2020-01”"),
        (Field.JOINED, "1921-01", "不能早于"),
        (Field.JOINED, "2999-01", "不能早于"),
        (Field.NUMBER, "123", "12"),
        (Field.FEE, "0.2", "一样"),
    ],
)
def test_what_can_not_be_proposed(person: Actor, field: Field, value: str, words: str) -> None:
    with pytest.raises(CorrectionRefused, match=words) as refused:
        report(person, field, value)
    assert refused.value.place == "proposed"
    assert corrections.own_corrections(person) == ()


def test_a_remark_holds_no_personal_number(person: Actor) -> None:
    with pytest.raises(CorrectionRefused, match="不要写身份证号") as refused:
        report(person, Field.ETHNICITY, remark="电话 13800138000")
    assert refused.value.place == "remark"
    with pytest.raises(CorrectionRefused, match="最多 200"):
        report(person, Field.ETHNICITY, remark="字" * 201)


def test_one_open_a_field_which_the_member_may_take_back(person: Actor) -> None:
    made = report(person, Field.ETHNICITY)
    assert report(person, Field.ETHNICITY) == made  # a double click
    with pytest.raises(CorrectionOutdated, match="要改内容请先撤回"):
        report(person, Field.ETHNICITY, "满族")
    assert corrections.open_count(person) == 1
    corrections.withdraw(person, Field.ETHNICITY)
    corrections.withdraw(person, Field.ETHNICITY)
    assert corrections.open_count(person) == 0
    assert report(person, Field.ETHNICITY, "满族") != made
    with pytest.raises(NotFound):
        corrections.withdraw(person, Field.FEE)


def test_what_was_answered_is_not_taken_back(world: World, person: Actor) -> None:
    made = report(person, Field.ETHNICITY)
    answers.decline(world.actor(world.branch), made, answer="不对")
    with pytest.raises(CorrectionOutdated, match="已经处理"):
        corrections.withdraw(person, Field.ETHNICITY)


def test_an_id_number_is_sealed_masked_and_shown_on_record(world: World, person: Actor) -> None:
    other = "99030120080101123" + check_digit("99030120080101123")
    made = report(person, Field.ID_NUMBER, other)
    row = db.session.get_one(Correction, made)
    assert other.encode() not in row.proposed_sealed
    branch = world.actor(world.branch)
    assert person.member_id
    (waiting,) = waiting_reports.open_reports(branch, world.member(person.member_id))
    assert waiting.shown.masked
    assert waiting.shown.proposed == f"9903●●●●●●{other[-2:]}"
    assert corrections.own_corrections(person)[0].proposed == waiting.shown.proposed
    assert answers.unmask(branch, made).proposed == other
    shown = db.session.scalars(
        select(AuditRecord).where(AuditRecord.event == "field unmasked")
    ).one()
    assert shown.detail["field"] == "id_number"
    assert other not in recorded()
    with pytest.raises(NotAllowed):
        answers.unmask(world.actor(world.district), made)


def test_what_the_branch_can_not_change_names_who_can(world: World, person: Actor) -> None:
    branch = world.actor(world.branch)
    number = report(person, Field.NUMBER, world.number(2026))
    with pytest.raises(CorrectionRefused, match="联系 东城区团区委 解除编号占用"):
        answers.take_over(branch, number, version=version(world, person))
    assert state(number) is CorrectionState.OPEN


def test_a_number_that_is_free_is_taken_over_by_the_rules_of_every_number(world: World) -> None:
    member = world.add_member(number=None, joined=date(2026, 5, 1))
    person, branch = world.member_actor(member), world.actor(world.branch)
    held = world.member(world.add_member()).number
    assert held
    made = report(person, Field.NUMBER, held)
    with pytest.raises(NumberRefused, match="已被占用"):
        answers.take_over(branch, made, version=version(world, person))
    assert state(made) is CorrectionState.OPEN
    corrections.withdraw(person, Field.NUMBER)
    free = world.number(2026)
    made = report(person, Field.NUMBER, f"{free[:4]} {free[4:8]} {free[8:]}")
    answers.take_over(branch, made, version=version(world, person))
    assert world.member(member).number == free


def test_a_number_that_goes_to_another_at_that_moment(world: World) -> None:
    """The unique index stops the second; asked again, it is told like everybody else."""
    mine, theirs = (
        world.member_actor(world.add_member(node, number=None, joined=date(2026, 5, 1)))
        for node in (world.branch, world.sister)
    )
    free = world.number(2026)
    made, other = report(mine, Field.NUMBER, free), report(theirs, Field.NUMBER, free)
    seen = version(world, theirs)

    def elsewhere() -> None:
        answers.take_over(world.actor(world.sister), other, version=seen)

    if db.engine.dialect.name == "sqlite":  # which lets one write after the other
        elsewhere()
    else:
        meanwhile(world.app, "UPDATE member", elsewhere)
    with pytest.raises(NumberRefused, match="已被占用"):
        answers.take_over(world.actor(world.branch), made, version=version(world, mine))
    assert state(made) is CorrectionState.OPEN
    assert state(other) is CorrectionState.TAKEN


def test_a_value_that_the_branch_changed_meanwhile(world: World, person: Actor) -> None:
    branch = world.actor(world.branch)
    made, other = report(person, Field.ETHNICITY), report(person, Field.FEE)
    seen = version(world, person)
    assert person.member_id
    wanted = answers.changed(
        fields_of(world.member(person.member_id)), Field.ETHNICITY, VALUES[Field.ETHNICITY]
    )
    change_member(branch, person.member_id, seen, wanted)
    with pytest.raises(CorrectionOutdated, match="修改过这名团员"):
        answers.take_over(branch, other, version=seen)
    answers.take_over(branch, made, version=seen)  # it says already what was proposed
    assert state(made) is CorrectionState.TAKEN
    assert state(other) is CorrectionState.OPEN


def test_of_two_admins_at_once_the_second_is_told(world: World, person: Actor) -> None:
    made = report(person, Field.ETHNICITY)
    seen = version(world, person)
    colleague = replace(
        world.actor(world.branch), account_id=world.add_account(world.branch, name="张新")
    )

    def other() -> None:
        answers.decline(colleague, made, answer="不对")

    if db.engine.dialect.name == "sqlite":  # which lets one write after the other
        other()
    else:
        meanwhile(world.app, "FROM correction", other)
    with pytest.raises(CorrectionOutdated, match=r"张新 在 .* 已退回这项报告"):
        answers.take_over(world.actor(world.branch), made, version=seen)
    assert person.member_id
    assert world.member(person.member_id).ethnicity == "汉族"


def test_who_is_set_aside(world: World, person: Actor) -> None:
    branch = world.actor(world.branch)
    made = report(person, Field.ETHNICITY)
    assert person.member_id
    set_aside(branch, person.member_id, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    assert state(made) is CorrectionState.WITHDRAWN
    assert corrections.own_corrections(person)[0].answer == "团员已移出，报告随之结束。"
    with pytest.raises(SetAside):
        answers.take_over(branch, made, version=version(world, person))
    with pytest.raises(CorrectionOutdated, match="您已移出"):
        report(person, Field.FEE)


def test_after_a_move_the_new_branch_answers(world: World, person: Actor) -> None:
    made = report(person, Field.ETHNICITY)
    assert person.member_id
    world.set_columns(person.member_id, branch_id=world.sister.id)
    with pytest.raises(NotFound):
        answers.take_over(world.actor(world.branch), made, version=version(world, person))
    answers.take_over(world.actor(world.sister), made, version=version(world, person))
    assert state(made) is CorrectionState.TAKEN


def test_who_may_do_it(world: World, person: Actor) -> None:
    made = report(person, Field.ETHNICITY)
    acts: list[tuple[Callable[[], Any], type[Exception]]] = [
        (lambda: answers.decline(world.actor(world.far_branch), made, answer="x"), NotFound),
        (lambda: answers.decline(world.actor(world.district), made, answer="x"), NotAllowed),
        (lambda: answers.decline(person, made, answer="x"), NotAllowed),
        (lambda: answers.decline(world.actor(world.branch), made + 1, answer="x"), NotFound),
    ]
    for act, error in acts:
        with pytest.raises(error):
            act()
    assert state(made) is CorrectionState.OPEN


def test_a_member_without_an_account_is_answered_all_the_same(world: World, person: Actor) -> None:
    made = report(person, Field.ETHNICITY)
    db.session.rollback()
    account = db.session.get_one(Account, person.account_id)
    account.member_id, account.organisation_id = None, world.sister.id
    db.session.commit()
    answers.decline(world.actor(world.branch), made, answer="不对")
    assert state(made) is CorrectionState.DECLINED
    assert db.session.get_one(Member, person.member_id)
