"""站内信: to whom, read by whom; what people wait for; reminders exactly once. On both databases."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from portal.access import Actor
from portal.demo.joinings import joinings
from portal.errors import NotFound
from portal.extensions import db
from portal.models import Message, MessageKind
from portal.services import joining, joining_review, messages, numbers
from portal.services.messages import PAGE_ROWS, Letter, inbox, open_message, read_all, unread_count
from portal.services.owed_forms import NAMED
from portal.services.reminders import remind_if_due
from portal.services.transaction import writing
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

MORNING = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # ten o'clock in Beijing
LETTER = Letter(MessageKind.NOTICE, "标题", "内容")


@pytest.fixture
def branch(world: World) -> Actor:
    return world.actor(world.branch)


def send(world: World, subject: str = "标题", to: str = "branch") -> None:
    with writing():
        letter = Letter(MessageKind.NOTICE, subject, "内容", "/members/")
        messages.send_to_organisation(getattr(world, to).id, letter)


def subjects(actor: Actor) -> list[str]:
    db.session.rollback()
    return [row.subject for row in inbox(actor).rows]


def body_of(actor: Actor) -> str:
    db.session.rollback()
    return open_message(actor, inbox(actor).rows[0].id).body


def test_a_message_to_a_branch_is_for_its_admins_and_nobody_else(
    world: World, branch: Actor
) -> None:
    send(world)
    member = world.member_actor(world.add_member())
    colleague = world.add_account(world.branch)
    assert subjects(branch) == ["标题"]
    for other in (member, world.actor(world.sister), world.actor(world.district)):
        assert subjects(other) == []
        with pytest.raises(NotFound):
            open_message(other, inbox(branch).rows[0].id)
    assert unread_count(branch) == 1
    assert colleague  # whose account is younger than the message: see below


def test_each_person_reads_for_themselves(world: World, branch: Actor) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        second = world.add_account(world.branch, login="zhibu-2")
        clock.shift(timedelta(minutes=1))
        send(world, "一")
        send(world, "二")
        clock.shift(timedelta(minutes=1))
        third = world.add_account(world.branch, login="zhibu-3")
        colleague = Actor(**{**_fields(branch), "account_id": second})
        newcomer = Actor(**{**_fields(branch), "account_id": third})
        message = open_message(branch, inbox(branch).rows[0].id)
        assert (message.subject, message.sender) == ("二", "系统")
        open_message(branch, message.id)  # opened again
        assert unread_count(branch) == 1
        assert unread_count(colleague) == 2
        # What the branch was told before somebody came is there, but is no news.
        assert (unread_count(newcomer), len(inbox(newcomer).rows)) == (0, 2)
        assert [row.subject for row in inbox(branch, unread_only=True).rows] == ["一"]
        assert (read_all(colleague), read_all(colleague)) == (2, 0)
        assert unread_count(branch) == 1


def _fields(actor: Actor) -> dict[str, object]:
    return {name: getattr(actor, name) for name in Actor.__slots__}


def test_a_long_inbox_goes_on(world: World, branch: Actor) -> None:
    for place in range(PAGE_ROWS + 2):
        send(world, str(place))
    first = inbox(branch)
    assert first.rows[0].subject == str(PAGE_ROWS + 1)
    assert [row.subject for row in inbox(branch, before=first.before).rows] == ["1", "0"]
    assert inbox(branch, before=first.before).before is None


def test_what_is_told_once_is_told_once(world: World, branch: Actor) -> None:
    for expected in (True, False):
        with writing():
            sent = messages.send_to_organisation(world.branch.id, LETTER, once="x")
        assert sent is expected
    assert subjects(branch) == ["标题"]


def test_an_applicant_and_the_branch_hear_from_each_other(world: World, branch: Actor) -> None:
    applicant = world.applicant(name="欧阳小燕")
    application = world.apply(applicant)
    assert subjects(branch) == ["欧阳小燕 提交了加入申请"]
    version = joining_review.review(branch, application).joining.version
    joining_review.send_back(branch, application, version, "编号看不清")
    assert "原因：编号看不清" in body_of(applicant)
    joining.send(
        applicant,
        joining.own_joining(applicant).version,
        world.application(),
        age_confirmed=False,
    )
    version = joining_review.review(branch, application).joining.version
    joining_review.approve(branch, application, version, compared=True)
    assert subjects(applicant)[:1] == ["加入申请已通过"]
    assert unread_count(applicant) == 1


def test_who_has_no_account_is_decided_on_all_the_same(world: World, branch: Actor) -> None:
    """The demo's applicants have none."""
    with writing() as session:
        made = joinings(random.Random(1), world.branch.id)
        session.add_all(made)
        session.flush()
        application, version = made[0].id, made[0].version
    joining_review.send_back(branch, application, version, "编号看不清")
    assert db.session.scalars(select(Message.id)).all() == []


