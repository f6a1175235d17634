"""Whatever people do, in any order: each figure is a recount, and no form is judged by two at once.

On both databases. ``TEST_EXAMPLES=300 bin/test tests/services/test_any_sequence.py`` looks longer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from sqlalchemy import select

from portal import clock
from portal.access import Actor, Role
from portal.extensions import db
from portal.models import Joining, Member, NumberRelease, Organisation, RoundChoice, Transfer
from portal.rules.leaving import CHOOSABLE, Leaving, LeavingReason
from portal.rules.organisations import OrganisationKind as Kind
from portal.rules.progress import Period
from portal.rules.scan_checks import Fault, FaultKind, Verdict
from portal.rules.transfers import USUAL_REASONS, TransferState
from portal.services import (
    arranging,
    checks,
    joining_review,
    leaving,
    member_editing,
    numbers,
    progress_days,
    reminders,
    scans,
    transfer_deciding,
    transfer_expiry,
    transfers_inside,
)
from portal.services.fsck import check
from portal.services.organisation_changes import close, reopen
from portal.services.organisation_moves import merge, move
from portal.services.progress import counts_of
from portal.services.sweep import sweep
from tests import scans as files
from tests.builders import World
from tests.figures import assert_branch, assert_committee, assert_counts, assert_lists
from tests.lives import WHICH, Life, attempt, run
from tests.recounts import EVERYBODY
from tests.rounds_by_hand import RoundsByHand

pytestmark = pytest.mark.usefixtures("database")

SOME_MONTHS = Period(date(2021, 1, 1), date(2026, 10, 1))

VERDICT = st.sampled_from(
    [
        Verdict(),
        Verdict((Fault(FaultKind.NO_SEAL),)),
        Verdict((Fault(FaultKind.MISSING_PAGES), Fault(FaultKind.BLURRED, (2,))), "第 2 页看不清"),
    ]
)


class PortalLife(Life):
    """Three branches in two districts, with forms, numbers, rounds, transfers and a tree that moves."""

    def __init__(self) -> None:
        super().__init__()
        world = self.world
        self.rounds, self.steps, self.sound = RoundsByHand(), 0, False
        today = clock.today()
        for branch in (world.branch, world.sister, world.far_branch):
            world.add_member(branch)
            world.upload(world.add_member(branch))
        world.add_member(approved_on=today - timedelta(days=40))
        world.add_member(world.sister, approved_on=today - timedelta(days=25))
        world.add_member(world.far_branch, number=None, joined=date(2021, 5, 1))
        world.add_member(number="202211000099", joined=date(2021, 6, 1))
        self.colleague = world.add_account(world.district, name="张同事")

    # ---- who and what ----

    def officer(self, *, colleague: bool = False) -> Actor:
        found = self.admin(self.world.district.id)
        if colleague:
            return replace(found, account_id=self.colleague, person_name="张同事")
        return found

    def member(self, which: int) -> Member:
        db.session.rollback()
        rows = db.session.scalars(
            select(Member).order_by(Member.id).execution_options(populate_existing=True)
        ).all()
        return rows[which % len(rows)]

    def home(self, which: int) -> tuple[Actor, Member]:
        member = self.member(which)
        branch_id, member_id = member.branch_id, member.id
        return self.admin(branch_id), self.world.member(member_id)

    def organisation(self, which: int) -> Organisation:
        db.session.rollback()
        rows = db.session.scalars(select(Organisation).order_by(Organisation.id)).all()
        return rows[which % len(rows)]

    # ---- what branches do ----

    @rule(which=WHICH, approved=st.integers(0, 60))
    def somebody_joins(self, which: int, approved: int) -> None:
        with attempt():
            branch = self.organisation(which)
            node = self.world.nodes[branch.id]
            if node.kind is not Kind.BRANCH:
                return
            approved_on = clock.today() - timedelta(days=approved)
            number = self.world.number(approved_on.year)
            joining_id = self.world.apply(
                branch=node,
                approved_on=approved_on,
                joined=approved_on.replace(day=1),
                number=number,
            )
            version = db.session.get_one(Joining, joining_id).version
            if approved % 3:
                actor = self.admin(node.id)
                joining_review.approve(actor, joining_id, version, compared=True)

    @rule(which=WHICH, pages=st.integers(2, 3))
    def uploads(self, which: int, pages: int) -> None:
        with attempt():
            actor, member = self.home(which)
            node = self.world.nodes[actor.organisation_id or 0]
            self.world.upload(member.id, files.good_scan(pages), node)

    @rule(which=WHICH)
    def deletes(self, which: int) -> None:
        with attempt():
            actor, member = self.home(which)
            scans.delete(actor, member.id)

    @rule(which=WHICH)
    def takes_back(self, which: int) -> None:
        with attempt():
            actor, member = self.home(which)
            scans.restore(actor, member.id)

    @rule(which=WHICH, back=st.booleans())
    def arranges(self, which: int, back: bool) -> None:
        with attempt():
            actor, member = self.home(which)
            scan = scans.current_scan(member.id)
            if scan is None:
                return
            if back and scan.original_id:
                arranging.restore_original(actor, member.id, scan.id)
            else:
                arranging.save(actor, member.id, scan.id, "2.1" + ".3" * (scan.pages > 2))

    @rule(which=WHICH, reason=st.sampled_from(CHOOSABLE))
    def leaves(self, which: int, reason: LeavingReason) -> None:
        with attempt():
            actor, member = self.home(which)
            leaving.set_aside(actor, member.id, Leaving(reason, "重复"))

    @rule(which=WHICH)
    def comes_back(self, which: int) -> None:
        with attempt():
            actor, member = self.home(which)
            leaving.bring_back(actor, member.id)

    @rule(which=WHICH, days=st.sampled_from([-31, -5, 5, 31]))
    def is_corrected(self, which: int, days: int) -> None:
        with attempt():
            actor, member = self.home(which)
            fields = member_editing.fields_of(member)
            before = fields.approved_on or clock.today()
            approved_on = min(before + timedelta(days=days), clock.today())
            number = fields.number or self.world.number(fields.joined.year)
            wanted = replace(fields, approved_on=approved_on, number=number)
            member_editing.change_member(actor, member.id, member.version, wanted)

    @rule(which=WHICH)
    def asks_for_release(self, which: int) -> None:
        with attempt():
            actor, member = self.home(which)
            numbers.ask(actor, member.id, number=member.number or "0", reason="末四位看错了")

    @rule(which=WHICH, to=WHICH)
    def asks_for_transfer(self, which: int, to: int) -> None:
        with attempt():
            actor, member = self.home(which)
            target = self.organisation(to).id
            transfers_inside.ask(actor, member.id, target, USUAL_REASONS[0], "")

    @rule(which=WHICH, agrees=st.integers(0, 3))
    def answers_transfer(self, which: int, agrees: int) -> None:
        with attempt():
            db.session.rollback()
            waiting = db.session.execute(
                select(Transfer.id, Transfer.held_by_id)
                .where(Transfer.state == TransferState.OPEN)
                .order_by(Transfer.id)
            ).all()
            if not waiting:
                return
            transfer, held_by = waiting[which % len(waiting)]
            if agrees:
                transfer_deciding.agree(self.admin(held_by), transfer)
            else:
                transfer_deciding.decline(self.admin(held_by), transfer, answer="查无此人")

    # ---- what committees do ----

    @rule(which=WHICH, asked=st.booleans())
    def releases(self, which: int, asked: bool) -> None:
        with attempt():
            city, member = self.admin(self.world.municipal.id), self.member(which)
            waiting = db.session.scalars(select(NumberRelease.id)).all()
            if asked and waiting:
                request = waiting[which % len(waiting)]
                numbers.release_asked(city, request, answer="已核对纸质首页")
            else:
                release = partial(numbers.release_number, number=member.number or "0")
                release(city, member.id, reason="录入时填错了编号")

    @rule(one=WHICH, other=WHICH)
    def merges(self, one: int, other: int) -> None:
        with attempt():
            source, target = self.organisation(one), self.organisation(other)
            city = self.admin(self.world.municipal.id)
            merge(city, source.id, source.version, target.id)

    @rule(which=WHICH, to=WHICH)
    def moves(self, which: int, to: int) -> None:
        with attempt():
            source, target = self.organisation(which), self.organisation(to)
            city = self.admin(self.world.municipal.id)
            move(city, source.id, source.version, target.id)

    @rule(which=WHICH)
    def closes_or_reopens(self, which: int) -> None:
        with attempt():
            one, city = self.organisation(which), self.admin(self.world.municipal.id)
            (close if one.closed_at is None else reopen)(city, one.id, one.version)

    @rule(which=WHICH, above=st.integers(0, 2), verdict=VERDICT)
    def checks_one(self, which: int, above: int, verdict: Verdict) -> None:
        with attempt():
            world = self.world
            places = (world.municipal, world.district, world.other_district)
            actor, member = self.admin(places[above].id), self.member(which)
            scan = scans.current_scan(member.id)
            if scan is not None:
                standing = checks.standing_check(scan.id)
                seen = standing.id if standing else 0
                checks.check(actor, member.id, scan.id, verdict, seen=seen)

    @rule(which=WHICH, colleague=st.booleans())
    def undoes_one(self, which: int, colleague: bool) -> None:
        with attempt():
            actor, member = self.officer(colleague=colleague), self.member(which)
            scan = scans.current_scan(member.id)
            standing = checks.standing_check(scan.id) if scan else None
            if standing is not None:
                checks.take_back(actor, standing.id)
                self.rounds.forget(standing.id)

    # ---- rounds, by two people ----

    @rule(which=WHICH, choice=st.sampled_from(list(RoundChoice)))
    def begins_a_round(self, which: int, choice: RoundChoice) -> None:
        with attempt():
            below = self.organisation(which).id if which % 2 else self.world.district.id
            self.rounds.make(self.officer(), below, choice)

    @rule(colleague=st.booleans(), which=WHICH, verdict=VERDICT)
    def goes_on(self, colleague: bool, which: int, verdict: Verdict) -> None:
        with attempt():
            self.rounds.go_on(self.officer(colleague=colleague), which, verdict)

    @rule(colleague=st.booleans(), which=WHICH, place=WHICH)
    def passes_on(self, colleague: bool, which: int, place: int) -> None:
        with attempt():
            self.rounds.pass_on(self.officer(colleague=colleague), which, place)

    @rule(colleague=st.booleans(), which=WHICH, place=WHICH, verdict=VERDICT)
    def judges_again(self, colleague: bool, which: int, place: int, verdict: Verdict) -> None:
        with attempt():
            self.rounds.judge_again(self.officer(colleague=colleague), which, place, verdict)

    @rule(colleague=st.booleans(), which=WHICH)
    def takes_the_last_back(self, colleague: bool, which: int) -> None:
        with attempt():
            self.rounds.undo(self.officer(colleague=colleague), which)

    # ---- time ----

    @rule(minutes=st.sampled_from([1, 6]))
    def minutes_pass(self, minutes: int) -> None:
        self.time.shift(timedelta(minutes=minutes))

    @rule(days=st.integers(1, 12))
    def nights_pass(self, days: int) -> None:
        """With what the worker does at night; the day that ended is kept as it was."""
        self.time.shift(timedelta(days=days - 1))
        ended = clock.today()
        whole = db.session.get_one(Organisation, self.world.municipal.id)
        wanted = counts_of(whole, EVERYBODY)
        self.time.shift(timedelta(days=1))
        progress_days.keep_if_due()
        assert progress_days.counts_as_of(whole.id, ended) == wanted
        reminders.remind_if_due()
        transfer_expiry.expire_due()
        transfer_expiry.remind_if_due()
        sweep()

    # ---- what always holds ----

    @invariant()
    def every_figure_is_a_recount(self) -> None:
        """Counts and files after each step; lists and first pages of one place in turn."""
        self.sound = False
        db.session.rollback()
        places = db.session.scalars(select(Organisation).order_by(Organisation.id)).all()
        for top in places:
            assert_counts(top)
        self.rounds.compare(self.admin(self.world.municipal.id))
        assert check(read_files=False) == []
        self.steps += 1
        self.look_at(places[self.steps % len(places)])
        self.sound = True

    def look_at(self, place: Organisation) -> None:
        assert_counts(place, SOME_MONTHS)
        city = self.world.actor(self.world.municipal)
        assert_lists(city, place, (EVERYBODY, SOME_MONTHS)[self.steps % 2])
        if place.closed_at is None:
            actor = self.admin(place.id)
            (assert_branch if actor.role is Role.BRANCH else assert_committee)(actor)

    def teardown(self) -> None:
        try:
            if self.sound:
                for place in db.session.scalars(select(Organisation)).all():
                    self.look_at(place)
        finally:
            super().teardown()


def test_whatever_happens_every_figure_is_a_recount(begin_anew: Callable[[], World]) -> None:
    run(PortalLife, begin_anew, examples=3, steps=20)
