"""工作进度 · 不规范编号 as a table, and the members behind each of its counts."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.wrappers import Response

from portal import clock
from portal.access import Action, Actor
from portal.blueprints.gate import requires
from portal.blueprints.progress.asked import RATE, Asked, parse_asked
from portal.errors import NotFound
from portal.models import Organisation
from portal.rules.organisations import OrganisationKind
from portal.rules.progress import Count, Counts
from portal.rules.trend_chart import chart_of
from portal.services import progress as service
from portal.services import progress_days as days
from portal.services.organisations import ancestors_of
from portal.services.urging import last_urged
from portal.web import current_actor, is_partial, page_or_partial

blueprint = Blueprint("progress", __name__, url_prefix="/progress")


@blueprint.get("/")
@requires(Action.VIEW_PROGRESS)
def index() -> Response:
    """The actor's own organisation."""
    return _table(service.find_organisation(current_actor(), current_actor().organisation_id))


@blueprint.get("/<int:organisation_id>")
@requires(Action.VIEW_PROGRESS)
def show(organisation_id: int) -> Response:
    """One organisation below."""
    return _table(service.find_organisation(current_actor(), organisation_id))


@blueprint.get("/<int:organisation_id>/members")
@requires(Action.VIEW_PROGRESS)
def members(organisation_id: int) -> Response:
    """The members behind a count."""
    actor, asked = current_actor(), parse_asked()
    organisation = service.find_organisation(actor, organisation_id)
    try:
        count = Count(request.args.get("count", ""))
    except ValueError:
        raise NotFound from None
    after = request.args.get("after", "")
    page = service.members_behind(actor, organisation, count, asked.period, after)
    return page_or_partial(
        "progress/members.html",
        "progress/_members.html",
        organisation=organisation,
        path=path_to(actor, organisation, asked),
        asked=asked,
        count=count,
        total=service.counts_of(organisation, asked.period).of(count),
        behind=page,
        paged=bool(after),
        is_branch=organisation.kind is OrganisationKind.BRANCH,
    )


def _table(organisation: Organisation) -> Response:
    actor, asked = current_actor(), parse_asked()
    is_branch = organisation.kind is OrganisationKind.BRANCH
    rows, whole = _rows(organisation, asked)
    shown = _arranged(rows, asked)
    weeks = () if is_partial() else days.trend(organisation.id)
    return page_or_partial(
        "progress/index.html",
        "progress/_table.html",
        organisation=organisation,
        path=path_to(actor, organisation, asked),
        asked=asked,
        columns=tuple(Count),
        rate=RATE,
        total=whole,
        rows=shown,
        hidden=len(rows) - len(shown),
        is_branch=is_branch,
        now=clock.format_moment(clock.now()),
        weeks=tuple(reversed(weeks)),
        chart=chart_of([(week.day, week.counts.rate) for week in weeks], clock.format_day),
        urged=last_urged(organisation.id),
    )


def _rows(
    organisation: Organisation, asked: Asked
) -> tuple[tuple[service.ProgressRow, ...], Counts]:
    """The rows below an organisation and their sum; of a branch its own counts alone."""
    is_branch = organisation.kind is OrganisationKind.BRANCH
    if asked.day is not None:
        rows = () if is_branch else days.children_as_of(organisation, asked.day)
        own = days.counts_as_of(organisation.id, asked.day) if is_branch else service.total(rows)
        return rows, own
    rows = () if is_branch else service.children_progress(organisation, asked.period)
    own = service.counts_of(organisation, asked.period) if is_branch else service.total(rows)
    return rows, own


def _arranged(
    rows: tuple[service.ProgressRow, ...], asked: Asked
) -> tuple[service.ProgressRow, ...]:
    """The rows that are wanted, in the order that is wanted; equal ones in the tree's."""
    if asked.busy_only:
        rows = tuple(row for row in rows if row.counts.asks_for_something)
    if not asked.sort:
        return rows

    def value(row: service.ProgressRow) -> float:
        if asked.sort == RATE:
            return -1.0 if row.counts.rate is None else row.counts.rate
        return row.counts.of(Count(asked.sort))

    return tuple(sorted(rows, key=value if asked.ascending else lambda row: -value(row)))


def path_to(actor: Actor, organisation: Organisation, asked: Asked) -> tuple[tuple[str, str], ...]:
    """The organisations above, each with its own table of the same view."""
    return tuple(
        (one.name, f"/progress/{one.id}{asked.query()}")
        for one in ancestors_of(organisation.path, within=actor.organisation_path)
    )
