"""工作进度 day by day: what was kept shows as of that day, once, whatever ran how often. On both."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from portal.extensions import db
from portal.models import Organisation, ProgressDay
from portal.rules.leaving import Leaving, LeavingReason
from portal.rules.progress import Counts, Period
from portal.services import leaving, scans
from portal.services.organisation_changes import close
from portal.services.progress import children_progress, counts_of
from portal.services.progress_days import (
    TREND_WEEKS,
    children_as_of,
    counts_as_of,
    first_day,
    keep_if_due,
    trend,
)
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # ten in the morning in Beijing
NOBODY = Counts()


def rows() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(ProgressDay)) or 0


def organisation(world: World, name: str) -> Organisation:
    db.session.rollback()
    return db.session.get_one(Organisation, getattr(world, name).id)


def test_a_day_is_kept_once_after_its_end_and_only_what_changed(world: World) -> None:
    with time_machine.travel(MONDAY, tick=False) as clock:
        member = world.add_member(approved_on=date(2026, 10, 20))
        world.add_member(world.far_branch)
        assert keep_if_due()
        assert first_day() == date(2026, 11, 22)
        kept = rows()
        assert kept == 6  # both branches and all above them; the sister branch has nobody
        assert not keep_if_due()

        clock.move_to(MONDAY + timedelta(hours=13, minutes=59))  # 23:59
        world.upload(member)
        assert not keep_if_due()
        clock.shift(timedelta(minutes=2))
        assert keep_if_due()
        assert rows() == kept + 4  # of the other district nothing changed
        sunday, monday = date(2026, 11, 22), date(2026, 11, 23)
        branch = organisation(world, "branch")
        assert counts_as_of(branch.id, sunday) == Counts(new=1, overdue=1)
        assert counts_as_of(branch.id, monday) == Counts(new=1, uploaded=1, late=1)
        assert counts_as_of(branch.id, monday) == counts_of(branch, Period())
        assert counts_as_of(branch.id, date(2026, 11, 21)) == NOBODY


def test_what_is_due_is_counted_as_of_the_day_that_ended(world: World) -> None:
    with time_machine.travel(MONDAY, tick=False):
        world.add_member(approved_on=date(2026, 10, 23))  # due on Sunday the 22nd
        keep_if_due()
        branch = organisation(world, "branch")
        assert counts_as_of(branch.id, date(2026, 11, 22)) == Counts(new=1, due_soon=1)
        assert counts_of(branch, Period()) == Counts(new=1, overdue=1)


def test_after_a_standstill_the_last_day_is_kept_and_the_others_show_the_one_before(
    world: World,
) -> None:
    with time_machine.travel(MONDAY, tick=False) as clock:
        member = world.add_member()
        keep_if_due()
        clock.shift(timedelta(days=3))
        world.upload(member)
        assert keep_if_due()
        assert not keep_if_due()
        branch = organisation(world, "branch")
        assert counts_as_of(branch.id, date(2026, 11, 24)).uploaded == 0
        assert counts_as_of(branch.id, date(2026, 11, 25)).uploaded == 1


def test_the_table_as_of_a_day_has_what_was_closed_since(world: World) -> None:
    with time_machine.travel(MONDAY, tick=False) as clock:
        member = world.add_member()
        keep_if_due()
        grassroots = organisation(world, "grassroots")
        assert children_as_of(grassroots, date(2026, 11, 22)) == children_progress(
            grassroots, Period()
        )
        leaving.set_aside(world.actor(world.branch), member, Leaving(LeavingReason.DECEASED, ""))
        close(world.actor(world.district), world.branch.id, 1)
        clock.shift(timedelta(days=1))
        keep_if_due()
        grassroots = organisation(world, "grassroots")
        before = children_as_of(grassroots, date(2026, 11, 22))
        assert [(row.name, row.counts.new) for row in before] == [
            ("高一(1)班团支部", 1),
            ("高一(2)班团支部", 0),
        ]
        after = children_as_of(grassroots, date(2026, 11, 23))
        assert [(row.name, row.counts) for row in after] == [("高一(2)班团支部", NOBODY)]
        assert counts_as_of(world.branch.id, date(2026, 11, 23)) == NOBODY


def test_the_trend_has_each_sunday_and_the_last_day(world: World) -> None:
    with time_machine.travel(MONDAY - timedelta(days=30), tick=False) as clock:
        member = world.add_member(approved_on=date(2026, 10, 1))
        world.add_member(approved_on=date(2026, 10, 1))
        keep_if_due()
        clock.move_to(MONDAY)
        world.upload(member)
        keep_if_due()
        clock.move_to(MONDAY + timedelta(days=2))
        scans.delete(world.actor(world.branch), member)
        keep_if_due()
        weeks = trend(world.branch.id)
        assert [(week.day.isoformat(), week.counts.rate) for week in weeks] == [
            ("2026-10-25", 0.0),
            ("2026-11-01", 0.0),
            ("2026-11-08", 0.0),
            ("2026-11-15", 0.0),
            ("2026-11-22", 0.5),
            ("2026-11-24", 0.0),
        ]
        clock.move_to(MONDAY + timedelta(days=7))  # yesterday was a Sunday itself
        assert [week.day.isoformat() for week in trend(world.branch.id)][-1] == "2026-11-29"
        clock.shift(timedelta(weeks=40))
        assert len(trend(world.branch.id)) in (TREND_WEEKS, TREND_WEEKS + 1)
        assert trend(world.sister.id) == ()
