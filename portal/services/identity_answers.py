"""身份码, the side of whoever scans it: the portal's own answer, as of now.

Nobody has to be signed in. A code says of whom it is and is good for minutes; whatever is said of
the member is read when it is asked, by one statement, because a person is waiting.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.extensions import db
from portal.models import Account, AnsweredCode, Member, Organisation
from portal.rules import masking
from portal.rules.identity import Doubt
from portal.rules.identity_codes import CLOCKS_APART, IdentityCode, day_number, read_token
from portal.rules.irregular import Irregularity
from portal.runtime import runtime
from portal.services.identity import identity_for
from portal.services.transaction import insert_or_skip, reading, writing


class AnswerKind(StrEnum):
    """What the answer says. The values are templates' words for the cases."""

    CERTIFIED = "certified"
    NOT_CERTIFIED = "not certified"
    ASKS = "asks"  # single use, and not used yet: whoever goes on uses it up
    USED = "used"
    EXPIRED = "expired"
    UNREADABLE = "unreadable"  # forged, damaged, cut off, or older than the keys
    BRANCH_CHANGED = "branch changed"
    GONE = "gone"  # set aside: left the league, moved outside, deceased, a mistake
    DISABLED = "disabled"  # the member's account


@dataclass(frozen=True, slots=True)
class Scanned:
    """A code that was made here."""

    code: IdentityCode
    hash: bytes


@dataclass(frozen=True, slots=True)
class Person:
    """All that is said of a member to whom nobody knows."""

    name: str
    branch: str
    committee: str  # right above the branch
    number: str
    joined: date
    doubts: tuple[Doubt, ...]
    is_released: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What whoever scans a code is told. ``moment``: when it expired, or was used up."""

    kind: AnswerKind
    at: datetime
    person: Person | None = None
    moment: datetime | None = None
    single_use: bool = False


_COMMITTEE = aliased(Organisation)
_FIND = (
    select(
        Member.name,
        Member.number,
        Member.joined,
        Member.branch_id,
        Member.irregularity,
        Member.is_new_member,
        Member.has_scan,
        Member.left_reason,
        Account.disabled_at,
        Organisation.name.label("branch"),
        _COMMITTEE.name.label("committee"),
        AnsweredCode.first_at.label("used_at"),
        AnsweredCode.used_by,
    )
    .join(Organisation, Organisation.id == Member.branch_id)
    .join(_COMMITTEE, _COMMITTEE.id == Organisation.parent_id)
    .outerjoin(Account, Account.member_id == Member.id)
    .outerjoin(AnsweredCode, AnsweredCode.code_hash == bindparam("code_hash"))
    .where(Member.id == bindparam("member_id"))
)


def scanned(token: str) -> Scanned | None:
    """The code of a token; None when it was not made here, or before yesterday.

    Yesterday's keys are tried too: a code made before midnight is good after it, and one that is
    some hours old is told to be old, not forged. Just before midnight tomorrow's are as well:
    another server's clock may be ahead.
    """
    sealed = read_token(token)
    if sealed is None:
        return None
    now = clock.now()
    today, ahead = day_number(now), day_number(now + CLOCKS_APART)
    for day in dict.fromkeys((today, today - 1, ahead)):
        packed = runtime().identity_keys.open(sealed, day)
        if packed is not None:
            code = IdentityCode.unpack(packed, day)
            return None if code.is_early(now) else Scanned(code, hashlib.sha256(sealed).digest())
    return None


def answer(
    found: Scanned | None, browser: bytes | None = None, connection: Connection | None = None
) -> Answer:
    """What is said of a code as of now. ``browser``: the one that asks, if it is known.

    ``connection``: of a transaction that goes on; without it one is taken for the statement.
    """
    now = clock.now()
    if found is None:
        return Answer(AnswerKind.UNREADABLE, now)
    code = found.code
    row = _row(found, connection)
    if row is None:  # the database is older than the code: it was restored meanwhile
        return Answer(AnswerKind.UNREADABLE, now)
    if code.single_use and row.used_by is not None and row.used_by != browser:
        return Answer(AnswerKind.USED, now, moment=row.used_at)
    if code.has_expired(now):
        return Answer(AnswerKind.EXPIRED, now, moment=code.expires_at)
    if row.left_reason is not None:
        return Answer(AnswerKind.GONE, now)
    if row.disabled_at is not None:
        return Answer(AnswerKind.DISABLED, now)
    if row.branch_id != code.branch_id:
        return Answer(AnswerKind.BRANCH_CHANGED, now)
    if code.single_use and row.used_by is None:
        return Answer(AnswerKind.ASKS, now, single_use=True)
    person = _person(row)
    kind = AnswerKind.NOT_CERTIFIED if person.doubts else AnswerKind.CERTIFIED
    used_at = row.used_at if code.single_use else None
    return Answer(kind, now, person, moment=used_at, single_use=code.single_use)


def use_up(found: Scanned, browser: bytes) -> None:
    """Use a single-use code up for one browser. Of two at once one does; ``answer`` tells whom."""
    with writing():
        if answer(found, connection=reading()).kind is not AnswerKind.ASKS:
            return
        now = clock.now()
        reading().execute(
            insert_or_skip(AnsweredCode),
            {
                "code_hash": found.hash,
                "member_id": found.code.member_id,
                "first_at": now,
                "last_at": now,
                "times": 1,
                "used_by": browser,
            },
        )


def _row(found: Scanned, connection: Connection | None) -> Any:
    asked = {"member_id": found.code.member_id, "code_hash": found.hash}
    if connection is not None:
        return connection.execute(_FIND, asked).one_or_none()
    # Past the session: of one statement's time it would be half.
    with db.engine.connect() as taken:
        return taken.execute(_FIND, asked).one_or_none()


def _person(row: Any) -> Person:
    return Person(
        name=masking.mask_name(row.name),
        branch=row.branch,
        committee=row.committee,
        number=masking.mask_number(row.number) if row.number else "无",
        joined=row.joined,
        doubts=identity_for(row).doubts,
        is_released=row.irregularity is Irregularity.RELEASED,
    )
