"""催办: the form with its text and recipients, and the sending."""

from __future__ import annotations

import secrets

from flask import flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.progress.asked import Asked
from portal.blueprints.progress.views import blueprint, path_to
from portal.services import urging as service
from portal.web import current_actor

SHOWN = 20
"""Recipients that the page names; more are a number."""


@blueprint.route("/<int:organisation_id>/urge", methods=["GET", "POST"])
@requires(Action.URGE)
def urge(organisation_id: int) -> Response:
    """Write, see to whom it goes, send."""
    actor, error = current_actor(), ""
    organisation = service.find_organisation(actor, organisation_id)
    text = request.form.get("text", service.default_text(actor.organisation_name))
    again = request.form.get("again") == "1"
    if request.method == "POST":
        token = request.form.get("token", "")
        try:
            sent = service.urge(actor, organisation_id, text, again=again, token=token)
        except service.UrgingRefused as refused:
            error = refused.message
        else:
            flash(
                f"已催办 {sent} 个支部，对方阅读后在工作进度里显示“已读”。"
                if sent
                else "没有新的支部需要催办：都已上传，或者刚刚催办过。",
                "good",
            )
            own = organisation.id == actor.organisation_id
            return redirect(f"/progress/{'' if own else organisation.parent_id}", 303)
    to = service.recipients(organisation)
    fresh = [one for one in to if one.urged_at is None]
    first = next(iter(fresh or to), None)
    shown = render_template(
        "progress/urge.html",
        organisation=organisation,
        path=path_to(actor, organisation, Asked()),
        text=text,
        again=again,
        error=error,
        recipients=to,
        fresh=len(fresh),
        shown=SHOWN,
        mark=service.LIST_MARK,
        length=service.TEXT_LENGTH,
        first=first,
        example=service.example(first.id) if first else "",
        token=secrets.token_urlsafe(16),
    )
    return make_response(shown, 422 if error else 200)
