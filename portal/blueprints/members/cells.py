"""The form's cell: upload, ask before deleting, delete, take back. In the row and on 修改 alike."""

from __future__ import annotations

from typing import cast

from flask import flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.members.editing import EditPage
from portal.blueprints.members.views import blueprint
from portal.extensions import csrf
from portal.rules.scan_refusals import RefusalReason, ScanRefused
from portal.services import scans
from portal.services.member_rows import MemberRow, find_row
from portal.services.members import find_member
from portal.services.transfer_forms import warning_before_deletion
from portal.storage import Incoming
from portal.web import (
    PortalRequest,
    asked_turn,
    current_actor,
    is_partial,
    page_or_partial,
    parts_of,
)


@blueprint.get("/<int:member_id>/scan/cell")
@requires(Action.UPLOAD_SCAN)
def cell(member_id: int) -> Response:
    """The cell as it is now: after 取消, or a lost line."""
    if not is_partial():  # nothing is shown, so nothing else asks whether the member is theirs
        find_member(current_actor(), Action.UPLOAD_SCAN, member_id)
    return _cell_or_back(member_id)


@blueprint.get("/<int:member_id>/scan/look")
@requires(Action.VIEW_MEMBER)
def look(member_id: int) -> Response:
    """检查中…: how far the look at the form is. Asks again by itself, ever more slowly."""
    row = find_row(current_actor(), Action.VIEW_MEMBER, member_id)
    if not is_partial():
        return redirect(f"/members/{member_id}", 303)
    return make_response(render_template("members/_look.html", row=row, turn=asked_turn()))


@blueprint.post("/<int:member_id>/scan")
@requires(Action.UPLOAD_SCAN, checks_token=False)
def upload(member_id: int) -> Response:
    """Upload the form, or replace it; in the six steps of ``services.scans.upload``."""

    def receive(incoming: Incoming) -> None:
        cast(PortalRequest, request).receive_file(incoming)
        csrf.protect()  # the token is in the body, which is read now

    try:
        done = scans.upload(current_actor(), member_id, receive)
    except ScanRefused as error:
        too_large = error.refusal.reason is RefusalReason.TOO_LARGE
        return _cell_or_back(
            member_id, error=error.message, too_large=too_large, status=error.status
        )
    except scans.NoUploadHere as error:
        return _cell_or_back(member_id, error=error.message, status=error.status)
    notice = done.words("已重新上传。" if done.replaced else "已上传。")
    return _cell_or_back(member_id, notice=notice)


@blueprint.route("/<int:member_id>/scan/delete", methods=["GET", "POST"])
@requires(Action.DELETE_SCAN)
def delete(member_id: int) -> Response:
    """删除: asks once, then deletes; 撤销 takes it back for 30 days."""
    if request.method == "POST":
        scans.delete(current_actor(), member_id)
        return _cell_or_back(member_id)
    asking = _row(member_id).cell._replace(
        confirm_delete=True, ends_with_it=warning_before_deletion(member_id)
    )
    return page_or_partial("members/delete_scan.html", "members/_cell.html", cell=asking, row=None)


@blueprint.post("/<int:member_id>/scan/restore")
@requires(Action.RESTORE_SCAN)
def restore(member_id: int) -> Response:
    """撤销: the deleted form is the current one again."""
    try:
        scans.restore(current_actor(), member_id)
    except scans.NothingToUndo as error:
        return _cell_or_back(member_id, error=error.message, status=error.status)
    return _cell_or_back(member_id, notice="已撤销删除。")


def refused_cell(member_id: int, message: str) -> Response:
    """The cell with a refusal, for a file that was sent from it to another address."""
    return _cell_or_back(member_id, error=message)


def _row(member_id: int) -> MemberRow:
    return find_row(current_actor(), Action.UPLOAD_SCAN, member_id)


def _cell_or_back(
    member_id: int,
    *,
    error: str | None = None,
    too_large: bool = False,
    notice: str | None = None,
    status: int = 200,
) -> Response:
    """The changed cell and, out of band, its remark; without htmx the page the person was on."""
    if is_partial():
        row = _row(member_id)
        cell = row.cell._replace(error=error, too_large=too_large, notice=notice)
        # htmx swaps only good answers by itself; the refusal is the cell's own text, so it is one.
        return make_response(render_template("members/_cell.html", cell=cell, row=row))
    if error:
        return EditPage(current_actor(), member_id).render(
            scan_error=error, too_large=too_large, status=status
        )
    if notice:
        flash(notice, "good")
    return redirect(_page_before(member_id), 303)


def _page_before(member_id: int) -> str:
    """The page the form was on: the list as it was filtered, or 修改."""
    before = parts_of(request.referrer or "")
    if before.netloc != request.host or before.path.endswith("/delete"):
        return f"/members/{member_id}/edit"
    return f"{before.path}?{before.query}" if before.query else before.path
