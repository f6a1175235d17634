"""The viewer, the contact sheet, page pictures, and the original file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action, Actor, Role, allows
from portal.blueprints.errors import answer
from portal.blueprints.gate import requires
from portal.errors import NotFound
from portal.extensions import db
from portal.models import Account, Organisation, Scan, ScanOrigin
from portal.rules.page_shapes import PAGE, SHARP, SHARPEST, PageShape, marks_from
from portal.rules.scan_findings import Box
from portal.runtime import runtime
from portal.services import audit
from portal.services.checks import ShownCheck, standing_check
from portal.services.members import find_member
from portal.services.pictures import page_picture, page_shapes
from portal.services.scans import (
    ScanEnded,
    current_scan,
    find_original,
    find_scan,
    had_scan,
    is_earlier_scan,
)
from portal.web import current_actor, send_kept

blueprint = Blueprint("scans", __name__)

ORIGINAL_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"

ZOOMS = (PAGE, SHARP, SHARPEST)
"""Pixels across, of the links that show a page larger without JavaScript."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """What the viewer and the contact sheet show.

    ``marks`` are boxes on ``page``; ``outdated`` says that the address named an earlier scan.
    """

    member_id: int
    member_name: str
    number: str | None
    branch_name: str
    scan_id: int
    shapes: tuple[PageShape, ...]
    page: int
    zoom: int
    marks: tuple[Box, ...]
    outdated: bool
    size: int
    uploaded_at: datetime
    uploaded_by: str
    origin: ScanOrigin
    has_original: bool
    late: bool
    may_arrange: bool
    may_check: bool
    check: ShownCheck | None
    back_url: str

    @property
    def pages(self) -> int:
        """How many pages the form has."""
        return len(self.shapes)

    @property
    def shape(self) -> PageShape:
        """The shape of the page that is shown."""
        return self.shapes[self.page - 1]

    @property
    def marks_query(self) -> str:
        """The boxes as an address names them."""
        return "".join(f"&mark={box.left},{box.top},{box.right},{box.bottom}" for box in self.marks)

    @property
    def picture_url(self) -> str:
        """The page's picture, as large as it is shown and not larger than it was scanned."""
        address = f"/scans/{self.scan_id}/pages/{self.page}.jpg"
        width = min(self.zoom, self.shape.sharpest)
        return address if width == PAGE else f"{address}?w={width}"


@blueprint.get("/members/<int:member_id>/scan")
@requires(Action.VIEW_SCAN)
def view(member_id: int) -> Response:
    """点击查看: the pages of a member's form, one at a time.

    ``page`` from 1, ``w`` pixels across (without JavaScript), ``scan`` the scan that is meant,
    ``mark`` (again for each) a place on the page: ``left,top,right,bottom`` in thousandths.
    """
    return make_response(render_template("scans/view.html", viewer=_viewer(member_id)))


@blueprint.get("/members/<int:member_id>/scan/contact-sheet")
@requires(Action.VIEW_SCAN)
def contact_sheet(member_id: int) -> Response:
    """缩略图: all pages of a member's form at once, each a link into the viewer."""
    return make_response(render_template("scans/contact_sheet.html", viewer=_viewer(member_id)))


def _viewer(member_id: int) -> Viewer:
    actor = current_actor()
    member = find_member(actor, Action.VIEW_SCAN, member_id)
    scan = current_scan(member.id)
    if scan is None:
        raise ScanEnded(member.id, replaced=False) if had_scan(member.id) else NotFound
    asked, zoom = request.args.get("scan", scan.id, type=int), request.args.get("w", type=int)
    viewer = Viewer(
        member_id=member.id,
        member_name=member.name,
        number=member.number,
        branch_name=db.session.get_one(Organisation, member.branch_id).name,
        scan_id=scan.id,
        shapes=page_shapes(scan),
        page=min(max(request.args.get("page", 1, type=int), 1), scan.pages),
        zoom=zoom if zoom in ZOOMS else PAGE,
        marks=marks_from(request.args.getlist("mark")) if asked == scan.id else (),
        outdated=is_earlier_scan(member.id, asked),
        size=scan.size,
        uploaded_at=scan.uploaded_at,
        uploaded_by=db.session.get_one(Account, scan.uploaded_by_id).person_name,
        origin=scan.origin,
        has_original=scan.original_id is not None,
        late=scan.late,
        may_arrange=member.left_at is None and allows(actor, Action.ARRANGE_SCAN),
        may_check=member.left_at is None and allows(actor, Action.CHECK_SCAN),
        check=standing_check(scan.id) if actor.role is not Role.MEMBER else None,
        back_url="/card" if actor.role is Role.MEMBER else f"/members/{member.id}",
    )
    audit.record_view(actor, audit.Event.SCAN_VIEWED, member_id=member.id, scan_id=viewer.scan_id)
    return viewer


@blueprint.get("/scans/<int:scan_id>/pages/<int:page>.jpg")
@requires(Action.VIEW_SCAN)
def picture(scan_id: int, page: int) -> Response:
    """One page as a picture, ``w`` pixels wide (``WIDTHS``, 1000 unless said otherwise)."""
    actor = current_actor()
    scan = find_scan(actor, scan_id)
    drawn = page_picture(scan, page, request.args.get("w", PAGE, type=int))
    audit.record_view(actor, audit.Event.SCAN_VIEWED, member_id=scan.member_id, scan_id=scan.id)
    response = make_response(drawn)
    response.content_type = "image/jpeg"
    # A scan's pictures never change: the person's own browser may keep them while it is open, but
    # for nobody who signs in there after them.
    response.headers["Cache-Control"] = "private, max-age=600, immutable"
    response.vary.add("Cookie")
    response.add_etag()
    return response.make_conditional(request)


@blueprint.get("/scans/<int:scan_id>/original.pdf")
@requires(Action.VIEW_SCAN)
def original(scan_id: int) -> Response:
    """The form's file. Range requests work."""
    return _file(current_actor(), find_scan(current_actor(), scan_id))


@blueprint.get("/scans/<int:scan_id>/uploaded.pdf")
@requires(Action.VIEW_SCAN)
def uploaded(scan_id: int) -> Response:
    """上传的原件: the file that a form was made from, as it came."""
    return _file(current_actor(), find_original(current_actor(), scan_id))


def _file(actor: Actor, scan: Scan) -> Response:
    key, size, etag = scan.storage_key, scan.size, scan.sha256.hex()
    audit.record_view(actor, audit.Event.ORIGINAL_OPENED, member_id=scan.member_id, scan_id=scan.id)
    return send_kept(
        runtime().store.open(key),
        mimetype="application/pdf",
        name="original.pdf",
        size=size,
        etag=etag,
        policy=ORIGINAL_POLICY,
    )


@blueprint.errorhandler(ScanEnded)
def _ended(error: ScanEnded) -> Response:
    now = ("查看现在的这一份", f"/members/{error.member_id}/scan")
    return answer(error.status, error.message, action=now if error.replaced else None)
