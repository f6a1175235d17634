"""The inbox, one message, 全部已读."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.models import MessageKind
from portal.services import messages as service
from portal.services.letter_files import files_of
from portal.services.letters import can_answer
from portal.services.sent_letters import earlier
from portal.web import current_actor

blueprint = Blueprint("messages", __name__, url_prefix="/messages")

KINDS = {
    MessageKind.LETTER: "来信",
    MessageKind.NOTICE: "通知",
    MessageKind.REMINDER: "提醒",
    MessageKind.URGING: "催办",
}


@blueprint.get("/")
@requires(Action.READ_MESSAGES)
def index() -> Response:
    """站内信, the newest first."""
    unread_only, asked = request.args.get("unread") == "1", request.args.get("kind", "")
    kind = MessageKind(asked) if asked in list(MessageKind) else None
    before = request.args.get("before", type=int)
    box = service.inbox(current_actor(), unread_only=unread_only, kind=kind, before=before)
    shown = render_template(
        "messages/index.html",
        inbox=box,
        unread_only=unread_only,
        kind=kind,
        kinds=KINDS,
        query="?unread=1" if unread_only else f"?kind={kind}" if kind else "",
        paged=before is not None,
    )
    return make_response(shown)


@blueprint.get("/<int:message_id>")
@requires(Action.READ_MESSAGES)
def show(message_id: int) -> Response:
    """One message; opening it is reading it."""
    actor = current_actor()
    message = service.open_message(actor, message_id)
    page = render_template(
        "messages/show.html",
        message=message,
        can_answer=can_answer(actor, message),
        files=files_of(message.id),
        earlier=() if message.answers_id is None else earlier(actor, message),
    )
    return make_response(page)


@blueprint.post("/read")
@requires(Action.READ_MESSAGES)
def read_all() -> Response:
    """全部已读."""
    count = service.read_all(current_actor())
    flash(f"已把 {count} 封标为已读。" if count else "没有未读的站内信。", "good")
    return redirect("/messages/", 303)
