"""The pages of a report whose content is kept: typeset in parts, in turns, and joined."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from portal import clock
from portal.extensions import db
from portal.models import ReportRun
from portal.reports.bound import BoundDocument
from portal.reports.content import FORMS, Content
from portal.reports.document import Document, Piece
from portal.reports.heading import Heading
from portal.reports.registry import find_report
from portal.reports.report import Asked, Report, period_words
from portal.rules.report_codes import fingerprint
from portal.runtime import runtime
from portal.services import report_files, report_work
from portal.services.report_work import TakenRun

CONTENT = "content.json"


def finish(taken: TakenRun, *, tell: bool, go_on: Callable[[], bool] = lambda: True) -> bool:
    """Typeset what is not typeset yet, and join; whether it is done.

    ``go_on`` is asked between parts whether there is time for more.
    """
    report_work.go_on(taken, report_work.run_of(taken).rows_done)
    run = report_work.run_of(taken)
    document = _document(run, read_content(run))
    db.session.expunge(run)
    db.session.rollback()  # nothing stays open while pages are made
    pieces = list(document.parts())
    if len(pieces) == 1:
        parts = [runtime().typesetter.part(pieces[0].html())]
    elif _typeset(taken, run, pieces, go_on):
        parts = [report_files.kept_part(run, place, len(pieces)) for place in range(len(pieces))]
    else:
        return False
    pages = report_files.keep_whole(run, "pdf", lambda sink: document.join(parts, sink))
    report_work.finish(taken, pages=pages, tell=tell)
    report_files.remove_parts(run)
    return True


def _typeset(
    taken: TakenRun, run: ReportRun, pieces: list[Piece], go_on: Callable[[], bool]
) -> bool:
    """Typeset and keep the parts that nobody has yet, some at a time; whether all are kept."""
    kept = report_files.kept_places(run, len(pieces))
    waiting = [place for place in range(len(pieces)) if place not in kept]
    rows = sum(pieces[place].rows for place in kept)
    at_once = runtime().settings.report_processes
    with ThreadPoolExecutor(at_once) as threads:
        for start in range(0, len(waiting), at_once):
            if start and not go_on():
                return False
            some = waiting[start : start + at_once]
            made = threads.map(runtime().typesetter.part, [pieces[place].html() for place in some])
            for place, part in zip(some, made, strict=True):
                report_files.keep_part(run, place, len(pieces), part)
            rows += sum(pieces[place].rows for place in some)
            report_work.go_on(taken, rows)
    return True


def read_content(run: ReportRun) -> Content:
    """What a run says. Raises ``FilesGone``."""
    kept = report_files.read_file(run, CONTENT)
    if kept is None:
        raise report_files.FilesGone
    return Content.from_json(json.loads(kept))


def verify_path(run: ReportRun) -> str:
    """The address of a report's own answer, with what its paper says of the content."""
    mark = fingerprint(run.content_sha256 or b"").replace(" ", "")
    return f"/verify?code={run.code}&mark={mark}"


def _document(run: ReportRun, content: Content) -> Document:
    report = find_report(run.kind)
    kind = BoundDocument if FORMS in content.extra else Document
    return kind(report, content, heading_of_run(run, report), f"{run.address}{verify_path(run)}")


def heading_of_run(run: ReportRun, report: Report) -> Heading:
    """The head of a report of which it is known what it says."""
    asked = Asked.from_json(run.asked)
    assert run.as_of is not None
    assert run.content_sha256 is not None
    return Heading(
        title=report.title,
        organisation=run.about_name,
        period=period_words(report, asked.period),
        as_of=run.as_of,
        maker=run.maker,
        code=run.code,
        content_sha256=run.content_sha256,
        watermark=_watermark(run),
        notes=report.notes,
    )


def _watermark(run: ReportRun) -> str:
    if not run.unmasked or run.as_of is None:
        return ""
    return f"{run.maker}　{clock.format_second(run.as_of)}　{run.reason}"
