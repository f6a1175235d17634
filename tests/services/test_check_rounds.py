"""检查任务: which forms, one after the other, never the same for two. On both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, select

from portal.access import Actor
from portal.demo.tree import Node
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import CheckItem, CheckRound, ItemState, Message, Organisation, RoundChoice
from portal.rules.leaving import Leaving, LeavingReason
from portal.rules.progress import Period
from portal.rules.scan_checks import Fault, FaultKind, Verdict
from portal.rules.scan_findings import Finding, FindingKind, Look
from portal.services import leaving, looks, organisation_moves, round_making, scans
from portal.services.check_rounds import (
    LEASE,
    FormTaken,
    judge,
    next_place,
    open_place,
    take_back_last,
)
from portal.services.checks import NothingToTakeBack, check, checks_of, standing_check
from portal.services.messages import inbox, read_all, unread_count
from portal.services.round_findings import Answer, findings_of
from portal.services.round_making import (
    RoundRefused,
    RoundWish,
    counts_of,
    make_round,
    rounds_of,
)
from portal.services.transaction import writing
from tests import scans as files
from tests.builders import World, meanwhile

pytestmark = pytest.mark.usefixtures("database")

IN_ORDER = Verdict()
NO_SEAL = Verdict((Fault(FaultKind.NO_SEAL),))


@pytest.fixture
def forms(world: World) -> list[int]:
    """Two forms in one branch, two in the other, one of a foreign district, one missing."""
    made = [
        world.add_member(branch, name=name)
        for branch, name in (
            (world.branch, "安新"),
            (world.branch, "白期"),
            (world.sister, "陈三"),
            (world.sister, "丁四"),
        )
    ]
    for member in made:
        world.upload(member)
    world.upload(world.add_member(world.far_branch, name="外人"))
    world.add_member(name="未传")
    return made


@pytest.fixture
def officer(world: World) -> Actor:
    return world.actor(world.district)


@pytest.fixture
def colleague(world: World, officer: Actor) -> Actor:
    account_id = world.add_account(world.district, name="张同事")
    return replace(officer, account_id=account_id, person_name="张同事")


def begin(actor: Actor, choice: RoundChoice = RoundChoice.ALL, **wish: object) -> int:
    assert actor.organisation_id is not None
    below = wish.pop("below", actor.organisation_id)
    return make_round(actor, RoundWish(below, choice, **wish), f"token{datetime.now(UTC)}")  # type: ignore[arg-type]


def members_in(round_id: int) -> list[int]:
    db.session.rollback()
    found = select(CheckItem.member_id).where(CheckItem.round_id == round_id)
    return list(db.session.scalars(found.order_by(CheckItem.place)))


def say(actor: Actor, round_id: int, place: int, verdict: Verdict = IN_ORDER) -> int | None:
    """Open a place, look, say it; returns the next place."""
    turn = open_place(actor, round_id, place)
    assert turn.scan_id is not None
    standing = standing_check(turn.scan_id)
    seen = standing.id if standing else 0
    return judge(actor, round_id, place, turn.scan_id, verdict, seen=seen).next_place


def test_all_forms_below_branch_by_branch(officer: Actor, forms: list[int]) -> None:
    assert members_in(begin(officer)) == forms


def test_of_one_organisation_below_and_of_some_joining_months(
    world: World, officer: Actor, forms: list[int]
) -> None:
    assert members_in(begin(officer, below=world.sister.id)) == forms[2:]
    old = world.add_member(name="早入", joined=date(2020, 5, 1))
    world.upload(old)
    may = date(2020, 5, 1)
    assert members_in(begin(officer, period=Period(may, may))) == [old]


def test_those_nobody_checked_yet_and_those_with_findings(officer: Actor, forms: list[int]) -> None:
    scan = scans.current_scan(forms[1])
    assert scan is not None
    check(officer, forms[1], scan.id, IN_ORDER, seen=0)
    assert members_in(begin(officer, RoundChoice.UNCHECKED)) == [forms[0], forms[2], forms[3]]
    with pytest.raises(RoundRefused, match="没有符合条件的"):
        begin(officer, RoundChoice.WITH_FINDINGS)
    with writing():
        scan = scans.current_scan(forms[2])
        assert scan is not None
        looks.keep(scan.sha256, Look(8, (Finding(FindingKind.NO_SEAL, 0, 0),)), 1)
    # The demo's form is one file: whoever has the same bytes has the same findings.
    same = [
        one for one in forms if (other := scans.current_scan(one)) and other.sha256 == scan.sha256
    ]
    assert members_in(begin(officer, RoundChoice.WITH_FINDINGS)) == same


def test_a_lot_has_its_number_of_each_branch_and_its_share_of_all(
    world: World, officer: Actor, forms: list[int]
) -> None:
    one_of_each = members_in(begin(officer, RoundChoice.SOME_OF_EACH, amount=1))
    assert len(one_of_each) == 2
    assert one_of_each[0] in forms[:2]
    assert one_of_each[1] in forms[2:]
    assert len(members_in(begin(officer, RoundChoice.SHARE, amount=50))) == 2
    assert len(members_in(begin(officer, RoundChoice.SHARE, amount=1))) == 1
    assert members_in(begin(officer, RoundChoice.SHARE, amount=100)) == forms


def test_a_double_click_makes_one_round(officer: Actor, forms: list[int]) -> None:
    wish = RoundWish(officer.organisation_id or 0, RoundChoice.ALL)
    assert make_round(officer, wish, "same") == make_round(officer, wish, "same")
    assert len(rounds_of(officer).lines) == 1


def test_a_double_click_at_once_makes_one_round(
    officer: Actor, forms: list[int], app: Flask
) -> None:
    wish = RoundWish(officer.organisation_id or 0, RoundChoice.ALL)
    # While the forms are chosen here the other click comes to its end.
    other = meanwhile(app, "FROM member", lambda: make_round(officer, wish, "same"))
    made = make_round(officer, wish, "same")
    assert other[0].result() == made
    assert len(rounds_of(officer).lines) == 1
    assert members_in(made) == forms


@pytest.mark.parametrize(
    ("choice", "amount"),
    [(RoundChoice.ALL, None), (RoundChoice.SOME_OF_EACH, 2), (RoundChoice.SHARE, 75)],
)
def test_more_forms_than_a_round_holds_are_refused_and_nothing_is_made(
    officer: Actor,
    forms: list[int],
    choice: RoundChoice,
    amount: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(round_making, "MOST_FORMS", 2)
    with pytest.raises(RoundRefused, match="超过 2 份，一个任务放不下"):
        begin(officer, choice, amount=amount)
    assert rounds_of(officer).lines == ()


def test_form_after_form_until_all_are_done_and_counted(officer: Actor, forms: list[int]) -> None:
    round_id = begin(officer)
    place = next_place(officer, round_id)
    for expected, verdict in enumerate((IN_ORDER, NO_SEAL, IN_ORDER, NO_SEAL), 1):
        assert place == expected
        place = say(officer, round_id, place, verdict)
    assert place is None
    counts, found = counts_of(round_id), findings_of(officer, round_id)
    assert (counts.done, counts.waiting, counts.total) == (4, 0, 4)
    assert (found.in_order, found.faulty) == (2, 2)
    assert found.by_kind == {FaultKind.NO_SEAL: 2}
    assert [form.name for form in found.forms] == ["白期", "丁四"]
    assert found.by_person == ((officer.person_name, 4),)


def test_two_colleagues_never_get_the_same_form(
    officer: Actor, colleague: Actor, forms: list[int]
) -> None:
    round_id = begin(officer)
    assert next_place(officer, round_id) == 1
    turn = open_place(officer, round_id, 1)  # has the second too, whose picture is fetched ahead
    second = scans.current_scan(forms[1])
    assert second is not None
    assert turn.ahead == second.id
    assert next_place(colleague, round_id) == 3
    assert open_place(colleague, round_id, 2).taken_by == officer.person_name
    assert say(officer, round_id, 1) == 2
    assert say(colleague, round_id, 3) == 4
    with pytest.raises(FormTaken, match=officer.person_name):
        judge(colleague, round_id, 2, second.id, IN_ORDER, seen=0)
    assert say(officer, round_id, 2) is None  # the last one is the colleague's
    assert counts_of(round_id).waiting == 1


def test_back_leads_past_what_a_colleague_has_just_now(
    officer: Actor, colleague: Actor, forms: list[int]
) -> None:
    round_id = begin(officer)
    with time_machine.travel(datetime.now(UTC), tick=False) as later:
        assert say(officer, round_id, 1) == 2
        open_place(colleague, round_id, 3)
        assert open_place(officer, round_id, 4).taken_by  # it is ahead of the colleague
        open_place(colleague, round_id, 2)  # looks at it while it is the officer's
        assert open_place(colleague, round_id, 3).previous == 1
        later.shift(LEASE + timedelta(seconds=1))
        assert open_place(colleague, round_id, 3).previous == 2


def test_who_stops_half_way_lets_the_form_go(
    officer: Actor, colleague: Actor, forms: list[int]
) -> None:
    round_id = begin(officer)
    with time_machine.travel(datetime.now(UTC), tick=False) as later:
        open_place(officer, round_id, 1)
        assert next_place(colleague, round_id) == 3
        later.shift(LEASE + timedelta(seconds=1))
        assert next_place(colleague, round_id) == 1
        # Back at last, the first is told whose it is now.
        scan = scans.current_scan(forms[0])
        assert scan is not None
        with pytest.raises(FormTaken, match="张同事"):
            judge(officer, round_id, 1, scan.id, IN_ORDER, seen=0)


def test_what_is_skipped_goes_to_a_colleague_and_comes_again_at_the_end(
    officer: Actor, colleague: Actor, forms: list[int]
) -> None:
    round_id = begin(officer)
    open_place(officer, round_id, 1)
    assert next_place(officer, round_id, after=1) == 2
    assert next_place(colleague, round_id) == 1
    next_place(colleague, round_id, after=1)  # and skips it too
    for place in (2, 4):
        say(officer, round_id, place)
    assert next_place(officer, round_id, after=4) == 1


def test_many_at_once_share_a_round_without_one_twice(
    world: World, officer: Actor, forms: list[int]
) -> None:
    """Threads with connections of their own, each taking and judging until nothing is left."""
    round_id = begin(officer)
    people = [
        replace(officer, account_id=world.add_account(world.district, name=f"同事{one}"))
        for one in range(3)
    ]

    def work(actor: Actor) -> list[int]:
        done = []
        with world.app.app_context():
            place = next_place(actor, round_id)
            while place is not None:
                scan_id = open_place(actor, round_id, place).scan_id
                assert scan_id is not None
                done.append(place)
                place = judge(actor, round_id, place, scan_id, IN_ORDER, seen=0).next_place
            db.session.remove()
        return done

    db.session.remove()
    with ThreadPoolExecutor(len(people)) as pool:
        found = sorted(place for places in pool.map(work, people) for place in places)
    assert found == sorted(set(found))
    # Whoever was told that nothing is left may have left a form taken ahead to the others.
    assert counts_of(round_id).done == len(found)


def test_an_undone_check_is_the_next_to_do_again(officer: Actor, forms: list[int]) -> None:
    round_id = begin(officer)
    with pytest.raises(NothingToTakeBack):
        take_back_last(officer, round_id)
    say(officer, round_id, 1)
    say(officer, round_id, 2, NO_SEAL)
    assert take_back_last(officer, round_id) == 2
    assert counts_of(round_id).done == 1
    assert take_back_last(officer, round_id) == 1
    assert counts_of(round_id).done == 0
    assert say(officer, round_id, 1, NO_SEAL) == 2


def test_undoing_a_changed_mind_brings_the_first_check_back_and_then_undoes_that(
    officer: Actor, forms: list[int]
) -> None:
    round_id = begin(officer)
    say(officer, round_id, 1, NO_SEAL)
    say(officer, round_id, 1)
    assert take_back_last(officer, round_id) == 1
    assert counts_of(round_id).done == 1
    assert findings_of(officer, round_id).by_kind == {FaultKind.NO_SEAL: 1}
    assert next_place(officer, round_id) == 2
    assert take_back_last(officer, round_id) == 1
    assert counts_of(round_id).done == 0
    assert next_place(officer, round_id) == 1


def test_a_round_shows_what_became_of_its_faulty_forms(
    world: World, officer: Actor, forms: list[int]
) -> None:
    round_id = begin(officer)
    for place in (1, 2, 3, 4):
        say(officer, round_id, place, NO_SEAL)

    def answers() -> list[Answer]:
        db.session.rollback()
        return [form.answer for form in findings_of(officer, round_id).forms]

    assert answers() == [Answer.NONE] * 4
    world.upload(forms[0], files.good_scan(3))
    scans.delete(world.actor(world.branch), forms[1])
    for member, verdict in ((forms[2], IN_ORDER), (forms[3], NO_SEAL)):
        world.upload(member, files.good_scan(3))
        scan = scans.current_scan(member)
        assert scan is not None
        check(world.actor(world.municipal), member, scan.id, verdict, seen=0)
    assert answers() == [Answer.UPLOADED, Answer.GONE, Answer.IN_ORDER, Answer.FAULTY]
    # The committee looks at the answer where it found the fault.
    say(officer, round_id, 1)
    assert answers() == [Answer.GONE, Answer.IN_ORDER, Answer.FAULTY]
    assert findings_of(officer, round_id).in_order == 1


def test_a_second_round_says_the_same_again_but_tells_the_branch_once(
    world: World, officer: Actor, forms: list[int]
) -> None:
    for _ in range(2):
        round_id = begin(officer)
        say(officer, round_id, 1, NO_SEAL)
    assert len(checks_of(forms[0])) == 2
    assert len(inbox(world.actor(world.branch)).rows) == 1
    assert take_back_last(officer, round_id) == 1
    standing = checks_of(forms[0])[1]
    assert standing.standing
    assert standing.verdict == NO_SEAL
    assert len(inbox(world.actor(world.branch)).rows) == 1


def told(world: World, branch: Node | None = None) -> list[tuple[str, str]]:
    """What the branch's messages say, the newest first, without being read."""
    db.session.rollback()
    found = select(Message.subject, Message.body).where(
        Message.to_organisation_id == (branch or world.branch).id
    )
    return [(row[0], row[1]) for row in db.session.execute(found.order_by(Message.id.desc()))]


