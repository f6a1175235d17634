"""我的报表: one report that was asked for: how far it is, its files, 取消."""

from __future__ import annotations

from flask import redirect
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.reports.views import blueprint
from portal.errors import NotFound
from portal.extensions import limiter
from portal.models import RunState
from portal.reports import making, pages
from portal.services import report_files, report_runs
from portal.web import asked_turn, current_actor, look_pause, page_or_partial, send_kept

_TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


@blueprint.get("/reports/runs/<int:run_id>")
@requires(Action.OPEN_OWN_REPORTS)
def run(run_id: int) -> Response:
    """How far it is; done: its files."""
    turn = asked_turn()
    found = report_runs.find_run(current_actor(), run_id)
    return page_or_partial(
        "reports/run.html",
        "reports/_run.html",
        run=found,
        of=report_runs.original_of(found),
        left=report_runs.seconds_left(found),
        turn=turn,
        pause=look_pause(turn) if found.due_at is not None else None,
        verify_path=pages.verify_path(found) if found.state is RunState.DONE else "",
        kept_days=report_files.KEPT.days,
    )


@blueprint.post("/reports/runs/<int:run_id>/cancel")
@requires(Action.OPEN_OWN_REPORTS)
def cancel(run_id: int) -> Response:
    """取消."""
    report_runs.cancel(current_actor(), run_id)
    return redirect(f"/reports/runs/{run_id}", 303)


@blueprint.get("/reports/runs/<int:run_id>/file.<ending>")
@limiter.limit("60 per minute")
@requires(Action.OPEN_OWN_REPORTS)
def file(run_id: int, ending: str) -> Response:
    """A file of it. The PDF opens in the browser, to be printed from there."""
    actor = current_actor()
    found = report_runs.find_run(actor, run_id)
    given = making.file_of(actor, found, ending)
    if given is None:
        if ending not in making.FORMATS:
            raise NotFound
        raise report_files.FilesGone
    return send_kept(
        given.file,
        mimetype=_TYPES[ending],
        name=f"{found.about_name}{found.title}-{found.code}.{ending}",
        size=given.size,
        etag=given.sha256,
        as_attachment=ending != "pdf",
    )
