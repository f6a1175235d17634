"""Making a round of 检查: which forms, by criterion or by lot, and how far they are."""

from __future__ import annotations

import math
import random
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice

from sqlalchemy import and_, func, insert, select

from portal import clock
from portal.access import Action, Actor, in_subtree, members_for, organisations_for, rounds_for
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import (
    Account,
    CheckItem,
    CheckRound,
    ItemState,
    Member,
    Organisation,
    RoundChoice,
    Scan,
    ScanCheck,
    ScanState,
)
from portal.rules.progress import Period
from portal.services import audit
from portal.services.look_lines import LOOK_COLUMNS, read_line, with_look
from portal.services.scan_cells import STANDING
from portal.services.transaction import reading, writing

MOST_FORMS = 20_000
"""Of one round: more than a few people look at in a month."""

MOST_OF_EACH = 50
ROUNDS_SHOWN = 20


class RoundRefused(PortalError):
    """No round can be made of what was asked for."""

    status = 422


@dataclass(frozen=True, slots=True)
class RoundWish:
    """What a round is to look at; ``amount`` is a number of each branch, or per cent."""

    below_id: int
    choice: RoundChoice
    amount: int | None = None
    period: Period = field(default_factory=Period)


@dataclass(frozen=True, slots=True)
class RoundCounts:
    """How far a round is."""

    waiting: int = 0
    done: int = 0
    gone: int = 0

    @property
    def total(self) -> int:
        """Forms that there are, or were, to check."""
        return self.waiting + self.done


@dataclass(frozen=True, slots=True)
class RoundLine:
    """A round in the list of an organisation's."""

    id: int
    below: str
    choice: RoundChoice
    amount: int | None
    period: Period
    made_by: str
    made_at: datetime
    counts: RoundCounts


@dataclass(frozen=True, slots=True)
class RoundPage:
    """One page of rounds; ``before`` opens the next one, if there is."""

    lines: tuple[RoundLine, ...]
    before: int | None


def make_round(actor: Actor, wish: RoundWish, token: str) -> int:
    """Choose the forms and keep them; the same ``token`` again is the same round.

    The lot is drawn by a seed that is kept. Raises ``RoundRefused`` or ``NotFound``.
    """
    below = find_below(actor, wish.below_id)
    made = _made_with(actor, token)
    if made is not None:
        return made
    seed = secrets.randbelow(2**31)
    member_ids = _chosen(actor, below, wish, seed)
    if not member_ids:
        raise RoundRefused("没有符合条件的《入团志愿书》，没有建立检查任务。可以换一种范围或年月。")
    if len(member_ids) > MOST_FORMS:
        raise RoundRefused(
            f"符合条件的超过 {MOST_FORMS} 份，一个任务放不下。请选下级组织、缩小年月，或改用抽查。"
        )
    with writing() as session:
        made = _made_with(actor, token)  # a double click, while the forms were chosen
        if made is not None:
            return made
        assert actor.organisation_id is not None
        round_ = CheckRound(
            organisation_id=actor.organisation_id,
            below_id=wish.below_id,
            made_by_id=actor.account_id,
            made_at=clock.now(),
            choice=wish.choice,
            amount=wish.amount,
            seed=seed,
            first_month=wish.period.first,
            last_month=wish.period.last,
            total=len(member_ids),
            token=token,
        )
        session.add(round_)
        session.flush()
        session.execute(
            insert(CheckItem),
            [
                {
                    "round_id": round_.id,
                    "place": place,
                    "member_id": member_id,
                    "state": ItemState.WAITING,
                }
                for place, member_id in enumerate(member_ids, 1)
            ],
        )
        audit.record(
            actor,
            audit.Event.CHECK_ROUND_MADE,
            round=round_.id,
            organisation=wish.below_id,
            choice=wish.choice,
            amount=wish.amount,
            seed=seed,
            forms=len(member_ids),
        )
        return round_.id


def find_below(actor: Actor, organisation_id: int | None) -> Organisation:
    """An organisation whose forms the actor may check. Raises ``NotFound``."""
    found = db.session.scalar(
        select(Organisation).where(
            Organisation.id == organisation_id, organisations_for(actor, Action.CHECK_SCAN)
        )
    )
    if found is None:
        raise NotFound
    return found


def rounds_of(actor: Actor, before: int | None = None) -> RoundPage:
    """The rounds of the actor's organisation, the latest first, those before ``before``."""
    which = rounds_for(actor, Action.CHECK_SCAN)
    lines = _lines(which if before is None else and_(which, CheckRound.id < before))
    shown = lines[:ROUNDS_SHOWN]
    return RoundPage(shown, shown[-1].id if len(lines) > ROUNDS_SHOWN else None)


