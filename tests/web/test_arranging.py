"""整理页面 without JavaScript: each button shows the next arrangement, and saving makes a version."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.extensions import db
from portal.models import Scan
from portal.rules.scan_findings import Finding, FindingKind, Look
from portal.services import looks, scans
from tests import scans as files
from tests.builders import Browser, World
from tests.web.test_findings import looked_at

LOOK = Look(
    pages=4,
    findings=(
        Finding(FindingKind.UPSIDE_DOWN, 2, 180),
        Finding(FindingKind.OUT_OF_ORDER, 3, 3),
        Finding(FindingKind.BLANK_PAGE, 4, 0),
    ),
    numbers={2: 2, 3: 1},
)


class Form:
    """A member's form with things to mend, and its branch at the page."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.member = world.add_member(name="安新")
        self.scan = world.upload(self.member, files.good_scan(4)).scan_id
        self.branch = world.client_of(world.branch)
        self.address = f"/members/{self.member}/scan/arrange"

    def press(self, page: str, do: str) -> str:
        """What the browser does without JavaScript when a button is pressed."""
        button = re.search(rf'<button[^>]*name="do" value="{do}"[^>]*>', page)
        assert button, do
        assert "disabled" not in button[0]
        return str(self.branch.get(f"{self.address}?{query(page)}&do={do}").text)

    def save(self, page: str, browser: Browser | None = None) -> Any:
        sent = dict(part.split("=") for part in query(page).split("&"))
        return (browser or self.branch).post(self.address, sent)

    def versions(self) -> int:
        db.session.rollback()
        count = select(func.count()).select_from(Scan).where(Scan.member_id == self.member)
        return int(db.session.scalar(count) or 0)


def query(page: str) -> str:
    """What the form of the pages carries."""
    sheet = page[page.index('id="sheet"') :]
    return "&".join(
        f"{name}={value}"
        for name, value in re.findall(r'type="hidden" name="(scan|pages)" value="([^"]*)"', sheet)
    )


def order(page: str) -> str:
    return query(page).partition("pages=")[2]


@pytest.fixture
def form(world: World) -> Form:
    return Form(world)


def test_pages_are_arranged_saved_and_the_original_restored(form: Form) -> None:
    page = form.branch.get(form.address).text
    assert order(page) == "1.2.3.4"
    assert "还没有改动" in page
    assert "系统还在逐页检查这份文件" in page
    for do, expected in (
        ("right-1", "1r1.2.3.4"),
        ("later-1", "2.1r1.3.4"),
        ("drop-3", "2.1r1.3x.4"),
        ("drop-4", "2.1r1.3x.4x"),
        ("back-4", "2.1r1.3x.4"),
    ):
        page = form.press(page, do)
        assert order(page) == expected
    assert "删除了 1 页，转动了 1 页，顺序已调整；保存后 3 页" in page
    assert page.count("已删除</b>") == 1
    assert re.search(r'value="drop-4" autofocus>', page)  # a keyboard goes on where it was
    done = form.save(page)
    assert (done.status_code, done.headers["Location"]) == (303, form.address)
    page = form.branch.get(form.address).text
    assert "已生成新版本：3 页，删除了 1 页，转动了 1 页，顺序已调整。" in page
    assert order(page) == "1.2.3"
    assert re.search(r"11-\d\d 管理员\d+整理|\d\d-\d\d [\d:]+ 管理员\d+整理", page)
    assert "上传的原件（4 页" in page
    assert "整理" in form.branch.get(f"/members/{form.member}/scan/cell", htmx=True).text
    now = query(page).partition("&")[0].removeprefix("scan=")
    restored = form.branch.post(f"{form.address}/restore", {"scan": now})
    assert restored.headers["Location"] == form.address
    page = form.branch.get(form.address).text
    assert "已恢复上传的原件。" in page
    assert query(page).startswith(f"scan={form.scan}&")
    assert "上传的原件（" not in page


def test_what_was_seen_is_offered_and_never_done_by_itself(form: Form) -> None:
    looked_at(form.member, LOOK)
    page = form.branch.get(form.address).text
    assert order(page) == "1.2.3.4"
    assert "⚠ 倒置" in page
    for do, expected in (
        ("straight", "1.2r2.3.4"),
        ("sort", "1.3.2r2.4"),
        ("blanks", "1.3.2r2.4x"),
    ):
        page = form.press(page, do)
        assert order(page) == expected
        assert re.search(rf'value="{do}"[^>]* disabled>✓ ', page)
    branch = form.world.actor(form.world.branch)
    for finding in LOOK.findings:  # 我已核对，无需重传: then it is as it should be
        looks.set_aside(branch, form.scan, finding.kind, finding.page)
    assert "系统看到可以整理的地方" not in form.branch.get(form.address).text


def test_what_is_missing_is_told_and_to_be_scanned(form: Form) -> None:
    looked_at(
        form.member,
        Look(4, (Finding(FindingKind.MISSING_PAGES, 0, 4),), numbers={2: 1, 3: 2, 4: 5}),
    )
    page = form.branch.get(form.address).text
    assert "只有 4 页，比《入团志愿书》的页数少。从印的页码看，缺页码为 3、4 的页。" in page
    assert "页码 5</span>" in page
    looks.set_aside(form.world.actor(form.world.branch), form.scan, FindingKind.MISSING_PAGES, 0)
    looked_at(form.member, Look(4, (Finding(FindingKind.MISSING_PAGES, 0, 4),)))
    assert "请与纸质表逐页核对，补齐后重新上传" not in form.branch.get(form.address).text


