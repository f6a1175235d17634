"""报告错误 on the member's phone."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action, Actor
from portal.blueprints.card.page import own_member
from portal.blueprints.gate import requires
from portal.blueprints.passwords.guessing import by_account
from portal.errors import NotFound
from portal.extensions import limiter
from portal.rules.corrections import CorrectionField
from portal.services import corrections
from portal.services.corrections import CorrectionOutdated, CorrectionRefused
from portal.services.leaving import left_of
from portal.services.members import profile_fields
from portal.web import current_actor

blueprint = Blueprint("corrections", __name__)

BACK = "/card/information"


@blueprint.route("/card/information/<field>", methods=["GET", "POST"])
@limiter.limit("10 per minute;40 per hour", key_func=by_account, methods=["POST"])
@requires(Action.REPORT_ERROR)
def report(field: str) -> Response:
    """报告错误: what should stand there, and a remark."""
    wanted = _field(field)
    actor = current_actor()
    if request.method == "GET":
        return _page(actor, wanted)
    proposed, remark = request.form.get("proposed", ""), request.form.get("remark", "")
    try:
        corrections.report(actor, wanted, proposed=proposed, remark=remark)
    except CorrectionRefused as refused:
        return _page(actor, wanted, errors={refused.place: refused.message}, status=422)
    except CorrectionOutdated as outdated:
        return _page(actor, wanted, errors={"": outdated.message}, status=409)
    flash(f"已把“{wanted.label}”的报错送到支部，处理后会有站内信通知您。", "good")
    return redirect(BACK, 303)


@blueprint.post("/card/information/<field>/withdraw")
@requires(Action.REPORT_ERROR)
def withdraw(field: str) -> Response:
    """撤回."""
    wanted = _field(field)
    corrections.withdraw(current_actor(), wanted)
    flash(f"已撤回对“{wanted.label}”的报错。", "good")
    return redirect(BACK, 303)


@blueprint.app_template_global()
def open_own_reports() -> int:
    """How many of the member's reports wait for their branch: for the card's line."""
    return corrections.open_count(current_actor())


def _field(name: str) -> CorrectionField:
    if name not in list(CorrectionField):
        raise NotFound
    return CorrectionField(name)


def _page(
    actor: Actor,
    field: CorrectionField,
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    member = own_member(actor)
    waiting = next(
        (
            one
            for one in corrections.own_corrections(actor)
            if one.field is field and one.state == "open"
        ),
        None,
    )
    shown = render_template(
        "corrections/report.html",
        field=field,
        now=next(one for one in profile_fields(member) if one.key == field.value),
        waiting=waiting,
        left=left_of(member),
        errors=errors or {},
        proposed=request.form.get("proposed", ""),
        remark=request.form.get("remark", ""),
    )
    return make_response(shown, status)
