"""Signing in and out: passwords, server-side sessions, and the actor of a request."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ColumnElement, bindparam, func, insert, literal, or_, select, update

from portal import clock
from portal.access import Actor, Role
from portal.errors import PortalError
from portal.extensions import db
from portal.models import Account, Joining, Member, OneTimeCode, Organisation, SignIn
from portal.rules.id_number import IdNumber
from portal.rules.organisations import OrganisationKind
from portal.rules.phone import parse_phone
from portal.runtime import runtime
from portal.services import audit
from portal.services.transaction import reading, writing

SEEN_EVERY = timedelta(minutes=1)
"""How exactly the last sign of life of a sign-in is kept: one write a minute at most."""


class SignInRefused(PortalError):
    """Account name or password is wrong; the same answer for both."""

    status = 422

    def __init__(self) -> None:
        super().__init__(
            "账号或密码不对。请检查后再试；忘记密码请联系上级团组织（团员请联系本支部）。"
        )


def hash_password(password: str) -> str:
    """The argon2id hash of a password, to be stored."""
    return _own_hasher().hash(password)


@cache
def _hasher(memory_kib: int) -> PasswordHasher:
    return PasswordHasher(memory_cost=memory_kib)


def _own_hasher() -> PasswordHasher:
    return _hasher(runtime().settings.password_memory_kib)


@cache
def _hash_of_nobody(hasher: PasswordHasher) -> str:
    return hasher.hash(secrets.token_urlsafe(16))


def hash_of_nobody() -> str:
    """What is verified for an unknown account.

    So that "no such account" takes as long as a wrong password.
    """
    return _hash_of_nobody(_own_hasher())


def account_named(text: str) -> Account | None:
    """The account that a person means by what they typed.

    Its name; a member or applicant can give their ID number or phone too.
    """
    account = db.session.scalar(select(Account).where(Account.login == text.strip().lower()))
    if account is not None:
        return account
    person = IdNumber.parse(text)
    if isinstance(person, IdNumber):
        wanted = runtime().vault.index("id_number", person.text)
        owner = or_(Member.id_number_hash == wanted, Joining.id_number_hash == wanted)
    elif phone := parse_phone(text):
        wanted = runtime().vault.index("phone", phone)
        owner = or_(Member.phone_hash == wanted, Joining.phone_hash == wanted)
    else:
        return None
    found = db.session.scalars(
        select(Account)
        .outerjoin(Member, Member.id == Account.member_id)
        .outerjoin(Joining, Joining.id == Account.joining_id)
        .where(owner)
        .limit(2)
    ).all()
    return found[0] if len(found) == 1 else None  # a phone of two people names neither


def verify_password(account: Account | None, password: str) -> bool:
    """Whether the account's password is this one; as slow for no account as for a wrong one."""
    try:
        stored = account.password_hash if account else None
        return _own_hasher().verify(stored or hash_of_nobody(), password)
    except (VerificationError, InvalidHashError):
        return False


def person_named_by(account_id: int | None) -> str:
    """The person of an account; the portal itself has none."""
    name = db.session.scalar(select(Account.person_name).where(Account.id == account_id))
    return name or "系统"


def person_and_place(account_id: int | None) -> str:
    """The person of an account, with where they belong; there is one where this is asked."""
    person, place = db.session.execute(
        select(Account.person_name, Organisation.name)
        .outerjoin(Organisation, Organisation.id == Account.organisation_id)
        .where(Account.id == account_id)
    ).one()
    return f"{person}（{place or '团员本人'}）"


def end_accounts(which: ColumnElement[bool], moment: datetime) -> int:
    """Disable accounts, end their sessions and codes in the running transaction; how many.

    They carry ``moment``, so that ``bring_back_accounts`` finds those that ended by this.
    """
    theirs = select(Account.id).where(which)
    for what in (SignIn, OneTimeCode):
        db.session.execute(
            update(what)
            .where(what.account_id.in_(theirs), what.ended_at.is_(None))
            .values(ended_at=moment)
        )
    ended = db.session.execute(
        update(Account).where(which, Account.disabled_at.is_(None)).values(disabled_at=moment)
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]


def bring_back_accounts(which: ColumnElement[bool], moment: datetime) -> int:
    """Enable the accounts that ``end_accounts`` ended at ``moment``; how many there were."""
    back = db.session.execute(
        update(Account).where(which, Account.disabled_at == moment).values(disabled_at=None)
    )
    return int(back.rowcount)  # type: ignore[attr-defined]


def end_sign_ins(account_id: int, *, but: int | None = None) -> int:
    """End the account's sessions in the running transaction; how many there were."""
    ended = db.session.execute(
        update(SignIn)
        .where(SignIn.account_id == account_id, SignIn.ended_at.is_(None), SignIn.id != (but or 0))
        .values(ended_at=clock.now())
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]


