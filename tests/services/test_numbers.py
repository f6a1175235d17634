"""解除编号占用 and 编号沿革: a branch asks, the district-level committee answers. Both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, insert, select, update

from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import AuditRecord, Member, NumberHolding, NumberRelease, ReleaseState
from portal.rules.irregular import Irregularity
from portal.services import fsck, numbers, release_lists
from portal.services.audit import Event
from portal.services.member_editing import change_member, fields_of
from portal.services.number_history import history_of
from portal.services.numbers import ReleaseOutdated, ReleaseRefused
from portal.services.transaction import writing
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

JOINED = date(2026, 10, 1)
WRONG, RIGHT = "202611000100", "202611000200"


@pytest.fixture
def member(world: World) -> int:
    """A member whose number is not the one on paper."""
    return world.add_member(number=WRONG, joined=JOINED)


def ask(world: World, member: int, *, wanted: str | None = None, reason: str = "看错了") -> int:
    number = world.member(member).number or ""
    return numbers.ask(
        world.actor(world.branch), member, number=number, reason=reason, wanted_number=wanted
    )


def type_number(world: World, member_id: int, number: str | None) -> None:
    member = world.member(member_id)
    branch = world.nodes[member.branch_id]
    change_member(
        world.actor(branch), member_id, member.version, replace(fields_of(member), number=number)
    )


def state_of(request: int) -> ReleaseState:
    db.session.rollback()
    return db.session.get_one(NumberRelease, request).state


def events(member: int) -> list[str]:
    db.session.rollback()
    query = select(AuditRecord.event).where(AuditRecord.member_id == member)
    return list(db.session.scalars(query.order_by(AuditRecord.id)))


def test_asked_released_and_typed_anew_the_number_is_occupied_again(
    world: World, member: int
) -> None:
    request = ask(world, member, wanted=RIGHT)
    numbers.release_asked(world.actor(world.district), request, answer="已核对首页")
    released = world.member(member)
    assert (released.number, released.released_number) == (None, WRONG)
    assert released.irregularity is Irregularity.RELEASED
    assert released.is_new_member
    assert world.tally()["released"] == 1
    assert numbers.suggested_number(released) == RIGHT
    type_number(world, member, RIGHT)
    after = world.member(member)
    assert (after.number, after.released_number, after.irregularity) == (RIGHT, None, None)
    assert state_of(request) is ReleaseState.RELEASED
    assert events(member) == [
        Event.NUMBER_RELEASE_ASKED,
        Event.NUMBER_RELEASED,
        Event.MEMBER_CHANGED,
    ]
    details = list(db.session.scalars(select(AuditRecord.detail).order_by(AuditRecord.id)))
    assert details[0] == {
        "request": request,
        "number": WRONG,
        "wanted_number": RIGHT,
        "reason": "看错了",
    }
    assert details[1]["number"] == WRONG
    assert details[1]["reason"] == "已核对首页"
    assert details[2]["changes"] == {"number": [None, RIGHT]}
    assert fsck.check() == []


def test_a_released_number_is_free_for_anybody(world: World, member: int) -> None:
    other = world.add_member(world.far_branch, number=None, joined=JOINED)
    numbers.release_number(world.actor(world.district), member, number=WRONG, reason="误用")
    type_number(world, other, WRONG)
    assert world.member(other).number == WRONG
    assert fsck.check() == []


def test_a_committee_declines_with_a_reason_and_nothing_changes(world: World, member: int) -> None:
    request = ask(world, member)
    numbers.decline(world.actor(world.district), request, answer="与首页一致")
    assert world.member(member).number == WRONG
    shown = release_lists.shown_request(
        world.actor(world.branch), db.session.get_one(NumberRelease, request)
    )
    assert (shown.state_words, shown.answer, shown.is_open) == ("已退回", "与首页一致", False)
    assert shown.decided_by == f"管理员{world.district.id}（东城区团区委）"
    assert events(member)[-1] == Event.NUMBER_RELEASE_DECLINED
    again = ask(world, member, reason="再看一次")
    assert again != request


def test_a_branch_withdraws_and_can_ask_again(world: World, member: int) -> None:
    request = ask(world, member)
    branch = world.actor(world.branch)
    numbers.withdraw(branch, member)
    numbers.withdraw(branch, member)  # a double click
    assert state_of(request) is ReleaseState.WITHDRAWN
    assert events(member) == [Event.NUMBER_RELEASE_ASKED, Event.NUMBER_RELEASE_WITHDRAWN]
    with pytest.raises(ReleaseOutdated, match="已撤回这个申请"):
        numbers.release_asked(world.actor(world.district), request, answer="同意")
    assert world.member(member).number == WRONG
    assert ask(world, member) != request


def test_nothing_asked_is_nothing_to_withdraw(world: World, member: int) -> None:
    with pytest.raises(NotFound):
        numbers.withdraw(world.actor(world.branch), member)


def test_a_request_that_was_decided_is_not_withdrawn(world: World, member: int) -> None:
    request = ask(world, member)
    numbers.release_asked(world.actor(world.municipal), request, answer="同意")
    with pytest.raises(ReleaseOutdated, match=r"（共青团北京市委员会） 在 .* 已解除这个编号的占用"):
        numbers.withdraw(world.actor(world.branch), member)


def test_a_member_has_one_open_request(world: World, member: int) -> None:
    first = ask(world, member)
    assert ask(world, member) == first  # the same sent twice
    with pytest.raises(ReleaseOutdated, match="已申请解除占用"):
        ask(world, member, reason="别的原因")
    assert events(member) == [Event.NUMBER_RELEASE_ASKED]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (WRONG, "这就是系统内现在的编号"),
        ("2026", "还差 8 位"),
        ("202511000001", "两者应一致"),
        ("编号", "只能是数字"),
    ],
)
def test_the_wanted_number_keeps_the_rules_of_every_number(
    world: World, member: int, wanted: str, words: str
) -> None:
    with pytest.raises(ReleaseRefused, match=words) as refused:
        ask(world, member, wanted=wanted)
    assert refused.value.field == "wanted_number"
    assert events(member) == []


def test_a_wanted_number_that_somebody_has_names_their_district_alone(
    world: World, member: int
) -> None:
    world.add_member(world.far_branch, number=RIGHT, joined=JOINED)
    with pytest.raises(ReleaseRefused, match="已被占用（西城区团教工委）"):
        ask(world, member, wanted=RIGHT)


def test_a_suggestion_ends_with_the_release_it_came_from(world: World, member: int) -> None:
    assert numbers.suggested_number(world.member(member)) is None
    never_asked = world.add_member(number=None, released_number="202611000300", joined=JOINED)
    assert numbers.suggested_number(world.member(never_asked)) is None
    request = ask(world, member, wanted=RIGHT)
    assert numbers.suggested_number(world.member(member)) is None
    numbers.release_asked(world.actor(world.district), request, answer="同意")
    type_number(world, member, RIGHT)
    assert numbers.suggested_number(world.member(member)) is None


@pytest.mark.parametrize("field", ["words", "answer"])
def test_a_reason_is_required(world: World, member: int, field: str) -> None:
    request = ask(world, member)
    district = world.actor(world.district)
    acts: dict[str, list[Callable[[], object]]] = {
        "words": [
            lambda: ask(world, member, reason=""),
            lambda: numbers.release_number(district, member, number=WRONG, reason=" "),
        ],
        "answer": [
            lambda: numbers.release_asked(district, request, answer=""),
            lambda: numbers.decline(district, request, answer=""),
        ],
    }
    for act in acts[field]:
        with pytest.raises(ReleaseRefused, match="请写明原因") as refused:
            act()
        assert refused.value.field == field


def test_only_district_level_committees_release(world: World, member: int) -> None:
    request = ask(world, member)
    for node in (world.grassroots, world.branch):
        actor = world.actor(node)
        with pytest.raises(NotAllowed):
            numbers.release_asked(actor, request, answer="同意")
        with pytest.raises(NotAllowed):
            numbers.decline(actor, request, answer="不同意")
        with pytest.raises(NotAllowed):
            numbers.release_number(actor, member, number=WRONG, reason="误用")
        with pytest.raises(NotAllowed):
            release_lists.waiting_requests(actor)
    with pytest.raises(NotAllowed):
        numbers.ask(world.actor(world.district), member, number=WRONG, reason="误用")
    with pytest.raises(NotAllowed):
        history_of(world.actor(world.branch), member)


def test_elsewhere_nothing_is_there(world: World, member: int) -> None:
    request = ask(world, member)
    other = world.actor(world.other_district)
    with pytest.raises(NotFound):
        numbers.release_asked(other, request, answer="同意")
    with pytest.raises(NotFound):
        numbers.release_number(other, member, number=WRONG, reason="误用")
    with pytest.raises(NotFound):
        numbers.ask(world.actor(world.sister), member, number=WRONG, reason="误用")
    with pytest.raises(NotFound):
        history_of(other, member)
    assert release_lists.count_waiting(other) == 0
    assert release_lists.waiting_requests(other).rows == ()


def test_the_second_officer_is_told_who_was_faster_and_when(world: World, member: int) -> None:
    request = ask(world, member)
    district, municipal = world.actor(world.district), world.actor(world.municipal)
    with time_machine.travel(datetime(2026, 11, 24, 2, 42, tzinfo=UTC), tick=False):
        numbers.decline(district, request, answer="与首页一致")
        numbers.decline(district, request, answer="与首页一致")  # a double click
        with pytest.raises(
            ReleaseOutdated, match="管理员2（东城区团区委） 在 10:42 已退回这个申请"
        ):
            numbers.release_asked(municipal, request, answer="同意")
    with time_machine.travel(datetime(2026, 11, 25, 2, 42, tzinfo=UTC)):
        with pytest.raises(ReleaseOutdated, match="在 11-24 10:42"):
            numbers.decline(municipal, request, answer="不同意")
    assert events(member) == [Event.NUMBER_RELEASE_ASKED, Event.NUMBER_RELEASE_DECLINED]


def test_a_release_sent_twice_is_one(world: World, member: int) -> None:
    request = ask(world, member)
    district = world.actor(world.district)
    for _ in range(2):
        numbers.release_asked(district, request, answer="同意")
    other = world.add_member(joined=JOINED)
    number = world.member(other).number or ""
    for _ in range(2):
        numbers.release_number(district, other, number=number, reason="误用")
    assert events(member).count(Event.NUMBER_RELEASED) == 1
    assert events(other).count(Event.NUMBER_RELEASED) == 1


def test_who_saw_another_number_is_told(world: World, member: int) -> None:
    district, municipal = world.actor(world.district), world.actor(world.municipal)
    numbers.release_number(district, member, number=WRONG, reason="误用")
    with pytest.raises(ReleaseOutdated, match=r"（东城区团区委） 在 .* 已解除这个编号的占用"):
        numbers.release_number(municipal, member, number=WRONG, reason="也看到了")
    with pytest.raises(ReleaseOutdated, match="已解除这个编号的占用"):
        numbers.ask(world.actor(world.branch), member, number=WRONG, reason="看错了")
    with pytest.raises(ReleaseOutdated, match="修改过这名团员，现在没有编号"):
        numbers.ask(world.actor(world.branch), member, number="202611000777", reason="看错了")
    type_number(world, member, RIGHT)
    request = ask(world, member)
    with pytest.raises(ReleaseOutdated, match="现在的编号是 2026 1100 0200"):
        numbers.release_number(municipal, member, number="202611000777", reason="误用")
    world.set_columns(member, number="202611000888", changed_by_id=None)  # behind the services
    with pytest.raises(ReleaseOutdated, match=r"系统 在 .* 修改过这名团员"):
        numbers.release_asked(district, request, answer="同意")


def test_a_release_of_ones_own_answers_the_open_request(world: World, member: int) -> None:
    request = ask(world, member)
    numbers.release_number(world.actor(world.district), member, number=WRONG, reason="已核对")
    assert state_of(request) is ReleaseState.RELEASED
    assert db.session.get_one(NumberRelease, request).answer == "已核对"


def test_requests_wait_oldest_first_and_are_paged(world: World) -> None:
    first = world.add_member()
    row = {
        "branch_id": world.branch.id,
        "number": "x",
        "reason": "看错了",
        "asked_by_id": world.branch.id,
        "state": ReleaseState.OPEN,
        "answer": "",
    }
    members = [first] + [world.add_member() for _ in range(release_lists.PAGE_ROWS + 4)]
    now = datetime.now(UTC)
    with writing() as session:
        session.execute(
            insert(NumberRelease),
            [
                {**row, "member_id": one, "asked_at": now - timedelta(days=place // 3)}
                for place, one in enumerate(members)
            ],
        )
    district = world.actor(world.district)
    page = release_lists.waiting_requests(district)
    assert release_lists.count_waiting(district) == len(members)
    assert page.after is not None
    rest = release_lists.waiting_requests(district, page.after)
    assert rest.after is None
    rows = [*page.rows, *rest.rows]
    assert [one.asked_at for one in rows] == sorted(one.asked_at for one in rows)
    assert len({one.id for one in rows}) == len(members)
    assert (rows[0].waiting, rows[-1].waiting) == ("已等 18 天", "今天")
    assert rows[0].place == "东城区第一中学团委 › 高一(1)班团支部"
    for one in members:
        request = numbers.open_request(one)
        assert request is not None
        numbers.decline(district, request.id, answer="与首页一致")
    decided = release_lists.decided_requests(district)
    assert decided.after is not None
    more = release_lists.decided_requests(district, decided.after)
    assert [one.member_id for one in (*decided.rows, *more.rows)] == members[::-1]
    for key in ("x", "~", "2026-01-01T00:00:00~1", "x~1"):  # keys that nobody was given
        assert len(release_lists.decided_requests(district, key).rows) == release_lists.PAGE_ROWS


def test_the_waiting_list_begins_at_the_open_requests(world: World, database: str) -> None:
    """And not at the 2,000,000 members below the municipal committee."""
    if database != "sqlite":
        pytest.skip("EXPLAIN QUERY PLAN is SQLite's")
    statements: list[str] = []

    @event.listens_for(db.engine, "before_execute")
    def _keep(_connection: object, clause: Any, *_rest: object) -> None:
        kinds = {"literal_binds": True}
        statements.append(str(clause.compile(db.engine, compile_kwargs=kinds)))

    for asked_for in (release_lists.waiting_requests, release_lists.count_waiting):
        asked_for(world.actor(world.municipal))
    event.remove(db.engine, "before_execute", _keep)
    plans = [
        db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").fetchall()
        for text in statements
        if "number_release" in text
    ]
    assert len(plans) == 2
    for plan in plans:
        first = plan[0][3]
        assert "number_release USING INDEX uq_number_release_open" in first, plan


def test_the_history_of_a_number_names_every_holder(world: World, member: int) -> None:
    request = ask(world, member, wanted=RIGHT)
    numbers.release_asked(world.actor(world.district), request, answer="已核对首页")
    type_number(world, member, RIGHT)
    far = world.add_member(world.far_branch, number=None, joined=JOINED)
    type_number(world, far, WRONG)
    now, before = history_of(world.actor(world.grassroots), member)
    assert (now.number, now.held_now, len(now.holdings)) == (RIGHT, True, 1)
    assert now.holdings[0].until is None
    assert (before.number, before.held_now) == (WRONG, False)
    own, other = before.holdings
    assert (own.member_id, own.name) == (member, world.member(member).name)
    assert own.place == "高一(1)班团支部"
    assert own.until is not None
    assert own.released_by == f"管理员{world.district.id}（东城区团区委）"
    assert own.reason == "已核对首页"
    # Of a holder elsewhere only the district is told.
    assert (other.member_id, other.name, other.place) == (None, None, "西城区团教工委")
    _, seen_from_above = history_of(world.actor(world.municipal), member)
    assert seen_from_above.holdings[1].member_id == far
    assert seen_from_above.holdings[1].place == "西城区团教工委 › 第八中学团支部"
    (from_there,) = history_of(world.actor(world.other_district), far)
    assert (from_there.holdings[0].name, from_there.holdings[0].reason) == (None, "")


def test_a_member_without_a_number_has_no_history(world: World) -> None:
    assert history_of(world.actor(world.district), world.add_member(number=None)) == ()


def test_a_number_held_twice_by_one_member_is_told_twice(world: World, member: int) -> None:
    district = world.actor(world.district)
    for reason in ("第一次", "第二次"):
        numbers.release_number(district, member, number=WRONG, reason=reason)
        type_number(world, member, WRONG)
    (history,) = history_of(district, member)
    assert [one.reason for one in history.holdings] == ["第一次", "第二次", ""]


def test_fsck_finds_and_repairs_who_holds_which_number(world: World) -> None:
    gone, stale, fine = (world.add_member() for _ in range(3))
    with writing() as session:
        session.execute(
            update(NumberHolding)
            .where(NumberHolding.member_id == gone)
            .values(until=datetime.now(UTC))
        )
        session.execute(
            update(NumberHolding)
            .where(NumberHolding.member_id == stale)
            .values(number="202611999999")
        )
    found = fsck.check()
    assert {one.kind for one in found} == {"holding"}
    assert all(one.derived for one in found)
    assert sorted(one.subject.split()[0] for one in found) == ["holding", "member", "member"]
    assert fsck.repair() == 3
    assert fsck.check() == []
    db.session.rollback()
    held = select(NumberHolding.member_id).where(NumberHolding.until.is_(None))
    assert sorted(db.session.scalars(held)) == sorted((gone, stale, fine))


# ---- two at once ----


def at_once(app: Flask, *acts: Callable[[], object]) -> list[str]:
    """Do all at the same moment, each as its own request would; what became of each."""
    start, results = threading.Barrier(len(acts)), ["" for _ in acts]

    def run(place: int, act: Callable[[], object]) -> None:
        with app.app_context():
            start.wait()
            try:
                act()
                results[place] = "done"
            except (ReleaseOutdated, ReleaseRefused) as told:
                results[place] = told.message
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_officers_deciding_one_request_at_once(world: World, app: Flask) -> None:
    """One decides, the other is told; the number is released or it is not."""
    district, municipal = world.actor(world.district), world.actor(world.municipal)
    for round_ in range(5):
        member = world.add_member(joined=JOINED)
        number = world.member(member).number
        request = ask(world, member)
        db.session.rollback()
        results = at_once(
            app,
            lambda one=request: numbers.release_asked(district, one, answer="同意"),
            lambda one=request: numbers.decline(municipal, one, answer="不同意"),
        )
        assert sorted(results).count("done") == 1, (round_, results)
        told = next(one for one in results if one != "done")
        assert "您这次的操作没有保存" in told
        released = results[0] == "done"
        assert state_of(request) is (ReleaseState.RELEASED if released else ReleaseState.DECLINED)
        assert world.member(member).number == (None if released else number)
        assert len(events(member)) == 2
    assert fsck.check() == []


def test_two_admins_asking_at_once_make_one_request(world: World, app: Flask) -> None:
    member = world.add_member(joined=JOINED)
    number = world.member(member).number or ""
    branch = world.actor(world.branch)
    db.session.rollback()
    results = at_once(
        app,
        *(
            lambda reason=reason: numbers.ask(branch, member, number=number, reason=reason)
            for reason in ("看错了", "填错了")
        ),
    )
    assert sorted(results)[0] == "done"
    assert "已申请解除占用" in sorted(results)[1]
    db.session.rollback()
    assert db.session.query(Member).count() == db.session.query(NumberRelease).count() == 1
