"""A branch asks for a release; a district-level committee answers or begins by itself; 编号沿革."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action, Actor
from portal.blueprints.gate import NO_CSRF, requires
from portal.blueprints.members.profile_view import path_to
from portal.blueprints.numbers.forms import AnswerForm, AskForm, ReasonForm
from portal.errors import PortalError
from portal.models import Member
from portal.rules.member_number import group_number, normalise_number
from portal.services import numbers, release_lists
from portal.services.members import find_member
from portal.services.number_history import history_of
from portal.services.organisations import path_of
from portal.services.scans import current_scan
from portal.web import current_actor, page_or_partial

blueprint = Blueprint("numbers", __name__)

CONFLICTS = (numbers.ReleaseRefused, numbers.ReleaseOutdated)


@blueprint.route("/members/<int:member_id>/number/request", methods=["GET", "POST"])
@requires(Action.ASK_RELEASE)
def ask(member_id: int) -> Response:
    """The branch asks for the release of a number that is not the one on paper."""
    actor = current_actor()
    member = find_member(actor, Action.ASK_RELEASE, member_id)
    form = AskForm(meta=NO_CSRF)
    if request.method == "GET":
        form.begin(member)
        return _ask_page(member, form)
    try:
        wanted = form.wanted_number.data
        seen = form.number.data or ""
        numbers.ask(actor, member_id, number=seen, reason=form.reason, wanted_number=wanted)
    except CONFLICTS as error:
        return _again(
            error, form, lambda **told: _ask_page(_reread(actor, member_id), form, **told)
        )
    flash("已申请解除编号占用，请等上级团委处理。", "good")
    return redirect(f"/members/{member_id}/edit{_mending()}", 303)


@blueprint.get("/members/<int:member_id>/number/wanted")
@requires(Action.ASK_RELEASE)
def check_wanted(member_id: int) -> Response:
    """What is wrong with the number that the branch says is the right one, as it is typed."""
    member = find_member(current_actor(), Action.ASK_RELEASE, member_id)
    wanted = normalise_number(request.args.get("wanted_number", ""))[:50]
    faults = numbers.wanted_faults(member, wanted)
    return make_response(render_template("numbers/_wanted.html", faults=faults, wanted=wanted))


@blueprint.post("/members/<int:member_id>/number/request/withdraw")
@requires(Action.ASK_RELEASE)
def withdraw(member_id: int) -> Response:
    """The branch takes its request back."""
    try:
        numbers.withdraw(current_actor(), member_id)
        flash("已撤回申请，编号没有变动。", "good")
    except numbers.ReleaseOutdated as outdated:
        flash(outdated.message, "warning")
    return redirect(f"/members/{member_id}/edit", 303)


@blueprint.route("/members/<int:member_id>/number/release", methods=["GET", "POST"])
@requires(Action.RELEASE_NUMBER)
def release(member_id: int) -> Response:
    """The committee releases a number without being asked."""
    actor = current_actor()
    member = find_member(actor, Action.RELEASE_NUMBER, member_id)
    form = ReasonForm(meta=NO_CSRF)
    if request.method == "GET":
        if (waiting := numbers.open_request(member.id)) is not None:
            return redirect(f"/releases/{waiting.id}")
        form.begin(member)
        return _release_page(actor, member, form)
    seen = form.number.data or ""
    try:
        numbers.release_number(actor, member_id, number=seen, reason=form.reason)
    except CONFLICTS as error:
        member = find_member(actor, Action.RELEASE_NUMBER, member_id)
        return _again(error, form, lambda **told: _release_page(actor, member, form, **told))
    flash(f"已解除编号 {group_number(seen)} 的占用，支部可以在“修改”里填写正确的编号。", "good")
    return redirect(f"/members/{member_id}", 303)


@blueprint.get("/members/<int:member_id>/number/history")
@requires(Action.VIEW_NUMBER_HISTORY)
def history(member_id: int) -> Response:
    """编号沿革: the numbers of a member, each with everyone who ever held it."""
    actor = current_actor()
    found = history_of(actor, member_id)
    member = find_member(actor, Action.VIEW_NUMBER_HISTORY, member_id)
    return make_response(
        render_template(
            "numbers/history.html", member=member, histories=found, path=_path(actor, member)
        )
    )


@blueprint.get("/releases/")
@requires(Action.RELEASE_NUMBER)
def index() -> Response:
    """The requests below: those that wait, or those that were decided."""
    actor, decided = current_actor(), request.args.get("state") == "decided"
    asked_for = release_lists.decided_requests if decided else release_lists.waiting_requests
    return page_or_partial(
        "numbers/index.html",
        "numbers/_list.html",
        requests=asked_for(actor, request.args.get("after", "")),
        decided=decided,
        first=not request.args.get("after"),
        waiting=release_lists.count_waiting(actor),
    )


@blueprint.route("/releases/<int:request_id>", methods=["GET", "POST"])
@requires(Action.RELEASE_NUMBER)
def show(request_id: int) -> Response:
    """One request with the form's first page beside it; released or declined here."""
    actor, form = current_actor(), AnswerForm(meta=NO_CSRF)
    numbers.find_request(actor, request_id)
    if request.method == "GET":
        return _request_page(actor, request_id, form)
    decision, answer = form.decision.data, form.answer.data or ""
    try:
        if decision == "release":
            numbers.release_asked(actor, request_id, answer=answer)
        elif decision == "decline":
            numbers.decline(actor, request_id, answer=answer)
        else:
            raise numbers.ReleaseRefused("answer", ("请点“解除占用”或“退回申请”。",))
    except CONFLICTS as error:
        return _again(error, form, lambda **told: _request_page(actor, request_id, form, **told))
    flash("已解除编号占用。" if decision == "release" else "已退回申请。", "good")
    return redirect("/releases/", 303)


