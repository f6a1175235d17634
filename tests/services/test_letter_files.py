"""附件: what is taken by its content, who reads it, and nothing that stays behind. On both."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from PIL import Image
from sqlalchemy import func, select, update

from portal.access import Actor
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import LetterFile
from portal.rules.attachments import MAX_BYTES, MAX_FILES, AttachmentKind, file_name
from portal.rules.letters import Addressee, AddresseeKind, LetterText
from portal.runtime import runtime
from portal.services import letter_drafts, letter_files, letters
from portal.services.fsck import check
from portal.services.letter_files import Added, find_file
from portal.services.sweep import sweep
from portal.services.transaction import writing
from portal.storage import Incoming
from tests import pictures, scans, sheets
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

TOKEN = "a-letter-with-attachments"
TEXT = LetterText("通知", "见附件")


@pytest.fixture
def writer(world: World) -> Actor:
    actor = world.actor(world.district)
    letter_drafts.save(actor, TOKEN, _to(world), TEXT)
    return actor


def _to(world: World) -> Addressee:
    return Addressee(AddresseeKind.ORGANISATION, world.branch.id)


def add(actor: Actor, *files: tuple[str, bytes], token: str = TOKEN) -> Added:
    def receive(gather: Callable[[], Incoming]) -> Sequence[tuple[str, Incoming]]:
        received = []
        for name, content in files:
            incoming = gather()
            incoming.write(content)
            received.append((name, incoming))
        return received

    return letter_files.add(actor, token, receive)


def attached(actor: Actor) -> list[tuple[str, AttachmentKind]]:
    db.session.rollback()
    return [(one.name, one.kind) for one in letter_files.files_of_draft(actor, TOKEN)]


def stored() -> list[str]:
    return [file.key for file in runtime().store.keys("letters/")]


def test_the_content_decides_what_a_file_is(writer: Actor) -> None:
    text_page = scans.with_text_page()
    done = add(
        writer,
        ("通知.pdf", text_page),
        ("名单.docx", sheets.sheet([["1", "", "团支部", "高一"]])),
        ("C:\\图片\\现场.PNG", pictures.png(pictures.page(660, 900))),
    )
    assert (done.added, done.again, done.refused) == (3, 0, ())
    assert attached(writer) == [
        ("通知.pdf", AttachmentKind.PDF),
        ("名单.docx.xlsx", AttachmentKind.SHEET),
        ("现场.jpg", AttachmentKind.PICTURE),
    ]
    assert add(writer, ("again.pdf", text_page)).again == 1
    assert check() == []


def test_a_picture_loses_where_it_was_taken(writer: Actor) -> None:
    taken = pictures.phone_jpeg(6, pictures.page(720, 960))
    assert b"Exif" in taken
    add(writer, ("a.jpg", taken))
    (key,) = stored()
    with runtime().store.open(key) as file:
        kept = file.read()
    assert b"Exif" not in kept
    assert not Image.open(io.BytesIO(kept)).getexif()
    assert add(writer, ("a.jpg", taken)).again == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "文件是空的"),
        (b"MZ\x90\x00 a program", "内容是 别的格式"),
        (b"PK\x03\x04 no archive", "已损坏"),
        (scans.truncated(), "已损坏"),
        (scans.without_pages(), "已损坏"),
        (scans.with_password(), "打开密码"),
        (scans.with_javascript(), "带有程序"),
        (scans.with_launch_annotation(), "带有程序"),
        (scans.with_attachment(), "夹带的文件"),
        (scans.with_xfa(), "XFA"),
        (pictures.heic(), "HEIC 图片"),
        (b"\xff\xd8\xff no picture", "图片已损坏"),
    ],
)
def test_what_is_refused(writer: Actor, content: bytes, said: str) -> None:
    done = add(writer, ("x.pdf", content))
    assert done.added == 0
    ((name, words),) = done.refused
    assert name == "x.pdf"
    assert said in words
    assert stored() == []
    assert check() == []


def _with(part: str, content: bytes = b"x") -> bytes:
    made = io.BytesIO(sheets.sheet([["1", "", "团支部", "高一"]]))
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(part, content)
    return made.getvalue()


def _archive(*parts: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            archive.writestr(part, b"macroEnabled")
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_with("xl/vbaProject.bin"), "带有宏"),
        (_with("xl/macrosheets/sheet1.xml"), "带有宏"),
        (_archive("[Content_Types].xml", "xl/workbook.xml"), "带有宏"),
        (_with("xl/embeddings/oleObject1.bin"), "嵌有别的文件"),
        (_with("xl/worksheets/zeros.xml", bytes(201 * 1024 * 1024)), "展开后太大"),
        (_archive("word/document.xml", "[Content_Types].xml"), "内容是 Word 文档"),
    ],
)
def test_a_sheet_with_more_than_cells_is_refused(writer: Actor, content: bytes, said: str) -> None:
    ((_, words),) = add(writer, ("x.xlsx", content)).refused
    assert said in words
    assert stored() == []


def test_five_files_and_ten_megabytes(writer: Actor) -> None:
    def with_tail(size: int, mark: int) -> bytes:
        """A good PDF that is as large as is asked for."""
        whole = scans.good_scan()
        return whole + b"\n%" + bytes([65 + mark]) * (size - len(whole) - 2)

    files = [(f"{place}.pdf", with_tail(400_000, place)) for place in range(MAX_FILES + 1)]
    done = add(writer, *files)
    assert done.added == MAX_FILES
    assert "最多 5 个附件" in done.refused[0][1]
    first = letter_files.files_of_draft(writer, TOKEN)[0]
    letter_files.remove(writer, TOKEN, first.id)
    letter_files.remove(writer, TOKEN, first.id)
    assert len(stored()) == MAX_FILES - 1
    done = add(writer, ("large.pdf", with_tail(MAX_BYTES - 4 * 400_000 + 1, 9)))
    assert "附件一共有 10.0M，超过 10M" in done.refused[0][1]
    assert add(writer, ("fits.pdf", with_tail(MAX_BYTES - 4 * 400_000, 9))).added == 1
    done = add(writer, ("huge.pdf", with_tail(MAX_BYTES + 5, 3)))
    assert done.refused
    assert check() == []


def test_who_reads_the_letter_reads_its_files_and_nobody_else(world: World, writer: Actor) -> None:
    add(writer, ("a.pdf", scans.good_scan()))
    sent = letters.send(writer, TOKEN, _to(world), TEXT)
    (file,) = letter_files.files_of(sent)
    assert letters.send(writer, TOKEN, _to(world), TEXT) == sent
    for actor in (writer, world.actor(world.branch)):
        assert find_file(actor, sent, file.id).name == "a.pdf"
    other = letters.send(writer, "another-letter-of-hers", _to(world), TEXT)
    member = world.member_actor(world.add_member())
    for actor in (world.actor(world.sister), world.actor(world.municipal), member):
        with pytest.raises(NotFound):
            find_file(actor, sent, file.id)
    with pytest.raises(NotFound):
        find_file(world.applicant(), sent, file.id)
    with pytest.raises(NotFound):
        find_file(writer, other, file.id)
    assert letter_files.files_of_draft(writer, TOKEN) == ()
    assert check() == []


def test_nobody_adds_to_the_letter_of_somebody_else(world: World, writer: Actor) -> None:
    for actor in (world.actor(world.municipal), world.actor(world.branch)):
        with pytest.raises(NotFound):
            add(actor, ("a.pdf", scans.good_scan()))
    with pytest.raises(NotAllowed):
        add(world.applicant(), ("a.pdf", scans.good_scan()))
    assert attached(writer) == []
    assert stored() == []


def test_what_was_not_sent_goes_with_its_files(writer: Actor) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as now:
        add(writer, ("a.pdf", scans.good_scan()))
        letter_drafts.discard(writer, TOKEN)
        assert stored() == []
        letter_drafts.save(writer, TOKEN, Addressee(AddresseeKind.ORGANISATION, 1), TEXT)
        add(writer, ("a.pdf", scans.good_scan()))
        runtime().store.put("letters/aa/aaaa.pdf", b"of nobody")
        assert [(one.subject, one.text) for one in check()] == [
            ("letters/aa/aaaa.pdf", "no letter has this file")
        ]
        assert sweep().letters == 0
        now.shift(timedelta(days=7, minutes=1))
        assert sweep().letters == 2
        assert stored() == []
        assert db.session.scalar(select(func.count(LetterFile.id))) == 0


def test_fsck_tells_of_attachments_that_do_not_agree(writer: Actor) -> None:
    add(writer, *((f"{place}.pdf", scans.good_scan(place + 1)) for place in range(3)))
    first, second, third = letter_files.files_of_draft(writer, TOKEN)
    runtime().store.delete(first.storage_key)
    with writing() as session:
        session.execute(update(LetterFile).where(LetterFile.id == second.id).values(size=1))
        session.execute(
            update(LetterFile).where(LetterFile.id == third.id).values(sha256=bytes(32))
        )
    said = {one.subject: one.text for one in check()}
    assert said[f"attachment {first.id}"] == "its file is missing"
    assert "the row says 1" in said[f"attachment {second.id}"]
    assert said[f"attachment {third.id}"] == "its bytes are not those that were kept"
    assert f"attachment {third.id}" not in {one.subject for one in check(read_files=False)}


class Between:
    """A sandbox that lets something else happen while it looks at the first file."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self._sandbox, self._happens = runtime().sandbox, [happens]

    def kind_of_attachment(self, path: Path) -> AttachmentKind:
        if self._happens:
            self._happens.pop()()
        return self._sandbox.kind_of_attachment(path)

    def close(self) -> None:
        self._sandbox.close()


