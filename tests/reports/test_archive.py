"""支部电子档案目录: the index recounted from members, and the forms that are bound behind it."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import openpyxl
import pytest
from pypdf import PdfReader
from sqlalchemy import select

from portal import clock
from portal.errors import NotFound
from portal.extensions import db
from portal.models import AuditRecord, ReportRun, RunState, Scan
from portal.reports import archive, bound, making, pages, working
from portal.reports.archive import REPORT, WITH_FORMS, TooManyPages
from portal.reports.report import Asked
from portal.rules.member_number import group_number
from portal.rules.page_shapes import PAGE
from portal.rules.progress import Period
from portal.rules.scan_checks import Fault, FaultKind, Verdict
from portal.runtime import runtime
from portal.services import (
    checks,
    form_views,
    report_files,
    report_runs,
    report_work,
    transfer_deciding,
    transfers_inside,
)
from portal.services.pictures import page_picture
from portal.services.scans import current_scan
from tests.builders import Node, World
from tests.reports.fonts import missing_glyphs
from tests.reports.given import given_file
from tests.scans import good_scan

RARE = "𠅤𬱖·买買提𣲚<b>李</b>"


def asked(node: Node, *options: str, period: Period | None = None) -> Asked:
    return Asked(node.id, period or Period(), frozenset(options))


def made_run(world: World, node: Node, *options: str) -> ReportRun:
    actor = world.actor(node)
    run = making.order(actor, REPORT, asked(world.branch, *options), address="http://portal")
    working.work(120)
    db.session.expire_all()
    return report_runs.find_run(actor, run.id)


def pdf_of(world: World, node: Node, run: ReportRun) -> bytes:
    made = given_file(world.actor(node), run, "pdf")
    assert made is not None
    return made


def test_the_index_lists_the_members_by_number_with_their_forms(
    world: World, database: str
) -> None:
    """Recounted from the members; the same in each format."""
    late = world.add_member(world.branch, number="202611000900")
    first = world.add_member(world.branch, number="202611000100")
    faulty = world.add_member(world.branch, number="202611000200")
    old = world.add_member(world.branch, number=None, joined=date(2015, 5, 1))
    world.add_member(world.sister)
    for member in (first, faulty):
        world.upload(member)
    scan = current_scan(faulty)
    assert scan is not None
    wrong = Verdict((Fault(FaultKind.BLURRED, (1,)),))
    checks.check(world.actor(world.district), faulty, scan.id, wrong, seen=None)
    content = making.preview(world.actor(world.branch), REPORT, asked(world.branch)).content
    rows = content.sections[0].rows
    names = [world.member(one).name for one in (first, faulty, late, old)]
    assert [row[1] for row in rows] == names
    today = clock.today()
    assert [row[5:] for row in rows] == [
        (scan.pages, today, "未检查"),
        (scan.pages, today, "模糊"),
        (None, None, "未上传"),
        (None, None, "不需要"),
    ]
    facts = {fact.label: fact.text for fact in content.facts}
    assert facts["团员"] == "4 人"
    assert facts["电子版《入团志愿书》"] == f"2 份 {2 * scan.pages} 页"
    run = made_run(world, world.branch)
    assert run.state is RunState.DONE
    reader = PdfReader(io.BytesIO(pdf_of(world, world.branch, run)))
    cover = "".join(reader.pages[0].extract_text().split())
    assert "支部电子档案目录" in cover
    assert "东城区团区委›东城区第一中学团委›高一(1)班团支部" in cover
    index = reader.pages[1].extract_text().replace("\n", "")
    assert index.index(group_number("202611000100")) < index.index(group_number("202611000900"))
    assert "所在页" not in index
    actor = world.actor(world.branch)
    lines = given_file(actor, run, "csv")
    sheet = given_file(actor, run, "xlsx")
    assert lines is not None
    assert sheet is not None
    in_csv = list(csv.reader(io.StringIO(lines.decode("utf-8-sig"))))
    in_sheet = list(openpyxl.load_workbook(io.BytesIO(sheet)).active.values)
    assert [row[1] for row in in_csv if row[0].isdigit()] == names
    assert [row[1] for row in in_sheet if isinstance(row[0], int)] == names
    assert ["未上传", "1 人"] in in_csv or any("未上传：1 人" in str(row) for row in in_csv)


def test_the_forms_are_bound_behind_it_with_bookmarks_and_linked_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts of three pages, so that forms are cut between parts."""
    monkeypatch.setattr(bound, "PART_PAGES", 3)
    members = [world.add_member(world.branch, name=RARE)]
    members += [world.add_member(world.branch) for _ in range(2)]
    without = world.add_member(world.branch)
    for member in members:
        world.upload(member, good_scan(4))
    run = made_run(world, world.branch, WITH_FORMS)
    assert (run.state, run.rows, run.rows_done) == (RunState.DONE, 4, 4)
    made = pdf_of(world, world.branch, run)
    reader = PdfReader(io.BytesIO(made))
    assert len(reader.pages) == run.pages == 2 + 3 * 4
    marks = {str(mark.title): reader.get_destination_page_number(mark) for mark in reader.outline}
    names = [world.member(member).name for member in members]
    assert marks == {
        "封面和目录": 0,
        **{f"{place}. {name}": 2 + 4 * (place - 1) for place, name in enumerate(names, 1)},
    }
    links = [
        reader.pages.index(note.get_object()["/Dest"][0].get_object())
        for note in reader.pages[1]["/Annots"]
        if note.get_object()["/Subtype"] == "/Link"
    ]
    assert links == [2, 6, 10]
    index = reader.pages[1].extract_text()
    assert world.member(without).name in index
    shown = reader.pages[7].extract_text()
    assert f"{names[1]}" in shown
    assert "第 2 页，共 4 页" in shown
    assert "第 8 页" in shown.replace("\u3000", " ")
    scan = current_scan(members[0])
    assert scan is not None
    assert page_picture(scan, 1, PAGE) in made  # byte for byte as the sandbox drew it
    assert missing_glyphs(made) == []
    kept = {file.key.rsplit("/")[-1] for file in runtime().store.keys(f"{run.folder}/")}
    assert kept == {"content.json", "report.pdf"}


