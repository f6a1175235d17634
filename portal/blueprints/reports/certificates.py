"""电子档案证明: asked for from a member's page, and by the member from 我的团员证."""

from __future__ import annotations

from flask import make_response, redirect, render_template
from werkzeug.wrappers import Response

from portal.access import Action, Actor, Role
from portal.blueprints.gate import requires
from portal.blueprints.reports.views import blueprint, maker_of, portal_address
from portal.errors import NotFound, PortalError
from portal.extensions import limiter
from portal.models import Member
from portal.reports import making
from portal.reports.certificate import REPORT
from portal.reports.report import Asked
from portal.services.identity import identity_for
from portal.services.members import find_member
from portal.web import current_actor

_ACTION = Action.CERTIFY_MEMBER


@blueprint.get("/members/<int:member_id>/certificate")
@limiter.limit("60 per minute")
@requires(_ACTION)
def certificate(member_id: int) -> Response:
    """What it would say."""
    return _page(current_actor(), member_id)


@blueprint.post("/members/<int:member_id>/certificate")
@limiter.limit("20 per minute;200 per hour")
@requires(_ACTION)
def make_certificate(member_id: int) -> Response:
    """生成."""
    actor = current_actor()
    try:
        member = find_member(actor, _ACTION, member_id)
        run = making.order(actor, REPORT, _asked(member), address=portal_address())
    except NotFound:
        raise
    except PortalError as error:
        return _page(actor, member_id, error=error.message, status=error.status)
    return redirect(f"/reports/runs/{run.id}", 303)


def _asked(member: Member) -> Asked:
    return Asked(member.branch_id, member_id=member.id)


def _page(actor: Actor, member_id: int, *, error: str = "", status: int = 200) -> Response:
    member = find_member(actor, _ACTION, member_id)
    made = making.preview(actor, REPORT, _asked(member))
    shown = render_template(
        "reports/certify.html",
        made=made,
        identity=identity_for(member),
        report=REPORT,
        heading=making.heading_of(made, maker_of(actor)),
        member=member,
        own=actor.role is Role.MEMBER,
        error=error,
    )
    return make_response(shown, status)
