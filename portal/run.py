"""``bin/run``: migrates, loads the demo into an empty instance, runs server and worker together.

One process tree. This process imports the portal once and forks what it runs, because importing is
most of a start; it opens no database itself, so that no connection is shared across a fork. When
server or worker ends, or Ctrl-C is pressed, all of it ends.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

from portal import serve, worker
from portal.application import create_app
from portal.services.installation import content_of, migrate
from portal.settings import Mode, Settings, settings_or_exit

START_SECONDS = 60
STOP_SECONDS = 10


def main() -> None:
    """Parse, prepare, run."""
    asked = _arguments()
    os.environ["PORTAL_INSTANCE"] = str(Path(asked.instance).absolute())
    settings = settings_or_exit()
    _require_free(asked.host, asked.port)
    signal.signal(signal.SIGTERM, _interrupt)
    prepared = _fork("prepare", _prepare, settings, asked.empty)
    running: list[ForkProcess] = [prepared]
    try:
        prepared.join()
        if prepared.exitcode:
            raise SystemExit(prepared.exitcode)
        running = [
            _fork("server", serve.run, settings, asked.host, asked.port),
            _fork("worker", worker.run, settings),
        ]
        address = f"http://{asked.host}:{asked.port}/"
        threading.Thread(target=_announce, args=(address, settings), daemon=True).start()
        wait([process.sentinel for process in running])
        ended = next(process for process in running if process.exitcode is not None)
        print(f"{ended.name} ended by itself, see above", file=sys.stderr)
        raise SystemExit(ended.exitcode or 1)
    except KeyboardInterrupt:
        pass
    finally:
        _end(running)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _fork(name: str, work: Callable[..., None], *arguments: Any) -> ForkProcess:
    def child() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        work(*arguments)

    process = multiprocessing.get_context("fork").Process(target=child, name=name)
    process.start()
    return process


def _end(running: list[ForkProcess]) -> None:
    """Ask all that still runs to end, and make an end of what does not."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave one behind
    for process in running:
        if process.is_alive():
            process.terminate()
    for process in running:
        process.join(STOP_SECONDS)
        if process.is_alive():
            process.kill()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/run", description="Run the portal.")
    parser.add_argument("--port", type=int, default=8000, help="default 8000")
    parser.add_argument("--host", default="127.0.0.1", help="default 127.0.0.1")
    parser.add_argument(
        "--instance", default="instance", metavar="DIR", help="the installation's own data"
    )
    parser.add_argument(
        "--empty", action="store_true", help="no demo; bin/flask init makes the first account"
    )
    return parser.parse_args()


def _require_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            print(f"--host/--port: cannot listen on {host}:{port} ({error})", file=sys.stderr)
            raise SystemExit(2) from None


def _prepare(settings: Settings, empty: bool) -> None:
    app = create_app(settings)
    with app.app_context():
        migrate()
        content = content_of()
        if settings.mode is Mode.PRODUCTION and content == "demo":
            print("PORTAL_MODE: production refuses a database with demo data", file=sys.stderr)
            raise SystemExit(2)
        if content is None and not empty and settings.mode is Mode.DEMO:
            from portal.demo.load import load_demo  # draws forms: loaded for the first start alone

            print("正在生成演示数据（虚构的组织和团员）…", flush=True)
            load_demo(progress=lambda text: print(f"  {text}", flush=True))
        elif content is None:
            print("数据库是空的。请用 bin/flask init 建立第一个团市委账号。", flush=True)


def _announce(address: str, settings: Settings) -> None:
    """Say where the portal is, once it answers."""
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        try:
            with urllib.request.urlopen(address + "healthz", timeout=2):  # noqa: S310 (our own)
                break
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    else:
        print(f"{address} 在 {START_SECONDS} 秒内没有回应，请看上面的日志。", flush=True)
        return
    lines = [address]
    accounts = settings.instance / "demo-accounts.json"
    if accounts.exists():
        lines.append("演示账号（密码只在这台机器上有效）：")
        for one in json.loads(accounts.read_text(encoding="utf-8")):
            lines.append(f"  {one['login']:<14} {one['password']:<16} {one['who']}")
    lines.append("按 Ctrl-C 结束。")
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
