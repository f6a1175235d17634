"""What 拍照合成 and 压缩到15M以内 show."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from portal.access import Action, Actor
from portal.blueprints.members.profile_view import path_to
from portal.models import Member, Scan
from portal.rules.page_arrangement import Arrangement, Offers
from portal.rules.page_shapes import PAGE, PageShape
from portal.services import photos
from portal.services.members import find_member
from portal.services.organisations import path_of
from portal.services.photo_adding import Added
from portal.services.photos import Made, Photo
from portal.services.scans import current_scan


@dataclass(frozen=True, slots=True)
class Head:
    """Whose form it is; ``scan`` is the one that a new one would replace."""

    path: tuple[tuple[str, str], ...]
    member_id: int
    member_name: str
    number: str | None
    scan: Scan | None


@dataclass(frozen=True, slots=True)
class Note:
    """What a picture has that a person should know."""

    word: str


@dataclass(frozen=True, slots=True)
class PhotoCard:
    """A picture on the sheet, as ``components/page_sheet.html`` shows it."""

    page: int
    quarters: int
    dropped: bool
    place: int
    picture_url: str
    view_url: str
    shape: PageShape
    findings: tuple[Note, ...]
    boxes: tuple[()] = ()
    straight: None = None
    blank: bool = False
    printed: None = None


@dataclass(frozen=True, slots=True)
class PhotosPage:
    """All that the template shows. ``coarse`` counts the pictures that may be unreadable."""

    head: Head
    arrangement: Arrangement
    cards: tuple[PhotoCard, ...]
    coarse: int
    made: Made | None
    pressed: str
    error: str
    added: Added | None


def head_of(actor: Actor, member_id: int) -> Head:
    """Whose form it is."""
    member: Member = find_member(actor, Action.UPLOAD_SCAN, member_id)
    return Head(
        path=path_to(actor, path_of(member.branch_id)),
        member_id=member.id,
        member_name=member.name,
        number=member.number,
        scan=current_scan(member.id),
    )


def photos_page(
    actor: Actor,
    member_id: int,
    *,
    pages: str | None = None,
    do: str = "",
    error: str = "",
    added: Added | None = None,
) -> PhotosPage:
    """The page, with the pictures as ``pages`` says, after the button ``do``."""
    head, draft = head_of(actor, member_id), photos.draft_of(actor, member_id)
    arrangement = photos.arranged(draft, pages).after(do, Offers())
    cards = _cards(member_id, draft.photos, arrangement)
    return PhotosPage(
        head=head,
        arrangement=arrangement,
        cards=cards,
        coarse=sum(bool(one.findings) and not one.dropped for one in cards),
        made=draft.made,
        pressed=do,
        error=error,
        added=added,
    )


def added_cards(actor: Actor, member_id: int, numbers: Collection[int]) -> list[PhotoCard]:
    """The cards of pictures that came just now."""
    draft = photos.draft_of(actor, member_id)
    cards = _cards(member_id, draft.photos, draft.pages)
    return [card for card in cards if card.page in numbers]


def _cards(
    member_id: int, shown: tuple[Photo, ...], arrangement: Arrangement
) -> tuple[PhotoCard, ...]:
    by_number = {one.number: one for one in shown}
    places = {one: place for place, one in enumerate(arrangement.kept, start=1)}
    cards = []
    for one in arrangement.pages:
        photo = by_number[one.page]
        address = f"/members/{member_id}/scan/photos/{one.page}.jpg?v={photo.name}"
        note = Note(f"只有 {photo.dpi} dpi")
        cards.append(
            PhotoCard(
                page=one.page,
                quarters=one.quarters,
                dropped=one.dropped,
                place=places.get(one, 0),
                picture_url=address,
                view_url=f"{address}&large=1",
                shape=PageShape(photo.tall, PAGE),
                findings=(note,) if photo.is_coarse else (),
            )
        )
    return tuple(cards)
