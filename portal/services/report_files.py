"""The files of reports: what one says, its parts, what people are given; gone after some days."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import BinaryIO, TypeVar

from sqlalchemy import func, select, update

from portal import clock
from portal.access import Action, Actor, members_for
from portal.errors import PortalError
from portal.extensions import db
from portal.models import AuditRecord, Member, ReportRun
from portal.runtime import runtime
from portal.services import audit
from portal.services.transaction import writing
from portal.storage import MissingFile
from portal.typesetting.typesetter import WHOLE_BYTES, InMemory, Part, Sink

KEPT = timedelta(days=7)
"""How long a report's files are kept."""

_PART = re.compile(r"part(\d{4})of(\d{4})\.part")

Made = TypeVar("Made")


class FilesGone(PortalError):
    """The files of a report are not kept any more."""

    status = 410

    def __init__(self) -> None:
        super().__init__("这份报表的文件已过保留期。请在“统计报表”里按原来的条件重新生成。")


class OutOfReach(PortalError):
    """What a report with full ID numbers is about is not the reader's to look at any more."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            "这份报表所写的组织已不在您的管理范围内，含完整身份证号的文件不能再打开；编码仍可核验。"
            "需要时请联系现在管理它的团委。"
        )


class FormsMoved(PortalError):
    """A member whose form is in a report is not the reader's any more."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            "这份 PDF 附有《入团志愿书》，其中有团员的组织关系已经转走，不能再打开。"
            "请在“统计报表”里重新生成，得到现在的团员。"
        )


def keep_file(run: ReportRun, name: str, content: bytes) -> None:
    """Keep a file of a run; sealed where it shows personal fields in full."""
    if run.unmasked:
        content = runtime().vault.seal_file(content, _belongs_to(run))
    runtime().store.put(f"{run.folder}/{name}", content)


def read_file(run: ReportRun, name: str) -> bytes | None:
    """A file of a run; None when it is not there (yet, or any more)."""
    try:
        with runtime().store.open(f"{run.folder}/{name}") as file:
            content = file.read()
    except MissingFile:
        return None
    return runtime().vault.open_file(content, _belongs_to(run)) if run.unmasked else content


def has_file(run: ReportRun, name: str) -> bool:
    """Whether a file of a run is there."""
    return runtime().store.size(f"{run.folder}/{name}") is not None


def has_pdf(run: ReportRun) -> bool:
    """Whether the PDF that people are given is there."""
    return has_file(run, _given_name("pdf"))


def keep_part(run: ReportRun, place: int, of: int, part: Part) -> None:
    """Keep a finished part, for whoever goes on. It says of how many: a later version of the
    portal may cut otherwise, and must not go on from what was cut like this."""
    keep_file(run, _part_name(place, of), part.to_bytes())


def kept_places(run: ReportRun, of: int) -> set[int]:
    """The places of the parts that are finished."""
    return {int(found[1]) for found in _kept_parts(run) if int(found[2]) == of}


def kept_part(run: ReportRun, place: int, of: int) -> Part:
    """A finished part; its PDF is read when it is wanted. Raises ``FilesGone``."""
    name = _part_name(place, of)

    def read() -> bytes:
        content = read_file(run, name)
        if content is None:
            raise FilesGone
        return content

    if run.unmasked:  # sealed as a whole
        head = read().partition(b"\n")[0]
    else:
        try:
            with runtime().store.open(f"{run.folder}/{name}") as file:
                head = file.readline()
        except MissingFile:
            raise FilesGone from None
    return Part.from_head(head, lambda: read().partition(b"\n")[2])


def remove_parts(run: ReportRun) -> None:
    """Remove what a report was joined of."""
    for found in _kept_parts(run):
        runtime().store.delete(f"{run.folder}/{found[0]}")


def keep_whole(run: ReportRun, ending: str, make: Callable[[Sink], Made]) -> Made:
    """Keep the report that ``make`` writes, whole or not at all; what ``make`` returned."""
    if run.unmasked:
        sealed = InMemory()
        made = make(sealed)
        keep_given(run, ending, bytes(sealed.content))
        return made
    sink = _Received()
    try:
        made = make(sink)
        file, key = sink.incoming, f"{run.folder}/{_given_name(ending)}"
        runtime().store.delete(key)  # of a worker that was lost before it could say it is done
        runtime().store.keep(file, key)
    finally:
        sink.incoming.discard()
    _note(run, ending, file.sha256, file.size)
    return made


