"""首页."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template
from werkzeug.wrappers import Response

from portal.access import COMMITTEES, Action
from portal.blueprints.gate import requires
from portal.services import home as service
from portal.web import current_actor

blueprint = Blueprint("home", __name__)


@blueprint.get("/home")
@requires(Action.VIEW_HOME)
def index() -> Response:
    """What there is to do, what is late, what is new."""
    actor = current_actor()
    if actor.role in COMMITTEES:
        page = render_template("home/committee.html", home=service.committee_home(actor))
    else:
        page = render_template("home/branch.html", home=service.branch_home(actor))
    return make_response(page)
