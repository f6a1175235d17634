"""The inbox, one message, 全部已读."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.services import messages as service
from portal.web import current_actor

blueprint = Blueprint("messages", __name__, url_prefix="/messages")


@blueprint.get("/")
@requires(Action.READ_MESSAGES)
def index() -> Response:
    """站内信, the newest first."""
    unread_only = request.args.get("unread") == "1"
    before = request.args.get("before", type=int)
    box = service.inbox(current_actor(), unread_only=unread_only, before=before)
    shown = render_template(
        "messages/index.html", inbox=box, unread_only=unread_only, paged=before is not None
    )
    return make_response(shown)


@blueprint.get("/<int:message_id>")
@requires(Action.READ_MESSAGES)
def show(message_id: int) -> Response:
    """One message; opening it is reading it."""
    message = service.open_message(current_actor(), message_id)
    return make_response(render_template("messages/show.html", message=message))


@blueprint.post("/read")
@requires(Action.READ_MESSAGES)
def read_all() -> Response:
    """全部已读."""
    count = service.read_all(current_actor())
    flash(f"已把 {count} 封标为已读。" if count else "没有未读的站内信。", "good")
    return redirect("/messages/", 303)
