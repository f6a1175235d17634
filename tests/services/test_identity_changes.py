"""报告错误 of 姓名 and 身份证: taken over beside the person's document, on record and told upwards."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock
from portal.access import Action, Actor
from portal.extensions import db
from portal.models import (
    Account,
    AuditRecord,
    Correction,
    CorrectionState,
    FindingSetAside,
    Message,
)
from portal.rules.corrections import CorrectionField as Field
from portal.rules.id_number import IdNumber, Sex, check_digit
from portal.rules.scan_findings import FindingKind
from portal.rules.transfers import USUAL_REASONS
from portal.runtime import runtime
from portal.services import correction_answers as answers
from portal.services import corrections, fsck, transfer_deciding, transfers_inside, waiting_reports
from portal.services.accounts import account_named
from portal.services.corrections import CorrectionOutdated
from portal.services.identity_changes import IdentityRefused, Ticked
from portal.services.listing import ListQuery, list_members
from portal.services.member_editing import change_member, fields_of
from portal.services.members import MovedAway, PersonalField, plain_field, sealed_fields
from portal.services.record_sentences import sentence
from portal.services.record_told import Told
from portal.services.registration import AlreadyRegistered, NewPerson, register
from portal.services.transaction import writing
from tests.builders import PASSWORD, World, meanwhile

pytestmark = pytest.mark.usefixtures("database")

SEEN = Ticked(document=True)
BORN = date(2011, 3, 9)


def id_number(born: date = BORN, serial: str = "112") -> str:
    """An ID number of an unassigned region; an odd serial is a man's."""
    first = f"990301{born:%Y%m%d}{serial}"
    return first + check_digit(first)


OLD, NEW = id_number(), id_number(serial="132")


@pytest.fixture
def person(world: World) -> Actor:
    """安新, who joined at 14 and was entered with ``OLD``."""
    member = world.add_member(name="安新", joined=date(2025, 5, 1))
    enter_as(world, member, OLD)
    return world.member_actor(member)


def enter_as(world: World, member: int, text: str) -> None:
    """Let a member have an ID number from the beginning."""
    parsed = IdNumber.parse(text)
    assert isinstance(parsed, IdNumber)
    phone = plain_field(world.member(member), PersonalField.PHONE)
    world.set_columns(
        member, birth_date=parsed.birth_date, sex=parsed.sex, **sealed_fields(text, phone)
    )


def report(person: Actor, field: Field, value: str) -> int:
    return corrections.report(person, field, proposed=value, remark="")


def take(world: World, person: Actor, made: int, ticked: Ticked = SEEN) -> None:
    assert person.member_id
    seen = world.member(person.member_id).version
    answers.take_over(world.actor(world.branch), made, version=seen, ticked=ticked)


def own_row(world: World, person: Actor) -> Any:
    assert person.member_id
    return world.member(person.member_id)


def id_number_of(world: World, person: Actor) -> str:
    return plain_field(own_row(world, person), PersonalField.ID_NUMBER)


def state(made: int) -> CorrectionState:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Correction, made).state


def told(world: World, node: Any) -> list[Message]:
    db.session.rollback()
    query = select(Message).where(Message.to_organisation_id == node.id).order_by(Message.id)
    return list(db.session.scalars(query))


def lines() -> list[tuple[str, dict[str, Any]]]:
    """The record from the report on: event and detail."""
    rows = db.session.scalars(select(AuditRecord).order_by(AuditRecord.id))
    return [(row.event, row.detail) for row in rows]


def test_a_name_is_changed_with_all_that_sorts_and_signs_by_it(world: World, person: Actor) -> None:
    made = report(person, Field.NAME, "曾安心")
    (waiting,) = waiting_reports.open_reports(world.actor(world.branch), own_row(world, person))
    assert (waiting.now, waiting.shown.proposed) == ("安新", "曾安心")
    assert waiting.asks_document
    assert not waiting.hint
    take(world, person, made)
    take(world, person, made)  # a double click
    row = own_row(world, person)
    assert (row.name, row.pinyin, row.initials) == ("曾安心", "zeng an xin", "zax")
    assert db.session.get_one(Account, person.account_id).person_name == "曾安心"
    for text in ("zeng", "zax", "曾安心"):
        found = list_members(
            world.actor(world.branch), Action.VIEW_MEMBER, world.branch.id, ListQuery(text=text)
        )
        assert [one.name for one in found.rows] == ["曾安心"]
    (own,) = corrections.own_corrections(person)
    assert (own.replaced, own.proposed, own.state) == ("安新", "曾安心", CorrectionState.TAKEN)


