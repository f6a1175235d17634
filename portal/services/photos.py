"""拍照合成: pictures of a form's pages, ordered by a person, become one PDF and then their form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.access import Actor
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Draft, DraftKind, DraftPicture, ScanOrigin
from portal.pdf.wire import Joined
from portal.rules.making import (
    LEAST_DPI,
    MakingReason,
    MakingRefusal,
    MakingRefused,
    a4_dpi,
)
from portal.rules.page_arrangement import ArrangedPage, Arrangement
from portal.runtime import runtime
from portal.services import drafts
from portal.services.scans import Source, Uploaded
from portal.services.transaction import writing


class MadeBefore(PortalError):
    """The pictures were changed since the file was made, or are a form already."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            "照片或顺序在合成之后又有改动，或已经上传过。请重新点“合成预览”核对后再上传。"
        )


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of a draft, as it is shown: ``width`` and ``height`` upright, in pixels."""

    number: int
    name: str
    size: int
    width: int
    height: int

    @property
    def dpi(self) -> int:
        """On A4."""
        return a4_dpi(self.width, self.height)

    @property
    def is_coarse(self) -> bool:
        """Whether handwriting may not be readable in it."""
        return self.dpi < LEAST_DPI

    @property
    def tall(self) -> int:
        """How tall it is, in thousandths of its width."""
        return round(1000 * self.height / self.width)


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of the pictures; ``coarser`` if they were coded anew to fit."""

    name: str
    size: int
    pages: int
    dpi: int
    coarser: bool
    of: str  # the arrangement of the pictures, as text
    is_current: bool  # they are arranged so now


@dataclass(frozen=True, slots=True)
class PhotoDraft:
    """A person's pictures of one member's form, by number, and the order they were brought into."""

    photos: tuple[Photo, ...]
    pages: Arrangement
    made: Made | None


def draft_of(actor: Actor, member_id: int) -> PhotoDraft:
    """What there is of the actor's pictures. Raises as ``require_upload`` does."""
    draft = drafts.find_draft(actor, member_id, DraftKind.PHOTOS)
    if draft is None:
        return PhotoDraft((), Arrangement(()), None)
    photos = tuple(_photo(one) for one in pictures_of(draft))
    made = None
    if draft.made_name is not None:
        assert draft.made_size is not None
        assert draft.made_pages is not None
        assert draft.made_dpi is not None
        made = Made(
            draft.made_name,
            draft.made_size,
            draft.made_pages,
            draft.made_dpi,
            bool(draft.made_coarser),
            draft.made_of,
            draft.made_of == draft.pages,
        )
    return PhotoDraft(photos, arrangement_of(draft.pages, len(photos)), made)


def arranged(draft: PhotoDraft, pages: str | None) -> Arrangement:
    """The pictures as ``pages`` says, or as they were kept if it says nothing that can be."""
    return (_parsed(pages, len(draft.photos)) if pages else None) or draft.pages


def arrange(actor: Actor, member_id: int, pages: str) -> PhotoDraft:
    """Keep the order, turns and drops of the pictures. What is no arrangement changes nothing.

    Pictures that came since the page was shown stay behind the others.
    """
    if drafts.find_draft(actor, member_id, DraftKind.PHOTOS) is not None:
        with writing() as session:
            draft = drafts.draft_to_change(session, actor, member_id, DraftKind.PHOTOS)
            if (wanted := _parsed(pages, len(pictures_of(draft)))) is not None:
                draft.pages = str(wanted)
    return draft_of(actor, member_id)


