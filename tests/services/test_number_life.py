"""The life of numbers as Hypothesis lives it: whatever the order, nothing comes apart.

A model in plain Python says what each step must do; the invariants are the issue's: no two holders,
tallies equal to a recount (``flask fsck`` clean), every change in the record. On SQLite.
"""

from __future__ import annotations

import random
import shutil
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from portal.access import Actor
from portal.demo.load import member_row
from portal.demo.members import DemoMember, Profile
from portal.demo.people import People
from portal.demo.tree import Node
from portal.extensions import db
from portal.models import (
    AuditRecord,
    JoiningState,
    Member,
    NumberHolding,
    NumberRelease,
    ReleaseState,
)
from portal.rules.irregular import Irregularity, irregularity
from portal.rules.leaving import CHOOSABLE, Leaving, LeavingReason
from portal.rules.member_number import check_number_for, check_typed_number, is_new_member
from portal.rules.outside import Proof
from portal.runtime import runtime
from portal.services import fsck, joining, joining_review, leaving, numbers
from portal.services.audit import Event
from portal.services.derived import enter
from portal.services.member_editing import (
    FieldRefused,
    NumberLocked,
    NumberRefused,
    change_member,
    fields_of,
)
from portal.services.numbers import ReleaseOutdated
from portal.services.transaction import writing
from tests.builders import World

# Few, so that they meet: of two years, one outside the prefix, one of another province, one short.
ELSEWHERE = "202631000005"
CAME_FROM: dict[str, Any] = {
    "former_place": "31",
    "former_organisation": "上海市某中学团委高一（1）班团支部",
    "proof": Proof.RECEIPT,
    "proof_number": "沪 9",
    "proof_on": date(2026, 11, 20),
}
NUMBERS = ("202611000001", "202611000002", "202511000003", "202611900004", ELSEWHERE, "2026")
MONTHS = (date(2026, 10, 1), date(2025, 3, 1), date(2016, 5, 1))
APPROVALS = (date(2026, 10, 20), date(2026, 11, 2), None)

some_number = st.sampled_from(NUMBERS)


