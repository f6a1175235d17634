"""Whatever is asked, agreed to, stopped or forgotten: everybody is in one branch, and counted there.

A model in plain Python says in which branch each member is. On both databases;
``TEST_EXAMPLES=300 bin/test tests/services/test_any_transfer.py`` looks longer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from sqlalchemy import func, select

from portal import clock
from portal.access import Actor, Role
from portal.demo.tree import Node
from portal.errors import NotFound
from portal.extensions import db
from portal.models import (
    Account,
    Correction,
    CorrectionState,
    Joining,
    Member,
    Message,
    NumberHolding,
    NumberRelease,
    Organisation,
    ReleaseState,
    Tally,
    Transfer,
    TransferStep,
)
from portal.rules.corrections import CorrectionField as Field
from portal.rules.id_number import check_digit
from portal.rules.leaving import CHOOSABLE, Leaving, LeavingReason
from portal.rules.transfers import (
    USUAL_REASONS,
    StepKind,
    TransferKind,
    TransferState,
    state_on,
)
from portal.services import correction_answers as answers
from portal.services import (
    corrections,
    fsck,
    joining_review,
    leaving,
    numbers,
    scans,
    sweep,
    transfer_expiry,
    transfer_lists,
)
from portal.services import transfer_deciding as deciding
from portal.services import transfers_inside as inside
from portal.services.identity_changes import Ticked
from portal.services.organisation_changes import close, reopen
from portal.services.transfers import TransferOutdated
from tests import scans as files
from tests.builders import World
from tests.lives import WHICH, Life, attempt, begun, run

pytestmark = pytest.mark.usefixtures("database")

PLACE = st.integers(0, 2)


class TransferLife(Life):
    """Members of three branches in two districts.

    Further kinds of transfers are further rules: who is gone from the lists is no longer in
    ``home``, and what may never happen is another invariant.
    """

    def __init__(self) -> None:
        super().__init__()
        world = self.world
        self.branches = (world.branch, world.sister, world.far_branch)
        self.home: dict[int, int] = {}
        self.persons: dict[int, Actor] = {}
        self.ended: dict[int, TransferState] = {}
        for branch in self.branches:
            for _ in range(2):
                member = world.add_member(branch)
                self.home[member], self.persons[member] = branch.id, world.member_actor(member)

    # ---- who and what ----

    def member(self, which: int) -> int:
        return sorted(self.home)[which % len(self.home)]

    def transfer(self, which: int) -> Transfer | None:
        """One of the newest: those that are still going on are among them."""
        db.session.rollback()
        query = select(Transfer).order_by(Transfer.id.desc()).limit(6)
        rows = db.session.scalars(query.execution_options(populate_existing=True)).all()
        return rows[which % len(rows)] if rows else None

    def is_open(self, transfer: Transfer) -> bool:
        counted = state_on(transfer.state, transfer.ends_on, clock.today())
        return counted is TransferState.OPEN

    # ---- what people do ----

    @rule(place=PLACE)
    def somebody_joins(self, place: int) -> None:
        with attempt():
            branch = self.branches[place]
            admin, applicant = self.admin(branch.id), self.world.applicant()
            joining_id = self.world.apply(applicant, branch)
            version = db.session.get_one(Joining, joining_id).version
            member = joining_review.approve(admin, joining_id, version, compared=True)
            self.home[member] = branch.id
            self.persons[member] = replace(
                applicant, role=Role.MEMBER, member_id=member, joining_id=None
            )

    @rule(which=WHICH, pages=st.integers(2, 3))
    def uploads(self, which: int, pages: int) -> None:
        member = self.member(which)
        with attempt():
            self.world.upload(member, files.good_scan(pages), self.node(self.home[member]))

    @rule(which=WHICH)
    def deletes(self, which: int) -> None:
        member = self.member(which)
        with attempt():
            scans.delete(self.admin(self.home[member]), member)

    @rule(which=WHICH, reason=st.sampled_from(CHOOSABLE))
    def leaves(self, which: int, reason: LeavingReason) -> None:
        member = self.member(which)
        with attempt():
            leaving.set_aside(self.admin(self.home[member]), member, Leaving(reason, "重复"))

    @rule(which=WHICH)
    def comes_back(self, which: int) -> None:
        member = self.member(which)
        with attempt():
            leaving.bring_back(self.admin(self.home[member]), member)

    @rule(which=WHICH)
    def asks_for_release(self, which: int) -> None:
        member = self.member(which)
        with attempt():
            held = self.world.member(member).number or "0"
            numbers.ask(self.admin(self.home[member]), member, number=held, reason="看错了")

    @rule(which=WHICH, asked=st.booleans())
    def releases(self, which: int, asked: bool) -> None:
        with attempt():
            city, member = self.world.actor(self.world.municipal), self.member(which)
            waiting = db.session.scalars(
                select(NumberRelease.id).where(NumberRelease.state == ReleaseState.OPEN)
            ).all()
            if asked and waiting:
                numbers.release_asked(city, waiting[which % len(waiting)], answer="已核对首页")
            else:
                held = self.world.member(member).number or "0"
                numbers.release_number(city, member, number=held, reason="填错了编号")

    @rule(which=WHICH, place=PLACE, by_member=st.booleans())
    def asks(self, which: int, place: int, by_member: bool) -> None:
        member = self.member(which)
        with attempt():
            actor = self.persons[member] if by_member else self.admin(self.home[member])
            inside.ask(actor, member, self.branches[place].id, USUAL_REASONS[0], "")

    @rule(which=WHICH, right=st.integers(0, 4), place=PLACE)
    def agrees(self, which: int, right: int, place: int) -> None:
        """Mostly by who has it; whoever else tries changes nothing."""
        transfer = self.transfer(which)
        if transfer is None:
            return
        side = transfer.held_by_id if right else self.branches[place].id
        number, may = transfer.id, self.is_open(transfer) and side == transfer.held_by_id
        member, target, before = transfer.member_id, transfer.to_branch_id, steps_of(number)
        try:
            state = deciding.agree(self.admin(side), number)
        except (TransferOutdated, NotFound):
            assert not may or self.is_closed(side)
            assert steps_of(number) == before
            return
        if may and state is TransferState.DONE:
            assert target is not None
            self.home[member] = target
        assert (steps_of(number) == before) is not may  # else the same person clicked again

    @rule(which=WHICH, right=st.integers(0, 4), place=PLACE)
    def declines(self, which: int, right: int, place: int) -> None:
        transfer = self.transfer(which)
        if transfer is None:
            return
        side = transfer.held_by_id if right else self.branches[place].id
        with attempt():
            deciding.decline(self.admin(side), transfer.id, answer="查无此人")

    @rule(which=WHICH, by_member=st.booleans())
    def withdraws(self, which: int, by_member: bool) -> None:
        transfer = self.transfer(which)
        if transfer is None:
            return
        person, branch = self.persons[transfer.member_id], transfer.from_branch_id
        with attempt():
            deciding.withdraw(person if by_member else self.admin(branch), transfer.id)

    @rule(
        which=WHICH,
        field=st.sampled_from([Field.NAME, Field.ID_NUMBER, Field.NUMBER]),
        one=st.integers(0, 3),
    )
    def reports_an_error(self, which: int, field: Field, one: int) -> None:
        """One of four names or ID numbers, which two of them can't have at once; a free number."""
        member, first = self.member(which), f"9903012011030900{one}"
        values = {
            Field.NAME: f"安{'心欣昕新'[one]}",
            Field.ID_NUMBER: first + check_digit(first),
            Field.NUMBER: self.world.number(self.world.member(member).joined.year),
        }
        with attempt():
            corrections.report(self.persons[member], field, proposed=values[field], remark="")

    @rule(which=WHICH, takes=st.integers(0, 4))
    def answers_a_report(self, which: int, takes: int) -> None:
        db.session.rollback()
        waiting = db.session.execute(
            select(Correction.id, Member.branch_id, Member.version)
            .join(Member, Member.id == Correction.member_id)
            .where(Correction.state == CorrectionState.OPEN)
            .order_by(Correction.id)
        ).all()
        if not waiting:
            return
        report, branch, version = waiting[which % len(waiting)]
        with attempt():
            if takes:
                ticked = Ticked(document=True)
                answers.take_over(self.admin(branch), report, version=version, ticked=ticked)
            else:
                answers.decline(self.admin(branch), report, answer="身份证上是现在的")

    @rule(place=PLACE)
    def closes_or_reopens(self, place: int) -> None:
        with attempt():
            branch = self.branches[place]
            db.session.rollback()
            one = db.session.get_one(Organisation, branch.id, populate_existing=True)
            city = self.world.actor(self.world.municipal)
            (close if one.closed_at is None else reopen)(city, one.id, one.version)

    @rule(days=st.integers(1, 6), worker=st.booleans())
    def days_pass(self, days: int, worker: bool) -> None:
        """With or without what the worker does at night: what is shown does not depend on it."""
        self.time.shift(timedelta(days=days))
        if worker:
            transfer_expiry.expire_due()
            transfer_expiry.remind_if_due()
            sweep.sweep()

    # ---- what always holds ----

    @invariant()
    def everybody_is_in_one_branch_and_counted_there(self) -> None:
        db.session.rollback()
        rows = db.session.execute(select(Member.id, Member.branch_id, Member.left_at)).all()
        assert {row.id: row.branch_id for row in rows} == self.home
        counted = Counter(row.branch_id for row in rows if row.left_at is None)
        stored = dict(db.session.execute(select(Tally.branch_id, Tally.members)).all())
        assert {one: n for one, n in stored.items() if n} == dict(counted)
        assert fsck.check(read_files=False) == []

    @invariant()
    def a_number_is_held_by_who_has_it_and_by_nobody_else(self) -> None:
        numbers_held = db.session.scalars(
            select(NumberHolding.number).where(NumberHolding.until.is_(None))
        ).all()
        had = db.session.scalars(select(Member.number).where(Member.number.is_not(None))).all()
        assert sorted(numbers_held) == sorted(filter(None, had))
        assert len(set(numbers_held)) == len(numbers_held)

    @invariant()
    def who_had_a_name_or_number_changed_was_told_and_so_was_who_is_above(self) -> None:
        taken = db.session.scalars(
            select(Correction.field).where(Correction.state == CorrectionState.TAKEN)
        ).all()
        subjects = Counter(db.session.scalars(select(Message.subject)))
        to_members = sum(subjects[f"您报告的“{field.label}”已更正"] for field in Field)
        upwards = sum(n for subject, n in subjects.items() if subject.endswith("已更正，请知悉"))
        assert to_members == len(taken)
        assert upwards == sum(field.is_proof for field in taken)

    @invariant()
    def transfers_stand_where_their_members_are(self) -> None:
        rows = db.session.scalars(select(Transfer).execution_options(populate_existing=True)).all()
        going_on = [one for one in rows if one.state is TransferState.OPEN]
        assert len({one.member_id for one in going_on}) == len(going_on)
        for one in going_on:
            assert one.from_branch_id == self.home[one.member_id] != one.to_branch_id
            if self.is_open(one):
                assert not self.is_closed(one.held_by_id)
        for one in rows:  # what has ended stays as it ended
            if one.state is not TransferState.OPEN:
                assert self.ended.setdefault(one.id, one.state) is one.state
                kind = last_step(one)
                last = [step for step, _ in steps_of(one.id)]
                assert last.count(kind) == 1
                assert last[-1] is kind

    @invariant()
    def each_is_told_once(self) -> None:
        """The member, the releasing branch, who had it: each once of each that expired."""
        told = select(func.count()).where(Message.subject.contains("到期未办完"))
        expired = db.session.scalars(
            select(Transfer).where(Transfer.state == TransferState.EXPIRED)
        ).all()
        sides = [{one.from_branch_id, one.held_by_id} for one in expired]
        assert db.session.scalar(told) == sum(len(those) + 1 for those in sides)

    @invariant()
    def lists_show_what_is_open(self) -> None:
        rows = db.session.scalars(select(Transfer)).all()
        wanted = {one.id for one in rows if self.is_open(one)}
        city = self.world.actor(self.world.municipal)
        page = transfer_lists.transfers_below(city, transfer_lists.Part.OPEN)
        assert {row.id for row in page.rows} == wanted
        for branch in self.branches:
            actor = self.world.actor(branch)
            waiting = {one.id for one in rows if one.id in wanted and one.held_by_id == branch.id}
            listed = transfer_lists.branch_transfers(actor, transfer_lists.Part.WAITING)
            assert {row.id for row in listed.rows} == waiting
            assert transfer_lists.count_waiting(actor) == len(waiting)

    def node(self, branch_id: int) -> Node:
        return self.world.nodes[branch_id]

    def is_closed(self, branch_id: int) -> bool:
        query = select(Organisation.closed_at).where(Organisation.id == branch_id)
        return db.session.scalar(query) is not None


