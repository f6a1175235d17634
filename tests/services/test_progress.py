"""工作进度: each figure is a recount of the members, at each level. On both databases.

Whatever happened before: test_any_sequence.py.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import event, select

from portal import clock
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import Organisation
from portal.rules.leaving import Leaving, LeavingReason
from portal.rules.progress import Count, Counts, Period, format_rate
from portal.services import leaving
from portal.services.progress import (
    PAGE_ROWS,
    children_progress,
    counts_of,
    find_organisation,
    members_behind,
    total,
)
from tests.builders import World
from tests.figures import assert_counts, assert_lists, behind
from tests.recounts import EVERYBODY

pytestmark = pytest.mark.usefixtures("database")


def assert_every_figure_is_a_recount(world: World, period: Period = EVERYBODY) -> None:
    db.session.rollback()
    for top in db.session.scalars(select(Organisation)).all():
        assert_counts(top, period)
        assert_lists(world.actor(world.municipal), top, period)


@pytest.fixture
def sorts(world: World) -> World:
    """One member of each sort, in two districts."""
    today = clock.today()
    world.add_member(name="安新", approved_on=today - timedelta(days=10))
    world.add_member(name="白期", approved_on=today - timedelta(days=31))
    world.add_member(name="柏日", approved_on=today - timedelta(days=30))
    world.add_member(world.sister, name="蔡七", approved_on=today - timedelta(days=23))
    world.upload(world.add_member(world.sister, name="曾有"))
    world.upload(world.add_member(name="迟交", approved_on=today - timedelta(days=40)))
    world.add_member(name="丁旧", number="201811000001", joined=date(2018, 5, 1))
    world.add_member(world.far_branch, name="方无", number=None, joined=date(2021, 5, 1))
    world.add_member(world.far_branch, name="冯短", number="12345", joined=date(2021, 5, 1))
    world.add_member(world.far_branch, name="高省", number="202199000001", joined=date(2021, 5, 1))
    world.add_member(name="何年", number="202211000099", joined=date(2021, 6, 1))
    world.add_member(name="贾段", number="202111999999", joined=date(2021, 7, 1))
    world.add_member(
        name="孔解", number=None, released_number=world.number(2021), joined=date(2021, 8, 1)
    )
    leaving.set_aside(
        world.actor(world.branch),
        world.add_member(name="李离", approved_on=today - timedelta(days=50)),
        Leaving(LeavingReason.DECEASED, ""),
    )
    return world


def test_every_figure_opens_as_many_members_at_every_level(sorts: World) -> None:
    assert_every_figure_is_a_recount(sorts)
    whole = counts_of(db.session.get_one(Organisation, sorts.municipal.id), EVERYBODY)
    assert whole == Counts(1, 1, 1, 1, 1, 1, new=8, uploaded=2, late=1, overdue=1, due_soon=2)
    assert (whole.irregular, whole.not_uploaded) == (6, 6)


@pytest.mark.parametrize(
    ("first", "last"),
    [(date(2021, 5, 1), date(2021, 6, 1)), (date(2021, 6, 1), None), (None, date(2020, 12, 1))],
)
def test_a_period_counts_its_joining_months_alone(
    sorts: World, first: date | None, last: date | None
) -> None:
    assert_every_figure_is_a_recount(sorts, Period(first, last))


def test_the_months_of_the_whole_tree_are_not_counted_from_the_members(
    sorts: World, database: str
) -> None:
    if database != "sqlite":
        pytest.skip("the planner of PostgreSQL decides by statistics, which an empty table lacks")
    plans: list[str] = []

    def explain(_connection, cursor, statement, parameters, *_rest) -> None:  # type: ignore[no-untyped-def]
        cursor.execute("EXPLAIN QUERY PLAN " + statement, parameters)
        plans.extend(row[3] for row in cursor.fetchall())

    top = db.session.get_one(Organisation, sorts.municipal.id)
    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        children_progress(top, Period(date(2020, 1, 1), date(2026, 12, 1)))
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)
    assert any("month_tally" in one for one in plans)
    of_members = [one for one in plans if "SEARCH member" in one or "SCAN member" in one]
    assert of_members
    assert all("ix_member_missing_scan" in one for one in of_members)


def test_the_rows_are_the_children_and_the_sum_is_theirs(sorts: World) -> None:
    district = find_organisation(sorts.actor(sorts.district), sorts.district.id)
    rows = children_progress(district, EVERYBODY)
    assert [row.name for row in rows] == ["东城区第一中学团委"]
    below = children_progress(db.session.get_one(Organisation, rows[0].id), EVERYBODY)
    assert [(row.name, row.is_branch) for row in below] == [
        ("高一(1)班团支部", True),
        ("高一(2)班团支部", True),
    ]
    assert total(below) == rows[0].counts
    assert below[1].counts.rate == 0.5
    assert format_rate(0.9996) == "99.9%"
    assert (format_rate(1.0), format_rate(None)) == ("100%", "—")


def test_a_long_list_goes_on_where_the_page_ended(world: World) -> None:
    for place in range(PAGE_ROWS + 5):
        world.add_member(world.sister if place % 3 else world.branch, name="同名")
    top = db.session.get_one(Organisation, world.district.id)
    found = behind(world.actor(world.district), top, Count.NEW)
    assert len(found) == len(set(found)) == PAGE_ROWS + 5
    first = members_behind(world.actor(world.district), top, Count.NEW, EVERYBODY, "nonsense~x")
    assert len(first.rows) == PAGE_ROWS


def test_nobody_sees_beside_their_subtree(sorts: World) -> None:
    other = sorts.actor(sorts.other_district)
    for foreign in (sorts.district, sorts.branch, sorts.municipal):
        with pytest.raises(NotFound):
            find_organisation(other, foreign.id)
    with pytest.raises(NotAllowed):
        find_organisation(sorts.actor(sorts.branch), sorts.branch.id)
    municipal = db.session.get_one(Organisation, sorts.municipal.id)
    assert behind(other, municipal, Count.NEW) == behind(
        other, db.session.get_one(Organisation, sorts.other_district.id), Count.NEW
    )
