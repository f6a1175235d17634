"""压缩到15M以内: a scan over 15 M is made to fit, compared with what it was, taken or given up."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.making.page import head_of
from portal.blueprints.making.photos import as_jpeg
from portal.blueprints.members.cells import refused_cell
from portal.extensions import csrf
from portal.rules.making import MakingRefused
from portal.rules.scan_refusals import ScanRefused
from portal.services import large_scans
from portal.services.large_scans import NothingOffered
from portal.storage import Incoming
from portal.web import LARGE_REQUEST, PortalRequest, current_actor, is_partial

blueprint = Blueprint("large_scans", __name__, url_prefix="/members/<int:member_id>/scan/compress")


@blueprint.get("")
@requires(Action.UPLOAD_SCAN)
def index(member_id: int) -> Response:
    """What was offered, before and after; or the field for the file."""
    return _page(member_id)


@blueprint.post("")
@requires(Action.UPLOAD_SCAN, checks_token=False)
def offer(member_id: int) -> Response:
    """Make the file fit. Sent from a form's cell, a refusal is the cell's."""
    sent = cast(PortalRequest, request)
    sent.max_content_length = LARGE_REQUEST

    def receive(incoming: Incoming) -> None:
        sent.receive_file(incoming)
        csrf.protect()  # the token is in the body, which is read now

    try:
        large_scans.offer(current_actor(), member_id, receive)
    except (ScanRefused, MakingRefused, NothingOffered) as error:
        if is_partial():
            return refused_cell(member_id, error.message)
        return _page(member_id, error=error.message, status=error.status)
    address = f"/members/{member_id}/scan/compress"
    if is_partial():
        response = make_response("", 200)
        response.headers["HX-Redirect"] = address
        return response
    return redirect(address, 303)


@blueprint.post("/form")
@requires(Action.UPLOAD_SCAN)
def take(member_id: int) -> Response:
    """采用并上传: what was shown is the member's form now."""
    try:
        done = large_scans.take(current_actor(), member_id, request.form.get("name", ""))
    except (NothingOffered, ScanRefused) as error:
        return _page(member_id, error=error.message, status=error.status)
    flash(done.words("压缩后的文件已上传。"), "good")
    return redirect(f"/members/{member_id}/edit", 303)


@blueprint.post("/drop")
@requires(Action.UPLOAD_SCAN)
def give_up(member_id: int) -> Response:
    """放弃: nothing of it is left."""
    large_scans.give_up(current_actor(), member_id)
    flash("已放弃，没有保存。原来的文件没有变动。", "good")
    return redirect(f"/members/{member_id}/edit", 303)


@blueprint.get("/<name>/<part>/<side>.jpg")
@requires(Action.UPLOAD_SCAN)
def picture(member_id: int, name: str, part: str, side: str) -> Response:
    """A picture of the comparison; ``name`` is the offered file's, for the browser."""
    return as_jpeg(large_scans.picture(current_actor(), member_id, name, part, side))


def _page(member_id: int, *, error: str = "", status: int = 200) -> Response:
    actor = current_actor()
    head, shown = head_of(actor, member_id), large_scans.offer_of(actor, member_id)
    page = render_template("making/large_scan.html", head=head, offer=shown, error=error)
    return make_response(page, status)