def test_what_the_record_the_member_and_the_committee_are_told(world: World, person: Actor) -> None:
    take(world, person, report(person, Field.NAME, "安心"))
    (_, changed), (_, taken) = lines()[-2:]
    assert changed["changes"] == {"name": ["安新", "安心"]}
    assert taken["document"] is True
    assert "已核对本人有效身份证件" in sentence("correction taken", Told(taken))
    assert "姓名 安新 → 安心" in sentence("member changed", Told(changed))
    (message,) = told(world, world.grassroots)
    assert message.subject == "安心 的姓名已更正，请知悉"
    assert "姓名由“安新”更正为“安心”。支部表示已核对本人有效身份证件" in message.body
    assert message.url == f"/members/{person.member_id}"
    own = db.session.scalars(
        select(Message).where(Message.to_account_id == person.account_id)
    ).one()
    assert own.subject == "您报告的“姓名”已更正"
    first = told(world, world.branch)[0]
    assert first.subject == "安新 报告“姓名”有误"  # a message stays what it was


def test_an_id_number_is_sealed_anew_with_what_comes_from_it(world: World, person: Actor) -> None:
    wanted = id_number(date(2011, 2, 9), serial="113")
    row = own_row(world, person)
    phone = plain_field(row, PersonalField.PHONE)
    assert row.sex is Sex.FEMALE
    earlier = report(person, Field.ETHNICITY, "回族" if row.ethnicity != "回族" else "满族")
    take(world, person, earlier)
    waits = report(person, Field.NAME, "安心")
    made = report(person, Field.ID_NUMBER, wanted)
    take(world, person, made)
    row = own_row(world, person)
    assert id_number_of(world, person) == wanted
    assert (row.birth_date, row.sex) == (date(2011, 2, 9), Sex.MALE)
    assert plain_field(row, PersonalField.PHONE) == phone
    assert account_named(wanted) is not None
    assert account_named(OLD) is None  # which is free again, and signs nobody in
    own = {one.id: one for one in corrections.own_corrections(person, plain=True)}
    assert (own[made].replaced, own[made].proposed) == (OLD, wanted)
    assert own[waits].proposed == "安心"  # sealed to the new number
    assert own[earlier].replaced == row_value(own[earlier].replaced)
    masked = {one.id: one for one in corrections.own_corrections(person)}[made]
    assert masked.replaced == f"9903●●●●●●{OLD[-2:]}"
    take(world, person, waits)
    assert own_row(world, person).name == "安心"


def row_value(text: str) -> str:
    """Something was replaced."""
    assert text
    return text


def test_what_replaced_nothing_is_sealed_anew_too(world: World) -> None:
    """Who had no number got one, and then another ID number."""
    member = world.add_member(number=None, joined=date(2025, 5, 1))
    enter_as(world, member, OLD)
    person = world.member_actor(member)
    take(world, person, report(person, Field.NUMBER, world.number(2025)))
    take(world, person, report(person, Field.ID_NUMBER, NEW))
    assert [one.replaced for one in corrections.own_corrections(person, plain=True)] == [OLD, ""]
    assert fsck.check(read_files=False) == []


def test_no_id_number_is_on_record_or_in_a_message(world: World, person: Actor) -> None:
    take(world, person, report(person, Field.ID_NUMBER, NEW))
    (_, changed), (_, taken) = lines()[-2:]
    assert changed["changes"] == {"id_number": [f"9903●●●●●●{OLD[-2:]}", f"9903●●●●●●{NEW[-2:]}"]}
    assert changed["places"] == [16, 18]
    assert "身份证号改动的是第 16、18 位" in sentence("member changed", Told(changed))
    assert taken["document"] is True
    (message,) = told(world, world.grassroots)
    assert "改动 2 位（第 16、18 位）。" in message.body
    own = db.session.scalars(
        select(Message).where(Message.to_account_id == person.account_id)
    ).one()
    assert "今后请填更正后的号码" in own.body
    everything = json.dumps(lines(), ensure_ascii=False) + message.subject + message.body + own.body
    assert OLD not in everything
    assert NEW not in everything


