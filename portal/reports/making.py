"""Making a report: what it says, then its pages; while its person waits, or in turns as a job."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from portal import clock
from portal.access import Action, Actor, allows
from portal.errors import NotAllowed, NotFound, PortalError
from portal.extensions import db
from portal.models import Organisation, ReportRun, RunState
from portal.reports.bound import BoundDocument
from portal.reports.content import FORMS, Content
from portal.reports.document import Document, Piece
from portal.reports.heading import Heading
from portal.reports.registry import find_report
from portal.reports.report import PREVIEW_ROWS, SMALL_ROWS, Asked, Report, Subject, period_words
from portal.reports.sheet import sheet
from portal.reports.workbook import workbook
from portal.rules import masking
from portal.rules.report_codes import fingerprint
from portal.runtime import runtime
from portal.services import report_files, report_runs, report_work
from portal.services.members import find_member
from portal.services.organisations import find_organisation
from portal.services.report_runs import Wanted
from portal.services.report_work import Said, TakenRun
from portal.services.transaction import one_state
from portal.typesetting.typesetter import Part

CONTENT, PDF = "content.json", "report.pdf"
FORMATS = ("pdf", "xlsx", "csv")


class ReasonMissing(PortalError):
    """Personal columns in full are asked for without a reason."""

    status = 422

    def __init__(self) -> None:
        super().__init__("显示完整身份证号的报表须写明用途，会记入操作日志，并印在每页的水印里。")


@dataclass(frozen=True, slots=True)
class Made:
    """What a report says now, and as of when."""

    report: Report
    subject: Subject
    content: Content
    as_of: datetime


def preview(actor: Actor, report: Report, asked: Asked, *, most: int = PREVIEW_ROWS) -> Made:
    """What it would say, of its first rows; personal columns masked. Raises ``NotFound``."""
    with one_state():
        made = _build(actor, report, _masked(asked), most)
    return replace(made, content=made.content.without_cut_sums())


def order(
    actor: Actor, report: Report, asked: Asked, *, reason: str = "", address: str = ""
) -> ReportRun:
    """The report as a run: made now where it is small, else by the worker.

    The same again on one day is the same run. ``address`` is the portal's own, for the paper's
    code. Raises ``NotFound``, ``ReasonMissing``, ``TooManyReports`` or ``NotTypeset``.
    """
    reason = " ".join(reason.split())[:100]
    if asked.unmasked:
        if not (report.personal and allows(actor, Action.UNMASK_FIELD)):
            raise NotAllowed
        if not reason:
            raise ReasonMissing
    with one_state():
        made = _build(actor, report, asked, SMALL_ROWS)
    about = made.subject.organisation
    wanted = Wanted(
        kind=report.slug,
        about_id=about.id,
        about_name=about.name,
        title=_title(made),
        address=address,
        asked=asked.to_json(),
        unmasked=asked.unmasked,
        reason=reason if asked.unmasked else "",
    )
    is_small = made.content.whole and FORMS not in made.content.extra
    if is_small:
        same = report_runs.earlier(actor, wanted, _sha256(made))
        if same is not None:
            return same
    run = report_runs.order(actor, wanted)
    taken = report_work.take(run.id) if is_small else None
    if taken is None:  # large, or somebody is at it already
        runtime().wake()
        return run
    try:
        _keep_content(taken, made)
        finish(taken, tell=False)
    except PortalError as error:
        report_work.fail(taken, error.message)
        raise
    return report_runs.find_run(actor, taken.id)


def begin(taken: TakenRun, actor: Actor) -> bool:
    """Read what a run says, unless it is kept already; False: it says what an earlier one said."""
    run = report_work.run_of(taken)
    if run.content_sha256 is not None and report_files.read_file(run, CONTENT) is not None:
        return True
    report, asked = find_report(run.kind), Asked.from_json(run.asked)
    db.session.rollback()
    with one_state():
        made = _build(actor, report, asked, None)
    run = report_work.run_of(taken)
    same = report_runs.earlier(actor, report_runs.wanted_of(run), _sha256(made))
    if same is not None:
        report_work.is_same_as(taken, same)
        return False
    _keep_content(taken, made)
    return True


def finish(taken: TakenRun, *, tell: bool, go_on: Callable[[], bool] = lambda: True) -> bool:
    """Typeset what is not typeset yet, and join; whether it is done.

    ``go_on`` is asked between parts whether there is time for more.
    """
    report_work.go_on(taken, report_work.run_of(taken).rows_done)
    run = report_work.run_of(taken)
    document = _document(run, read_content(run))
    parts: list[Part] = []
    waiting: list[tuple[int, Piece]] = []
    rows = 0
    for place, piece in enumerate(document.parts()):
        kept = report_files.read_file(run, _part_name(place))
        if kept is not None and not waiting:
            parts.append(Part.from_bytes(kept))
            rows += piece.rows
        else:
            waiting.append((place, piece))
    db.session.expunge(run)
    db.session.rollback()  # nothing stays open while pages are made
    at_once = runtime().settings.report_processes
    with ThreadPoolExecutor(at_once) as threads:
        for start in range(0, len(waiting), at_once):
            if start and not go_on():
                return False
            some = waiting[start : start + at_once]
            html = [piece.html() for _, piece in some]
            typeset = list(threads.map(runtime().typesetter.part, html))
            if len(waiting) > 1:
                for (place, _), part in zip(some, typeset, strict=True):
                    report_files.keep_file(run, _part_name(place), part.to_bytes())
            parts += typeset
            rows += sum(piece.rows for _, piece in some)
            report_work.go_on(taken, rows)
    whole, pages = document.join(parts)
    report_files.keep_file(run, PDF, whole)
    report_files.note_file(run, "pdf", whole)
    report_work.finish(taken, pages=pages, tell=tell)
    report_files.remove_parts(run)
    return True


def file_of(actor: Actor, run: ReportRun, ending: str) -> bytes | None:
    """A finished report in one of ``FORMATS``; None when its files are gone. Goes on record."""
    if run.state is not RunState.DONE or ending not in FORMATS:
        return None
    of = report_runs.original_of(run)
    if ending == "pdf":
        made = report_files.read_file(of, PDF)
    else:
        made = report_files.read_file(of, f"report.{ending}") or _make_sheet(of, ending)
    if made is not None:
        report_files.record_opened(actor, of, ending)
        if ending == "pdf" and FORMS in of.asked["options"]:
            forms = [(member, scan) for _, member, scan, _ in read_content(of).forms]
            report_files.record_forms_opened(actor, of, forms)
    return made


def read_content(run: ReportRun) -> Content:
    """What a run says. Raises ``FilesGone``."""
    kept = report_files.read_file(run, CONTENT)
    if kept is None:
        raise FilesGone
    return Content.from_json(json.loads(kept))


class FilesGone(PortalError):
    """The files of a report are not kept any more."""

    status = 410

    def __init__(self) -> None:
        super().__init__("这份报表的文件已过保留期。请在“统计报表”里按原来的条件重新生成。")


def heading_of(made: Made, maker: str) -> Heading:
    """The head of a preview."""
    return Heading(
        title=made.report.title,
        organisation=made.subject.organisation.name,
        period=period_words(made.report, made.subject.asked.period),
        as_of=made.as_of,
        maker=maker,
        notes=made.report.notes,
    )


def verify_path(run: ReportRun) -> str:
    """The address of a report's own answer, with what its paper says of the content."""
    mark = fingerprint(run.content_sha256 or b"").replace(" ", "")
    return f"/verify?code={run.code}&mark={mark}"


