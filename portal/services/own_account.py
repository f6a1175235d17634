"""用户中心: one's own data and one's own sign-ins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal import clock
from portal.access import Action, Actor, accounts_for, require
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Account, SignIn
from portal.rules.user_agents import device_name
from portal.runtime import runtime
from portal.services import audit
from portal.services.accounts import end_sign_ins
from portal.services.members import find_member, sealed_phone
from portal.services.passwords import require_own_password
from portal.services.transaction import writing

ENDED_SHOWN_FOR = timedelta(days=30)
SIGN_INS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class OwnSignIn:
    """One sign-in of the actor's account. ``ended_at`` empty: in use still."""

    id: int
    device: str
    address: str
    created_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    is_this: bool


@dataclass(frozen=True, slots=True)
class OwnSignIns:
    """登录设备: those in use, this one first; those that ended in the last 30 days."""

    living: tuple[OwnSignIn, ...]
    ended: tuple[OwnSignIn, ...]

    @property
    def has_others(self) -> bool:
        """Whether there is one in use besides this one."""
        return len(self.living) > 1


@dataclass(frozen=True, slots=True)
class Contact:
    """What a member can change by themselves. ``phone`` empty: as it was."""

    email: str
    phone: str | None


class ContactConflict(PortalError):
    """The branch, or the member on another device, saved in the meantime."""

    status = 409

    def __init__(self, version: int) -> None:
        super().__init__(
            "您打开这一页以后，您的信息被修改过，这次填写的还没有保存。请核对后再保存一次。"
        )
        self.version = version


def own_login(actor: Actor) -> Account:
    """The actor's own account."""
    return db.session.scalars(
        select(Account).where(accounts_for(actor, Action.VIEW_OWN_ACCOUNT))
    ).one()


def change_contact(actor: Actor, version: int, wanted: Contact, password: str) -> None:
    """Save a member's own mail address and phone; the phone only with the present password.

    Raises ``OldPasswordWrong`` or ``ContactConflict``; then nothing has changed.
    """
    assert actor.member_id is not None
    if wanted.phone is not None:
        require_own_password(actor, Action.CHANGE_OWN_CONTACT, password)
    with writing():
        member = find_member(actor, Action.CHANGE_OWN_CONTACT, actor.member_id, lock=True)
        if member.version != version:
            raise ContactConflict(member.version)
        changes = [] if member.email == wanted.email else ["email"]
        member.email = wanted.email
        if wanted.phone is not None:
            sealed = sealed_phone(member.id_number_hash, wanted.phone)
            if member.phone_hash != sealed["phone_hash"]:
                changes.append("phone")
                member.phone_hash, member.phone_sealed = sealed.values()
        if not changes:
            return
        member.version += 1
        member.changed_at = clock.now()
        member.changed_by_id = actor.account_id
        audit.record(
            actor, audit.Event.CONTACT_CHANGED, member_id=member.id, fields=sorted(changes)
        )


def own_sign_ins(actor: Actor) -> OwnSignIns:
    """The actor's sign-ins, the latest first."""
    require(actor, Action.LIST_OWN_SIGN_INS)
    moment = clock.now()
    rows = db.session.scalars(
        select(SignIn)
        .where(
            SignIn.account_id == actor.account_id,
            SignIn.ended_at.is_(None) | (SignIn.ended_at > moment - ENDED_SHOWN_FOR),
            SignIn.seen_at > moment - ENDED_SHOWN_FOR,
        )
        .order_by(SignIn.id.desc())
        .limit(SIGN_INS_SHOWN)
    )
    shown = [_shown(row, actor, moment) for row in rows]
    living = sorted((one for one in shown if one.ended_at is None), key=lambda one: not one.is_this)
    return OwnSignIns(tuple(living), tuple(one for one in shown if one.ended_at is not None))


def end_own_sign_in(actor: Actor, sign_in_id: int) -> None:
    """下线 one other device. Ended already: nothing to do. Raises ``NotFound``."""
    require(actor, Action.END_OWN_SIGN_INS)
    with writing() as session:
        row = session.scalar(
            select(SignIn)
            .where(
                SignIn.id == sign_in_id,
                SignIn.account_id == actor.account_id,
                SignIn.id != actor.sign_in_id,
            )
            .with_for_update()
        )
        if row is None:
            raise NotFound
        if row.ended_at is None:
            row.ended_at = clock.now()
            audit.record(actor, audit.Event.SIGN_INS_ENDED, sign_in_id=row.id)


def end_other_sign_ins(actor: Actor) -> None:
    """下线全部其他."""
    require(actor, Action.END_OWN_SIGN_INS)
    with writing():
        ended = end_sign_ins(actor.account_id, but=actor.sign_in_id)
        if ended:
            audit.record(actor, audit.Event.SIGN_INS_ENDED, count=ended)


def _shown(row: SignIn, actor: Actor, moment: datetime) -> OwnSignIn:
    return OwnSignIn(
        id=row.id,
        device=device_name(row.user_agent),
        address=row.address,
        created_at=row.created_at,
        seen_at=row.seen_at,
        ended_at=row.ended_at or _expired_at(row, moment),
        is_this=row.id == actor.sign_in_id,
    )


def _expired_at(row: SignIn, moment: datetime) -> datetime | None:
    """When a sign-in that nobody ended ran out by itself, if it has."""
    settings = runtime().settings
    expires = min(
        row.seen_at + timedelta(minutes=settings.idle_minutes),
        row.created_at + timedelta(hours=settings.session_hours),
    )
    return expires if expires <= moment else None
