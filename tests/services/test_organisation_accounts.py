"""账号管理: adding, naming, disabling, handing over, each in one's scope. On both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from portal import clock
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import Account, AuditRecord, Organisation
from portal.services import accounts, codes, organisation_accounts
from portal.services.account_changes import (
    AlreadyHandedOver,
    ClosedWithOrganisation,
    LastAccount,
    OwnAccount,
    disable,
    enable,
    end_account_sign_ins,
    hand_over,
    rename,
)
from portal.services.codes import CodeRefused
from portal.services.organisation_accounts import (
    AccountRow,
    AccountState,
    LoginTaken,
    OrganisationClosed,
    account_row,
    accounts_of,
    add_account,
    find_managed,
    propose_login,
)
from portal.services.organisation_changes import close, reopen
from portal.services.transaction import writing
from tests.builders import PASSWORD, World
from tests.builders import Node as Place

pytestmark = pytest.mark.usefixtures("database")


def organisation(place: Place) -> Organisation:
    return db.session.get_one(Organisation, place.id)


def listed(world: World, place: Place, seen_from: Place | None = None) -> dict[str, AccountRow]:
    db.session.rollback()
    rows = accounts_of(world.actor(seen_from or place), organisation(place))
    return {row.login: row for row in rows}


def records(event: str) -> list[AuditRecord]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditRecord).where(AuditRecord.event == event)))


def token_of(login: str) -> str:
    return accounts.sign_in(login, PASSWORD, address="", user_agent="", request_id="")


def is_in(token: str) -> bool:
    return accounts.actor_for(token, address="", request_id="") is not None


def test_a_committee_adds_an_account_for_a_branch_below(world: World) -> None:
    issued = add_account(world.actor(world.district), world.branch.id, "gy1btzb1", "王接班")
    row = listed(world, world.branch)["gy1btzb1"]
    assert (row.person_name, row.state) == ("王接班", AccountState.NO_PASSWORD)
    assert row.code_until is not None
    assert row.last_sign_in is None
    codes.redeem(issued.login, issued.code, "hongqi-42-mantou-gou", address="", request_id="")
    row = listed(world, world.branch)["gy1btzb1"]
    assert (row.state, row.code_until) == (AccountState.ACTIVE, None)
    (record,) = records("account added")
    assert record.detail["person"] == "王接班"
    assert issued.code not in str(record.detail)


def test_a_branch_cares_for_its_own_accounts_and_no_others(world: World) -> None:
    actor = world.actor(world.branch)
    add_account(actor, world.branch.id, "second", "李二")
    for place in (world.sister, world.grassroots, world.far_branch):
        with pytest.raises(NotFound):
            add_account(actor, place.id, "third", "李三")
        with pytest.raises(NotFound):
            find_managed(actor, place.id, organisation_accounts.Action.LIST_ACCOUNTS)
        with pytest.raises(NotFound):
            account_row(actor, place.id)
        for change in (disable, enable, end_account_sign_ins):
            with pytest.raises(NotFound):
                change(actor, place.id)
        with pytest.raises(NotFound):
            hand_over(actor, place.id, "third", "李三")
    with pytest.raises(NotAllowed):
        add_account(world.member_actor(world.add_member()), world.branch.id, "x-1", "李三")


def test_a_members_account_is_not_among_them(world: World) -> None:
    member = world.member_actor(world.add_member())
    with pytest.raises(NotFound):
        account_row(world.actor(world.municipal), member.account_id)
    with pytest.raises(NotFound):
        disable(world.actor(world.municipal), member.account_id)


def test_the_list_tells_of_the_last_sign_in_and_who_one_is(world: World) -> None:
    login = f"login{world.branch.id}"
    token_of(login)
    row = listed(world, world.branch)[login]
    assert row.last_sign_in is not None
    assert (row.is_own, row.may_name, row.state) == (True, False, AccountState.ACTIVE)
    assert listed(world, world.branch, seen_from=world.district)[login].may_name


def test_a_login_is_proposed_from_the_initials(world: World) -> None:
    assert propose_login(organisation(world.branch)) == "gy1btzb1"
    add_account(world.actor(world.branch), world.branch.id, "gy1btzb1", "李一")
    assert propose_login(organisation(world.branch)) == "gy1btzb2"
    world.add_account(world.far_branch, login="gy1btzb3")
    assert propose_login(organisation(world.branch)) == "gy1btzb2"


def test_a_taken_login_is_said_with_a_free_one(world: World) -> None:
    with pytest.raises(LoginTaken, match="gy1btzb1"):
        add_account(
            world.actor(world.branch), world.branch.id, f"login{world.municipal.id}", "李一"
        )


def test_the_same_form_sent_twice_makes_one_account(world: World) -> None:
    actor = world.actor(world.branch)
    first = add_account(actor, world.branch.id, "second", "李二")
    second = add_account(actor, world.branch.id, "second", "李二")
    assert first.code != second.code
    assert len(records("account added")) == 1
    with pytest.raises(CodeRefused):
        codes.redeem("second", first.code, "hongqi-42-mantou-gou", address="", request_id="")
    with (
        time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)),
        pytest.raises(LoginTaken),
    ):
        add_account(actor, world.branch.id, "second", "李二")
    with pytest.raises(LoginTaken):
        add_account(actor, world.branch.id, "second", "李三")


def test_two_who_take_one_login_at_the_same_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_login = organisation_accounts.by_login
    asked = []

    def late(login: str) -> Account | None:  # the first look finds nobody yet
        asked.append(login)
        return None if len(asked) == 1 else by_login(login)

    world.add_account(world.sister, login="second")
    monkeypatch.setattr(organisation_accounts, "by_login", late)
    with pytest.raises(LoginTaken):
        add_account(world.actor(world.branch), world.branch.id, "second", "李二")


def test_a_closed_organisation_gets_no_account(world: World) -> None:
    with writing() as session:
        session.execute(
            update(Organisation)
            .where(Organisation.id == world.branch.id)
            .values(closed_at=clock.now())
        )
    with pytest.raises(OrganisationClosed):
        add_account(world.actor(world.district), world.branch.id, "second", "李二")


def test_only_from_above_is_a_person_named(world: World) -> None:
    rename(world.actor(world.grassroots), world.branch.id, "王更正")
    rename(world.actor(world.grassroots), world.branch.id, "王更正")
    assert listed(world, world.branch)[f"login{world.branch.id}"].person_name == "王更正"
    (record,) = records("account named")
    assert record.detail["names"] == [f"管理员{world.branch.id}", "王更正"]
    with pytest.raises(NotAllowed):
        rename(world.actor(world.branch), world.branch.id, "王二")
    with pytest.raises(NotFound):
        rename(world.actor(world.grassroots), world.grassroots.id, "王二")


def test_nobody_is_above_the_municipal_committee_so_colleagues_name_each_other(
    world: World,
) -> None:
    colleague = world.add_account(world.municipal, login="shiwei-2")
    rename(world.actor(world.municipal), colleague, "周更正")
    assert listed(world, world.municipal)["shiwei-2"].person_name == "周更正"
    with pytest.raises(NotFound):
        rename(world.actor(world.municipal), world.municipal.id, "周自己")


def test_a_disabled_account_is_out_and_comes_back(world: World) -> None:
    login = f"login{world.branch.id}"
    token = token_of(login)
    actor = world.actor(world.district)
    disable(actor, world.branch.id)
    disable(actor, world.branch.id)
    assert not is_in(token)
    with pytest.raises(accounts.SignInRefused):
        token_of(login)
    assert listed(world, world.branch, world.district)[login].state is AccountState.DISABLED
    enable(actor, world.branch.id)
    enable(actor, world.branch.id)
    assert token_of(login)
    assert len(records("account disabled")) == 1
    assert len(records("account enabled")) == 1


def test_no_account_of_a_closed_organisation_is_enabled(world: World) -> None:
    """It could not sign in all the same, and would be left out when the organisation is back."""
    district = world.actor(world.district)
    close(district, world.sister.id, 1)
    with pytest.raises(ClosedWithOrganisation, match="恢复这个组织"):
        enable(district, world.sister.id)
    answer = world.client_of(world.district).post(f"/accounts/{world.sister.id}/enable")
    assert answer.status_code == 409
    assert "已撤销，它的账号不能启用" in answer.text
    assert records("account enabled") == []
    db.session.expire_all()
    assert reopen(district, world.sister.id, organisation(world.sister).version) == 1
    token_of(f"login{world.sister.id}")


def test_disabling_ends_the_code_too(world: World) -> None:
    actor = world.actor(world.district)
    issued = add_account(actor, world.branch.id, "second", "李二")
    account = listed(world, world.branch)["second"].id
    disable(actor, account)
    enable(actor, account)
    with pytest.raises(CodeRefused):
        codes.redeem("second", issued.code, "hongqi-42-mantou-gou", address="", request_id="")


def test_nobody_disables_themselves(world: World) -> None:
    with pytest.raises(OwnAccount):
        disable(world.actor(world.branch), world.branch.id)


def test_two_of_the_municipal_committee_do_not_lock_each_other_out(world: World) -> None:
    from dataclasses import replace

    first = world.actor(world.municipal)
    second_id = world.add_account(world.municipal, login="shiwei-2")
    second = replace(first, account_id=second_id, login="shiwei-2")
    disable(first, second_id)
    with pytest.raises(LastAccount):  # asked for at the same moment, done a moment later
        disable(second, first.account_id)
    without_password = add_account(first, world.municipal.id, "shiwei-3", "周三")
    with pytest.raises(LastAccount):
        disable(second, first.account_id)
    disable(first, listed(world, world.municipal)[without_password.login].id)


def test_an_accounts_sessions_are_ended(world: World) -> None:
    login = f"login{world.branch.id}"
    tokens = [token_of(login), token_of(login)]
    assert end_account_sign_ins(world.actor(world.district), world.branch.id) == 2
    assert not any(is_in(token) for token in tokens)
    assert token_of(login)


def test_handing_over_is_one_transaction_and_one_event_with_both_names(world: World) -> None:
    login = f"login{world.branch.id}"
    token = token_of(login)
    issued = hand_over(world.actor(world.grassroots), world.branch.id, "gy1btzb1", "王接班")
    assert not is_in(token)
    rows = listed(world, world.branch, world.grassroots)
    assert rows[login].state is AccountState.DISABLED
    assert rows["gy1btzb1"].state is AccountState.NO_PASSWORD
    assert list(rows) == ["gy1btzb1", login]  # disabled ones last
    (record,) = records("account handed over")
    assert record.detail["names"] == [f"管理员{world.branch.id}", "王接班"]
    assert not records("account added")
    codes.redeem(issued.login, issued.code, "hongqi-42-mantou-gou", address="", request_id="")


def test_one_hands_over_ones_own_account(world: World) -> None:
    token = token_of(f"login{world.branch.id}")
    actor = accounts.actor_for(token, address="", request_id="")
    assert actor is not None
    assert hand_over(actor, actor.account_id, "gy1btzb1", "王接班").code
    assert not is_in(token)


def test_the_same_handing_over_sent_twice_is_done_once(world: World) -> None:
    actor = world.actor(world.grassroots)
    first = hand_over(actor, world.branch.id, "gy1btzb1", "王接班")
    second = hand_over(actor, world.branch.id, "gy1btzb1", "王接班")
    assert first.code != second.code
    assert len(records("account handed over")) == 1
    with pytest.raises(AlreadyHandedOver):  # somebody else's, a moment later
        hand_over(actor, world.branch.id, "gy1btzb2", "王另一")


def test_a_handing_over_that_is_refused_changes_nothing(world: World) -> None:
    actor = world.actor(world.grassroots)
    with pytest.raises(LoginTaken):
        hand_over(actor, world.branch.id, f"login{world.sister.id}", "王接班")
    assert token_of(f"login{world.branch.id}")
    with pytest.raises(LastAccount):
        hand_over(world.actor(world.municipal), world.municipal.id, "shiwei-2", "周接班")
    assert token_of(f"login{world.municipal.id}")
    assert "shiwei-2" not in listed(world, world.municipal)
