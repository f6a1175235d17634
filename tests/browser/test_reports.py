"""统计报表 in the browser: picked, previewed, printed, verified; cancelled; found again later."""

from __future__ import annotations

import base64
import io
import os
import re

import pypdfium2
from pypdf import PdfReader

from portal.reports.registry import REPORTS
from tests.browser.conftest import DOCS, People
from tests.browser.drivers import ROOT, Driver, wait, wait_text

FETCH = """
(function (address) {
  window.fetched = null;
  fetch(address).then(function (answer) { return answer.blob(); }).then(function (blob) {
    var reader = new FileReader();
    reader.onload = function () { window.fetched = reader.result; };
    reader.readAsDataURL(blob);
  });
})('%s')
"""


def fetched(page: Driver, address: str) -> bytes:
    """What the browser gets for a link, with the session of the page."""
    page.evaluate(FETCH % address)
    wait(lambda: bool(page.evaluate("window.fetched")), f"{address} to come")
    return base64.b64decode(page.evaluate("window.fetched").partition(",")[2])


def test_staff_picks_previews_prints_and_verifies(people: People) -> None:
    page = people.sign_in("quwei1", to_list=False)
    page.goto("/reports/")
    wait_text(page, "h1", "统计报表")
    page.picture(f"reports-{page.engine}")
    page.click(".report-card a[href='/reports/missing']")
    wait_text(page, "#preview", "预览")
    page.goto("/reports/missing?from=")  # not as it was left last
    wait_text(page, "#preview", "未上传入团志愿书人数")
    every = page.text("#preview .report-facts b")
    page.click("input[name=overdue]")
    wait_text(page, "#preview", "已逾期未上传人数")
    overdue = page.text("#preview .report-facts b")
    assert 0 < int(overdue) < int(every)
    page.picture(f"reports-preview-{page.engine}")
    page.click(".report-form button.button-primary")
    wait_text(page, "#run", "打开 PDF")
    page.picture(f"reports-done-{page.engine}")
    made = fetched(page, page.evaluate("document.querySelector('a[href$=\"file.pdf\"]').href"))
    reader = PdfReader(io.BytesIO(made))
    text = "".join(one.extract_text() for one in reader.pages).replace("\n", "")
    assert f"已逾期未上传人数：{overdue}" in text.replace(" ", "")
    assert pypdfium2.PdfDocument(made)[0].render(scale=1).to_pil().getextrema()[0][0] < 100
    sheet = fetched(page, page.evaluate("document.querySelector('a[href$=\"file.xlsx\"]').href"))
    assert sheet.startswith(b"PK")
    code = page.text("#run dl a")
    assert code in text
    page.click("#run dl a")
    wait_text(page, "#answer", "本系统生成")
    assert "校验码一致" in page.text("#content")
    assert overdue in page.text("#content")
    page.picture(f"reports-verify-{page.engine}")
    page.goto("/verify")
    page.fill("#code", code.lower().replace("-", " "))
    page.press("Enter")
    wait_text(page, "#answer", "本系统生成")


def test_a_large_one_is_cancelled_and_another_found_after_signing_in_again(
    people_today: People,
) -> None:
    page = people_today.sign_in("shiwei", to_list=False)
    page.goto("/reports/roster")
    wait_text(page, "#preview", "预览前")
    page.click(".report-form button.button-primary")
    wait_text(page, "#run", "取消生成")
    page.click("#run form button")
    wait_text(page, "#run", "已取消")
    page.goto("/reports/roster")
    page.click(".report-form button.button-primary")
    wait_text(page, "#run", "取消生成")
    page.goto("/home")
    page.click(".who form button")
    again = people_today.sign_in("shiwei", to_list=False)

    def is_made() -> bool:
        again.goto("/reports/")
        return "已生成" in again.text(".runs tbody tr:first-child")

    wait(is_made, "the report of the whole city", seconds=120)
    assert "已取消" in again.text(".runs tbody tr:nth-child(2)")
    again.picture(f"reports-mine-{again.engine}")
    again.click(".runs tbody tr:first-child a")
    wait_text(again, "#run", "打开 PDF")
    again.goto("/messages/")
    wait_text(again, "#content", "报表已生成：新发展团员花名册")
    again.viewport(360, 740)
    again.goto("/reports/")
    again.picture("reports-360")
    assert again.evaluate("document.documentElement.scrollWidth") <= 360