def test_a_branch_gets_one_message_of_a_round_that_grows_until_it_is_read(
    world: World, officer: Actor, forms: list[int]
) -> None:
    third = world.add_member(name="程远")
    world.upload(third)
    round_id = begin(officer)
    places = {member: place for place, member in enumerate(members_in(round_id), 1)}
    say(officer, round_id, places[forms[0]], NO_SEAL)
    say(officer, round_id, places[forms[2]], NO_SEAL)
    assert [subject for subject, _ in told(world)] == ["安新：入团志愿书检查不合格（未盖公章）"]
    say(officer, round_id, places[forms[1]], Verdict(NO_SEAL.faults, "请补盖"))
    ((subject, body),) = told(world)
    assert subject == "2 份入团志愿书检查不合格"
    lines = body.splitlines()
    assert lines[0] == "以下 2 名团员的《入团志愿书》经检查有问题："
    assert [line.split("（")[0] for line in lines[1:3]] == ["安新", "白期"]
    assert lines[2].endswith("：未盖公章。说明：请补盖")
    assert len(told(world, world.sister)) == 1
    take_back_last(officer, round_id)
    ((subject, _),) = told(world)
    assert subject == "安新：入团志愿书检查不合格（未盖公章）"
    branch = world.actor(world.branch)
    assert unread_count(branch) == 1
    read_all(branch)
    say(officer, round_id, places[forms[1]], NO_SEAL)
    say(officer, round_id, places[third], NO_SEAL)
    assert [subject for subject, _ in told(world)] == [
        "2 份入团志愿书检查不合格",
        "安新：入团志愿书检查不合格（未盖公章）",
    ]
    assert unread_count(branch) == 1


