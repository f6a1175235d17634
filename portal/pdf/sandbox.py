"""The sandbox: each file is looked at by a child process of its own, under limits.

A child that dies, hangs or grows is a refusal with a sentence, and nothing else notices.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from portal.errors import PortalError
from portal.forking.client import MIB, ChildLost, Forker
from portal.pdf.wire import Inspection
from portal.rules.attachments import AttachmentKind, AttachmentReason, AttachmentRefused
from portal.rules.page_shapes import PageShape, shapes_from_json
from portal.rules.scan_findings import Box, Look
from portal.rules.scan_refusals import (
    MAX_PAGES,
    MAX_SCAN_BYTES,
    Refusal,
    RefusalReason,
    ScanRefused,
)

ANSWER_BYTES = 4 * MIB
"""Of a page's picture or what was seen; more is no answer."""

MADE_BYTES = MAX_SCAN_BYTES + MIB
"""Of a file that was made: a little more than may be kept, so that its true size can be said."""

AT_ONCE = 4
"""Children that run at the same time; more wait. Bounds what hostile files can take together."""

NONSENSE = (ValueError, TypeError, KeyError, OverflowError, RecursionError)
"""What reading an answer may raise: a child that was taken over by its file may say anything."""


class PageNotDrawn(PortalError):
    """A page's picture can't be made within the limits."""

    status = 422

    def __init__(self) -> None:
        super().__init__("这一页画不出来。可以点“原件”打开原来的 PDF 查看。")


class FileNotMade(PortalError):
    """No file came out of another one within the limits."""

    status = 422

    def __init__(self) -> None:
        super().__init__(
            "没能生成新的文件，没有保存，原来的没有变动。请重新扫描后再上传；仍不行请联系上级团委。"
        )


class Sandbox(Forker):
    """Runs the tasks of ``zygote`` in children. Safe to use from many threads.

    ``memory_bytes`` is what a child may take on top of the loaded parsers, ``cpu_seconds`` its
    computing time, ``wall_seconds`` the time after which it is killed. One that ``looks`` also has
    numpy and the checks loaded, one that ``makes`` what writes files; others need not pay for it,
    and can do neither.
    """

    def __init__(
        self,
        *,
        memory_bytes: int,
        cpu_seconds: int,
        wall_seconds: int,
        looks: bool = False,
        makes: bool = False,
    ) -> None:
        super().__init__(
            ["portal.pdf.zygote", *["look"] * looks, *["make"] * makes],
            memory_bytes=memory_bytes,
            cpu_seconds=cpu_seconds,
            wall_seconds=wall_seconds,
            at_once=AT_ONCE,
        )

    def inspect(self, path: Path) -> Inspection:
        """Look at a file. Raises ``ScanRefused``."""
        try:
            good, answer = self._ask_file(path, {"task": "inspect"})
            plain = json.loads(answer)
            if good:
                return _inspection(plain)
            refusal = Refusal.from_json(plain)
        except ChildLost as lost:
            reason = RefusalReason.TIMEOUT if lost.overtime else RefusalReason.CRASHED
            raise ScanRefused(Refusal(reason)) from None
        except NONSENSE:
            raise ScanRefused(Refusal(RefusalReason.CRASHED)) from None
        raise ScanRefused(refusal)

    def kind_of_attachment(self, path: Path) -> AttachmentKind:
        """What a file that is to be sent with a letter is. Raises ``AttachmentRefused``."""
        try:
            good, answer = self._ask_file(path, {"task": "attachment"})
            if good:
                return AttachmentKind(answer.decode())
            reason, found = json.loads(answer)
            refused = AttachmentRefused(AttachmentReason(reason), str(found))
        except ChildLost as lost:
            unclear = AttachmentReason.TIMEOUT if lost.overtime else AttachmentReason.CRASHED
            raise AttachmentRefused(unclear) from None
        except NONSENSE:
            raise AttachmentRefused(AttachmentReason.CRASHED) from None
        raise refused

    def draw(self, path: Path, page_index: int, width: int) -> bytes:
        """A page (from 0) as a JPEG. Raises ``PageNotDrawn``."""
        try:
            _, picture = self._ask_file(path, {"task": "draw", "page": page_index, "width": width})
        except ChildLost:
            raise PageNotDrawn from None
        if not picture.startswith(b"\xff\xd8"):
            raise PageNotDrawn
        return picture

    def draw_part(self, path: Path, page_index: int, box: Box, width: int) -> bytes:
        """A part of a page as a JPEG, ``width`` pixels wide. Raises ``PageNotDrawn``."""
        sides = (box.left, box.top, box.right, box.bottom)
        request = {"task": "draw_part", "page": page_index, "box": sides, "width": width}
        try:
            _, picture = self._ask_file(path, request)
        except ChildLost:
            raise PageNotDrawn from None
        if not picture.startswith(b"\xff\xd8"):
            raise PageNotDrawn
        return picture

    def measure(self, path: Path, pages: int) -> tuple[PageShape, ...]:
        """The shapes of a file's ``pages`` pages. Raises ``ChildLost``."""
        try:
            _, answer = self._ask_file(path, {"task": "measure"})
            return shapes_from_json(json.loads(answer), pages)
        except NONSENSE:
            raise ChildLost(overtime=False) from None

    def look(self, path: Path, form_pages: int) -> Look:
        """What a careful clerk sees in a form of ``form_pages`` pages. Raises ``ChildLost``."""
        try:
            _, answer = self._ask_file(path, {"task": "look", "form_pages": form_pages})
            return Look.from_json(json.loads(answer))
        except NONSENSE:
            raise ChildLost(overtime=False) from None

    def arrange(self, path: Path, pages: Sequence[tuple[int, int]]) -> bytes:
        """A file of these pages of a file: of each its index from 0, and quarters to the right.

        Not looked at yet: it is to be inspected like any other. Raises ``FileNotMade``.
        """
        request = {"task": "arrange", "pages": [list(page) for page in pages]}
        try:
            _, made = self._ask_file(path, request, MADE_BYTES)
        except ChildLost:
            raise FileNotMade from None
        return made

    def _ask_file(
        self, path: Path, request: dict[str, Any], most: int = ANSWER_BYTES
    ) -> tuple[bool, bytes]:
        """What the child answers in at most ``most`` bytes. Raises ``ChildLost``."""
        with open(path, "rb") as file:
            return self.ask(file.fileno(), request, most)


def _inspection(plain: Any) -> Inspection:
    found = Inspection(int(plain["pages"]), bool(plain["disputed"]))
    if not 1 <= found.pages <= MAX_PAGES:
        raise ValueError(f"{found.pages} pages")
    return found
