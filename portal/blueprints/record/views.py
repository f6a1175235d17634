"""The record, searched, page by page."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from portal.access import COMMITTEES, Action
from portal.blueprints.gate import requires
from portal.blueprints.record.asked import LONGEST, parse_asked
from portal.services import record_search as service
from portal.services.record_sentences import RecordKind
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
    )
