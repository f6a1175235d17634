"""催办: to the branches with forms missing, with their own names, and not twice in a day. On both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from portal import clock
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import MessageKind, Organisation
from portal.services import messages, urging
from portal.services.messages import inbox, open_message
from portal.services.owed_forms import NAMED
from portal.services.urging import LIST_MARK, TEXT_LENGTH, UrgingRefused, urge
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

TEXT = f"请尽快上传：\n{LIST_MARK}\n谢谢"


@pytest.fixture
def missing(world: World) -> World:
    world.add_member(name="安新", approved_on=clock.today() - timedelta(days=31))
    world.add_member(name="白期", approved_on=clock.today() - timedelta(days=30))
    world.add_member(world.sister, name="外人")
    world.upload(world.add_member(world.far_branch))
    return world


def send(world: World, to: str = "district", *, again: bool = False, token: str = "") -> int:
    actor = world.actor(world.municipal)
    return urge(actor, getattr(world, to).id, TEXT, again=again, token=token)


def urged(world: World) -> dict[int, bool]:
    db.session.rollback()
    return {key: one.read for key, one in urging.last_urged(world.grassroots.id).items()}


def test_each_branch_gets_its_own_names_and_dates(missing: World) -> None:
    assert send(missing, "municipal") == 2
    branch = missing.actor(missing.branch)
    (row,) = inbox(branch).rows
    message = open_message(branch, row.id)
    assert message.subject == "催办：2 名团员的入团志愿书未上传"
    lines = message.body.splitlines()
    assert lines[0] == "请尽快上传："
    assert [line.split("（")[0] for line in lines[1:3]] == ["安新：已逾期 1 天", "白期：今天到期"]
    assert lines[3] == "谢谢"
    assert message.kind is MessageKind.URGING
    assert inbox(missing.actor(missing.far_branch)).rows == ()


def test_a_long_list_names_some_and_says_how_many(world: World) -> None:
    for place in range(NAMED + 2):
        world.add_member(name=f"团员{place}")
    send(world)
    branch = world.actor(world.branch)
    body = open_message(branch, inbox(branch).rows[0].id).body
    assert f"……共 {NAMED + 2} 名" in body
    assert body.count("期限") == NAMED


def test_who_has_no_day_of_approval_is_named_without_a_due_date(world: World) -> None:
    member = world.add_member(name="安新")
    world.set_columns(member, approved_on=None, due_date=None)  # no branch takes it away
    send(world)
    branch = world.actor(world.branch)
    body = open_message(branch, inbox(branch).rows[0].id).body
    assert "安新：没有填审批日期\n" in body


def test_the_row_says_when_and_whether_it_was_read(missing: World) -> None:
    assert urged(missing) == {}
    send(missing)
    assert urged(missing) == {missing.branch.id: False, missing.sister.id: False}
    messages.read_all(missing.actor(missing.sister))
    assert urged(missing) == {missing.branch.id: False, missing.sister.id: True}


def test_not_twice_within_a_day_unless_asked_for(missing: World) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as later:
        assert send(missing, "branch") == 1
        assert send(missing) == 1  # the sister alone
        assert send(missing) == 0
        assert send(missing, again=True) == 2
        later.shift(timedelta(hours=25))
        assert send(missing) == 2


def test_a_double_click_sends_once(missing: World) -> None:
    assert send(missing, again=True, token="abc") == 2
    assert send(missing, again=True, token="abc") == 0
    assert len(inbox(missing.actor(missing.branch)).rows) == 1


def test_what_can_not_be_sent_says_why(missing: World) -> None:
    actor = missing.actor(missing.district)
    for text, words in (
        (" ", "请填写"),
        ("请上传", LIST_MARK),
        (LIST_MARK + "长" * TEXT_LENGTH, f"最多 {TEXT_LENGTH} 个字"),
    ):
        with pytest.raises(UrgingRefused, match=words):
            urge(actor, missing.district.id, text, again=False, token="")
    assert urged(missing) == {}


def test_only_down_the_own_subtree(missing: World) -> None:
    with pytest.raises(NotFound):
        urge(missing.actor(missing.other_district), missing.branch.id, TEXT, again=True, token="")
    with pytest.raises(NotAllowed):
        urge(missing.actor(missing.branch), missing.branch.id, TEXT, again=True, token="")
    top = db.session.get_one(Organisation, missing.other_district.id)
    assert urging.recipients(top) == ()
