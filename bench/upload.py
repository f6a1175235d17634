"""``bin/bench upload``: 1, 5 and 15 MB through the real server, against the same bytes to the disk.

The floor: sha256, write, fsync, rename. The inspection is counted in and shown apart.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from pathlib import Path

from bench.server import BUILD, Client, p50, p95, portal, table
from portal.demo.paper import Paper, pad_to
from portal.pdf.sandbox import Sandbox

MIB = 1024 * 1024
RUNS = 20
SIZES = (1, 5, 15)


def main() -> None:
    instance = BUILD / "bench-demo"
    paper = Paper(9, dpi=90)  # below 1 MB, so that each size is padded to
    forms = [paper.form(f"20261100{place:04d}", "测试", "测试团支部") for place in range(RUNS + 2)]
    rows: list[tuple[object, ...]] = []
    with portal(instance) as (port, _):
        branch = Client(port)
        branch.sign_in(instance, "zhibu1")
        member = missing(instance)
        token = branch.token()
        sandbox = Sandbox(memory_bytes=400 * MIB, cpu_seconds=8, wall_seconds=10)
        for size in SIZES:
            contents = [pad_to(form, size * MIB) for form in forms]
            uploads, floors, looks = [], [], []
            for place, content in enumerate(contents):
                floor = to_disk(content, instance / "floor")
                took = upload(branch, member, token, content)
                look = inspect(sandbox, content, instance / "look.pdf")
                if place >= 2:  # the first two warm up
                    floors.append(floor)
                    uploads.append(took)
                    looks.append(look)
            rows.append(
                (
                    f"{size} MB",
                    p50(floors),
                    p50(uploads),
                    p95(uploads),
                    p50(uploads) / p50(floors),
                    p50(looks),
                )
            )
        sandbox.close()
    table(
        ("size", "floor p50 ms", "upload p50 ms", "p95 ms", "× floor", "of it inspection ms"), rows
    )


def missing(instance: Path) -> int:
    connection = sqlite3.connect(instance / "portal.db")
    found = connection.execute(
        "SELECT m.id FROM member m JOIN account a ON a.organisation_id = m.branch_id "
        "WHERE a.login = 'zhibu1' AND m.is_new_member AND m.number IS NOT NULL LIMIT 1"
    ).fetchone()
    connection.close()
    return int(found[0])


def to_disk(content: bytes, folder: Path) -> float:
    """Milliseconds to hash, write, sync and rename the same bytes."""
    folder.mkdir(exist_ok=True)
    began = time.perf_counter()
    hashlib.sha256(content).hexdigest()
    with (folder / "part").open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    (folder / "part").rename(folder / "whole")
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return (time.perf_counter() - began) * 1000


def upload(branch: Client, member: int, token: str, content: bytes) -> float:
    """Milliseconds from the first byte sent to the last byte of the answer."""
    line = "--frontier"
    body = (
        (
            f'{line}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'
            f'{line}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
        ).encode()
        + content
        + f"\r\n{line}--\r\n".encode()
    )
    headers = {"Content-Type": "multipart/form-data; boundary=frontier", "HX-Request": "true"}
    began = time.perf_counter()
    status, answer, _ = branch.request("POST", f"/members/{member}/scan", body, headers)
    took = (time.perf_counter() - began) * 1000
    assert status == 200, answer.decode()
    assert "上传" in answer.decode()
    return took


def inspect(sandbox: Sandbox, content: bytes, path: Path) -> float:
    path.write_bytes(content)
    began = time.perf_counter()
    sandbox.inspect(path)
    return (time.perf_counter() - began) * 1000
