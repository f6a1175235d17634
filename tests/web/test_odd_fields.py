"""Hand-made requests to 检查, 站内信, 催办, 拍照, 整理 and 统计报表: odd values in every field.

None ends in a fault of the server, on either database, and no row comes to the tables below. Most
of what is sent holds another fault too, so that it is refused: what goes through is other tests'.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from portal.extensions import db
from portal.models import (
    CheckItem,
    CheckRound,
    LetterDraft,
    Message,
    ReportRun,
    RoundChoice,
    Scan,
    ScanCheck,
)
from portal.rules.progress import Period
from portal.services import round_making
from portal.services.round_making import RoundWish
from tests import scans as files
from tests.builders import Browser, World

pytestmark = pytest.mark.usefixtures("database")

ODD = (
    "长" * 10_000,
    "9" * 30,
    "9" * 5000,
    "-1",
    "9223372036854775808",
    "2147483648",
    "0000-00-00",
    "0001-01",
    "9999-12",
    "9999-12-31",
    "²",
    "\ufffe\udc80".encode("utf-8", "surrogatepass"),
    b"\xff\xfe\x80",
    "\u202e%' OR 1=1 --",
)
URLENCODED = "application/x-www-form-urlencoded"
TABLES = (CheckItem, CheckRound, LetterDraft, Message, ReportRun, Scan, ScanCheck)


def stored() -> list[int]:
    db.session.rollback()
    return [db.session.scalar(select(func.count()).select_from(one)) or 0 for one in TABLES]


def odd_forms(fields: dict[str, str]) -> Iterator[dict[str, Any]]:
    for name in fields:
        for value in ODD:
            yield {**fields, name: value}


def asks(browser: Browser, path: str, fields: dict[str, str], faults: list[str]) -> None:
    for form in odd_forms(fields):
        address = f"{path}?{urlencode(form)}"
        if browser.get(address).status_code >= 500:
            faults.append(f"GET {address[:90]}")


def sends(browser: Browser, path: str, fields: dict[str, str], faults: list[str]) -> None:
    for form in odd_forms(fields):
        body = urlencode({**form, "csrf_token": browser.token()})
        sent = browser.client.post(path, data=body, content_type=URLENCODED)
        if sent.status_code >= 500:
            faults.append(f"POST {path} {body[:90]}")


@pytest.fixture
def round_id(world: World) -> int:
    member = world.add_member(name="安新")
    world.upload(member, files.good_scan(2))
    wish = RoundWish(world.district.id, RoundChoice.ALL, None, Period())
    return round_making.make_round(world.actor(world.district), wish, "a" * 20)


def test_what_a_committee_can_ask(world: World, round_id: int) -> None:
    officer = world.client_of(world.district)
    faults: list[str] = []
    member = db.session.scalar(select(CheckItem.member_id))
    before = stored()
    for path, names in {
        "/checks/": ["before"],
        "/checks/new": ["organisation", "choice", "from", "to"],
        f"/checks/{round_id}/next": ["after"],
        "/progress/": ["from", "to", "sort", "order", "day", "busy"],
        f"/progress/{world.district.id}/members": ["count", "from", "to", "after"],
        "/reports/missing": ["organisation", "from", "to"],
        "/reports/irregular": ["organisation", "from", "to"],
        "/reports/progress": ["organisation", "from", "to"],
        "/reports/roster": ["organisation", "from", "to"],
        "/reports/checks": ["organisation", "from", "to"],
        "/reports/releases": ["organisation", "from", "to"],
        "/reports/archive": ["organisation", "from", "to"],
        "/reports/brief": ["organisation", "last_month"],
        "/messages/": ["before", "kind", "unread"],
        "/messages/sent": ["before"],
        "/messages/new": ["to", "q"],
        f"/members/{member}/scan/check": ["page"],
        f"/members/{member}/scan/findings": ["page"],
        "/verify": ["code", "mark"],
    }.items():
        fields = dict.fromkeys(names, "1")
        if "count" in fields:
            fields["count"] = "new"
        if "organisation" in fields:
            fields["organisation"] = str(world.district.id)
        for month in ("from", "to"):
            if month in fields:
                fields[month] = ""
        asks(officer, path, fields, faults)
    for path in (
        f"/checks/{'9' * 30}",
        f"/checks/{round_id}/forms/{'9' * 30}",
        "/checks/1/forms/0",
    ):
        assert officer.get(path).status_code == 404
    assert faults == []
    assert stored() == before


def test_what_a_committee_can_send(world: World, round_id: int) -> None:
    officer = world.client_of(world.district)
    faults: list[str] = []
    member, scan = db.session.execute(
        select(CheckItem.member_id, Scan.id).join(Scan, Scan.member_id == CheckItem.member_id)
    ).one()
    before = stored()
    check = {
        "scan": str(scan + 9),
        "seen": "0",
        "result": "faults",
        "blurred-pages": "9",
        "remark": "",
    }
    sends(officer, f"/members/{member}/scan/check", check, faults)
    sends(officer, f"/checks/{round_id}/forms/1", check, faults)
    sends(officer, f"/members/{member}/scan/check/undo", {"check": "0"}, faults)
    wish = {
        "choice": "",
        "organisation": "1",
        "from": "",
        "to": "",
        "some_of_each-amount": "",
        "share-amount": "",
        "token": "x",
    }
    sends(officer, "/checks/new", wish, faults)
    sends(
        officer,
        f"/progress/{world.district.id}/urge",
        {"text": "", "again": "", "token": ""},
        faults,
    )
    report = {"organisation": "0", "from": "x", "to": "", "unmasked": "", "reason": ""}
    sends(officer, "/reports/missing", report, faults)
    letter = {"to": "organisation-0", "subject": "", "body": "", "step": ""}
    sends(officer, f"/messages/letters/{'a' * 20}", letter, faults)
    sends(officer, f"/messages/letters/{'a' * 20}/discard", {"x": ""}, faults)
    sends(officer, "/reports/runs/1/cancel", {"x": ""}, faults)
    assert faults == []
    assert stored() == before


def test_what_a_branch_can_send(world: World, round_id: int) -> None:
    branch = world.client_of(world.branch)
    faults: list[str] = []
    member = db.session.scalar(select(CheckItem.member_id))
    before = stored()
    at = f"/members/{member}/scan"
    asks(branch, f"{at}/photos", {"pages": "1", "do": ""}, faults)
    asks(branch, f"{at}/arrange", {"pages": "1", "do": "", "scan": "1"}, faults)
    asks(branch, f"{at}/findings", {"page": "1"}, faults)
    sends(branch, f"{at}/photos/order", {"pages": ""}, faults)
    sends(branch, f"{at}/photos/file", {"pages": ""}, faults)
    sends(branch, f"{at}/photos/form", {"name": ""}, faults)
    sends(branch, f"{at}/compress/form", {"name": ""}, faults)
    sends(branch, f"{at}/arrange", {"pages": "", "scan": "0", "do": ""}, faults)
    sends(branch, f"{at}/arrange/restore", {"scan": "0"}, faults)
    sends(branch, f"{at}/findings/aside", {"scan": "0", "kind": "blurred", "page": "1"}, faults)
    sends(branch, f"{at}/findings/back", {"scan": "0", "kind": "blurred", "page": "1"}, faults)
    assert branch.get(f"{at}/photos/{'9' * 30}.jpg").status_code == 404
    assert faults == []
    assert stored() == before
