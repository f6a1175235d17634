"""团员电子档案证明: one page of one member, for those in charge of them and for themselves."""

from __future__ import annotations

import csv
import io
from datetime import date

import openpyxl
import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select

from portal.access import Actor
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import AuditRecord, ReportRun
from portal.reports import making, pages
from portal.reports.certificate import REPORT
from portal.reports.report import Asked
from portal.rules.leaving import Leaving, LeavingReason
from portal.rules.member_number import group_number
from portal.runtime import runtime
from portal.services import leaving
from portal.services.members import PersonalField, plain_field
from tests.builders import World
from tests.reports.fonts import missing_glyphs
from tests.reports.given import given_file
from tests.typeset import joined

RARE = "𠅤𬱖·買買提𣲚<b>李</b>"
"""Han of plane 2, a middle dot, and what would be markup."""


def certified(world: World, actor: Actor, member: int) -> ReportRun:
    asked = Asked(world.member(member).branch_id, member_id=member)
    return making.order(actor, REPORT, asked, address="http://portal")


def pdf_of(actor: Actor, run: ReportRun) -> PdfReader:
    made = given_file(actor, run, "pdf")
    assert made is not None
    return PdfReader(io.BytesIO(made))


def said(world: World, actor: Actor, member: int) -> dict[str, str]:
    asked = Asked(world.member(member).branch_id, member_id=member)
    rows = making.preview(actor, REPORT, asked).content.sections[0].rows
    return {str(row[0]): str(row[1]) for row in rows}


def test_it_says_what_is_stored_in_each_format(world: World, database: str) -> None:
    member = world.add_member(world.branch, name="张三")
    world.upload(member)
    actor = world.actor(world.district)
    run = certified(world, actor, member)
    stored = world.member(member)
    assert stored.number is not None
    number = group_number(stored.number)
    (page,) = pdf_of(actor, run).pages
    text = page.extract_text().replace("\n", "")
    id_number = plain_field(stored, PersonalField.ID_NUMBER)
    assert id_number not in text
    for words in (
        "团员电子档案证明",
        "张三",
        number,
        id_number[:4] + "●●●●●●",
        "已认证",
        "高一(1)班团支部",
    ):
        assert words in text
    sheet = given_file(actor, run, "xlsx")
    assert sheet is not None
    cells = list(openpyxl.load_workbook(io.BytesIO(sheet)).active.values)
    assert ("团员编号", number) in [row[:2] for row in cells]
    lines = given_file(actor, run, "csv")
    assert lines is not None
    rows = list(csv.reader(io.StringIO(lines.decode("utf-8-sig"))))
    assert ["团员身份认证", "已认证"] in rows
    assert said(world, actor, member)["电子版《入团志愿书》"].startswith("已上传，共 ")


def test_what_stands_against_it_is_written_on_it(world: World) -> None:
    actor = world.actor(world.branch)
    without_form = world.add_member(world.branch)
    irregular = world.add_member(world.branch, number=None)
    old = world.add_member(world.branch, number=None, joined=date(2015, 5, 1))
    state = "团员身份认证"
    assert said(world, actor, without_form)[state] == "未认证（未上传入团志愿书）"
    assert said(world, actor, irregular)[state] == "未认证（编号不规范：编号缺失）"
    assert said(world, actor, old)[state] == "已认证"
    assert said(world, actor, old)["电子版《入团志愿书》"].startswith("不需要")
    leaving.set_aside(actor, old, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    assert said(world, actor, old)[state] == "未认证（已移出：退团或离团）"


def test_nobody_certifies_who_is_not_theirs(world: World) -> None:
    member, other = world.add_member(world.branch), world.add_member(world.branch)
    asked = Asked(world.branch.id, member_id=member)
    for actor in (
        world.actor(world.sister),
        world.actor(world.other_district),
        world.member_actor(other),
    ):
        with pytest.raises(NotFound):
            making.order(actor, REPORT, asked)
    with pytest.raises(NotFound):
        making.order(world.actor(world.branch), REPORT, Asked(world.branch.id))
    with pytest.raises(NotAllowed):
        making.order(world.applicant(), REPORT, asked)


def test_a_member_makes_their_own_on_the_phone_and_opens_it(world: World) -> None:
    member = world.add_member(world.branch, name="欧阳娜娜")
    world.upload(member)
    actor = world.member_actor(member)
    browser = world.client(actor.login)
    assert f"/members/{member}/certificate" in browser.get("/card").text
    page = browser.get(f"/members/{member}/certificate").text
    assert "欧阳娜娜" in page
    answer = browser.post(f"/members/{member}/certificate")
    assert answer.status_code == 303
    shown = browser.get(answer.location).text
    assert "打开 PDF" in shown
    assert "统计报表" not in shown  # a page that a member does not have
    made = browser.get(f"{answer.location}/file.pdf")
    assert made.status_code == 200
    assert len(PdfReader(io.BytesIO(made.data)).pages) == 1


def test_whoever_verifies_it_sees_the_masked_name_and_what_it_said(world: World) -> None:
    member = world.add_member(world.branch, name="欧阳娜娜")
    run = certified(world, world.member_actor(member), member)
    stored = world.member(member)
    shown = world.client(None).get(pages.verify_path(run)).text
    assert "欧●" in shown
    assert "未认证（未上传入团志愿书）" in shown
    assert "校验码一致" in shown
    assert stored.number is not None
    for hidden in ("欧阳", "娜娜", group_number(stored.number), stored.number):
        assert hidden not in shown


def test_it_goes_on_record_with_whom_it_is_about(world: World) -> None:
    member = world.add_member(world.branch)
    actor = world.actor(world.district)
    pdf_of(actor, certified(world, actor, member))
    lines = db.session.scalars(
        select(AuditRecord.event).where(AuditRecord.member_id == member).order_by(AuditRecord.id)
    )
    assert list(lines) == ["report made", "report opened"]


def test_rare_and_long_names_stand_on_one_page_with_every_glyph(world: World) -> None:
    member = world.add_member(world.branch, name=RARE)
    actor = world.actor(world.branch)
    made = given_file(actor, certified(world, actor, member), "pdf")
    assert made is not None
    reader = PdfReader(io.BytesIO(made))
    assert len(reader.pages) == 1
    assert RARE in reader.pages[0].extract_text().replace("\n", "")
    assert missing_glyphs(made) == []
    long = world.add_member(world.branch, name="买" * 50)
    assert len(pdf_of(actor, certified(world, actor, long)).pages) == 1


def test_the_page_tells_a_member_what_to_do(world: World) -> None:
    member = world.add_member(world.branch)
    actor = world.member_actor(member)
    page = world.client(actor.login).get(f"/members/{member}/certificate").text
    assert "未上传入团志愿书。请联系本支部上传《入团志愿书》。" in page
    staff = world.client_of(world.branch)
    assert "按团员生成" in staff.get("/reports/certificate").text


def test_a_character_that_no_font_has_would_be_found(app: Flask) -> None:
    """So that "every glyph" above can fail: U+E000 is nobody's."""
    style = "<style>body { font-family: 'Noto Serif CJK SC' }</style>"
    part = runtime().typesetter.part(f'<html lang="zh-CN"><title>x</title>{style}<p>好\ue000')
    assert missing_glyphs(joined(runtime().typesetter, [part])) != []
