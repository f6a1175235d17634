"""What becomes of open transfers when a branch is closed, or merged into another one.

Both hold the tree alone, and whoever decides on a transfer holds it too (``transfers.take``): one
comes after the other. Only the transfers' rows are locked here, never the members'.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select, update

from portal import clock
from portal.access import Actor
from portal.extensions import db
from portal.models import Member, Organisation, Transfer
from portal.rules.transfers import StepKind, TransferState
from portal.services.transfers import add_step, expire, stop


def stop_incoming(actor: Actor, branch: Organisation) -> None:
    """A branch that was closed takes nobody: what is on the way to it ends, with a sentence."""
    for transfer in _open(Transfer.to_branch_id == branch.id):
        _stop(actor, transfer, f"“{branch.name}”已撤销，不能转入。需要时请改选别的团支部重新申请。")


def end_overdue_between(source: Organisation, target: Organisation) -> None:
    """Before a branch is merged: write down what had ended by its time on the way between the two.

    The night job has not done so yet, and would find the member where the transfer leads.
    """
    both = (source.id, target.id)
    overdue = db.session.scalars(
        select(Transfer)
        .where(
            Transfer.from_branch_id.in_(both),
            Transfer.to_branch_id.in_(both),
            Transfer.state == TransferState.OPEN,
            Transfer.ends_on < clock.today(),
        )
        .order_by(Transfer.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for transfer in list(overdue):
        expire(db.session.get_one(Member, transfer.member_id), transfer)


def follow_merge(actor: Actor, source: Organisation, target: Organisation) -> None:
    """Transfers from and to a branch that was merged are the other one's now.

    Who was on the way from the one to the other has arrived by it: that transfer ends.
    """
    either = or_(Transfer.from_branch_id == source.id, Transfer.to_branch_id == source.id)
    both = (source.id, target.id)
    for transfer in _open(either):
        if transfer.from_branch_id in both and transfer.to_branch_id in both:
            words = f"“{source.name}”已并入“{target.name}”，不用再转接。"
            _stop(actor, transfer, words)
        else:
            add_step(actor, transfer, StepKind.MERGED, f"“{source.name}”已并入“{target.name}”")
    # One that led from the one to the other keeps its two names.
    columns = {
        "from_branch_id": or_(Transfer.to_branch_id.is_(None), Transfer.to_branch_id != target.id),
        "to_branch_id": Transfer.from_branch_id != target.id,
        "held_by_id": Transfer.state == TransferState.OPEN,
    }
    for name, also in columns.items():
        column = Transfer.__table__.c[name]
        db.session.execute(
            update(Transfer).where(column == source.id, also).values({name: target.id}),
            execution_options={"synchronize_session": False},
        )
    db.session.expire_all()


def _open(which: ColumnElement[bool]) -> list[Transfer]:
    """Open ones, locked; those whose time is over are the nightly job's.

    Except between two branches that are merged (``end_overdue_between``).
    """
    found = db.session.scalars(
        select(Transfer)
        .where(which, Transfer.state == TransferState.OPEN, Transfer.ends_on >= clock.today())
        .order_by(Transfer.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(found)


def _stop(actor: Actor, transfer: Transfer, words: str) -> None:
    stop(actor, db.session.get_one(Member, transfer.member_id), transfer, words)