def keep_given(run: ReportRun, ending: str, content: bytes) -> None:
    """Keep a file that people are given."""
    keep_file(run, _given_name(ending), content)
    _note(run, ending, hashlib.sha256(content).hexdigest(), len(content))


def open_given(run: ReportRun, ending: str) -> BinaryIO | None:
    """A file that people are given, from where it lies; None when it is not there."""
    if run.unmasked:
        content = read_file(run, _given_name(ending))
        return None if content is None else io.BytesIO(content)
    try:
        return runtime().store.open(f"{run.folder}/{_given_name(ending)}")
    except MissingFile:
        return None


def record_opened(actor: Actor, run: ReportRun, ending: str) -> None:
    """Put on record that a file of a report was taken: once for the many requests of one look."""
    recent = select(AuditRecord.detail).where(
        AuditRecord.account_id == actor.account_id,
        AuditRecord.event == audit.Event.REPORT_OPENED,
        AuditRecord.at > clock.now() - audit.VIEW_REPEATS_AFTER,
    )
    if any(
        (told["code"], told["format"]) == (run.code, ending) for told in db.session.scalars(recent)
    ):
        return
    with writing():
        audit.record(
            actor,
            audit.Event.REPORT_OPENED,
            organisation=run.about_id,
            member_id=run.asked["member_id"],
            title=run.title,
            code=run.code,
            format=ending,
            unmasked=run.unmasked,
        )


def require_members(actor: Actor, members: Sequence[int]) -> None:
    """Raise ``FormsMoved`` unless the actor may look at the forms of all of them, today."""
    mine = select(func.count()).where(Member.id.in_(members), members_for(actor, Action.VIEW_SCAN))
    if db.session.scalar(mine) != len(set(members)):
        raise FormsMoved


def record_forms_opened(actor: Actor, run: ReportRun, forms: Sequence[tuple[int, int]]) -> None:
    """Put on record, for each member, that their form was taken with a report.

    ``forms``: member and scan. As of a look, twice within ten minutes is once.
    """
    with writing() as session:
        recent = select(AuditRecord.scan_id).where(
            AuditRecord.account_id == actor.account_id,
            AuditRecord.event == audit.Event.FORM_TAKEN,
            AuditRecord.scan_id.in_([scan for _, scan in forms]),
            AuditRecord.at > clock.now() - audit.VIEW_REPEATS_AFTER,
        )
        known = set(session.scalars(recent))
        for member, scan in forms:
            if scan not in known:
                audit.record(
                    actor,
                    audit.Event.FORM_TAKEN,
                    member_id=member,
                    scan_id=scan,
                    title=run.title,
                    code=run.code,
                )


def forget_old() -> int:
    """Remove the files of runs that ended some days ago; how many runs."""
    before = clock.now() - KEPT
    old = list(
        db.session.execute(
            select(ReportRun.id, ReportRun.folder).where(
                ReportRun.ended_at < before, ReportRun.files_gone_at.is_(None)
            )
        )
    )
    for run_id, folder in old:
        with writing() as session:
            session.execute(
                update(ReportRun).where(ReportRun.id == run_id).values(files_gone_at=clock.now())
            )
        remove_files(folder)
    return len(old)


def remove_files(folder: str) -> None:
    """Remove all files of a run."""
    for file in list(runtime().store.keys(f"{folder}/")):
        runtime().store.delete(file.key)


class _Received:
    """A sink of the store's."""

    def __init__(self) -> None:
        self.incoming = runtime().store.receive(WHOLE_BYTES)

    def write(self, content: bytes) -> None:
        self.incoming.write(content)

    def restart(self) -> None:
        self.incoming.discard()
        self.incoming = runtime().store.receive(WHOLE_BYTES)


def _note(run: ReportRun, ending: str, sha256: str, size: int) -> None:
    """Remember the hash of a file that people are given, so that a changed one is seen."""
    with writing() as session:
        found = session.get_one(ReportRun, run.id, with_for_update=True)
        found.files = {**found.files, ending: {"sha256": sha256, "size": size}}


def _part_name(place: int, of: int) -> str:
    return f"part{place:04d}of{of:04d}.part"


def _kept_parts(run: ReportRun) -> list[re.Match[str]]:
    names = (file.key.rpartition("/")[2] for file in runtime().store.keys(f"{run.folder}/"))
    return [found for name in names if (found := _PART.fullmatch(name))]


def _given_name(ending: str) -> str:
    return f"report.{ending}"


def _belongs_to(run: ReportRun) -> bytes:
    return b"report_run:" + run.code.encode()
