"""A report from the question to its files: made at once or in turns, once, and verified later."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import timedelta

import openpyxl
import pypdfium2
import pytest
import time_machine
import zxingcpp
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select, update

from portal import clock
from portal.access import Action
from portal.errors import NotFound
from portal.extensions import db
from portal.models import Account, AuditRecord, Member, Message, ReportRun, RunState
from portal.reports import making, pages, working
from portal.reports.registry import REPORTS, find_report
from portal.reports.report import Asked
from portal.rules.report_codes import group_code, parse_code
from portal.runtime import runtime
from portal.services import report_files, report_runs, report_work, sweep
from portal.services.audit import Event
from portal.typesetting.typesetter import Sink
from tests.builders import Node, World
from tests.reports.given import given_file


def content_of(world: World, slug: str, node: Node, **asked: object) -> making.Made:
    wish = Asked(node.id, **asked)  # type: ignore[arg-type]
    return making.preview(world.actor(node), find_report(slug), wish)


def ordered(world: World, slug: str, node: Node, **asked: object) -> ReportRun:
    wish = Asked(node.id, **asked)  # type: ignore[arg-type]
    return making.order(world.actor(node), find_report(slug), wish, address="http://portal")


def pdf_text(world: World, run: ReportRun, node: Node) -> str:
    made = given_file(world.actor(node), run, "pdf")
    assert made is not None
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages)


def test_a_small_report_is_there_at_once_and_says_the_same_in_each_format(
    world: World, database: str
) -> None:
    """Read back: the PDF's text, the workbook's cells, the lines of the CSV."""
    for _ in range(3):
        world.add_member(world.branch)
    run = ordered(world, "progress", world.district)
    assert (run.state, run.rows) == (RunState.DONE, 1)
    text = pdf_text(world, run, world.district)
    assert "新发展团员电子数据库建设情况统计表" in text.replace("\n", "")
    assert group_code(run.code) in text
    assert "共 1 页" in text.replace("\u3000", "")
    actor = world.actor(world.district)
    made = given_file(actor, run, "xlsx")
    assert made is not None
    sheet = openpyxl.load_workbook(io.BytesIO(made)).active
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    total = next(row for row in cells if row[1] == "合计")
    assert total[9] == 3  # 新发展: a number, not text
    lines = given_file(actor, run, "csv")
    assert lines is not None
    rows = list(csv.reader(io.StringIO(lines.decode("utf-8-sig"))))
    assert next(row for row in rows if row[1:2] == ["合计"])[9] == "3"


def test_asked_for_twice_it_is_made_once_until_the_data_change(world: World) -> None:
    world.add_member(world.branch)
    first = ordered(world, "progress", world.district).id
    assert ordered(world, "progress", world.district).id == first
    world.add_member(world.branch)
    assert ordered(world, "progress", world.district).id != first


def test_what_is_not_in_scope_is_not_there(world: World) -> None:
    actor = world.actor(world.district)
    with pytest.raises(NotFound):
        making.order(actor, find_report("progress"), Asked(world.other_district.id))
    run = ordered(world, "progress", world.other_district)
    with pytest.raises(NotFound):
        report_runs.find_run(actor, run.id)


def test_full_id_numbers_want_a_reason_and_are_sealed(world: World) -> None:
    member = world.add_member(world.branch)
    report, actor = find_report("missing"), world.actor(world.branch)
    full = Asked(world.branch.id, unmasked=True)
    with pytest.raises(making.ReasonMissing):
        making.order(actor, report, full, reason="  ")
    masked = ordered(world, "missing", world.branch)
    run = making.order(actor, report, full, reason="核对学籍")
    from portal.services.members import PersonalField, plain_field

    number = plain_field(world.member(member), PersonalField.ID_NUMBER)
    assert number in pdf_text(world, run, world.branch)
    assert "核对学籍" in pdf_text(world, run, world.branch).replace("\n", "")
    assert number not in pdf_text(world, masked, world.branch)
    with runtime().store.open(f"{run.folder}/content.json") as file:
        assert number.encode() not in file.read()


def test_a_file_comes_in_ranges_and_one_look_is_one_line_of_the_record(world: World) -> None:
    """As a viewer asks for the pages it shows, or a browser goes on after the line broke."""
    world.add_member(world.branch)
    run = ordered(world, "missing", world.branch)
    browser = world.client_of(world.branch)
    address = f"/reports/runs/{run.id}/file.pdf"
    whole = browser.get(address)
    assert whole.status_code == 200
    assert whole.headers["Accept-Ranges"] == "bytes"
    content = whole.get_data()
    assert len(content) == int(whole.headers["Content-Length"]) == run.files["pdf"]["size"]
    rest = browser.get(address, headers={"Range": "bytes=1000-", "If-Range": whole.headers["ETag"]})
    assert rest.status_code == 206
    assert rest.get_data() == content[1000:]
    assert browser.get(address, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    browser.get(f"/reports/runs/{run.id}/file.csv")
    opened = select(AuditRecord.detail).where(AuditRecord.event == Event.REPORT_OPENED)
    db.session.rollback()  # the requests had sessions of their own
    told = [(one["code"], one["format"]) for one in db.session.scalars(opened)]
    assert told == [(run.code, "pdf"), (run.code, "csv")]
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        browser.get(address)
    db.session.rollback()
    assert len(list(db.session.scalars(opened))) == 3


def large(monkeypatch: pytest.MonkeyPatch, rows: int = 4) -> None:
    """Small figures for what is large, so that a test has several parts."""
    monkeypatch.setattr(making, "SMALL_ROWS", rows)
    monkeypatch.setattr("portal.reports.document.PART_ROWS", rows)


def test_a_large_one_is_made_in_parts_by_the_worker(
    world: World, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    large(monkeypatch)
    for _ in range(11):
        world.add_member(world.branch)
    run = ordered(world, "missing", world.district)
    assert run.state is RunState.WAITING
    assert ordered(world, "missing", world.district).id == run.id  # a double click
    working.work(60)
    run = report_runs.find_run(world.actor(world.district), run.id)
    assert (run.state, run.rows, run.rows_done) == (RunState.DONE, 11, 11)
    text = pdf_text(world, run, world.district).replace("\u3000", "")
    assert f"共 {run.pages} 页" in text
    assert text.count("小计") == 1
    told = db.session.query(Message).filter(Message.url == f"/reports/runs/{run.id}").one()
    assert told.subject.startswith("报表已生成")
    kept = {file.key.rsplit("/")[-1] for file in runtime().store.keys(f"{run.folder}/")}
    assert kept == {"content.json", "report.pdf"}


def test_a_worker_that_is_lost_leaves_its_finished_parts_to_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    large(monkeypatch, 2)
    for _ in range(9):
        world.add_member(world.branch)
    run = ordered(world, "missing", world.district)
    taken = report_work.take(run.id)
    assert taken is not None
    actor = world.actor(world.district)
    assert making.begin(taken, actor)
    assert not pages.finish(taken, tell=True, go_on=lambda: False)  # it ends here
    first = sorted(file.key for file in runtime().store.keys(f"{run.folder}/"))
    assert len(first) == 3  # what it says, two parts
    world.add_member(world.branch)  # after the state that the report shows
    asked: list[str] = []
    typeset = runtime().typesetter.part
    monkeypatch.setattr(
        runtime().typesetter, "part", lambda html, **how: asked.append(html) or typeset(html, **how)
    )
    with time_machine.travel(clock.now() + timedelta(minutes=5)):
        working.work(60)
    run = report_runs.find_run(actor, run.id)
    assert (run.state, run.rows) == (RunState.DONE, 9)
    assert len(asked) == 5  # four parts and the page numbers


def test_a_cancelled_one_keeps_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    large(monkeypatch, 2)
    for _ in range(5):
        world.add_member(world.branch)
    run = ordered(world, "missing", world.district)
    taken = report_work.take(run.id)
    assert taken is not None
    actor = world.actor(world.district)
    making.begin(taken, actor)
    report_runs.cancel(actor, run.id)
    with pytest.raises(report_work.LeaseLost):
        pages.finish(taken, tell=True)
    run = report_runs.find_run(actor, run.id)
    assert run.state is RunState.CANCELLED
    assert given_file(actor, run, "pdf") is None


def test_files_go_after_a_week_and_the_code_can_be_verified_still(world: World) -> None:
    run = ordered(world, "progress", world.district)
    code, folder = run.code, run.folder
    with time_machine.travel(clock.now() + report_files.KEPT + timedelta(hours=1)):
        sweep.sweep()
    assert list(runtime().store.keys(f"{folder}/")) == []
    browser = world.client(None)
    shown = browser.get(f"/verify?code={group_code(code).lower()}").get_data(as_text=True)
    assert "本系统生成" in shown


def test_a_changed_paper_is_seen(world: World) -> None:
    run = ordered(world, "progress", world.district)
    browser = world.client(None)
    good = browser.get(pages.verify_path(run)).get_data(as_text=True)
    assert "校验码一致" in good
    bad = browser.get(f"/verify?code={run.code}&mark=0123456789ABCDEF").get_data(as_text=True)
    assert "校验码不一致" in bad
    assert "没有这个编码的报表" in browser.get("/verify?code=0000-0000-0000").get_data(as_text=True)


@pytest.mark.parametrize("slug", [one.slug for one in REPORTS if not one.about_member])
def test_every_report_of_nothing_says_so(world: World, slug: str) -> None:
    report = find_report(slug)
    node = world.branch if report.only_branches else world.district
    content = content_of(world, slug, node).content
    if not content.row_count:
        assert content.empty


def test_a_code_is_read_as_people_type_it(app: Flask) -> None:
    assert parse_code("7k3m-q2xw-9hta") == "7K3MQ2XW9HTA"
    assert parse_code(" ７K3M Q2XW 9HTA ") == "7K3MQ2XW9HTA"
    assert parse_code("OIL0-0000-0000") == "011000000000"
    assert parse_code("7K3M-Q2XW-9HT") is None
    assert parse_code("") is None
    assert Action.MAKE_REPORTS


def test_the_code_on_paper_leads_a_phone_to_the_answer(world: World) -> None:
    """The QR code as a camera sees it, out of the drawn page."""
    run = ordered(world, "progress", world.district)
    made = given_file(world.actor(world.district), run, "pdf")
    assert made is not None
    document = pypdfium2.PdfDocument(made)
    drawn = document[len(document) - 1].render(scale=2.5).to_pil()
    found = zxingcpp.read_barcodes(drawn)
    assert [one.text for one in found] == [f"http://portal{pages.verify_path(run)}"]
    shown = world.client(None).get(pages.verify_path(run)).get_data(as_text=True)
    assert "校验码一致" in shown


def test_a_file_is_compared_byte_for_byte(world: World) -> None:
    run = ordered(world, "progress", world.district)
    made = given_file(world.actor(world.district), run, "csv")
    assert made is not None
    browser = world.client(None)

    def answer(content: bytes) -> str:
        data = {"code": run.code, "csrf_token": browser.token()}
        file = (io.BytesIO(content), "报表.csv")
        sent = browser.client.post("/verify", data={**data, "file": file})
        return str(sent.get_data(as_text=True))

    assert "没有改动" in answer(made)
    assert "不一样" in answer(made.replace(b"0", b"1", 1))


NASTY = '=HYPERLINK("x")<b>&\'李' + "长" * 30


def test_what_people_typed_is_text_in_every_format(world: World) -> None:
    """Markup and formulas in names, as long as names may be."""
    world.add_member(world.branch, name=NASTY)
    run = ordered(world, "missing", world.branch)
    text = pdf_text(world, run, world.branch).replace("\n", "")
    assert NASTY in text
    actor = world.actor(world.branch)
    made = given_file(actor, run, "xlsx")
    assert made is not None
    sheet = openpyxl.load_workbook(io.BytesIO(made)).active
    cell = next(cell for row in sheet.iter_rows() for cell in row if cell.value == NASTY)
    assert cell.data_type == "s"
    lines = given_file(actor, run, "csv")
    assert lines is not None
    assert f"'{NASTY}" in [one for row in csv.reader(io.StringIO(lines.decode())) for one in row]
    page = world.client_of(world.branch).get("/reports/missing").get_data(as_text=True)
    assert "<b>&'" not in page
    assert "&lt;b&gt;" in page


def test_a_period_turned_round_is_said_beside_the_field_and_makes_nothing(world: World) -> None:
    browser = world.client_of(world.branch)
    form = {"organisation": str(world.branch.id), "from": "2026-05", "to": "2026-01"}
    answer = browser.post("/reports/missing", form)
    assert answer.status_code == 422
    shown = answer.get_data(as_text=True)
    assert "开始年月 2026-05 晚于结束年月 2026-01" in shown
    assert 'value="2026-05"' in shown
    assert db.session.query(ReportRun).count() == 0
    typed = browser.get("/reports/missing?from=1月").get_data(as_text=True)
    assert "“1月”不是年月" in typed


def test_a_full_disk_is_a_sentence_and_nothing_half_made_is_offered(world: World) -> None:
    folder = runtime().settings.instance / "store" / "reports"
    folder.symlink_to("/proc")  # where nothing can be written, as on a disk that is full
    browser = world.client_of(world.branch)
    answer = browser.post("/reports/missing", {"organisation": str(world.branch.id)})
    assert answer.status_code == 503
    assert "现在存不下文件" in answer.get_data(as_text=True)
    run = db.session.query(ReportRun).one()
    assert run.state is RunState.FAILED
    shown = browser.get(f"/reports/runs/{run.id}").get_data(as_text=True)
    assert "file.pdf" not in shown
    folder.unlink()
    again = browser.post("/reports/missing", {"organisation": str(world.branch.id)})
    assert again.status_code == 303


def several(world: World, monkeypatch: pytest.MonkeyPatch, members: int = 5) -> None:
    large(monkeypatch, 2)
    for _ in range(members):
        world.add_member(world.branch)


def test_a_large_one_that_says_what_an_earlier_one_said_is_not_made_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    several(world, monkeypatch)
    first = ordered(world, "missing", world.district)
    working.work(60)
    second = ordered(world, "missing", world.district)
    assert second.id != first.id
    assert report_work.next_due() is not None
    working.work(60)
    actor = world.actor(world.district)
    second = report_runs.find_run(actor, second.id)
    assert (second.state, second.same_as_id) == (RunState.DONE, first.id)
    first = report_runs.find_run(actor, first.id)
    assert given_file(actor, second, "pdf") == given_file(actor, first, "pdf")
    page = world.client_of(world.district).get(f"/reports/runs/{second.id}")
    assert "没有重复生成" in page.get_data(as_text=True)
    assert report_work.next_due() is None


def test_how_far_it_is_stands_on_its_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    several(world, monkeypatch)
    run = ordered(world, "missing", world.district)
    browser = world.client_of(world.district)
    page = f"/reports/runs/{run.id}"
    assert "正在排队" in browser.get(page).get_data(as_text=True)
    taken = report_work.take(run.id)
    assert taken is not None
    assert making.begin(taken, world.actor(world.district))
    with time_machine.travel(clock.now() + timedelta(seconds=20)):
        report_work.go_on(taken, 2)
        shown = browser.get(page, htmx=True).get_data(as_text=True)
    assert "2 / 5 行" in shown
    assert "大约还要 30 秒" in shown or "大约还要 31 秒" in shown
    assert '<progress class="bar" max="5" value="2"' in shown
    assert "生成中" in browser.get("/reports/").get_data(as_text=True)


def test_one_that_ends_its_workers_is_given_up_with_a_sentence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    several(world, monkeypatch)
    run = ordered(world, "missing", world.district)
    moment = clock.now()
    for turn in range(report_work.MAX_LOSSES):
        with time_machine.travel(moment + timedelta(minutes=5 * turn)):
            assert report_work.take() is not None
    with time_machine.travel(moment + timedelta(minutes=60)):
        assert report_work.take() is None
    run = report_runs.find_run(world.actor(world.district), run.id)
    assert (run.state, run.due_at) == (RunState.FAILED, None)
    page = world.client_of(world.district).get(f"/reports/runs/{run.id}").get_data(as_text=True)
    assert "多次中断" in page


def test_of_an_account_that_was_disabled_nothing_is_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    several(world, monkeypatch)
    run = ordered(world, "missing", world.district)
    db.session.execute(
        update(Account).where(Account.id == run.account_id).values(disabled_at=clock.now())
    )
    db.session.commit()
    assert not working.work(60)
    db.session.expire_all()
    assert db.session.get_one(ReportRun, run.id).words == "账号已停用，报表没有生成。"


def test_more_than_a_few_unfinished_ones_are_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    several(world, monkeypatch)
    browser = world.client_of(world.district)
    for month in range(1, report_runs.MAX_OPEN + 1):
        form = {"organisation": str(world.district.id), "from": f"2020-{month:02}"}
        assert browser.post("/reports/missing", form).status_code == 303
    form["from"] = "2020-12"
    answer = browser.post("/reports/missing", form)
    assert answer.status_code == 429
    assert "取消一份" in answer.get_data(as_text=True)
    assert 'value="2020-12"' in answer.get_data(as_text=True)


def test_a_store_that_is_away_lets_it_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    several(world, monkeypatch)
    run = ordered(world, "missing", world.district)
    folder = runtime().settings.instance / "store" / "reports"
    folder.symlink_to("/proc")
    working.work(1)
    run = report_runs.find_run(world.actor(world.district), run.id)
    assert run.state is RunState.WAITING
    assert run.due_at is not None
    assert run.due_at > clock.now()
    folder.unlink()
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        working.work(60)
    assert report_runs.find_run(world.actor(world.district), run.id).state is RunState.DONE


def test_a_large_one_with_full_id_numbers_lies_sealed_in_each_part(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    several(world, monkeypatch)
    actor, report = world.actor(world.district), find_report("missing")
    run = making.order(actor, report, Asked(world.district.id, unmasked=True), reason="核对学籍")
    taken = report_work.take(run.id)
    assert taken is not None
    assert making.begin(taken, actor)
    assert not pages.finish(taken, tell=True, go_on=lambda: False)
    run = report_runs.find_run(actor, run.id)
    assert len(report_files.kept_places(run, 4)) == 2
    for file in runtime().store.keys(f"{run.folder}/"):
        with runtime().store.open(file.key) as kept:
            assert b"pages" not in kept.read()
    assert pages.finish(taken, tell=True)
    run = report_runs.find_run(actor, run.id)
    member = db.session.scalars(select(Member)).first()
    assert member is not None
    from portal.services.members import PersonalField, plain_field

    assert plain_field(member, PersonalField.ID_NUMBER) in pdf_text(world, run, world.district)
    with runtime().store.open(f"{run.folder}/report.pdf") as kept:
        assert not kept.read().startswith(b"%PDF")


@pytest.mark.parametrize("unmasked", [False, True])
def test_a_part_that_is_gone_is_told(world: World, unmasked: bool) -> None:
    run = ordered(world, "progress", world.district)
    run.unmasked = unmasked
    with pytest.raises(report_files.FilesGone):
        report_files.kept_part(run, 0, 2)
    db.session.rollback()


def test_a_whole_that_comes_again_from_its_beginning_is_kept_once(world: World) -> None:
    """The child that joined was lost in the midst of it, and another one began anew."""
    run = ordered(world, "progress", world.district)

    def make(sink: Sink) -> int:
        sink.write(b"%PDF-1.7 half")
        sink.restart()
        sink.write(b"%PDF-1.7 whole")
        return 7

    assert report_files.keep_whole(run, "pdf", make) == 7
    given = report_files.open_given(run, "pdf")
    assert given is not None
    with given:
        assert given.read() == b"%PDF-1.7 whole"
    db.session.expire_all()
    noted = report_runs.find_run(world.actor(world.district), run.id).files["pdf"]
    assert noted == {"sha256": hashlib.sha256(b"%PDF-1.7 whole").hexdigest(), "size": 14}
    incoming = runtime().settings.instance / "store" / "incoming"
    assert list(incoming.iterdir()) == []
