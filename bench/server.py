"""A portal for measuring: started as a process, asked over keep-alive connections."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(
    arguments: list[str], port: int, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A server process that answers ``/healthz`` on ``port``."""
    running = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PORTAL_LOG_LEVEL": "WARNING", **environment},
    )
    try:
        ends = time.monotonic() + 60
        while True:
            try:
                Client(port).get("/healthz")
                break
            except OSError:
                if time.monotonic() > ends or running.poll() is not None:
                    raise
                time.sleep(0.05)
        yield running
    finally:
        running.terminate()
        running.wait(timeout=20)


@contextmanager
def portal(instance: Path, *, scale: str = "demo") -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The portal on ``instance``, which is filled with the demo first if it is new."""
    environment = {"PORTAL_INSTANCE": str(instance)}
    made = (instance / "demo-accounts.json").exists()  # perhaps by an older version
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi"]
        + (["db", "upgrade"] if made else ["demo", "--scale", scale]),
        cwd=ROOT,
        env={**os.environ, "PORTAL_LOG_LEVEL": "WARNING", **environment},
        check=True,
    )
    port = free_port()
    with process(["-m", "portal.serve", "--port", str(port)], port, **environment) as running:
        yield port, running


@contextmanager
def worker(instance: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The worker beside the portal; given once ``/readyz`` would see it alive."""
    began = datetime.now(UTC)
    running = subprocess.Popen(
        [sys.executable, "-m", "portal.worker"],
        cwd=ROOT,
        env={**os.environ, "PORTAL_LOG_LEVEL": "WARNING", "PORTAL_INSTANCE": str(instance)},
    )
    try:
        ends = time.monotonic() + 60
        while last_beat(instance) < began.replace(tzinfo=None):
            if time.monotonic() > ends or running.poll() is not None:
                raise OSError("the worker gives no sign of life")
            time.sleep(0.1)
        yield running
    finally:
        running.terminate()
        running.wait(timeout=20)


def last_beat(instance: Path) -> datetime:
    connection = sqlite3.connect(instance / "portal.db")
    found = connection.execute("SELECT at FROM heartbeat WHERE name = 'worker'").fetchone()
    connection.close()
    return datetime.fromisoformat(found[0]) if found else datetime.min


class Client:
    """One keep-alive connection of a person."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookies: dict[str, str] = {}

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        self._connection.request(method, path, body, {"Cookie": cookie, **(headers or {})})
        answer = self._connection.getresponse()
        content = answer.read()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, content, answer.headers

    def get(self, path: str, **headers: str) -> bytes:
        status, content, _ = self.request("GET", path, headers=headers)
        if status >= 400:
            raise OSError(f"{path}: {status}")
        return content

    def token(self) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get("/sign-in").decode())
        assert found
        return found[1]

    def sign_in(self, instance: Path, login: str) -> None:
        accounts = json.loads((instance / "demo-accounts.json").read_text(encoding="utf-8"))
        password = next(one["password"] for one in accounts if one["login"] == login)
        body = urlencode({"csrf_token": self.token(), "login": login, "password": password})
        status, _, _ = self.request(
            "POST", "/sign-in", body.encode(), {"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert status == 303, status


def milliseconds(work: Callable[[], object], runs: int, warm: int = 5) -> list[float]:
    """How long each of ``runs`` calls took, after ``warm`` that do not count."""
    for _ in range(warm):
        work()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return times


def p50(times: list[float]) -> float:
    return statistics.median(times)


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[18] if len(times) > 1 else times[0]


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Print a table in Markdown, to be put into the docs as it is."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        cells = [f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row]
        print("| " + " | ".join(cells) + " |")


def peak_mib(pid: int) -> float:
    """The largest resident memory a process had, in MiB."""
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", text)
    assert found
    return int(found[1]) / 1024
