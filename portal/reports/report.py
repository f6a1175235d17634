"""What a report is: its name, its form, its query. One module a report makes one of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from portal.access import Actor
from portal.models import Member, Organisation
from portal.reports.content import Content
from portal.rules.deadlines import format_month
from portal.rules.progress import Period

SMALL_ROWS = 300
"""A report of so many rows is made while its person waits."""

PREVIEW_ROWS = 100


@dataclass(frozen=True, slots=True)
class Option:
    """A tick of the form."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked of a report."""

    organisation_id: int
    period: Period = field(default_factory=Period)
    options: frozenset[str] = frozenset()
    member_id: int | None = None
    unmasked: bool = False

    def to_json(self) -> dict[str, Any]:
        """As it is kept with the run."""
        return {
            "organisation_id": self.organisation_id,
            "first": self.period.first and self.period.first.isoformat(),
            "last": self.period.last and self.period.last.isoformat(),
            "options": sorted(self.options),
            "member_id": self.member_id,
            "unmasked": self.unmasked,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """What was kept."""
        first, last = (plain[key] and date.fromisoformat(plain[key]) for key in ("first", "last"))
        return cls(
            plain["organisation_id"],
            Period(first, last),
            frozenset(plain["options"]),
            plain["member_id"],
            plain["unmasked"],
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a report is made for: the person who asked, and the organisation that it is about.

    ``member``: whom a report of one member is about; the organisation is then their branch.
    """

    actor: Actor
    organisation: Organisation
    asked: Asked
    member: Member | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One report of 统计报表. ``build`` gives its content, of at most so many rows if that is said.

    ``landscape``: its paper lies on its long side. ``for_branches``: what a branch may make of
    itself; ``only_branches``: it is about one branch; ``about_member``: about one member, and asked
    for on their page. ``personal``: it has columns that may be unmasked. ``by_month``: it can be
    asked for some months, which are its ``month_name``. ``template`` is its paper, ``preview`` the
    same on the screen.
    """

    slug: str
    title: str
    about: str
    build: Callable[[Subject, int | None], Content]
    landscape: bool = False
    for_branches: bool = True
    only_branches: bool = False
    about_member: bool = False
    personal: bool = False
    by_month: bool = True
    month_name: str = "入团年月"
    options: tuple[Option, ...] = ()
    template: str = "reports/document.html"
    preview: str = "reports/_table_preview.html"
    notes: tuple[str, ...] = field(default=())  # how its columns are counted


def period_words(report: Report, period: Period) -> str:
    """The months as a report's head names them."""
    if not report.by_month:
        return ""
    if not period:
        return f"全部{report.month_name}"
    if period.first and period.first == period.last:
        return f"{report.month_name} {format_month(period.first)}"
    first = format_month(period.first) if period.first else "最早"
    last = format_month(period.last) if period.last else "今"
    return f"{report.month_name} {first} 至 {last}"
