"""The head of an organisation's pages: what state it is in, and what can be done to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.access import Action, Actor
from portal.extensions import db
from portal.models import Organisation
from portal.rules.organisations import OrganisationKind, kinds_under
from portal.services.organisations import changes_allowed
from portal.services.tree_import import is_fresh


@dataclass(frozen=True, slots=True)
class Head:
    """What the head shows; ``links`` are labels and addresses."""

    id: int
    name: str
    version: int
    closed_at: datetime | None
    merged_into: str | None
    joining_closed: bool
    may_reopen: bool
    may_switch_joining: bool
    links: tuple[tuple[str, str], ...]


_LINKS = (
    (Action.ADD_ORGANISATION, "新增下级", "add"),
    (Action.RENAME_ORGANISATION, "改名", "rename"),
    (Action.MOVE_ORGANISATION, "移动", "move"),
    (Action.MERGE_ORGANISATION, "合并", "merge"),
    (Action.CLOSE_ORGANISATION, "撤销", "close"),
)


def head_for(actor: Actor, organisation: Organisation) -> Head:
    """The head as the actor may use it."""
    allowed = changes_allowed(actor, organisation)
    closed = organisation.closed_at is not None
    links = []
    if not closed:
        links = [
            (label, f"/organisations/{organisation.id}/{page}")
            for action, label, page in _LINKS
            if action in allowed and (page != "add" or kinds_under(organisation.kind))
        ]
        if Action.BRING_IN_TREE in allowed and is_fresh():
            links.append(("导入组织", "/organisations/sheet"))
    return Head(
        id=organisation.id,
        name=organisation.name,
        version=organisation.version,
        closed_at=organisation.closed_at,
        merged_into=_name_of(organisation.merged_into_id),
        joining_closed=organisation.joining_closed,
        may_reopen=closed
        and organisation.merged_into_id is None
        and Action.REOPEN_ORGANISATION in allowed,
        may_switch_joining=not closed
        and organisation.kind is OrganisationKind.BRANCH
        and Action.SWITCH_JOINING in allowed,
        links=tuple(links),
    )


def _name_of(organisation_id: int | None) -> str | None:
    return db.session.get_one(Organisation, organisation_id).name if organisation_id else None
