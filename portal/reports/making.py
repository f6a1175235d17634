"""Making a report: what it says, then its pages; while its person waits, or in turns as a job."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

from portal import clock
from portal.access import Action, Actor, allows
from portal.errors import NotAllowed, NotFound, PortalError
from portal.extensions import db
from portal.models import Organisation, ReportRun, RunState
from portal.reports.content import FORMS, Content
from portal.reports.heading import Heading
from portal.reports.pages import CONTENT, finish, heading_of_run, read_content
from portal.reports.registry import find_report
from portal.reports.report import PREVIEW_ROWS, SMALL_ROWS, Asked, Report, Subject, period_words
from portal.reports.sheet import sheet
from portal.reports.workbook import workbook
from portal.rules import masking
from portal.runtime import runtime
from portal.services import report_files, report_runs, report_work
from portal.services.jobs import LeaseLost
from portal.services.members import find_member
from portal.services.organisations import find_organisation
from portal.services.report_runs import Wanted
from portal.services.report_work import Said, TakenRun
from portal.services.transaction import one_state

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


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file of a report: to be read from where it lies, its size in bytes and its hash in hex."""

    file: BinaryIO
    size: int
    sha256: str


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
    except LeaseLost:  # cancelled in another window, or late: the run's page says which
        report_runs.forget_cancelled(taken.id)
    except PortalError as error:
        report_work.fail(taken, error.message)
        raise
    return report_runs.find_run(actor, taken.id)


def begin(taken: TakenRun, actor: Actor) -> bool:
    """Read what a run says, unless it is kept already; False: it says what an earlier one said."""
    run = report_work.run_of(taken)
    if run.content_sha256 is not None and report_files.has_file(run, CONTENT):
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


def file_of(actor: Actor, run: ReportRun, ending: str) -> GivenFile | None:
    """A finished report in one of ``FORMATS``; None when its files are gone. Goes on record.

    Raises ``FormsMoved`` for forms of a member who has gone to another branch since, and
    ``OutOfReach`` for full ID numbers of an organisation that has gone elsewhere.
    """
    if run.state is not RunState.DONE or ending not in FORMATS:
        return None
    of = report_runs.original_of(run)
    if of.unmasked:
        _require_reach(actor, of.about_id)
    forms: list[tuple[int, int]] = []
    if ending == "pdf" and FORMS in of.asked["options"]:
        forms = [(member, scan) for _, member, scan, _ in read_content(of).forms]
        report_files.require_members(actor, [member for member, _ in forms])
    made = report_files.open_given(of, ending)
    if made is None and ending != "pdf" and _make_sheet(of, ending):
        made = report_files.open_given(of, ending)
    if made is None:
        return None
    report_files.record_opened(actor, of, ending)
    if forms:
        report_files.record_forms_opened(actor, of, forms)
    noted = of.files[ending]
    return GivenFile(made, noted["size"], noted["sha256"])


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


def _require_reach(actor: Actor, organisation_id: int) -> None:
    try:
        find_organisation(actor, organisation_id, Action.MAKE_REPORTS)
    except NotFound:
        raise report_files.OutOfReach from None


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


def _make_sheet(run: ReportRun, ending: str) -> bool:
    """Make and keep it as a workbook or as lines, of the content that is kept, if it is."""
    try:
        content = read_content(run)
    except report_files.FilesGone:
        return False
    report = find_report(run.kind)
    heading = heading_of_run(run, report)
    made = (
        workbook(content, heading, landscape=report.landscape)
        if ending == "xlsx"
        else sheet(content, heading)
    )
    report_files.keep_given(run, ending, made)
    return True