def test_a_branch_hears_what_became_of_its_number(world: World, branch: Actor) -> None:
    district = world.actor(world.district)
    first, second = world.add_member(name="安新"), world.add_member(name="白期")
    for member, answer in ((first, numbers.release_asked), (second, numbers.decline)):
        number = world.member(member).number
        assert number is not None
        request = numbers.ask(branch, member, number=number, reason="录入时填错了编号")
        answer(district, request, answer="已与纸质表核对")
        answer(district, request, answer="已与纸质表核对")  # sent twice
    assert subjects(branch) == ["白期：解除编号占用的申请已退回", "安新：编号已解除占用"]
    message = open_message(branch, inbox(branch).rows[1].id)
    assert "东城区团区委的意见：已与纸质表核对" in message.body
    assert message.url == f"/members/{first}/edit"
    assert message.sender == f"东城区团区委 管理员{world.district.id}"


def test_a_branch_is_reminded_7_and_3_days_before_on_the_day_and_the_day_after(
    world: World, branch: Actor
) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        for name, left in (("七", 7), ("六", 6), ("三", 3), ("今", 0), ("昨", -1), ("前", -2)):
            world.add_member(
                name=f"{name}天", approved_on=date(2026, 11, 23) + timedelta(days=left - 30)
            )
        world.upload(world.add_member(name="有了", approved_on=date(2026, 10, 24)))
        world.add_member(world.sister, name="外人", approved_on=date(2026, 10, 24))
        assert remind_if_due()
        assert not remind_if_due()
        assert subjects(branch) == ["入团志愿书待上传：3 名快到期，1 名已逾期"]
        assert subjects(world.actor(world.sister)) == ["入团志愿书待上传：1 名快到期"]
        body = body_of(branch)
        assert body.splitlines()[1:] == [
            "昨天：已逾期 1 天（期限 11-22）",
            "今天：今天到期（期限 11-23）",
            "三天：剩 3 天（期限 11-26）",
            "七天：剩 7 天（期限 11-30）",
        ]
        clock.shift(timedelta(days=1))
        assert remind_if_due()
        assert "六天：剩 5 天" not in body_of(branch)
        assert "今天：已逾期 1 天" in body_of(branch)


def test_nobody_is_reminded_in_the_night(world: World, branch: Actor) -> None:
    with time_machine.travel(MORNING - timedelta(hours=4), tick=False) as clock:  # six o'clock
        world.add_member(approved_on=date(2026, 10, 24))
        assert not remind_if_due()
        clock.shift(timedelta(hours=1))
        assert remind_if_due()
    assert len(subjects(branch)) == 1


def test_after_three_days_of_standstill_each_is_named_once(world: World, branch: Actor) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        assert remind_if_due()
        world.add_member(name="安新", approved_on=date(2026, 10, 31))  # 7 days left on the 23rd
        world.add_member(name="白期", approved_on=date(2026, 10, 24))  # overdue on the 24th
        for place in range(NAMED):
            approved = date(2026, 10, 28)
            world.add_member(world.sister, name=f"多{place}", approved_on=approved)
        clock.shift(timedelta(days=3))
        assert remind_if_due()
        body = body_of(branch)
        assert body.count("白期") == 1
        assert "安新" not in body  # 4 days are left: between two steps, and told before it came
        assert len(subjects(branch)) == 1


def test_a_run_that_was_killed_half_way_tells_nobody_twice(world: World, branch: Actor) -> None:
    with time_machine.travel(MORNING, tick=False):
        world.add_member(approved_on=date(2026, 10, 24))
        with writing():
            messages.send_to_organisation(
                world.branch.id, LETTER, once=f"due {world.branch.id} 2026-11-23"
            )
        world.add_member(world.sister, approved_on=date(2026, 10, 24))
        assert remind_if_due()
    assert subjects(branch) == ["标题"]
    assert len(db.session.scalars(select(Message.id)).all()) == 2


def test_a_long_list_names_some_and_says_how_many(world: World, branch: Actor) -> None:
    with time_machine.travel(MORNING, tick=False):
        for place in range(NAMED + 3):
            world.add_member(name=f"团员{place}", approved_on=date(2026, 10, 24))
        remind_if_due()
    assert body_of(branch).endswith(f"……共 {NAMED + 3} 名")
