"""整理页面: a form's pages in another order, turned or left out, and the way back."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.arranging.page import arrange_page
from portal.blueprints.gate import requires
from portal.errors import NotFound, PortalError
from portal.pdf.sandbox import FileNotMade
from portal.rules.scan_refusals import DISPUTED_NOTICE, ScanRefused
from portal.services import arranging
from portal.services.arranging import NoPageLeft, NothingArranged
from portal.services.scans import ScanReplaced
from portal.web import current_actor

blueprint = Blueprint("arranging", __name__, url_prefix="/members/<int:member_id>/scan/arrange")


@blueprint.get("")
@requires(Action.ARRANGE_SCAN)
def index(member_id: int) -> Response:
    """The pages as the address says: ``pages`` of ``scan``, and ``do``, the button pressed.

    Nothing is kept on the server: each button without JavaScript asks for the next address, so
    that 返回 takes back one step and a sign-in in between loses nothing.
    """
    asked = request.args
    shown = arrange_page(
        current_actor(),
        member_id,
        scan_id=asked.get("scan", type=int),
        pages=asked.get("pages", ""),
        do=asked.get("do", ""),
    )
    return make_response(render_template("arranging/index.html", shown=shown))


@blueprint.post("")
@requires(Action.ARRANGE_SCAN)
def save(member_id: int) -> Response:
    """保存为新版本; or the page again, with the reason and all that was arranged."""
    actor, pages = current_actor(), request.form.get("pages", "")
    scan_id = request.form.get("scan", type=int)
    if scan_id is None:
        raise NotFound
    try:
        done, arrangement = arranging.save(actor, member_id, scan_id, pages)
    except ValueError:
        raise NotFound from None
    except (NoPageLeft, NothingArranged, FileNotMade, ScanRefused, ScanReplaced) as error:
        return _again(member_id, scan_id, pages, error)
    notice = f"已生成新版本：{len(arrangement.kept)} 页，{arrangement.words}。"
    if done.disputed:
        notice += DISPUTED_NOTICE
    flash(notice, "good")
    return redirect(f"/members/{member_id}/scan/arrange", 303)


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
        return redirect(f"/members/{member_id}/edit", 303)
    flash("已恢复上传的原件。", "good")
    return redirect(f"/members/{member_id}/scan/arrange", 303)


def _again(member_id: int, scan_id: int, pages: str, error: PortalError) -> Response:
    """The page with the reason; where there is no form any more, the member's page."""
    try:
        shown = arrange_page(
            current_actor(), member_id, scan_id=scan_id, pages=pages, error=error.message
        )
    except NotFound:
        flash(error.message, "warning")
        return redirect(f"/members/{member_id}/edit", 303)
    return make_response(render_template("arranging/index.html", shown=shown), error.status)
