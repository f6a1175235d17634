"""团组织管理: moving an organisation with all that is below it, and merging two into one.

Counts are kept per branch and summed along the path, so a subtree that moves takes them along.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Update, case, delete, func, literal, select, update
from sqlalchemy.orm import aliased

from portal import clock
from portal.access import Action, Actor, in_subtree
from portal.extensions import db
from portal.models import (
    Account,
    CheckRound,
    Joining,
    JoiningState,
    Member,
    NumberRelease,
    Organisation,
    ReleaseState,
    Tally,
)
from portal.rules.organisations import OrganisationKind, depth_of, kinds_above
from portal.services import audit, transfer_trees, transfers_outside
from portal.services.derived import add_to_branch
from portal.services.month_tallies import count_anew, part_of
from portal.services.organisation_changes import (
    OrganisationRefused,
    find_changeable,
    find_for,
    names_to,
    open_children,
    refuse_closed,
    refuse_depth,
    refuse_kind,
    refuse_same_name,
    touch,
)
from portal.services.organisations import OPEN, FoundOrganisation, search
from portal.services.transaction import writing

NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class MovePreview:
    """What moving would come to."""

    from_path: str
    to_path: str
    below: int
    members: int


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What merging would come to: what goes over to the other one."""

    name: str
    into_name: str
    into_path: str
    is_branch: bool
    members: int
    left: int
    joinings: int
    releases: int
    accounts: int
    children: int


def move_choices(
    actor: Actor, organisation: Organisation, text: str
) -> tuple[list[FoundOrganisation], bool]:
    """Where an organisation can be moved to, found by name; and whether there are more."""
    return search(
        actor,
        text,
        Organisation.kind.in_(kinds_above(organisation.kind)),
        ~in_subtree(organisation.path),
        Organisation.id != organisation.parent_id,
        action=Action.ADD_ORGANISATION,
    )


def merge_choices(
    actor: Actor, organisation: Organisation, text: str
) -> tuple[list[FoundOrganisation], bool]:
    """What an organisation can be merged into, found by name; and whether there are more."""
    return search(
        actor,
        text,
        Organisation.kind == organisation.kind,
        ~in_subtree(organisation.path),
        action=Action.MERGE_ORGANISATION,
    )


def preview_move(actor: Actor, organisation_id: int, parent_id: int) -> MovePreview:
    """What ``move`` would do. Raises ``OrganisationRefused`` where it would."""
    organisation = find_for(actor, Action.MOVE_ORGANISATION, organisation_id)
    parent = find_for(actor, Action.ADD_ORGANISATION, parent_id)
    _check_move(organisation, parent)
    inside = in_subtree(organisation.path)
    below = db.session.scalar(select(func.count()).select_from(Organisation).where(inside, OPEN))
    members = db.session.scalar(
        select(func.sum(Tally.members))
        .join(Organisation, Organisation.id == Tally.branch_id)
        .where(inside)
    )
    return MovePreview(
        names_to(organisation), names_to(parent), max((below or 0) - 1, 0), members or 0
    )


def move(actor: Actor, organisation_id: int, version: int, parent_id: int) -> None:
    """Put an organisation under another parent, with all that is below it.

    Being there already changes nothing. Raises ``OrganisationRefused``.
    """
    with writing() as session:
        organisation = find_changeable(actor, Action.MOVE_ORGANISATION, organisation_id, version)
        parent = find_for(actor, Action.ADD_ORGANISATION, parent_id)
        if organisation.parent_id == parent.id:
            return
        _check_move(organisation, parent)
        path_before, old = names_to(organisation), organisation.path
        moved = session.execute(
            rehang(in_subtree(old), old, f"{parent.path}{organisation.id}/"),
            execution_options={"synchronize_session": False},
        ).rowcount  # type: ignore[attr-defined]
        session.expire(organisation)
        organisation.parent_id = parent.id
        touch(organisation, actor)
        _count_months(old, organisation.path)
        transfers_outside.follow_the_tree(actor, organisation.path)
        audit.record(
            actor,
            audit.Event.ORGANISATION_MOVED,
            organisation=organisation.id,
            name=organisation.name,
            path=[path_before, names_to(organisation)],
            below=moved - 1,
        )


def preview_merge(actor: Actor, organisation_id: int, into_id: int) -> MergePreview:
    """What ``merge`` would do. Raises ``OrganisationRefused`` where it would."""
    source = find_for(actor, Action.MERGE_ORGANISATION, organisation_id)
    target = find_for(actor, Action.MERGE_ORGANISATION, into_id)
    _check_merge(source, target)
    return _merge_counts(source, target)


def merge(actor: Actor, organisation_id: int, version: int, into_id: int) -> MergePreview:
    """Merge an organisation into another of its kind, and close it. Returns what went over."""
    with writing() as session:
        source = find_changeable(actor, Action.MERGE_ORGANISATION, organisation_id, version)
        target = find_for(actor, Action.MERGE_ORGANISATION, into_id)
        _check_merge(source, target)
        done, path_before = _merge_counts(source, target), names_to(source)
        if source.kind is OrganisationKind.BRANCH:
            _move_people(actor, source, target)
        else:
            session.execute(
                rehang(
                    in_subtree(source.path) & (Organisation.id != source.id),
                    source.path,
                    target.path,
                ).values(
                    parent_id=case(
                        (Organisation.parent_id == source.id, target.id),
                        else_=Organisation.parent_id,
                    )
                ),
                execution_options={"synchronize_session": False},
            )
        _count_months(source.path, target.path)
        for model in (Account, CheckRound):  # rounds of checks, begun or done, stay their people's
            session.execute(
                update(model)
                .where(model.organisation_id == source.id)
                .values(organisation_id=target.id)
            )
        source.merged_into_id, source.closed_at = target.id, clock.now()
        touch(source, actor)
        touch(target, actor)
        transfers_outside.follow_the_tree(actor, target.path)
        audit.record(
            actor,
            audit.Event.ORGANISATION_MERGED,
            organisation=source.id,
            name=source.name,
            path=path_before,
            into=target.id,
            into_path=names_to(target),
            members=done.members + done.left,
            accounts=done.accounts,
            joinings=done.joinings,
            children=done.children,
        )
        return done


