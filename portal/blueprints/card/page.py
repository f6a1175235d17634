"""What 我的团员证 shows: the card itself, what is missing, the form, messages, who looked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from portal.access import Action, Actor, ids_on
from portal.extensions import db
from portal.models import Member, Organisation, ScanOrigin
from portal.rules.identity import Identity
from portal.rules.own_missing import Missing, missing_of
from portal.services.form_views import FormViews, views_of_own_form
from portal.services.identity import identity_for
from portal.services.joining import Approval, approval_of
from portal.services.leaving import Left, left_of
from portal.services.members import find_member
from portal.services.messages import Inbox, inbox
from portal.services.scan_cells import ScanCell, cell_for

VIEWS_SHOWN = 3
MESSAGES_SHOWN = 2


@dataclass(frozen=True, slots=True)
class CardScan:
    """The form, as its member sees it."""

    pages: int
    uploaded_at: datetime | None
    origin: ScanOrigin
    url: str


@dataclass(frozen=True, slots=True)
class Card:
    """What the page shows."""

    member_id: int
    name: str
    branch_name: str
    branch_closed: bool
    whom_to_ask: str  # about what the branch cares for
    number: str | None
    joined: date
    identity: Identity
    missing: tuple[Missing, ...]
    status_words: str
    status_tone: str
    scan: CardScan | None
    left: Left | None
    approval: Approval | None
    views: FormViews
    inbox: Inbox


def own_member(actor: Actor) -> Member:
    """The member that the actor is."""
    assert actor.member_id is not None
    return find_member(actor, Action.VIEW_CARD, actor.member_id)


def card_for(actor: Actor) -> Card:
    """The card of the member that the actor is."""
    member = own_member(actor)
    cell = cell_for(actor, member)
    left = left_of(member)
    branch = db.session.get_one(Organisation, member.branch_id)
    words, tone = _status(cell, left)
    identity = identity_for(member)
    owed = cell.deadline if member.is_new_member and not member.has_scan and not left else None
    scan = None
    if cell.state == "stored":
        scan = CardScan(cell.pages, cell.uploaded_at, cell.origin, f"/members/{member.id}/scan")
    return Card(
        member_id=member.id,
        name=member.name,
        branch_name=branch.name,
        branch_closed=branch.closed_at is not None,
        whom_to_ask=_whom_to_ask(branch),
        number=member.number,
        joined=member.joined,
        identity=identity,
        missing=missing_of(identity, owed, None if left else cell.faults),
        status_words=words,
        status_tone=tone,
        scan=scan,
        left=left,
        approval=approval_of(member.id),
        views=views_of_own_form(actor, rows=VIEWS_SHOWN),
        inbox=inbox(actor),
    )


def _whom_to_ask(branch: Organisation) -> str:
    """The branch, or once it is closed the nearest one above it, which can open it again."""
    if branch.closed_at is None:
        return branch.name
    above = db.session.scalar(
        select(Organisation.name)
        .where(Organisation.id.in_(ids_on(branch.path)), Organisation.closed_at.is_(None))
        .order_by(func.length(Organisation.path).desc())
        .limit(1)
    )
    return f"{above}（{branch.name} 已撤销）"


def _status(cell: ScanCell, left: Left | None) -> tuple[str, str]:
    """What the card says of the form, and in what tone."""
    if cell.state == "stored":
        return "《入团志愿书》已上传", "good"
    if left is not None:
        return "没有《入团志愿书》", "muted"
    if cell.state == "not_needed":
        return "不需要上传《入团志愿书》", "muted"
    return "未上传入团志愿书，请联系本支部", "warning"