def _build(actor: Actor, report: Report, asked: Asked, most: int | None) -> Made:
    subject = _subject(actor, report, asked)
    return Made(report, subject, report.build(subject, most), clock.now())


def _subject(actor: Actor, report: Report, asked: Asked) -> Subject:
    if not report.about_member:
        found = find_organisation(actor, asked.organisation_id, Action.MAKE_REPORTS)
        return Subject(actor, found, asked)
    if asked.member_id is None:
        raise NotFound
    member = find_member(actor, Action.CERTIFY_MEMBER, asked.member_id)
    branch = db.session.get_one(Organisation, member.branch_id)
    return Subject(actor, branch, asked, member)


def _title(made: Made) -> str:
    """As it stands in 我的报表, on record and at /verify: of a member no more than anybody sees."""
    subject = made.subject
    if subject.member is not None:
        return f"{made.report.title}（{masking.mask_name(subject.member.name)}）"
    months = period_words(made.report, subject.asked.period) if subject.asked.period else ""
    return f"{made.report.title}（{months}）" if months else made.report.title


def _masked(asked: Asked) -> Asked:
    return Asked(asked.organisation_id, asked.period, asked.options, asked.member_id)


def _sha256(made: Made) -> bytes:
    about = made.subject.organisation
    return made.content.sha256(
        f"{made.report.slug}|{about.id}|{about.name}"
        f"|{period_words(made.report, made.subject.asked.period)}"
    )


def _keep_content(taken: TakenRun, made: Made) -> None:
    run = report_work.run_of(taken)
    kept = json.dumps(made.content.to_json(), ensure_ascii=False).encode()
    report_files.keep_file(run, CONTENT, kept)
    content = made.content
    report_work.say(taken, Said(content.row_count, _sha256(made), content.totals, made.as_of))


def _document(run: ReportRun, content: Content) -> Document:
    report = find_report(run.kind)
    kind = BoundDocument if FORMS in content.extra else Document
    return kind(report, content, _heading(run, report), f"{run.address}{verify_path(run)}")


def _heading(run: ReportRun, report: Report) -> Heading:
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


def _make_sheet(run: ReportRun, ending: str) -> bytes | None:
    try:
        content = read_content(run)
    except FilesGone:
        return None
    report = find_report(run.kind)
    heading = _heading(run, report)
    made = (
        workbook(content, heading, landscape=report.landscape)
        if ending == "xlsx"
        else sheet(content, heading)
    )
    report_files.keep_file(run, f"report.{ending}", made)
    report_files.note_file(run, ending, made)
    return made


def _part_name(place: int) -> str:
    return f"part{place:04d}.part"