def rehang(which: ColumnElement[bool], old: str, new: str) -> Update:
    """One UPDATE that puts the prefix ``new`` for ``old`` on all paths that ``which`` picks.

    No two organisations share an id, so no path on the way can meet another one's.
    """
    return (
        update(Organisation)
        .where(which)
        .values(path=literal(new).concat(func.substr(Organisation.path, len(old) + 1)))
    )


def _count_months(old: str, new: str) -> None:
    """The counts of joining months follow members from one part of the tree to another."""
    if part_of(old) != part_of(new):
        db.session.flush()
        count_anew((old, new))


def _check_move(organisation: Organisation, parent: Organisation) -> None:
    refuse_closed(organisation)
    refuse_closed(parent)
    if parent.path.startswith(organisation.path):
        raise OrganisationRefused(
            f"不能把“{organisation.name}”移到它自己或它的下级下面。请选择别的上级。"
        )
    refuse_kind(organisation.kind, parent)
    refuse_depth(depth_of(parent.path) + _levels_below(organisation) + 1)
    refuse_same_name(parent, organisation.name, besides=organisation.id)


def _check_merge(source: Organisation, target: Organisation) -> None:
    refuse_closed(source)
    refuse_closed(target)
    if source.id == target.id or target.path.startswith(source.path):
        raise OrganisationRefused(
            f"“{source.name}”不能并入它自己或它的下级。请选择别的组织，或先把下级移出来。"
        )
    if source.kind is not target.kind:
        raise OrganisationRefused(
            f"{source.kind.label}不能并入{target.kind.label}。请选择同一类型的组织。"
        )
    refuse_depth(depth_of(target.path) + _levels_below(source))
    same = _names_under_both(source, target)
    if same:
        names = "、".join(f"“{name}”" for name in same[:NAMES_SHOWN])
        more = f"等 {len(same)} 个" if len(same) > NAMES_SHOWN else ""
        raise OrganisationRefused(
            f"两边下面都有{names}{more}，合并后会分不清。请先改名，或先把它们合并。"
        )


def _levels_below(organisation: Organisation) -> int:
    slashes = func.length(Organisation.path) - func.length(func.replace(Organisation.path, "/", ""))
    deepest = db.session.scalar(
        select(func.max(slashes)).where(in_subtree(organisation.path), OPEN)
    )
    return max((deepest or 0) - 1 - depth_of(organisation.path), 0)


def _names_under_both(source: Organisation, target: Organisation) -> list[str]:
    other = aliased(Organisation)
    return list(
        db.session.scalars(
            select(Organisation.name)
            .join(other, other.name == Organisation.name)
            .where(
                Organisation.parent_id == source.id,
                other.parent_id == target.id,
                OPEN,
                other.closed_at.is_(None),
                Organisation.id != target.id,
                other.id != source.id,
            )
            .order_by(Organisation.id)
        )
    )


def _merge_counts(source: Organisation, target: Organisation) -> MergePreview:
    def count(*where: ColumnElement[bool]) -> int:
        return db.session.scalar(select(func.count()).where(*where)) or 0

    return MergePreview(
        name=source.name,
        into_name=target.name,
        into_path=names_to(target),
        is_branch=source.kind is OrganisationKind.BRANCH,
        members=count(Member.branch_id == source.id, Member.left_at.is_(None)),
        left=count(Member.branch_id == source.id, Member.left_at.is_not(None)),
        joinings=count(Joining.branch_id == source.id, Joining.state == JoiningState.SENT),
        releases=count(
            NumberRelease.branch_id == source.id, NumberRelease.state == ReleaseState.OPEN
        ),
        accounts=count(Account.organisation_id == source.id, Account.disabled_at.is_(None)),
        children=open_children(source.id),
    )


def _move_people(actor: Actor, source: Organisation, target: Organisation) -> None:
    """Members with all that names their branch, and the counts with them.

    Applications first: one that is being approved is either a member by then, or waits and is not
    found in its old branch any more. Members before the tally: whoever is changing one has both.
    """
    session, source_id, target_id = db.session, source.id, target.id
    transfer_trees.end_overdue_between(source, target)
    for model in (Joining, Member, NumberRelease):
        session.execute(
            update(model).where(model.branch_id == source_id).values(branch_id=target_id),
            execution_options={"synchronize_session": False},
        )
    session.expire_all()
    transfer_trees.follow_merge(actor, source, target)
    counts = session.execute(
        select(Tally.__table__).where(Tally.branch_id == source_id)
    ).one_or_none()
    if counts is not None:
        changes = {name: n for name, n in counts._mapping.items() if name != "branch_id" and n}
        if changes:
            add_to_branch(target_id, changes)
        session.execute(delete(Tally).where(Tally.branch_id == source_id))
