"""What a transfer's page shows of one to an outside system, and what can be done there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from portal import clock
from portal.access import COMMITTEES, Action, Actor, allows
from portal.extensions import db
from portal.models import Member, NumberHolding, Transfer
from portal.rules.transfers import TransferKind, TransferState, state_on
from portal.rules.transfers_outside import NO_FORM
from portal.services.transfer_forms import lacks_needed_form, remedy_for
from portal.services.transfers_outside import committee_of, may_enter_receipt


@dataclass(frozen=True, slots=True)
class OutsideFacts:
    """Where it leads and what was answered; whom to ask there is kept while it is open only.

    ``lacking``: the guide's sentence and what to do, while the form is not there.
    ``earlier_numbers``: those the member held before, for a committee that has to agree. With a
    number of another province in place of a Beijing one nobody owes a form any more.
    """

    province: str
    receiver: str
    contact: str
    receipt: str
    receipt_on: date | None
    committee_id: int
    may_enter_receipt: bool
    lacking: str
    earlier_numbers: tuple[str, ...]


def outside_facts(actor: Actor, transfer: Transfer) -> OutsideFacts | None:
    """What is to be shown beside the steps; None for a transfer inside."""
    if transfer.kind is not TransferKind.OUTSIDE:
        return None
    is_open = state_on(transfer.state, transfer.ends_on, clock.today()) is TransferState.OPEN
    committee_id = committee_of(transfer.from_branch_id)
    member = db.session.get_one(Member, transfer.member_id)
    lacks = is_open and lacks_needed_form(member)
    return OutsideFacts(
        province=transfer.province,
        receiver=transfer.receiver,
        contact=transfer.contact if is_open else "",
        receipt=transfer.receipt,
        receipt_on=transfer.receipt_on,
        committee_id=committee_id,
        may_enter_receipt=is_open
        and allows(actor, Action.DECIDE_TRANSFER)
        and may_enter_receipt(actor, transfer, committee_id),
        lacking=f"{NO_FORM}。{remedy_for(actor, member)}" if lacks else "",
        earlier_numbers=_earlier_numbers(member) if is_open and actor.role in COMMITTEES else (),
    )


def _earlier_numbers(member: Member) -> tuple[str, ...]:
    query = select(NumberHolding.number).where(
        NumberHolding.member_id == member.id, NumberHolding.until.is_not(None)
    )
    found = dict.fromkeys(db.session.scalars(query.order_by(NumberHolding.id)))
    return tuple(number for number in found if number != member.number)
