"""Choosing a password: only the person themselves ever does."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Select, select

from portal.access import Action, Actor, accounts_for
from portal.errors import PortalError
from portal.extensions import db
from portal.models import Account, Joining, Member
from portal.rules.passwords import PasswordFault, Strength, check_password, strength
from portal.runtime import runtime
from portal.services import audit
from portal.services.accounts import end_sign_ins, hash_password, verify_password
from portal.services.members import PersonalField, plain_field
from portal.services.transaction import writing


class PasswordRefused(PortalError):
    """The new password is too short, too common, or of the person's own data."""

    status = 422


class OldPasswordWrong(PortalError):
    """The present password, asked for as a proof, is another one."""

    status = 422

    def __init__(self) -> None:
        super().__init__("现在的密码不对，没有任何改动。请检查大小写和输入法后再试。")


def require_good_password(text: str, personal: set[str]) -> None:
    """Raise ``PasswordRefused`` unless ``text`` may be a password of whose data this is."""
    fault = check_password(
        text, personal=personal, min_length=runtime().settings.password_min_length
    )
    if fault:
        raise PasswordRefused(fault.message)


def personal_data(account: Account) -> set[str]:
    """What is known of an account's person that must not be their password."""
    known = {account.login, account.person_name}
    if account.member_id is not None:
        member = db.session.get_one(Member, account.member_id)
        known |= {
            member.name,
            member.birth_date.isoformat(),
            plain_field(member, PersonalField.ID_NUMBER),
            plain_field(member, PersonalField.PHONE),
        }
    if account.joining_id is not None:
        joining = db.session.get_one(Joining, account.joining_id)
        known |= {joining.name, joining.birth_date.isoformat(), *_sealed(joining)}
    return known


def change_password(actor: Actor, old: str, new: str) -> None:
    """修改密码. All other sessions of the account end: whoever else knew the old one is out.

    Raises ``OldPasswordWrong`` or ``PasswordRefused``.
    """
    account = _own(actor, lock=False)
    if not verify_password(account, old):
        raise OldPasswordWrong
    require_good_password(new, personal_data(account))
    if old == new:
        raise PasswordRefused("新密码与现在的密码相同，没有任何改动。请换一个。")
    known_hash, new_hash = account.password_hash, hash_password(new)
    with writing():
        account = _own(actor, lock=True)
        if account.password_hash != known_hash:  # changed elsewhere in the meantime
            raise OldPasswordWrong
        account.password_hash = new_hash
        ended = end_sign_ins(account.id, but=actor.sign_in_id)
        audit.record(actor, audit.Event.PASSWORD_CHANGED, sign_ins_ended=ended)


def rate(text: str, personal: set[str]) -> tuple[Strength, PasswordFault | None]:
    """How strong a password being typed is, and what stands against it. Nothing is kept."""
    least = runtime().settings.password_min_length
    return strength(text, personal=personal), check_password(
        text, personal=personal, min_length=least
    )


def require_own_password(actor: Actor, action: Action, password: str) -> None:
    """Ask for the present password before a delicate change. Raises ``OldPasswordWrong``."""
    if not verify_password(db.session.scalar(_query(actor, action)), password):
        raise OldPasswordWrong


def _sealed(joining: Joining) -> Iterator[str]:
    person = joining.id_number_hash
    if person is None:  # approved: the data went to the member's row
        return
    if joining.id_number_sealed is not None:
        yield runtime().vault.open(joining.id_number_sealed, b"member.id_number:" + person)
    if joining.phone_sealed is not None:
        yield runtime().vault.open(joining.phone_sealed, b"member.phone:" + person)


def _own(actor: Actor, *, lock: bool) -> Account:
    query = _query(actor, Action.CHANGE_OWN_PASSWORD)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(query).one()


def _query(actor: Actor, action: Action) -> Select[Account]:
    return select(Account).where(accounts_for(actor, action))
