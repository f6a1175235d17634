"""已发送: the letters of one's organisation, and who has read each."""

from __future__ import annotations

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.messages.views import blueprint
from portal.services import sent_letters as service
from portal.services.letter_files import files_of
from portal.web import current_actor


@blueprint.get("/sent")
@requires(Action.ANSWER_MESSAGE)
def sent() -> Response:
    """The sent letters, the newest first."""
    before = request.args.get("before", type=int)
    box = service.sent_box(current_actor(), before=before)
    page = render_template("messages/sent.html", box=box, paged=before is not None)
    return make_response(page)


@blueprint.get("/sent/<int:message_id>")
@requires(Action.ANSWER_MESSAGE)
def sent_letter(message_id: int) -> Response:
    """One sent letter."""
    actor = current_actor()
    found = service.sent_letter(actor, message_id)
    page = render_template(
        "messages/sent_letter.html",
        letter=found,
        message=found.message,
        files=files_of(message_id),
        earlier=service.earlier(actor, found.message),
    )
    return make_response(page)
