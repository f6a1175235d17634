"""团组织关系转接: the core that every kind of transfer is made of.

What happens to one transfer takes the same locks in the same order: the tree (shared), the member's
row, the transfer's. So of two people at once the second finds what the first did and is told, and a
branch is neither closed nor merged while somebody arrives in it. An open transfer that is overdue
has ended, whether the nightly job has written that down or not.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select

from portal import clock
from portal.access import Action, Actor, Role, transfers_for
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import (
    Member,
    NumberRelease,
    Organisation,
    ReleaseState,
    Transfer,
    TransferStep,
)
from portal.rules.leaving import LeavingReason
from portal.rules.number_release import clean_reason
from portal.rules.text import TextFault
from portal.rules.transfers import (
    StepKind,
    TransferKind,
    TransferState,
    Turn,
    is_overdue,
    last_day,
    state_on,
    turns_of,
)
from portal.services import audit, transfer_telling
from portal.services.accounts import person_and_place
from portal.services.members import find_member
from portal.services.tree_lock import hold_tree


class TransferRefused(PortalError):
    """What was asked for can't be; ``field`` is where the sentence belongs."""

    status = 422

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class TransferOutdated(PortalError):
    """Somebody else was faster, or its time is over."""

    status = 409


_NOT_SAVED = "您这次的操作没有保存。"


def open_transfer(member_id: int, *, lock: bool = False) -> Transfer | None:
    """The transfer of a member that is open and not overdue.

    ``lock`` keeps its row: one that closing or merging is just ending is waited for.
    """
    found = _open_row(member_id, lock=lock)
    if found is None or is_overdue(found.ends_on, clock.today()):
        return None
    return found


def find_transfer(actor: Actor, transfer_id: int, action: Action) -> Transfer:
    """A transfer that the actor may do ``action`` to. Raises ``NotFound``."""
    found = db.session.scalar(
        select(Transfer).where(Transfer.id == transfer_id, transfers_for(actor, action))
    )
    if found is None:
        raise NotFound
    return found


def take(actor: Actor, transfer_id: int, action: Action) -> tuple[Member, Transfer]:
    """A transfer to be changed, with its member, both locked. Raises ``NotFound``.

    To be used inside ``writing()``, before any other row is locked.
    """
    hold_tree()
    member_id = find_transfer(actor, transfer_id, action).member_id
    return locked_member(member_id), locked_transfer(transfer_id)


def member_to_move(actor: Actor, member_id: int) -> Member:
    """A member who is to be transferred, with the locks that this takes.

    Raises ``NotFound`` outside the actor's scope, and ``TransferRefused`` while somebody else
    works at what goes along with the member.
    """
    hold_tree()
    member = find_member(actor, Action.ASK_TRANSFER, member_id, lock=True)
    if refusal := why_not(actor, member):
        raise TransferRefused(refusal)
    return member


def why_not(actor: Actor, member: Member) -> str:
    """What stands against transferring a member, in a sentence; empty: nothing."""
    whom = whom_of(actor, member)
    if member.left_reason is LeavingReason.MOVED_OUTSIDE:
        return f"{whom}的团组织关系已转至外部系统，不能再转接。转回后由所在团支部办理转回登记。"
    if member.left_at is not None:
        return f"{whom}已被移出，不能办理团组织关系转接。请先由所在团支部恢复。"
    waiting = select(NumberRelease.id).where(
        NumberRelease.member_id == member.id, NumberRelease.state == ReleaseState.OPEN
    )
    if db.session.scalar(waiting) is not None:
        return (
            f"{whom}的编号正在申请解除占用，处理完之前不能转接。请等上级团委处理，"
            "或由所在团支部撤回那份申请后再来。"
        )
    return ""


def whom_of(actor: Actor, member: Member) -> str:
    """How a sentence calls the member: a member is spoken to."""
    return "您" if actor.role is Role.MEMBER else f"{member.name} "


