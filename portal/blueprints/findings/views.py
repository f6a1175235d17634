"""检查提示: the findings of a form by page; 我已核对，无需重传 sets one aside."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, request
from werkzeug.wrappers import Response

from portal.access import Action, Actor
from portal.blueprints.findings.page import findings_page
from portal.blueprints.gate import requires
from portal.errors import NotFound
from portal.rules.scan_findings import FindingKind
from portal.services import looks
from portal.services.members import find_member
from portal.web import asked_turn, current_actor, is_partial, page_or_partial

blueprint = Blueprint("findings", __name__, url_prefix="/members/<int:member_id>/scan/findings")

CHANGED_MEANWHILE = "这份文件或它的提示刚才变过，没有改动。下面是现在的情况。"


@blueprint.get("")
@requires(Action.VIEW_FINDINGS)
def index(member_id: int) -> Response:
    """The list by page; while the look is under way it asks for itself again, ever more slowly."""
    return _page(member_id)


@blueprint.post("/aside")
@requires(Action.SET_FINDING_ASIDE)
def set_aside(member_id: int) -> Response:
    """我已核对，无需重传: the finding no longer counts."""
    return _change(member_id, looks.set_aside, "已记为核对过。")


@blueprint.post("/back")
@requires(Action.SET_FINDING_ASIDE)
def take_back(member_id: int) -> Response:
    """撤销: the finding counts again."""
    return _change(member_id, looks.take_back_set_aside, "已恢复这条提示。")


def _change(
    member_id: int, change: Callable[[Actor, int, FindingKind, int], int], done: str
) -> Response:
    find_member(current_actor(), Action.SET_FINDING_ASIDE, member_id)
    try:
        change(current_actor(), *_asked_finding())
    except NotFound:
        return _page(member_id, outdated=CHANGED_MEANWHILE)
    if is_partial():
        return _page(member_id)
    flash(done, "good")
    return redirect(f"/members/{member_id}/scan/findings", 303)


def _asked_finding() -> tuple[int, FindingKind, int]:
    """Scan, kind and page of the button that was pressed. Raises ``NotFound``."""
    scan_id = request.form.get("scan", type=int)
    kind = request.form.get("kind", type=FindingKind)
    page = request.form.get("page", type=int)
    if scan_id is None or kind is None or page is None:
        raise NotFound
    return scan_id, kind, page


def _page(member_id: int, *, outdated: str = "") -> Response:
    shown = findings_page(current_actor(), member_id)
    return page_or_partial(
        "findings/index.html",
        "findings/_list.html",
        shown=shown,
        outdated=outdated,
        turn=asked_turn(),
    )
