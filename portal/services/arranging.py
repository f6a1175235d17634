"""整理页面: a form's pages in another order, turned or left out, as a new version of its file.

What was uploaded is kept as it came, as long as a form made from it, and can be made current again.
"""

from __future__ import annotations

from sqlalchemy import select

from portal.access import Action, Actor
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Scan, ScanOrigin, ScanState
from portal.rules.page_arrangement import Arrangement, Offers
from portal.rules.scan_findings import FindingKind
from portal.runtime import runtime
from portal.services import audit, jobs
from portal.services.derived import tallied
from portal.services.looks import ShownLook
from portal.services.members import find_member
from portal.services.scans import (
    ScanReplaced,
    Source,
    Uploaded,
    current_scan,
    end,
    require_upload,
    upload,
)
from portal.services.transaction import writing
from portal.storage import Incoming


class NoPageLeft(PortalError):
    """All pages were dropped."""

    status = 422

    def __init__(self) -> None:
        super().__init__("所有页面都删除了，不能保存。请至少恢复一页；整份文件不要了，请用“删除”。")


class NothingArranged(PortalError):
    """The pages are as they were."""

    status = 422

    def __init__(self) -> None:
        super().__init__("页面没有改动，没有生成新的文件。")


def scan_to_arrange(actor: Actor, member_id: int, scan_id: int | None = None) -> Scan:
    """The member's current scan, or the one ``scan_id`` that was it, whose file is still there.

    Raises ``NotFound`` or ``NotAllowed`` as the scope says, ``NoUploadHere``, and ``ScanReplaced``
    when its file is gone.
    """
    find_member(actor, Action.ARRANGE_SCAN, member_id)
    require_upload(actor, member_id)
    if scan_id is None:
        scan = current_scan(member_id)
    else:
        scan = db.session.scalar(
            select(Scan).where(Scan.id == scan_id, Scan.member_id == member_id)
        )
    if scan is None:
        raise NotFound
    if scan.file_gone_at is not None:
        raise ScanReplaced
    return scan


def offers_of(look: ShownLook) -> Offers:
    """What of a look can be mended here; what a person set aside is as it should be."""
    found = [one.finding for one in look.findings if not one.set_aside]
    lying = [one for one in found if one.kind in (FindingKind.SIDEWAYS, FindingKind.UPSIDE_DOWN)]
    unordered = any(one.kind is FindingKind.OUT_OF_ORDER for one in found)
    return Offers(
        turns={one.page: round(one.measure / 90) % 4 for one in lying},  # it lies to the left
        blanks=frozenset(one.page for one in found if one.kind is FindingKind.BLANK_PAGE),
        numbers=look.numbers if unordered else {},
    )


def save(actor: Actor, member_id: int, scan_id: int, pages: str) -> tuple[Uploaded, Arrangement]:
    """Make ``pages`` of a scan the member's form, if that scan still is.

    ``pages`` is an ``Arrangement`` as text; ``ValueError`` if it is none of its pages. The same
    sent twice is done once, and the second time comes back as ``unchanged``. Raises as
    ``scans.upload`` does, besides that ``NoPageLeft``, ``NothingArranged`` and ``FileNotMade``.
    """
    scan = scan_to_arrange(actor, member_id, scan_id)
    arrangement = Arrangement.parse(pages, scan.pages)
    if not arrangement.kept:
        raise NoPageLeft
    if not arrangement.is_changed:
        raise NothingArranged
    key = scan.storage_key
    source = Source(ScanOrigin.ARRANGED, scan.original_id or scan.id, replaces=scan.id)

    def make(incoming: Incoming) -> None:
        wanted = [(one.page - 1, one.quarters) for one in arrangement.kept]
        with runtime().store.local_copy(key) as path:
            incoming.write(runtime().maker.arrange(path, wanted))

    return upload(actor, member_id, make, source), arrangement


def restore_original(actor: Actor, member_id: int, scan_id: int) -> None:
    """恢复原件: what the current scan was made from is the member's form again, on record.

    Said twice it is done once. Raises ``ScanReplaced`` when the scan is no longer current, and
    ``NotFound`` when it was made from nothing.
    """
    with writing() as session:
        member = find_member(actor, Action.ARRANGE_SCAN, member_id, lock=True)
        made, current = session.get(Scan, scan_id), current_scan(member.id)
        if made is None or made.member_id != member.id or made.original_id is None:
            raise NotFound
        if current is not None and current.id == made.original_id:
            return
        if current is None or current.id != made.id:
            raise ScanReplaced
        original = session.get_one(Scan, made.original_id)
        with tallied(member):
            end(made, ScanState.REPLACED, actor)
            session.flush()  # before the other one, for the index "one current scan"
            original.state, original.ended_at, original.ended_by_id = ScanState.CURRENT, None, None
        jobs.ask(original.id)
        audit.record(
            actor,
            audit.Event.ORIGINAL_RESTORED,
            member_id=member.id,
            scan_id=original.id,
            replaces=made.id,
        )
    runtime().wake()
