"""The sandbox: whatever a file does to its child, the next file is looked at as if nothing was."""

from __future__ import annotations

import io
import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from portal.demo.paper import pad_to
from portal.forking.client import ChildLost
from portal.pdf.maker import Maker
from portal.pdf.sandbox import PageNotDrawn, Sandbox
from portal.rules.making import MakingReason, MakingRefused
from portal.rules.scan_refusals import RefusalReason, ScanRefused
from tests import scans

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox(memory_bytes=300 * MIB, cpu_seconds=3, wall_seconds=4)
    yield made
    made.close()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.pdf"
    path.write_bytes(scans.good_scan(8))
    return path


def zygote_pid(sandbox: Sandbox) -> int:
    assert sandbox._process is not None
    return sandbox._process.pid


def test_a_good_file_is_inspected_and_drawn(sandbox: Sandbox, good: Path) -> None:
    assert sandbox.inspect(good).pages == 8
    picture = Image.open(io.BytesIO(sandbox.draw(good, 0, 1000)))
    assert picture.width == 1000
    assert 1.35 < picture.height / picture.width < 1.45


def test_loading_the_parsers_is_not_the_files_time(good: Path) -> None:
    """Parsers may take ten seconds to load on a busy machine; the file has one here."""
    slow = Sandbox(memory_bytes=300 * MIB, cpu_seconds=1, wall_seconds=1)
    zygote = slow._running_socket()
    assert slow._process is not None
    slow._process.send_signal(signal.SIGSTOP)
    later = threading.Timer(3, slow._process.send_signal, (signal.SIGCONT,))
    later.start()
    try:
        assert slow.inspect(good).pages == 8
        assert slow._socket is zygote
    finally:
        later.join()
        slow.close()