def make(actor: Actor, member_id: int) -> None:
    """Join the pictures as they are arranged into a file, to be looked at before it is taken.

    Raises ``MakingRefused``; then what was made before stays.
    """
    draft = drafts.find_draft(actor, member_id, DraftKind.PHOTOS)
    pictures = {one.number: one for one in pictures_of(draft)} if draft is not None else {}
    kept = arrangement_of(draft.pages, len(pictures)).kept if draft is not None else ()
    if draft is None or not kept:
        raise MakingRefused(MakingRefusal(MakingReason.NOTHING_TO_JOIN))
    if draft.made_name is not None and draft.made_of == draft.pages:
        return  # a double click
    made_of, folder = draft.pages, draft.folder
    keys = [f"{folder}/{pictures[one.page].name}.jpg" for one in kept]
    laid = [
        (pictures[one.page].size, (pictures[one.page].turns + one.quarters) % 4) for one in kept
    ]
    db.session.rollback()  # no connection is held while it is made
    made = _joined(keys, laid)
    name = drafts.new_name()
    runtime().store.put(f"{folder}/{name}.pdf", made.pdf)
    with writing() as session:
        draft = drafts.draft_to_change(session, actor, member_id, DraftKind.PHOTOS)
        if draft.folder != folder:  # cleared in another window
            drafts.forget_files(folder)
            raise MakingRefused(MakingRefusal(MakingReason.NOTHING_TO_JOIN))
        before = draft.made_name
        draft.made_name, draft.made_of = name, made_of
        draft.made_size, draft.made_pages = len(made.pdf), made.pages
        draft.made_dpi, draft.made_coarser = made.dpi, made.coarser
    if before is not None:
        drafts.forget_files(folder, before)


def take(actor: Actor, member_id: int, name: str) -> Uploaded:
    """What was made of the pictures and has this name becomes the member's form; the draft goes.

    Raises ``MadeBefore`` when it is not what the pictures are now, and as ``scans.upload`` does.
    """
    draft = drafts.find_draft(actor, member_id, DraftKind.PHOTOS)
    if draft is None or draft.made_name != name or draft.made_of != draft.pages:
        raise MadeBefore
    return drafts.take(actor, member_id, draft, Source(ScanOrigin.FROM_PHOTOS))


def clear(actor: Actor, member_id: int) -> None:
    """全部清空: remove the pictures and what was made of them."""
    draft = drafts.find_draft(actor, member_id, DraftKind.PHOTOS)
    if draft is not None:
        drafts.forget(draft.id)


def picture(actor: Actor, member_id: int, number: int, *, small: bool) -> bytes:
    """A picture upright, to look at or as a thumbnail. Raises ``NotFound``."""
    draft = drafts.find_draft(actor, member_id, DraftKind.PHOTOS)
    if draft is None:
        raise NotFound
    name = db.session.scalar(
        select(DraftPicture.name).where(
            DraftPicture.draft_id == draft.id, DraftPicture.number == number
        )
    )
    if name is None:
        raise NotFound
    return drafts.read(f"{draft.folder}/{name}{'small' if small else 'view'}.jpg")


def made_page(actor: Actor, member_id: int, name: str, page: int, width: int) -> bytes:
    """A page (from 1) of what was made and has this name. Raises ``NotFound``."""
    draft = drafts.find_draft(actor, member_id, DraftKind.PHOTOS)
    if draft is None or draft.made_name != name:
        raise NotFound
    return drafts.made_page(draft, page, width)


def _joined(keys: Sequence[str], laid: Sequence[tuple[int, int]]) -> Joined:
    """What the maker makes of the pictures, which lie one behind the other in a file."""
    store = runtime().store
    with store.receive(sum(size for size, _ in laid)) as together:
        for key in keys:
            together.write(drafts.read(key))
        return runtime().maker.join(together.path, laid)


def arrangement_of(text: str, count: int) -> Arrangement:
    """What was kept as text, of so many pictures; those that came since are behind the others."""
    return _parsed(text, count) or Arrangement.of(count)


def _parsed(text: str, count: int) -> Arrangement | None:
    """The text's arrangement of the first pictures, the others behind; None if it is none."""
    known = text.count(".") + 1 if text else 0
    if known > count:
        return None
    try:
        first = Arrangement.parse(text, known).pages if text else ()
    except ValueError:
        return None
    return Arrangement((*first, *(ArrangedPage(page) for page in range(known + 1, count + 1))))


def pictures_of(draft: Draft) -> list[DraftPicture]:
    """A draft's pictures by number."""
    return list(
        db.session.scalars(
            select(DraftPicture)
            .where(DraftPicture.draft_id == draft.id)
            .order_by(DraftPicture.number)
        )
    )


def _photo(one: DraftPicture) -> Photo:
    width, height = (one.height, one.width) if one.turns % 2 else (one.width, one.height)
    return Photo(one.number, one.name, one.size, width, height)