def test_what_nobody_has_read_is_taken_out_of_the_message(
    world: World, officer: Actor, forms: list[int]
) -> None:
    round_id = begin(officer)
    say(officer, round_id, 1, NO_SEAL)
    take_back_last(officer, round_id)
    assert [subject for subject, _ in told(world)] == ["入团志愿书检查：刚才指出的问题已撤销"]
    say(officer, round_id, 1, NO_SEAL)
    assert [subject for subject, _ in told(world)] == ["安新：入团志愿书检查不合格（未盖公章）"]
    municipal = world.actor(world.municipal)
    scan = open_place(officer, round_id, 1).scan_id
    assert scan is not None
    standing = standing_check(scan)
    assert standing is not None
    check(municipal, forms[0], scan, IN_ORDER, seen=standing.id)
    assert [subject for subject, _ in told(world)] == ["入团志愿书检查：刚才指出的问题已撤销"]


def test_a_long_message_of_a_round_says_how_many_more(
    world: World, officer: Actor, forms: list[int]
) -> None:
    long = Verdict(NO_SEAL.faults, "字" * 200)
    for place in range(25):
        member = world.add_member(name=f"团员{place}")
        scan = world.upload(member).scan_id
        check(officer, member, scan, long, seen=0)
    ((subject, body),) = told(world)
    assert subject == "25 份入团志愿书检查不合格"
    assert "名，见“我的团员”里的备注。" in body
    assert body.endswith("上级团委会再检查。")
    assert len(body) <= 4000