def test_the_page_is_linked_where_it_helps(form: Form) -> None:
    row, findings = f"/members/{form.member}/edit", f"/members/{form.member}/scan/findings"
    looked_at(form.member, Look(pages=4, findings=(Finding(FindingKind.BLURRED, 2, 0.2),)))
    assert form.address not in form.branch.get(row).text
    looked_at(form.member, LOOK)
    assert f'<a href="{form.address}">整理页面</a>' in form.branch.get(row).text
    assert "⚠ 3 处提示" in form.branch.get(row).text
    assert f"{form.address}#page-2" in form.branch.get(findings).text
    assert form.address in form.branch.get(f"/members/{form.member}/scan").text
    district = form.world.client_of(form.world.district)
    for address in (f"/members/{form.member}", findings, f"/members/{form.member}/scan"):
        assert form.address not in district.get(address).text


def test_a_double_click_makes_one_version_and_says_so_twice(form: Form) -> None:
    page = form.press(form.branch.get(form.address).text, "later-1")
    for _ in range(2):
        assert form.save(page).status_code == 303
        assert "已生成新版本：4 页，顺序已调整。" in form.branch.get(form.address).text
    assert form.versions() == 2


def test_nothing_changed_and_nothing_left_are_said(form: Form) -> None:
    page = form.branch.get(form.address).text
    same = form.save(page)
    assert same.status_code == 422
    assert "页面没有改动，没有生成新的文件" in same.text
    for number in range(1, 5):
        page = form.press(page, f"drop-{number}")
    none = form.save(page)
    assert none.status_code == 422
    assert "请至少恢复一页" in none.text
    assert order(none.text) == "1x.2x.3x.4x"
    assert form.versions() == 1


def test_who_was_slower_is_told_and_can_do_the_same_to_the_present_file(form: Form) -> None:
    page = form.press(form.branch.get(form.address).text, "later-1")
    newer = form.world.upload(form.member, files.good_scan(4, "202611000099")).scan_id
    told = form.save(page)
    assert told.status_code == 409
    assert "您的这一步操作没有执行，现在的文件没有变动" in told.text
    assert order(told.text) == "1.2.3.4"
    again = re.search(rf'href="({form.address}\?[^"]*)"', told.text)
    assert again
    page = form.branch.get(html.unescape(again[1])).text
    assert query(page) == f"scan={newer}&pages=2.1.3.4"
    form.world.upload(form.member, files.good_scan(3))
    told = form.branch.get(f"{form.address}?{query(page)}")
    assert "已经不是现在的了" in told.text
    assert "把您刚才的改动放到" not in told.text  # three pages are no place for four
    scans.delete(form.world.actor(form.world.branch), form.member)
    told = form.save(page)
    assert told.headers["Location"] == f"/members/{form.member}/edit"
    assert "刚才已被重新上传、整理或删除" in form.branch.get(f"/members/{form.member}/edit").text
    restored = form.branch.post(f"{form.address}/restore", {"scan": newer})
    assert restored.status_code == 404  # it was made from nothing
    assert form.branch.get(form.address).status_code == 404
    assert form.versions() == 3


def test_a_restoring_that_comes_too_late_is_told(form: Form) -> None:
    form.save(form.press(form.branch.get(form.address).text, "later-1"))
    made = form.branch.get(form.address).text
    form.world.upload(form.member, files.good_scan(3))
    now = query(made).partition("&")[0].removeprefix("scan=")
    assert form.branch.post(f"{form.address}/restore", {"scan": now}).status_code == 303
    page = form.branch.get(f"/members/{form.member}/edit").text
    assert "您的这一步操作没有执行，现在的文件没有变动" in page
    assert "3 页" in page


@pytest.mark.parametrize(
    "asked",
    ["?pages=1.2", "?pages=x&do=sort", "?scan=x&pages=4.3.2.1.0", "?do=burn-7", "?do=drop-99"],
)
def test_an_address_that_says_nothing_shows_the_pages_as_they_are(form: Form, asked: str) -> None:
    answer = form.branch.get(form.address + asked)
    assert answer.status_code == 200
    assert order(answer.text) == "1.2.3.4"


@pytest.mark.parametrize(
    "sent",
    [{}, {"scan": "x"}, {"pages": "2.1.3.4"}, {"scan": "1", "pages": "2.1"}, {"scan": "999"}],
)
def test_a_form_that_is_none_of_ours_is_not_found(form: Form, sent: dict[str, str]) -> None:
    assert form.branch.post(form.address, sent).status_code == 404
    assert form.versions() == 1


def test_who_may_view_the_form_may_open_what_was_uploaded(form: Form) -> None:
    form.save(form.press(form.branch.get(form.address).text, "later-1"))
    scan = scans.current_scan(form.member)
    assert scan is not None
    world, address = form.world, f"/scans/{scan.id}/uploaded.pdf"
    actor = world.member_actor(form.member)
    for browser in (form.branch, world.client_of(world.district), world.client(actor.login)):
        page = browser.get(f"/members/{form.member}/scan").text
        assert f'href="{address}"' in page
        assert browser.get(address).data == files.good_scan(4)
        assert browser.get(f"/scans/{scan.id}/original.pdf").data != files.good_scan(4)
    assert world.client_of(world.other_district).get(address).status_code == 404
    assert form.branch.get(f"/scans/{form.scan}/uploaded.pdf").status_code == 410
    assert "整理" in world.client(actor.login).get("/card").text