def last_step(transfer: Transfer) -> StepKind:
    if (transfer.kind, transfer.state) == (TransferKind.OUTSIDE, TransferState.DONE):
        return StepKind.RECEIVED
    return StepKind(transfer.state.value)


def steps_of(transfer_id: int) -> list[tuple[StepKind, int | None]]:
    query = select(TransferStep.kind, TransferStep.account_id).order_by(TransferStep.id)
    found = db.session.execute(query.where(TransferStep.transfer_id == transfer_id))
    return [(row.kind, row.account_id) for row in found]


def test_whatever_happens_everybody_is_in_one_branch(begin_anew: Callable[[], World]) -> None:
    run(TransferLife, begin_anew, examples=4, steps=25)


def test_the_story_comes_to_its_points(begin_anew: Callable[[], World]) -> None:
    """By hand: the machine's own steps lead to somebody who has moved, and to one who has not."""
    life = begun(TransferLife, begin_anew)()
    try:
        life.asks(0, 2, by_member=True)
        for _ in range(2):
            life.agrees(0, 1, 0)
        assert life.home[life.member(0)] == life.world.far_branch.id
        life.asks(1, 1, by_member=False)
        life.days_pass(6, worker=False)
        life.days_pass(6, worker=True)
        for hold in (
            life.everybody_is_in_one_branch_and_counted_there,
            life.transfers_stand_where_their_members_are,
            life.lists_show_what_is_open,
        ):
            hold()
        states = list(life.ended.values())
        assert states == [TransferState.DONE, TransferState.EXPIRED]
        accounts = select(Account.member_id).where(Account.member_id.is_not(None))
        assert set(db.session.scalars(accounts)) == set(life.persons)
    finally:
        life.teardown()