def begin(
    actor: Actor, member: Member, kind: TransferKind, reason: str, **where: Any
) -> tuple[Transfer, bool]:
    """Ask for a transfer of a member from ``member_to_move``; ``where`` are columns of its own.

    The same one asked for twice by one person is one: the second value says whether it is new.
    Raises ``TransferOutdated`` while another one is open.
    """
    earlier = _open_row(member.id, lock=True)
    if earlier is not None and is_overdue(earlier.ends_on, clock.today()):
        expire(member, earlier)
    elif earlier is not None:
        same = all(getattr(earlier, name) == value for name, value in where.items())
        if same and (earlier.kind, earlier.asked_by_id) == (kind, actor.account_id):
            return earlier, False
        who, at = person_and_place(earlier.asked_by_id), clock.format_lately(earlier.asked_at)
        raise TransferOutdated(
            f"{who}在 {at} 已申请"
            f"转到“{destination(earlier)}”，还在办理，不能再申请。要换一个地方，请先由申请的一方撤回那一份。"
        )
    by_member = actor.role is Role.MEMBER
    transfer = Transfer(
        member_id=member.id,
        kind=kind,
        state=TransferState.OPEN,
        turn=turns_of(kind, by_member=by_member)[0],
        held_by_id=member.branch_id,  # until ``hand_to`` says whose turn it is
        from_branch_id=member.branch_id,
        reason=reason,
        asked_at=clock.now(),
        asked_by_id=actor.account_id,
        by_member=by_member,
        ends_on=last_day(clock.today()),
        **where,
    )
    db.session.add(transfer)
    db.session.flush()
    add_step(actor, transfer, StepKind.ASKED, reason)
    return transfer, True


def hand_to(transfer: Transfer, turn: Turn, organisation_id: int) -> None:
    """Say whose turn it is now."""
    transfer.turn, transfer.held_by_id = turn, organisation_id
    if turn is not Turn.RELEASING and transfer.passed_on_at is None:
        transfer.passed_on_at = clock.now()
    db.session.flush()


def end(
    actor: Actor | None,
    transfer: Transfer,
    state: TransferState,
    words: str = "",
    *,
    step: StepKind | None = None,
) -> None:
    """End an open transfer; its step has the state's name unless another is given."""
    transfer.state, transfer.answer = state, words
    transfer.contact = ""  # of somebody outside, who is asked while it is open
    transfer.ended_at = clock.now()
    transfer.ended_by_id = actor.account_id if actor else None
    db.session.flush()
    add_step(actor, transfer, step or StepKind(state.value), words)


def add_step(actor: Actor | None, transfer: Transfer, kind: StepKind, words: str = "") -> None:
    """Note what happened, for both sides and the member."""
    of_member = actor is None or actor.role is Role.MEMBER
    db.session.execute(
        insert(TransferStep).values(
            transfer_id=transfer.id,
            at=clock.now(),
            kind=kind,
            account_id=actor.account_id if actor else None,
            organisation_id=None if of_member or actor is None else actor.organisation_id,
            words=words,
        )
    )


def expire(member: Member, transfer: Transfer) -> None:
    """Write down that an open transfer ended by its time; tell everybody whom it concerns."""
    end(None, transfer, TransferState.EXPIRED)
    _record_end(None, audit.Event.TRANSFER_EXPIRED, transfer)
    transfer_telling.expired(member, transfer)


def stop_open(actor: Actor, member: Member, words: str) -> bool:
    """End a member's open transfer because of something else; True if there was one.

    ``words`` is a sentence that all sides read. The member's row is locked.
    """
    transfer = open_transfer(member.id, lock=True)
    if transfer is None:
        return False
    stop(actor, member, transfer, words)
    return True


def stop(actor: Actor, member: Member, transfer: Transfer, words: str) -> None:
    """``stop_open`` for a transfer that is at hand."""
    end(actor, transfer, TransferState.STOPPED, words)
    _record_end(actor, audit.Event.TRANSFER_STOPPED, transfer, reason=words)
    transfer_telling.stopped(actor, member, transfer)