def test_who_took_a_form_with_it_is_told_to_its_member(world: World) -> None:
    member, without = world.add_member(world.branch), world.add_member(world.branch)
    world.upload(member)
    run = made_run(world, world.district, WITH_FORMS)

    def taken() -> list[int]:
        found = select(AuditRecord.member_id).where(AuditRecord.event == "form taken with a report")
        return [one for one in db.session.scalars(found) if one is not None]

    assert taken() == []  # making shows nobody anything
    for _ in range(2):
        pdf_of(world, world.district, run)
    assert taken() == [member]
    (view,) = form_views.views_of_own_form(world.member_actor(member)).rows
    assert (view.place, view.with_archive) == ("东城区团区委", True)
    assert form_views.views_of_own_form(world.member_actor(without)).rows == ()
    page = world.client(f"member{member}").get("/card").text
    assert "随支部档案打开" in page
    assert given_file(world.actor(world.district), run, "csv") is not None
    assert taken() == [member]  # the list alone is no look at a form


def test_after_a_transfer_the_old_branch_opens_no_form_in_what_it_had_made(world: World) -> None:
    gone, stays = world.add_member(world.branch), world.add_member(world.branch)
    for member in (gone, stays):
        world.upload(member)
    run, above = (made_run(world, node, WITH_FORMS) for node in (world.branch, world.district))
    pdf_of(world, world.branch, run)
    asker, receiver = world.actor(world.branch), world.actor(world.sister)
    transfer = transfers_inside.ask(asker, gone, world.sister.id, "升学或转学", "")
    transfer_deciding.agree(receiver, transfer)
    with pytest.raises(report_files.FormsMoved):
        pdf_of(world, world.branch, run)
    page = world.client_of(world.branch).get(f"/reports/runs/{run.id}/file.pdf")
    assert page.status_code == 409
    assert "请在“统计报表”里重新生成" in page.get_data(as_text=True)
    assert given_file(asker, run, "csv") is not None  # names, as they were then
    pdf_of(world, world.district, above)  # both branches are below it
    anew = made_run(world, world.branch, WITH_FORMS)
    assert anew.id != run.id
    pdf_of(world, world.branch, anew)


def test_only_who_may_look_at_the_forms_gets_them(world: World) -> None:
    world.upload(world.add_member(world.branch))
    for node in (world.sister, world.other_district, world.far_branch):
        with pytest.raises(NotFound):
            making.order(world.actor(node), REPORT, asked(world.branch, WITH_FORMS))


def test_a_form_replaced_meanwhile_stands_as_it_was_and_a_lost_one_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, other = world.add_member(world.branch), world.add_member(world.branch)
    world.upload(member, good_scan(3))
    lost = world.upload(other, good_scan(3)).scan_id
    actor = world.actor(world.branch)
    run = making.order(actor, REPORT, asked(world.branch, WITH_FORMS), address="http://portal")
    taken = report_work.take(run.id)
    assert taken is not None
    assert making.begin(taken, actor)
    world.upload(member, good_scan(5))
    scan = db.session.get_one(Scan, lost)
    runtime().store.delete(scan.storage_key)
    db.session.rollback()
    assert pages.finish(taken, tell=True)
    run = report_runs.find_run(actor, run.id)
    text = [
        page.extract_text()
        for page in PdfReader(io.BytesIO(pdf_of(world, world.branch, run))).pages
    ]
    assert len(text) == 2 + 3 + 3
    assert sum("没有画出来" in page.replace("\n", "") for page in text) == 3


def test_too_many_pages_are_refused_with_what_to_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_PAGES", 3)
    world.upload(world.add_member(world.branch), good_scan(4))
    actor = world.actor(world.branch)
    with pytest.raises(TooManyPages):
        making.order(actor, REPORT, asked(world.branch, WITH_FORMS))
    browser = world.client_of(world.branch)
    page = browser.get(f"/reports/archive?organisation={world.branch.id}&forms=1").text
    assert "一份最多附 3 页" in page
    assert browser.get(f"/reports/archive?organisation={world.branch.id}").status_code == 200
    later = Period(clock.today().replace(day=1) + timedelta(days=40), None)
    assert making.order(actor, REPORT, asked(world.branch, WITH_FORMS, period=later)).rows == 0


def test_of_nobody_and_of_long_names_it_can_be_printed(world: World) -> None:
    run = made_run(world, world.branch, WITH_FORMS)
    text = PdfReader(io.BytesIO(pdf_of(world, world.branch, run))).pages[1].extract_text()
    assert "还没有团员" in text.replace("\n", "")
    for _ in range(30):
        world.add_member(world.branch, name="买" * 50)
    run = made_run(world, world.branch)
    pages = PdfReader(io.BytesIO(pdf_of(world, world.branch, run))).pages
    assert len(pages) >= 3
    assert "团员编号" in pages[2].extract_text()  # the head again
    committee = world.client_of(world.district)
    assert "按支部生成" in committee.get("/reports/archive").text