def test_who_changes_both_is_told_to_look_twice(world: World, person: Actor) -> None:
    take(world, person, report(person, Field.NAME, "安心"))
    take(world, person, report(person, Field.ID_NUMBER, id_number(date(2010, 1, 1), "571")))
    first, second = told(world, world.grassroots)
    assert "两项都改了" not in first.body
    assert "还更正过这名团员的姓名。两项都改了，请核实仍是同一个人。" in second.body
    assert "出生日期和性别随之更正" in second.body


def test_the_nearest_above_that_has_an_account_is_told(world: World, person: Actor) -> None:
    with writing() as session:
        session.get_one(Account, world.grassroots.id).disabled_at = clock.now()
    take(world, person, report(person, Field.NAME, "安心"))
    assert told(world, world.grassroots) == []
    assert len(told(world, world.district)) == 1
    with writing() as session:
        for node in (world.district, world.municipal):
            session.get_one(Account, node.id).disabled_at = clock.now()
    take(world, person, report(person, Field.ID_NUMBER, NEW))
    assert len(told(world, world.grassroots)) == 1  # whoever reads it there one day


def test_nothing_is_taken_over_without_the_document(world: World, person: Actor) -> None:
    for field, value in ((Field.NAME, "安心"), (Field.ID_NUMBER, NEW)):
        made = report(person, field, value)
        with pytest.raises(IdentityRefused, match="勾选“已核对本人有效身份证件”"):
            take(world, person, made, Ticked(age=True))
        assert state(made) is CorrectionState.OPEN
    assert (own_row(world, person).name, id_number_of(world, person)) == ("安新", OLD)
    assert told(world, world.grassroots) == []


def test_a_number_that_somebody_has_is_refused_without_saying_who(
    world: World, person: Actor
) -> None:
    other = world.add_member(world.far_branch, name="孔令")
    enter_as(world, other, NEW)
    made = report(person, Field.ID_NUMBER, NEW)
    with pytest.raises(IdentityRefused, match=r"已经登记过.*联系 东城区团区委 核实") as refused:
        take(world, person, made)
    assert "孔令" not in refused.value.message
    assert "西城" not in refused.value.message
    assert id_number_of(world, person) == OLD
    assert state(made) is CorrectionState.OPEN


def registered(text: str) -> NewPerson:
    parsed = IdNumber.parse(text)
    assert isinstance(parsed, IdNumber)
    return NewPerson("孔令", parsed, "13900000001")


def test_a_number_of_an_applicant_is_somebodys_too(world: World, person: Actor) -> None:
    register(registered(NEW), PASSWORD, address="")
    with pytest.raises(IdentityRefused, match="已经登记过"):
        take(world, person, report(person, Field.ID_NUMBER, NEW))


def test_of_two_that_take_one_number_at_once_one_gets_it(world: World, person: Actor) -> None:
    other = world.member_actor(world.add_member(world.far_branch, joined=date(2025, 5, 1)))
    theirs, made = report(other, Field.ID_NUMBER, NEW), report(person, Field.ID_NUMBER, NEW)
    seen = own_row(world, other).version

    def elsewhere() -> None:
        answers.take_over(
            world.actor(world.far_branch), theirs, version=seen, ticked=Ticked(True, True)
        )

    once_or_at_once(world, "pg_advisory", elsewhere)
    with pytest.raises(IdentityRefused, match="已经登记过"):
        take(world, person, made)
    assert id_number_of(world, other) == NEW
    assert id_number_of(world, person) == OLD


def test_who_registers_while_the_number_is_taken_over_is_refused(
    world: World, person: Actor
) -> None:
    made = report(person, Field.ID_NUMBER, NEW)
    if db.engine.dialect.name == "sqlite":  # which lets one write after the other
        take(world, person, made)
        with pytest.raises(AlreadyRegistered):
            register(registered(NEW), PASSWORD, address="")
        return
    # The registration begins when the number is about to be stored, and waits.
    other = meanwhile(
        world.app,
        "UPDATE member",
        lambda: register(registered(NEW), PASSWORD, address=""),
        to_its_end=False,
    )
    take(world, person, made)
    with pytest.raises(AlreadyRegistered):
        other[0].result(20)
    assert id_number_of(world, person) == NEW


