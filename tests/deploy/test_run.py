"""``bin/run``'s process tree: says where it is, ends whole on Ctrl-C, refuses what it can't do."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from portal.services import installation
from tests.builders import World
from tests.conftest import KEY

ROOT = Path(__file__).resolve().parent.parent.parent


def run(instance: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "portal.run", "--instance", str(instance), *arguments],
        cwd=ROOT,
        env={**os.environ, "PORTAL_SECRET_KEY": KEY, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tree_of(pid: int) -> set[int]:
    """The processes below one."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    below = {int(one) for one in text.split()}
    return below.union(*(tree_of(one) for one in below))


@pytest.mark.slow
def test_it_says_where_it_is_and_ends_whole_on_ctrl_c(world: World) -> None:
    instance = world.app.extensions["portal"].settings.instance
    port = free_port()
    process = run(instance, "--port", str(port))
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("http://"):
            break
    assert line.strip() == f"http://127.0.0.1:{port}/"
    ready = f"http://127.0.0.1:{port}/readyz"
    ends = time.monotonic() + 10
    while True:
        try:
            with urllib.request.urlopen(ready) as answer:
                assert b'"worker": "ok"' in answer.read().replace(b'":"', b'": "')
                break
        except urllib.error.HTTPError:  # 503 until the worker's first sign of life
            assert time.monotonic() < ends
            time.sleep(0.1)
    family = tree_of(process.pid)
    assert len(family) >= 3  # server, worker, the sandbox's process
    os.killpg(process.pid, signal.SIGINT)  # what a terminal sends on Ctrl-C
    process.wait(timeout=15)
    ends = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in family) and time.monotonic() < ends:
        time.sleep(0.05)
    assert [pid for pid in family if Path(f"/proc/{pid}").exists()] == []


def test_a_taken_port_is_said_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = subprocess.run(
            [
                sys.executable,
                "-m",
                "portal.run",
                "--instance",
                str(tmp_path),
                "--port",
                str(taken.getsockname()[1]),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert process.returncode == 2
    assert process.stderr.startswith("--host/--port: cannot listen on 127.0.0.1:")


def test_production_refuses_demo_data(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from sqlalchemy import insert

    from portal import clock
    from portal.models import Installation
    from portal.services.transaction import writing

    with writing() as session:
        session.execute(insert(Installation).values(content="demo", created_at=clock.now()))
    assert installation.content_of() == "demo"
    folder = tmp_path_factory.mktemp("production", numbered=True)
    folder.chmod(0o700)
    database = world.app.extensions["portal"].settings.instance / "portal.db"
    with sqlite3.connect(database) as whole, sqlite3.connect(folder / "portal.db") as copy:
        whole.backup(copy)  # what was written lately lies in the -wal file still
    process = run(folder, "--port", str(free_port()), PORTAL_MODE="production")
    try:
        assert process.wait(timeout=60) == 2
    finally:
        process.kill()


def test_the_commands(world: World) -> None:
    runner = world.app.test_cli_runner()
    member = world.add_member()
    world.upload(member)
    assert runner.invoke(args=["fsck"]).output.strip() == "Clean."
    world.set_columns(member, has_scan=False)
    broken = runner.invoke(args=["fsck", "--no-read"])
    assert broken.exit_code == 1
    assert "has_scan is stored as False, the rules say True" in broken.output
    assert "Repaired" in runner.invoke(args=["fsck", "--repair"]).output
    assert runner.invoke(args=["sweep"]).output.startswith("Removed 0 half received")
    assert "PORTAL_UNDO_DAYS = 30" in runner.invoke(args=["settings"]).output
    refused = runner.invoke(args=["demo"])
    assert refused.exit_code == 1
    assert "holds data already" in refused.output
    short = runner.invoke(args=["init", "--login", "a", "--person", "b", "--password", "short"])
    assert "12 characters" in short.output
    full = runner.invoke(
        args=["init", "--login", "a", "--person", "b", "--password", "long enough to be"]
    )
    assert "nothing changed" in full.output
