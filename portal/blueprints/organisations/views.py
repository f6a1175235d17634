"""The tree, opened lazily; a branch's list, looked at from above."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.members.listing_view import Branch, listing_for
from portal.blueprints.members.profile_view import path_to
from portal.blueprints.organisations.head import head_for
from portal.models import Organisation
from portal.rules.organisations import OrganisationKind
from portal.services.organisations import (
    children_of,
    find_organisation,
    search,
    summed,
)
from portal.web import current_actor, page_or_partial

blueprint = Blueprint("organisations", __name__, url_prefix="/organisations")


@blueprint.get("/")
@requires(Action.BROWSE_ORGANISATIONS)
def index() -> Response:
    """The actor's own organisation and what is right below it; or what a search finds."""
    actor = current_actor()
    assert actor.organisation_id is not None
    return _tree_page(find_organisation(actor, actor.organisation_id))


@blueprint.get("/<int:organisation_id>")
@requires(Action.BROWSE_ORGANISATIONS)
def show(organisation_id: int) -> Response:
    """One organisation: a branch's members, or what is right below a committee."""
    actor = current_actor()
    organisation = find_organisation(actor, organisation_id)
    if organisation.kind is not OrganisationKind.BRANCH:
        return _tree_page(organisation)
    listing = listing_for(
        actor,
        Action.VIEW_MEMBER,
        Branch(organisation.id, organisation.name),
        url=f"/organisations/{organisation.id}",
        own=False,
    )
    return page_or_partial(
        "members/index.html",
        "members/_list.html",
        listing=listing,
        path=path_to(actor, organisation.path),
        head=head_for(actor, organisation),
    )


@blueprint.get("/<int:organisation_id>/children")
@requires(Action.BROWSE_ORGANISATIONS)
def children(organisation_id: int) -> Response:
    """The rows right below one organisation, for the open tree."""
    organisation = find_organisation(current_actor(), organisation_id)
    level = request.args.get("level", 1, type=int)
    return make_response(
        render_template(
            "organisations/_children.html",
            children=children_of(organisation, closed=_closed_too()),
            level=min(max(level, 1), 8),
            closed_too=_closed_too(),
        )
    )


def _tree_page(organisation: Organisation) -> Response:
    actor, closed = current_actor(), _closed_too()
    query = request.args.get("q", "").strip()[:50]
    results, more = search(actor, query, closed=closed) if query else (None, False)
    below = () if query else children_of(organisation, closed=closed)
    return page_or_partial(
        "organisations/index.html",
        "organisations/_tree.html",
        path=path_to(actor, organisation.path),
        head=head_for(actor, organisation),
        closed_too=closed,
        node=summed(organisation, below),
        children=below,
        query=query,
        results=results,
        results_more=more,
        empty=f"{organisation.name} 下面还没有组织。",
    )


def _closed_too() -> bool:
    """显示已撤销."""
    return request.args.get("closed") == "1"
