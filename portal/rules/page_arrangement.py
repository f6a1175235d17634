"""整理页面: the pages of a form in an order, turned or left out, and what may be offered for it.

An arrangement goes into an address and comes out of one, so that a page without JavaScript carries
it along and loses nothing: ``2.1r1.3x`` is page 2, page 1 turned a quarter to the right, and page 3
left out, which can be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

_PAGE = re.compile(r"([1-9]\d{0,2})(?:r([1-3]))?(x?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ArrangedPage:
    """A page by its number in the file, from 1; ``quarters`` it is turned to the right."""

    page: int
    quarters: int = 0
    dropped: bool = False

    def __str__(self) -> str:
        turned = f"r{self.quarters}" if self.quarters else ""
        return f"{self.page}{turned}{'x' * self.dropped}"


@dataclass(frozen=True, slots=True)
class Offers:
    """What was seen in a file that can be mended by arranging its pages.

    ``turns`` has the quarters to the right that set a page straight, ``numbers`` what is printed at
    the foot of pages, if they are out of order.
    """

    turns: Mapping[int, int] = field(default_factory=dict)
    blanks: frozenset[int] = frozenset()
    numbers: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """All pages of a file in the order in which they are shown, those that are dropped too."""

    pages: tuple[ArrangedPage, ...]

    @classmethod
    def of(cls, count: int) -> Arrangement:
        """The pages as they are in a file of ``count`` pages."""
        return cls(tuple(ArrangedPage(page) for page in range(1, count + 1)))

    @classmethod
    def parse(cls, text: str, count: int) -> Arrangement:
        """What ``str`` made, of a file of ``count`` pages. Raises ``ValueError`` for all else."""
        pages = []
        for part in text[:1000].split("."):
            found = _PAGE.fullmatch(part)
            if found is None:
                raise ValueError(f"not a page: {part!r}")
            pages.append(ArrangedPage(int(found[1]), int(found[2] or 0), found[3] == "x"))
        if sorted(one.page for one in pages) != list(range(1, count + 1)):
            raise ValueError(f"not each of {count} pages once")
        return cls(tuple(pages))

    def __str__(self) -> str:
        return ".".join(str(one) for one in self.pages)

    @property
    def kept(self) -> tuple[ArrangedPage, ...]:
        """The pages that are not dropped."""
        return tuple(one for one in self.pages if not one.dropped)

    @property
    def is_changed(self) -> bool:
        """Whether a file of it would be another one."""
        return self.kept != Arrangement.of(len(self.pages)).pages

    @property
    def words(self) -> str:
        """What was done, in words: 删除了 1 页，转动了 2 页，顺序已调整."""
        order = [one.page for one in self.kept]
        dropped = len(self.pages) - len(order)
        turned = sum(one.quarters != 0 for one in self.kept)
        said = (
            f"删除了 {dropped} 页" if dropped else "",
            f"转动了 {turned} 页" if turned else "",
            "顺序已调整" if order != sorted(order) else "",
        )
        return "，".join(one for one in said if one)

    def after(self, do: str, offers: Offers) -> Arrangement:
        """After a button: ``left-3``, or ``sort`` for what is offered.

        What no button says changes nothing: an address may say anything.
        """
        action, _, page = do.partition("-")
        if action in _ONE and page.isdecimal():
            return _ONE[action](self, int(page))
        return _WHOLE[do](self, offers) if do in _WHOLE else self

    def turned(self, page: int, quarters: int) -> Arrangement:
        """With a page turned by so many quarters more to the right."""
        return self._with(page, lambda one: replace(one, quarters=(one.quarters + quarters) % 4))

    def dropped(self, page: int, *, back: bool = False) -> Arrangement:
        """Without a page, or with it again."""
        return self._with(page, lambda one: replace(one, dropped=not back))

    def moved(self, page: int, places: int) -> Arrangement:
        """With a page so many places further back; it stops at the ends."""
        pages = list(self.pages)
        place = next((at for at, one in enumerate(pages) if one.page == page), None)
        if place is not None:
            pages.insert(max(0, place + places), pages.pop(place))
        return Arrangement(tuple(pages))

    def straightened(self, quarters: Mapping[int, int]) -> Arrangement:
        """With each of these pages turned by its quarters, and no others."""
        turn = {page: by % 4 for page, by in quarters.items()}
        return Arrangement(
            tuple(replace(one, quarters=turn.get(one.page, one.quarters)) for one in self.pages)
        )

    def without(self, pages: Iterable[int]) -> Arrangement:
        """Without these pages too."""
        gone = set(pages)
        return Arrangement(
            tuple(replace(one, dropped=one.dropped or one.page in gone) for one in self.pages)
        )

    def by_number(self, numbers: Mapping[int, int]) -> Arrangement:
        """In the order of the printed numbers; a page without one keeps its place."""

        def has_number(one: ArrangedPage) -> bool:
            return one.page in numbers and not one.dropped

        rising = iter(sorted(filter(has_number, self.pages), key=lambda one: numbers[one.page]))
        return Arrangement(tuple(next(rising) if has_number(one) else one for one in self.pages))

    def _with(self, page: int, change: Callable[[ArrangedPage], ArrangedPage]) -> Arrangement:
        return Arrangement(tuple(change(one) if one.page == page else one for one in self.pages))


def missing_numbers(numbers: Mapping[int, int], blanks: Iterable[int]) -> tuple[int, ...]:
    """Printed numbers that no page has, of a file where each page between them was read.

    ``numbers`` are printed at the foot of pages, ``blanks`` are pages that have none. Where a page
    was not read it may be the one that seems to be missing: then nothing is said.
    """
    known = numbers.keys() | set(blanks)
    if not numbers or not known >= set(range(min(numbers), max(numbers) + 1)):
        return ()
    printed = set(numbers.values())
    return tuple(sorted(set(range(min(printed), max(printed))) - printed))


_WHOLE: Mapping[str, Callable[[Arrangement, Offers], Arrangement]] = {
    "straight": lambda pages, offers: pages.straightened(offers.turns),
    "sort": lambda pages, offers: pages.by_number(offers.numbers),
    "blanks": lambda pages, offers: pages.without(offers.blanks),
}
_ONE: Mapping[str, Callable[[Arrangement, int], Arrangement]] = {
    "left": lambda pages, page: pages.turned(page, -1),
    "right": lambda pages, page: pages.turned(page, 1),
    "earlier": lambda pages, page: pages.moved(page, -1),
    "later": lambda pages, page: pages.moved(page, 1),
    "drop": lambda pages, page: pages.dropped(page),
    "back": lambda pages, page: pages.dropped(page, back=True),
}