def test_a_refusal_comes_out_as_one(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(scans.with_javascript())
    with pytest.raises(ScanRefused) as refused:
        sandbox.inspect(path)
    assert refused.value.refusal.reason is RefusalReason.JAVASCRIPT


def test_text_in_any_encoding_is_read_in_a_child_too(sandbox: Sandbox, tmp_path: Path) -> None:
    """A child can open no file, so a codec that is not loaded would cut the file's objects short."""
    path = tmp_path / "x.pdf"
    path.write_bytes(scans.with_foreign_text())
    found = sandbox.inspect(path)
    assert (found.pages, found.disputed) == (2, False)
    path.write_bytes(scans.with_foreign_text(script=True))
    with pytest.raises(ScanRefused) as refused:
        sandbox.inspect(path)
    assert refused.value.refusal.reason is RefusalReason.JAVASCRIPT


def test_a_bomb_hurts_only_its_child(sandbox: Sandbox, tmp_path: Path, good: Path) -> None:
    path = tmp_path / "bomb.pdf"
    path.write_bytes(scans.bomb())
    assert path.stat().st_size < MIB
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PageNotDrawn):
        sandbox.draw(path, 0, 1000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30 * 1024
    assert sandbox.inspect(good).pages == 8


def test_a_file_that_needs_too_much_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.pdf"
    path.write_bytes(pad_to(scans.good_scan(), 15 * MIB))
    tight = Sandbox(memory_bytes=8 * MIB, cpu_seconds=3, wall_seconds=4)
    with pytest.raises(ScanRefused) as refused:
        tight.inspect(path)
    tight.close()
    assert refused.value.refusal.reason is RefusalReason.CRASHED


def test_many_threads_at_once(sandbox: Sandbox, good: Path) -> None:
    answers: list[int] = []

    def look() -> None:
        answers.extend(sandbox.inspect(good).pages for _ in range(5))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [8] * 40


def test_a_killed_parser_process_is_replaced(sandbox: Sandbox, good: Path) -> None:
    sandbox.warm_up()
    pid = zygote_pid(sandbox)
    os.kill(pid, signal.SIGKILL)
    while (
        Path(f"/proc/{pid}/status").exists()
        and "Z (" not in Path(f"/proc/{pid}/status").read_text()
    ):
        time.sleep(0.01)
    assert sandbox.inspect(good).pages == 8
    assert zygote_pid(sandbox) != pid


def children_of(pid: int) -> set[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return {int(one) for one in text.split()}


@pytest.mark.parametrize("strike", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hung"])
def test_a_lost_child_is_a_refusal(
    sandbox: Sandbox, tmp_path: Path, strike: signal.Signals
) -> None:
    """The child reads a pipe that gives nothing, so that it is alive when it is struck."""
    sandbox.warm_up()
    while children_of(zygote_pid(sandbox)):  # one that has answered already is still taken down
        time.sleep(0.01)
    path = tmp_path / "slow.pdf"
    os.mkfifo(path)
    keeper = os.open(path, os.O_RDWR)
    reasons: list[RefusalReason] = []

    def look() -> None:
        with pytest.raises(ScanRefused) as refused:
            sandbox.inspect(path)
        reasons.append(refused.value.refusal.reason)

    thread = threading.Thread(target=look)
    thread.start()
    while not (found := children_of(zygote_pid(sandbox))):
        time.sleep(0.01)
    os.kill(found.pop(), strike)
    thread.join(timeout=10)
    os.close(keeper)
    expected = RefusalReason.CRASHED if strike == signal.SIGKILL else RefusalReason.TIMEOUT
    assert reasons == [expected]


def test_no_child_stays_behind(sandbox: Sandbox, good: Path) -> None:
    for _ in range(5):
        sandbox.inspect(good)
    ends = time.monotonic() + 3
    while children_of(zygote_pid(sandbox)) and time.monotonic() < ends:
        time.sleep(0.01)
    assert children_of(zygote_pid(sandbox)) == set()


def test_the_limits_hold_inside_a_child() -> None:
    """The child's own view: no new file, no socket, no file that grows."""
    import subprocess
    import sys

    code = """
import os, socket, ctypes, sys
from portal.forking import server
server._limit({"wall": 5, "cpu": 5, "memory": 50 * 1024 * 1024}, opens_files=False)
for attempt in (lambda: open("/etc/passwd"), socket.socket, lambda: bytearray(200 * 1024 * 1024)):
    try:
        attempt()
    except (OSError, MemoryError) as error:
        os.write(1, type(error).__name__.encode() + b" ")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["OSError", "OSError", "MemoryError"], done.stderr


def test_a_page_that_is_not_there_is_not_drawn(sandbox: Sandbox, good: Path) -> None:
    with pytest.raises(PageNotDrawn):
        sandbox.draw(good, 99, 1000)


class TakenOver(Maker):
    """Its child was taken over by a file, and says what the file wants."""

    def __init__(self, words: bytes, *, good: bool = True) -> None:
        super().__init__(memory_bytes=MIB, cpu_seconds=1, wall_seconds=1)
        self._says = good, words

    def _ask_file(self, *_: Any, **__: Any) -> tuple[bool, bytes]:
        return self._says


@pytest.mark.parametrize("good", [True, False])
@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"nonsense",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"%s"' % (b"x" * 1000),
        b"[" * 100_000,  # deeper than any reader goes
        b"[[1e999, 0]]",  # JSON knows no infinity, but how to write it
        b"[[%s, 0]]" % (b"9" * 5000),
        b'{"pages": 1e999, "disputed": false}',
        b'{"pages": 0, "disputed": false}',
        b'{"pages": 1000000000, "disputed": false}',
        b'{"reason": "not_a_scan", "page": [1]}',
        b'{"reason": "too_large", "size": "much"}',
        b'{"reason": "because"}',
        b'{"pages": 1e999, "findings": [], "readings": []}',
        b'{"pages": 1e999, "before": 1, "dpi": 1, "red": null}\n%PDF-',
        b'{"scan": []}',
        b'{"making": {"reason": 1e999}}',
    ],
)
def test_what_a_child_that_was_taken_over_says_is_no_answer(words: bytes, good: bool) -> None:
    taken, path = TakenOver(words, good=good), Path("x.pdf")
    with pytest.raises(ScanRefused) as refused:
        taken.inspect(path)
    assert refused.value.refusal.reason is RefusalReason.CRASHED
    with pytest.raises(PageNotDrawn):
        taken.draw(path, 0, 1000)
    with pytest.raises(ChildLost):
        taken.measure(path, 1)
    with pytest.raises(ChildLost):
        taken.look(path, 1)
    with pytest.raises(MakingRefused) as not_made:
        taken.compress(path)
    assert not_made.value.refusal.reason is MakingReason.CRASHED


def test_a_child_that_was_taken_over_words_no_refusal_of_its_own() -> None:
    words = b'{"reason": "not_pdf", "found": "%s", "page": 3}' % (b"<b>" * 1000)
    with pytest.raises(ScanRefused) as refused:
        TakenOver(words, good=False).inspect(Path("x.pdf"))
    assert len(refused.value.message) < 100
