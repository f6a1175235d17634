"""One-time codes: whoever knows the person hands one out, and the person sets the password."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from portal import clock
from portal.access import Action, Actor, Role, accounts_for, require
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Account, Joining, Member, OneTimeCode
from portal.rules.id_number import IdNumber
from portal.rules.logins import member_login
from portal.rules.one_time_codes import group_code, make_code, normalise_code
from portal.runtime import runtime
from portal.services import audit
from portal.services.accounts import account_named, end_sign_ins, hash_password
from portal.services.members import find_member
from portal.services.passwords import personal_data, require_good_password
from portal.services.transaction import writing

_NOBODY = bytes(32)


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A new code, in the one moment when it can be read."""

    login: str
    person_name: str
    code: str
    expires_at: datetime


class CodeRefused(PortalError):
    """Unknown account, wrong code, used or expired: one answer for all."""

    status = 422

    def __init__(self) -> None:
        super().__init__(
            "账号或一次性码不对，或者一次性码已经用过、过期。请核对后再试；"
            "仍不行请让上级团组织（团员请让本支部）重新发一个。"
        )


class AccountDisabled(PortalError):
    """A disabled account gets no code."""

    status = 409

    def __init__(self) -> None:
        super().__init__("这个账号已停用，没有发出一次性码。请先启用账号。")


class OwnCode(PortalError):
    """Who left a page open must not give a stranger the way around the present password."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            "不能给自己发一次性码。请用“修改密码”；忘记了现在的密码，请联系上级团组织。"
        )


class MemberLeft(PortalError):
    """A member who was set aside needs no account."""

    status = 409

    def __init__(self) -> None:
        super().__init__("这名团员已不在册，没有发出一次性码。需要时请先恢复团员。")


class NoSuchApplicant(PortalError):
    """Nobody of this name and ID number has registered and is no member yet."""

    status = 422

    def __init__(self) -> None:
        super().__init__(
            "没有找到这个人的注册：姓名或身份证号不对，还没有注册，或者已经是团员。"
            "请对照身份证核对；已经是团员的，在“团员信息”里重置密码。"
        )


def issue(actor: Actor, account_id: int) -> IssuedCode:
    """A code for an account of an organisation; it ends the one before."""
    with writing():
        account = db.session.scalar(
            select(Account)
            .where(Account.id == account_id, accounts_for(actor, Action.ISSUE_CODE))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if account is None:
            raise NotFound
        if account.id == actor.account_id:
            raise OwnCode
        if account.disabled_at is not None:
            raise AccountDisabled
        audit.record(actor, audit.Event.CODE_ISSUED, account_id=account.id, login=account.login)
        return new_code(actor, account)


def issue_for_member(actor: Actor, member_id: int) -> IssuedCode:
    """重置密码: a code for a member of the actor's branch, whose account is made if need be."""
    with writing():
        member = find_member(actor, Action.ISSUE_MEMBER_CODE, member_id, lock=True)
        if member.left_at is not None:
            raise MemberLeft
        account = db.session.scalar(select(Account).where(Account.member_id == member.id))
        made = account is None
        if account is None:
            account = _make_member_account(member)
        elif account.disabled_at is not None:
            raise AccountDisabled
        audit.record(
            actor,
            audit.Event.CODE_ISSUED,
            member_id=member.id,
            account_id=account.id,
            account_made=made,
        )
        return new_code(actor, account)


def issue_for_applicant(actor: Actor, name: str, id_number: IdNumber) -> IssuedCode:
    """A code for a registered person who stands at the branch's desk with their identity card.

    A draft was sent to no branch, so any branch may do it; name and ID number must both be right.
    Raises ``NoSuchApplicant``.
    """
    require(actor, Action.ISSUE_APPLICANT_CODE)
    person = runtime().vault.index("id_number", id_number.text)
    with writing():
        account = db.session.scalar(
            select(Account)
            .join(Joining, Joining.id == Account.joining_id)
            .where(Joining.id_number_hash == person, Joining.name == name)
        )
        if account is None:
            audit.record(actor, audit.Event.CODE_REFUSED)
        else:
            audit.record(
                actor,
                audit.Event.CODE_ISSUED,
                account_id=account.id,
                joining_id=account.joining_id,
            )
            return new_code(actor, account)
    raise NoSuchApplicant


