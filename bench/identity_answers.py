"""``bin/bench identity_answers``: identity codes answered a second, beside a hello-world Flask view.

Both are served by waitress with eight threads as processes of their own, and asked in turns over the
same number of kept connections. Every answer is to a code that nobody has scanned before, so that
each one is noted in the database too, as at a door. ``measure`` is what other benchmarks call.
"""

from __future__ import annotations

import socket
import sqlite3
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.server import BUILD, Client, free_port, milliseconds, p50, p95, portal, process, table
from portal.identity_keys import IdentityKeys
from portal.rules.identity_codes import IdentityCode, day_number, write_token

CONNECTIONS = 4
ROUNDS = 5
SECONDS = 2.0
MOST_A_SECOND = 2500
"""More codes are made than a connection can ask for."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Answers a second, and how long one takes alone, in milliseconds; of the portal and the floor."""

    answers: float
    floor: float
    answer_ms: list[float]
    floor_ms: list[float]
    noted: int
    answered: int

    @property
    def ratio(self) -> float:
        """How many times the floor an answer costs."""
        return self.floor / self.answers


def main() -> None:
    instance = BUILD / "bench-demo"
    rates = measure(instance)
    table(
        ("", "a second", "p50 ms", "p95 ms", "× hello"),
        [
            (
                "floor: hello-world Flask view",
                rates.floor,
                p50(rates.floor_ms),
                p95(rates.floor_ms),
                1.0,
            ),
            (
                "identity code answered",
                rates.answers,
                p50(rates.answer_ms),
                p95(rates.answer_ms),
                rates.ratio,
            ),
        ],
    )
    print(f"\n{rates.answered} codes answered, {rates.noted} of them noted for their members.")


def measure(instance: Path) -> Rates:
    """Answers a second of the portal on ``instance`` and of the floor, in turns."""
    hello_port = free_port()
    with (
        portal(instance) as (port, _),
        process(["-m", "bench.hello", str(hello_port)], hello_port),
        ProcessPoolExecutor(CONNECTIONS) as pool,
    ):
        before = noted(instance)
        warm = codes(instance, 200)
        asked(hello_port, ["/hello"] * 200, 60.0)
        answered = asked(port, warm, 60.0)
        answers, floors = [], []
        for _ in range(ROUNDS):
            floors.append(rate(pool, hello_port, [["/hello"] * 20_000] * CONNECTIONS))
            made = codes(instance, int(MOST_A_SECOND * SECONDS) * CONNECTIONS)
            shares = [made[start::CONNECTIONS] for start in range(CONNECTIONS)]
            answers.append(rate(pool, port, shares))
            answered += round(answers[-1] * SECONDS)
        floor, one = Client(hello_port), Client(port)
        floor_ms = milliseconds(lambda: floor.get("/hello"), 300)
        again = iter(codes(instance, 400))
        answer_ms = milliseconds(lambda: one.get(next(again)), 300)
        answered += 305
        time.sleep(1)  # the last ones are written behind their answers
        return Rates(
            answers=statistics.median(answers),
            floor=statistics.median(floors),
            answer_ms=answer_ms,
            floor_ms=floor_ms,
            noted=noted(instance) - before,
            answered=answered,
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


def rate(pool: ProcessPoolExecutor, port: int, shares: list[list[str]]) -> float:
    """Answers a second over as many connections as there are shares of addresses."""
    counts = pool.map(asked, [port] * len(shares), shares, [SECONDS] * len(shares))
    return sum(counts) / SECONDS


def asked(port: int, paths: list[str], seconds: float) -> int:
    """Ask for one address after the other over one connection; how many were answered in time.

    A bare socket, so that what asks takes as little of the machine as it can.
    """
    ends = time.monotonic() + seconds
    answered = 0
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for path in paths:
            if time.monotonic() > ends:
                return answered
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            read_answer(line, path)
            answered += 1
    if seconds < 60:
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