class NumberLife(RuleBasedStateMachine):
    """Members of two branches in two districts, and what can happen to their numbers."""

    members = Bundle("members")

    def __init__(self, world: World, begin: Callable[[], None]) -> None:
        super().__init__()
        begin()
        self.world = world
        self.people = People(random.Random(11))
        self.branch_of: dict[int, Node] = {}
        self.held: dict[int, str | None] = {}
        self.record: defaultdict[int, list[str]] = defaultdict(list)

    @rule(
        target=members,
        far=st.booleans(),
        number=st.none() | some_number,
        joined=st.sampled_from(MONTHS),
        approved_on=st.sampled_from(APPROVALS),
    )
    def a_member_is_added(
        self, far: bool, number: str | None, joined: date, approved_on: date | None
    ) -> object:
        if number in self.held.values():
            number = None
        branch = self.world.far_branch if far else self.world.branch
        profile = Profile(joined, approved_on, number, None)  # type: ignore[arg-type]
        row = member_row(0, branch.id, DemoMember(self.people.person(joined), profile))
        del row["id"]
        with writing():
            member = Member(**row)
            enter(member)
            member_id = member.id
        self.branch_of[member_id], self.held[member_id] = branch, number
        return member_id

    @rule(target=members, far=st.booleans(), number=some_number)
    def a_person_joins(self, far: bool, number: str) -> object:
        """Applies with a number, is returned, corrects nothing, is approved: if the rules let.

        With another province's number they come from outside.
        """
        branch, month = self.world.far_branch if far else self.world.branch, MONTHS[0]
        applicant = self.world.applicant()
        filled = self.world.application(number=number, joined=month, approved_on=APPROVALS[0])
        if number == ELSEWHERE:
            joining.choose_kind(applicant, moved_in=True)
            filled = replace(filled, approved_on=None, **CAME_FROM)
        joining.choose_branch(applicant, branch.id)
        version = joining.own_joining(applicant).version
        allowed = not (
            check_typed_number(number, month, runtime().policy) or number in self.held.values()
        )
        with suppress(joining.JoiningIncomplete):
            joining.send(applicant, version, filled, age_confirmed=True)
        assert allowed == (joining.own_joining(applicant).state is JoiningState.SENT)
        if not allowed:
            return multiple()
        admin, joining_id = self.world.actor(branch), applicant.joining_id
        assert joining_id is not None
        joining_review.send_back(admin, joining_id, version + 1, "请核对编号")
        joining.send(applicant, version + 2, filled, age_confirmed=True)
        member_id = joining_review.approve(admin, joining_id, version + 3, compared=True)
        self.branch_of[member_id], self.held[member_id] = branch, number
        self.record[member_id].append(Event.JOINING_APPROVED)
        return member_id

    @rule(member=members, joined=st.sampled_from(MONTHS), approved_on=st.sampled_from(APPROVALS))
    def month_and_approval_are_changed(
        self, member: int, joined: date, approved_on: date | None
    ) -> None:
        now = self.world.member(member)
        number = now.number or now.released_number
        new = is_new_member(number, joined, runtime().policy)
        taken_away = approved_on is None and (now.approved_on is not None or not now.is_new_member)
        mismatch = [
            irregularity(now.number, month, released=False, policy=runtime().policy)
            is Irregularity.YEAR_MISMATCH
            for month in (now.joined, joined)
        ]
        freed = now.number is not None and mismatch == [False, True]
        allowed = not freed and not (new and taken_away)
        try:
            self.change(member, joined=joined, approved_on=approved_on)
        except FieldRefused:
            assert not allowed
        else:
            assert allowed

    @rule(member=members, number=some_number)
    def a_number_is_typed(self, member: int, number: str) -> None:
        held, refused = self.held[member], self.refuses(member, number)
        try:
            self.change(member, number=number)
        except NumberLocked:
            assert held not in (None, number)
        except NumberRefused:
            assert held is None
            assert refused
        except FieldRefused:
            assert self.world.member(member).approved_on is None
        else:
            assert held == number or (held is None and not refused)
            self.held[member] = number

    @rule(member=members, wanted=st.none() | some_number)
    def the_branch_asks(self, member: int, wanted: str | None) -> None:
        held, waiting = self.held[member], self.waiting(member)
        branch = self.world.actor(self.branch_of[member])
        try:
            numbers.ask(
                branch, member, number=held or NUMBERS[0], reason="看错了", wanted_number=wanted
            )
        except numbers.ReleaseRefused:
            assert held
            assert wanted == held or self.refuses(member, wanted or "")
        except ReleaseOutdated:
            assert held is None
        else:
            assert held
            if waiting is None:  # else the same request sent twice, which is one
                self.record[member].append(Event.NUMBER_RELEASE_ASKED)

    @rule(member=members)
    def the_branch_withdraws(self, member: int) -> None:
        if self.waiting(member) is not None:
            numbers.withdraw(self.world.actor(self.branch_of[member]), member)
            self.record[member].append(Event.NUMBER_RELEASE_WITHDRAWN)

    @rule(member=members, agrees=st.booleans())
    def the_district_answers(self, member: int, agrees: bool) -> None:
        request = self.waiting(member)
        if request is None:
            return
        decide = numbers.release_asked if agrees else numbers.decline
        decide(self.district_of(member), request, answer="已核对首页")
        if agrees:
            self.held[member] = None
        event = Event.NUMBER_RELEASED if agrees else Event.NUMBER_RELEASE_DECLINED
        self.record[member].append(event)

    @rule(member=members)
    def the_district_releases_by_itself(self, member: int) -> None:
        held = self.held[member]
        if held is not None:
            numbers.release_number(self.district_of(member), member, number=held, reason="误用")
            self.held[member] = None
            self.record[member].append(Event.NUMBER_RELEASED)

    @rule(giver=members, taker=members)
    def a_number_goes_from_one_to_another(self, giver: int, taker: int) -> None:
        number = self.held[giver]
        self.the_district_releases_by_itself(giver)
        if number is not None and giver != taker:
            self.a_number_is_typed(taker, number)

    @rule(
        target=members,
        member=consumes(members),
        reason=st.sampled_from(CHOOSABLE),
        back=st.booleans(),
    )
    def a_member_is_set_aside(self, member: int, reason: LeavingReason, back: bool) -> object:
        """Only a mistake frees the number; who is set aside for good is changed no more."""
        branch, number = self.world.actor(self.branch_of[member]), self.held[member]
        leaving.set_aside(branch, member, Leaving(reason, "与另一人重复录入"))
        self.record[member].append(Event.MEMBER_SET_ASIDE)
        if reason.frees_number:
            self.held[member] = None
        if not back:
            return multiple()
        assert leaving.bring_back(branch, member)
        self.record[member].append(Event.MEMBER_BROUGHT_BACK)
        self.held[member] = number
        return member

    @invariant()
    def no_number_has_two_holders(self) -> None:
        db.session.rollback()
        stored = dict(db.session.execute(select(Member.id, Member.number)).all())
        assert stored == self.held
        occupied = [number for number in stored.values() if number]
        assert len(occupied) == len(set(occupied))
        held = select(NumberHolding.number).where(NumberHolding.until.is_(None))
        assert sorted(db.session.scalars(held)) == sorted(occupied)

    @invariant()
    def nothing_stored_differs_from_the_rules(self) -> None:
        assert fsck.check() == []

    @invariant()
    def every_change_is_on_record(self) -> None:
        found: defaultdict[int, list[str]] = defaultdict(list)
        query = (
            select(AuditRecord.member_id, AuditRecord.event)
            .where(AuditRecord.member_id.is_not(None))
            .order_by(AuditRecord.id)
        )
        for member_id, event in db.session.execute(query):
            found[member_id].append(event)
        assert found == {member: events for member, events in self.record.items() if events}
        open_of = select(NumberRelease.number, Member.number).join(
            Member, Member.id == NumberRelease.member_id
        )
        for asked, held in db.session.execute(
            open_of.where(NumberRelease.state == ReleaseState.OPEN)
        ):
            assert asked == held

    def change(self, member_id: int, **wanted: object) -> None:
        member = self.world.member(member_id)
        before = fields_of(member)
        after = replace(before, **wanted)  # type: ignore[arg-type]
        branch = self.world.actor(self.branch_of[member_id])
        change_member(branch, member_id, member.version, after)
        if before != after:
            self.record[member_id].append(Event.MEMBER_CHANGED)

    def refuses(self, member_id: int, number: str) -> bool:
        """Whether the rules refuse a number, or somebody else has it."""
        joined = self.world.member(member_id).joined
        faulty = bool(number) and bool(check_number_for(number, joined, runtime().policy))
        taken = any(one == number and member != member_id for member, one in self.held.items())
        return faulty or (bool(number) and taken)

    def waiting(self, member_id: int) -> int | None:
        db.session.rollback()
        request = numbers.open_request(member_id)
        return request.id if request else None

    def district_of(self, member_id: int) -> Actor:
        far = self.branch_of[member_id] is self.world.far_branch
        return self.world.actor(self.world.other_district if far else self.world.district)


def test_numbers_live_in_any_order_without_coming_apart(
    app: Flask, world: World, tmp_path: Path
) -> None:
    file, kept = tmp_path / "portal.db", tmp_path / "kept.db"

    def close() -> None:
        db.session.remove()
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()

    def begin() -> None:
        """Each life begins with the world as it was built, and nobody in it."""
        db.session.remove()
        db.engine.dispose()
        for tail in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{file}{tail}").unlink()
        shutil.copy(kept, file)

    close()
    shutil.copy(file, kept)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: NumberLife(world, begin),
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