def once_or_at_once(world: World, words: str, act: Any) -> None:
    """Somebody else acts first; in PostgreSQL when the statement with ``words`` comes."""
    if db.engine.dialect.name == "sqlite":
        act()
    else:
        meanwhile(world.app, words, act)


@pytest.mark.parametrize(
    ("born", "words"),
    [  # they joined in May 2025
        (date(2012, 6, 15), "2025-05 时年龄太小，不能入团"),
        (date(2011, 6, 1), "2025-05 入团时的年龄不在 14 到 28 周岁之间"),
        (clock.today() - timedelta(days=13 * 365), "未满 14 周岁"),
    ],
)
def test_ages_are_those_of_registration_and_application(
    world: World, person: Actor, born: date, words: str
) -> None:
    made = report(person, Field.ID_NUMBER, id_number(born, "114"))
    with pytest.raises(IdentityRefused, match=words):
        take(world, person, made)
    assert id_number_of(world, person) == OLD


def test_an_age_to_ask_about_is_confirmed_with_a_tick(world: World, person: Actor) -> None:
    wanted = id_number(date(2011, 6, 1), "114")
    made = report(person, Field.ID_NUMBER, wanted)
    (waiting,) = waiting_reports.open_reports(world.actor(world.branch), own_row(world, person))
    assert waiting.asks_age
    assert waiting.extent.startswith("改动 ")
    take(world, person, made, Ticked(document=True, age=True))
    assert id_number_of(world, person) == wanted
    # Another number with the same day asks nothing again.
    again = report(person, Field.ID_NUMBER, id_number(date(2011, 6, 1), "116"))
    (waiting,) = waiting_reports.open_reports(world.actor(world.branch), own_row(world, person))
    assert not waiting.asks_age
    take(world, person, again)


def test_nobody_is_born_in_the_future(person: Actor) -> None:
    with pytest.raises(corrections.CorrectionRefused, match="有效的出生日期"):
        report(person, Field.ID_NUMBER, id_number(date(2099, 1, 1)))


def test_a_member_who_changed_meanwhile_is_looked_at_again(world: World, person: Actor) -> None:
    made = report(person, Field.NAME, "安心")
    seen = own_row(world, person).version
    branch = world.actor(world.branch)
    assert person.member_id
    wanted = replace(fields_of(own_row(world, person)), email="anxin@example.com")
    change_member(branch, person.member_id, seen, wanted)
    with pytest.raises(CorrectionOutdated, match="修改过这名团员，这项报告还没有处理"):
        answers.take_over(branch, made, version=seen, ticked=SEEN)
    assert own_row(world, person).name == "安新"
    take(world, person, made)
    assert own_row(world, person).name == "安心"


def test_who_takes_it_back_at_that_moment_was_faster(world: World, person: Actor) -> None:
    made = report(person, Field.ID_NUMBER, NEW)
    seen = own_row(world, person).version
    once_or_at_once(world, "FROM correction", lambda: corrections.withdraw(person, Field.ID_NUMBER))
    with pytest.raises(CorrectionOutdated, match="已撤回这项报告"):
        answers.take_over(world.actor(world.branch), made, version=seen, ticked=SEEN)
    assert id_number_of(world, person) == OLD


def test_who_was_transferred_meanwhile_is_the_new_branchs_to_answer(
    world: World, person: Actor
) -> None:
    made = report(person, Field.NAME, "安心")
    seen = own_row(world, person).version
    assert person.member_id
    moving = transfers_inside.ask(
        world.actor(world.branch), person.member_id, world.far_branch.id, USUAL_REASONS[0], ""
    )
    transfer_deciding.agree(world.actor(world.far_branch), moving)
    with pytest.raises(MovedAway, match=r"已在 .* 转到“第八中学团支部”"):
        answers.take_over(world.actor(world.branch), made, version=seen, ticked=SEEN)
    seen = own_row(world, person).version
    answers.take_over(world.actor(world.far_branch), made, version=seen, ticked=SEEN)
    assert own_row(world, person).name == "安心"
    assert told(world, world.grassroots) == []
    assert len(told(world, world.other_district)) == 1


