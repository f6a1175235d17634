"""``bin/bench city``: 60,000 organisations and 2,000,000 members in SQLite, against the demo's size."""

from __future__ import annotations

import subprocess

from bench.pages import RUNS, facts
from bench.server import BUILD, Client, milliseconds, p50, p95, peak_mib, portal, table, worker


def main() -> None:
    rows: list[tuple[object, ...]] = []
    demo = ask("demo", rows)
    city = ask("city", rows)
    table(("", "p50 ms", "p95 ms"), rows)
    print(f"\np95 of a branch's list, city : demo = {city / demo:.2f}")


def ask(scale: str, rows: list[tuple[object, ...]]) -> float:
    instance = BUILD / f"bench-{scale}"
    with portal(instance, scale=scale) as (port, server), worker(instance) as beside:
        branch, district, municipal = Client(port), Client(port), Client(port)
        branch.sign_in(instance, "zhibu1")
        district.sign_in(instance, "quwei1")
        municipal.sign_in(instance, "shiwei")
        branch_id, member_id = facts(instance)
        questions = {
            "a branch's list": lambda: branch.get("/members/"),
            "search in a branch by pinyin": lambda: branch.get("/members/?q=wang"),
            "search in a branch by number": lambda: branch.get("/members/?q=2026"),
            "修改": lambda: branch.get(f"/members/{member_id}/edit"),
            "a branch's list, from the district": lambda: district.get(
                f"/organisations/{branch_id}"
            ),
            "the district's tree with roll-up": lambda: district.get("/organisations/"),
            "the city's tree with roll-up": lambda: municipal.get("/organisations/"),
            "search an organisation": lambda: municipal.get(
                "/organisations/?q=12%E5%8C%BA3%E4%B8%AD"
            ),
        }
        first = 0.0
        for name, question in questions.items():
            slow = "city's tree" in name or "search an" in name
            times = milliseconds(question, 20 if slow else RUNS, 2)
            rows.append((f"{scale}: {name}", p50(times), p95(times)))
            first = first or p95(times)
        rows.append((f"{scale}: peak memory of the server, MiB", peak_mib(server.pid), ""))
        rows.append((f"{scale}: peak memory of the worker, MiB", peak_mib(beside.pid), ""))
        size = subprocess.run(
            ["du", "-sm", str(instance / "portal.db")], capture_output=True, text=True, check=True
        ).stdout.split()[0]
        rows.append((f"{scale}: database, MiB", int(size), ""))
    return first
