"""用户中心: 修改密码, one's contact, one's sign-ins. On both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.access import Actor
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import AuditRecord
from portal.services import accounts, passwords
from portal.services.members import PersonalField, plain_field
from portal.services.own_account import (
    Contact,
    ContactConflict,
    change_contact,
    end_other_sign_ins,
    end_own_sign_in,
    own_login,
    own_sign_ins,
)
from portal.services.passwords import OldPasswordWrong, PasswordRefused, change_password, rate
from tests.builders import PASSWORD, World

pytestmark = pytest.mark.usefixtures("database")

NEW = "hongqi-42-mantou-gou"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120 Safari/537.36 Edg/120"


def token_of(login: str, password: str = PASSWORD, user_agent: str = EDGE) -> str:
    return accounts.sign_in(
        login, password, address="10.0.0.1", user_agent=user_agent, request_id=""
    )


def actor_of(token: str) -> Actor:
    actor = accounts.actor_for(token, address="10.0.0.1", request_id="")
    assert actor is not None
    return actor


def is_in(token: str) -> bool:
    return accounts.actor_for(token, address="", request_id="") is not None


def last_record() -> AuditRecord:
    db.session.rollback()
    found = db.session.scalar(select(AuditRecord).order_by(AuditRecord.id.desc()).limit(1))
    assert found is not None
    return found


def test_changing_the_password_ends_all_other_sessions(world: World) -> None:
    login = f"login{world.branch.id}"
    here, elsewhere = token_of(login), token_of(login)
    change_password(actor_of(here), PASSWORD, NEW)
    assert last_record().event == "password changed"
    assert last_record().detail == {"sign_ins_ended": 1}
    assert is_in(here)
    assert not is_in(elsewhere)
    with pytest.raises(accounts.SignInRefused):
        token_of(login)
    assert token_of(login, NEW)


def test_the_old_password_is_asked_for(world: World) -> None:
    actor = actor_of(token_of(f"login{world.branch.id}"))
    with pytest.raises(OldPasswordWrong):
        change_password(actor, "wrong", NEW)
    assert token_of(f"login{world.branch.id}")


@pytest.mark.parametrize("new", ["short", "woaini1314", PASSWORD, "login4 mantou kuaizi"])
def test_a_bad_new_password_changes_nothing(world: World, new: str) -> None:
    actor = actor_of(token_of("login4"))
    with pytest.raises(PasswordRefused):
        change_password(actor, PASSWORD, new)
    assert token_of("login4")


def test_of_two_who_change_it_at_once_the_second_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = actor_of(token_of(f"login{world.branch.id}"))
    hash_password = accounts.hash_password

    def slow(password: str) -> str:
        monkeypatch.setattr(passwords, "hash_password", hash_password)
        change_password(actor, PASSWORD, "another kuaizi xiang")
        return hash_password(password)

    monkeypatch.setattr(passwords, "hash_password", slow)
    with pytest.raises(OldPasswordWrong):
        change_password(actor, PASSWORD, NEW)
    assert token_of(f"login{world.branch.id}", "another kuaizi xiang")


def test_a_password_being_typed_is_rated(world: World) -> None:
    rated, fault = rate("woaini1314", set())
    assert (rated.level, fault is None) == (1, False)
    rated, fault = rate(NEW, {"somebody"})
    assert (rated.level, fault) == (3, None)


def test_each_role_has_its_own_account(world: World) -> None:
    member = world.member_actor(world.add_member())
    assert own_login(member).id == member.account_id
    assert own_login(world.actor(world.district)).id == world.district.id


def test_a_member_changes_their_mail_address_and_with_the_password_their_phone(
    world: World,
) -> None:
    member = world.add_member()
    actor = world.member_actor(member)
    version = world.member(member).version
    change_contact(actor, version, Contact("a@example.com", None), "")
    assert world.member(member).email == "a@example.com"
    with pytest.raises(OldPasswordWrong):
        change_contact(actor, version + 1, Contact("a@example.com", "13900001111"), "wrong")
    change_contact(actor, version + 1, Contact("a@example.com", "13900001111"), PASSWORD)
    after = world.member(member)
    assert plain_field(after, PersonalField.PHONE) == "13900001111"
    assert after.version == version + 2
    record = last_record()
    assert (record.member_id, record.detail) == (member, {"fields": ["phone"]})


def test_saving_the_same_contact_changes_nothing(world: World) -> None:
    member = world.add_member()
    actor = world.member_actor(member)
    before = world.member(member)
    same = Contact(before.email, plain_field(before, PersonalField.PHONE))
    change_contact(actor, before.version, same, PASSWORD)
    assert world.member(member).version == before.version


def test_a_contact_saved_after_the_branch_saved_is_asked_again(world: World) -> None:
    member = world.add_member()
    actor = world.member_actor(member)
    version = world.member(member).version
    with pytest.raises(ContactConflict) as conflict:
        change_contact(actor, version - 1, Contact("a@example.com", None), "")
    assert conflict.value.version == version


def test_only_a_member_has_a_contact_to_change(world: World) -> None:
    from dataclasses import replace

    member = world.add_member()
    pretending = replace(world.actor(world.branch), member_id=member)
    with pytest.raises(NotAllowed):
        change_contact(pretending, 1, Contact("", None), "")


def test_ones_sign_ins_are_listed_this_one_first(world: World) -> None:
    login = f"login{world.branch.id}"
    here = actor_of(token_of(login))
    token_of(login, user_agent="")
    assert not own_sign_ins(here).ended
    shown = own_sign_ins(here)
    assert [(one.device, one.is_this) for one in shown.living] == [
        ("Edge · Windows", True),
        ("未知设备", False),
    ]
    assert shown.has_others
    assert shown.living[0].address == "10.0.0.1"


def test_one_device_is_taken_offline(world: World) -> None:
    login = f"login{world.branch.id}"
    here, other = token_of(login), token_of(login)
    actor, elsewhere = actor_of(here), actor_of(other)
    end_own_sign_in(actor, elsewhere.sign_in_id)
    end_own_sign_in(actor, elsewhere.sign_in_id)  # a double click
    assert is_in(here)
    assert not is_in(other)
    assert last_record().detail == {"sign_in_id": elsewhere.sign_in_id}
    shown = own_sign_ins(actor)
    assert [one.id for one in shown.ended] == [elsewhere.sign_in_id]
    assert not shown.has_others


def test_nobody_elses_device_and_not_this_one(world: World) -> None:
    actor = actor_of(token_of(f"login{world.branch.id}"))
    stranger = actor_of(token_of(f"login{world.sister.id}"))
    for sign_in in (stranger.sign_in_id, actor.sign_in_id, 99999):
        with pytest.raises(NotFound):
            end_own_sign_in(actor, sign_in)


def test_all_others_are_taken_offline_at_once(world: World) -> None:
    login = f"login{world.branch.id}"
    here, others = token_of(login), [token_of(login), token_of(login)]
    stranger = token_of(f"login{world.sister.id}")
    actor = actor_of(here)
    end_other_sign_ins(actor)
    assert last_record().detail == {"count": 2}
    assert is_in(here)
    assert is_in(stranger)
    assert not any(is_in(one) for one in others)
    written = last_record().id
    end_other_sign_ins(actor)
    assert last_record().id == written


def test_a_sign_in_that_ran_out_is_listed_as_ended_for_thirty_days(world: World) -> None:
    login = f"login{world.branch.id}"
    token_of(login)
    began = datetime.now(UTC)
    with time_machine.travel(began + timedelta(days=2), tick=False):
        shown = own_sign_ins(actor_of(token_of(login)))
        assert len(shown.living) == 1
        assert abs(shown.ended[0].ended_at - began - timedelta(minutes=30)) < timedelta(minutes=1)  # type: ignore[operator]
    with time_machine.travel(began + timedelta(days=40), tick=False):
        assert not own_sign_ins(actor_of(token_of(login))).ended
