"""账号管理: the accounts of organisations, one per person: the list, and a new one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select

from portal import clock
from portal.access import Action, Actor, accounts_for, allows, organisations_for
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Account, OneTimeCode, Organisation, SignIn
from portal.rules.logins import login_stem
from portal.rules.pinyin import initials
from portal.services import audit
from portal.services.codes import IssuedCode, new_code
from portal.services.transaction import once_more_if_taken, writing

SENT_TWICE_WITHIN = timedelta(minutes=10)
"""A form sent a second time within this time is the same wish, not a second account."""


class AccountState(StrEnum):
    """How an account stands; the value is the word that the list shows."""

    ACTIVE = "正常"
    NO_PASSWORD = "未设密码"  # noqa: S105 (a word)
    DISABLED = "已停用"


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account of an organisation, in the list and on its own page."""

    id: int
    login: str
    person_name: str
    organisation_id: int
    state: AccountState
    last_sign_in: datetime | None
    code_until: datetime | None
    is_own: bool
    may_name: bool


class LoginTaken(PortalError):
    """Somebody has this account name."""

    status = 409

    def __init__(self, login: str, proposed: str) -> None:
        super().__init__(f"账号 {login} 已经有人用了，没有保存。请换一个，例如 {proposed}。")


class OrganisationClosed(PortalError):
    """A closed organisation gets no new account."""

    status = 409

    def __init__(self) -> None:
        super().__init__("这个组织已撤销，不能新增账号。")


def find_managed(actor: Actor, organisation_id: int, action: Action) -> Organisation:
    """An organisation whose accounts the actor may do ``action`` to. Raises ``NotFound``."""
    found = db.session.scalar(
        select(Organisation).where(
            Organisation.id == organisation_id, organisations_for(actor, action)
        )
    )
    if found is None:
        raise NotFound
    return found


def accounts_of(actor: Actor, organisation: Organisation) -> tuple[AccountRow, ...]:
    """The accounts of an organisation, in the order of their making, disabled ones last."""
    return _rows(actor, Account.organisation_id == organisation.id)


def account_row(actor: Actor, account_id: int) -> AccountRow:
    """One account. Raises ``NotFound``."""
    rows = _rows(actor, Account.id == account_id)
    if not rows:
        raise NotFound
    return rows[0]


def propose_login(organisation: Organisation) -> str:
    """A free account name out of the organisation's pinyin initials and a number."""
    stem = login_stem(organisation.initials or initials(organisation.name))
    taken = set(db.session.scalars(select(Account.login).where(Account.login.startswith(stem))))
    return next(login for n in range(1, len(taken) + 2) if (login := f"{stem}{n}") not in taken)


def add_account(actor: Actor, organisation_id: int, login: str, person_name: str) -> IssuedCode:
    """A new account of an organisation, with the code to set its first password.

    Raises ``LoginTaken`` or ``OrganisationClosed``.
    """

    def add() -> IssuedCode:
        with writing():
            organisation = find_managed(actor, organisation_id, Action.ADD_ACCOUNT)
            account, made = new_account(organisation, login, person_name)
            if made:
                audit.record(
                    actor,
                    audit.Event.ACCOUNT_ADDED,
                    account_id=account.id,
                    of=organisation.id,
                    login=login,
                    person=person_name,
                )
            else:
                audit.record(actor, audit.Event.CODE_ISSUED, account_id=account.id)
            return new_code(actor, account)

    return once_more_if_taken(add)


def new_account(organisation: Organisation, login: str, person_name: str) -> tuple[Account, bool]:
    """The new account, and whether it was made now: not when the same form came twice."""
    if organisation.closed_at is not None:
        raise OrganisationClosed
    there = by_login(login)
    if there is not None:
        if is_sent_twice(there, organisation, person_name):
            return there, False
        raise LoginTaken(login, propose_login(organisation))
    account = Account(
        login=login,
        person_name=person_name,
        organisation_id=organisation.id,
        created_at=clock.now(),
    )
    db.session.add(account)
    db.session.flush()
    return account, True


def by_login(login: str) -> Account | None:
    """The account of this name."""
    return db.session.scalar(select(Account).where(Account.login == login))


def is_sent_twice(there: Account | None, organisation: Organisation, person_name: str) -> bool:
    """Whether ``there`` is the account that the same form has made a moment ago."""
    return (
        there is not None
        and there.organisation_id == organisation.id
        and there.person_name == person_name
        and there.password_hash is None
        and there.disabled_at is None
        and there.created_at > clock.now() - SENT_TWICE_WITHIN
    )


def _rows(actor: Actor, which: ColumnElement[bool]) -> tuple[AccountRow, ...]:
    last = select(func.max(SignIn.created_at)).where(SignIn.account_id == Account.id)
    code = select(OneTimeCode.expires_at).where(
        OneTimeCode.account_id == Account.id,
        OneTimeCode.ended_at.is_(None),
        OneTimeCode.expires_at > clock.now(),
    )
    rows = db.session.execute(
        select(Account, last.scalar_subquery(), code.limit(1).scalar_subquery())
        .where(which, accounts_for(actor, Action.LIST_ACCOUNTS))
        .order_by(Account.disabled_at.is_not(None), Account.id)
    )
    nameable = _nameable(actor, which)
    return tuple(
        AccountRow(
            id=account.id,
            login=account.login,
            person_name=account.person_name,
            organisation_id=account.organisation_id or 0,
            state=_state(account),
            last_sign_in=last_sign_in,
            code_until=code_until,
            is_own=account.id == actor.account_id,
            may_name=account.id in nameable,
        )
        for account, last_sign_in, code_until in rows
    )


def _nameable(actor: Actor, which: ColumnElement[bool]) -> set[int]:
    if not allows(actor, Action.NAME_ACCOUNT):
        return set()
    query = select(Account.id).where(which, accounts_for(actor, Action.NAME_ACCOUNT))
    return set(db.session.scalars(query))


def _state(account: Account) -> AccountState:
    if account.disabled_at is not None:
        return AccountState.DISABLED
    return AccountState.ACTIVE if account.password_hash else AccountState.NO_PASSWORD
