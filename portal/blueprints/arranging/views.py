"""整理页面: a form's pages in another order, turned or left out, and the way back."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.errors import NotFound
from portal.services import arranging
from portal.services.scans import ScanReplaced
from portal.web import current_actor

blueprint = Blueprint("arranging", __name__, url_prefix="/members/<int:member_id>/scan/arrange")


@blueprint.post("/restore")
@requires(Action.ARRANGE_SCAN)
def restore(member_id: int) -> Response:
    """恢复原件: the uploaded file is the member's form again."""
    scan_id = request.form.get("scan", type=int)
    if scan_id is None:
        raise NotFound
    try:
        arranging.restore_original(current_actor(), member_id, scan_id)
    except ScanReplaced as error:
        flash(error.message, "warning")
    else:
        flash("已恢复上传的原件。", "good")
    return redirect(f"/members/{member_id}/scan", 303)
