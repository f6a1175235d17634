"""The member's card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action, Actor
from portal.blueprints.gate import requires
from portal.extensions import db
from portal.models import Organisation, ScanOrigin
from portal.services.form_views import LATEST, FormViews, views_of_own_form
from portal.services.joining import Approval, approval_of
from portal.services.leaving import Left, left_of
from portal.services.members import ShownField, find_member, profile_fields
from portal.services.organisations import ancestors_of, path_text
from portal.services.scan_cells import ScanCell, cell_for
from portal.web import current_actor

blueprint = Blueprint("card", __name__)


@dataclass(frozen=True, slots=True)
class CardScan:
    """The form, as its member sees it."""

    pages: int
    uploaded_at: datetime | None
    origin: ScanOrigin
    url: str


@dataclass(frozen=True, slots=True)
class Card:
    """What the card shows."""

    member_id: int
    name: str
    sex: str
    branch_name: str
    path_text: str
    number: str | None
    joined: date
    status_words: str
    status_tone: str
    fields: tuple[ShownField, ...]
    scan: CardScan | None
    left: Left | None
    approval: Approval | None
    views: FormViews


@blueprint.get("/card")
@requires(Action.VIEW_CARD)
def show() -> Response:
    """我的团员证."""
    return card_page(current_actor())


@blueprint.get("/card/views")
@requires(Action.VIEW_FORM_VIEWS)
def views() -> Response:
    """谁看过我的入团志愿书: all looks, page by page."""
    before = request.args.get("before", type=int)
    if before is not None and not 0 < before < 1 << 62:
        before = None
    found = views_of_own_form(current_actor(), before=before)
    shown = render_template("card/views.html", views=found, paged=before is not None)
    return make_response(shown)


def card_page(actor: Actor, *, shown: Mapping[str, str] | None = None) -> Response:
    """The card; ``shown`` has the values that stand unmasked."""
    shown = shown or {}
    assert actor.member_id is not None
    member = find_member(actor, Action.VIEW_CARD, actor.member_id)
    cell = cell_for(actor, member)
    left = left_of(member)
    words, tone = _status(cell, left)
    branch = db.session.get_one(Organisation, member.branch_id)
    scan = None
    if cell.state == "stored":
        scan = CardScan(cell.pages, cell.uploaded_at, cell.origin, f"/members/{member.id}/scan")
    card = Card(
        member_id=member.id,
        name=member.name,
        sex=member.sex.label,
        branch_name=branch.name,
        path_text=path_text(ancestors_of(branch.path)),
        number=member.number,
        joined=member.joined,
        status_words=words,
        status_tone=tone,
        fields=tuple(
            replace(field, value=shown[field.key], masked=False) if field.key in shown else field
            for field in profile_fields(member)
        ),
        scan=scan,
        left=left,
        approval=approval_of(member.id),
        views=views_of_own_form(actor, rows=LATEST),
    )
    return make_response(render_template("card/show.html", card=card))


def _status(cell: ScanCell, left: Left | None) -> tuple[str, str]:
    """What the card says of the form, and in what tone."""
    if cell.state == "stored":
        return "《入团志愿书》已上传", "good"
    if left is not None:
        return "没有《入团志愿书》", "muted"
    if cell.state == "not_needed":
        return "不需要上传《入团志愿书》", "muted"
    return "未上传入团志愿书，请联系本支部", "warning"
