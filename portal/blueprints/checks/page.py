"""What the page of one form's check shows, in a round or alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import request

from portal.access import Action, Actor
from portal.blueprints.checks.sent import Sent, sent_as
from portal.blueprints.members.profile_view import path_to
from portal.extensions import db
from portal.models import Member, Organisation, Scan
from portal.rules.page_shapes import PageShape
from portal.rules.scan_checks import FaultKind
from portal.services import audit, looks
from portal.services.checks import ShownCheck, checks_of
from portal.services.members import find_member
from portal.services.pictures import page_shapes
from portal.services.scans import current_scan, find_scan


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form with all that a person compares it with, and what was said of it so far."""

    path: tuple[tuple[str, str], ...]
    member_id: int
    member_name: str
    number: str | None
    joined: date
    branch_name: str
    scan: Scan
    shapes: tuple[PageShape, ...]
    page: int
    look: looks.ShownLook
    checks: tuple[ShownCheck, ...]
    standing: ShownCheck | None
    sent: Sent
    error: str
    kinds: tuple[FaultKind, ...] = tuple(FaultKind)

    @property
    def shape(self) -> PageShape:
        """The shape of the page that is shown."""
        return self.shapes[self.page - 1]


def form_page(
    actor: Actor,
    member: Member,
    scan_id: int,
    *,
    sent: Sent | None = None,
    error: str = "",
    round_id: int | None = None,
) -> FormPage:
    """The page of a member's current scan; looking at it goes on record."""
    scan = find_scan(actor, scan_id)
    checks = checks_of(member.id)
    standing = next((one for one in checks if one.standing), None)
    branch = db.session.get_one(Organisation, member.branch_id)
    shown = FormPage(
        path=path_to(actor, branch.path),
        member_id=member.id,
        member_name=member.name,
        number=member.number,
        joined=member.joined,
        branch_name=branch.name,
        scan=scan,
        shapes=page_shapes(scan),
        page=min(max(request.args.get("page", 1, type=int), 1), scan.pages),
        look=looks.shown_look(actor, scan.id),
        checks=checks,
        standing=standing,
        sent=sent or _begun(actor, scan.id, checks, round_id),
        error=error,
    )
    audit.record_view(actor, audit.Event.SCAN_VIEWED, member_id=member.id, scan_id=scan.id)
    return shown


def checked_member(actor: Actor, member_id: int) -> tuple[Member, Scan | None]:
    """A member whose form the actor may check, and that form. Raises ``NotFound``."""
    member = find_member(actor, Action.CHECK_SCAN, member_id)
    return member, current_scan(member.id)


def _begun(
    actor: Actor, scan_id: int, checks: tuple[ShownCheck, ...], round_id: int | None
) -> Sent:
    """What the form begins with: the own check that stands or was just undone; else nothing.

    What others found, or the person in another round, is shown beside it and not said again by
    pressing Enter.
    """
    last = checks[0] if checks else None
    if last is None or last.scan_id != scan_id or last.account_id != actor.account_id:
        return Sent()
    if not (last.standing or last.undone_at):
        return Sent()
    if round_id is not None and last.round_id != round_id:
        return Sent()
    return sent_as(last)
