"""移出 and 恢复: setting a member aside with a reason, and bringing them back."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.members.views import blueprint
from portal.rules.leaving import CHOOSABLE, NOTE_LENGTH, LeavingFault, check_leaving
from portal.services import leaving
from portal.services.members import find_member
from portal.web import current_actor


@blueprint.route("/<int:member_id>/leave", methods=["GET", "POST"])
@requires(Action.SET_MEMBER_ASIDE)
def leave(member_id: int) -> Response:
    """移出: asks for the reason, says what follows, then sets aside."""
    member = find_member(current_actor(), Action.SET_MEMBER_ASIDE, member_id)
    if member.left_at is not None and request.method == "GET":
        return redirect(url_for("members.show", member_id=member_id))
    fault = None
    if request.method == "POST":
        name = member.name
        checked = check_leaving(request.form.get("reason", ""), request.form.get("note", ""))
        if not isinstance(checked, LeavingFault):
            leaving.set_aside(current_actor(), member_id, checked)
            flash(f"已移出 {name}。需要时可以在“已移出”里恢复。", "good")
            return redirect("/members/", 303)
        fault = checked
    page = render_template(
        "members/leave.html",
        member=member,
        reasons=CHOOSABLE,
        note_length=NOTE_LENGTH,
        typed=request.form,
        fault=fault,
    )
    return make_response(page, 422 if fault else 200)


@blueprint.post("/<int:member_id>/return")
@requires(Action.BRING_MEMBER_BACK)
def come_back(member_id: int) -> Response:
    """恢复: the member is in the list again."""
    actor = current_actor()
    name = find_member(actor, Action.BRING_MEMBER_BACK, member_id).name
    if leaving.bring_back(actor, member_id):
        flash(f"已恢复 {name}，重新计入本支部的统计。", "good")
    else:
        flash(f"已恢复 {name}。原来的编号已被他人占用，请核对纸质首页后重新填写。", "warning")
    return redirect(url_for("members.show", member_id=member_id), 303)
