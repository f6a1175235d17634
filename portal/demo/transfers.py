"""The demo's transfers: done through the services, as people would do them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from portal import clock
from portal.access import Actor, Role
from portal.demo.supervision import actor_of
from portal.extensions import db
from portal.models import Account, Member, NumberRelease, ReleaseState, Transfer, TransferStep
from portal.rules.transfers import USUAL_REASONS, last_day
from portal.services import transfer_deciding as deciding
from portal.services import transfer_expiry
from portal.services import transfers_inside as inside
from portal.services.transaction import writing

DAYS_AGO = (11, 8, 3)
"""When those were asked that expired, that end soon, and that wait for the first branch."""


def transfer_some() -> None:
    """Waiting for either of the first two branches, declined, expired, and one that is done.

    The first branch keeps its people: a visitor finds it as large as the guide says.
    """
    first, second = actor_of("zhibu1"), actor_of("zhibu2")
    third = actor_of(db.session.scalars(_THIRD_LOGIN).one())
    there, others = _movable(first), _movable(second)
    done = _ask(second, others[0], third, 3)
    deciding.agree(third, done)
    declined = _ask(first, there[0], second, 0)
    deciding.decline(second, declined, answer="本支部没有这名同学，请核对支部名称")
    expired = _ask(first, there[1], second, 4)
    _asked_ago(expired, DAYS_AGO[0])
    transfer_expiry.expire_due()
    _asked_ago(_ask(first, there[2], second, 3), DAYS_AGO[1])
    _asked_ago(_ask(_member_actor(there[3]), there[3], second, 3), 1)
    _asked_ago(_ask(second, others[1], first, 0), DAYS_AGO[2])


_THIRD_LOGIN = (
    select(Account.login)
    .where(Account.login.startswith("zhibu-"))
    .order_by(Account.organisation_id)
    .limit(1)
)


def _ask(actor: Actor, member_id: int, to: Actor, reason: int) -> int:
    assert to.organisation_id is not None
    return inside.ask(actor, member_id, to.organisation_id, USUAL_REASONS[reason], "")


def _movable(branch: Actor) -> list[int]:
    """Members of a branch with a number, who have no account and wait for nothing."""
    from_behind = Member.pinyin.desc()
    asked = select(NumberRelease.member_id).where(NumberRelease.state == ReleaseState.OPEN)
    return list(
        db.session.scalars(
            select(Member.id)
            .where(
                Member.branch_id == branch.organisation_id,
                Member.number.is_not(None),
                Member.irregularity.is_(None),
                Member.has_scan,
                ~select(Account.id).where(Account.member_id == Member.id).exists(),
                Member.id.not_in(asked),
            )
            .order_by(from_behind, Member.id)
            .limit(8)
        )
    )


def _asked_ago(transfer_id: int, days: int) -> None:
    """Put back when a transfer was asked: the demo is loaded in one moment."""
    asked_at = clock.now() - timedelta(days=days)
    with writing() as session:
        session.execute(
            update(Transfer)
            .where(Transfer.id == transfer_id)
            .values(asked_at=asked_at, ends_on=last_day(clock.day_of(asked_at)))
        )
        session.execute(
            update(TransferStep).where(TransferStep.transfer_id == transfer_id).values(at=asked_at)
        )


def _member_actor(member_id: int) -> Actor:
    """A member with an account that nobody can sign in to."""
    with writing() as session:
        name = session.get_one(Member, member_id).name
        account = Account(
            login=f"tuanyuan-{member_id}",
            password_hash="!",  # noqa: S106 (no hash)
            person_name=name,
            member_id=member_id,
            created_at=clock.now(),
        )
        session.add(account)
        session.flush()
        account_id = account.id
    return Actor(
        account_id=account_id,
        sign_in_id=0,
        login=f"tuanyuan-{member_id}",
        person_name=name,
        role=Role.MEMBER,
        organisation_id=None,
        organisation_name="",
        organisation_path="",
        member_id=member_id,
        address="127.0.0.1",
    )
