"""The branch's pages: the queue of applications, and one beside the paper."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.joining.views import blueprint
from portal.errors import PortalError
from portal.models import JoiningState
from portal.rules.text import TextFault, clean_text, holds_personal_number
from portal.rules.vocabulary import MOVED_IN_RETURN_REASONS, RETURN_REASONS
from portal.services import joining_queue, joining_review
from portal.services.joining import JoiningMoved
from portal.services.joining_fields import sent_values
from portal.services.joining_review import NotCompared, ReasonNeeded
from portal.services.member_editing import NumberRefused
from portal.services.members import find_member
from portal.web import current_actor, page_or_partial

STATES = {
    JoiningState.SENT: "待审核",
    JoiningState.RETURNED: "已退回",
    JoiningState.APPROVED: "已通过",
}
EMPTY = {
    JoiningState.SENT: "没有待审核的申请。团员注册后选择本支部并提交，就会出现在这里。",
    JoiningState.RETURNED: "没有已退回的申请。",
    JoiningState.APPROVED: "还没有通过的申请。",
}
TICKS = ("name", "number", "dates")


@blueprint.get("/joinings/")
@requires(Action.REVIEW_JOININGS)
def queue() -> Response:
    """加入申请: the applications, the longest waiting first."""
    actor, asked = current_actor(), request.args.get("state", "")
    state = JoiningState(asked) if asked in [one.value for one in STATES] else JoiningState.SENT
    page = joining_queue.list_joinings(actor, state, request.args.get("after", ""))
    return page_or_partial(
        "joining/queue.html",
        "joining/_queue.html",
        listed=page,
        state=state,
        states=STATES,
        counts=joining_queue.count_joinings(actor),
        empty=EMPTY[state],
    )


@blueprint.get("/joinings/<int:joining_id>")
@requires(Action.REVIEW_JOININGS)
def review(joining_id: int) -> Response:
    """One application, side by side with what the paper says."""
    return _page(joining_id)


@blueprint.post("/joinings/<int:joining_id>/approve")
@requires(Action.REVIEW_JOININGS)
def approve(joining_id: int) -> Response:
    """通过: the applicant is a member, the number occupied; on to the next."""
    following = _next_address(joining_id)
    compared = all(request.form.get(f"same-{tick}") for tick in TICKS)
    try:
        member_id = joining_review.approve(
            current_actor(), joining_id, _version(), compared=compared
        )
    except (NotCompared, JoiningMoved, NumberRefused) as error:
        return _page(joining_id, error=error)
    member = find_member(current_actor(), Action.VIEW_MEMBER, member_id)
    held = "已通过，编号已占用。" if member.number else "已通过。"
    owes = "请在 30 日内上传" if member.is_new_member else "这名团员不需要上传"
    flash(f"{held}{owes}《入团志愿书》。", "good")
    return redirect(following or url_for("members.edit", member_id=member_id), 303)


@blueprint.post("/joinings/<int:joining_id>/return")
@requires(Action.REVIEW_JOININGS)
def send_back(joining_id: int) -> Response:
    """退回 with a reason; on to the next."""
    following = _next_address(joining_id)
    chosen, words = request.form.get("reason", ""), request.form.get("words", "")
    cleaned = clean_text(words, max_length=200)
    try:
        if isinstance(cleaned, TextFault):
            raise PortalError(cleaned.message)
        if holds_personal_number(cleaned):  # it goes on record, where neither may stand
            raise PortalError("说明里不要写身份证号和手机号。请删去后再退回。")
        usual = {*RETURN_REASONS, *MOVED_IN_RETURN_REASONS}
        known = chosen if chosen in usual and chosen != "其他" else ""
        reason = "：".join(part for part in (known, cleaned) if part)
        joining_review.send_back(current_actor(), joining_id, _version(), reason)
    except (ReasonNeeded, JoiningMoved, PortalError) as error:
        return _page(joining_id, error=error)
    flash("已退回，申请人登录后会看到原因。", "good")
    return redirect(following or url_for("joining.queue"), 303)


def _page(joining_id: int, *, error: PortalError | None = None) -> Response:
    found = joining_review.review(current_actor(), joining_id)
    return make_response(
        render_template(
            "joining/review.html",
            review=found,
            joining=found.joining,
            values=sent_values(found.joining),
            reasons=MOVED_IN_RETURN_REASONS if found.joining.moved_in else RETURN_REASONS,
            error=error.message if error else None,
            state_label=STATES[found.joining.state],
            ticked=[tick for tick in TICKS if request.form.get(f"same-{tick}")],
            chosen=request.form.get("reason", ""),
            words=request.form.get("words", ""),
        ),
        error.status if error else 200,
    )


def _next_address(joining_id: int) -> str | None:
    """The next one waiting, asked for before this one leaves the queue."""
    following = joining_review.review(current_actor(), joining_id).next_id
    return url_for("joining.review", joining_id=following) if following else None


def _version() -> int:
    return request.form.get("version", 0, type=int)