def locked_member(member_id: int) -> Member:
    """The member's row, locked, wherever they are now."""
    return db.session.scalars(
        select(Member)
        .where(Member.id == member_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def require_open(transfer: Transfer) -> None:
    """Raises ``TransferOutdated`` with what became of it."""
    state = state_on(transfer.state, transfer.ends_on, clock.today())
    if state is TransferState.OPEN:
        return
    if state is TransferState.EXPIRED:
        raise TransferOutdated(
            f"这份转接到 {transfer.ends_on} 没有办完，已自动结束，团员仍在原团支部。"
            f"{_NOT_SAVED}需要时请重新申请。"
        )
    assert transfer.ended_at is not None
    at = clock.format_lately(transfer.ended_at)
    if state is TransferState.STOPPED:
        raise TransferOutdated(f"这份转接在 {at} 已终止：{transfer.answer}{_NOT_SAVED}")
    did = {
        TransferState.DONE: "已办完，转接已经完成"
        if transfer.kind is TransferKind.OUTSIDE
        else "已同意，转接已经完成",
        TransferState.DECLINED: "没有同意这份转接",
        TransferState.WITHDRAWN: "已撤回这份转接",
    }[state]
    raise TransferOutdated(f"{person_and_place(transfer.ended_by_id)}在 {at} {did}。{_NOT_SAVED}")


def require_turn(actor: Actor, transfer: Transfer) -> None:
    """Raises ``TransferOutdated`` unless it is open and the actor's organisation has it."""
    require_open(transfer)
    if transfer.held_by_id != actor.organisation_id:
        raise TransferOutdated(
            f"这份转接现在等“{name_of(transfer.held_by_id)}”办理（{transfer.turn.label}），"
            f"不在您这里。{_NOT_SAVED}"
        )


def did_last(actor: Actor, transfer: Transfer, kind: StepKind) -> bool:
    """Whether the last thing that happened is this by this person: the second half of a double
    click, which changes nothing and is told so as if it were the first."""
    last = db.session.execute(
        select(TransferStep.kind, TransferStep.account_id)
        .where(TransferStep.transfer_id == transfer.id)
        .order_by(TransferStep.id.desc())
        .limit(1)
    ).one()
    return (last.kind, last.account_id) == (kind, actor.account_id)


def cleaned(text: str) -> str:
    """An answer's reason as it is kept. Raises ``TransferRefused``."""
    found = clean_reason(text)
    if isinstance(found, TextFault):
        raise TransferRefused(found.message, "answer")
    return found


def destination(transfer: Transfer) -> str:
    """Where a transfer leads, by name."""
    return name_of(transfer.to_branch_id) if transfer.to_branch_id else transfer.receiver


def name_of(organisation_id: int) -> str:
    """An organisation's name."""
    return db.session.get_one(Organisation, organisation_id).name


def record(actor: Actor | None, event: audit.Event, transfer: Transfer, **detail: Any) -> None:
    """Put what happened on record; it concerns the member's branch."""
    audit.record(
        actor,
        event,
        member_id=transfer.member_id,
        transfer=transfer.id,
        kind=transfer.kind,
        source=name_of(transfer.from_branch_id),
        target=destination(transfer),
        **detail,
    )


def _record_end(actor: Actor | None, event: audit.Event, transfer: Transfer, **detail: Any) -> None:
    record(actor, event, transfer, turn=transfer.turn, **detail)


def _open_row(member_id: int, *, lock: bool) -> Transfer | None:
    query = select(Transfer).where(
        Transfer.member_id == member_id, Transfer.state == TransferState.OPEN
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(query)


def locked_transfer(transfer_id: int) -> Transfer:
    """The transfer's row, locked; to be taken after the member's."""
    return db.session.scalars(
        select(Transfer)
        .where(Transfer.id == transfer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
