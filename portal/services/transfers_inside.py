"""京内转接: asked by the member or their branch; in the end the member goes to the new branch."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from portal import clock
from portal.access import Actor, Role
from portal.errors import NotFound
from portal.extensions import db
from portal.models import Member, Organisation, Transfer
from portal.rules.organisations import OrganisationKind
from portal.rules.text import TextFault
from portal.rules.transfers import (
    StepKind,
    TransferKind,
    TransferState,
    Turn,
    asked_reason,
)
from portal.services import audit, codes, drafts, transfer_telling
from portal.services.derived import tallied
from portal.services.transaction import writing
from portal.services.transfers import (
    TransferRefused,
    begin,
    end,
    hand_to,
    member_to_move,
    name_of,
    record,
)


def ask(actor: Actor, member_id: int, to_branch_id: int, choice: str, words: str) -> int:
    """Ask that a member goes to another branch; returns the transfer's id.

    The member asks their own branch first; what a branch asks, it has agreed to. Raises
    ``NotFound``, ``TransferRefused`` or ``TransferOutdated``.
    """
    reason = asked_reason(choice, words)
    if isinstance(reason, TextFault):
        raise TransferRefused(reason.message, "reason")
    with writing():
        member = member_to_move(actor, member_id)
        target = target_branch(actor, member, to_branch_id)
        transfer, is_new = begin(actor, member, TransferKind.INSIDE, reason, to_branch_id=target.id)
        if not is_new:
            return transfer.id
        by_member = actor.role is Role.MEMBER
        turn = Turn.RELEASING if by_member else Turn.RECEIVING
        hand_to(transfer, turn, member.branch_id if by_member else target.id)
        record(actor, audit.Event.TRANSFER_ASKED, transfer, reason=reason)
        transfer_telling.waiting(actor, member, transfer)
        return transfer.id


def target_branch(actor: Actor, member: Member, branch_id: int) -> Organisation:
    """The branch, if a member can go there: open, taking people, not their own.

    Raises ``NotFound`` or ``TransferRefused``.
    """
    branch = db.session.scalar(
        select(Organisation)
        .where(Organisation.id == branch_id, Organisation.kind == OrganisationKind.BRANCH)
        .execution_options(populate_existing=True)
    )
    if branch is None:
        raise NotFound
    if branch.id == member.branch_id:
        own = "您已经在" if actor.role is Role.MEMBER else f"{member.name} 已经在"
        raise TransferRefused(f"{own}“{branch.name}”，不用转接。请选择别的团支部。", "to")
    if branch.closed_at is not None:
        raise TransferRefused(f"“{branch.name}”已撤销，不能转入。请选择别的团支部。", "to")
    if branch.joining_closed:
        raise TransferRefused(
            f"“{branch.name}”现在不接收团员。请选择别的团支部，或联系这个团支部的管理员。", "to"
        )
    return branch


def receive(actor: Actor, member: Member, transfer: Transfer) -> list[str]:
    """The receiving branch agrees: the member is theirs, with everything, in this transaction.

    Number, form, checks and history hang on the member and go along; the drafts that people of
    the old branch were making of a form end, and a one-time code that they issued. Returns the
    drafts' folders, to be emptied when the transaction is through.
    """
    assert transfer.to_branch_id is not None
    source, target = name_of(transfer.from_branch_id), name_of(transfer.to_branch_id)
    record(actor, audit.Event.MEMBER_LEFT_BRANCH, transfer)
    with tallied(member):
        member.branch_id = transfer.to_branch_id
        member.version += 1
        member.changed_at = clock.now()
        member.changed_by_id = actor.account_id
    folders = drafts.drop_all_of(member.id)
    codes.end_codes_of(member.id, clock.now())
    end(actor, transfer, TransferState.DONE, step=StepKind.DONE)
    audit.record(
        actor,
        audit.Event.MEMBER_ARRIVED,
        member_id=member.id,
        transfer=transfer.id,
        source=source,
        target=target,
        number=member.number,
    )
    transfer_telling.arrived(actor, member, transfer)
    return folders


def empty_folders(folders: Iterable[str]) -> None:
    """Remove the files of drafts that ended; what a crash leaves here the nightly sweep finds."""
    for folder in folders:
        drafts.forget_files(folder)
