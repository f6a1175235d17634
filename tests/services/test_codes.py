"""One-time codes: shown once, good for a day, and never a password that somebody else chose."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from portal import clock
from portal.access import Actor
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import Account, AuditRecord, Joining, Member, OneTimeCode, SignIn
from portal.rules.leaving import LeavingReason
from portal.services import accounts, codes
from portal.services.codes import AccountDisabled, CodeRefused, MemberLeft, OwnCode
from portal.services.members import PersonalField, plain_field
from portal.services.passwords import PasswordRefused, personal_data
from portal.services.transaction import writing
from tests.builders import PASSWORD, World

pytestmark = pytest.mark.usefixtures("database")

NEW = "hongqi-42-mantou-gou"


def redeem(login: str, code: str, password: str = NEW) -> None:
    codes.redeem(login, code, password, address="10.0.0.1", request_id="r")


def signed_in(login: str, password: str = PASSWORD) -> Actor:
    token = accounts.sign_in(login, password, address="", user_agent="", request_id="")
    actor = accounts.actor_for(token, address="", request_id="")
    assert actor is not None
    return actor


def events(event: str) -> list[AuditRecord]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditRecord).where(AuditRecord.event == event)))


def test_the_person_sets_the_password_with_the_code(world: World) -> None:
    account = world.add_account(world.branch, login="zhibu-2", name="王接班")
    old = signed_in("zhibu-2")
    issued = codes.issue(world.actor(world.district), account)
    assert (issued.login, issued.person_name) == ("zhibu-2", "王接班")
    assert issued.expires_at - clock.now() > timedelta(hours=23, minutes=59)
    redeem(" ZHIBU-2 ", issued.code.lower().replace("-", " "))
    assert signed_in("zhibu-2", NEW).account_id == account
    with pytest.raises(accounts.SignInRefused):
        signed_in("zhibu-2", PASSWORD)
    db.session.rollback()
    assert db.session.get_one(SignIn, old.sign_in_id).ended_at is not None
    (record,) = events("password set with a code")
    assert (record.account_id, record.person_name) == (account, "王接班")


def test_of_the_code_only_the_hash_is_kept_and_the_record_is_without_it(world: World) -> None:
    account = world.add_account(world.branch)
    issued = codes.issue(world.actor(world.branch), account)
    row = db.session.scalars(select(OneTimeCode)).one()
    assert len(row.code_hash) == 32
    assert issued.code.replace("-", "").encode() not in row.code_hash
    (record,) = events("code issued")
    assert record.person_name == f"管理员{world.branch.id}"
    assert issued.code not in str(record.detail)


def test_the_operator_lets_a_forgetful_municipal_committee_in_again(world: World) -> None:
    run = world.app.test_cli_runner().invoke
    login = f"login{world.municipal.id}"
    said = run(args=["code", login]).output
    (record,) = events("code issued")
    assert record.person_name == "系统"
    code = re.search(r"[0-9A-Z]{4}(-[0-9A-Z]{4})+", said)
    assert code is not None, said
    redeem(login, code.group())
    assert signed_in(login, NEW).account_id == world.municipal.id
    unknown = run(args=["code", "nobody"])
    assert (unknown.exit_code, "no account" in unknown.output) == (1, True)
    with writing() as session:
        session.get_one(Account, world.municipal.id).disabled_at = clock.now()
    disabled = run(args=["code", login])
    assert (disabled.exit_code, "disabled" in disabled.output) == (1, True)


def test_a_code_is_good_once(world: World) -> None:
    account = world.add_account(world.branch, login="zhibu-2")
    issued = codes.issue(world.actor(world.branch), account)
    redeem("zhibu-2", issued.code)
    with pytest.raises(CodeRefused):
        redeem("zhibu-2", issued.code, "another-kuaizi-xiang")


def test_a_newer_code_ends_the_older(world: World) -> None:
    account = world.add_account(world.branch, login="zhibu-2")
    first = codes.issue(world.actor(world.branch), account)
    second = codes.issue(world.actor(world.branch), account)
    with pytest.raises(CodeRefused):
        redeem("zhibu-2", first.code)
    redeem("zhibu-2", second.code)


def test_a_code_is_good_for_a_day(world: World) -> None:
    account = world.add_account(world.branch, login="zhibu-2")
    issued = codes.issue(world.actor(world.branch), account)
    with (
        time_machine.travel(datetime.now(UTC) + timedelta(hours=24, minutes=1), tick=False),
        pytest.raises(CodeRefused),
    ):
        redeem("zhibu-2", issued.code)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=23), tick=False):
        redeem("zhibu-2", issued.code)


def test_unknown_account_and_wrong_code_get_one_answer(world: World) -> None:
    world.add_account(world.branch, login="zhibu-2")
    for login in ("nobody", "zhibu-2", ""):
        with pytest.raises(CodeRefused) as refused:
            redeem(login, "ACDE-FGHJ-KMNP")
        assert refused.value.message == CodeRefused().message
    assert len(events("code refused")) == 3


def test_a_code_of_another_account_opens_nothing(world: World) -> None:
    account = world.add_account(world.branch, login="one")
    world.add_account(world.branch, login="two")
    issued = codes.issue(world.actor(world.branch), account)
    with pytest.raises(CodeRefused):
        redeem("two", issued.code)


def test_a_disabled_account_gets_no_code_and_uses_none(world: World) -> None:
    account = world.add_account(world.branch, login="zhibu-2")
    issued = codes.issue(world.actor(world.branch), account)
    with writing() as session:
        session.execute(
            update(Account).where(Account.id == account).values(disabled_at=clock.now())
        )
    with pytest.raises(CodeRefused):
        redeem("zhibu-2", issued.code)
    with pytest.raises(AccountDisabled):
        codes.issue(world.actor(world.branch), account)


def test_a_weak_password_is_refused_and_the_code_stays_good(world: World) -> None:
    account = world.add_account(world.branch, login="zhibu-2", name="王晓梅")
    issued = codes.issue(world.actor(world.branch), account)
    for weak in ("woaini1314", "wangxiaomei kuaizi", "zhibu-2-kuaizi"):
        with pytest.raises(PasswordRefused):
            redeem("zhibu-2", issued.code, weak)
    redeem("zhibu-2", issued.code)


def test_a_code_is_issued_in_ones_scope_only(world: World) -> None:
    account = world.add_account(world.branch)
    for node in (world.branch, world.grassroots, world.district, world.municipal):
        codes.issue(world.actor(node), account)
    for node in (world.sister, world.other_district):
        with pytest.raises(NotFound):
            codes.issue(world.actor(node), account)
    with pytest.raises(NotFound):  # a branch never touches its committee
        codes.issue(world.actor(world.branch), world.grassroots.id)
    with pytest.raises(NotAllowed):
        codes.issue(world.member_actor(world.add_member()), account)


def test_nobody_issues_a_code_to_themselves(world: World) -> None:
    with pytest.raises(OwnCode):
        codes.issue(world.actor(world.branch), world.branch.id)


def test_a_code_that_was_used_in_the_meantime_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = world.add_account(world.branch, login="zhibu-2")
    issued = codes.issue(world.actor(world.branch), account)
    hash_password = accounts.hash_password

    def slow(password: str) -> str:  # while this one hashes, the same form comes a second time
        monkeypatch.setattr(codes, "hash_password", hash_password)
        redeem("zhibu-2", issued.code)
        return hash_password(password)

    monkeypatch.setattr(codes, "hash_password", slow)
    with pytest.raises(CodeRefused):
        redeem("zhibu-2", issued.code)
    assert len(events("password set with a code")) == 1


def test_a_branch_gives_its_member_an_account_and_later_a_new_code(world: World) -> None:
    member = world.add_member(name="安新")
    issued = codes.issue_for_member(world.actor(world.branch), member)
    assert issued.login == f"ty-{member}"
    redeem(issued.login, issued.code)
    assert signed_in(issued.login, NEW).member_id == member
    again = codes.issue_for_member(world.actor(world.branch), member)
    assert again.login == issued.login
    assert [record.detail["account_made"] for record in events("code issued")] == [True, False]


def test_a_members_login_that_is_taken_gets_a_number(world: World) -> None:
    member = world.add_member()
    world.add_account(world.branch, login=f"ty-{member}")
    assert codes.issue_for_member(world.actor(world.branch), member).login == f"ty-{member}-2"


def test_only_the_members_own_branch_issues_their_code(world: World) -> None:
    member = world.add_member()
    with pytest.raises(NotFound):
        codes.issue_for_member(world.actor(world.sister), member)
    for node in (world.grassroots, world.district):
        with pytest.raises(NotAllowed):
            codes.issue_for_member(world.actor(node), member)


def test_a_disabled_members_account_and_a_member_who_left_get_no_code(world: World) -> None:
    member = world.add_member()
    actor = world.member_actor(member)
    with writing() as session:
        session.execute(
            update(Account).where(Account.id == actor.account_id).values(disabled_at=clock.now())
        )
    with pytest.raises(AccountDisabled):
        codes.issue_for_member(world.actor(world.branch), member)
    world.set_columns(member, left_at=clock.now(), left_reason=LeavingReason.LEFT_LEAGUE)
    with pytest.raises(MemberLeft):
        codes.issue_for_member(world.actor(world.branch), member)


def test_a_members_own_data_is_no_password(world: World) -> None:
    member_id = world.add_member()
    issued = codes.issue_for_member(world.actor(world.branch), member_id)
    member = world.member(member_id)
    phone = plain_field(member, PersonalField.PHONE)
    born = member.birth_date.isoformat()
    for own in (phone, born, plain_field(member, PersonalField.ID_NUMBER)):
        with pytest.raises(PasswordRefused, match="出生日期"):
            redeem(issued.login, issued.code, f"kuaizi {own} xiang")


def test_an_applicants_own_data_is_known_until_it_moves_to_the_member(world: World) -> None:
    member = world.member(world.add_member())
    joining = Joining(
        name="安新", pinyin="anxin", initials="ax", sex=member.sex, birth_date=member.birth_date,
        id_number_sealed=member.id_number_sealed, id_number_hash=member.id_number_hash,
        phone_sealed=member.phone_sealed, phone_hash=member.phone_hash,
        consented_at=clock.now(), notice_version="1", state="draft", version=1,
        created_at=clock.now(), changed_at=clock.now(),
    )  # fmt: skip
    account = Account(login="ty1", person_name="安新", created_at=clock.now())
    with writing() as session:
        session.add(joining)
        session.flush()
        account.joining_id = joining.id
        session.add(account)
    known = personal_data(account)
    row = db.session.get_one(Member, member.id)
    assert {plain_field(row, PersonalField.PHONE), "安新", "ty1"} < known
    assert plain_field(row, PersonalField.ID_NUMBER) in known
    with writing() as session:
        session.execute(update(Joining).values(phone_sealed=None, id_number_sealed=None))
    assert personal_data(db.session.get_one(Account, account.id)) == {
        "ty1", "安新", row.birth_date.isoformat()
    }  # fmt: skip
    with writing() as session:
        session.execute(update(Joining).values(id_number_hash=None))
    assert "安新" in personal_data(db.session.get_one(Account, account.id))
