"""The seals under the record: made once a day, and broken by whatever is done behind them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal.extensions import db
from portal.models import AuditRecord, RecordSeal
from portal.services import audit
from portal.services.audit import Event
from portal.services.record_seals import canonical, seal_if_due, verify
from portal.services.transaction import writing
from tests.builders import World, meanwhile

pytestmark = pytest.mark.usefixtures("database")

MORNING = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # ten o'clock in Beijing


def say(world: World, **detail: object) -> None:
    with writing():
        audit.record(world.actor(world.branch), Event.SIGNED_IN, **detail)


def seals() -> dict[date, tuple[int, int]]:
    db.session.rollback()
    rows = db.session.execute(
        select(RecordSeal.day, RecordSeal.count, RecordSeal.last_id).order_by(RecordSeal.day)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


@pytest.fixture
def sealed(world: World) -> World:
    """Three days with three, no and two lines, sealed; and a line of today."""
    with time_machine.travel(MORNING, tick=False) as clock:
        for name in ("一", "二", "三"):
            say(world, name=name, count=1, pair=["前", None], yes=True)
        clock.shift(timedelta(days=2))
        say(world)
        say(world)
        clock.shift(timedelta(days=1))
        assert seal_if_due() == 3
        say(world)
    db.session.rollback()
    return world


def behind_the_back(*statements: str) -> None:
    """What somebody with the database itself can do: drop the triggers, then change."""
    db.session.remove()
    with db.engine.begin() as connection:
        if db.engine.dialect.name == "postgresql":
            connection.execute(text("DROP TRIGGER audit_record_no_change ON audit_record"))
            connection.execute(text("DROP TRIGGER record_seal_no_change ON record_seal"))
        else:
            for table in ("audit_record", "record_seal"):
                for what in ("update", "delete"):
                    connection.execute(text(f"DROP TRIGGER {table}_no_{what}"))
        for statement in statements:
            connection.execute(text(statement))


def test_each_day_that_has_ended_is_sealed_once(world: World) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        assert seal_if_due() == 0  # there is nothing to seal
        say(world)
        assert seal_if_due() == 0  # the day is not over
        clock.shift(timedelta(hours=14, minutes=5))
        say(world)  # at 0:05, while a transaction of yesterday may still be under way
        assert seal_if_due() == 0
        clock.shift(timedelta(minutes=6))
        assert seal_if_due() == 1
        assert seal_if_due() == 0
        clock.shift(timedelta(days=3))
        assert seal_if_due() == 3  # after a standstill
    assert seals() == {
        date(2026, 11, 20): (1, 1),
        date(2026, 11, 21): (1, 2),
        date(2026, 11, 22): (0, 2),
        date(2026, 11, 23): (0, 2),
    }


def test_of_two_workers_at_once_one_seals_and_the_other_finds_it_done(
    world: World, app: Flask
) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        say(world)
        clock.shift(timedelta(days=1))
        other = meanwhile(app, "audit_record.detail", seal_if_due)  # while the lines are read
        assert seal_if_due() == 0
        assert other[0].result() == 1
    assert seals() == {date(2026, 11, 20): (1, 1)}
    assert verify().troubles == ()


def test_a_record_that_nobody_touched_fits_its_seals(sealed: World, app: Flask) -> None:
    found = verify()
    assert (found.days, found.lines, found.unsealed, found.troubles) == (3, 5, 1, ())
    assert verify(found.last).troubles == ()
    said = app.test_cli_runner().invoke(args=["audit", "verify"])
    assert said.exit_code == 0
    assert "The record fits its seals." in said.output
    assert found.last in said.output


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (("DELETE FROM audit_record WHERE id = 2",), {date(2026, 11, 20): "1 of 3 lines are"}),
        (("DELETE FROM audit_record WHERE id > 3",), {date(2026, 11, 22): "2 of 2 lines are"}),
        (
            ("UPDATE audit_record SET address = '10.0.0.1' WHERE id = 1",),
            {date(2026, 11, 20): "was changed"},
        ),
        (
            ("UPDATE audit_record SET detail = '{}' WHERE id = 1",),
            {date(2026, 11, 20): "was changed"},
        ),
        (
            ("UPDATE audit_record SET about_id = NULL WHERE id = 5",),
            {date(2026, 11, 22): "was changed"},
        ),
        (
            (
                "UPDATE audit_record SET id = 99 WHERE id = 2",
                "UPDATE audit_record SET id = 2 WHERE id = 3",
                "UPDATE audit_record SET id = 3 WHERE id = 99",
            ),
            {date(2026, 11, 20): "was changed"},
        ),
        (
            ("DELETE FROM record_seal WHERE day = '2026-11-21'",),
            {date(2026, 11, 22): "the seals between 2026-11-20"},
        ),
        (
            ("UPDATE record_seal SET count = 2 WHERE day = '2026-11-20'",),
            {date(2026, 11, 20): "1 lines were slipped in"},
        ),
    ],
)
def test_what_is_done_behind_the_application_shows(
    sealed: World, app: Flask, damage: tuple[str, ...], told: dict[date, str]
) -> None:
    behind_the_back(*damage)
    troubles = {trouble.day: trouble.text for trouble in reversed(verify().troubles)}
    for day, words in told.items():
        assert words in (troubles[day] or ""), troubles
    assert app.test_cli_runner().invoke(args=["audit", "verify"]).exit_code == 1


def test_seals_that_were_all_made_anew_do_not_fit_one_that_was_written_down(
    sealed: World, app: Flask
) -> None:
    written_down = verify().last
    behind_the_back("DELETE FROM audit_record WHERE id = 2", "DELETE FROM record_seal")
    with time_machine.travel(MORNING + timedelta(days=3), tick=False):
        assert seal_if_due() == 3
    assert verify().troubles == ()
    said = app.test_cli_runner().invoke(args=["audit", "verify", "--expect", written_down])
    assert said.exit_code == 1
    assert "is not among the seals" in said.output


@pytest.mark.parametrize("change", ["UPDATE record_seal SET count = 0", "DELETE FROM record_seal"])
def test_a_seal_cannot_be_changed_from_the_application(sealed: World, change: str) -> None:
    with pytest.raises(DBAPIError, match="insert only"):
        db.session.execute(text(change))
    db.session.rollback()


def test_a_line_is_hashed_alike_in_both_databases(sealed: World) -> None:
    """The bytes that every later version must make of this line, or old seals break."""
    line = db.session.execute(select(AuditRecord.__table__).where(AuditRecord.id == 1)).one()
    assert canonical(line) == (
        b'{"about_id":%d,"account_id":%d,"address":"127.0.0.1",'
        b'"at":"2026-11-20T02:00:00.000000+00:00",'
        b'"detail":{"count":1,"name":"\\u4e00","pair":["\\u524d",null],"yes":true},'
        b'"event":"signed in","id":1,"member_id":null,"organisation_id":%d,'
        b'"person_name":"\\u7ba1\\u7406\\u5458%d","request_id":"test","scan_id":null}'
        % ((sealed.branch.id,) * 4)
    )
