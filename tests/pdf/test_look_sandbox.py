"""The look in its sandbox: with a budget of its own, and numpy only where it is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.forking.client import ChildLost
from portal.pdf.sandbox import Sandbox
from portal.rules.scan_findings import FindingKind
from tests import scans

MIB = 1024 * 1024


@pytest.fixture
def form(tmp_path: Path) -> Path:
    path = tmp_path / "form.pdf"
    path.write_bytes(scans.good_scan(3))
    return path


def loaded(sandbox: Sandbox) -> str:
    sandbox.warm_up()
    assert sandbox._process is not None
    return Path(f"/proc/{sandbox._process.pid}/maps").read_text()


def test_findings_come_out(looker: Sandbox, form: Path) -> None:
    seen = looker.look(form, 8)
    kinds = {(one.kind, one.page) for one in seen.findings}
    assert seen.pages == 3
    assert (FindingKind.MISSING_PAGES, 0) in kinds
    assert (FindingKind.LOW_RESOLUTION, 2) in kinds  # the tests' forms have 50 dpi


def test_a_bomb_costs_only_its_own_look(
    looker: Sandbox, tmp_path: Path, form: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.pdf"
    path.write_bytes(scans.bomb())
    monkeypatch.setitem(looker._limits, "memory", 100 * MIB)
    with pytest.raises(ChildLost):
        looker.look(path, 2)
    assert looker.look(form, 3).pages == 3


def test_the_memory_limit_holds(
    looker: Sandbox, form: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(looker._limits, "memory", 2 * MIB)
    with pytest.raises(ChildLost):
        looker.look(form, 3)


def test_inspecting_does_not_pay_for_looking(form: Path) -> None:
    plain = Sandbox(memory_bytes=300 * MIB, cpu_seconds=3, wall_seconds=4)
    assert plain.inspect(form).pages == 3
    assert "numpy" not in loaded(plain)
    with pytest.raises(ChildLost):
        plain.look(form, 3)
    plain.close()
