"""The member's card, and their own data behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action, Actor
from portal.blueprints.card.page import MESSAGES_SHOWN, card_for, own_member
from portal.blueprints.gate import requires
from portal.models import CorrectionState
from portal.rules.corrections import field_behind
from portal.services.corrections import own_corrections
from portal.services.form_views import views_of_own_form
from portal.services.leaving import left_of
from portal.services.members import profile_fields
from portal.services.organisations import ancestors_of, path_text
from portal.web import current_actor

blueprint = Blueprint("card", __name__)


@blueprint.get("/card")
@requires(Action.VIEW_CARD)
def show() -> Response:
    """我的团员证."""
    card = card_for(current_actor())
    latest = card.inbox.rows[:MESSAGES_SHOWN]
    return make_response(render_template("card/show.html", card=card, latest=latest))


@blueprint.get("/card/information")
@requires(Action.VIEW_CARD)
def information() -> Response:
    """我的信息: every field that the portal has of the member."""
    return information_page(current_actor())


@blueprint.get("/card/views")
@requires(Action.VIEW_FORM_VIEWS)
def views() -> Response:
    """谁看过我的入团志愿书: all looks, page by page."""
    before = request.args.get("before", type=int)
    if before is not None and not 0 < before < 1 << 62:
        before = None
    found = views_of_own_form(current_actor(), before=before)
    shown = render_template("card/views.html", views=found, paged=before is not None)
    return make_response(shown)


def information_page(actor: Actor, *, shown: Mapping[str, str] | None = None) -> Response:
    """我的信息; ``shown`` has the values that stand unmasked."""
    shown = shown or {}
    member = own_member(actor)
    reports = own_corrections(actor)
    page = render_template(
        "card/information.html",
        member=member,
        left=left_of(member),
        organisation=path_text(ancestors_of(actor.organisation_path)),
        reports=reports,
        waiting={one.field for one in reports if one.state is CorrectionState.OPEN},
        field_behind=field_behind,
        fields=tuple(
            replace(field, value=shown[field.key], masked=False) if field.key in shown else field
            for field in profile_fields(member)
        ),
    )
    return make_response(page)
