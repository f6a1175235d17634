"""Hostile files through the sandbox: always a verdict, and nothing held afterwards.

A small part of ``bin/bench fuzz``, with limits that let bombs end soon.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.fuzz import Verdict, held, judge, verdicts
from bench.mutants import KINDS, scan
from portal.pdf.sandbox import Sandbox

MIB = 1024 * 1024
FILES = 5 * len(KINDS)
SEED = 20261125


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox(memory_bytes=300 * MIB, cpu_seconds=1, wall_seconds=20)
    yield made
    made.close()


@pytest.mark.slow
def test_every_hostile_file_has_a_verdict_and_leaves_nothing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    good = tmp_path / "good.pdf"
    good.write_bytes(scan())
    assert judge(sandbox, None, "good", 0, good).answer == "taken"
    assert sandbox._process is not None
    zygote, server = sandbox._process.pid, os.getpid()
    before = held(zygote), held(server)

    done = list(verdicts(sandbox, None, SEED, FILES, tmp_path))

    assert Counter(verdict.kind for verdict in done) == dict.fromkeys(
        (kind.__name__.lstrip("_") for kind in KINDS), FILES // len(KINDS)
    )
    answers = Counter(verdict.answer for verdict in done)
    assert {"taken", "taken, disputed"} <= set(answers)
    assert {"broken", "page_broken", "password", "too_many_pages", "javascript"} <= set(answers)
    for verdict in done:
        _check(verdict)
    assert judge(sandbox, None, "good", 0, good).answer == "taken"
    assert sandbox._process.pid == zygote
    for (memory, files), (memory_now, files_now) in zip(
        before, (held(zygote), held(server)), strict=True
    ):
        assert files_now <= files
        assert memory_now - memory < 40 * 1024


def _check(verdict: Verdict) -> None:
    """What both parsers disagree on is taken only if each page was drawn."""
    if verdict.answer == "taken, disputed":
        assert verdict.after == ("drawn all",), verdict
