"""不规范编号, one after the other: which comes next, and who waits for a committee. Both databases."""

from __future__ import annotations

from datetime import date

import pytest

from portal.rules.leaving import Leaving, LeavingReason
from portal.services import numbers
from portal.services.irregular_numbers import OthersToMend, others_to_mend
from portal.services.leaving import set_aside
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

JOINED = date(2026, 10, 1)


def others(world: World, member_id: int) -> OthersToMend:
    return others_to_mend(world.actor(world.branch), world.member(member_id))


def test_the_next_one_follows_in_the_order_of_the_list_and_begins_anew(world: World) -> None:
    third = world.add_member(number=None, joined=JOINED, name="赵三")
    first = world.add_member(number=None, joined=JOINED, name="安一")
    second = world.add_member(number="202511000009", joined=JOINED, name="李二")
    world.add_member(joined=JOINED, name="马规范")
    world.add_member(world.sister, number=None, joined=JOINED, name="李别处")
    assert others(world, first) == OthersToMend(2, 0, second, "李二")
    assert others(world, second) == OthersToMend(2, 0, third, "赵三")
    assert others(world, third) == OthersToMend(2, 0, first, "安一")


def test_from_a_regular_one_the_way_goes_on_behind_them(world: World) -> None:
    mended = world.add_member(joined=JOINED, name="李二")
    world.add_member(number=None, joined=JOINED, name="安一")
    last = world.add_member(number=None, joined=JOINED, name="赵三")
    assert others(world, mended) == OthersToMend(2, 0, last, "赵三")


def test_whose_release_is_asked_for_is_counted_but_not_next(world: World) -> None:
    mended = world.add_member(joined=JOINED, name="安一")
    wrong = world.add_member(number="202511000009", joined=JOINED, name="李二")
    branch = world.actor(world.branch)
    numbers.ask(branch, wrong, number="202511000009", reason="看错了")
    assert others(world, mended) == OthersToMend(0, 1, None, "")
    numbers.withdraw(branch, wrong)
    assert others(world, mended) == OthersToMend(1, 0, wrong, "李二")


def test_who_was_set_aside_is_not_counted(world: World) -> None:
    here = world.add_member(joined=JOINED, name="安一")
    gone = world.add_member(number=None, joined=JOINED, name="李二")
    set_aside(world.actor(world.branch), gone, Leaving(LeavingReason.MISTAKE, ""))
    assert others(world, here) == OthersToMend(0, 0, None, "")