def _again(error: PortalError, form: Any, page: Any) -> Response:
    """The page once more with what was typed, and what stands against it."""
    if isinstance(error, numbers.ReleaseRefused):
        form.show(error)
        return page(status=error.status)  # type: ignore[no-any-return]
    return page(outdated=error.message, status=error.status)  # type: ignore[no-any-return]


def _mending() -> str:
    """The query that keeps on mending one irregular number after the other, if it was begun."""
    return "?mend=1" if request.values.get("mend") == "1" else ""


def _reread(actor: Actor, member_id: int) -> Member:
    return find_member(actor, Action.ASK_RELEASE, member_id)


def _path(actor: Actor, member: Member) -> tuple[tuple[str, str], ...]:
    return (*path_to(actor, path_of(member.branch_id)), (member.name, f"/members/{member.id}"))


def _ask_page(
    member: Member, form: AskForm, *, outdated: str | None = None, status: int = 200
) -> Response:
    page = render_template(
        "numbers/ask.html", member=member, form=form, outdated=outdated, mending=_mending()
    )
    return make_response(page, status)


def _release_page(
    actor: Actor,
    member: Member,
    form: ReasonForm,
    *,
    outdated: str | None = None,
    status: int = 200,
) -> Response:
    page = render_template(
        "numbers/release.html",
        member=member,
        form=form,
        scan=current_scan(member.id),
        path=_path(actor, member),
        outdated=outdated,
    )
    return make_response(page, status)


def _request_page(
    actor: Actor,
    request_id: int,
    form: AnswerForm,
    *,
    outdated: str | None = None,
    status: int = 200,
) -> Response:
    asked = numbers.find_request(actor, request_id)
    page = render_template(
        "numbers/show.html",
        asked=release_lists.shown_request(actor, asked),
        form=form,
        scan=current_scan(asked.member_id),
        histories=history_of(actor, asked.member_id),
        outdated=outdated,
    )
    return make_response(page, status)
