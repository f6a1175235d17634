"""A transfer as a row: what it counts as today, and names for where it comes from and goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.access import Actor, Role
from portal.models import Member, Organisation, Transfer
from portal.rules.transfers import TransferKind, TransferState, Turn, state_on, time_left
from portal.services.organisations import names_on_paths, words_below


class TransferRow(NamedTuple):
    """A transfer in a list. ``state`` is what it counts as today; ``held_by`` has or had it."""

    id: int
    member_id: int
    member_name: str
    kind: TransferKind
    state: TransferState
    turn: Turn
    by_member: bool
    reason: str
    receiver: str
    answer: str
    asked_at: datetime
    ends_on: date
    passed_on_at: datetime | None
    ended_at: datetime | None
    from_branch_id: int
    to_branch_id: int | None
    held_by_id: int
    source: str
    target: str
    held_by: str

    @property
    def is_open(self) -> bool:
        """Whether somebody can still decide on it."""
        return self.state is TransferState.OPEN

    @property
    def holder(self) -> str:
        """Who has or had it, without what is above them."""
        return self.held_by.rpartition(" › ")[2]

    @property
    def left(self) -> str:
        """剩 3 天."""
        return time_left(self.ends_on, clock.today())

    @property
    def is_urgent(self) -> bool:
        """Whether three days or less are left."""
        return (self.ends_on - clock.today()).days <= 3

    @property
    def tone(self) -> str:
        """Of the tag that says what became of it."""
        good, open_still = self.state is TransferState.DONE, self.is_open
        return "good" if good else "plain" if open_still else "warning"


_Of, _From, _To, _Holder = aliased(Member), *(aliased(Organisation) for _ in range(3))
TRANSFER_ROWS = (
    select(
        Transfer.id,
        Transfer.member_id,
        _Of.name,
        Transfer.kind,
        Transfer.state,
        Transfer.turn,
        Transfer.by_member,
        Transfer.reason,
        Transfer.receiver,
        Transfer.answer,
        Transfer.asked_at,
        Transfer.ends_on,
        Transfer.passed_on_at,
        Transfer.ended_at,
        Transfer.from_branch_id,
        Transfer.to_branch_id,
        Transfer.held_by_id,
        _From.path.label("source"),
        _To.path.label("target"),
        _Holder.path.label("held_by"),
    )
    .join(_Of, _Of.id == Transfer.member_id)
    .join(_From, _From.id == Transfer.from_branch_id)
    .outerjoin(_To, _To.id == Transfer.to_branch_id)
    .join(_Holder, _Holder.id == Transfer.held_by_id)
)


def is_open_now() -> ColumnElement[bool]:
    """The criterion for those that somebody can still decide on today."""
    return and_(Transfer.state == TransferState.OPEN, Transfer.ends_on >= clock.today())


def rows_of(actor: Actor, found: Sequence[Any]) -> tuple[TransferRow, ...]:
    """The rows of what a query over ``TRANSFER_ROWS`` found.

    Names for paths: from right below a committee down, from the district on for all others.

    A branch reads 本支部 for itself: of two long names in a row it is the other one that counts.
    """
    paths = {path for row in found for path in row[-3:] if path}
    names, today = names_on_paths(paths), clock.today()

    def words(path: str | None) -> str:
        if path is None:
            return ""
        if actor.role is Role.BRANCH and path == actor.organisation_path:
            return "本支部"
        top = actor.organisation_path
        if actor.role in (Role.MEMBER, Role.BRANCH) or not path.startswith(top):
            top = "/" + path.strip("/").split("/")[0] + "/"
        return words_below(top, path, names)

    rows = []
    for row in found:
        values = row._asdict()
        state = state_on(row.state, row.ends_on, today)
        *first, source, target, held_by = values.values()
        first[4] = state
        rows.append(TransferRow._make((*first, words(source), words(target), words(held_by))))
    return tuple(rows)
