"""我已核对，无需重传: setting a finding of a form aside, and taking that back."""

from __future__ import annotations

from collections.abc import Callable

from flask import redirect, request
from werkzeug.wrappers import Response

from portal.access import Action, Actor
from portal.blueprints.gate import requires
from portal.blueprints.scans.views import blueprint
from portal.errors import NotFound
from portal.rules.scan_findings import FindingKind
from portal.services import looks
from portal.web import current_actor


@blueprint.post("/scans/<int:scan_id>/findings/set-aside")
@requires(Action.SET_FINDING_ASIDE)
def set_aside(scan_id: int) -> Response:
    """我已核对，无需重传."""
    return _change(looks.set_aside, scan_id)


@blueprint.post("/scans/<int:scan_id>/findings/take-back")
@requires(Action.SET_FINDING_ASIDE)
def take_back(scan_id: int) -> Response:
    """重新提示."""
    return _change(looks.take_back_set_aside, scan_id)


def _change(change: Callable[[Actor, int, FindingKind, int], int], scan_id: int) -> Response:
    """The form names the finding by its kind and its page."""
    kind, page = request.form.get("kind", ""), request.form.get("page", type=int)
    if kind not in list(FindingKind) or page is None:
        raise NotFound
    member_id = change(current_actor(), scan_id, FindingKind(kind), page)
    return redirect(f"/members/{member_id}", 303)
