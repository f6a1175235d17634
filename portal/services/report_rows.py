"""The members that reports name, one after the other, by the criteria of 工作进度."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select

from portal.access import Action, Actor, in_subtree, members_for
from portal.extensions import db
from portal.models import Member, Organisation
from portal.rules import masking
from portal.rules.id_number import Sex
from portal.rules.progress import Count, Period
from portal.services.members import PersonalField, plain_field
from portal.services.organisations import names_on_paths, words_below
from portal.services.progress import CRITERIA, days_now, within_months

CHUNK = 1000
"""Rows that the database hands over at once."""


@dataclass(frozen=True, slots=True)
class MemberLine:
    """A member as a report names them; ``place`` is the branch's path below the report's own."""

    id: int
    name: str
    sex: Sex
    number: str | None
    joined: date
    approved_on: date | None
    due_date: date | None
    has_scan: bool
    branch_id: int
    place: str
    id_number: str


class Places:
    """The names on the paths below an organisation, asked once for many rows."""

    def __init__(self, organisation: Organisation) -> None:
        self._top = organisation.path
        self._words: dict[str, str] = {}

    def learn(self, paths: Iterable[str]) -> None:
        """Ask for the names that are not known yet."""
        new = set(paths) - self._words.keys()
        names = names_on_paths(new) if new else {}
        for path in new:
            self._words[path] = words_below(self._top, path, names)

    def words(self, path: str) -> str:
        """The names from right below the organisation down; its own where there are none."""
        return self._words[path]


def member_lines(
    actor: Actor,
    organisation: Organisation,
    criterion: ColumnElement[bool],
    period: Period,
    *,
    order: tuple[Any, ...] = (),
    unmasked: bool = False,
    most: int | None = None,
) -> Iterator[MemberLine]:
    """Members at or below an organisation, by branch and name unless ``order`` says otherwise.

    ID numbers are masked unless ``unmasked``, which whoever calls has asked permission for.
    """
    query = (
        select(Member, Organisation.path)
        .join(Organisation, Organisation.id == Member.branch_id)
        .where(
            in_subtree(organisation.path),
            members_for(actor, Action.VIEW_MEMBER),
            criterion,
            *within_months(period),
        )
        .order_by(*(order or (Organisation.path, Member.pinyin)), Member.id)
        .limit(most)
    )
    places = Places(organisation)
    found = db.session.execute(query.execution_options(yield_per=CHUNK), days_now())
    for rows in found.partitions(CHUNK):
        places.learn(path for _, path in rows)
        for member, path in rows:
            yield _line(member, places.words(path), unmasked=unmasked)
            db.session.expunge(member)


def members_behind_count(
    actor: Actor, organisation: Organisation, count: Count, period: Period, **how: Any
) -> Iterator[MemberLine]:
    """The members whom a count of 工作进度 counts."""
    return member_lines(actor, organisation, CRITERIA[count], period, **how)


def _line(member: Member, place: str, *, unmasked: bool) -> MemberLine:
    id_number = plain_field(member, PersonalField.ID_NUMBER)
    return MemberLine(
        id=member.id,
        name=member.name,
        sex=member.sex,
        number=member.number,
        joined=member.joined,
        approved_on=member.approved_on,
        due_date=member.due_date,
        has_scan=member.has_scan,
        branch_id=member.branch_id,
        place=place,
        id_number=id_number if unmasked else masking.mask_id_number(id_number),
    )