def sign_in(login: str, password: str, *, address: str, user_agent: str, request_id: str) -> str:
    """Begin a session and return its token, for the cookie. Raises ``SignInRefused``."""
    account = account_named(login)
    if (
        not verify_password(account, password)
        or account is None
        or account.disabled_at is not None
        or _is_closed(account.organisation_id)
    ):
        with writing():
            audit.record(
                None, audit.Event.SIGN_IN_REFUSED, address=address, known=account is not None
            )
        raise SignInRefused
    account_id = account.id
    rehashed = (
        hash_password(password)
        if _own_hasher().check_needs_rehash(account.password_hash or "")
        else None
    )
    token = secrets.token_urlsafe(32)
    moment = clock.now()
    with writing() as session:
        session.execute(
            insert(SignIn).values(
                token_hash=_token_hash(token),
                account_id=account_id,
                address=address,
                user_agent=user_agent[:200],
                created_at=moment,
                seen_at=moment,
            )
        )
        if rehashed:
            session.execute(
                update(Account).where(Account.id == account_id).values(password_hash=rehashed)
            )
        actor = actor_for(token, address=address, request_id=request_id)
        audit.record(actor, audit.Event.SIGNED_IN)
    return token


def sign_out(actor: Actor) -> None:
    """End the session the actor is in."""
    with writing() as session:
        session.execute(
            update(SignIn).where(SignIn.id == actor.sign_in_id).values(ended_at=clock.now())
        )
        audit.record(actor, audit.Event.SIGNED_OUT)


def actor_for(token: str, *, address: str, request_id: str) -> Actor | None:
    """The actor whose session ``token`` names, or None when it is unknown, ended or expired."""
    row = reading().execute(_ACTOR_QUERY, {"token_hash": _token_hash(token)}).one_or_none()
    if row is None:
        return None
    settings, moment = runtime().settings, clock.now()
    idle_limit = row.seen_at + timedelta(minutes=settings.idle_minutes)
    if moment >= min(idle_limit, row.created_at + timedelta(hours=settings.session_hours)):
        return None
    if moment - row.seen_at > SEEN_EVERY:
        with writing() as session:
            session.execute(update(SignIn).where(SignIn.id == row.id).values(seen_at=moment))
    return _actor(row, address, request_id)


def actor_of_account(account_id: int) -> Actor | None:
    """Who a job works for, as the database knows them now; None if they may no longer sign in."""
    row = reading().execute(_OF_ACCOUNT, {"account_id": account_id}).one_or_none()
    return _actor(row, "", "") if row is not None else None


_PERSON = (
    Account.id.label("account_id"),
    Account.login,
    Account.person_name,
    Account.member_id,
    Account.joining_id,
    Organisation.id.label("organisation_id"),
    Organisation.name.label("organisation_name"),
    Organisation.path,
    Organisation.kind,
)

_ACTOR_QUERY = (
    select(SignIn.id, SignIn.seen_at, SignIn.created_at, *_PERSON)
    .join(Account, Account.id == SignIn.account_id)
    .outerjoin(Member, Member.id == Account.member_id)
    # A member's organisation is their branch, whatever the account said once.
    # An applicant has none yet.
    .outerjoin(
        Organisation, Organisation.id == func.coalesce(Account.organisation_id, Member.branch_id)
    )
    .where(
        SignIn.token_hash == bindparam("token_hash"),
        SignIn.ended_at.is_(None),
        Account.disabled_at.is_(None),
        # A closed organisation's own accounts; who was its member may still see their card.
        or_(Account.organisation_id.is_(None), Organisation.closed_at.is_(None)),
    )
)

_OF_ACCOUNT = (
    select(literal(0).label("id"), *_PERSON)
    .select_from(Account)
    .outerjoin(Member, Member.id == Account.member_id)
    .outerjoin(
        Organisation, Organisation.id == func.coalesce(Account.organisation_id, Member.branch_id)
    )
    .where(
        Account.id == bindparam("account_id"),
        Account.disabled_at.is_(None),
        or_(Account.organisation_id.is_(None), Organisation.closed_at.is_(None)),
    )
)


def _actor(row: Any, address: str, request_id: str) -> Actor:
    return Actor(
        account_id=row.account_id,
        sign_in_id=row.id,
        login=row.login,
        person_name=row.person_name,
        role=_role(row),
        organisation_id=row.organisation_id,
        organisation_name=row.organisation_name or "",
        organisation_path=row.path or "",
        member_id=row.member_id,
        joining_id=row.joining_id,
        address=address,
        request_id=request_id,
    )


def _role(row: Any) -> Role:
    if row.joining_id is not None:
        return Role.APPLICANT
    if row.member_id is not None:
        return Role.MEMBER
    kind: OrganisationKind = row.kind
    if kind is OrganisationKind.BRANCH:
        return Role.BRANCH
    return Role.DISTRICT if kind.may_release_numbers else Role.COMMITTEE


def _is_closed(organisation_id: int | None) -> bool:
    """Whether an account's organisation was closed; its accounts are disabled with it too."""
    closed = select(Organisation.closed_at).where(Organisation.id == organisation_id)
    return organisation_id is not None and db.session.scalar(closed) is not None


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
