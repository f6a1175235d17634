"""The server is killed (SIGKILL) at each step of an upload; afterwards nothing is half-done.

A real waitress in a process of its own; around the real functions of the steps stand wrappers that
kill the process before or after the call. Then: each row's file is there with its hash, the old
form is current or the new one, and a sweep leaves no other file.
"""

from __future__ import annotations

import io
import re
import shutil
import signal
import socket
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal.extensions import db
from portal.models import Scan, ScanState
from portal.runtime import runtime
from portal.services import fsck
from portal.services.sweep import sweep
from tests import scans as files
from tests.builders import PASSWORD, TEST_MEMORY_KIB, World
from tests.conftest import KEY
from tests.deploy import killer

STEPS = {
    "1 before the permission": ("portal.services.scans", "require_upload", "before"),
    "2 before receiving": ("portal.storage.local.LocalStore", "receive", "before"),
    "2 while receiving": ("portal.storage.base.Incoming", "write", "after"),
    "3 before inspecting": ("portal.pdf.sandbox.Sandbox", "inspect", "before"),
    "3 after inspecting": ("portal.pdf.sandbox.Sandbox", "inspect", "after"),
    "4 before keeping": ("portal.storage.local.LocalStore", "keep", "before"),
    "4 after keeping": ("portal.storage.local.LocalStore", "keep", "after"),
    "5 before the rows": ("portal.services.scans", "_make_current", "before"),
    "5 in the transaction": ("portal.services.audit", "record", "after"),
    "5 after the commit": ("portal.services.scans", "_make_current", "after"),
    "6 before the answer": ("portal.services.pictures", "page_picture", "never"),
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Person:
    """Just enough of a browser for a server that may die while it answers."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def wait(self) -> None:
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            try:
                self.opener.open(self.address + "/healthz", timeout=2).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the server does not start")

    def token(self) -> str:
        page = self.opener.open(self.address + "/sign-in").read().decode()
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found
        return found[1]

    def sign_in(self, login: str) -> None:
        body = f"csrf_token={self.token()}&login={login}&password={PASSWORD.replace(' ', '+')}"
        self.opener.open(self.address + "/sign-in", body.encode()).close()

    def upload(self, member: int, content: bytes) -> None:
        line = "--frontier"
        body = io.BytesIO()
        body.write(
            f'{line}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{self.token()}\r\n'
            f'{line}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'.encode()
        )
        body.write(content + f"\r\n{line}--\r\n".encode())
        request = urllib.request.Request(
            f"{self.address}/members/{member}/scan",
            body.getvalue(),
            {"Content-Type": "multipart/form-data; boundary=frontier", "HX-Request": "true"},
        )
        self.opener.open(request, timeout=30).close()


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_leaves_the_old_form_or_the_new_one(
    world: World, app: Flask, step: str
) -> None:
    member = world.add_member()
    old = world.upload(member, files.good_scan(2)).scan_id
    db.session.remove()
    port = free_port()
    instance = app.extensions["portal"].settings.instance
    process = killer.start(
        port,
        STEPS[step],
        instance=instance,
        secret_key=KEY,
        log_level="ERROR",
        password_memory_kib=TEST_MEMORY_KIB,
    )
    try:
        person = Person(port)
        person.wait()
        person.sign_in(f"login{world.branch.id}")
        dies = STEPS[step][2] != "never"
        if dies:
            with pytest.raises(OSError):  # noqa: PT011 (the line is lost, however)
                person.upload(member, files.good_scan(3))
            process.join(timeout=10)
            assert process.exitcode == -signal.SIGKILL
        else:
            person.upload(member, files.good_scan(3))
    finally:
        process.kill()
        process.join()

    current = db.session.scalars(
        select(Scan).where(Scan.member_id == member, Scan.state == ScanState.CURRENT)
    ).one()
    replaced = step in ("5 after the commit", "6 before the answer")
    assert (current.id != old) is replaced
    db.session.rollback()
    left = [finding for finding in fsck.check() if finding.text != "no row names this file"]
    assert left == []
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2), tick=False):
        sweep()
    assert fsck.check() == []
    assert list(Path(runtime().settings.instance, "store", "incoming").iterdir()) == []
    shutil.rmtree(instance / "static", ignore_errors=True)
