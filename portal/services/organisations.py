"""下级组织管理: the tree below a committee, with its counts; the names above a branch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Date, and_, bindparam, func, literal, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.access import Action, Actor, allows, organisations_for, require
from portal.errors import NotFound
from portal.extensions import db
from portal.models import Member, Organisation, Tally
from portal.rules.irregular import Irregularity
from portal.rules.organisations import OrganisationKind
from portal.services.transaction import reading

SEARCH_RESULTS = 50
OPEN = Organisation.closed_at.is_(None)
"""The organisations that are not closed: in the tree, in search and in every choice."""

_CHANGES = (
    Action.ADD_ORGANISATION,
    Action.RENAME_ORGANISATION,
    Action.MOVE_ORGANISATION,
    Action.MERGE_ORGANISATION,
    Action.CLOSE_ORGANISATION,
    Action.REOPEN_ORGANISATION,
    Action.SWITCH_JOINING,
    Action.BRING_IN_TREE,
)


@dataclass(frozen=True, slots=True)
class TreeCounts:
    """The columns of the tree."""

    members: int
    new_members: int
    with_scan: int
    missing: int
    overdue: int
    irregular: int


@dataclass(frozen=True, slots=True)
class TreeRow:
    """An organisation in the tree, with the counts of its whole subtree."""

    id: int
    name: str
    kind_label: str
    is_branch: bool
    has_children: bool
    counts: TreeCounts
    closed: bool = False


@dataclass(frozen=True, slots=True)
class FoundOrganisation:
    """An organisation that a search found; ``path_text`` tells two of one name apart."""

    id: int
    name: str
    path_text: str
    is_branch: bool
    kind_label: str
    closed: bool


class Ancestor(NamedTuple):
    """An organisation on a path."""

    id: int
    name: str
    kind: OrganisationKind


_ANCESTORS = select(Organisation.id, Organisation.name, Organisation.kind).where(
    Organisation.id.in_(bindparam("ids", expanding=True))
)


def home_of(actor: Actor, branch_id: int) -> tuple[str, str]:
    """Name and path of a member's branch: the actor's own came with the sign-in's row."""
    if branch_id == actor.organisation_id:
        return actor.organisation_name, actor.organisation_path
    branch = db.session.get_one(Organisation, branch_id)
    return branch.name, branch.path


def find_organisation(
    actor: Actor, organisation_id: int | None, action: Action = Action.BROWSE_ORGANISATIONS
) -> Organisation:
    """An organisation that the actor may do ``action`` to. Raises ``NotFound``."""
    found = db.session.scalar(
        select(Organisation).where(
            Organisation.id == organisation_id, organisations_for(actor, action)
        )
    )
    if found is None:
        raise NotFound
    return found


def summed(organisation: Organisation, children: Sequence[TreeRow]) -> TreeRow:
    """The row of an organisation above its children: a committee's counts are theirs together."""
    columns = zip(*(astuple(child.counts) for child in children), strict=True)
    counts = TreeCounts(*map(sum, columns)) if children else TreeCounts(0, 0, 0, 0, 0, 0)
    kind = organisation.kind
    return TreeRow(organisation.id, organisation.name, kind.label, False, bool(children), counts)


def children_of(organisation: Organisation, *, closed: bool = False) -> tuple[TreeRow, ...]:
    """The organisations right below, in order of their making, with their counts.

    ``closed``: those that were closed too (显示已撤销).
    """
    return _tree_rows(organisation.id, closed=closed)


def changes_allowed(actor: Actor, organisation: Organisation) -> frozenset[Action]:
    """What the actor may do to an organisation, by the same criterion as doing it asks for."""
    allowed = [action for action in _CHANGES if allows(actor, action)]
    if not allowed:
        return frozenset()
    # One criterion a scope, not one an action: most reach equally far.
    by_scope = {require(actor, action): action for action in allowed}
    reached = select(*(organisations_for(actor, action) for action in by_scope.values()))
    row = reading().execute(reached.where(Organisation.id == organisation.id)).one()
    within = dict(zip(by_scope, row, strict=True))
    return frozenset(action for action in allowed if within[require(actor, action)])


def open_children(organisation_id: int, most: int) -> list[tuple[int, str]]:
    """Id and name of the organisations right below, in order of their making."""
    query = (
        select(Organisation.id, Organisation.name)
        .where(Organisation.parent_id == organisation_id, OPEN)
        .order_by(Organisation.id)
        .limit(most)
    )
    return [(row[0], row[1]) for row in reading().execute(query)]


def ancestors_of(path: str, *, within: str = "/") -> list[Ancestor]:
    """The organisations on a path from the top, itself included, as far as ``within`` reaches.

    ``within`` is the path of the actor's own organisation: nobody is shown who is above them.
    """
    ids = [int(part) for part in path.strip("/").split("/")]
    above = within.strip("/").count("/") if within != "/" else 0
    wanted = ids[above:]
    by_id = {row[0]: Ancestor(*row) for row in reading().execute(_ANCESTORS, {"ids": wanted})}
    return [by_id[organisation_id] for organisation_id in wanted]


def path_text(organisations: Iterable[Ancestor]) -> str:
    """The names on a path, from the top."""
    return " › ".join(organisation.name for organisation in organisations)


def district_committees_above(path: str) -> list[Ancestor]:
    """The district-level committees above a branch: who can release a number (guide 4.2)."""
    return [one for one in ancestors_of(path) if one.kind.is_district_level]


