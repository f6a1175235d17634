"""采纳 and 退回, on the branch's page 修改."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action, Actor
from portal.blueprints.gate import requires
from portal.blueprints.members.editing import EditPage
from portal.rules.text import parse_whole
from portal.services import correction_answers
from portal.services.corrections import CorrectionOutdated, CorrectionRefused
from portal.services.identity_changes import IdentityRefused, Ticked
from portal.services.member_editing import FieldRefused, NumberLocked, NumberRefused
from portal.web import current_actor, is_partial

_REFUSALS = (
    CorrectionRefused,
    CorrectionOutdated,
    IdentityRefused,
    NumberRefused,
    NumberLocked,
    FieldRefused,
)

blueprint = Blueprint("correction_answers", __name__, url_prefix="/members/<int:member_id>/reports")


@blueprint.post("/<int:report_id>/take")
@requires(Action.ANSWER_REPORT)
def take(member_id: int, report_id: int) -> Response:
    """采纳: what the member proposed is stored."""
    version = parse_whole(request.form.get("version", "")) or 0
    ticked = Ticked(document="document" in request.form, age="age" in request.form)

    def act(actor: Actor) -> None:
        report = correction_answers.report_of(member_id, report_id)
        correction_answers.take_over(actor, report, version=version, ticked=ticked)

    return _answer(member_id, f"take-{report_id}", act, "已采纳并保存，已通知团员。")


@blueprint.post("/<int:report_id>/decline")
@requires(Action.ANSWER_REPORT)
def decline(member_id: int, report_id: int) -> Response:
    """退回, with a reason."""
    answer = request.form.get("answer", "")

    def act(actor: Actor) -> None:
        report = correction_answers.report_of(member_id, report_id)
        correction_answers.decline(actor, report, answer=answer)

    return _answer(member_id, f"answer-{report_id}", act, "已退回，已把原因通知团员。")


@blueprint.post("/<int:report_id>/value")
@requires(Action.ANSWER_REPORT)
def show_value(member_id: int, report_id: int) -> Response:
    """显示: the proposed ID number, on record."""
    report = correction_answers.report_of(member_id, report_id)
    shown = correction_answers.unmask(current_actor(), report)
    if is_partial():
        return make_response(render_template("corrections/_value.html", report=shown))
    page = EditPage(current_actor(), member_id)
    return page.render(shown_report=shown)


def _answer(member_id: int, place: str, act: Callable[[Actor], None], done: str) -> Response:
    actor = current_actor()
    try:
        act(actor)
    except _REFUSALS as error:
        page = EditPage(actor, member_id)
        return page.render(report_errors={place: error.message}, status=error.status)
    flash(done, "good")
    return redirect(f"/members/{member_id}/edit", 303)
