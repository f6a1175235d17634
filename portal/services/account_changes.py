"""What happens to an account of an organisation: named, disabled, enabled, handed over (换届)."""

from __future__ import annotations

from sqlalchemy import func, select

from portal import clock
from portal.access import Action, Actor, accounts_for
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Account, Organisation
from portal.services import audit
from portal.services.accounts import end_sign_ins
from portal.services.codes import IssuedCode, end_codes, new_code
from portal.services.organisation_accounts import (
    by_login,
    is_sent_twice,
    new_account,
)
from portal.services.transaction import once_more_if_taken, writing
from portal.services.tree_lock import hold_tree


class OwnAccount(PortalError):
    """Nobody disables the account they are signed in with."""

    status = 409

    def __init__(self) -> None:
        super().__init__("不能停用自己正在使用的账号。换届请用“换届交接”，或请上级团组织停用。")


class LastAccount(PortalError):
    """Above the municipal committee there is nobody who could issue a new code."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            "这是团市委最后一个能登录的账号，停用后没有人能再管理账号，没有任何改动。"
            "请先新增一个账号，由接任的人设置密码后再停用这个。"
        )


class AlreadyHandedOver(PortalError):
    """The account was disabled in the meantime."""

    status = 409

    def __init__(self) -> None:
        super().__init__("这个账号已经停用，不能再交接。需要时请为接任的人新增账号。")


class ClosedWithOrganisation(PortalError):
    """Nobody signs in for a closed organisation, so none of its accounts is enabled."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(
            f"“{name}”已撤销，它的账号不能启用，没有任何改动。"
            "请先由上级团委在“下级组织管理”里恢复这个组织，随撤销停用的账号会一起恢复。"
        )


def rename(actor: Actor, account_id: int, person_name: str) -> None:
    """Set the name of an account's person."""
    with writing():
        account = _find(actor, Action.NAME_ACCOUNT, account_id)
        before = account.person_name
        if before == person_name:
            return
        account.person_name = person_name
        audit.record(
            actor, audit.Event.ACCOUNT_NAMED, account_id=account.id, names=[before, person_name]
        )


def disable(actor: Actor, account_id: int) -> None:
    """停用. The account's sessions end. Raises ``OwnAccount`` or ``LastAccount``."""
    with writing():
        account = _find(actor, Action.DISABLE_ACCOUNT, account_id)
        if account.id == actor.account_id:
            raise OwnAccount
        if account.disabled_at is not None:
            return
        _require_another(account)
        ended = _switch_off(account)
        audit.record(
            actor,
            audit.Event.ACCOUNT_DISABLED,
            account_id=account.id,
            person=account.person_name,
            sign_ins_ended=ended,
        )


def enable(actor: Actor, account_id: int) -> None:
    """启用. Raises ``ClosedWithOrganisation``."""
    with writing():
        hold_tree()
        account = _find(actor, Action.ENABLE_ACCOUNT, account_id)
        if account.disabled_at is None:
            return
        organisation = db.session.get_one(Organisation, account.organisation_id)
        if organisation.closed_at is not None:
            raise ClosedWithOrganisation(organisation.name)
        account.disabled_at = None
        audit.record(
            actor,
            audit.Event.ACCOUNT_ENABLED,
            account_id=account.id,
            person=account.person_name,
        )


def end_account_sign_ins(actor: Actor, account_id: int) -> int:
    """End an account's sessions (of one's own: all but this one); how many there were."""
    with writing():
        account = _find(actor, Action.END_ACCOUNT_SIGN_INS, account_id)
        ended = end_sign_ins(account.id, but=actor.sign_in_id)
        audit.record(actor, audit.Event.SIGN_INS_ENDED, account_id=account.id, count=ended)
        return ended


def hand_over(actor: Actor, account_id: int, login: str, person_name: str) -> IssuedCode:
    """换届: the old person's account off, the new person's made, in one transaction.

    Raises ``LoginTaken``, ``LastAccount`` or ``AlreadyHandedOver``; then nothing has changed.
    """

    def change() -> IssuedCode:
        with writing():
            old = _find(actor, Action.HAND_OVER, account_id)
            organisation = db.session.get_one(Organisation, old.organisation_id)
            again = old.disabled_at is not None
            if again and not is_sent_twice(by_login(login), organisation, person_name):
                raise AlreadyHandedOver
            new, made = new_account(organisation, login, person_name)
            if made:
                _require_another(old)
                ended = _switch_off(old)
                audit.record(
                    actor,
                    audit.Event.ACCOUNT_HANDED_OVER,
                    account_id=old.id,
                    new_account_id=new.id,
                    of=organisation.id,
                    names=[old.person_name, person_name],
                    logins=[old.login, login],
                    sign_ins_ended=ended,
                )
            else:
                audit.record(actor, audit.Event.CODE_ISSUED, account_id=new.id)
            return new_code(actor, new)

    return once_more_if_taken(change)


def _find(actor: Actor, action: Action, account_id: int) -> Account:
    """The account of an organisation in scope, locked. Raises ``NotFound``."""
    account = db.session.scalar(
        select(Account)
        .where(Account.id == account_id, accounts_for(actor, action))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if account is None:
        raise NotFound
    return account


def _switch_off(account: Account) -> int:
    account.disabled_at = clock.now()
    end_codes(account.id, account.disabled_at)
    return end_sign_ins(account.id)


def _require_another(account: Account) -> None:
    """Somebody of the municipal committee can still sign in without ``account``.

    The organisation's row is locked: two who disable each other come one after the other.
    """
    organisation = db.session.scalars(
        select(Organisation).where(Organisation.id == account.organisation_id).with_for_update()
    ).one()
    if organisation.parent_id is not None or account.password_hash is None:
        return
    others = db.session.scalar(
        select(func.count()).where(
            Account.organisation_id == organisation.id,
            Account.id != account.id,
            Account.disabled_at.is_(None),
            Account.password_hash.is_not(None),
        )
    )
    if not others:
        raise LastAccount
