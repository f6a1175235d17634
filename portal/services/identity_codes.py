"""身份码, the member's side: a code for as long as it is shown, and when it was answered."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from portal import clock
from portal.access import Action, Actor, require
from portal.extensions import db
from portal.models import AnsweredCode, AuditRecord, Member
from portal.rules.identity import Identity
from portal.rules.identity_codes import IdentityCode, day_number, write_token
from portal.runtime import runtime
from portal.services import audit
from portal.services.identity import identity_for
from portal.services.members import find_member
from portal.services.transaction import reading, writing

ANSWERS_KEPT = timedelta(days=183)
"""Half a year, as long as the law wants a network's logs kept (网络安全法, article 21)."""

LATEST = 10


@dataclass(frozen=True, slots=True)
class OwnCode:
    """A code to be shown. ``token``: what stands in the address."""

    token: str
    expires_at: datetime
    seconds: int  # that are left of it
    single_use: bool


@dataclass(frozen=True, slots=True)
class OwnIdentity:
    """What the page has: no code for who left, whatever else is said of them."""

    identity: Identity
    code: OwnCode | None


@dataclass(frozen=True, slots=True)
class AnsweredTimes:
    """One code that was answered: for the first time, for the last, and how often."""

    first_at: datetime
    last_at: datetime
    times: int
    single_use: bool


def show_code(actor: Actor, *, single_use: bool) -> OwnIdentity:
    """A new code of the actor. That codes are shown goes on record, once a sign-in."""
    assert actor.member_id is not None
    member = find_member(actor, Action.SHOW_IDENTITY_CODE, actor.member_id)
    identity = identity_for(member)
    if member.left_at is not None:
        return OwnIdentity(identity, None)
    code = _make(member, single_use=single_use)
    if not _is_on_record(actor):
        with writing():
            audit.record(
                actor,
                audit.Event.IDENTITY_CODE_SHOWN,
                member_id=actor.member_id,
                sign_in_id=actor.sign_in_id,
            )
    return OwnIdentity(identity, code)


def answered_codes(actor: Actor) -> tuple[AnsweredTimes, ...]:
    """最近核验: the actor's codes that somebody scanned, the latest first."""
    require(actor, Action.SHOW_IDENTITY_CODE)
    found = reading().execute(
        select(
            AnsweredCode.first_at, AnsweredCode.last_at, AnsweredCode.times, AnsweredCode.used_by
        )
        .where(AnsweredCode.member_id == actor.member_id)
        .order_by(AnsweredCode.first_at.desc())
        .limit(LATEST)
    )
    return tuple(
        AnsweredTimes(row.first_at, row.last_at, row.times, row.used_by is not None)
        for row in found
    )


def forget_old() -> int:
    """Remove what was answered so long ago that nobody asks any more; how many codes."""
    with writing() as session:
        gone = session.execute(
            delete(AnsweredCode).where(AnsweredCode.first_at < clock.now() - ANSWERS_KEPT)
        )
        return int(gone.rowcount)  # type: ignore[attr-defined]


def _make(member: Member, *, single_use: bool) -> OwnCode:
    now = clock.now()
    code = IdentityCode(
        member_id=member.id,
        branch_id=member.branch_id,
        made_at=now.replace(microsecond=0),
        single_use=single_use,
        salt=secrets.randbelow(1 << 12),
    )
    sealed = runtime().identity_keys.seal(code.pack(), day_number(now))
    seconds = int((code.expires_at - now).total_seconds())
    return OwnCode(write_token(sealed), code.expires_at, seconds, single_use)


def _is_on_record(actor: Actor) -> bool:
    shown = select(AuditRecord.id).where(
        AuditRecord.account_id == actor.account_id,
        AuditRecord.event == audit.Event.IDENTITY_CODE_SHOWN,
        AuditRecord.detail["sign_in_id"].as_integer() == actor.sign_in_id,
    )
    return db.session.scalar(shown.limit(1)) is not None
