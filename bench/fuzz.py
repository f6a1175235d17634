"""``bin/bench fuzz [--count 3000] [--seed 6]``: hostile files through the sandbox.

Each is inspected; one that is taken is drawn and looked at. Told are the verdicts, the slowest and
the largest, and what the server and the process that forks hold before and after.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.mutants import mutants, scan
from bench.server import table
from portal.forking.client import ChildLost
from portal.pdf.sandbox import PageNotDrawn, Sandbox
from portal.rules.scan_refusals import ScanRefused

MIB = 1024 * 1024
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one file: ``taken``, or the reason of its refusal."""

    kind: str
    place: int
    answer: str
    seconds: float
    after: tuple[str, ...] = ()


def judge(sandbox: Sandbox, looker: Sandbox | None, kind: str, place: int, path: Path) -> Verdict:
    """Inspect a file; draw and look at one that is taken. What is no verdict is raised."""
    began = time.monotonic()
    try:
        inspection = sandbox.inspect(path)
    except ScanRefused as refused:
        return Verdict(kind, place, refused.refusal.reason.value, time.monotonic() - began)
    seconds = time.monotonic() - began
    after = [f"drawn {'all' if _draws(sandbox, path, inspection.pages) else 'not all'}"]
    if looker is not None:
        try:
            after.append(f"looked at, {len(looker.look(path, 8).findings)} findings")
        except ChildLost:
            after.append("look lost")
    answer = "taken, disputed" if inspection.disputed else "taken"
    return Verdict(kind, place, answer, seconds, tuple(after))


def _draws(sandbox: Sandbox, path: Path, pages: int) -> bool:
    try:
        for index in range(pages):
            sandbox.draw(path, index, 200)
    except PageNotDrawn:
        return False
    return True


def verdicts(
    sandbox: Sandbox, looker: Sandbox | None, seed: int, count: int, folder: Path
) -> Iterator[Verdict]:
    """The verdicts of so many files, some at a time."""

    def one(numbered: tuple[int, tuple[str, bytes]]) -> Verdict:
        place, (kind, content) = numbered
        path = folder / f"{place}.pdf"
        path.write_bytes(content)
        try:
            return judge(sandbox, looker, kind, place, path)
        finally:
            path.unlink()

    files = enumerate(itertools.islice(mutants(seed), count))
    with ThreadPoolExecutor(AT_ONCE) as threads:
        while batch := list(itertools.islice(files, 4 * AT_ONCE)):
            yield from threads.map(one, batch)


class Children:
    """Watches the children of a sandbox's process, and keeps the most memory that one had."""

    def __init__(self, sandbox: Sandbox) -> None:
        sandbox.warm_up()
        assert sandbox._process is not None
        self.parent = sandbox._process.pid
        self.most_kib = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.005):
            try:
                children = Path(f"/proc/{self.parent}/task/{self.parent}/children").read_text()
                for child in children.split():
                    self.most_kib = max(self.most_kib, status(int(child), "VmHWM"))
            except (OSError, StopIteration):
                continue


def status(pid: int, field: str) -> int:
    """A value of a process's status, in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def held(pid: int) -> tuple[int, int]:
    """Resident KiB and open descriptors of a process."""
    return status(pid, "VmRSS"), len(list(Path(f"/proc/{pid}/fd").iterdir()))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench fuzz")
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=6)
    chosen = parser.parse_args()
    sandbox = Sandbox(memory_bytes=400 * MIB, cpu_seconds=8, wall_seconds=10)
    looker = Sandbox(memory_bytes=600 * MIB, cpu_seconds=13, wall_seconds=15, looks=True)
    with tempfile.TemporaryDirectory() as name:
        run(sandbox, looker, chosen.seed, chosen.count, Path(name))
    sandbox.close()
    looker.close()


def run(sandbox: Sandbox, looker: Sandbox, seed: int, count: int, folder: Path) -> None:
    good = folder / "good.pdf"
    good.write_bytes(scan())
    for _ in range(3):
        judge(sandbox, looker, "good", 0, good)
    children = [Children(sandbox), Children(looker)]
    processes = {
        "server": os.getpid(),
        "inspecting": children[0].parent,
        "looking": children[1].parent,
    }
    before = {name: held(pid) for name, pid in processes.items()}
    done = list(verdicts(sandbox, looker, seed, count, folder))
    good.write_bytes(scan())
    assert judge(sandbox, looker, "good", 0, good).answer == "taken"
    for watched in children:
        watched.stop()
    answers: Counter[str] = Counter(verdict.answer for verdict in done)
    kinds = sorted({verdict.kind for verdict in done})
    table(
        ("kind", "files", *answers),
        [
            (kind, sum(one.kind == kind for one in done),
             *(sum(one.kind == kind and one.answer == answer for one in done) for answer in answers))
            for kind in kinds
        ] + [("all", len(done), *answers.values())],
    )  # fmt: skip
    print()
    for what, times in sorted(Counter(what for one in done for what in one.after).items()):
        print(f"{what}: {times}")
    slowest = max(done, key=lambda one: one.seconds)
    print(
        f"slowest: {slowest.seconds:.2f} s ({slowest.kind}, file {slowest.place}: {slowest.answer})"
    )
    for name, watched in zip(("inspecting or drawing", "looking"), children, strict=True):
        print(f"largest child {name}: {watched.most_kib // 1024} MiB resident, with what it shares")
    for name, pid in processes.items():
        (kib, files), (kib_now, files_now) = before[name], held(pid)
        print(
            f"{name}: {kib / 1024:.0f} -> {kib_now / 1024:.0f} MiB, {files} -> {files_now} descriptors"
        )
