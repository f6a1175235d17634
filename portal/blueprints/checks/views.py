"""检查 of one member's form, from 团员信息 or the viewer."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.checks.page import checked_member, form_page
from portal.blueprints.checks.sent import Sent, parse_sent, verdict_or_fault
from portal.blueprints.gate import requires
from portal.errors import NotFound
from portal.services import checks as service
from portal.services.checks import CheckedMeanwhile, FormChanged, NothingToTakeBack
from portal.web import current_actor

blueprint = Blueprint("checks", __name__)


@blueprint.route("/members/<int:member_id>/scan/check", methods=["GET", "POST"])
@requires(Action.CHECK_SCAN)
def one(member_id: int) -> Response:
    """Look at one form and say what it is."""
    actor = current_actor()
    _, scan = checked_member(actor, member_id)
    if scan is None:
        raise NotFound
    if request.method == "GET":
        return _page(member_id)
    sent = parse_sent()
    verdict = verdict_or_fault(sent, scan.pages)
    if isinstance(verdict, str):
        return _page(member_id, sent, verdict, 422)
    try:
        service.check(actor, member_id, sent.scan_id, verdict, seen=sent.seen)
    except FormChanged as error:
        return _page(member_id, None, error.message, error.status)
    except CheckedMeanwhile as error:
        return _page(member_id, sent, error.message, error.status)
    told = "，已发站内信告诉支部" if verdict.faults else ""
    flash(f"已保存检查结果：{verdict.words}{told}。", "good")
    return redirect(f"/members/{member_id}", 303)


@blueprint.post("/members/<int:member_id>/scan/check/undo")
@requires(Action.CHECK_SCAN)
def undo(member_id: int) -> Response:
    """撤销 of one's own check."""
    checked_member(current_actor(), member_id)
    try:
        service.take_back(current_actor(), request.form.get("check", 0, type=int))
    except (NothingToTakeBack, NotFound):
        flash(NothingToTakeBack().message, "warning")
    else:
        flash("已撤销检查结果。", "good")
    return redirect(f"/members/{member_id}", 303)


def _page(member_id: int, sent: Sent | None = None, error: str = "", status: int = 200) -> Response:
    actor = current_actor()
    member, scan = checked_member(actor, member_id)
    if scan is None:
        raise NotFound
    shown = form_page(actor, member, scan.id, sent=sent, error=error)
    return make_response(render_template("checks/one.html", shown=shown), status)
