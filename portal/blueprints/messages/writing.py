"""写信: to whom, the text, 保存草稿, 发送; the letters that are kept."""

from __future__ import annotations

import re
import secrets

from flask import flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.messages.views import blueprint
from portal.errors import NotFound, PortalError
from portal.rules.letters import BODY_LENGTH, SUBJECT_LENGTH, Addressee, AddresseeKind, LetterText
from portal.services import letter_drafts as drafts
from portal.services import letters as service
from portal.services.letter_choices import below_counts, choices
from portal.services.letter_drafts import TooManyDrafts
from portal.services.letter_files import files_of_draft
from portal.services.letters import Destination, LetterFaults, NobodyReads, TooManyLetters
from portal.services.sent_letters import earlier
from portal.web import current_actor

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,40}")
_BEFORE = {AddresseeKind.MEMBER: "/members/{}", AddresseeKind.ANSWER: "/messages/{}"}
"""Where a person came from who wants to write."""

_REFUSALS = (LetterFaults, TooManyLetters, TooManyDrafts, NobodyReads)


@blueprint.get("/new")
@requires(Action.WRITE_LETTER)
def new() -> Response:
    """Whom to write to; once that is chosen, the letter."""
    actor, to = current_actor(), Addressee.parse(request.args.get("to", ""))
    if to is not None:
        return _begin(to)
    query = request.args.get("q", "").strip()[:50]
    found = choices(actor, query)
    below = {one.id: below_counts(actor, one.id) for one in found.found}
    page = render_template("messages/new.html", choices=found, query=query, below=below)
    return make_response(page)


@blueprint.get("/<int:message_id>/answer")
@requires(Action.ANSWER_MESSAGE)
def answer(message_id: int) -> Response:
    """回复."""
    return _begin(Addressee(AddresseeKind.ANSWER, message_id))


@blueprint.route("/letters/<token>", methods=["GET", "POST"])
@requires(Action.ANSWER_MESSAGE)
def letter(token: str) -> Response:
    """A letter under way: sent, kept, or gone on with."""
    actor = current_actor()
    if not _TOKEN.fullmatch(token):
        raise NotFound
    if (sent := service.sent_with(actor, token)) is not None:
        return redirect(f"/messages/sent/{sent}", 303)
    if request.method == "GET":
        draft = drafts.find_draft(actor, token)
        to = Addressee.parse(draft.to)
        assert to is not None
        return _page(token, to, LetterText(draft.subject, draft.body), is_kept=True)
    to = Addressee.parse(request.form.get("to", ""))
    if to is None:
        raise NotFound
    typed = LetterText(request.form.get("subject", ""), request.form.get("body", ""))
    try:
        step = request.form.get("step")
        if step in ("save", "attach"):
            drafts.save(actor, token, to, typed)
            if step == "attach":
                return redirect(f"/messages/letters/{token}/files", 303)
            flash("草稿已保存，7 天内可以从“草稿”里继续写。", "good")
            return redirect(f"/messages/letters/{token}", 303)
        message_id = service.send(actor, token, to, typed)
    except _REFUSALS as refused:
        return _page(token, to, typed, refused=refused)
    flash("已发送。", "good")
    return redirect(f"/messages/sent/{message_id}", 303)


@blueprint.get("/drafts")
@requires(Action.ANSWER_MESSAGE)
def kept() -> Response:
    """草稿."""
    rows = drafts.drafts_of(current_actor())
    return make_response(render_template("messages/drafts.html", drafts=rows))


@blueprint.post("/letters/<token>/discard")
@requires(Action.ANSWER_MESSAGE)
def discard(token: str) -> Response:
    """删除草稿."""
    drafts.discard(current_actor(), token)
    flash("草稿已删除。", "good")
    return redirect("/messages/drafts", 303)


def _begin(to: Addressee) -> Response:
    """An empty letter; one that answers begins with the subject that it answers."""
    actor = current_actor()
    try:
        goal = service.destination(actor, to)
    except NobodyReads as refused:
        flash(refused.message, "warning")
        return redirect(_BEFORE.get(to.kind, "/messages/new").format(to.id), 303)
    subject = ""
    if goal.answers is not None:
        subject = f"回复：{goal.answers.subject.removeprefix('回复：')}"[:SUBJECT_LENGTH]
    return _page(secrets.token_urlsafe(16), to, LetterText(subject, ""))


def _page(
    token: str,
    to: Addressee,
    typed: LetterText,
    *,
    is_kept: bool = False,
    refused: PortalError | None = None,
) -> Response:
    actor = current_actor()
    goal: Destination | None = None
    try:
        goal = service.destination(actor, to)
    except NobodyReads as nobody:
        refused = refused or nobody
    answers = goal.answers if goal is not None else None
    answered = (answers, *earlier(actor, answers)) if answers is not None else ()
    page = render_template(
        "messages/write.html",
        token=token,
        to=to,
        words=goal.words if goal else "",
        count=goal.delivery.addressees if goal else 0,
        typed=typed,
        answered=answered,
        is_kept=is_kept,
        files=files_of_draft(actor, token),
        error=refused.message if refused else "",
        faults=refused.faults if isinstance(refused, LetterFaults) else {},
        lengths=(SUBJECT_LENGTH, BODY_LENGTH),
    )
    return make_response(page, refused.status if refused else 200)