def test_the_same_file_from_two_windows_at_once_is_taken_once(app: Flask, writer: Actor) -> None:
    file = ("a.pdf", scans.good_scan())
    between = Between(lambda: add(writer, file))
    app.extensions["portal"] = replace(runtime(), sandbox=between)  # type: ignore[arg-type]
    done = add(writer, file)
    assert (done.added, done.again) == (0, 1)
    assert len(attached(writer)) == len(stored()) == 1
    assert check() == []


def test_a_letter_that_is_discarded_meanwhile_leaves_no_file(app: Flask, writer: Actor) -> None:
    between = Between(lambda: letter_drafts.discard(writer, TOKEN))
    app.extensions["portal"] = replace(runtime(), sandbox=between)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        add(writer, ("a.pdf", scans.good_scan()))
    assert stored() == []


def test_a_name_is_one_line_with_the_true_end() -> None:
    for chosen, kind, shown in (
        ("../../etc/通知.PDF", AttachmentKind.PDF, "通知.pdf"),
        ("a\u202efdp.exe", AttachmentKind.PDF, "afdp.exe.pdf"),
        ("\x00\n", AttachmentKind.SHEET, "附件.xlsx"),
        (".pdf", AttachmentKind.PICTURE, "pdf.jpg"),
        ("长" * 300, AttachmentKind.PICTURE, "长" * 94 + ".jpg"),
    ):
        assert file_name(chosen, kind) == shown