def issue_by_operator(login: str) -> IssuedCode:
    """A code for any account, from the machine itself: for when nobody above could issue one.

    Raises ``NotFound`` or ``AccountDisabled``.
    """
    with writing():
        account = account_named(login)
        if account is None:
            raise NotFound
        if account.disabled_at is not None:
            raise AccountDisabled
        audit.record(None, audit.Event.CODE_ISSUED, account_id=account.id, login=account.login)
        return new_code(None, account)


def new_code(actor: Actor | None, account: Account) -> IssuedCode:
    """Make a code in the running transaction, which the caller records.

    ``actor`` None: the operator, who has no account; the code then stands as the account's own.
    """
    code, moment = make_code(secrets.choice), clock.now()
    expires_at = moment + timedelta(hours=runtime().settings.code_hours)
    end_codes(account.id, moment)
    db.session.execute(
        insert(OneTimeCode).values(
            account_id=account.id,
            code_hash=_hash(account.id, code),
            issued_at=moment,
            issued_by_id=actor.account_id if actor else account.id,
            expires_at=expires_at,
        )
    )
    return IssuedCode(account.login, account.person_name, group_code(code), expires_at)


def redeem(login: str, code: str, password: str, *, address: str, request_id: str) -> None:
    """Set the account's password with its code; the code and all sessions of the account end.

    Raises ``CodeRefused`` or ``PasswordRefused``.
    """
    require_good_password(password, set())  # says nothing about the account
    account = _account_with_code(login, code)
    if account is None:
        with writing():
            audit.record(None, audit.Event.CODE_REFUSED, address=address)
        raise CodeRefused
    require_good_password(password, personal_data(account))
    new_hash = hash_password(password)
    with writing() as session:
        account = _account_with_code(login, code, lock=True)
        if account is None:  # used, replaced or disabled in the meantime
            raise CodeRefused
        end_codes(account.id, clock.now())
        account.password_hash = new_hash
        ended = end_sign_ins(account.id)
        session.flush()
        audit.record(
            _person_of(account, address, request_id),
            audit.Event.PASSWORD_SET,
            account_id=account.id,
            sign_ins_ended=ended,
        )


def _account_with_code(login: str, code: str, *, lock: bool = False) -> Account | None:
    """The account whose living code this is; the same work whether it exists or not."""
    account = account_named(login)
    if lock and account is not None:
        db.session.refresh(account, with_for_update=True)
    usable = account is not None and account.disabled_at is None
    account_id = account.id if account and usable else 0
    stored = db.session.scalar(
        select(OneTimeCode.code_hash).where(
            OneTimeCode.account_id == account_id,
            OneTimeCode.ended_at.is_(None),
            OneTimeCode.expires_at > clock.now(),
        )
    )
    given = _hash(account_id, normalise_code(code))
    return account if hmac.compare_digest(stored or _NOBODY, given) else None


def end_codes(account_id: int, moment: datetime) -> None:
    """End the account's living code in the running transaction."""
    db.session.execute(
        update(OneTimeCode)
        .where(OneTimeCode.account_id == account_id, OneTimeCode.ended_at.is_(None))
        .values(ended_at=moment)
    )


def end_codes_of(member_id: int, moment: datetime) -> None:
    """End the living code of a member's account: whoever issued it cares for them no longer."""
    account_id = db.session.scalar(select(Account.id).where(Account.member_id == member_id))
    if account_id is not None:
        end_codes(account_id, moment)


def _make_member_account(member: Member) -> Account:
    login, number = member_login(member.id), 1
    while db.session.scalar(select(Account.id).where(Account.login == login)) is not None:
        number += 1
        login = f"{member_login(member.id)}-{number}"
    account = Account(
        login=login, person_name=member.name, member_id=member.id, created_at=clock.now()
    )
    db.session.add(account)
    db.session.flush()
    return account


def _person_of(account: Account, address: str, request_id: str) -> Actor:
    """Who sets their password is not signed in; the record names them all the same."""
    return Actor(
        account_id=account.id,
        sign_in_id=0,
        login=account.login,
        person_name=account.person_name,
        role=Role.MEMBER if account.member_id else Role.BRANCH,
        organisation_id=account.organisation_id,
        organisation_name="",
        organisation_path="",
        member_id=account.member_id,
        joining_id=account.joining_id,
        address=address,
        request_id=request_id,
    )


def _hash(account_id: int, code: str) -> bytes:
    return runtime().vault.index("one-time code", f"{account_id}:{code}")