def round_line(actor: Actor, round_id: int) -> RoundLine:
    """One round. Raises ``NotFound``."""
    found = _lines(and_(rounds_for(actor, Action.CHECK_SCAN), CheckRound.id == round_id))
    if not found:
        raise NotFound
    return found[0]


def counts_of(round_id: int) -> RoundCounts:
    """How far one round is."""
    return _counted([round_id]).get(round_id, RoundCounts())


def _made_with(actor: Actor, token: str) -> int | None:
    found = select(CheckRound.id).where(
        CheckRound.token == token, rounds_for(actor, Action.CHECK_SCAN)
    )
    return db.session.scalar(found)


def _chosen(actor: Actor, below: Organisation, wish: RoundWish, seed: int) -> list[int]:
    """The members whose forms are looked at, branch by branch; one more than fit at most."""
    lot = random.Random(seed)
    found = _members(actor, below, wish)
    match wish.choice:
        case RoundChoice.SOME_OF_EACH:
            return list(islice(_some_of_each(found, wish.amount or 1, lot), MOST_FORMS + 1))
        case RoundChoice.SHARE:
            whole = [member_id for member_id, _ in found]
            wanted = math.ceil(len(whole) * (wish.amount or 1) / 100)
            if wanted > MOST_FORMS:
                return whole[: MOST_FORMS + 1]
            return [whole[place] for place in sorted(lot.sample(range(len(whole)), wanted))]
    return [member_id for member_id, _ in islice(found, MOST_FORMS + 1)]


def _some_of_each(
    found: Iterable[tuple[int, int]], amount: int, lot: random.Random
) -> Iterator[int]:
    for _, members in groupby(found, key=lambda one: one[1]):
        ids = [member_id for member_id, _ in members]
        if len(ids) > amount:
            ids = [ids[place] for place in sorted(lot.sample(range(len(ids)), amount))]
        yield from ids


def _members(actor: Actor, below: Organisation, wish: RoundWish) -> Iterator[tuple[int, int]]:
    """Member and branch of all with a form that the wish's criterion holds for, in their order."""
    inside = select(Organisation.id).where(in_subtree(below.path))
    query = (
        select(Member.id, Member.branch_id)
        .join(Scan, and_(Scan.member_id == Member.id, Scan.state == ScanState.CURRENT))
        .where(members_for(actor, Action.CHECK_SCAN), Member.branch_id.in_(inside))
        .order_by(Member.branch_id, Member.pinyin, Member.id)
        .execution_options(yield_per=1000)
    )
    if wish.period.first is not None:
        query = query.where(Member.joined >= wish.period.first)
    if wish.period.last is not None:
        query = query.where(Member.joined <= wish.period.last)
    if wish.choice is RoundChoice.UNCHECKED:
        query = query.where(~select(ScanCheck.id).where(STANDING).correlate(Scan).exists())
    if wish.choice is not RoundChoice.WITH_FINDINGS:
        yield from ((row[0], row[1]) for row in reading().execute(query))
        return
    looked = with_look(query.add_columns(Member.number, Member.name, Member.joined, *LOOK_COLUMNS))
    for member_id, branch_id, number, name, joined, *look in reading().execute(looked):
        if read_line(look, number=number, name=name, joined=joined).findings:
            yield member_id, branch_id


def _lines(which: object) -> tuple[RoundLine, ...]:
    query = (
        select(
            CheckRound.id,
            Organisation.name,
            CheckRound.choice,
            CheckRound.amount,
            CheckRound.first_month,
            CheckRound.last_month,
            Account.person_name,
            CheckRound.made_at,
        )
        .join(Organisation, Organisation.id == CheckRound.below_id)
        .join(Account, Account.id == CheckRound.made_by_id)
        .where(which)  # type: ignore[arg-type]
        .order_by(CheckRound.id.desc())
        .limit(ROUNDS_SHOWN + 1)
    )
    rows = list(reading().execute(query))
    counted = _counted([row[0] for row in rows])
    return tuple(
        RoundLine(
            round_id,
            below,
            choice,
            amount,
            Period(first, last),
            who,
            at,
            counted.get(round_id, RoundCounts()),
        )
        for round_id, below, choice, amount, first, last, who, at in rows
    )


def _counted(round_ids: list[int]) -> dict[int, RoundCounts]:
    query = (
        select(CheckItem.round_id, CheckItem.state, func.count())
        .where(CheckItem.round_id.in_(round_ids))
        .group_by(CheckItem.round_id, CheckItem.state)
    )
    found: dict[int, dict[str, int]] = {}
    for round_id, state, count in reading().execute(query):
        found.setdefault(round_id, {})[state.value] = count
    return {round_id: RoundCounts(**states) for round_id, states in found.items()}
