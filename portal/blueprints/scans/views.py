"""The viewer, page pictures, and the original file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, make_response, render_template, request, send_file
from werkzeug.wrappers import Response

from portal.access import Action, Role
from portal.blueprints.gate import requires
from portal.errors import NotFound
from portal.extensions import db
from portal.models import Account, Organisation
from portal.runtime import runtime
from portal.services import audit
from portal.services.members import find_member
from portal.services.pictures import page_picture
from portal.services.scans import current_scan, find_scan
from portal.web import current_actor

blueprint = Blueprint("scans", __name__)

ORIGINAL_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Viewer:
    """What the viewer shows."""

    member_id: int
    member_name: str
    number: str | None
    branch_name: str
    scan_id: int
    pages: int
    page: int
    size: int
    uploaded_at: datetime
    uploaded_by: str
    late: bool
    back_url: str


@blueprint.get("/members/<int:member_id>/scan")
@requires(Action.VIEW_SCAN)
def view(member_id: int) -> Response:
    """点击查看: the pages of a member's form, one at a time."""
    actor = current_actor()
    member = find_member(actor, Action.VIEW_SCAN, member_id)
    scan = current_scan(member.id)
    if scan is None:
        raise NotFound
    page = request.args.get("page", 1, type=int)
    viewer = Viewer(
        member_id=member.id,
        member_name=member.name,
        number=member.number,
        branch_name=db.session.get_one(Organisation, member.branch_id).name,
        scan_id=scan.id,
        pages=scan.pages,
        page=min(max(page, 1), scan.pages),
        size=scan.size,
        uploaded_at=scan.uploaded_at,
        uploaded_by=db.session.get_one(Account, scan.uploaded_by_id).person_name,
        late=scan.late,
        back_url="/card" if actor.role is Role.MEMBER else f"/members/{member.id}",
    )
    audit.record_view(actor, audit.Event.SCAN_VIEWED, member_id=member.id, scan_id=viewer.scan_id)
    return make_response(render_template("members/scan.html", viewer=viewer))


@blueprint.get("/scans/<int:scan_id>/pages/<int:page>.jpg")
@requires(Action.VIEW_SCAN)
def picture(scan_id: int, page: int) -> Response:
    """One page as a picture, ``w`` pixels wide (1000, or 1600 for zooming)."""
    actor = current_actor()
    scan = find_scan(actor, scan_id)
    drawn = page_picture(scan, page, request.args.get("w", 1000, type=int))
    audit.record_view(actor, audit.Event.SCAN_VIEWED, member_id=scan.member_id, scan_id=scan.id)
    response = make_response(drawn)
    response.content_type = "image/jpeg"
    # A scan's pictures never change; the person's own browser may keep them while it is open.
    response.headers["Cache-Control"] = "private, max-age=600"
    return response


@blueprint.get("/scans/<int:scan_id>/original.pdf")
@requires(Action.VIEW_SCAN)
def original(scan_id: int) -> Response:
    """The file as it was uploaded. Range requests work."""
    actor = current_actor()
    scan = find_scan(actor, scan_id)
    key, size, etag = scan.storage_key, scan.size, scan.sha256.hex()
    audit.record_view(actor, audit.Event.ORIGINAL_OPENED, member_id=scan.member_id, scan_id=scan.id)
    response = send_file(
        runtime().store.open(key),
        mimetype="application/pdf",
        download_name="original.pdf",
        etag=etag,
    )
    # send_file knows no size of a file that S3 holds, and without one it serves no ranges.
    response.content_length = size
    response.make_conditional(request.environ, accept_ranges=True, complete_length=size)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = ORIGINAL_POLICY
    return response
