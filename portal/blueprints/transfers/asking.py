"""Asking for 京内转接: by a member on the phone, and by their branch. The same steps for both."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, make_response, redirect, render_template, request
from flask_login import current_user
from werkzeug.wrappers import Response

from portal import clock
from portal.access import Action, Actor, Role
from portal.blueprints.gate import requires
from portal.blueprints.passwords.guessing import by_account
from portal.blueprints.transfers.views import blueprint
from portal.extensions import limiter
from portal.models import Member
from portal.rules.transfers import OTHER_REASON, USUAL_REASONS, last_day
from portal.services import branch_choice, transfer_shown, transfers_inside
from portal.services.members import find_member
from portal.services.organisations import ancestors_of, path_of, path_text
from portal.services.transfers import TransferOutdated, TransferRefused, open_transfer, why_not
from portal.web import current_actor, is_partial


@dataclass(frozen=True, slots=True)
class Asking:
    """Whose transfer is asked for, by whom, and where the pages of it are."""

    actor: Actor
    member: Member
    url: str

    @property
    def by_member(self) -> bool:
        """Whether the member asks."""
        return self.actor.role is Role.MEMBER

    @property
    def back(self) -> str:
        """The page that it was begun from."""
        return "/card" if self.by_member else f"/members/{self.member.id}"


def _of_branch() -> bool:
    return bool(current_user.is_authenticated and current_actor().role is Role.BRANCH)


# Each is a letter to the branch, and withdrawing it another one.
slow_asking = limiter.limit(
    "10 per minute;20 per hour",
    key_func=by_account,
    methods=["POST"],
    exempt_when=_of_branch,  # a branch may ask for a whole class
)


@blueprint.route("/card/transfer", methods=["GET", "POST"])
@slow_asking
@requires(Action.ASK_TRANSFER)
def own() -> Response:
    """A member's own transfer: where it stands, or choosing where to go."""
    actor = current_actor()
    asking = _asking(actor, actor.member_id or 0, "/card/transfer")
    if request.method == "POST":
        return _ask(asking)
    found = transfer_shown.own_transfer(actor)
    if found is not None and (found.is_open or not request.args):
        shown = transfer_shown.show(actor, found.id, Action.ASK_TRANSFER)
        return make_response(render_template("transfers/own.html", shown=shown))
    return _choosing(asking)


@blueprint.route("/members/<int:member_id>/transfer", methods=["GET", "POST"])
@requires(Action.ASK_TRANSFER)
def of_branch(member_id: int) -> Response:
    """A branch asks for one of its members."""
    asking = _asking(current_actor(), member_id, f"/members/{member_id}/transfer")
    if asking.by_member:
        return redirect("/card/transfer", 303)
    if request.method == "POST":
        return _ask(asking)
    if (waiting := open_transfer(member_id)) is not None:
        return redirect(f"/transfers/{waiting.id}")
    return _choosing(asking)


def _asking(actor: Actor, member_id: int, url: str) -> Asking:
    return Asking(actor, find_member(actor, Action.ASK_TRANSFER, member_id), url)


def _choosing(asking: Asking, *, error: str = "", status: int = 200) -> Response:
    """Choosing the branch: by name or down the tree; then the page that says what will happen."""
    refusal = why_not(asking.actor, asking.member)
    to = request.values.get("to", type=int)
    if to is not None and not refusal and not error:
        try:
            return _confirm(asking, to)
        except TransferRefused as refused:
            error, status = refused.message, refused.status
    text = request.args.get("q", "").strip()[:50]
    ask, found, more, here = Action.ASK_TRANSFER, None, False, None
    if text:
        found, more = branch_choice.search_branches(asking.actor, text, ask)
    else:
        here = branch_choice.level(asking.actor, request.args.get("under", type=int), ask)
    page = render_template(
        "transfers/_branches.html" if is_partial() else "transfers/branch.html",
        asking=asking,
        refusal=refusal,
        error=error,
        query=text,
        found=found,
        more=more,
        level=here,
        own_id=asking.member.branch_id,
    )
    return make_response(page, status)


def _confirm(asking: Asking, to: int, *, error: str = "", status: int = 200) -> Response:
    branch = transfers_inside.target_branch(asking.actor, asking.member, to)
    own_path = path_text(ancestors_of(path_of(asking.member.branch_id)))
    page = render_template(
        "transfers/confirm.html",
        asking=asking,
        branch=branch,
        path=path_text(ancestors_of(branch.path)),
        own_path=own_path,
        reasons=(*USUAL_REASONS, OTHER_REASON),
        chosen=request.form.get("usual_reason", ""),
        words=request.form.get("words", ""),
        error=error,
        ends_on=last_day(clock.today()),
    )
    return make_response(page, status)


def _ask(asking: Asking) -> Response:
    to = request.form.get("to", 0, type=int)
    choice, words = request.form.get("usual_reason", ""), request.form.get("words", "")
    try:
        made = transfers_inside.ask(asking.actor, asking.member.id, to, choice, words)
    except TransferRefused as refused:
        asking = _asking(asking.actor, asking.member.id, asking.url)
        if refused.field == "reason":
            return _confirm(asking, to, error=refused.message, status=refused.status)
        return _choosing(asking, error=refused.message, status=refused.status)
    except TransferOutdated as outdated:
        flash(outdated.message, "warning")
        return redirect(asking.url, 303)
    flash("已提交转接申请。", "good")
    return redirect(asking.url if asking.by_member else f"/transfers/{made}", 303)
