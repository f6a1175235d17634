"""团组织关系转接: agreeing, declining and withdrawing, whatever kind of transfer it is."""

from __future__ import annotations

from portal.access import Action, Actor, Role
from portal.errors import NotFound
from portal.models import Member, Transfer
from portal.rules.transfers import StepKind, TransferKind, TransferState, Turn, turn_after
from portal.services import audit, transfer_telling, transfers_inside, transfers_outside
from portal.services.transaction import writing
from portal.services.transfers import (
    add_step,
    cleaned,
    did_last,
    end,
    hand_to,
    name_of,
    record,
    require_open,
    require_turn,
    take,
)


def agree(actor: Actor, transfer_id: int) -> TransferState:
    """Agree for the organisation whose turn it is; returns where the transfer stands then.

    Raises ``NotFound``, ``TransferOutdated`` or ``FormMissing``.
    """
    folders: list[str] = []
    with writing():
        member, transfer = take(actor, transfer_id, Action.DECIDE_TRANSFER)
        if did_last(actor, transfer, StepKind.AGREED) or did_last(actor, transfer, StepKind.DONE):
            return transfer.state
        require_turn(actor, transfer)
        if transfer.kind is TransferKind.OUTSIDE:
            transfers_outside.pass_on(actor, member, transfer)
            return transfer.state
        if turn_after(transfer.kind, transfer.turn) is None:
            folders = transfers_inside.receive(actor, member, transfer)
        else:
            _pass_on(actor, member, transfer)
        state = transfer.state
    transfers_inside.empty_folders(folders)
    return state


def decline(actor: Actor, transfer_id: int, *, answer: str) -> None:
    """Say no for the organisation whose turn it is, and why. The member stays where they are.

    Raises ``NotFound``, ``TransferRefused`` or ``TransferOutdated``.
    """
    answer = cleaned(answer)
    with writing():
        member, transfer = take(actor, transfer_id, Action.DECIDE_TRANSFER)
        if did_last(actor, transfer, StepKind.DECLINED):
            return
        require_turn(actor, transfer)
        end(actor, transfer, TransferState.DECLINED, answer)
        record(
            actor,
            audit.Event.TRANSFER_DECLINED,
            transfer,
            reason=answer,
            by=actor.organisation_name,
        )
        if transfer.turn is Turn.RECEIVING:
            _record_turned_away(actor, member, transfer)
        transfer_telling.declined(actor, member, transfer)


def withdraw(actor: Actor, transfer_id: int) -> None:
    """Take an open transfer back: the member theirs, a branch what it asked for.

    Raises ``NotFound`` or ``TransferOutdated``.
    """
    with writing():
        member, transfer = take(actor, transfer_id, Action.ASK_TRANSFER)
        if did_last(actor, transfer, StepKind.WITHDRAWN):
            return
        require_open(transfer)
        if not may_withdraw(actor, transfer):
            raise NotFound
        end(actor, transfer, TransferState.WITHDRAWN)
        record(actor, audit.Event.TRANSFER_WITHDRAWN, transfer)
        transfer_telling.withdrawn(actor, member, transfer)


def may_withdraw(actor: Actor, transfer: Transfer) -> bool:
    """Whether the actor's side asked for it."""
    if actor.role is Role.MEMBER:
        return transfer.by_member
    return not transfer.by_member and transfer.from_branch_id == actor.organisation_id


def _record_turned_away(actor: Actor, member: Member, transfer: Transfer) -> None:
    """The refusal in the receiving branch's own record: the other line concerns the member's.

    It names the member, whose number and page are not for this branch to see, and so not the row.
    """
    audit.record(
        actor,
        audit.Event.TRANSFER_TURNED_AWAY,
        branch_id=transfer.to_branch_id,
        transfer=transfer.id,
        name=member.name,
        source=name_of(transfer.from_branch_id),
        reason=transfer.answer,
    )


def _pass_on(actor: Actor, member: Member, transfer: Transfer) -> None:
    assert transfer.to_branch_id is not None  # it is one inside
    add_step(actor, transfer, StepKind.AGREED)
    hand_to(transfer, Turn.RECEIVING, transfer.to_branch_id)
    record(actor, audit.Event.TRANSFER_PASSED_ON, transfer)
    transfer_telling.waiting(actor, member, transfer)