STATIC = ROOT / "portal" / "static" / "reports"


def is_of_contents(page: pypdfium2.PdfPage) -> bool:
    """Whether a page has the table of contents, whose head stands on each of its pages."""
    return "内容页码" in "".join(page.get_textpage().get_text_range().split())


def drawn(made: bytes, name: str) -> None:
    """A report's first page (behind its contents) is drawn; kept for the guide and for 统计报表."""
    document = pypdfium2.PdfDocument(made)
    page = next(page for page in document if not is_of_contents(page))
    picture = page.render(scale=1.5).to_pil().convert("L")
    assert picture.getextrema()[0] < 64
    if os.environ.get("PORTAL_WRITE_PICTURES"):
        picture.save(DOCS / f"report-{name}.png", optimize=True)
        STATIC.mkdir(exist_ok=True)
        small = picture.copy()
        small.thumbnail((300, 300))
        small.quantize(16).save(STATIC / f"{name}.png", optimize=True)


def made_of(page: Driver) -> bytes:
    """Press 生成, and take the PDF."""
    page.click("#content form button.button-primary")
    wait_text(page, "#run", "打开 PDF")
    return fetched(page, page.evaluate("document.querySelector('a[href$=\"file.pdf\"]').href"))


def test_each_report_is_made_of_the_demo(people_today: People) -> None:
    district = people_today.sign_in("quwei1", to_list=False)
    for report in REPORTS:
        if report.only_branches or report.about_member:
            continue
        district.goto(f"/reports/{report.slug}?from=")
        wait_text(district, "#preview", "预览")
        drawn(made_of(district), report.slug)
    branch = people_today.sign_in("zhibu1")
    branch.goto("/reports/archive?from=")
    drawn(made_of(branch), "archive")
    branch.goto("/members/?filter=new")
    branch.click("tbody tr:first-child .col-name a")
    branch.click("a[href$='/certificate']")
    drawn(made_of(branch), "certificate")


def test_a_branch_takes_its_archive_with_the_forms_as_one_file(people: People) -> None:
    """Staff of a branch: the list, then each form behind it, found by its bookmark."""
    page = people.sign_in("zhibu1", to_list=False)
    page.goto("/reports/archive?from=")
    wait_text(page, "#preview", "预览")
    page.click("input[name=forms]")
    wait_text(page, "#preview", "电子版《入团志愿书》")
    page.click("#content form button.button-primary")
    wait(
        lambda: "打开 PDF" in page.text("#run"), "the branch's archive with its forms", seconds=180
    )
    page.picture(f"reports-archive-forms-{page.engine}")
    made = fetched(page, page.evaluate("document.querySelector('a[href$=\"file.pdf\"]').href"))
    reader = PdfReader(io.BytesIO(made))
    text = reader.pages[0].extract_text() + reader.pages[1].extract_text()
    told = re.search(r"(\d+) 份 (\d+) 页", text)
    assert told
    forms, pages = int(told[1]), int(told[2])
    assert forms
    first, *marks = reader.outline
    assert first.title == "封面和目录"
    assert len(marks) == forms
    begins = [reader.get_destination_page_number(mark) for mark in marks]
    assert begins == sorted(set(begins))
    assert begins[0] + pages == len(reader.pages)
    for mark, place in zip(marks, begins, strict=True):
        number, _, name = mark.title.partition(". ")
        assert number.isdigit()
        assert name in reader.pages[place].extract_text()
    form = pypdfium2.PdfDocument(made)[begins[0]].render(scale=1).to_pil().convert("L")
    assert form.getextrema()[0] < 100  # its picture is there
