"""从外部转入: from the application to the member. On both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.access import Action, Actor
from portal.extensions import db
from portal.models import Joining, JoiningState, Message
from portal.rules.outside import Proof
from portal.services import joining, joining_queue, joining_review
from portal.services.fsck import check
from portal.services.identity import identity_for
from portal.services.joining import JoiningIncomplete, JoiningMoved
from portal.services.joining_fields import JoiningFields, fields_of, labels_of, sent_values
from portal.services.listing import ListQuery, list_members
from portal.services.member_editing import NumberRefused
from portal.services.members import profile_fields
from portal.services.scans import NoUploadHere
from tests.builders import World, meanwhile

pytestmark = pytest.mark.usefixtures("database")

MONTH = date(2022, 5, 1)


def moved_in(world: World, **changes: object) -> JoiningFields:
    """An application of who comes from outside that can be sent."""
    fields = replace(
        world.application(),
        joined=MONTH,
        number="202213000001",
        approved_on=None,
        former_place="13",
        former_organisation="石家庄市某中学团委高二（3）班团支部",
        proof=Proof.RECEIPT,
        proof_number="HB-0137",
        proof_on=clock.today() - timedelta(days=3),
    )
    return replace(fields, **changes)  # type: ignore[arg-type]


def send(world: World, actor: Actor | None = None, **changes: object) -> int:
    actor = actor or world.applicant(born_before=MONTH)
    joining.choose_kind(actor, moved_in=True)
    joining.choose_branch(actor, world.branch.id)
    version = joining.own_joining(actor).version
    joining.send(actor, version, moved_in(world, **changes), age_confirmed=False)
    assert actor.joining_id is not None
    return actor.joining_id


def approve(world: World, joining_id: int) -> int:
    db.session.rollback()
    version = db.session.get_one(Joining, joining_id).version
    branch = world.actor(world.branch)
    return joining_review.approve(branch, joining_id, version, compared=True)


def test_who_comes_from_outside_is_regular_and_owes_no_form(world: World) -> None:
    world.add_member()
    before = world.tally()
    member = world.member(approve(world, send(world)))
    assert (member.number, member.irregularity, member.is_new_member, member.due_date) == (
        "202213000001",
        None,
        False,
        None,
    )
    assert (member.former_place, member.approved_on) == ("13", None)
    assert identity_for(member).is_certified
    assert world.tally() == before | {"members": before["members"] + 1}
    with pytest.raises(NoUploadHere):
        world.upload(member.id)
    assert check() == []


def test_list_and_page_say_where_they_came_from(world: World) -> None:
    member_id = approve(world, send(world))
    branch = world.actor(world.branch)
    page = list_members(branch, Action.LIST_OWN_MEMBERS, world.branch.id, ListQuery())
    assert [one.text for one in page.rows[0].remarks] == ["从外部转入"]
    last = profile_fields(world.member(member_id))[-1]
    assert (last.label, last.value) == ("从外部转入", "河北 石家庄市某中学团委高二（3）班团支部")
    assert all(one.key != "former" for one in profile_fields(world.member(world.add_member())))


def test_the_branch_is_told_what_to_compare_it_with(world: World) -> None:
    joining_id = send(world)
    body = db.session.scalars(select(Message.body).order_by(Message.id.desc())).first() or ""
    assert "从外部系统转入，申请加入本支部，请对照转接回执或介绍信审核" in body
    branch = world.actor(world.branch)
    assert joining_queue.list_joinings(branch, JoiningState.SENT).rows[0].moved_in
    found = joining_review.review(branch, joining_id)
    assert (found.will_owe_form, found.hint, found.number_faults) == (False, "", ())
    values = sent_values(found.joining)
    assert (values["moved_in"], values["former_place"], values["proof"]) == (
        "从外部系统转入",
        "河北",
        "外部系统的转接回执",
    )
    approve(world, joining_id)
    body = db.session.scalars(select(Message.body).order_by(Message.id.desc())).first() or ""
    assert "不需要上传《入团志愿书》" in body


def test_a_number_of_a_third_province_is_worth_a_second_look(world: World) -> None:
    branch = world.actor(world.branch)
    for place, hinted in (("44", True), ("00", False)):
        joining_id = send(world, former_place=place)
        assert bool(joining_review.review(branch, joining_id).hint) is hinted
        joining_review.send_back(branch, joining_id, _version(joining_id), "再核对")
        assert joining_review.review(branch, joining_id).hint == ""  # nothing to decide now


def test_what_is_missing_is_said_field_by_field(world: World) -> None:
    actor = world.applicant(born_before=MONTH)
    empty = dict.fromkeys(
        ("former_place", "former_organisation", "proof", "proof_number", "proof_on", "number")
    )
    with pytest.raises(JoiningIncomplete) as refused:
        send(world, actor, **empty)
    assert set(refused.value.faults) == set(empty)
    assert "转出的团支部" in refused.value.faults["number"]
    # Before the twelve digits a number is not needed from elsewhere either.
    early = date(2015, 5, 1)
    send(world, world.applicant(born_before=early), number=None, joined=early)


def test_a_number_in_the_other_application_is_told_so(world: World) -> None:
    actor = world.applicant(born_before=MONTH)
    with pytest.raises(JoiningIncomplete) as refused:
        send(world, actor, number="202211000001")
    assert "改为“在北京入团”" in refused.value.faults["number"]
    assert "改为“在北京入团”" in joining.number_faults(actor, "202211000001", MONTH)[0]
    joining.choose_kind(actor, moved_in=False)
    assert "改为“从外部系统转入”" in joining.number_faults(actor, "202213000001", MONTH)[0]
    with pytest.raises(JoiningIncomplete) as refused:
        world.apply(actor, number="202213000001", joined=MONTH, approved_on=date(2022, 5, 9))
    assert "改为“从外部系统转入”" in refused.value.faults["number"]


def test_changing_the_kind_and_back_loses_nothing(world: World) -> None:
    actor = world.applicant(born_before=MONTH)
    here = world.application(joined=MONTH, approved_on=date(2022, 5, 9))
    joining.save(actor, 1, here)
    joining.choose_kind(actor, moved_in=True, version=2, wanted=here)
    outside = moved_in(world)
    joining.choose_kind(actor, moved_in=False, version=3, wanted=outside)
    stored = fields_of(joining.own_joining(actor))
    assert stored == replace(outside, approved_on=date(2022, 5, 9), name=stored.name)
    assert "former_place" not in labels_of(joining.own_joining(actor))
    with pytest.raises(JoiningMoved):
        joining.choose_kind(actor, moved_in=True, version=3)


def test_what_only_the_other_kind_has_is_not_sent(world: World) -> None:
    actor = world.applicant(born_before=MONTH)
    joining.save(actor, 1, world.application(joined=MONTH, approved_on=date(2022, 5, 9)))
    send(world, actor, approved_on=date(2022, 5, 9))
    assert joining.own_joining(actor).approved_on is None
    joining.take_back(actor)
    joining.choose_kind(actor, moved_in=False)
    world.apply(actor, joined=MONTH, approved_on=date(2022, 5, 9), number=world.number(2022))
    own = joining.own_joining(actor)
    assert (own.former_place, own.proof, own.former_organisation) == (None, None, None)
    assert world.member(approve(world, own.id)).former_place is None


def test_of_two_approvals_of_one_number_the_second_is_told(world: World, app: Flask) -> None:
    """The second application's approval begins when the first one's is about to be written."""
    first, second = send(world), send(world)

    def go(joining_id: int) -> str:
        try:
            return f"member {approve(world, joining_id)}"
        except NumberRefused as refused:
            return refused.faults[0]

    begun = meanwhile(app, "UPDATE joining", lambda: go(second), to_its_end=False)
    said = sorted([go(first), begun[0].result()])
    assert said[0].startswith("member")
    assert "2022 1300 0001 已被占用" in said[1]


def test_the_branch_sees_what_was_corrected(world: World) -> None:
    actor = world.applicant(born_before=MONTH)
    joining_id, branch = send(world, actor), world.actor(world.branch)
    joining_review.send_back(branch, joining_id, _version(joining_id), "介绍信编号不对")
    send(world, actor, proof=Proof.LETTER, proof_number="团介 9")
    changed = joining_review.review(branch, joining_id).corrections
    assert [(one.label, one.before, one.now) for one in changed] == [
        ("凭证", "外部系统的转接回执", "团组织关系介绍信"),
        ("凭证编号", "HB-0137", "团介 9"),
    ]


def _version(joining_id: int) -> int:
    db.session.rollback()
    return db.session.get_one(Joining, joining_id).version
