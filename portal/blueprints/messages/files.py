"""附件: added to a letter that is kept, and downloaded from one that was sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from flask import flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.messages.views import blueprint
from portal.extensions import csrf
from portal.rules.attachments import MAX_FILES
from portal.runtime import runtime
from portal.services import letter_files as service
from portal.services.letter_drafts import find_draft
from portal.storage import Incoming
from portal.web import PortalRequest, current_actor, send_kept

DOWNLOAD_POLICY = "default-src 'none'; sandbox"


@blueprint.get("/letters/<token>/files")
@requires(Action.ANSWER_MESSAGE)
def files(token: str) -> Response:
    """The files of a letter under way."""
    return _page(token)


@blueprint.post("/letters/<token>/files")
@requires(Action.ANSWER_MESSAGE, checks_token=False)
def add_files(token: str) -> Response:
    """添加附件: one or several."""
    sent = cast(PortalRequest, request)

    def receive(gather: Callable[[], Incoming]) -> Sequence[tuple[str, Incoming]]:
        found = sent.receive_files(gather)
        csrf.protect()  # the token is in the body, which is read now
        return found

    added = service.add(current_actor(), token, receive)
    if added.refused:
        return _page(token, refused=added.refused)
    if added.added:
        flash(f"已添加 {added.added} 个附件。", "good")
    else:
        again = "这个文件已经添加过，没有重复添加。"
        flash(again if added.again else "还没有选择文件。请先选择，再点“添加”。", "warning")
    return redirect(f"/messages/letters/{token}/files", 303)


@blueprint.post("/letters/<token>/files/<int:file_id>/remove")
@requires(Action.ANSWER_MESSAGE)
def remove_file(token: str, file_id: int) -> Response:
    """移除附件."""
    service.remove(current_actor(), token, file_id)
    flash("附件已移除。", "good")
    return redirect(f"/messages/letters/{token}/files", 303)


@blueprint.get("/<int:message_id>/files/<int:file_id>")
@requires(Action.READ_MESSAGES)
def download(message_id: int, file_id: int) -> Response:
    """An attachment, to be kept and not to be shown here."""
    found = service.find_file(current_actor(), message_id, file_id)
    return send_kept(
        runtime().store.open(found.storage_key),
        mimetype=found.kind.mimetype,
        name=found.name,
        size=found.size,
        etag=found.sha256.hex(),
        as_attachment=True,
        policy=DOWNLOAD_POLICY,
    )


def _page(token: str, *, refused: Sequence[tuple[str, str]] = ()) -> Response:
    actor = current_actor()
    page = render_template(
        "messages/files.html",
        token=token,
        draft=find_draft(actor, token),
        files=service.files_of_draft(actor, token),
        most=MAX_FILES,
        refused=refused,
    )
    return make_response(page, 422 if refused else 200)
