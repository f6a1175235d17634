"""转至外部系统: branch → district-level committee → the outside system's receipt.

In the end the member is in no list and no tally any more; their row, form and number are kept, and
the number is never given to anybody else. Who enters the receipt: the branch, which is nearest to
the member who brings it, or the committee that agreed, which may have been answered.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from portal import clock
from portal.access import Action, Actor, Role, in_subtree
from portal.errors import NotFound
from portal.extensions import db
from portal.models import Member, Organisation, Transfer
from portal.rules.leaving import Leaving, LeavingReason
from portal.rules.text import TextFault
from portal.rules.transfers import (
    StepKind,
    TransferKind,
    TransferState,
    Turn,
    asked_reason,
    state_on,
)
from portal.rules.transfers_outside import Destination, Receipt
from portal.services import audit, outside_telling
from portal.services.leaving import take_out
from portal.services.organisations import district_committees_above, path_of
from portal.services.transaction import writing
from portal.services.transfer_forms import require_form
from portal.services.transfers import (
    TransferOutdated,
    TransferRefused,
    add_step,
    begin,
    did_last,
    end,
    find_transfer,
    hand_to,
    member_to_move,
    name_of,
    record,
    require_open,
    take,
)


def ask(actor: Actor, member_id: int, where: Destination, choice: str, words: str) -> int:
    """Ask that a member goes to an outside system; returns the transfer's id.

    The member asks their own branch first; what a branch asks, it has agreed to. Raises
    ``NotFound``, ``FormMissing``, ``TransferRefused`` or ``TransferOutdated``.
    """
    reason = asked_reason(choice, words)
    if isinstance(reason, TextFault):
        raise TransferRefused(reason.message, "reason")
    with writing():
        member = member_to_move(actor, member_id)
        require_form(actor, member)
        transfer, is_new = begin(
            actor,
            member,
            TransferKind.OUTSIDE,
            reason,
            province=where.province,
            receiver=where.receiver,
            contact=where.contact,
        )
        if not is_new:
            return transfer.id
        if actor.role is Role.MEMBER:
            hand_to(transfer, Turn.RELEASING, member.branch_id)
        else:
            hand_to(transfer, Turn.COMMITTEE, committee_of(member.branch_id))
        record(actor, audit.Event.TRANSFER_ASKED, transfer, reason=reason, province=where.province)
        outside_telling.waiting(actor, member, transfer)
        return transfer.id


def pass_on(actor: Actor, member: Member, transfer: Transfer) -> None:
    """The branch or the committee agrees; to whom it goes next. Raises ``FormMissing``."""
    require_form(actor, member)
    if transfer.turn is Turn.RECEIPT:
        raise TransferRefused("这一步要登记外部系统的回执。请填写回执的编号和日期。", "receipt")
    add_step(actor, transfer, StepKind.AGREED)
    if transfer.turn is Turn.RELEASING:
        hand_to(transfer, Turn.COMMITTEE, committee_of(transfer.from_branch_id))
    else:
        hand_to(transfer, Turn.RECEIPT, transfer.from_branch_id)
    record(actor, audit.Event.TRANSFER_PASSED_ON, transfer)
    outside_telling.waiting(actor, member, transfer)


def enter_receipt(actor: Actor, transfer_id: int, receipt: Receipt) -> None:
    """登记回执: the member is in the outside system now, and no longer in this one's lists.

    Raises ``NotFound``, ``FormMissing``, ``TransferRefused`` or ``TransferOutdated``.
    """
    with writing():
        member, transfer = take(actor, transfer_id, Action.DECIDE_TRANSFER)
        if did_last(actor, transfer, StepKind.RECEIVED):
            return
        require_open(transfer)
        committee_id = committee_of(transfer.from_branch_id)
        if not may_enter_receipt(actor, transfer, committee_id):
            raise TransferOutdated(
                f"这份转接现在等“{name_of(transfer.held_by_id)}”办理（{transfer.turn.label}），"
                "还不能登记回执。您这次的操作没有保存。"
            )
        require_form(actor, member)
        if member.number is None and member.released_number is not None:
            raise TransferRefused(
                "这名团员的编号已解除占用，还没有重新填写，不能完成转接，没有任何改动。"
                "请先由团支部填写编号，再登记回执。"
            )
        transfer.receipt, transfer.receipt_on = receipt.number, receipt.given_on
        where = f"{transfer.province} {transfer.receiver}"
        take_out(actor, member, Leaving(LeavingReason.MOVED_OUTSIDE, where))
        end(actor, transfer, TransferState.DONE, step=StepKind.RECEIVED)
        record(
            actor,
            audit.Event.MEMBER_MOVED_OUTSIDE,
            transfer,
            province=transfer.province,
            receipt=receipt.words,
            number=member.number,
        )
        outside_telling.arrived(actor, member, transfer, committee_id)


@dataclass(frozen=True, slots=True)
class AwaitingReceipt:
    """A transfer as who enters the receipt sees it."""

    transfer: Transfer
    member: Member
    may_enter: bool


def awaiting_receipt(actor: Actor, transfer_id: int) -> AwaitingReceipt:
    """A transfer to an outside system, for who may enter its receipt. Raises ``NotFound``."""
    transfer = find_transfer(actor, transfer_id, Action.DECIDE_TRANSFER)
    if transfer.kind is not TransferKind.OUTSIDE:
        raise NotFound
    is_open = state_on(transfer.state, transfer.ends_on, clock.today()) is TransferState.OPEN
    may = may_enter_receipt(actor, transfer, committee_of(transfer.from_branch_id))
    member = db.session.get_one(Member, transfer.member_id)
    return AwaitingReceipt(transfer, member, is_open and may)


def may_enter_receipt(actor: Actor, transfer: Transfer, committee_id: int) -> bool:
    """Whether it waits for the receipt, and the actor's organisation may enter that."""
    return transfer.turn is Turn.RECEIPT and actor.organisation_id in (
        transfer.held_by_id,
        committee_id,
    )


def committee_of(branch_id: int) -> int:
    """The district-level committee above a branch, the nearest one; else who stands at the top."""
    path = path_of(branch_id)
    above = district_committees_above(path)
    return above[-1].id if above else int(path.split("/")[1])


def follow_the_tree(actor: Actor, path: str) -> None:
    """Below ``path``, give what waits for a committee to the one that stands above the branch now.

    In the transaction of a move or a merger, behind it; the tree is locked.
    """
    waiting = db.session.execute(
        select(Transfer, Member)
        .join(Member, Member.id == Transfer.member_id)
        .join(Organisation, Organisation.id == Transfer.from_branch_id)
        .where(
            in_subtree(path),
            Transfer.state == TransferState.OPEN,
            Transfer.kind == TransferKind.OUTSIDE,
            Transfer.turn == Turn.COMMITTEE,
            Transfer.ends_on >= clock.today(),
        )
        .order_by(Transfer.id)
    ).all()
    for transfer, member in waiting:
        committee_id = committee_of(transfer.from_branch_id)
        if committee_id != transfer.held_by_id:
            hand_to(transfer, Turn.COMMITTEE, committee_id)
            outside_telling.waiting(actor, member, transfer)
