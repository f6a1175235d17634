"""``bin/bench phone``: 我的团员证 in the oldest engine with the network of a slow phone.

Chromium 69 opens the member's first page with nothing kept, and again, throttled by its own protocol.
What the page fetches is counted by the browser as it comes over the wire, with its headers. The service
worker fetches what it keeps behind the page, once, and is counted for itself. Identity codes answered
a second come from ``bench.identity_answers``.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import identity_answers
from bench.server import BUILD, Client, portal, table
from bench.weight import received
from portal.blueprints.installing.views import KEPT_FILES
from tests.browser.drivers import ENGINES, FLAGS_69, OldBrowser, PyppeteerPage, wait

LATENCY_MS = 400
KBIT_A_SECOND = 400
ROUNDS = 7
MOST_KB = 40
"""What the first page may weigh (issue 9)."""


@dataclass(slots=True)
class Fetched:
    """What a page fetched: bytes of each answer on the wire, by request."""

    sizes: dict[str, int] = field(default_factory=dict)
    paint_ms: float = 0.0

    @property
    def requests(self) -> int:
        return len(self.sizes)

    @property
    def kilobytes(self) -> float:
        return sum(self.sizes.values()) / 1024


def main() -> None:
    instance = BUILD / "bench-demo"
    with portal(instance) as (port, _):
        cold, again = opened(instance, port)
        member = Client(port)
        worker = [received(member, path)[0] for path in kept_paths(member)]
    rows: list[tuple[object, ...]] = [
        line("first time, nothing kept", cold, f"≤ {MOST_KB} KB"),
        line("again", again, ""),
        ("the worker, the manifest and what is kept", sum(worker) / 1024, len(worker), "", ""),
    ]
    head = ("我的团员证", "KB on the wire", "requests", "first paint ms", "aim")
    print(f"{KBIT_A_SECOND} kbit/s, {LATENCY_MS} ms, Chromium 69, median of {ROUNDS}:\n")
    table(head, rows)
    print()
    identity_answers.main()


def line(name: str, all_of: list[Fetched], aim: str) -> tuple[object, ...]:
    return (
        name,
        statistics.median(one.kilobytes for one in all_of),
        max(one.requests for one in all_of),
        statistics.median(one.paint_ms for one in all_of),
        aim,
    )


def kept_paths(client: Client) -> list[str]:
    """What comes with the service worker."""
    script = client.get("/service-worker.js").decode()
    kept = json.loads(script.split("var KEPT = ")[1].split(";")[0])
    assert len(kept) == len(KEPT_FILES)
    return ["/manifest.webmanifest", "/service-worker.js", "/offline", *kept]


def opened(instance: Path, port: int) -> tuple[list[Fetched], list[Fetched]]:
    """The first page opened with nothing kept, and again, in turns."""
    accounts = json.loads((instance / "demo-accounts.json").read_text(encoding="utf-8"))
    password = next(one["password"] for one in accounts if one["login"] == "tuanyuan")
    browser = OldBrowser(ENGINES / "chromium69" / "chromium", FLAGS_69)
    try:
        page = PyppeteerPage(browser, f"http://127.0.0.1:{port}", "chromium69")
        page.viewport(360, 640)
        page.goto("/sign-in")
        page.fill("#login", "tuanyuan")
        page.fill("#password", password)
        page.click(".sign-in button[type=submit]")
        wait(lambda: page.count(".card-state") > 0, "the card")
        phone = Phone(browser, page)
        cold, again = [], []
        for _ in range(ROUNDS):
            cold.append(phone.open(nothing_kept=True))
            again.append(phone.open(nothing_kept=False))
        page.close()
    finally:
        browser.close()
    return cold, again


class Phone:
    """A page of the old engine behind a slow line, and what it fetches."""

    def __init__(self, browser: OldBrowser, page: PyppeteerPage) -> None:
        self._browser, self._page = browser, page
        self._protocol: Any = browser.run(page.page.target.createCDPSession())
        self._now = Fetched()
        self._send("Network.enable")
        self._protocol.on("Network.loadingFinished", self._finished)

    def open(self, *, nothing_kept: bool) -> Fetched:
        """Open 我的团员证 and see it painted."""
        if nothing_kept:
            self._send("Network.emulateNetworkConditions", **conditions(-1, 0))
            self._page.goto("/offline")  # a page that registers no worker
            self._page.evaluate(FORGET)
        # A service worker's own fetches are not throttled: what it saves is not what is asked here.
        self._send("Network.setBypassServiceWorker", bypass=True)
        self._send("Network.setCacheDisabled", cacheDisabled=nothing_kept)
        bytes_a_second = KBIT_A_SECOND * 1000 / 8
        self._send("Network.emulateNetworkConditions", **conditions(bytes_a_second, LATENCY_MS))
        self._now = Fetched()
        self._page.goto("/card")
        wait(lambda: bool(self._page.evaluate(PAINTED)), "the first paint")
        self._settle()
        self._now.paint_ms = float(self._page.evaluate(PAINTED))
        return self._now

    def _settle(self) -> None:
        """Wait until nothing more comes: the icon is fetched behind everything."""
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < 1.5:
            if self._now.requests != seen:
                seen, since = self._now.requests, time.monotonic()
            time.sleep(0.1)

    def _finished(self, event: dict[str, Any]) -> None:
        if event["encodedDataLength"]:  # nothing comes over the wire for what is kept
            self._now.sizes[event["requestId"]] = event["encodedDataLength"]

    def _send(self, method: str, **values: Any) -> None:
        async def send() -> None:
            await self._protocol.send(method, values)

        self._browser.run(send())


def conditions(bytes_a_second: float, latency_ms: int) -> dict[str, Any]:
    return {
        "offline": False,
        "latency": latency_ms,
        "downloadThroughput": bytes_a_second,
        "uploadThroughput": bytes_a_second,
    }


PAINTED = (
    """(performance.getEntriesByName('first-contentful-paint')[0] || {startTime: 0}).startTime"""
)
FORGET = """Promise.all([
  navigator.serviceWorker.getRegistrations().then(function (all) {
    return Promise.all(all.map(function (one) { return one.unregister(); })); }),
  caches.keys().then(function (all) {
    return Promise.all(all.map(function (one) { return caches.delete(one); })); })
]).then(function () { return true; })"""
