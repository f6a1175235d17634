"""检查: a committee says of a form that it is in order or what is wrong with it (guide 5.4).

A check belongs to a scan, so a new upload is unchecked and the history stays. Of several checks of
one scan the latest stands, whoever made it: a committee above looks last because it knows what was
said below. Checks, record and message (``check_notices.py``) are one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from portal import clock
from portal.access import Action, Actor
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import (
    Account,
    CheckItem,
    ItemState,
    Organisation,
    Scan,
    ScanCheck,
    ScanState,
)
from portal.rules.scan_checks import Verdict, verdict_of
from portal.services import audit, check_notices
from portal.services.derived import tallied
from portal.services.members import find_member
from portal.services.scans import current_scan
from portal.services.transaction import reading, writing

SHOWN = 20
"""Checks of one member that a page lists; nobody has more."""


class FormChanged(PortalError):
    """The form that was looked at is no longer the member's: it was uploaded anew or deleted."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            "这份《入团志愿书》刚才已被支部重新上传、整理或删除，检查结果没有保存。请按现在的文件重新检查。"
        )


class CheckedMeanwhile(PortalError):
    """Somebody else has checked the same form since it was opened."""

    status = 409

    def __init__(self, who: str, at: datetime) -> None:
        super().__init__(
            f"{who} 在 {clock.format_lately(at)} 刚检查过这份文件，您的结果没有保存。"
            "下面是对方的结果；仍要改的，请再保存一次。"
        )


class NothingToTakeBack(PortalError):
    """There is no check of the person's own that stands."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            "没有可以撤销的检查：只能撤销自己的、仍然有效的检查结果。这份文件可能已被重新上传，"
            "或者别人又检查过。"
        )


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """A check as pages show it. ``standing``: of the current form, and the latest of it."""

    id: int
    scan_id: int
    round_id: int | None
    verdict: Verdict
    organisation: str
    who: str
    account_id: int
    at: datetime
    undone_at: datetime | None
    standing: bool


_SHOWN = (
    select(
        ScanCheck.id,
        ScanCheck.scan_id,
        ScanCheck.round_id,
        ScanCheck.kinds,
        ScanCheck.pages,
        ScanCheck.remark,
        Organisation.name.label("organisation"),
        Account.person_name,
        ScanCheck.checked_by_id,
        ScanCheck.checked_at,
        ScanCheck.undone_at,
        (ScanCheck.ended_at.is_(None) & (Scan.state == ScanState.CURRENT)).label("standing"),
    )
    .join(Organisation, Organisation.id == ScanCheck.organisation_id)
    .join(Account, Account.id == ScanCheck.checked_by_id)
    .join(Scan, Scan.id == ScanCheck.scan_id)
)


def checks_of(member_id: int) -> tuple[ShownCheck, ...]:
    """All checks of a member's forms, of earlier ones too, the latest first."""
    query = _SHOWN.where(ScanCheck.member_id == member_id).order_by(ScanCheck.id.desc())
    return tuple(_shown(row) for row in reading().execute(query.limit(SHOWN)))


def standing_check(scan_id: int) -> ShownCheck | None:
    """What stands of a scan, None while nobody has checked it."""
    query = _SHOWN.where(ScanCheck.scan_id == scan_id, ScanCheck.ended_at.is_(None))
    row = reading().execute(query).one_or_none()
    return _shown(row) if row is not None else None


def check(actor: Actor, member_id: int, scan_id: int, verdict: Verdict, *, seen: int | None) -> int:
    """Say ``verdict`` of a member's form; ``seen`` is the check that stood when it was opened.

    The branch is told of faults that are new to it, and when they are taken off a form that had
    some. Sent twice by one person it is said once. Returns the check's id.

    Raises ``NotFound``, ``FormChanged`` or ``CheckedMeanwhile``.
    """
    with writing():
        return record_check(actor, member_id, scan_id, verdict, seen=seen, round_id=None)


