"""邮件提醒: whether and where a person is told by mail that there is something to read."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from portal.access import Action, Actor, Role, accounts_for
from portal.extensions import db
from portal.models import Account
from portal.services import audit
from portal.services.mail_asking import ADDRESS, is_on, with_addresses
from portal.services.transaction import reading, writing


@dataclass(frozen=True, slots=True)
class OwnMail:
    """``address`` is where mail goes; ``is_own`` if the account itself has it, to be changed."""

    is_sent: bool  # by this installation at all
    address: str
    is_own: bool
    off: bool


def own_mail(actor: Actor) -> OwnMail:
    """What is set for the actor."""
    account = db.session.scalars(
        select(Account).where(accounts_for(actor, Action.CHANGE_OWN_MAIL))
    ).one()
    is_own = actor.role not in (Role.MEMBER, Role.APPLICANT)
    address = account.email
    if not is_own and not account.mail_off:
        query = with_addresses(select(ADDRESS)).where(Account.id == account.id)
        address = reading().execute(query).scalar() or ""
    return OwnMail(is_on(), address, is_own, account.mail_off)


def change_own_mail(actor: Actor, *, address: str, off: bool) -> None:
    """Save it; a member's address is their own data and changed there."""
    with writing() as session:
        account = session.scalars(
            select(Account).where(accounts_for(actor, Action.CHANGE_OWN_MAIL)).with_for_update()
        ).one()
        if actor.role in (Role.MEMBER, Role.APPLICANT):
            address = account.email
        if (account.email, account.mail_off) == (address, off):
            return
        changed = account.email != address
        account.email, account.mail_off = address, off
        audit.record(actor, audit.Event.MAIL_CHANGED, off=off, address=changed)
