"""Compares what 工作进度, 首页 and 我的团员 show with a recount of the rows (recounts.py)."""

from __future__ import annotations

from sqlalchemy import select

from portal.access import Action, Actor
from portal.extensions import db
from portal.models import Joining, JoiningState, Organisation
from portal.rules.organisations import OrganisationKind
from portal.rules.progress import Count, Counts, Period
from portal.services.home import FORMS_SHOWN, WORST, branch_home, committee_home
from portal.services.listing import Filter, ListQuery, Sort, count_members, list_members
from portal.services.progress import children_progress, counts_of, members_behind, total
from tests.recounts import (
    EVERYBODY,
    recount,
    recount_filters,
    recount_requests,
    recount_unchecked,
    recount_worst,
)


def behind(actor: Actor, top: Organisation, count: Count, period: Period = EVERYBODY) -> list[int]:
    """The members of all pages of the list behind a count."""
    found: list[int] = []
    after: str | None = ""
    while after is not None:
        page = members_behind(actor, top, count, period, after)
        found += [row.member.id for row in page.rows]
        after = page.after
    return found


def assert_counts(top: Organisation, period: Period = EVERYBODY) -> None:
    """Each count of an organisation is that of a recount, and its children's together."""
    wanted, counts = recount(top.id, period), counts_of(top, period)
    assert {one: counts.of(one) for one in Count} == {one: len(wanted[one]) for one in Count}, (
        top.name
    )
    assert counts.not_uploaded >= counts.overdue + counts.due_soon
    if top.kind is not OrganisationKind.BRANCH:
        assert total(children_progress(top, period)) == counts


def assert_lists(actor: Actor, top: Organisation, period: Period = EVERYBODY) -> None:
    """Behind each count are those whom a recount counts, each once."""
    wanted = recount(top.id, period)
    for count in Count:
        assert sorted(behind(actor, top, count, period)) == sorted(wanted[count]), (top.name, count)


def assert_branch(actor: Actor) -> None:
    """A branch's filters, the lists that they open, and its first page."""
    assert actor.organisation_id is not None
    action, branch_id = Action.LIST_OWN_MEMBERS, actor.organisation_id
    wanted, counts = recount_filters(branch_id), count_members(actor, action, branch_id)
    for one in Filter:
        assert getattr(counts, one.value) == len(wanted[one]), (actor.organisation_name, one)
        listed = list_members(actor, action, branch_id, ListQuery(filter=one, sort=Sort.DUE)).rows
        assert sorted(row.id for row in listed) == sorted(wanted[one])
    home = branch_home(actor)
    assert home.counts == counts
    sent = select(Joining.id).where(
        Joining.branch_id == branch_id, Joining.state == JoiningState.SENT
    )
    assert home.joinings == len(db.session.scalars(sent).all())
    assert {row.id for row in home.forms} <= wanted[Filter.MISSING]
    assert len(home.forms) == min(len(wanted[Filter.MISSING]), FORMS_SHOWN)


def assert_committee(actor: Actor) -> None:
    """A committee's first page: its counts, the worst branches, the requests that wait."""
    assert actor.organisation_id is not None
    top, home = actor.organisation_id, committee_home(actor)
    wanted = recount(top)
    assert home.counts == Counts(**{name: len(wanted[Count(name)]) for name in Counts._fields})
    assert [(one.id, one.overdue, one.oldest) for one in home.worst] == recount_worst(top)[:WORST]
    assert home.unchecked == recount_unchecked(top)
    assert home.releases in (None, recount_requests(top))
