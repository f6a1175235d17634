"""Choosing a branch, to join or to go to: by its name, by pinyin initials, or down the tree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import and_, or_, select

from portal.access import Action, Actor, require
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Organisation
from portal.rules.organisations import OrganisationKind
from portal.services.organisations import names_on_paths

RESULTS = 50


class ClosedToJoining(PortalError):
    """The branch takes no applications now."""

    status = 422

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} 现在不接收加入申请。请选择其他支部，或联系这个支部的管理员。")


@dataclass(frozen=True, slots=True)
class Choice:
    """An organisation to choose, or to open on the way to one.

    ``above`` is the path to it, which tells two of one name apart.
    """

    id: int
    name: str
    kind_label: str
    above: str
    is_branch: bool
    is_open: bool


@dataclass(frozen=True, slots=True)
class Level:
    """A step of the way down: where one is, from the top, and what lies right below."""

    path: tuple[tuple[int, str], ...]
    choices: tuple[Choice, ...]


def search_branches(
    actor: Actor, text: str, action: Action = Action.APPLY
) -> tuple[tuple[Choice, ...], bool]:
    """Branches in whose name, or its pinyin initials, each word of ``text`` stands.

    At most ``RESULTS``; the second value says whether there are more.
    """
    require(actor, action)
    words = text.split()
    matches = [
        or_(
            Organisation.name.contains(word, autoescape=True),
            Organisation.initials.contains(word.lower(), autoescape=True),
        )
        for word in words
    ]
    found = db.session.scalars(
        select(Organisation)
        .where(
            Organisation.kind == OrganisationKind.BRANCH,
            Organisation.closed_at.is_(None),
            and_(*matches),
        )
        .order_by(Organisation.path)
        .limit(RESULTS + 1)
    ).all()
    return _choices(found[:RESULTS]), len(found) > RESULTS


def level(actor: Actor, organisation_id: int | None, action: Action = Action.APPLY) -> Level:
    """What lies right below an organisation; without one, below the top. Raises ``NotFound``."""
    require(actor, action)
    wanted = (
        Organisation.parent_id.is_(None)
        if organisation_id is None
        else Organisation.id == organisation_id
    )
    here = db.session.scalar(select(Organisation).where(wanted, Organisation.closed_at.is_(None)))
    if here is None:
        raise NotFound
    below = db.session.scalars(
        select(Organisation)
        .where(Organisation.parent_id == here.id, Organisation.closed_at.is_(None))
        .order_by(Organisation.kind == OrganisationKind.BRANCH, Organisation.id)
    ).all()
    names = names_on_paths([here.path])
    path = tuple((part, names[part]) for part in map(int, here.path.strip("/").split("/")))
    return Level(path, _choices(below))


def open_branch(branch_id: int) -> Organisation:
    """The branch, if one can apply to it. Raises ``NotFound`` or ``ClosedToJoining``."""
    branch = db.session.get(Organisation, branch_id)
    if branch is None or branch.kind is not OrganisationKind.BRANCH or branch.closed_at is not None:
        raise NotFound
    if branch.joining_closed:
        raise ClosedToJoining(branch.name)
    return branch


def is_open(branch_id: int) -> bool:
    """Whether one can still apply to a branch that was chosen before."""
    try:
        open_branch(branch_id)
    except (NotFound, ClosedToJoining):
        return False
    return True


def _choices(found: Iterable[Organisation]) -> tuple[Choice, ...]:
    names = names_on_paths(one.path for one in found)
    return tuple(
        Choice(
            one.id,
            one.name,
            one.kind.label,
            " › ".join(names[int(part)] for part in one.path.strip("/").split("/")[:-1]),
            one.kind is OrganisationKind.BRANCH,
            not one.joining_closed,
        )
        for one in found
    )
