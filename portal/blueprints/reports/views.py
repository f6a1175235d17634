"""统计报表: the page that lists them, and each with its form and preview."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action, Actor
from portal.blueprints.gate import requires
from portal.blueprints.reports.asked import Form, parse_form, remembered
from portal.errors import NotFound, PortalError
from portal.extensions import limiter
from portal.models import Organisation, ReportRun
from portal.reports import making
from portal.reports.registry import REPORTS, find_report
from portal.reports.report import Report
from portal.rules.organisations import OrganisationKind
from portal.runtime import runtime
from portal.services import report_files, report_runs
from portal.services.organisations import ancestors_of, find_organisation, open_children
from portal.web import current_actor, is_partial

blueprint = Blueprint("reports", __name__)

CHILDREN_SHOWN = 300
"""Organisations below that the form offers; more are found in 下级组织管理."""


@blueprint.get("/reports/")
@requires(Action.MAKE_REPORTS)
def index() -> str:
    """All reports, and what was made of them lately."""
    actor = current_actor()
    return render_template(
        "reports/index.html",
        reports=[one for one in REPORTS if _is_for(actor, one)],
        last=report_runs.last_runs(actor),
        runs=report_runs.own_runs(actor),
        kept_days=report_files.KEPT.days,
    )


@blueprint.get("/reports/<slug>")
@limiter.limit("60 per minute")
@requires(Action.MAKE_REPORTS)
def show(slug: str) -> Response:
    """The form, and the first rows as they will look."""
    actor = current_actor()
    report = _find(actor, slug)
    kept = report_runs.last_runs(actor).get(slug) if not request.args else None
    form = _remembered(actor, kept) or parse_form(actor, report, request.args)
    return _page(actor, report, form)


@blueprint.post("/reports/<slug>")
@limiter.limit("20 per minute;200 per hour")
@requires(Action.MAKE_REPORTS)
def order(slug: str) -> Response:
    """生成: made now, or begun."""
    actor = current_actor()
    report = _find(actor, slug)
    form = parse_form(actor, report, request.form)
    if form.fault:
        return _page(actor, report, form, status=422)
    reason = request.form.get("reason", "")
    try:
        run = making.order(actor, report, form.asked, reason=reason, address=portal_address())
    except NotFound:
        raise
    except PortalError as error:
        return _page(actor, report, form, error=error.message, reason=reason, status=error.status)
    return redirect(f"/reports/runs/{run.same_as_id or run.id}", 303)


def _page(
    actor: Actor,
    report: Report,
    form: Form,
    *,
    error: str = "",
    reason: str = "",
    status: int = 200,
) -> Response:
    organisation = find_organisation(actor, form.asked.organisation_id, Action.MAKE_REPORTS)
    context: dict[str, Any] = {"report": report, "form": form, "organisation": organisation}
    context |= {"error": error, "reason": reason, "made": None}
    if report.about_member:
        return make_response(render_template("reports/of_member.html", report=report))
    if report.only_branches and organisation.kind is not OrganisationKind.BRANCH:
        context["needs_branch"] = True
    elif not form.fault:
        try:
            made = making.preview(actor, report, form.asked)
        except NotFound:
            raise
        except PortalError as fault:
            context |= {"refused": fault.message}
        else:
            context |= {"made": made, "heading": making.heading_of(made, maker_of(actor))}
    if is_partial():
        return make_response(render_template("reports/_preview.html", **context), status)
    context |= {"places": _places(actor, organisation)}
    return make_response(render_template("reports/show.html", **context), status)


def _places(actor: Actor, organisation: Organisation) -> list[tuple[int, str]]:
    """What the form offers: those above as far as the actor sees, itself, those below."""
    above = ancestors_of(organisation.path, within=actor.organisation_path)
    below = open_children(organisation.id, CHILDREN_SHOWN)
    return [
        *((one.id, "　" * depth + one.name) for depth, one in enumerate(above)),
        *((one_id, "　" * len(above) + name) for one_id, name in below),
    ]


def maker_of(actor: Actor) -> str:
    """Who makes it, as a preview says."""
    return f"{actor.organisation_name} {actor.person_name}"


def portal_address() -> str:
    """The portal's own, as a paper's code leads there."""
    return (runtime().settings.public_url or request.url_root).rstrip("/")


def _is_for(actor: Actor, report: Report) -> bool:
    return report.for_branches or actor.role != "branch"


def _find(actor: Actor, slug: str) -> Report:
    report = find_report(slug)
    if not _is_for(actor, report):
        raise NotFound
    return report


def _remembered(actor: Actor, kept: ReportRun | None) -> Form | None:
    """The form as it was left, unless its organisation is no longer the actor's to see."""
    if kept is None:
        return None
    form = remembered(kept.asked)
    try:
        find_organisation(actor, form.asked.organisation_id, Action.MAKE_REPORTS)
    except NotFound:
        return None
    return form
