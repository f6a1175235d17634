"""一页简报: figures recounted from members, against the month before, on one page whatever comes."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import openpyxl
import pytest
import time_machine
from pypdf import PdfReader
from sqlalchemy import update

from portal.errors import NotFound
from portal.models import Organisation, ReportRun
from portal.reports import making, pages
from portal.reports.brief import LAST_MONTH, REPORT
from portal.reports.content import Content
from portal.reports.report import Asked
from portal.rules.organisations import OrganisationKind
from portal.rules.scan_checks import Verdict
from portal.services import checks, numbers
from portal.services.organisation_changes import add_child
from portal.services.progress_days import keep_if_due
from portal.services.scans import current_scan
from portal.services.transaction import writing
from tests.builders import Node, World
from tests.reports.fonts import missing_glyphs
from tests.reports.given import given_file

OCTOBER = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def said(world: World, node: Node, *options: str) -> Content:
    asked = Asked(node.id, options=frozenset(options))
    return making.preview(world.actor(node), REPORT, asked).content


def figures(content: Content) -> dict[str, tuple[str, str]]:
    return {label: (value, compared) for label, value, compared in content.extra["figures"]}


def made_run(world: World, node: Node, *options: str) -> ReportRun:
    asked = Asked(node.id, options=frozenset(options))
    return making.order(world.actor(node), REPORT, asked, address="http://portal")


def pdf_of(world: World, node: Node, run: ReportRun) -> bytes:
    made = given_file(world.actor(node), run, "pdf")
    assert made is not None
    return made


@pytest.fixture
def autumn(world: World) -> World:
    """October: two new members, one form. November: another member, the second form, a check, a
    release; the third is overdue by the 24th."""
    with time_machine.travel(OCTOBER, tick=False) as now:
        first = world.add_member(world.branch, approved_on=date(2026, 10, 15))
        second = world.add_member(world.branch, approved_on=date(2026, 10, 15))
        world.add_member(world.far_branch)
        world.upload(first)
        now.move_to(NOVEMBER)
        keep_if_due()
        now.move_to(LATER)
        world.upload(second)
        world.add_member(world.sister, approved_on=date(2026, 10, 20))
        irregular = world.add_member(world.sister, joined=date(2025, 3, 1), number="202411000001")
        scan = current_scan(first)
        assert scan is not None
        checks.check(world.actor(world.district), first, scan.id, Verdict(), seen=None)
        numbers.release_number(
            world.actor(world.district), irregular, number="202411000001", reason="看错了"
        )
        keep_if_due()
    return world


@pytest.mark.usefixtures("database")
def test_figures_stand_against_the_month_before(autumn: World) -> None:
    """Recounted by hand: in the district four new members, one of them irregular."""
    with time_machine.travel(LATER, tick=False):
        content = said(autumn, autumn.district)
        shown = figures(content)
        assert shown["新发展团员"] == ("4", "比上月末 +2")
        assert shown["已上传"] == ("2", "比上月末 +1")
        assert shown["上传率"] == ("50.0%", "与上月末持平")
        assert shown["已逾期"] == ("1", "比上月末 +1")
        assert shown["编号不规范"] == ("1", "比上月末 +1")
        assert shown["本月检查"] == ("1", "上月 0")
        assert shown["本月解除占用"] == ("1", "上月 0")
        (row,) = content.sections[0].rows
        assert row[1] == "东城区第一中学团委 › 高一(2)班团支部"
        assert row[4] == 1
        assert "最多的是高一(2)班团支部（1 人）" in content.extra["sentence"]
        october = figures(said(autumn, autumn.district, LAST_MONTH))
        assert october["新发展团员"] == ("2", "上月没有记录")
        assert october["已上传"][0] == "1"
        assert october["本月检查"][0] == "0"
        worst = said(autumn, autumn.district, LAST_MONTH).sections[0].rows
        assert [(row[1], row[3]) for row in worst] == [("东城区第一中学团委 › 高一(1)班团支部", 1)]


def test_each_format_says_the_same_on_one_page(autumn: World) -> None:
    with time_machine.travel(LATER, tick=False):
        run = made_run(autumn, autumn.district)
        content = pages.read_content(run)
        (page,) = PdfReader(io.BytesIO(pdf_of(autumn, autumn.district, run))).pages
        text = "".join(page.extract_text().split())
        assert "".join(content.extra["sentence"].split()) in text
        for label, value, compared in content.extra["figures"]:
            assert "".join(f"{label}{value}{compared}".split()) in text
        actor = autumn.actor(autumn.district)
        lines = given_file(actor, run, "csv")
        sheet = given_file(actor, run, "xlsx")
        assert lines is not None
        assert sheet is not None
        in_csv = {
            row[0]: row[1]
            for row in csv.reader(io.StringIO(lines.decode("utf-8-sig")))
            if len(row) == 2
        }
        in_sheet = [str(row[0]) for row in openpyxl.load_workbook(io.BytesIO(sheet)).active.values]
        for fact in content.facts:
            assert in_csv[fact.label] == fact.text
            assert f"{fact.label}：{fact.text}" in in_sheet


def test_an_empty_month_says_so(world: World) -> None:
    content = said(world, world.grassroots)
    assert figures(content)["新发展团员"] == ("0", "上月没有记录")
    assert content.extra["sentence"] == "还没有新发展团员；编号全部规范。"
    run = made_run(world, world.grassroots)
    reader = PdfReader(io.BytesIO(pdf_of(world, world.grassroots, run)))
    assert len(reader.pages) == 1
    assert "没有已逾期" in reader.pages[0].extract_text().replace("\n", "")
    assert "还没有留存每日数据" in said(world, world.grassroots, LAST_MONTH).empty
    run = made_run(world, world.grassroots, LAST_MONTH)
    assert len(PdfReader(io.BytesIO(pdf_of(world, world.grassroots, run))).pages) == 1


def test_the_longest_names_stay_on_one_page(world: World) -> None:
    """Ten branches of 50 characters below a committee of 50, with rare Han and markup."""
    for place in range(12):
        actor, parent = world.actor(world.grassroots), world.grassroots
        made = add_child(actor, parent.id, OrganisationKind.BRANCH, f"团支部{place}")
        branch = Node(made, parent.id, OrganisationKind.BRANCH, "", f"{parent.path}{made}/")
        world.add_member(branch, approved_on=date(2026, 1, 5))
    with writing() as session:
        long = "𠅤<b>" + "长" * 46
        session.execute(update(Organisation).values(name=long))
    run = made_run(world, world.grassroots)
    pdf = pdf_of(world, world.grassroots, run)
    reader = PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 1
    assert run.rows == 10
    assert missing_glyphs(pdf) == []


def test_it_is_for_committees_within_their_reach(world: World) -> None:
    with pytest.raises(NotFound):
        making.order(world.actor(world.district), REPORT, Asked(world.other_district.id))
    assert world.client_of(world.branch).get("/reports/brief").status_code == 404
    page = world.client_of(world.district).get("/reports/brief").text
    assert "最需要督促的团支部" in page
