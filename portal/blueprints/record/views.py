"""The record, searched, page by page."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from portal import clock
from portal.access import COMMITTEES, Action
from portal.blueprints.gate import requires
from portal.blueprints.record.asked import LONGEST, Asked, parse_asked
from portal.extensions import limiter
from portal.services import record_search as service
from portal.services.record_export import Export, conditions, make_export, record_export
from portal.services.record_sentences import RecordKind
from portal.services.record_words import FOUND
from portal.web import current_actor, page_or_partial

blueprint = Blueprint("record", __name__, url_prefix="/record")


@blueprint.get("/")
@requires(Action.VIEW_RECORD)
def index() -> Response:
    """The newest lines, or those that are looked for."""
    actor, asked = current_actor(), parse_asked()
    found = service.Page((), None)
    if not asked.fault:
        found = service.search(actor, asked.search, before=asked.before)
    return page_or_partial(
        "record/index.html",
        "record/_lines.html",
        asked=asked,
        found=found,
        kinds=tuple(RecordKind),
        for_committee=actor.role in COMMITTEES,
        longest=LONGEST,
        most=FOUND,
    )


@blueprint.get("/export")
@limiter.limit("20 per minute;200 per hour")
@requires(Action.EXPORT_RECORD)
def export() -> Response:
    """What would be exported, and its SHA-256; nothing is written yet."""
    asked = parse_asked()
    if asked.fault:
        return _export_page(asked, Export(b"", 0, False, 0))
    return _export_page(asked, make_export(current_actor(), asked.search))


@blueprint.post("/export")
@limiter.limit("20 per minute;200 per hour")
@requires(Action.EXPORT_RECORD)
def download() -> Response:
    """The file whose SHA-256 was shown, on record; where it would be another, that one is shown."""
    actor, asked = current_actor(), parse_asked()
    until = request.form.get("until", type=int)
    if asked.fault or until is None or not 0 < until < 1 << 62:
        return _export_again(asked)
    made = make_export(actor, asked.search, until=until)
    if not made.rows or made.sha256 != request.form.get("sha256"):
        return _export_again(asked)
    record_export(actor, made, asked.search)
    answer = make_response(made.content)
    answer.mimetype = "text/csv"
    name = f"record-{clock.now().astimezone(clock.BEIJING):%Y%m%d-%H%M%S}-{made.sha256[:12]}.csv"
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer


def _export_again(asked: Asked) -> Response:
    """The page anew, of what there is now."""
    made = Export(b"", 0, False, 0) if asked.fault else make_export(current_actor(), asked.search)
    return _export_page(asked, made, changed=True, status=409)


def _export_page(
    asked: Asked, made: Export, *, changed: bool = False, status: int = 200
) -> Response:
    shown = render_template(
        "record/export.html",
        asked=asked,
        export=made,
        changed=changed,
        conditions=conditions(asked.search),
        most=FOUND,
    )
    return make_response(shown, status)