def test_only_the_own_last_check_is_undone(
    officer: Actor, colleague: Actor, forms: list[int]
) -> None:
    round_id = begin(officer)
    say(officer, round_id, 1)
    with pytest.raises(NothingToTakeBack):
        take_back_last(colleague, round_id)


def test_who_judged_before_a_colleague_did_takes_nothing_back(
    officer: Actor, colleague: Actor, forms: list[int]
) -> None:
    round_id = begin(officer)
    say(officer, round_id, 1)
    say(colleague, round_id, 1, NO_SEAL)
    with pytest.raises(NothingToTakeBack):
        take_back_last(officer, round_id)
    turn = open_place(officer, round_id, 1)
    assert turn.state is ItemState.DONE
    assert turn.scan_id is not None
    standing = standing_check(turn.scan_id)
    assert standing is not None
    assert standing.verdict == NO_SEAL


def test_what_a_colleague_left_open_is_free_after_a_while(
    officer: Actor, colleague: Actor, forms: list[int]
) -> None:
    with time_machine.travel(datetime(2026, 11, 23, 1, tzinfo=UTC), tick=False) as time:
        round_id = begin(officer)
        assert open_place(officer, round_id, 1).taken_by == ""
        time.shift(LEASE - timedelta(seconds=1))
        assert open_place(colleague, round_id, 1).taken_by == officer.person_name
        time.shift(timedelta(seconds=1))
        assert open_place(colleague, round_id, 1).taken_by == ""
        assert open_place(officer, round_id, 1).taken_by == "张同事"


