"""首页: what a person has to do, what is late, what is new."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from portal import clock
from portal.access import Action, Actor, allows, in_subtree
from portal.models import JoiningState, Member, MonthTally, Organisation, Tally
from portal.rules.progress import Count, Counts, Period
from portal.services import transfer_lists, urging
from portal.services.joining_queue import count_joinings
from portal.services.listing import Counts as ListCounts
from portal.services.listing import Filter, ListQuery, Sort, count_members, list_members
from portal.services.member_rows import MemberRow
from portal.services.messages import InboxRow, inbox
from portal.services.organisations import names_on_paths
from portal.services.progress import CRITERIA, counts_of, find_organisation
from portal.services.release_lists import count_waiting
from portal.services.transaction import reading
from portal.services.waiting_reports import count_waiting as count_waiting_reports

FORMS_SHOWN = 10
MESSAGES_SHOWN = 5
WORST = 10


@dataclass(frozen=True, slots=True)
class BranchHome:
    """A branch's first page. ``forms``: who owes one, the first due first.

    ``reports``: how many members wait for an answer to 报告错误.
    """

    counts: ListCounts
    forms: tuple[MemberRow, ...]
    joinings: int
    transfers: int
    reports: int
    messages: tuple[InboxRow, ...]

    @property
    def nothing_to_do(self) -> bool:
        """Whether nobody waits for anything."""
        return not (
            self.counts.missing
            or self.counts.faulty
            or self.counts.irregular
            or self.joinings
            or self.transfers
            or self.reports
        )


@dataclass(frozen=True, slots=True)
class WorstBranch:
    """A branch with overdue forms; ``place`` is what is above it, below the actor."""

    id: int
    name: str
    place: str
    overdue: int
    oldest: date | None
    urged: urging.Urged | None


@dataclass(frozen=True, slots=True)
class CommitteeHome:
    """A committee's first page. ``releases``: requests it can answer; None if it never may.

    ``transfers``: to outside systems, waiting for this committee. ``unchecked``: forms of new
    members below that nobody has checked.
    """

    counts: Counts
    worst: tuple[WorstBranch, ...]
    releases: int | None
    transfers: int
    unchecked: int
    messages: tuple[InboxRow, ...]


def branch_home(actor: Actor) -> BranchHome:
    """What a branch's admin has to do."""
    assert actor.organisation_id is not None
    wanted = ListQuery(filter=Filter.MISSING, sort=Sort.DUE)
    forms = list_members(actor, Action.LIST_OWN_MEMBERS, actor.organisation_id, wanted)
    return BranchHome(
        counts=count_members(actor, Action.LIST_OWN_MEMBERS, actor.organisation_id),
        forms=forms.rows[:FORMS_SHOWN],
        joinings=count_joinings(actor)[JoiningState.SENT],
        transfers=transfer_lists.count_waiting(actor),
        reports=count_waiting_reports(actor),
        messages=_unread(actor),
    )


def committee_home(actor: Actor) -> CommitteeHome:
    """What stands out below a committee."""
    organisation = find_organisation(actor, actor.organisation_id)
    return CommitteeHome(
        counts=counts_of(organisation, Period()),
        worst=_worst(organisation),
        releases=count_waiting(actor) if allows(actor, Action.RELEASE_NUMBER) else None,
        transfers=transfer_lists.count_waiting(actor)
        if allows(actor, Action.DECIDE_TRANSFER)
        else 0,
        unchecked=unchecked(organisation),
        messages=_unread(actor),
    )


def unchecked(organisation: Organisation) -> int:
    """How many uploaded forms of new members of a subtree nobody has checked.

    From the counts of months where they are kept, so that the whole city is one short sum.
    """
    if organisation.parent_id is None:
        query = select(func.sum(MonthTally.with_scan - MonthTally.checked))
    else:
        query = (
            select(func.sum(Tally.with_scan - Tally.checked))
            .join(Organisation, Organisation.id == Tally.branch_id)
            .where(in_subtree(organisation.path))
        )
    return reading().scalar(query) or 0


def _unread(actor: Actor) -> tuple[InboxRow, ...]:
    return inbox(actor, unread_only=True).rows[:MESSAGES_SHOWN]


def _worst(organisation: Organisation) -> tuple[WorstBranch, ...]:
    """The branches with the most overdue forms, among equals the one that waits longest."""
    count, oldest = func.count(Member.id), func.min(Member.due_date)
    today = clock.today()
    rows = list(
        reading().execute(
            select(Organisation.id, Organisation.name, Organisation.path, count, oldest)
            .join(Member, Member.branch_id == Organisation.id)
            .where(in_subtree(organisation.path), CRITERIA[Count.OVERDUE])
            .group_by(Organisation.id)
            .order_by(count.desc(), oldest, Organisation.id)
            .limit(WORST),
            {"today": today},
        )
    )
    names = names_on_paths(row.path for row in rows) if rows else {}
    urged = urging.urged_branches([row.id for row in rows])
    above = len(organisation.path.strip("/").split("/"))
    return tuple(
        WorstBranch(
            branch_id,
            name,
            " › ".join(names[int(part)] for part in path.strip("/").split("/")[above:-1]),
            overdue,
            first,
            urged.get(branch_id),
        )
        for branch_id, name, path, overdue, first in rows
    )
