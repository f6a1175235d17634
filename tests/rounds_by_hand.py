"""检查任务 kept by hand beside the portal: who has which form before them, and what was said of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text

from portal import clock
from portal.access import Actor
from portal.extensions import db
from portal.models import ItemState, RoundChoice
from portal.rules.scan_checks import Verdict, kinds_of
from portal.services.check_rounds import (
    LEASE,
    FormTaken,
    Turn,
    judge,
    next_place,
    open_place,
    take_back_last,
)
from portal.services.checks import CheckedMeanwhile, NothingToTakeBack, standing_check
from portal.services.round_findings import findings_of
from portal.services.round_making import (
    RoundRefused,
    RoundWish,
    counts_of,
    make_round,
)


@dataclass(frozen=True, slots=True)
class Said:
    """A check of one place."""

    check_id: int
    scan_id: int
    account_id: int
    kinds: str


@dataclass(slots=True)
class RoundByHand:
    """One round. ``held``: who has a place, and until when."""

    id: int
    total: int
    said: dict[int, list[Said]] = field(default_factory=dict)
    held: dict[int, tuple[int, datetime]] = field(default_factory=dict)

    def holder(self, place: int) -> int | None:
        """Who has a place now."""
        who, until = self.held.get(place, (None, None))
        return who if until is not None and until > clock.now() else None

    def take(self, actor: Actor, place: int) -> None:
        """A place is given to a person: nobody else may have it."""
        assert not self.said.get(place), f"place {place} is judged already"
        assert self.holder(place) in (None, actor.account_id), f"place {place} is somebody's"
        self.held[place] = actor.account_id, clock.now() + LEASE

    def step_back(self, place: int) -> bool:
        """The last check of a place is undone; whether the one before it stands again."""
        undone = self.said[place].pop()
        standing = standing_check(undone.scan_id)
        if not self.said[place] or not standing or standing.id != self.said[place][-1].check_id:
            self.said[place] = []
        return bool(self.said[place])


class RoundsByHand:
    """All rounds of one example, driven through the services and remembered."""

    def __init__(self) -> None:
        self.rounds: list[RoundByHand] = []

    def make(self, actor: Actor, below_id: int, choice: RoundChoice) -> None:
        amount = {RoundChoice.SOME_OF_EACH: 1, RoundChoice.SHARE: 50}.get(choice)
        try:
            made = make_round(
                actor, RoundWish(below_id, choice, amount), f"token {len(self.rounds)}"
            )
        except RoundRefused:
            return
        self.rounds.append(RoundByHand(made, counts_of(made).total))

    def pass_on(self, actor: Actor, which: int, after: int) -> None:
        """先跳过."""
        if self.rounds:
            one = self.rounds[which % len(self.rounds)]
            self._next(actor, one, after % (one.total + 1))

    def go_on(self, actor: Actor, which: int, verdict: Verdict) -> None:
        """The next form, looked at and judged."""
        if not self.rounds:
            return
        one = self.rounds[which % len(self.rounds)]
        place = self._next(actor, one, 0)
        if place is not None:
            self._judge(actor, one, place, verdict)

    def judge_again(self, actor: Actor, which: int, place: int, verdict: Verdict) -> None:
        """Any form of a round, by the arrow keys: judged before, or a colleague's."""
        if self.rounds:
            one = self.rounds[which % len(self.rounds)]
            self._judge(actor, one, place % one.total + 1, verdict)

    def undo(self, actor: Actor, which: int) -> None:
        """U: the person's last check in the round that stands."""
        if not self.rounds:
            return
        one = self.rounds[which % len(self.rounds)]
        try:
            place = take_back_last(actor, one.id)
        except NothingToTakeBack:
            return
        assert one.said[place][-1].account_id == actor.account_id
        if not one.step_back(place):
            one.take(actor, place)

    def forget(self, check_id: int) -> None:
        """A check was taken back from the member's page."""
        for one in self.rounds:
            for place, said in one.said.items():
                if said and said[-1].check_id == check_id:
                    one.step_back(place)

    def compare(self, city: Actor) -> None:
        """Each round's counts are those kept by hand; each form counts once. ``city`` sees all."""
        for one in self.rounds:
            done = [said[-1] for said in one.said.values() if said]
            counts, found = counts_of(one.id), findings_of(city, one.id)
            assert counts.done == len(done)
            assert counts.waiting + counts.done + counts.gone == one.total
            assert found.faulty == sum(bool(last.kinds) for last in done)
            assert found.in_order + found.faulty == len(done)
            kinds = Counter(kind for last in done for kind in kinds_of(last.kinds))
            assert dict(found.by_kind) == dict(kinds)
            people = Counter(last.account_id for last in done)
            assert sorted(count for _, count in found.by_person) == sorted(people.values())
            assert sum(bool(form.verdict.faults) for form in found.forms) == found.faulty

    def _next(self, actor: Actor, one: RoundByHand, after: int) -> int | None:
        if one.held.get(after, (None, None))[0] == actor.account_id:
            del one.held[after]
        place = next_place(actor, one.id, after=after)
        if place is not None:
            one.take(actor, place)
        return place

    def _open(self, actor: Actor, one: RoundByHand, place: int) -> Turn:
        turn = open_place(actor, one.id, place)
        if turn.taken_by:
            assert one.holder(place) not in (None, actor.account_id)
        elif turn.state is ItemState.WAITING:
            one.take(actor, place)
            if turn.ahead is not None:
                one.take(actor, self._place_of(one, turn.ahead))
        return turn

    def _judge(self, actor: Actor, one: RoundByHand, place: int, verdict: Verdict) -> None:
        turn = self._open(actor, one, place)
        if turn.scan_id is None:
            assert turn.state is not ItemState.WAITING
            return
        standing = standing_check(turn.scan_id)
        seen = standing.id if standing else 0
        try:
            done = judge(actor, one.id, place, turn.scan_id, verdict, seen=seen)
        except FormTaken:
            assert turn.taken_by
            return
        except CheckedMeanwhile as error:  # nobody else is at it: the test's own order
            raise AssertionError from error
        assert not turn.taken_by
        one.held.pop(place, None)
        said = one.said.setdefault(place, [])
        if not said or said[-1].check_id != done.check_id:
            said.append(Said(done.check_id, turn.scan_id, actor.account_id, verdict.kinds))
        if done.next_place is not None:
            one.take(actor, done.next_place)

    @staticmethod
    def _place_of(one: RoundByHand, scan_id: int) -> int:
        asked = text(
            "SELECT place FROM check_item JOIN scan ON scan.member_id = check_item.member_id"
            " WHERE round_id = :round AND scan.id = :scan"
        )
        found = db.session.execute(asked, {"round": one.id, "scan": scan_id}).scalar_one()
        return int(found)
