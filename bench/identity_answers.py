"""``bin/bench identity_answers``: identity codes answered a second, beside a hello-world Flask view.

Both are served by waitress with eight threads as processes of their own, and asked in turns over the
same number of kept connections. Every answer is to a code that nobody has scanned before, so that
each one is noted in the database too.
The processor's time of the server's process tells more than the clock where others use the machine.
``measure`` is what other benchmarks call.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.server import BUILD, free_port, portal, process, table
from portal.identity_keys import IdentityKeys
from portal.rules.identity_codes import IdentityCode, day_number, write_token

CONNECTIONS = 4
ROUNDS = 5
SECONDS = 2.0
MOST_A_SECOND = 2500
"""More codes are made than a connection can ask for."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests answered in a second, and the server's processor time for one, in milliseconds."""

    a_second: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Rates:
    """What was measured, the median of the rounds."""

    floor: Rate
    answer: Rate
    answered: int
    noted: int

    @property
    def ratio(self) -> float:
        """How many times the floor an answer costs."""
        return self.floor.a_second / self.answer.a_second


def main() -> None:
    rates = measure(BUILD / "bench-demo")
    rows = (
        ("floor: hello-world Flask view", rates.floor),
        ("identity code answered", rates.answer),
    )
    table(
        ("", "a second", "× hello", "processor ms", "× hello"),
        [
            (
                name,
                f"{rate.a_second:,.0f}",
                rates.floor.a_second / rate.a_second,
                rate.cpu_ms,
                rate.cpu_ms / rates.floor.cpu_ms,
            )
            for name, rate in rows
        ],
    )
    print(f"\n{rates.answered:,} codes answered, {rates.noted:,} of them noted for their members.")


def measure(instance: Path) -> Rates:
    """Answers a second of the portal on ``instance`` and of the floor, in turns."""
    hello_port = free_port()
    with (
        portal(instance) as (port, served),
        process(["-m", "bench.hello", str(hello_port)], hello_port) as floor,
        ProcessPoolExecutor(CONNECTIONS) as pool,
    ):
        before = noted(instance)
        asked(hello_port, ["/hello"] * 200, None)
        answered = asked(port, codes(instance, 200), None)
        floors, answers = [], []
        for _ in range(ROUNDS):
            same = ["/hello"] * int(4 * MOST_A_SECOND * SECONDS * CONNECTIONS)
            floors.append(rate(pool, floor.pid, hello_port, same))
            made = codes(instance, int(MOST_A_SECOND * SECONDS * CONNECTIONS))
            answers.append(rate(pool, served.pid, port, made))
            answered += round(answers[-1].a_second * SECONDS)
        time.sleep(1)  # the last ones are written behind their answers
        return Rates(
            floor=median(floors),
            answer=median(answers),
            answered=answered,
            noted=noted(instance) - before,
        )


def codes(instance: Path, amount: int) -> list[str]:
    """Addresses of so many codes, of all members in turn, made now as their phones would."""
    connection = sqlite3.connect(instance / "portal.db")
    members = connection.execute(
        "SELECT id, branch_id FROM member WHERE left_at IS NULL ORDER BY id"
    ).fetchall()
    connection.close()
    keys = IdentityKeys((instance / "secret.key").read_text(encoding="ascii").strip())
    now = datetime.now(UTC).replace(microsecond=0)
    made = []
    for number in range(amount):
        member_id, branch_id = members[number % len(members)]
        code = IdentityCode(member_id, branch_id, now, False, number // len(members) % 4096)
        made.append("/c/" + write_token(keys.seal(code.pack(), day_number(now))))
    return made


def noted(instance: Path) -> int:
    """How often codes were answered, as it stands in the database."""
    connection = sqlite3.connect(instance / "portal.db")
    (found,) = connection.execute("SELECT coalesce(sum(times), 0) FROM answered_code").fetchone()
    connection.close()
    return int(found)


def rate(pool: ProcessPoolExecutor, pid: int, port: int, paths: list[str]) -> Rate:
    """How fast a server answers over ``CONNECTIONS`` at once, each with its share of the paths."""
    shares = [paths[start::CONNECTIONS] for start in range(CONNECTIONS)]
    began = cpu_seconds(pid)
    waiting = [pool.submit(asked, port, share, SECONDS) for share in shares]
    answered = sum(one.result() for one in waiting)
    return Rate(answered / SECONDS, (cpu_seconds(pid) - began) * 1000 / answered)


def median(rates: list[Rate]) -> Rate:
    def middle(of: Callable[[Rate], float]) -> float:
        return statistics.median(map(of, rates))

    return Rate(middle(lambda one: one.a_second), middle(lambda one: one.cpu_ms))


def cpu_seconds(pid: int) -> float:
    """Seconds of a processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def asked(port: int, paths: list[str], seconds: float | None) -> int:
    """Ask for one address after the other over one connection; how many were answered in time.

    A bare socket, so that what asks takes as little of the machine as it can.
    """
    ends = time.monotonic() + (seconds or 3600)
    answered = 0
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for path in paths:
            if time.monotonic() > ends:
                return answered
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            read_answer(line, path)
            answered += 1
    if seconds is not None:
        raise OSError("more addresses were asked for than were made")
    return answered


def read_answer(line: socket.socket, path: str) -> None:
    got = b""
    while b"\r\n\r\n" not in got:
        got += line.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise OSError(f"{path}: {head[:60]!r}")
    (length,) = (
        int(one.split(b":")[1])
        for one in head.lower().split(b"\r\n")
        if one.startswith(b"content-length:")
    )
    while len(body) < length:
        body += line.recv(65536)
    if path != "/hello" and "认证</h1>".encode() not in body:
        raise OSError(f"{path}: no answer")
