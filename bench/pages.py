"""``bin/bench pages``: list, edit, partial after an upload, tree; alone and beside 40 slow uploads."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
import time
from pathlib import Path

from bench.server import BUILD, Client, free_port, milliseconds, p50, p95, portal, process, table

RUNS = 200
SLOW_UPLOADS = 40
MIB = 1024 * 1024


def main() -> None:
    instance = BUILD / "bench-demo"
    measure(instance)


def measure(instance: Path, *, scale: str = "demo") -> None:
    hello_port = free_port()
    with (
        portal(instance, scale=scale) as (port, _),
        process(
            ["-m", "bench.hello", str(hello_port)],
            hello_port,
            BENCH_DATABASE=str(instance / "portal.db"),
        ),
    ):
        branch, district, floor = Client(port), Client(port), Client(hello_port)
        branch.sign_in(instance, "zhibu1")
        district.sign_in(instance, "quwei1")
        branch_id, member_id = facts(instance)
        hello = milliseconds(lambda: floor.get("/hello"), RUNS)
        rows = milliseconds(lambda: floor.get(f"/rows/{branch_id}"), RUNS)
        pages = {
            "我的团员, 50 rows": lambda: branch.get("/members/"),
            "我的团员, partial": lambda: branch.get("/members/", **{"HX-Request": "true"}),
            "修改": lambda: branch.get(f"/members/{member_id}/edit"),
            "the cell after an upload": lambda: branch.get(
                f"/members/{member_id}/scan/cell", **{"HX-Request": "true"}
            ),
            "团员信息": lambda: branch.get(f"/members/{member_id}"),
            "下级组织管理 (district)": lambda: district.get("/organisations/"),
        }
        lines: list[tuple[object, ...]] = [
            ("floor: hello-world Flask view", p50(hello), p95(hello), 1.0, p50(hello) / p50(rows)),
            ("floor: the rows by sqlite3", p50(rows), p95(rows), p50(rows) / p50(hello), 1.0),
        ]
        for name, ask in pages.items():
            times = milliseconds(ask, RUNS)
            lines.append(
                (name, p50(times), p95(times), p50(times) / p50(hello), p50(times) / p50(rows))
            )
        table(("page", "p50 ms", "p95 ms", "× hello", "× rows by sqlite3"), lines)
        if scale == "demo":
            beside_slow_uploads(port, instance, branch)


def facts(instance: Path) -> tuple[int, int]:
    """The branch of zhibu1 and a member of it with a form."""
    connection = sqlite3.connect(instance / "portal.db")
    branch = connection.execute(
        "SELECT organisation_id FROM account WHERE login = 'zhibu1'"
    ).fetchone()[0]
    member = connection.execute(
        "SELECT id FROM member WHERE branch_id = ? AND has_scan AND number IS NOT NULL LIMIT 1",
        (branch,),
    ).fetchone()[0]
    connection.close()
    return int(branch), int(member)


def beside_slow_uploads(port: int, instance: Path, branch: Client) -> None:
    """40 uploads trickle in while another person opens the list."""
    quiet = milliseconds(lambda: branch.get("/members/"), RUNS)
    uploader = Client(port)
    uploader.sign_in(instance, "zhibu2")
    stop = threading.Event()
    threads = [
        threading.Thread(target=trickle, args=(port, uploader, stop), daemon=True)
        for _ in range(SLOW_UPLOADS)
    ]
    for thread in threads:
        thread.start()
    time.sleep(1)
    busy = milliseconds(lambda: branch.get("/members/"), RUNS)
    stop.set()
    for thread in threads:
        thread.join()
    print(f"\n{SLOW_UPLOADS} slow uploads under way, 我的团员:\n")
    table(
        ("", "p50 ms", "p95 ms"),
        [
            ("quiet", p50(quiet), p95(quiet)),
            ("beside them", p50(busy), p95(busy)),
            ("ratio", p50(busy) / p50(quiet), p95(busy) / p95(quiet)),
        ],
    )


def trickle(port: int, uploader: Client, stop: threading.Event) -> None:
    """An upload at about 100 KB/s that never ends."""
    cookie = "; ".join(f"{name}={value}" for name, value in uploader._cookies.items())
    with socket.create_connection(("127.0.0.1", port)) as line:
        head = (
            f"POST /members/1/scan HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n"
            f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {14 * MIB}\r\n\r\n"
        )
        line.sendall(head.encode())
        while not stop.is_set():
            line.sendall(os.urandom(10_240))
            time.sleep(0.1)