def test_a_form_that_is_gone_is_told_to_who_comes_straight_to_it(
    world: World, officer: Actor, forms: list[int]
) -> None:
    round_id = begin(officer)
    scans.delete(world.actor(world.branch), forms[1])
    turn = open_place(officer, round_id, 2)
    assert (turn.state, turn.scan_id) == (ItemState.GONE, None)
    assert counts_of(round_id).gone == 1


def test_a_place_that_a_round_does_not_have_is_not_found(officer: Actor, forms: list[int]) -> None:
    round_id = begin(officer)
    for place in (0, len(forms) + 1):
        with pytest.raises(NotFound):
            open_place(officer, round_id, place)


@pytest.mark.parametrize("goes", ["deleted", "set aside"])
def test_a_form_that_is_gone_is_passed_over(
    world: World, officer: Actor, forms: list[int], goes: str
) -> None:
    round_id = begin(officer)
    if goes == "deleted":
        scans.delete(world.actor(world.branch), forms[0])
    else:
        why = Leaving(LeavingReason.LEFT_LEAGUE, "本人申请退团")
        leaving.set_aside(world.actor(world.branch), forms[0], why)
    assert next_place(officer, round_id) == 2
    turn = open_place(officer, round_id, 1)
    assert (turn.state, turn.scan_id) == (ItemState.GONE, None)
    assert counts_of(round_id).gone == 1


