"""The portal on a phone's start screen: manifest, icons, service worker, offline page."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path

import pytest

from portal.blueprints.installing.views import KEPT_FILES
from tests.builders import World
from tests.icons import ICONS, draw, pixels

FOLDER = Path(__file__).parent.parent.parent / "portal" / "static" / "icons"


def test_the_manifest_names_what_there_is(world: World) -> None:
    browser = world.client()
    answer = browser.get("/manifest.webmanifest")
    assert answer.mimetype == "application/manifest+json"
    told = json.loads(answer.text)
    assert (told["start_url"], told["scope"], told["display"]) == ("/card", "/", "standalone")
    assert {one["purpose"] for one in told["icons"]} == {"any", "maskable"}
    for icon in told["icons"]:
        sent = browser.get(icon["src"])
        assert sent.status_code == 200
        side, _ = pixels(sent.data)
        assert icon["sizes"] == f"{side}x{side}"


@pytest.mark.parametrize("name", ICONS)
def test_the_icons_are_as_they_are_drawn(name: str) -> None:
    drawn = draw(*ICONS[name])
    if os.environ.get("PORTAL_WRITE_ICONS"):
        (FOLDER / name).write_bytes(drawn)
    assert (FOLDER / name).read_bytes() == drawn
    assert len(drawn) < 8_000


def test_a_maskable_icon_stands_within_what_a_launcher_leaves() -> None:
    side, shades = pixels((FOLDER / "maskable-512.png").read_bytes())
    drawn = [
        math.hypot(x - side / 2, y - side / 2)
        for y, row in enumerate(shades)
        for x, shade in enumerate(row)
        if shade
    ]
    assert 0.3 * side < max(drawn) <= 0.4 * side


def test_the_worker_keeps_files_that_are_there_and_may_be_kept(world: World) -> None:
    browser = world.client()
    answer = browser.get("/service-worker.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    found = re.search(r"var KEPT = (\[.*\]);", answer.text)
    assert found
    kept = json.loads(found[1])
    assert len(kept) == len(KEPT_FILES)
    for path in [*kept, "/offline"]:
        sent = browser.get(path)
        assert sent.status_code == 200
        assert "no-store" not in sent.headers["Cache-Control"]


def test_the_offline_page_knows_nobody(world: World) -> None:
    member = world.add_member(name="安新")
    nobody, person = world.client(), world.client(world.member_actor(member).login)
    told = person.get("/offline")
    assert told.text == nobody.get("/offline").text
    assert "安新" not in told.text
    assert "Set-Cookie" not in nobody.get("/offline").headers
    assert "再试一次" in told.text
    assert person.get("/service-worker.js").text == nobody.get("/service-worker.js").text


def test_members_are_offered_it_and_staff_are_not(world: World) -> None:
    member = world.member_actor(world.add_member())
    assert 'rel="manifest"' in world.client(member.login).get("/card").text
    assert 'rel="manifest"' in world.client().get("/sign-in").text
    assert 'rel="manifest"' not in world.client_of(world.branch).get("/home").text
