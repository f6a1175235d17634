"""One transfer with its steps, as its page shows it, and a member's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from portal import clock
from portal.access import Action, Actor, Role, allows, members_for, transfers_for
from portal.extensions import db
from portal.models import Account, Member, Organisation, Transfer, TransferStep
from portal.rules.transfers import StepKind, TransferState, Turn, is_overdue, turns_of
from portal.services.outside_shown import OutsideFacts, outside_facts
from portal.services.transfer_deciding import may_withdraw
from portal.services.transfer_rows import TRANSFER_ROWS, TransferRow, rows_of
from portal.services.transfers import find_transfer

NEWS = timedelta(days=30)
"""So long a member's page says what became of their last transfer."""


@dataclass(frozen=True, slots=True)
class ShownStep:
    """What happened, who did it, and for which organisation."""

    kind: StepKind
    at: datetime
    who: str
    words: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the turns that a transfer takes, and whether it is past, now, or to come."""

    turn: Turn
    state: str  # done, now, ended or ahead


@dataclass(frozen=True, slots=True)
class ShownTransfer:
    """A transfer's page. The member's own data show as long as the actor has to do with them.

    ``stays``: the member is in the branch that the transfer began from; ``gone``: in none any more.
    """

    row: TransferRow
    steps: tuple[ShownStep, ...]
    stages: tuple[Stage, ...]
    number: str | None
    joined: date | None
    has_scan: bool
    is_new_member: bool
    member_in_sight: bool
    stays: bool
    gone: bool
    may_decide: bool
    may_withdraw: bool
    outside: OutsideFacts | None


def own_transfer(actor: Actor) -> TransferRow | None:
    """A member's own transfer: the open one, or what became of the last while that is news."""
    mine = TRANSFER_ROWS.where(transfers_for(actor, Action.ASK_TRANSFER))
    last = db.session.execute(mine.order_by(Transfer.id.desc()).limit(1)).all()
    rows = rows_of(actor, last)
    if not rows or (rows[0].ended_at and rows[0].ended_at < clock.now() - NEWS):
        return None
    return rows[0]


def show(actor: Actor, transfer_id: int, action: Action = Action.VIEW_TRANSFER) -> ShownTransfer:
    """One transfer with its steps. Raises ``NotFound``."""
    transfer = find_transfer(actor, transfer_id, action)
    found = db.session.execute(TRANSFER_ROWS.where(Transfer.id == transfer.id)).all()
    row = rows_of(actor, found)[0]
    member = db.session.get_one(Member, transfer.member_id)
    sight = members_for(
        actor, Action.VIEW_CARD if actor.role is Role.MEMBER else Action.VIEW_MEMBER
    )
    in_sight = db.session.scalar(select(Member.id).where(Member.id == member.id, sight)) is not None
    known = in_sight or row.is_open
    return ShownTransfer(
        row=row,
        steps=_steps(actor, transfer),
        stages=_stages(row),
        number=member.number if known else None,
        joined=member.joined if known else None,
        has_scan=known and member.has_scan,
        is_new_member=known and member.is_new_member,
        member_in_sight=in_sight,
        stays=member.left_at is None and member.branch_id == transfer.from_branch_id,
        gone=member.left_at is not None,
        may_decide=row.is_open
        and allows(actor, Action.DECIDE_TRANSFER)
        and row.held_by_id == actor.organisation_id,
        may_withdraw=row.is_open
        and allows(actor, Action.ASK_TRANSFER)
        and may_withdraw(actor, transfer),
        outside=outside_facts(actor, transfer),
    )


def _steps(actor: Actor, transfer: Transfer) -> tuple[ShownStep, ...]:
    """A member reads which organisation did it, and not which person."""
    rows = db.session.execute(
        select(
            TransferStep.kind,
            TransferStep.at,
            Organisation.name,
            Account.person_name,
            TransferStep.words,
        )
        .outerjoin(Organisation, Organisation.id == TransferStep.organisation_id)
        .outerjoin(Account, Account.id == TransferStep.account_id)
        .where(TransferStep.transfer_id == transfer.id)
        .order_by(TransferStep.id)
    )
    own = actor.role is Role.MEMBER
    steps = []
    for kind, at, place, person, words in rows:
        if place is None:
            who = "系统" if person is None else "本人" if own else f"{person}（团员本人）"
        else:
            who = place if own else f"{person}（{place}）"
        steps.append(ShownStep(kind, at, who, words))
    if is_overdue(transfer.ends_on, clock.today()) and transfer.state is TransferState.OPEN:
        ended = datetime.combine(transfer.ends_on, datetime.max.time(), clock.BEIJING)
        steps.append(ShownStep(StepKind.EXPIRED, ended, "系统", ""))
    return tuple(steps)


def _stages(row: TransferRow) -> tuple[Stage, ...]:
    turns = turns_of(row.kind, by_member=row.by_member)
    place = turns.index(row.turn)
    now = "now" if row.is_open else "done" if row.state is TransferState.DONE else "ended"
    states = ["done"] * place + [now] + ["ahead"] * (len(turns) - place - 1)
    return tuple(Stage(turn, state) for turn, state in zip(turns, states, strict=True))
