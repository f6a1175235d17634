"""``flask fsck`` of transfers: an open one begins where its member is and leads somewhere open."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from portal.extensions import db
from portal.models import Member, Organisation, Transfer
from portal.rules.transfers import TransferState
from portal.services.transfer_rows import is_open_now


def check() -> Iterator[tuple[str, str]]:
    """What does not agree, as the transfer and a sentence."""
    target = aliased(Organisation)
    rows = db.session.execute(
        select(
            Transfer.id,
            Member.branch_id == Transfer.from_branch_id,
            Member.left_at.is_(None),
            or_(~is_open_now(), target.id.is_(None), target.closed_at.is_(None)),
        )
        .join(Member, Member.id == Transfer.member_id)
        .outerjoin(target, target.id == Transfer.to_branch_id)
        .where(Transfer.state == TransferState.OPEN)
        .order_by(Transfer.id)
    )
    faults = (
        "is open, but its member is in another branch",
        "is open, but its member was set aside",
        "is open, but the branch it leads to is closed",
    )
    for transfer_id, *agreed in rows:
        for good, fault in zip(agreed, faults, strict=True):
            if not good:
                yield f"transfer {transfer_id}", fault