def release_hint(path: str) -> str:
    """Whom to ask, in the guide's words, when an occupied number is wrong."""
    names = " / ".join(one.name for one in district_committees_above(path))
    return f"如需修改，请联系 {names or '上级团委'} 解除编号占用"


def search(
    actor: Actor,
    text: str,
    *criteria: ColumnElement[bool],
    action: Action = Action.BROWSE_ORGANISATIONS,
    within: ColumnElement[bool] | None = None,
    closed: bool = False,
) -> tuple[list[FoundOrganisation], bool]:
    """Organisations in scope whose name holds ``text`` or whose pinyin initials begin with it.

    At most ``SEARCH_RESULTS``; the second value says whether there are more. ``criteria`` narrow
    a choice down; ``within`` is the scope where it is another than the one of ``action``;
    ``closed``: those that were closed too.
    """
    letters = "".join(text.lower().split())
    rows = list(
        db.session.scalars(
            select(Organisation)
            .where(
                organisations_for(actor, action) if within is None else within,
                *criteria,
                *(() if closed else (OPEN,)),
                Organisation.name.contains(text.strip(), autoescape=True)
                | Organisation.initials.startswith(letters, autoescape=True),
            )
            .order_by(Organisation.path)
            .limit(SEARCH_RESULTS + 1)
        )
    )
    names = names_on_paths(row.path for row in rows[:SEARCH_RESULTS])
    found = [
        FoundOrganisation(
            row.id,
            row.name,
            " › ".join(names[int(part)] for part in row.path.strip("/").split("/")),
            row.kind is OrganisationKind.BRANCH,
            row.kind.label,
            row.closed_at is not None,
        )
        for row in rows[:SEARCH_RESULTS]
    ]
    return found, len(rows) > SEARCH_RESULTS


def path_of(organisation_id: int) -> str:
    """The materialised path of an organisation."""
    found = db.session.scalar(select(Organisation.path).where(Organisation.id == organisation_id))
    assert found is not None
    return found


def names_on_paths(paths: Iterable[str]) -> dict[int, str]:
    """The names of all organisations on some paths, by id."""
    ids = {int(part) for path in paths for part in path.strip("/").split("/")}
    pairs = db.session.execute(
        select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids))
    )
    return dict(pairs.all())


def words_below(top: str, path: str, names: dict[int, str]) -> str:
    """The names on ``path`` from right below ``top`` down; the last one where there are none."""
    above = top.strip("/").count("/") + 1
    ids = [int(part) for part in path.strip("/").split("/")]
    return " › ".join(names[one] for one in ids[above:] or ids[-1:])


@dataclass(frozen=True, slots=True)
class _TreeStatements:
    """The three questions of a level: its nodes, their sums, and who is overdue in them."""

    nodes: Any
    sums: Any
    overdue: Any


@cache
def _tree_statements(closed: bool) -> _TreeStatements:
    """Put together once: that takes three times as long as SQLite takes to answer them."""
    which: ColumnElement[bool] = Organisation.parent_id == bindparam("parent_id")
    child = aliased(Organisation)
    shown = () if closed else (child.closed_at.is_(None),)
    if not closed:
        which = and_(which, OPEN)
    below = aliased(Organisation)
    irregular = sum((Tally.__table__.c[kind.value] for kind in Irregularity), literal(0))
    sums = per_node(
        which,
        below,
        select(
            Organisation.id,
            func.sum(Tally.members),
            func.sum(Tally.new_members),
            func.sum(Tally.with_scan),
            func.sum(irregular),
        ),
    ).join(Tally, Tally.branch_id == below.id)
    overdue = (
        per_node(which, below, select(Organisation.id, func.count(Member.id)))
        .join(Member, Member.branch_id == below.id)
        .where(
            Member.is_new_member,
            ~Member.has_scan,
            Member.left_at.is_(None),
            Member.due_date < bindparam("today", type_=Date),
        )
    )
    nodes = (
        select(
            Organisation.id,
            Organisation.name,
            Organisation.kind,
            select(child.id).where(child.parent_id == Organisation.id, *shown).exists(),
            Organisation.closed_at,
        )
        .where(which)
        .order_by(Organisation.id)
    )
    return _TreeStatements(nodes, sums, overdue)


def _tree_rows(parent_id: int, *, closed: bool) -> tuple[TreeRow, ...]:
    asked, connection = _tree_statements(closed), reading()
    of = {"parent_id": parent_id}
    sum_of = {row[0]: row[1:] for row in connection.execute(asked.sums, of)}
    late = dict(connection.execute(asked.overdue, of | {"today": clock.today()}).all())
    rows = []
    for organisation_id, name, kind, has_children, closed_at in connection.execute(asked.nodes, of):
        members, new, with_scan, odd = sum_of.get(organisation_id, (0, 0, 0, 0))
        counts = TreeCounts(
            members, new, with_scan, new - with_scan, late.get(organisation_id, 0), odd
        )
        rows.append(
            TreeRow(
                organisation_id,
                name,
                kind.label,
                kind is OrganisationKind.BRANCH,
                has_children,
                counts,
                closed_at is not None,
            )
        )
    return tuple(rows)


def per_node(which: ColumnElement[bool], below: Any, query: Any) -> Any:
    """``query`` over the subtree of each organisation that ``which`` picks."""
    end = func.substr(Organisation.path, 1, func.length(Organisation.path) - 1).concat("0")
    return (
        query.select_from(Organisation)
        .join(below, and_(below.path >= Organisation.path, below.path < end))
        .where(which)
        .group_by(Organisation.id)
    )
