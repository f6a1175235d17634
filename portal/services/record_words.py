"""The words of a search of the record, as the organisations, persons and members they stand for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select

from portal.access import Action, Actor, members_for, organisations_for
from portal.models import Account, Member, Organisation
from portal.rules.member_number import normalise_number
from portal.services.transaction import reading

FOUND = 20
"""So many organisations, persons or members may stand behind a word of the search."""


@dataclass(frozen=True, slots=True)
class Words:
    """A search with its words looked up; None: not asked for. An empty list finds nothing.

    ``cut`` names the fields whose word stands for more than ``FOUND``: only those are looked for.
    """

    paths: tuple[str, ...]
    persons: tuple[int, ...] | None = None
    members: tuple[int, ...] | None = None
    cut: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether a word stands for nobody."""
        return not self.paths or self.persons == () or self.members == ()


def look_up(actor: Actor, person: str, organisation: str, member: str) -> Words:
    """The words of a search as ids and paths; an empty word narrows nothing."""
    paths = _paths(actor, organisation) if organisation else (actor.organisation_path,)
    persons = _persons(actor, person) if person else None
    members = _members(actor, member) if member else None
    found = (("办理人", persons), ("组织", paths), ("团员", members))
    return Words(
        paths[:FOUND],
        persons=None if persons is None else persons[:FOUND],
        members=None if members is None else members[:FOUND],
        cut=tuple(field for field, those in found if those is not None and len(those) > FOUND),
    )


def _paths(actor: Actor, text: str) -> tuple[str, ...]:
    """The subtrees whose top has the text in its name; none that lies in another of them."""
    found = reading().execute(
        select(Organisation.path)
        .where(
            organisations_for(actor, Action.VIEW_RECORD),
            Organisation.name.contains(text, autoescape=True),
        )
        .order_by(Organisation.path)
        .limit(FOUND * 10)
    )
    paths: list[str] = []
    for (path,) in found:
        if not paths or not path.startswith(paths[-1]):
            paths.append(path)
    return tuple(paths)


def _persons(actor: Actor, text: str) -> tuple[int, ...]:
    """The accounts of a login, and those of a name in or above what the actor sees.

    Members are found by their whole name: there are many, and each has one account.
    """
    above = [int(part) for part in actor.organisation_path.strip("/").split("/")]
    inside = select(Organisation.id).where(organisations_for(actor, Action.VIEW_RECORD))
    of_organisation = select(Account.id).where(
        or_(Account.organisation_id.in_(inside), Account.organisation_id.in_(above)),
        Account.person_name.contains(text, autoescape=True),
    )
    of_member = (
        select(Account.id)
        .join(Member, Member.id == Account.member_id)
        .where(members_for(actor, Action.VIEW_MEMBER), Member.name == text)
    )
    of_login = select(Account.id).where(Account.login == text.lower())
    found: dict[int, None] = {}
    for query in (of_login, of_organisation, of_member):
        found.update(dict.fromkeys(reading().execute(query.limit(FOUND + 1)).scalars()))
    return tuple(found)


def _members(actor: Actor, text: str) -> tuple[int, ...]:
    """The members in sight with this number, or with this name."""
    digits = normalise_number(text)
    by = Member.number == digits if digits.isdecimal() else Member.name == text
    query = select(Member.id).where(members_for(actor, Action.VIEW_MEMBER), by).limit(FOUND + 1)
    return tuple(reading().execute(query).scalars())
