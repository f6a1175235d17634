"""The sandbox: each file is looked at by a child process of its own, under limits.

A child that dies, hangs or grows is a refusal with a sentence, and nothing else notices.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from portal.errors import PortalError
from portal.pdf.wire import OK, PID_BYTES, REFUSED, Inspection
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

MIB = 1024 * 1024

ANSWER_BYTES = 4 * MIB
"""Of a page's picture or what was seen; more is no answer."""

MADE_BYTES = MAX_SCAN_BYTES + MIB
"""Of a file that was made: a little more than may be kept, so that its true size can be said."""

GRACE_SECONDS = 1.0
LOAD_SECONDS = 60
"""What the process with the parsers may take to start, on a slow machine with much to do."""

AT_ONCE = 4
"""Children that run at the same time; more wait. Bounds what hostile files can take together."""

ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    # A child may make no thread, so the libraries must not try: numpy's, and OCR's.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",  # what runs the OCR's models would report to its maker
}

NONSENSE = (ValueError, TypeError, KeyError, OverflowError, RecursionError)
"""What reading an answer may raise: a child that was taken over by its file may say anything."""

PROJECT = Path(__file__).resolve().parent.parent.parent


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


class ChildLost(Exception):
    """The child ended without a whole answer; ``overtime`` if it used up its time."""

    def __init__(self, *, overtime: bool) -> None:
        super().__init__("overtime" if overtime else "died")
        self.overtime = overtime


class Sandbox:
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
        self._loads = ["look"] * looks + ["make"] * makes
        self._limits = {"memory": memory_bytes, "cpu": cpu_seconds, "wall": wall_seconds}
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._zygote: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._owner = 0

    def inspect(self, path: Path) -> Inspection:
        """Look at a file. Raises ``ScanRefused``."""
        try:
            good, answer = self._ask(path, {"task": "inspect"})
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
            good, answer = self._ask(path, {"task": "attachment"})
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
            _, picture = self._ask(path, {"task": "draw", "page": page_index, "width": width})
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
            _, picture = self._ask(path, request)
        except ChildLost:
            raise PageNotDrawn from None
        if not picture.startswith(b"\xff\xd8"):
            raise PageNotDrawn
        return picture

    def measure(self, path: Path, pages: int) -> tuple[PageShape, ...]:
        """The shapes of a file's ``pages`` pages. Raises ``ChildLost``."""
        try:
            _, answer = self._ask(path, {"task": "measure"})
            return shapes_from_json(json.loads(answer), pages)
        except NONSENSE:
            raise ChildLost(overtime=False) from None

    def look(self, path: Path, form_pages: int) -> Look:
        """What a careful clerk sees in a form of ``form_pages`` pages. Raises ``ChildLost``."""
        try:
            _, answer = self._ask(path, {"task": "look", "form_pages": form_pages})
            return Look.from_json(json.loads(answer))
        except NONSENSE:
            raise ChildLost(overtime=False) from None

    def arrange(self, path: Path, pages: Sequence[tuple[int, int]]) -> bytes:
        """A file of these pages of a file: of each its index from 0, and quarters to the right.

        Not looked at yet: it is to be inspected like any other. Raises ``FileNotMade``.
        """
        request = {"task": "arrange", "pages": [list(page) for page in pages]}
        try:
            _, made = self._ask(path, request, MADE_BYTES)
        except ChildLost:
            raise FileNotMade from None
        return made

    def warm_up(self) -> None:
        """Start the process with the parsers now, and not with the first file."""
        with self._lock:
            self._running_socket()

    def close(self) -> None:
        """End the process with the parsers."""
        with self._lock:
            self._stop()

    def _ask(
        self, path: Path, request: dict[str, Any], most: int = ANSWER_BYTES
    ) -> tuple[bool, bytes]:
        """What the child answers in at most ``most`` bytes. Raises ``ChildLost``."""
        with self._slots, open(path, "rb") as file:
            receiver, sender = os.pipe()
            try:
                self._send(json.dumps(request | self._limits).encode(), [file.fileno(), sender])
            finally:
                os.close(sender)
            try:
                return self._receive(receiver, most)
            finally:
                os.close(receiver)

    def _send(self, message: bytes, descriptors: list[int]) -> None:
        with self._lock:
            try:
                socket.send_fds(self._running_socket(), [message], descriptors)
            except OSError:  # somebody killed it: start another one
                self._stop()
                socket.send_fds(self._running_socket(), [message], descriptors)

    def _receive(self, receiver: int, most: int) -> tuple[bool, bytes]:
        """The whole answer, or ``ChildLost``; a child past its time is killed.

        Its time begins with its id: before that its process may still be loading the parsers.
        """
        began = time.monotonic()
        ends = began + LOAD_SECONDS
        answer = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(receiver, selectors.EVENT_READ)
            while len(answer) <= most:
                if not selector.select(max(0.0, ends - time.monotonic())):
                    break
                chunk = os.read(receiver, 1 << 16)
                if not chunk:
                    return self._judge(bytes(answer[PID_BYTES:]), time.monotonic() - began)
                if len(answer) < PID_BYTES <= len(answer) + len(chunk):
                    began = time.monotonic()
                    ends = began + self._limits["wall"] + GRACE_SECONDS
                answer += chunk
        if len(answer) >= PID_BYTES:
            with suppress(ProcessLookupError):
                os.kill(int.from_bytes(answer[:PID_BYTES], "big"), signal.SIGKILL)
        raise ChildLost(overtime=True)

    def _judge(self, answer: bytes, seconds: float) -> tuple[bool, bytes]:
        if answer[:1] not in (OK, REFUSED):
            raise ChildLost(overtime=seconds >= min(self._limits["cpu"], self._limits["wall"]))
        return answer[:1] == OK, answer[1:]

    def _running_socket(self) -> socket.socket:
        if self._owner != os.getpid():  # after a fork the process is the parent's, not ours
            self._zygote = self._socket = None
        if self._socket is None or self._zygote is None or self._zygote.poll() is not None:
            self._stop()
            self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._zygote = subprocess.Popen(
                    [sys.executable, "-m", "portal.pdf.zygote", *self._loads],
                    stdin=theirs.fileno(),
                    cwd=PROJECT,
                    env=ENVIRONMENT,
                )
            self._owner = os.getpid()
        return self._socket

    def _stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._zygote is not None:
            self._zygote.terminate()
            self._zygote.wait()
        self._socket = self._zygote = None


def _inspection(plain: Any) -> Inspection:
    found = Inspection(int(plain["pages"]), bool(plain["disputed"]))
    if not 1 <= found.pages <= MAX_PAGES:
        raise ValueError(f"{found.pages} pages")
    return found
