"""检查任务: making a round, its list, one form after the other, and what it came to."""

from __future__ import annotations

import secrets

from flask import flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.checks.page import checked_member, form_page
from portal.blueprints.checks.sent import Sent, parse_sent, verdict_or_fault
from portal.blueprints.checks.views import blueprint
from portal.blueprints.checks.wish import WishFault, parse_wish
from portal.blueprints.gate import requires
from portal.blueprints.progress.asked import Asked
from portal.models import ItemState, RoundChoice
from portal.services import check_rounds as service
from portal.services import round_making
from portal.services.check_rounds import FormTaken
from portal.services.checks import CheckedMeanwhile, FormChanged, NothingToTakeBack
from portal.services.round_findings import findings_of
from portal.services.round_making import MOST_OF_EACH, RoundRefused
from portal.services.scans import current_scan
from portal.web import current_actor

CHOICES = {
    RoundChoice.UNCHECKED: "全部未检查的",
    RoundChoice.WITH_FINDINGS: "系统有提示的",
    RoundChoice.ALL: "全部",
    RoundChoice.SOME_OF_EACH: "每个支部抽查",
    RoundChoice.SHARE: "按比例抽查",
}


@blueprint.get("/checks/")
@requires(Action.CHECK_SCAN)
def rounds() -> Response:
    """The rounds of one's organisation."""
    before = request.args.get("before", 0, type=int)
    found = round_making.rounds_of(current_actor(), before if 0 < before < 1 << 62 else None)
    page = render_template(
        "checks/rounds.html", rounds=found.lines, older=found.before, paged=before, words=_words
    )
    return make_response(page)


@blueprint.route("/checks/new", methods=["GET", "POST"])
@requires(Action.CHECK_SCAN)
def new() -> Response:
    """Choose what to look at, and begin."""
    actor, error = current_actor(), ""
    asked = request.values.get("organisation", actor.organisation_id, type=int)
    below = round_making.find_below(actor, asked)
    if request.method == "POST":
        try:
            wish = parse_wish(below.id)
            made = round_making.make_round(actor, wish, request.form.get("token", "")[:40])
        except (WishFault, RoundRefused) as refused:
            error = refused.message
        else:
            return redirect(f"/checks/{made}/next", 303)
    page = render_template(
        "checks/new.html",
        below=below,
        choices=CHOICES,
        typed=request.values,
        error=error,
        most=MOST_OF_EACH,
        token=secrets.token_urlsafe(16),
    )
    return make_response(page, 422 if error else 200)


@blueprint.get("/checks/<int:round_id>")
@requires(Action.CHECK_SCAN)
def round_(round_id: int) -> Response:
    """How far a round is and what it found."""
    actor = current_actor()
    line, found = round_making.round_line(actor, round_id), findings_of(actor, round_id)
    page = render_template("checks/round.html", round=line, title=_words(line), found=found)
    return make_response(page)


@blueprint.get("/checks/<int:round_id>/next")
@requires(Action.CHECK_SCAN)
def next_(round_id: int) -> Response:
    """The next free form, or what the round came to."""
    after = request.args.get("after", 0, type=int)
    return _go_to(round_id, service.next_place(current_actor(), round_id, after=after))


@blueprint.route("/checks/<int:round_id>/forms/<int:place>", methods=["GET", "POST"])
@requires(Action.CHECK_SCAN)
def turn(round_id: int, place: int) -> Response:
    """One form of a round."""
    if request.method == "GET":
        return _page(round_id, place)
    actor, sent = current_actor(), parse_sent()
    opened = service.open_place(actor, round_id, place)
    scan = current_scan(opened.member_id) if opened.scan_id is not None else None
    if scan is None:
        return _page(round_id, place)
    verdict = verdict_or_fault(sent, scan.pages)
    if isinstance(verdict, str):
        return _page(round_id, place, sent, verdict, 422)
    try:
        done = service.judge(actor, round_id, place, sent.scan_id, verdict, seen=sent.seen)
    except FormChanged as error:
        return _page(round_id, place, None, error.message, error.status)
    except (CheckedMeanwhile, FormTaken) as error:
        return _page(round_id, place, sent, error.message, error.status)
    return _go_to(round_id, done.next_place)


@blueprint.post("/checks/<int:round_id>/undo")
@requires(Action.CHECK_SCAN)
def undo_last(round_id: int) -> Response:
    """撤销 of one's last check in the round."""
    try:
        place = service.take_back_last(current_actor(), round_id)
    except NothingToTakeBack as error:
        flash(error.message, "warning")
        return redirect(f"/checks/{round_id}/next", 303)
    flash("已撤销上一份的检查结果，请重新检查这一份。", "good")
    return redirect(f"/checks/{round_id}/forms/{place}", 303)


def _go_to(round_id: int, place: int | None) -> Response:
    if place is not None:
        return redirect(f"/checks/{round_id}/forms/{place}", 303)
    counts = round_making.counts_of(round_id)
    if counts.waiting:
        flash(
            f"剩下的 {counts.waiting} 份正由同事检查；对方 5 分钟没有操作，会重新分给您。", "good"
        )
    else:
        flash("这个任务已全部检查完。", "good")
    return redirect(f"/checks/{round_id}", 303)


def _page(
    round_id: int, place: int, sent: Sent | None = None, error: str = "", status: int = 200
) -> Response:
    actor = current_actor()
    got = service.open_place(actor, round_id, place)
    counts = round_making.counts_of(round_id)
    shown = None
    if got.scan_id is not None:
        member, _ = checked_member(actor, got.member_id)
        shown = form_page(actor, member, got.scan_id, sent=sent, error=error, round_id=round_id)
    page = render_template(
        "checks/turn.html",
        round_id=round_id,
        turn=got,
        shown=shown,
        counts=counts,
        is_done=got.state is ItemState.DONE,
    )
    return make_response(page, status)


def _words(line: round_making.RoundLine) -> str:
    """What a round looks at, in a line."""
    words = CHOICES[line.choice]
    if line.choice is RoundChoice.SOME_OF_EACH:
        words += f" {line.amount} 份"
    elif line.choice is RoundChoice.SHARE:
        words += f" {line.amount}%"
    return f"{words} · {Asked(period=line.period).words}" if line.period else words