def test_a_form_uploaded_anew_is_looked_at_as_it_is_now(
    world: World, officer: Actor, forms: list[int]
) -> None:
    round_id = begin(officer)
    world.upload(forms[0], files.good_scan(3))
    now = scans.current_scan(forms[0])
    assert now is not None
    assert open_place(officer, round_id, 1).scan_id == now.id


def test_rounds_are_the_organisations_own(
    world: World, officer: Actor, colleague: Actor, forms: list[int]
) -> None:
    round_id = begin(officer)
    assert [line.id for line in rounds_of(colleague).lines] == [round_id]
    for node in (world.municipal, world.grassroots, world.other_district):
        assert rounds_of(world.actor(node)).lines == ()
        with pytest.raises(NotFound):
            next_place(world.actor(node), round_id)
    with pytest.raises(NotAllowed):
        rounds_of(world.actor(world.branch))
    with pytest.raises(NotFound):
        begin(officer, below=world.far_branch.id)


def test_the_next_form_is_found_by_an_index(
    officer: Actor, forms: list[int], database: str
) -> None:
    if database != "sqlite":
        pytest.skip("the planner of PostgreSQL decides by statistics, which an empty table lacks")
    round_id = begin(officer)
    plans: list[str] = []

    def explain(connection, cursor, statement, parameters, *_: object) -> None:  # type: ignore[no-untyped-def]
        if statement.startswith("SELECT"):
            cursor.execute("EXPLAIN QUERY PLAN " + statement, parameters)
            plans.extend(row[3] for row in cursor.fetchall())

    event.listen(db.engine, "before_cursor_execute", explain)
    assert next_place(officer, round_id) == 1
    text = "\n".join(plans)
    assert "ix_check_item_round_id_state (round_id=? AND state=? AND place>?)" in text
    assert "SCAN" not in text
    assert "TEMP B-TREE" not in text


def test_the_seed_of_a_lot_is_kept(officer: Actor, forms: list[int]) -> None:
    round_id = begin(officer, RoundChoice.SHARE, amount=50)
    made = db.session.get_one(CheckRound, round_id)
    assert made.total == 2
    assert made.seed >= 0


def test_rounds_are_paged_by_key_and_each_is_once_on_a_page(
    officer: Actor, forms: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(round_making, "ROUNDS_SHOWN", 2)
    made = [begin(officer) for _ in range(5)]
    seen: list[int] = []
    page = rounds_of(officer)
    while True:
        seen += [line.id for line in page.lines]
        assert len(page.lines) <= 2
        if page.before is None:
            break
        page = rounds_of(officer, page.before)
    assert seen == made[::-1]
    assert rounds_of(officer, made[0]).lines == ()


def test_who_went_elsewhere_since_is_not_named_in_a_round_any_more(
    world: World, officer: Actor, forms: list[int]
) -> None:
    """Their new branch, and whether it uploaded, is not the old committee's to see."""
    round_id = begin(officer)
    for place in (1, 3):
        say(officer, round_id, place, NO_SEAL)
    assert [one.name for one in findings_of(officer, round_id).forms] == ["安新", "陈三"]
    db.session.rollback()
    version = db.session.get_one(Organisation, world.sister.id).version
    organisation_moves.move(
        world.actor(world.municipal), world.sister.id, version, world.other_district.id
    )
    found = findings_of(officer, round_id)
    assert [one.name for one in found.forms] == ["安新"]
    assert found.faulty == 2
    page = world.client_of(world.district).get(f"/checks/{round_id}").text
    assert "陈三" not in page
    assert "不合格的 2 份，其中 1 份现在在您的管理范围内" in page
