"""身份码: shown by the member, answered as of now to whoever scans it. On both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, func, select, update

from portal.access import Actor
from portal.errors import NotAllowed
from portal.extensions import db
from portal.models import Account, AnsweredCode, AuditRecord, Organisation
from portal.rules.identity_codes import IdentityCode, day_number, write_token
from portal.rules.irregular import Irregularity
from portal.rules.leaving import CHOOSABLE, Leaving, LeavingReason
from portal.rules.transfers_outside import Destination, Receipt
from portal.runtime import runtime
from portal.services import identity_answers, transfer_deciding, transfers_outside
from portal.services.audit import Event
from portal.services.identity import identity_for
from portal.services.identity_answers import Answer, AnswerKind, Scanned, scanned, use_up
from portal.services.identity_codes import answered_codes, forget_old, show_code
from portal.services.identity_notes import Notes
from portal.services.leaving import set_aside
from portal.services.numbers import release_number
from portal.services.organisation_moves import merge
from portal.services.transaction import writing
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

ONE, OTHER = b"1" * 32, b"2" * 32


@pytest.fixture
def member(world: World) -> int:
    made = world.add_member(name="张小明")
    world.upload(made)
    return made


@pytest.fixture
def actor(world: World, member: int) -> Actor:
    return world.member_actor(member)


def shown(actor: Actor, *, single_use: bool = False) -> str:
    code = show_code(actor, single_use=single_use).code
    assert code is not None
    return code.token


def found(token: str) -> Scanned:
    made = scanned(token)
    assert made is not None
    return made


def answer(token: str, browser: bytes | None = None) -> Answer:
    db.session.rollback()
    return identity_answers.answer(scanned(token), browser)


def shown_lines(member: int) -> int:
    return (
        db.session.scalar(
            select(func.count())
            .select_from(AuditRecord)
            .where(AuditRecord.event == Event.IDENTITY_CODE_SHOWN, AuditRecord.member_id == member)
        )
        or 0
    )


def test_whoever_scans_it_sees_name_branch_and_number_masked_and_nothing_else(
    world: World, member: int, actor: Actor
) -> None:
    said = answer(shown(actor))
    assert said.kind is AnswerKind.CERTIFIED
    assert said.person is not None
    number = world.member(member).number or ""
    assert said.person == identity_answers.Person(
        name="张●",
        branch="高一(1)班团支部",
        committee="东城区第一中学团委",
        number=f"{number[:4]} ●●●● {number[-4:]}",
        joined=world.member(member).joined,
        doubts=(),
        is_released=False,
    )


def test_the_answer_is_one_statement(app: Flask, actor: Actor) -> None:
    token, asked = shown(actor), []
    db.session.rollback()
    event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    identity_answers.answer(scanned(token))
    assert len([one for one in asked if one != "BEGIN"]) == 1, asked


def test_a_new_member_without_a_form_is_not_certified(world: World) -> None:
    made = world.add_member()
    said = answer(shown(world.member_actor(made)))
    assert said.kind is AnswerKind.NOT_CERTIFIED
    assert said.person is not None
    assert [one.words for one in said.person.doubts] == ["未上传入团志愿书"]
    assert said.person.doubts == identity_for(world.member(made)).doubts


def test_who_joined_long_ago_without_a_number_is_certified(world: World) -> None:
    made = world.add_member(joined=date(2015, 5, 1), approved_on=date(2015, 5, 4), number=None)
    said = answer(shown(world.member_actor(made)))
    assert said.kind is AnswerKind.CERTIFIED
    assert said.person is not None
    assert said.person.number == "无"


def test_after_three_minutes_it_says_until_when_it_was_good(actor: Actor) -> None:
    with time_machine.travel(datetime(2026, 11, 25, 4, 0, 0, tzinfo=UTC), tick=False) as clock:
        token = shown(actor)
        clock.shift(179)
        assert answer(token).kind is AnswerKind.CERTIFIED
        clock.shift(1)
        said = answer(token)
        assert said.kind is AnswerKind.EXPIRED
        assert said.moment == datetime(2026, 11, 25, 4, 3, 0, tzinfo=UTC)
        assert said.person is None
        clock.shift(timedelta(hours=3))
        assert answer(token).kind is AnswerKind.EXPIRED
        clock.shift(timedelta(days=2))
        assert answer(token).kind is AnswerKind.UNREADABLE


def test_the_key_changes_at_midnight_and_a_code_stays_good_over_it(actor: Actor) -> None:
    with time_machine.travel(datetime(2026, 11, 25, 23, 59, 0, tzinfo=UTC), tick=False) as clock:
        token = shown(actor)
        clock.shift(90)
        assert answer(token).kind is AnswerKind.CERTIFIED
        clock.shift(90)
        assert answer(token).kind is AnswerKind.EXPIRED


def test_a_server_whose_clock_is_behind_reads_the_first_codes_of_a_day(actor: Actor) -> None:
    with time_machine.travel(datetime(2026, 11, 26, 0, 0, 5, tzinfo=UTC), tick=False) as clock:
        token = shown(actor)
        clock.move_to(datetime(2026, 11, 25, 23, 59, 50, tzinfo=UTC))
        assert answer(token).kind is AnswerKind.CERTIFIED
        clock.move_to(datetime(2026, 11, 25, 23, 59, 20, tzinfo=UTC))
        assert answer(token).kind is AnswerKind.UNREADABLE


def test_a_code_of_the_future_was_made_by_nobody(actor: Actor) -> None:
    with time_machine.travel(datetime(2026, 11, 25, 4, 0, 0, tzinfo=UTC), tick=False) as clock:
        token = shown(actor)
        clock.shift(-30)
        assert answer(token).kind is AnswerKind.CERTIFIED  # two servers' clocks
        clock.shift(-1)
        assert answer(token).kind is AnswerKind.UNREADABLE


def test_a_number_that_is_released_meanwhile_is_told(
    world: World, member: int, actor: Actor
) -> None:
    token = shown(actor)
    release_number(
        world.actor(world.district),
        member,
        number=world.member(member).number or "",
        reason="首页是另一个编号",
    )
    said = answer(token)
    assert said.kind is AnswerKind.NOT_CERTIFIED
    assert said.person is not None
    assert said.person.is_released
    assert said.person.doubts == identity_for(world.member(member)).doubts
    assert world.member(member).irregularity is Irregularity.RELEASED


@pytest.mark.parametrize("reason", CHOOSABLE)
def test_of_who_is_set_aside_meanwhile_nothing_is_said(
    world: World, member: int, actor: Actor, reason: LeavingReason
) -> None:
    token = shown(actor)
    set_aside(world.actor(world.branch), member, Leaving(reason, "说明"))
    said = answer(token)
    assert (said.kind, said.person) == (AnswerKind.GONE, None)
    assert show_code(actor, single_use=False).code is None
    assert not show_code(actor, single_use=False).identity.is_certified


def test_of_who_is_moved_outside_meanwhile_nothing_is_said(
    world: World, member: int, actor: Actor
) -> None:
    token, branch = shown(actor), world.actor(world.branch)
    where = Destination("天津", "天津市河西区某中学团委高二（3）班团支部", "李老师 022-12345678")
    transfer = transfers_outside.ask(branch, member, where, "升学或转学", "")
    transfer_deciding.agree(world.actor(world.district), transfer)
    transfers_outside.enter_receipt(branch, transfer, Receipt("TJ-2026-77", date(2026, 11, 20)))
    said = answer(token)
    assert (said.kind, said.person) == (AnswerKind.GONE, None)
    assert show_code(actor, single_use=False).code is None


def test_of_a_disabled_account_nothing_is_said(actor: Actor) -> None:
    token = shown(actor)
    with writing() as session:
        session.execute(
            update(Account)
            .where(Account.id == actor.account_id)
            .values(disabled_at=datetime.now(UTC))
        )
    said = answer(token)
    assert (said.kind, said.person) == (AnswerKind.DISABLED, None)


def test_who_changes_branch_meanwhile_has_to_show_a_new_one(
    world: World, member: int, actor: Actor
) -> None:
    token = shown(actor)
    version = db.session.get_one(Organisation, world.branch.id).version
    merge(world.actor(world.district), world.branch.id, version, world.sister.id)
    said = answer(token)
    assert (said.kind, said.person) == (AnswerKind.BRANCH_CHANGED, None)
    again = answer(shown(actor))
    assert again.person is not None
    assert again.person.branch == "高一(2)班团支部"


def test_of_a_member_whom_a_restored_database_does_not_know_nothing_is_said(world: World) -> None:
    now = datetime.now(UTC)
    code = IdentityCode(999, world.branch.id, now, False, 0)
    token = write_token(runtime().identity_keys.seal(code.pack(), day_number(now)))
    assert answer(token).kind is AnswerKind.UNREADABLE


# ---- single use ----


def test_single_use_is_for_the_first_browser_that_goes_on(member: int, actor: Actor) -> None:
    token = shown(actor, single_use=True)
    assert answer(token).kind is AnswerKind.ASKS
    assert answer(token, ONE).kind is AnswerKind.ASKS  # asking again uses up nothing
    use_up(found(token), ONE)
    said = answer(token, ONE)
    assert said.kind is AnswerKind.CERTIFIED
    assert said.single_use
    assert said.moment is not None
    for other in (OTHER, None):
        refused = answer(token, other)
        assert (refused.kind, refused.person) == (AnswerKind.USED, None)
        assert refused.moment == said.moment
    use_up(found(token), OTHER)
    assert answer(token, OTHER).kind is AnswerKind.USED
    assert answered_codes(actor)[0].single_use


def test_used_up_is_told_after_it_has_expired_too(actor: Actor) -> None:
    with time_machine.travel(datetime(2026, 11, 25, 4, 0, 0, tzinfo=UTC), tick=False) as clock:
        token = shown(actor, single_use=True)
        use_up(found(token), ONE)
        clock.shift(200)
        assert answer(token, OTHER).kind is AnswerKind.USED
        assert answer(token, ONE).kind is AnswerKind.EXPIRED


def test_an_expired_one_is_not_used_up(actor: Actor) -> None:
    with time_machine.travel(datetime(2026, 11, 25, 4, 0, 0, tzinfo=UTC), tick=False) as clock:
        token = shown(actor, single_use=True)
        clock.shift(200)
        use_up(found(token), ONE)
        assert answer(token, ONE).kind is AnswerKind.EXPIRED
        assert answered_codes(actor) == ()


def test_of_many_who_scan_at_the_same_moment_exactly_one_wins(app: Flask, actor: Actor) -> None:
    token = shown(actor, single_use=True)
    db.session.rollback()
    browsers = [bytes([number]) * 32 for number in range(6)]
    start = threading.Barrier(len(browsers))

    def scan(browser: bytes) -> AnswerKind:
        with app.app_context():
            start.wait()
            use_up(found(token), browser)
            said = identity_answers.answer(scanned(token), browser).kind
            db.session.remove()
            return said

    with ThreadPoolExecutor(len(browsers)) as pool:
        kinds = sorted(pool.map(scan, browsers))
    assert kinds == sorted([AnswerKind.CERTIFIED] + [AnswerKind.USED] * 5)


# ---- on record ----


def test_that_codes_are_shown_is_on_record_once_a_sign_in(member: int, actor: Actor) -> None:
    for _ in range(3):
        shown(actor)
    assert shown_lines(member) == 1
    elsewhere = Actor(
        **{name: getattr(actor, name) for name in actor.__slots__} | {"sign_in_id": 9}
    )
    shown(elsewhere)
    shown(elsewhere, single_use=True)
    assert shown_lines(member) == 2


def test_the_member_sees_when_a_code_was_answered_and_how_often(
    member: int, actor: Actor, world: World
) -> None:
    notes = Notes()
    with time_machine.travel(datetime(2026, 11, 25, 4, 0, 0, tzinfo=UTC), tick=False) as clock:
        first, second = found(shown(actor)), found(shown(actor))
        for scan, seconds in ((first, 0), (first, 20), (second, 10)):
            clock.shift(seconds)
            notes.add(scan.hash, member, datetime.now(UTC))
        seen = answered_codes(actor)
    assert [(one.times, one.single_use) for one in seen] == [(1, False), (2, False)]
    assert (seen[1].last_at - seen[1].first_at).total_seconds() == 20
    assert answered_codes(world.member_actor(world.add_member())) == ()


def test_notes_gather_while_the_database_is_away_and_are_written_later(
    member: int, actor: Actor
) -> None:
    notes, scan = Notes(), found(shown(actor))
    moment = datetime(2026, 11, 25, 4, 0, 0, tzinfo=UTC)
    with writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE answered_code RENAME TO elsewhere")
    notes.add(scan.hash, member, moment)
    notes.add(scan.hash, member, moment + timedelta(seconds=5))
    assert notes.write() == 0
    with writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE elsewhere RENAME TO answered_code")
    assert notes.write() == 1
    assert notes.write() == 0
    (seen,) = answered_codes(actor)
    assert (seen.first_at, seen.times) == (moment, 2)
    assert seen.last_at == moment + timedelta(seconds=5)


def test_notes_that_cant_be_written_have_an_end(member: int) -> None:
    with writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE answered_code RENAME TO elsewhere")
    notes = Notes(most_waiting=2)
    for number in range(5):
        notes.add(bytes([number]) * 32, member, datetime.now(UTC))
    with writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE elsewhere RENAME TO answered_code")
    assert notes.write() == 2


def test_a_server_writes_notes_behind_the_answers(app: Flask, member: int, actor: Actor) -> None:
    notes, scan = Notes(), found(shown(actor))
    db.session.rollback()
    notes.begin(app)
    for _ in range(4):
        notes.add(scan.hash, member, datetime.now(UTC))
    ends = datetime.now(UTC) + timedelta(seconds=20)
    pause = threading.Event()
    while not (seen := answered_codes(actor)) or seen[0].times < 4:
        db.session.rollback()
        assert datetime.now(UTC) < ends
        pause.wait(0.02)
    notes.end()
    assert seen[0].times == 4


def test_answers_are_forgotten_after_half_a_year(member: int, actor: Actor) -> None:
    notes, scan = Notes(), found(shown(actor))
    now = datetime.now(UTC)
    notes.add(scan.hash, member, now - timedelta(days=184))
    notes.add(b"x" * 32, member, now - timedelta(days=182))
    assert forget_old() == 1
    assert [row.code_hash for row in db.session.scalars(select(AnsweredCode))] == [b"x" * 32]


def test_nobody_but_a_member_shows_a_code(world: World) -> None:
    for node in (world.branch, world.district):
        with pytest.raises(NotAllowed):
            answered_codes(world.actor(node))
