"""The invented members: every sort that the rules tell apart."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from portal.demo.people import ODD_NAMES, People, Person

BEIJING = "11"


@dataclass(frozen=True, slots=True)
class Profile:
    """What decides how the rules see a member."""

    joined: date
    approved_on: date
    number: str | None
    released_number: str | None = None
    with_scan: bool = False
    name: str | None = None
    former_place: str | None = None


@dataclass(frozen=True, slots=True)
class DemoMember:
    """A person and how they joined."""

    person: Person
    profile: Profile


class Profiles:
    """Makes profiles of each sort; numbers are never given twice."""

    def __init__(self, chance: random.Random, today: date) -> None:
        self._chance = chance
        self._today = today
        self._sequence = 0

    def with_scan(self) -> Profile:
        """A new member whose form is there."""
        return self._new(self._today - timedelta(days=self._chance.randint(35, 2200)), scan=True)

    def waiting(self, left: int) -> Profile:
        """A new member without a form, with ``left`` of the 30 days left (negative: overdue)."""
        return self._new(self._today + timedelta(days=left - 30))

    def before_forms(self) -> Profile:
        """Joined 2017 to 2019: twelve digits, no form."""
        joined = date(self._chance.randint(2017, 2019), self._chance.randint(1, 12), 1)
        return Profile(joined, joined + timedelta(days=14), self._number(joined.year))

    def before_twelve_digits(self) -> Profile:
        """Joined before 2017: any number, or none."""
        joined = date(self._chance.randint(2010, 2016), self._chance.randint(1, 12), 1)
        self._sequence += 1
        number = f"{self._sequence:06d}" if self._chance.random() < 0.3 else None
        return Profile(joined, joined + timedelta(days=20), number)

    def from_elsewhere(self) -> Profile:
        """Joined in another province: regular, and no new member here."""
        joined = date(self._chance.randint(2018, self._today.year - 1), 5, 1)
        place = self._chance.choice(("13", "31", "44", "65"))
        number = self._number(joined.year, place)
        return Profile(joined, joined + timedelta(days=9), number, former_place=place)

    def irregular(self) -> Iterator[Profile]:
        """One of each kind of irregular number, without end."""
        while True:
            joined = self._past_month()
            approved = joined + timedelta(days=12)
            yield Profile(joined, approved, None)
            yield Profile(joined, approved, self._number(joined.year)[:11])
            yield Profile(joined, approved, self._number(joined.year, "99"))
            yield Profile(joined, approved, self._number(joined.year - 1))
            yield Profile(joined, approved, self._number(joined.year, prefix="9"))
            yield Profile(joined, approved, None, released_number=self._number(joined.year))

    def _new(self, approved_on: date, *, scan: bool = False) -> Profile:
        approved_on = max(approved_on, date(2020, 1, 15))
        joined = approved_on.replace(day=1)
        return Profile(joined, approved_on, self._number(joined.year), with_scan=scan)

    def _past_month(self) -> date:
        return date(self._chance.randint(2020, self._today.year - 1), 9, 1)

    def _number(self, year: int, province: str = BEIJING, *, prefix: str = "0") -> str:
        self._sequence += 1
        return f"{year}{province}{prefix}{self._sequence:05d}"


def demo_members(chance: random.Random, today: date, count: int, scans: int) -> list[DemoMember]:
    """About ``count`` members of every sort, ``scans`` of them with a form, in no order."""
    profiles, people = Profiles(chance, today), People(chance)
    odd = profiles.irregular()
    made = [profiles.with_scan() for _ in range(scans)]
    for left in (0, 0, 0, 1, 3, 7, 12, 20, 29, 30, -1, -3, -5, -12, -40, -200):
        made += [profiles.waiting(left) for _ in range(max(1, count // 200))]
    made += [next(odd) for _ in range(count // 25)]
    made += [profiles.from_elsewhere() for _ in range(count // 20)]
    made += [profiles.before_twelve_digits() for _ in range(count // 8)]
    while len(made) < count:
        made.append(profiles.before_forms())
    chance.shuffle(made)
    names: Callable[[int], str | None] = lambda n: ODD_NAMES[n] if n < len(ODD_NAMES) else None  # noqa: E731
    members = [
        DemoMember(people.person(profile.joined, name=names(number)), profile)
        for number, profile in enumerate(made)
    ]
    chance.shuffle(members)
    return members