def test_of_two_colleagues_the_second_is_told(world: World, person: Actor) -> None:
    made = report(person, Field.NAME, "安心")
    seen = own_row(world, person).version
    colleague = replace(
        world.actor(world.branch), account_id=world.add_account(world.branch, name="张新")
    )
    once_or_at_once(
        world,
        "FROM correction",
        lambda: answers.take_over(colleague, made, version=seen, ticked=SEEN),
    )
    with pytest.raises(CorrectionOutdated, match=r"张新 在 .* 已采纳这项报告"):
        answers.take_over(world.actor(world.branch), made, version=seen, ticked=SEEN)
    assert len(told(world, world.grassroots)) == 1


def test_who_looks_while_all_is_sealed_anew_sees_one_state(world: World, person: Actor) -> None:
    waits, made = report(person, Field.NAME, "安心"), report(person, Field.ID_NUMBER, NEW)
    branch, seen = world.actor(world.branch), own_row(world, person).version
    meanwhile(
        world.app,
        "FROM correction JOIN member",
        lambda: answers.take_over(branch, made, version=seen, ticked=SEEN),
    )
    before = {one.id: one for one in corrections.own_corrections(person, plain=True)}
    assert before[waits].proposed == "安心"
    assert before[made].proposed == NEW
    db.session.rollback()
    after = {one.id: one for one in corrections.own_corrections(person, plain=True)}
    assert (after[waits].proposed, after[made].replaced) == ("安心", OLD)


def test_what_already_stands_asks_for_nothing(world: World, person: Actor) -> None:
    made = report(person, Field.NAME, "安心")
    assert person.member_id
    world.set_columns(person.member_id, name="安心")
    take(world, person, made, Ticked())
    assert state(made) is CorrectionState.TAKEN
    assert corrections.own_corrections(person)[0].replaced == ""
    assert told(world, world.grassroots) == []


def test_a_word_on_another_name_on_the_form_was_of_the_old_name(
    world: World, person: Actor
) -> None:
    assert person.member_id
    scan = world.upload(person.member_id).scan_id
    with writing() as session:
        for kind in (FindingKind.NAME_DIFFERENT, FindingKind.MONTH_DIFFERENT):
            session.add(
                FindingSetAside(
                    scan_id=scan,
                    kind=kind,
                    page=1,
                    set_aside_at=clock.now(),
                    set_aside_by_id=world.branch.id,
                )
            )
    take(world, person, report(person, Field.NAME, "安心"))
    left = db.session.scalars(select(FindingSetAside.kind)).all()
    assert left == [FindingKind.MONTH_DIFFERENT]


def test_what_does_not_belong_together_is_found(world: World, person: Actor) -> None:
    made = report(person, Field.ID_NUMBER, NEW)
    take(world, person, made)
    assert fsck.check(read_files=False) == []
    member = person.member_id
    assert member
    row = own_row(world, person)
    good = {
        name: getattr(row, name)
        for name in ("name", "sex", "id_number_sealed", "id_number_hash", "phone_hash")
    }
    none = "not an ID number"
    damages: list[tuple[dict[str, Any], str]] = [
        ({"name": "安欣"}, "its account has another name"),
        ({"sex": Sex.MALE}, "its sex or birth date is not the one of its ID number"),
        ({"phone_hash": bytes(32)}, "its phone is another one than it is found by"),
        ({"id_number_sealed": b"\x01" + bytes(40)}, "its ID number or phone does not open"),
        ({"id_number_sealed": sealed_to(row, OLD)}, "its ID number is another one than"),
        ({"id_number_sealed": sealed_to(row, none)}, "its ID number is none"),
        ({"id_number_hash": bytes(32)}, "its ID number or phone does not open"),
    ]
    for columns, words in damages:
        world.set_columns(member, **columns)
        found = fsck.check(read_files=False)
        assert {one.subject for one in found} <= {f"member {member}", f"report {made}"}
        assert any(words in one.text for one in found)
        world.set_columns(member, **good)
    with writing() as session:
        session.get_one(Correction, made).replaced_sealed = b"broken"
    (found_one,) = fsck.check(read_files=False)
    assert (found_one.subject, found_one.derived) == (f"report {made}", False)


def sealed_to(row: Any, text: str) -> bytes:
    """Another ID number, sealed to this person's."""
    return runtime().vault.seal(text, b"member.id_number:" + row.id_number_hash)
