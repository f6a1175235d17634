"""One small interface over two ways to drive a browser, so that one story runs in every engine.

Playwright drives today's Chromium; what it runs inside a page needs a newer engine than 86 and 69,
which pyppeteer drives. Only what the stories need is here. ``seen`` is what stands on
the screen, as a PNG.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol, TypeVar

from playwright.sync_api import Error as PlaywrightError
from pyppeteer.errors import NetworkError

ROOT = Path(__file__).resolve().parent.parent.parent
ENGINES = ROOT / ".cache" / "engines"
PICTURES = ROOT / "build" / "pictures"
WRITES_PICTURES = bool(os.environ.get("PORTAL_WRITE_PICTURES"))
"""Taking them takes a minute of a processor, and nothing is asserted of them."""
SECONDS = 15
T = TypeVar("T")

# 69 starts only with one process for all; 86 loses that process when a page is closed.
FLAGS_69 = ["--no-sandbox", "--disable-gpu", "--single-process", "--no-zygote", "--lang=zh-CN"]
FLAGS_86 = ["--no-sandbox", "--disable-gpu", "--lang=zh-CN"]
NEW_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
]


class Driver(Protocol):
    """A page in a browser. Selectors are CSS."""

    errors: list[str]
    engine: str

    def goto(self, path: str) -> None: ...
    def reload(self) -> None: ...
    def back(self) -> None: ...
    def fill(self, selector: str, text: str) -> None: ...
    def select(self, selector: str, value: str) -> None: ...
    def click(self, selector: str) -> None: ...
    def press(self, key: str) -> None: ...
    def type(self, text: str) -> None: ...
    def choose_file(self, selector: str, path: Path) -> None: ...
    def text(self, selector: str) -> str: ...
    def count(self, selector: str) -> int: ...
    def evaluate(self, script: str) -> Any: ...
    def viewport(self, width: int, height: int) -> None: ...
    def picture(self, name: str, *, whole: bool = False) -> None: ...
    def seen(self) -> bytes: ...
    def offline(self, off: bool) -> None: ...
    def url(self) -> str: ...
    def close(self) -> None: ...


def wait(condition: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    """Wait until a condition holds; no fixed sleeping."""
    ends, pause = time.monotonic() + seconds, 0.02
    while time.monotonic() < ends:
        try:
            if condition():
                return
        except (NetworkError, PlaywrightError) as error:
            # The page is just being replaced by the next one.
            if isinstance(error, PlaywrightError) and "context was destroyed" not in str(error):
                raise
        time.sleep(pause)
        pause = min(
            0.1, 1.5 * pause
        )  # asking takes the browser's time, and that of who waits for it
    raise AssertionError(f"waited {seconds:.0f} s for: {what}")


def wait_text(page: Driver, selector: str, text: str) -> None:
    """Wait until an element holds a text."""

    def there() -> bool:
        return page.count(selector) > 0 and text in page.text(selector)

    try:
        wait(there, f"{text!r} in {selector}")
    except AssertionError as error:
        seen = page.text("body")
        raise AssertionError(f"{error}; the page says: {seen[:1500]}") from None


def wait_gone(page: Driver, selector: str) -> None:
    wait(lambda: page.count(selector) == 0, f"{selector} gone")


def tab_to(page: Driver, selector: str, most: int = 120) -> None:
    """Press Tab until what ``selector`` names has the focus, as who has no mouse does."""
    is_there = f"document.activeElement.matches({json.dumps(selector)})"
    for _ in range(most):
        if page.evaluate(is_there):
            return
        page.press("Tab")
    raise AssertionError(f"no way to {selector} by {most} times Tab")


class PlaywrightPage:
    """Chromium of today."""

    def __init__(self, browser: Any, base: str, engine: str, *, javascript: bool = True) -> None:
        self.engine = engine
        self.errors: list[str] = []
        self._base = base
        self._context = browser.new_context(
            viewport={"width": 1366, "height": 768}, java_script_enabled=javascript, locale="zh-CN"
        )
        self._context.set_default_timeout(SECONDS * 1000)
        self.page = self._context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: dialog.accept())

    def _on_console(self, message: Any) -> None:
        # Browser and htmx log requests that were refused or lost; the stories look at what is shown.
        expected = message.text.startswith(("Failed to load resource", "htmx:"))
        if message.type == "error" and not expected:
            self.errors.append(message.text)

    def goto(self, path: str) -> None:
        self.page.goto(self._base + path)

    def reload(self) -> None:
        self.page.reload()

    def back(self) -> None:
        self.page.go_back()

    def fill(self, selector: str, text: str) -> None:
        self.page.fill(selector, text)

    def select(self, selector: str, value: str) -> None:
        self.page.select_option(selector, value)

    def click(self, selector: str) -> None:
        self.page.click(selector)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def choose_file(self, selector: str, path: Path) -> None:
        self.page.locator(selector).first.set_input_files(path)

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).first.inner_text())

    def count(self, selector: str) -> int:
        return int(self.page.locator(selector).count())

    def evaluate(self, script: str) -> Any:
        return self.page.evaluate(script)

    def viewport(self, width: int, height: int) -> None:
        self.page.set_viewport_size({"width": width, "height": height})

    def picture(self, name: str, *, whole: bool = False) -> None:
        if WRITES_PICTURES:
            self.page.screenshot(path=PICTURES / f"{name}.png", full_page=whole)

    def seen(self) -> bytes:
        return bytes(self.page.screenshot())

    def offline(self, off: bool) -> None:
        self._context.set_offline(off)

    def url(self) -> str:
        return str(self.evaluate("location.pathname + location.search"))

    def close(self) -> None:
        self._context.close()


class OldBrowser:
    """Chromium 69 and 86 through pyppeteer, whose event loop runs in a thread of its own."""

    def __init__(self, executable: Path, flags: list[str]) -> None:
        self._flags = flags
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.browser = self.run(self._launch(executable))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=60)

    async def _launch(self, executable: Path) -> Any:
        from pyppeteer.launcher import Launcher

        launcher = Launcher(
            executablePath=str(executable),
            headless=True,
            args=self._flags,
            handleSIGINT=False,
            handleSIGTERM=False,
            handleSIGHUP=False,
            autoClose=False,
        )
        return await launcher.launch()

    def close(self) -> None:
        self.run(self.browser.close())
        self.loop.call_soon_threadsafe(self.loop.stop)


class PyppeteerPage:
    """A page of Chromium 69 or 86."""

    def __init__(self, old: OldBrowser, base: str, engine: str) -> None:
        self.engine = engine
        self.errors: list[str] = []
        self._old, self._base = old, base
        self.page = old.run(old.browser.newPage())
        self.page.setDefaultNavigationTimeout(SECONDS * 1000)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        self.viewport(1366, 768)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._old.run(work)

    def goto(self, path: str) -> None:
        self._run(self.page.goto(self._base + path))

    def reload(self) -> None:
        self._run(self.page.reload())

    def back(self) -> None:
        self._run(self.page.goBack())

    def fill(self, selector: str, text: str) -> None:
        # Chromium 69 can't be told to type what has no key.
        typed = "" if self.engine == "chromium69" and not text.isascii() else text
        put = "" if typed else text
        script = (
            "(s, text) => { var e = document.querySelector(s); e.focus(); e.value = text; "
            "if (text) { e.dispatchEvent(new Event('input', {bubbles: true})); } }"
        )
        self._run(self.page.evaluate(script, selector, put))
        self._run(self.page.type(selector, typed))

    def select(self, selector: str, value: str) -> None:
        self._run(self.page.select(selector, value))

    def click(self, selector: str) -> None:
        wait(lambda: self.count(selector) > 0, selector)
        before = self.evaluate("document.documentElement.dataset.seen = '1'")
        assert before == "1"
        self._run(self.page.click(selector))
        # A click that leads to another page: wait for it, as Playwright does by itself.
        self._run(asyncio.sleep(0.15))
        wait(lambda: self._ready(), "the page after a click")

    def _ready(self) -> bool:
        return bool(self.evaluate("document.readyState === 'complete'"))

    def press(self, key: str) -> None:
        self._run(self.page.keyboard.press(key))

    def type(self, text: str) -> None:
        self._run(self.page.keyboard.type(text))

    def choose_file(self, selector: str, path: Path) -> None:
        async def choose() -> None:
            element = await self.page.querySelector(selector)
            await element.uploadFile(str(path))

        self._run(choose())

    def text(self, selector: str) -> str:
        script = "(s) => { var e = document.querySelector(s); return e ? e.innerText : ''; }"
        return str(self._run(self.page.evaluate(script, selector)))

    def count(self, selector: str) -> int:
        script = "(s) => document.querySelectorAll(s).length"
        return int(self._run(self.page.evaluate(script, selector)))

    def evaluate(self, script: str) -> Any:
        return self._run(self.page.evaluate(script))

    def viewport(self, width: int, height: int) -> None:
        self._run(self.page.setViewport({"width": width, "height": height}))

    def picture(self, name: str, *, whole: bool = False) -> None:
        path = PICTURES / f"{name}.png"
        if WRITES_PICTURES:
            self._run(self.page.screenshot({"path": str(path), "fullPage": whole}))

    def seen(self) -> bytes:
        return bytes(self._run(self.page.screenshot()))

    def offline(self, off: bool) -> None:
        self._run(self.page.setOfflineMode(off))

    def url(self) -> str:
        return str(self.evaluate("location.pathname + location.search"))

    def close(self) -> None:
        self._run(self.page.close())
