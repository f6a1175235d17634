"""Signing in: passwords, sessions that end, no telling of who exists. On both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from portal.access import Actor, Role
from portal.extensions import db
from portal.models import Account, AuditRecord, SignIn
from portal.services import accounts
from portal.services.transaction import writing
from tests.builders import PASSWORD, World

pytestmark = pytest.mark.usefixtures("database")


def sign_in(login: str, password: str = PASSWORD) -> str:
    return accounts.sign_in(
        login, password, address="10.0.0.1", user_agent="x" * 500, request_id="r"
    )


def actor_for(token: str) -> Actor | None:
    return accounts.actor_for(token, address="10.0.0.1", request_id="r")


def test_who_signs_in_acts_as_the_account_says(world: World) -> None:
    actor = actor_for(sign_in(f" LOGIN{world.branch.id} "))
    assert actor is not None
    assert (actor.role, actor.organisation_id, actor.organisation_path) == (
        Role.BRANCH,
        world.branch.id,
        world.branch.path,
    )
    committee = actor_for(sign_in(f"login{world.grassroots.id}"))
    assert committee is not None
    assert committee.role is Role.COMMITTEE
    for node in (world.district, world.municipal):
        releasing = actor_for(sign_in(f"login{node.id}"))
        assert releasing is not None
        assert releasing.role is Role.DISTRICT


def test_a_members_organisation_is_their_branch(world: World) -> None:
    member = world.add_member()
    world.member_actor(member)
    actor = actor_for(sign_in(f"member{member}"))
    assert actor is not None
    assert (actor.role, actor.member_id, actor.organisation_id) == (
        Role.MEMBER,
        member,
        world.branch.id,
    )


@pytest.mark.parametrize(
    ("login", "password"), [("login5", "wrong"), ("nobody", PASSWORD), ("", "")]
)
def test_wrong_name_and_wrong_password_get_one_answer(
    world: World, login: str, password: str
) -> None:
    with pytest.raises(accounts.SignInRefused) as refused:
        sign_in(login, password)
    assert refused.value.message == accounts.SignInRefused().message
    record = db.session.scalars(select(AuditRecord)).one()
    assert record.event == "sign-in refused"
    assert "wrong" not in str(record.detail)


def test_a_disabled_account_is_out_at_once(world: World) -> None:
    token = sign_in(f"login{world.branch.id}")
    with writing() as session:
        session.execute(
            update(Account)
            .where(Account.id == world.branch.id)
            .values(disabled_at=datetime.now(UTC))
        )
    assert actor_for(token) is None
    with pytest.raises(accounts.SignInRefused):
        sign_in(f"login{world.branch.id}")


def test_an_account_without_a_password_lets_nobody_in(world: World) -> None:
    with writing() as session:
        session.execute(
            update(Account).where(Account.id == world.branch.id).values(password_hash="!")
        )
    with pytest.raises(accounts.SignInRefused):
        sign_in(f"login{world.branch.id}", "!")


def test_an_old_hash_is_made_anew(world: World) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
    with writing() as session:
        session.execute(
            update(Account).where(Account.id == world.branch.id).values(password_hash=weak)
        )
    sign_in(f"login{world.branch.id}")
    db.session.expire_all()
    assert db.session.get_one(Account, world.branch.id).password_hash != weak
    assert sign_in(f"login{world.branch.id}")


def test_signing_out_ends_the_session_on_the_server(world: World) -> None:
    token = sign_in(f"login{world.branch.id}")
    actor = actor_for(token)
    assert actor is not None
    accounts.sign_out(actor)
    assert actor_for(token) is None


def test_a_session_ends_after_thirty_idle_minutes(world: World) -> None:
    token = sign_in(f"login{world.branch.id}")
    began = datetime.now(UTC)
    for minutes in (20, 40, 60):  # each look keeps it going
        with time_machine.travel(began + timedelta(minutes=minutes), tick=False):
            assert actor_for(token) is not None
    with time_machine.travel(began + timedelta(minutes=91), tick=False):
        assert actor_for(token) is None


def test_a_session_ends_after_twelve_hours_however_busy(world: World) -> None:
    token = sign_in(f"login{world.branch.id}")
    began = datetime.now(UTC)
    for minutes in range(20, 12 * 60, 20):
        with time_machine.travel(began + timedelta(minutes=minutes), tick=False):
            assert actor_for(token) is not None
    with time_machine.travel(began + timedelta(hours=12, minutes=1), tick=False):
        assert actor_for(token) is None


def test_of_the_token_only_the_hash_is_kept(world: World) -> None:
    token = sign_in(f"login{world.branch.id}")
    row = db.session.scalars(select(SignIn)).one()
    assert token.encode() not in row.token_hash
    assert len(row.user_agent) == 200
    assert actor_for("another token") is None
