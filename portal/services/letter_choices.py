"""写给谁: whom a person can write to, those above at once, the others by search."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from portal.access import COMMITTEES, Action, Actor, Role, addressees_for, members_for, require
from portal.extensions import db
from portal.models import Account, Member, Organisation
from portal.rules.organisations import OrganisationKind
from portal.services.letters import count_below
from portal.services.organisations import Ancestor, FoundOrganisation, ancestors_of, search
from portal.services.transaction import reading

MEMBERS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ChosenMember:
    """A member of one's own branch; without an account nobody reads a letter."""

    id: int
    name: str
    has_account: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """``above`` from the nearest up; ``all_below`` and ``branches_below`` count organisations."""

    above: tuple[Ancestor, ...]
    all_below: int
    branches_below: int
    found: tuple[FoundOrganisation, ...]
    more: bool
    members: tuple[ChosenMember, ...]


def choices(actor: Actor, text: str) -> Choices:
    """What a person can choose from; organisations and members if ``text`` looks for some."""
    require(actor, Action.WRITE_LETTER)
    above = tuple(reversed(ancestors_of(actor.organisation_path)[:-1]))
    below = branches = 0
    if actor.role in COMMITTEES:
        own = db.session.get_one(Organisation, actor.organisation_id)
        below, branches = (count_below(actor, own, branches_only=only) for only in (False, True))
    found: list[FoundOrganisation] = []
    more = False
    if text:
        within = addressees_for(actor, Action.WRITE_LETTER)
        found, more = search(actor, text, within=within)
    members = _members(actor, text) if actor.role is Role.BRANCH else ()
    return Choices(above, below, branches, tuple(found), more, members)


def below_counts(actor: Actor, organisation_id: int) -> tuple[int, int] | None:
    """How many organisations, and branches, a letter to all at or below one would reach.

    None where that is nothing to choose: a branch, one above the actor, or one not in sight.
    """
    within = addressees_for(actor, Action.WRITE_LETTER)
    found = db.session.scalar(
        select(Organisation).where(Organisation.id == organisation_id, within)
    )
    if found is None or found.kind is OrganisationKind.BRANCH or actor.role not in COMMITTEES:
        return None
    if not found.path.startswith(actor.organisation_path):
        return None
    below, branches = (count_below(actor, found, branches_only=only) for only in (False, True))
    return below, branches


def _members(actor: Actor, text: str) -> tuple[ChosenMember, ...]:
    """Members of the branch, by name or pinyin if one is looked for; who has an account first."""
    account = (
        select(Account.id)
        .where(Account.member_id == Member.id, Account.disabled_at.is_(None))
        .exists()
    )
    query = select(Member.id, Member.name, account).where(
        members_for(actor, Action.WRITE_LETTER), Member.left_at.is_(None)
    )
    if text:
        letters = "".join(text.lower().split())
        query = query.where(
            Member.name.contains(text, autoescape=True)
            | Member.initials.startswith(letters, autoescape=True)
        )
    query = query.order_by(account.desc(), Member.pinyin, Member.id).limit(MEMBERS_SHOWN)
    rows = reading().execute(query)
    return tuple(ChosenMember(*row) for row in rows)