def record_check(
    actor: Actor,
    member_id: int,
    scan_id: int,
    verdict: Verdict,
    *,
    seen: int | None,
    round_id: int | None,
) -> int:
    """``check`` in the running transaction, of a round's form too."""
    member = find_member(actor, Action.CHECK_SCAN, member_id, lock=True)
    scan = current_scan(member.id)
    if scan is None or scan.id != scan_id:
        raise FormChanged
    before = standing_check(scan.id)
    again = before is not None and before.verdict == verdict
    if before is not None and again and before.account_id == actor.account_id:
        is_double_click, says_nothing_new = before.id != seen, before.round_id == round_id
        if is_double_click or says_nothing_new:
            return before.id
    if before is not None and before.id != seen:
        raise CheckedMeanwhile(f"{before.organisation} {before.who}", before.at)
    moment = clock.now()
    assert actor.organisation_id is not None
    made = ScanCheck(
        scan_id=scan.id,
        member_id=member.id,
        round_id=round_id,
        organisation_id=actor.organisation_id,
        checked_by_id=actor.account_id,
        checked_at=moment,
        kinds=verdict.kinds,
        pages=verdict.pages,
        remark=verdict.remark,
    )
    with tallied(member):
        if before is not None:
            db.session.get_one(ScanCheck, before.id).ended_at = moment
            db.session.flush()  # before the new one, for the index "one check stands"
        db.session.add(made)
    audit.record(
        actor,
        audit.Event.SCAN_CHECKED,
        member_id=member.id,
        scan_id=scan.id,
        faults=verdict.kinds,
        pages=verdict.pages,
        remark=verdict.remark,
        before=before.verdict.kinds if before is not None else None,
    )
    if verdict.faults:
        if not again:
            check_notices.tell_faults(actor, member, made)
    elif before is not None and before.verdict.faults:
        check_notices.tell_in_order(actor, member, db.session.get_one(ScanCheck, before.id))
    return made.id


def take_back(actor: Actor, check_id: int) -> int:
    """撤销: the person's own check no longer stands, and what stood before it stands again.

    Returns the member's id. Raises ``NotFound`` or ``NothingToTakeBack``.
    """
    with writing():
        made = db.session.get(ScanCheck, check_id)
        if made is None:
            raise NotFound
        return take_back_check(actor, made)


def take_back_check(actor: Actor, made: ScanCheck) -> int:
    """``take_back`` in the running transaction."""
    if made.round_id is not None:  # locked before the member, as whoever judges it does
        item = select(CheckItem.place).where(
            CheckItem.round_id == made.round_id, CheckItem.check_id == made.id
        )
        db.session.execute(item.with_for_update())
    member = find_member(actor, Action.CHECK_SCAN, made.member_id, lock=True)
    db.session.refresh(made)
    scan = current_scan(member.id)
    is_own = made.checked_by_id == actor.account_id
    if not is_own or made.ended_at is not None or scan is None or scan.id != made.scan_id:
        raise NothingToTakeBack
    with tallied(member):
        made.ended_at = made.undone_at = clock.now()
        db.session.flush()
        before = db.session.scalar(
            select(ScanCheck)
            .where(ScanCheck.scan_id == scan.id, ScanCheck.undone_at.is_(None))
            .order_by(ScanCheck.id.desc())
            .limit(1)
        )
        if before is not None:
            before.ended_at = None
    if made.round_id is not None:  # there it waits again, or is what the round said before
        said = before.id if before is not None and before.round_id == made.round_id else None
        db.session.execute(
            update(CheckItem)
            .where(CheckItem.round_id == made.round_id, CheckItem.check_id == made.id)
            .values(state=ItemState.DONE if said else ItemState.WAITING, check_id=said)
        )
    audit.record(
        actor,
        audit.Event.SCAN_CHECK_UNDONE,
        member_id=member.id,
        scan_id=scan.id,
        faults=made.kinds,
    )
    if made.kinds and (before is None or before.kinds != made.kinds):
        check_notices.tell_taken_back(actor, member, made)
    return member.id


def _shown(row: Any) -> ShownCheck:
    check_id, scan_id, round_id, kinds, pages, remark, *rest = row
    return ShownCheck(check_id, scan_id, round_id, verdict_of(kinds, pages, remark), *rest)
