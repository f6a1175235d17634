"""下载我的数据: everything that the portal holds on a member, for them alone, on record."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from pypdf import PdfReader
from sqlalchemy import select

from portal.extensions import db
from portal.models import AuditRecord, MessageKind
from portal.rules.corrections import CorrectionField
from portal.rules.scan_checks import Fault, FaultKind, Verdict
from portal.rules.transfers_outside import Destination
from portal.services import audit, corrections, numbers, transfer_expiry, transfers_outside
from portal.services import transfer_deciding as deciding
from portal.services import transfers_inside as inside
from portal.services.checks import check
from portal.services.form_views import PAGE_ROWS
from portal.services.members import PersonalField, plain_field
from portal.services.messages import Letter, send_to_account
from portal.services.scans import current_scan
from portal.services.transaction import writing
from tests.builders import PASSWORD, Browser, World
from tests.services.test_moved_in import MONTH, approve, send


@pytest.fixture
def member(world: World) -> int:
    """Somebody with a form that was looked at and checked, a letter, and an error reported."""
    made = world.add_member(name="安新")
    person = world.member_actor(made)
    world.upload(made)
    scan = current_scan(made)
    assert scan
    assert world.client_of(world.district).get(f"/members/{made}/scan").status_code == 200
    verdict = Verdict((Fault(FaultKind.BLURRED, (2,)),))
    check(world.actor(world.district), made, scan.id, verdict, seen=None)
    with writing():
        send_to_account(person.account_id, Letter(MessageKind.NOTICE, "开会", "周五下午"))
    corrections.report(person, CorrectionField.NAME, proposed="安心", remark="身份证上是心")
    return made


@pytest.fixture
def phone(world: World, member: int) -> Browser:
    return world.client(f"member{member}")


def test_as_json_it_has_everything(world: World, member: int, phone: Browser) -> None:
    answer = phone.post("/card/data", {"password": PASSWORD, "format": "json"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    told = json.loads(answer.text)
    person = {one["key"]: one["value"] for one in told["person"]}
    row = world.member(member)
    assert person["id_number"] == plain_field(row, PersonalField.ID_NUMBER)
    assert person["phone"] == plain_field(row, PersonalField.PHONE)
    assert person["birth_date"] == row.birth_date.isoformat()
    assert person["branch"].endswith("高一(1)班团支部")
    assert person["identity"] == "已认证"
    assert [one["number"] for one in told["numbers"]] == [row.number]
    (form,) = told["forms"]
    assert phone.get(form["file"]).data.startswith(b"%PDF")
    (found,) = told["checks"]
    assert (found["verdict"], found["stands"]) == ("模糊（第 2 页）", True)
    assert told["form_views"][0]["who"].startswith("东城区团区委")
    assert told["messages"][0]["body"] == "周五下午"
    assert told["corrections"][0]["proposed"] == "安心"
    assert told["corrections"][0]["state"] == "等支部处理"
    assert told["account"][0]["login"] == f"member{member}"
    assert told["sign_ins"][0]["address"] == "127.0.0.1"
    assert told["joinings"] == told["transfers"] == told["releases"] == []
    assert told["transfer_steps"] == []
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00", told["made_at"])
    assert "管理员" not in answer.text  # organisations are named, and no persons of them


def test_what_was_asked_and_decided_is_told_step_by_step(
    world: World, member: int, phone: Browser
) -> None:
    branch = world.actor(world.branch)
    first = inside.ask(branch, member, world.sister.id, "升学或转学", "")
    deciding.decline(world.actor(world.sister), first, answer="没有这名学生")
    inside.ask(branch, member, world.far_branch.id, "升学或转学", "")
    with time_machine.travel(datetime.now(UTC) + timedelta(days=11), tick=False):
        transfer_expiry.expire_due()
        inside.ask(branch, member, world.sister.id, "居住地变动", "")
    number = world.member(member).number
    assert number
    with time_machine.travel(datetime.now(UTC) + timedelta(days=22), tick=False):
        transfer_expiry.expire_due()
        numbers.ask(branch, member, number=number, reason="录入时填错了编号")
    told = json.loads(phone.post("/card/data", {"password": PASSWORD, "format": "json"}).text)
    assert [one["state"] for one in told["transfers"]] == ["未同意", "到期未办完", "到期未办完"]
    steps = [
        (one["step"], one["who"], one["words"])
        for one in told["transfer_steps"]
        if one["transfer"] == first
    ]
    assert steps == [
        ("申请", "高一(1)班团支部", "升学或转学"),
        ("不同意", "高一(2)班团支部", "没有这名学生"),
    ]
    assert told["transfer_steps"][-1]["who"] == "系统"
    assert [one["state"] for one in told["releases"]] == ["待处理"]


def test_who_moved_in_finds_what_they_brought(world: World) -> None:
    joiner = world.applicant(born_before=MONTH)
    approve(world, send(world, joiner))
    own = world.client(joiner.login)
    told = json.loads(own.post("/card/data", {"password": PASSWORD, "format": "json"}).text)
    (application,) = told["joinings"]
    assert application["former"] == "河北 石家庄市某中学团委高二（3）班团支部"
    assert application["proof"].startswith("外部系统的转接回执 HB-0137（")


def test_who_registered_here_and_goes_outside_finds_both(world: World) -> None:
    joiner = world.applicant()
    made = approve(world, world.apply(joiner))
    world.upload(made)
    where = Destination("天津", "天津市河西区某中学团委", "李老师 022-00000009")
    transfers_outside.ask(world.actor(world.branch), made, where, "升学或转学", "")
    own = world.client(joiner.login)
    told = json.loads(own.post("/card/data", {"password": PASSWORD, "format": "json"}).text)
    (application,) = told["joinings"]
    assert (application["former"], application["proof"]) == ("", None)
    (moving,) = told["transfers"]
    assert "天津 天津市河西区某中学团委" in moving.values()


def test_all_who_looked_are_named_however_many(world: World, member: int, phone: Browser) -> None:
    scan = current_scan(member)
    assert scan
    city, looks = world.actor(world.municipal), PAGE_ROWS + 3
    with time_machine.travel(datetime.now(UTC), tick=False) as time:
        for _ in range(looks):
            time.shift(timedelta(minutes=11))
            with writing():
                audit.record_view(city, audit.Event.SCAN_VIEWED, member_id=member, scan_id=scan.id)
    told = json.loads(phone.post("/card/data", {"password": PASSWORD, "format": "json"}).text)
    who = [one["who"] for one in told["form_views"]]
    assert who.count(f"{world.municipal.name} 工作人员") == looks
    assert who[-1].startswith("东城区团区委")


def test_as_pdf_it_says_the_same(world: World, member: int, phone: Browser) -> None:
    answer = phone.post("/card/data", {"password": PASSWORD, "format": "pdf"})
    assert answer.mimetype == "application/pdf"
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    text = "".join(text.split())
    row = world.member(member)
    for words in (
        "安新",
        plain_field(row, PersonalField.PHONE),
        "周五下午",
        "谁看过我的入团志愿书",
    ):
        assert words in text


def test_it_asks_for_the_password_and_wrong_ones_are_counted(member: int, phone: Browser) -> None:
    assert "现在的密码" in phone.get("/card/data").text
    for _ in range(5):
        wrong = phone.post("/card/data", {"password": "another one", "format": "json"})
        assert wrong.status_code == 422
        assert "身份证" in wrong.text
    assert phone.post("/card/data", {"password": PASSWORD, "format": "json"}).status_code == 429


def test_that_it_was_taken_is_on_record_without_what_it_says(
    world: World, member: int, phone: Browser
) -> None:
    phone.post("/card/data", {"password": PASSWORD, "format": "json"})
    (line,) = db.session.scalars(select(AuditRecord).where(AuditRecord.event == "own data taken"))
    assert (line.member_id, line.detail) == (member, {"format": "json"})
    assert "下载了自己的全部数据（JSON）" in world.client_of(world.branch).get("/record/").text


def test_the_documentation_names_every_chapter_and_column(phone: Browser) -> None:
    from tests.browser.drivers import ROOT

    text = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")
    told = json.loads(phone.post("/card/data", {"password": PASSWORD, "format": "json"}).text)
    for key, rows in told.items():
        assert f"`{key}`" in text
        for row in rows if isinstance(rows, list) else ():
            assert all(f"`{column}`" in text for column in row)


def test_many_phones_behind_one_address_do_not_stop_each_other(world: World) -> None:
    for _ in range(8):
        browser = world.client(world.member_actor(world.add_member()).login)
        answer = browser.post("/card/data", {"password": PASSWORD, "format": "json"})
        assert answer.status_code == 200
