"""Transfers inside and to outside systems, in any order: none ever starts, or goes on, without a form.

On both databases; ``TEST_EXAMPLES=300 bin/test tests/services/test_any_outside.py`` looks longer.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from sqlalchemy import select

from portal.errors import PortalError
from portal.extensions import db
from portal.models import Member, Transfer
from portal.rules.leaving import LeavingReason
from portal.rules.outside import Proof
from portal.rules.transfers import USUAL_REASONS, TransferKind, TransferState, Turn
from portal.rules.transfers_outside import Destination, Receipt, Return
from portal.services import returning, transfers_outside
from portal.services import transfer_deciding as deciding
from portal.services.transfer_forms import FormMissing, lacks_needed_form
from portal.services.transfers import TransferOutdated
from tests.builders import World
from tests.lives import WHICH, attempt, begun, run
from tests.services.test_any_transfer import PLACE, TransferLife, steps_of

pytestmark = pytest.mark.usefixtures("database")

WHERE = Destination("天津", "天津市河西区某中学团委高二（3）班团支部", "李老师")
RECEIPT = Receipt("津接 7", date(2026, 11, 20))
PROOF = Return("天津", WHERE.receiver, Proof.LETTER, "团介 7", date(2026, 11, 21))


class OutsideLife(TransferLife):
    """The life of transfers, with those that leave the system and those who come back."""

    def __init__(self) -> None:
        super().__init__()
        self.gone: set[int] = set()
        self.started: set[int] = set()

    @rule(which=WHICH, by_member=st.booleans())
    def asks_outside(self, which: int, by_member: bool) -> None:
        """The page and a request made by hand come down to this one door."""
        member = self.member(which)
        lacks = lacks_needed_form(self.world.member(member))
        try:
            actor = self.persons[member] if by_member else self.admin(self.home[member])
            transfer = transfers_outside.ask(actor, member, WHERE, USUAL_REASONS[0], "")
        except FormMissing:
            assert lacks
        except PortalError:
            pass
        else:
            assert not lacks
            self.started.add(transfer)

    @rule(which=WHICH, right=st.integers(0, 4), place=PLACE)
    def agrees(self, which: int, right: int, place: int) -> None:
        transfer = self.transfer(which)
        if transfer is None or transfer.kind is TransferKind.INSIDE:
            super().agrees(which, right, place)
            return
        side = transfer.held_by_id if right else self.branches[place].id
        number, turn = transfer.id, transfer.turn
        may = self.is_open(transfer) and side == transfer.held_by_id
        before = steps_of(number)
        try:
            deciding.agree(self.admin(side), number)
        except TransferOutdated:
            assert not may
            assert steps_of(number) == before
        except PortalError:  # not theirs to see, or the receipt is asked for
            assert not may or turn is Turn.RECEIPT or self.is_closed(side)
            assert steps_of(number) == before

    @rule(which=WHICH, committee=st.booleans())
    def enters_receipt(self, which: int, committee: bool) -> None:
        transfer = self.transfer(which)
        if transfer is None:
            return
        number, member = transfer.id, transfer.member_id
        branch = transfer.from_branch_id
        side = transfers_outside.committee_of(branch) if committee else branch
        done_before = transfer.state is TransferState.DONE
        with suppress(PortalError):
            transfers_outside.enter_receipt(self.admin(side), number, RECEIPT)
            if not done_before:
                assert transfer.kind is TransferKind.OUTSIDE
                assert self.world.member(member).has_scan
                self.gone.add(member)

    @rule(which=WHICH)
    def comes_back_from_outside(self, which: int) -> None:
        member = self.member(which)
        with attempt():
            if returning.come_back(self.admin(self.home[member]), member, PROOF):
                assert member in self.gone
                self.gone.discard(member)

    @invariant()
    def none_was_started_without_a_form_and_none_is_open_without_one(self) -> None:
        db.session.rollback()
        rows = db.session.execute(
            select(Transfer, Member)
            .join(Member, Member.id == Transfer.member_id)
            .where(Transfer.kind == TransferKind.OUTSIDE)
            .execution_options(populate_existing=True)
        ).all()
        assert {transfer.id for transfer, _ in rows} == self.started
        for transfer, member in rows:
            if self.is_open(transfer):
                assert not lacks_needed_form(member)

    @invariant()
    def who_went_is_gone_with_number_and_form(self) -> None:
        db.session.rollback()
        rows = db.session.scalars(
            select(Member)
            .where(Member.left_reason == LeavingReason.MOVED_OUTSIDE)
            .execution_options(populate_existing=True)
        ).all()
        assert {one.id for one in rows} == self.gone
        for one in rows:
            assert one.number is not None
            assert one.has_scan


def test_no_transfer_outside_is_ever_started_without_a_form(
    begin_anew: Callable[[], World],
) -> None:
    run(OutsideLife, begin_anew, examples=4, steps=25)


def test_the_story_comes_to_its_points(begin_anew: Callable[[], World]) -> None:
    """By hand: refused, uploaded, gone, back, and one that a deletion stops."""
    life = begun(OutsideLife, begin_anew)()
    try:
        life.asks_outside(0, by_member=True)
        assert life.started == set()
        life.uploads(0, 2)
        life.asks_outside(0, by_member=True)
        for _ in range(2):
            life.agrees(0, 1, 0)
        life.enters_receipt(0, committee=True)
        assert life.gone == {life.member(0)}
        life.comes_back_from_outside(0)
        assert life.gone == set()
        life.asks_outside(0, by_member=False)
        life.deletes(0)
        for hold in (
            life.none_was_started_without_a_form_and_none_is_open_without_one,
            life.who_went_is_gone_with_number_and_form,
            life.everybody_is_in_one_branch_and_counted_there,
            life.transfers_stand_where_their_members_are,
        ):
            hold()
        states = [life.ended[one] for one in sorted(life.started)]
        assert states == [TransferState.DONE, TransferState.STOPPED]
    finally:
        life.teardown()
