"""What 整理页面 shows."""

from __future__ import annotations

from dataclasses import dataclass

from portal.access import Actor
from portal.blueprints.members.profile_view import path_to
from portal.extensions import db
from portal.models import Account, Member, Scan
from portal.rules.page_arrangement import ArrangedPage, Arrangement, Offers, missing_numbers
from portal.rules.page_shapes import PageShape
from portal.rules.scan_findings import Box, Finding, FindingKind
from portal.services import looks
from portal.services.arranging import offers_of, scan_to_arrange
from portal.services.look_lines import LookState
from portal.services.looks import ShownLook
from portal.services.organisations import path_of
from portal.services.pictures import page_shapes


@dataclass(frozen=True, slots=True)
class Card:
    """A page on the sheet. ``place`` in the new file counts from 1 and is 0 for a dropped page."""

    page: int
    quarters: int
    dropped: bool
    place: int
    picture_url: str
    view_url: str
    shape: PageShape
    findings: tuple[Finding, ...]
    straight: int | None
    """The quarters to the right that set it straight, if it lies askew in the file."""
    blank: bool
    printed: int | None
    """The number at its foot, if the pages are out of order: by it they can be sorted."""
    number: int | None
    """The number at its foot, if one was read."""

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Where on the page the findings are."""
        return tuple(one.box for one in self.findings if one.box)


@dataclass(frozen=True, slots=True)
class Offer:
    """One click that mends what was seen; nothing is done by itself."""

    do: str
    label: str
    done: bool


@dataclass(frozen=True, slots=True)
class ArrangePage:
    """All that the template shows.

    ``error`` says why nothing was saved; ``outdated`` that the address or the form was about an
    earlier file, and ``again`` is the address that does the same to the present one, if it can be.
    """

    path: tuple[tuple[str, str], ...]
    member_id: int
    member_name: str
    number: str | None
    scan: Scan
    who: str
    original: Scan | None
    look_state: LookState
    lacks: tuple[Finding, ...]
    """What was seen of the file as a whole that says that pages are missing."""
    missing: tuple[int, ...]
    """Numbers that should be printed at the foot of a page, and are not."""
    arrangement: Arrangement
    cards: tuple[Card, ...]
    offers: tuple[Offer, ...]
    pressed: str
    error: str
    outdated: bool
    again: str


def arrange_page(
    actor: Actor,
    member_id: int,
    *,
    scan_id: int | None = None,
    pages: str = "",
    do: str = "",
    error: str = "",
) -> ArrangePage:
    """The page with ``pages`` of the scan ``scan_id`` after the button ``do``.

    When that scan is no longer the current one, the page is about that which is, untouched. Raises
    as ``scan_to_arrange``.
    """
    scan = scan_to_arrange(actor, member_id)
    member = db.session.get_one(Member, member_id)
    look = looks.shown_look(actor, scan.id)
    offers = offers_of(look)
    outdated = scan_id not in (None, scan.id)
    arrangement, again = Arrangement.of(scan.pages), ""
    if outdated:
        if _parsed(pages, scan.pages).is_changed:
            again = f"?scan={scan.id}&pages={pages}"
    else:
        arrangement = _parsed(pages, scan.pages).after(do, offers)
    return ArrangePage(
        path=path_to(actor, path_of(member.branch_id)),
        member_id=member.id,
        member_name=member.name,
        number=member.number,
        scan=scan,
        who=db.session.get_one(Account, scan.uploaded_by_id).person_name,
        original=db.session.get(Scan, scan.original_id) if scan.original_id else None,
        look_state=look.state,
        lacks=tuple(
            one.finding
            for one in look.findings
            if one.finding.kind is FindingKind.MISSING_PAGES and not one.set_aside
        ),
        missing=missing_numbers(look.numbers, offers.blanks),
        arrangement=arrangement,
        cards=tuple(_cards(scan, arrangement, look, offers)),
        offers=tuple(_offers(arrangement, offers)),
        pressed="" if outdated else do,
        error=error,
        outdated=outdated,
        again=again,
    )


def _parsed(pages: str, count: int) -> Arrangement:
    """What an address says; the pages as they are if it says nothing that can be."""
    try:
        return Arrangement.parse(pages, count)
    except ValueError:
        return Arrangement.of(count)


def _cards(scan: Scan, arrangement: Arrangement, look: ShownLook, offers: Offers) -> list[Card]:
    shapes = page_shapes(scan)
    left = [one.finding for one in look.findings if not one.set_aside]
    places: dict[ArrangedPage, int] = {
        one: place for place, one in enumerate(arrangement.kept, start=1)
    }
    return [
        Card(
            page=one.page,
            quarters=one.quarters,
            dropped=one.dropped,
            place=places.get(one, 0),
            picture_url=f"/scans/{scan.id}/pages/{one.page}.jpg?w=200",
            view_url=f"/members/{scan.member_id}/scan?page={one.page}&scan={scan.id}",
            shape=shapes[one.page - 1],
            findings=tuple(finding for finding in left if finding.page == one.page),
            straight=offers.turns.get(one.page),
            blank=one.page in offers.blanks,
            printed=offers.numbers.get(one.page),
            number=look.numbers.get(one.page),
        )
        for one in arrangement.pages
    ]


def _offers(arrangement: Arrangement, offers: Offers) -> list[Offer]:
    """What was seen, each with its button; one whose work is done stays, and says so."""
    made = []
    for do, label, there in (
        ("straight", f"摆正 {len(offers.turns)} 页", offers.turns),
        ("sort", "按页码排序", offers.numbers),
        ("blanks", f"删除 {len(offers.blanks)} 张空白页", offers.blanks),
    ):
        if there:
            made.append(Offer(do, label, arrangement.after(do, offers) == arrangement))
    return made
