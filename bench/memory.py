"""How much memory processes take, as PSS: a page that several share counts as a part in each."""

from __future__ import annotations

from pathlib import Path


def children(pid: int) -> list[int]:
    """The processes that one has started; none once it has ended."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(one) for task in tasks for one in (task / "children").read_text().split()]
    except OSError:
        return []


def pss(pid: int) -> int:
    """Bytes of one process; 0 once it has ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
