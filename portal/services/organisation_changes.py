"""团组织管理: a committee adds, renames, closes and reopens what is below it.

Every change of the tree takes the same lock first and looks again inside it, so that of two people
the second is told. Moving and merging: ``organisation_moves``.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from portal import clock
from portal.access import Action, Actor, organisations_for
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Account, Joining, JoiningState, Member, Organisation
from portal.rules.organisations import (
    ALLOWED_CHILDREN,
    MAX_DEPTH,
    OrganisationKind,
    depth_of,
    kinds_under,
)
from portal.rules.pinyin import initials
from portal.services import audit, transfer_trees
from portal.services.accounts import bring_back_accounts, end_accounts
from portal.services.organisations import OPEN, ancestors_of, path_text
from portal.services.transaction import writing
from portal.services.tree_lock import lock_tree

INITIALS_LENGTH = 100


class OrganisationRefused(PortalError):
    """What was asked of an organisation does not go; the sentence says why and what does."""

    status = 422


class OrganisationConflict(PortalError):
    """Somebody changed the organisation after the page was opened."""

    status = 409

    def __init__(self, who: str, when: datetime | None) -> None:
        at = f" 在 {clock.format_lately(when)}" if when else ""
        super().__init__(
            f"{who}{at} 改动过这个组织，您的操作没有执行。下面是现在的情况，请核对后再做一次。"
        )


def add_child(actor: Actor, parent_id: int, kind: OrganisationKind, name: str) -> int:
    """Add an organisation below ``parent_id`` and return its id. Raises ``OrganisationRefused``."""
    with writing() as session:
        lock_tree()
        parent = find_for(actor, Action.ADD_ORGANISATION, parent_id)
        refuse_closed(parent)
        refuse_kind(kind, parent)
        refuse_depth(depth_of(parent.path) + 1)
        refuse_same_name(parent, name)
        # The path holds the id, which the database gives; the lock keeps "" to one at a time.
        made = Organisation(
            parent_id=parent.id,
            kind=kind,
            name=name,
            initials=initials_of(name),
            path="",
            version=0,
        )
        session.add(made)
        session.flush()
        made.path = f"{parent.path}{made.id}/"
        touch(made, actor)
        session.flush()
        audit.record(
            actor,
            audit.Event.ORGANISATION_ADDED,
            organisation=made.id,
            kind=kind,
            name=name,
            path=names_to(made),
        )
        return made.id


def rename(actor: Actor, organisation_id: int, version: int, name: str) -> None:
    """Give an organisation another name. The same one changes nothing."""
    with writing():
        organisation = find_changeable(actor, Action.RENAME_ORGANISATION, organisation_id, version)
        before, path_before = organisation.name, names_to(organisation)
        if name == before:
            return
        refuse_same_name(_parent_of(organisation), name, besides=organisation.id)
        organisation.name, organisation.initials = name, initials_of(name)
        touch(organisation, actor)
        audit.record(
            actor,
            audit.Event.ORGANISATION_RENAMED,
            organisation=organisation.id,
            name=[before, name],
            path=path_before,
        )


def close(actor: Actor, organisation_id: int, version: int) -> int:
    """撤销 an empty organisation; its accounts end with it. Returns how many accounts that were."""
    with writing():
        organisation = find_changeable(actor, Action.CLOSE_ORGANISATION, organisation_id, version)
        refuse_unless_empty(organisation)
        moment = clock.now()
        ended = end_accounts(Account.organisation_id == organisation.id, moment)
        organisation.closed_at = moment
        touch(organisation, actor)
        transfer_trees.stop_incoming(actor, organisation)
        audit.record(
            actor,
            audit.Event.ORGANISATION_CLOSED,
            organisation=organisation.id,
            path=names_to(organisation),
            accounts=ended,
        )
        return ended


def reopen(actor: Actor, organisation_id: int, version: int) -> int:
    """Take 撤销 back, with the accounts that ended by it. Returns how many those were."""
    with writing() as session:
        organisation = find_changeable(
            actor, Action.REOPEN_ORGANISATION, organisation_id, version, closed=True
        )
        if organisation.closed_at is None:
            return 0
        if organisation.merged_into_id is not None:
            into = session.get_one(Organisation, organisation.merged_into_id)
            raise OrganisationRefused(
                f"“{organisation.name}”已并入“{into.name}”，成员和账号都在那里，不能恢复。"
                "需要时请新增一个组织。"
            )
        parent = _parent_of(organisation)
        assert parent is not None  # only the municipal committee has none: nobody is above it
        refuse_closed(parent)
        refuse_same_name(parent, organisation.name, besides=organisation.id)
        refuse_depth(depth_of(organisation.path))  # what is above it may have moved meanwhile
        back = bring_back_accounts(
            Account.organisation_id == organisation.id, organisation.closed_at
        )
        organisation.closed_at = None
        touch(organisation, actor)
        audit.record(
            actor,
            audit.Event.ORGANISATION_REOPENED,
            organisation=organisation.id,
            path=names_to(organisation),
            accounts=back,
        )
        return back


def switch_joining(actor: Actor, organisation_id: int, version: int, *, closed: bool) -> None:
    """Let a branch take applications, or not for now."""
    with writing():
        branch = find_changeable(actor, Action.SWITCH_JOINING, organisation_id, version)
        if branch.kind is not OrganisationKind.BRANCH:
            raise OrganisationRefused("只有团支部接收加入申请，别的组织没有这一项。")
        if branch.joining_closed == closed:
            return
        branch.joining_closed = closed
        touch(branch, actor)
        audit.record(
            actor,
            audit.Event.JOINING_SWITCHED,
            organisation=branch.id,
            path=names_to(branch),
            closed=closed,
        )


# ---- what all changes of the tree share ----


def find_for(actor: Actor, action: Action, organisation_id: int) -> Organisation:
    """The organisation as it is now, if the actor may do ``action`` to it. Raises ``NotFound``."""
    found = db.session.scalar(
        select(Organisation)
        .where(Organisation.id == organisation_id, organisations_for(actor, action))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def find_changeable(
    actor: Actor, action: Action, organisation_id: int, version: int, *, closed: bool = False
) -> Organisation:
    """The organisation that the person saw at ``version``, with the tree locked.

    Raises ``NotFound``, ``OrganisationConflict``, and unless ``closed`` for a closed one
    ``OrganisationRefused``.
    """
    lock_tree()
    organisation = find_for(actor, action, organisation_id)
    if organisation.version != version:
        who = db.session.scalar(
            select(Account.person_name).where(Account.id == organisation.changed_by_id)
        )
        raise OrganisationConflict(who or "有人", organisation.changed_at)
    if not closed:
        refuse_closed(organisation)
    return organisation


def touch(organisation: Organisation, actor: Actor) -> None:
    """Note who changed the organisation, for the next person who has its page open."""
    organisation.version += 1
    organisation.changed_at = clock.now()
    organisation.changed_by_id = actor.account_id


def names_to(organisation: Organisation) -> str:
    """The names from the top down to the organisation, for the record and the pages."""
    return path_text(ancestors_of(organisation.path))


def initials_of(name: str) -> str:
    """The pinyin initials that an organisation is found by."""
    return initials(name)[:INITIALS_LENGTH]


def open_children(organisation_id: int) -> int:
    """How many organisations right below are not closed."""
    return (
        db.session.scalar(
            select(func.count()).where(Organisation.parent_id == organisation_id, OPEN)
        )
        or 0
    )


def refuse_closed(organisation: Organisation) -> None:
    """Nothing is done to or below a closed organisation."""
    if organisation.closed_at is not None:
        raise OrganisationRefused(f"“{organisation.name}”已撤销。请先恢复它，再做这一步。")


def refuse_kind(kind: OrganisationKind, parent: Organisation) -> None:
    """The kinds that stand under each other (SPEC, "Organisations")."""
    if kind in ALLOWED_CHILDREN[parent.kind]:
        return
    allowed = "、".join(one.label for one in kinds_under(parent.kind))
    ways = f"只能有{allowed}" if allowed else "它下面不再分组织"
    raise OrganisationRefused(
        f"{parent.kind.label}下面不能有{kind.label}，{ways}。请选择别的上级或类型。"
    )


def refuse_depth(deepest: int) -> None:
    """The tree is at most ``MAX_DEPTH`` deep."""
    if deepest > MAX_DEPTH:
        raise OrganisationRefused(
            f"组织最多 {MAX_DEPTH} 级，这样会有 {deepest} 级。请选择层级更高的上级。"
        )


def refuse_same_name(parent: Organisation | None, name: str, *, besides: int | None = None) -> None:
    """Under one parent every name stands once; elsewhere it may stand again."""
    if parent is None:
        return
    same = select(Organisation.id).where(
        Organisation.parent_id == parent.id, Organisation.name == name, OPEN
    )
    if besides is not None:
        same = same.where(Organisation.id != besides)
    if db.session.scalar(same.limit(1)) is not None:
        raise OrganisationRefused(
            f"“{parent.name}”下面已经有“{name}”。请核对是否重复，或换一个能区分的名称。"
        )


def refuse_unless_empty(organisation: Organisation) -> None:
    """Only what holds nobody and nothing can be closed."""
    children = open_children(organisation.id)
    if children:
        raise OrganisationRefused(
            f"“{organisation.name}”下面还有 {children} 个组织，不能撤销。请先移动、合并或撤销它们。"
        )
    # Applications first: one that is approved meanwhile is then counted as a member.
    waiting = db.session.scalar(
        select(func.count()).where(
            Joining.branch_id == organisation.id, Joining.state == JoiningState.SENT
        )
    )
    if waiting:
        raise OrganisationRefused(
            f"“{organisation.name}”还有 {waiting} 份待审核的加入申请，不能撤销。"
            "请先由支部审核或退回。"
        )
    members = db.session.scalar(
        select(func.count()).where(Member.branch_id == organisation.id, Member.left_at.is_(None))
    )
    if members:
        raise OrganisationRefused(
            f"“{organisation.name}”还有 {members} 名团员，不能撤销。"
            "请先用“合并”并入另一个支部，或由支部把已离开的团员移出。"
        )


def _parent_of(organisation: Organisation) -> Organisation | None:
    if organisation.parent_id is None:
        return None
    return db.session.get_one(Organisation, organisation.parent_id)
