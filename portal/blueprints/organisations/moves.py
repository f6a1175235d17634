"""团组织管理: moving and merging. Another one is chosen, then what follows is said."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.members.profile_view import path_to
from portal.blueprints.organisations.views import blueprint
from portal.errors import PortalError
from portal.services import organisation_moves as service
from portal.services.organisation_changes import OrganisationConflict, OrganisationRefused, find_for
from portal.web import current_actor

FAULTS = (OrganisationRefused, OrganisationConflict)


@blueprint.route("/<int:organisation_id>/move", methods=["GET", "POST"])
@requires(Action.MOVE_ORGANISATION)
def move(organisation_id: int) -> Response:
    """移动: with all that is below, under another parent."""
    if request.method == "GET":
        return _page("move", organisation_id)
    actor, name = current_actor(), _name(Action.MOVE_ORGANISATION, organisation_id)
    try:
        service.move(actor, organisation_id, _number("version"), _number("to"))
    except FAULTS as error:
        return _page("move", organisation_id, error=error)
    flash(f"已移动“{name}”，下级组织和统计一起过去。", "good")
    return redirect(f"/organisations/{organisation_id}", 303)


@blueprint.route("/<int:organisation_id>/merge", methods=["GET", "POST"])
@requires(Action.MERGE_ORGANISATION)
def merge(organisation_id: int) -> Response:
    """合并: everything goes over to another one of the same kind, and this one is closed."""
    if request.method == "GET":
        return _page("merge", organisation_id)
    into = _number("to")
    try:
        done = service.merge(current_actor(), organisation_id, _number("version"), into)
    except FAULTS as error:
        return _page("merge", organisation_id, error=error)
    flash(f"已把“{done.name}”并入“{done.into_name}”。", "good")
    return redirect(f"/organisations/{into}", 303)


def _page(what: str, organisation_id: int, *, error: PortalError | None = None) -> Response:
    """The choice, and of what was chosen the preview; ``error`` is what stood against doing it."""
    actor, moving = current_actor(), what == "move"
    action = Action.MOVE_ORGANISATION if moving else Action.MERGE_ORGANISATION
    organisation = find_for(actor, action, organisation_id)
    query, chosen = request.args.get("q", "").strip()[:50], _number("to")
    preview: service.MovePreview | service.MergePreview | None = None
    if chosen and error is None:
        show = service.preview_move if moving else service.preview_merge
        try:
            preview = show(actor, organisation_id, chosen)
        except OrganisationRefused as refused:
            error = refused
    elif chosen and isinstance(error, OrganisationConflict):
        chosen = 0  # how things are now is looked at first
    results, more = (
        (service.move_choices if moving else service.merge_choices)(actor, organisation, query)
        if preview is None
        else ([], False)
    )
    shown = render_template(
        f"organisations/{what}.html",
        organisation=organisation,
        path=path_to(actor, organisation.path),
        query=query,
        results=results,
        results_more=more,
        chosen=chosen,
        preview=preview,
        error=error.message if error else None,
    )
    return make_response(shown, error.status if error else 200)


def _name(action: Action, organisation_id: int) -> str:
    return find_for(current_actor(), action, organisation_id).name


def _number(name: str) -> int:
    return request.values.get(name, 0, type=int)
