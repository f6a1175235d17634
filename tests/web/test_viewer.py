"""点击查看: page by page, as a contact sheet and on paper, without a line of script."""

from __future__ import annotations

import io
import re
from functools import cache

import pytest
from PIL import Image
from sqlalchemy import select

from portal.demo.paper import Paper, pad_to
from portal.extensions import db
from portal.models import AuditRecord, Scan
from portal.rules.page_shapes import WIDTHS
from portal.runtime import runtime
from portal.services import scans
from portal.services.pictures import picture_key
from tests import scans as files
from tests.builders import Browser, World

FIRST_PAGE_BYTES = 150 * 1024


@cache
def sharp_scan() -> bytes:
    """A form of three pages with 200 dpi, which is 1654 pixels across."""
    return Paper(seed=12, dpi=200).form("202611000002", "测试", "测试团支部", 3)


@pytest.fixture
def member(world: World) -> int:
    """With a form of three pages."""
    member_id = world.add_member(name="安新")
    world.upload(member_id, files.good_scan(3))
    return member_id


def scan_of(member_id: int) -> Scan:
    found = scans.current_scan(member_id)
    assert found is not None
    return found


def link(page: str, of: str) -> str:
    """The opening tag of the link with an id."""
    found = re.search(rf'<a [^>]*id="{of}"[^>]*>', page)
    assert found
    return found[0]


def picture_of(page: str) -> str:
    """The address of the one page that is shown."""
    (address,) = set(re.findall(r'src="(/scans/[^"]+)"', page))
    return str(address)


# ---- page by page ----


def test_a_form_is_read_page_by_page(world: World, member: int) -> None:
    branch, scan = world.client_of(world.branch), scan_of(member)
    page = branch.get(f"/members/{member}/scan").text
    assert "<h1>安新 的入团志愿书</h1>" in page
    assert "3 页" in page
    assert picture_of(page) == f"/scans/{scan.id}/pages/1.jpg"
    assert 'alt="入团志愿书第 1 页"' in page
    assert 'aria-disabled="true"' in link(page, "previous")
    assert link(page, "back") == f'<a class="button" id="back" href="/members/{member}">'
    for number in (2, 3):
        (onwards,) = re.findall(r'href="([^"]+)"', link(page, "next"))
        page = branch.get(f"/members/{member}/scan{onwards}").text
        assert f'第 <b id="page-now">{number}</b> / 3 页' in page
        assert picture_of(page) == f"/scans/{scan.id}/pages/{number}.jpg"
        assert f'href="?page={number - 1}"' in link(page, "previous")
        assert page.count('aria-current="page">') == 2  # the menu's, and the page's number
        assert f'data-go="{number}" aria-current="page">{number}</a>' in page
    assert 'aria-disabled="true"' in link(page, "next")


@pytest.mark.parametrize(
    ("asked", "shown"),
    [("2", 2), ("0", 1), ("-3", 1), ("99", 3), ("9" * 40, 3), ("x", 1), ("", 1), ("2.5", 1)],
)
def test_a_link_to_a_page_shows_it_or_the_nearest(
    world: World, member: int, asked: str, shown: int
) -> None:
    page = world.client_of(world.branch).get(f"/members/{member}/scan?page={asked}")
    assert page.status_code == 200
    assert picture_of(page.text).endswith(f"/pages/{shown}.jpg")


@pytest.mark.parametrize(
    "query",
    ["w=5", "w=x", "w=99999", "scan=x", "scan=0", "mark=1", "mark=9,9,1,1", "q=1"],
)
def test_a_strange_address_shows_the_form(world: World, member: int, query: str) -> None:
    page = world.client_of(world.branch).get(f"/members/{member}/scan?page=2&{query}")
    assert page.status_code == 200
    assert picture_of(page.text).endswith("/pages/2.jpg")
    assert "page-mark" not in page.text
    assert "已经不是现在的" not in page.text


def test_without_javascript_a_page_is_shown_larger(world: World, member: int) -> None:
    world.upload(member, sharp_scan())
    branch = world.client_of(world.branch)
    page = branch.get(f"/members/{member}/scan?page=2&w=1600").text
    assert picture_of(page).endswith("/pages/2.jpg?w=1600")
    assert 'class="page-room zoom-1600"' in page
    assert 'href="?page=3&amp;w=1600"' in link(page, "next")
    assert re.search(r'href="\?page=2&amp;w=1600" aria-current="true">放大<', page)
    picture = Image.open(io.BytesIO(branch.get(picture_of(page)).data))
    assert picture.width == 1600
    # What was scanned with 1654 pixels is not sent with 2400.
    page = branch.get(f"/members/{member}/scan?page=2&w=2400").text
    assert picture_of(page).endswith("/pages/2.jpg?w=1600")
    assert 'class="page-room zoom-2400"' in page


def test_what_the_script_needs_stands_in_the_page(world: World, member: int) -> None:
    world.upload(member, sharp_scan())
    page = world.client_of(world.branch).get(f"/members/{member}/scan?page=3").text
    assert f'data-scan="{scan_of(member).id}" data-page="3"' in page
    assert 'data-shapes="1414x1600 1414x1600 1414x1600 "' in page
    assert "<script>" not in page
    assert " style=" not in page


def test_a_printed_page_is_the_page_that_is_shown(world: World, member: int) -> None:
    page = world.client_of(world.branch).get(f"/members/{member}/scan?page=2").text
    (printed,) = re.findall(r'<div class="print-page"><img src="([^"]+)"', page)
    assert printed == picture_of(page)


def test_all_pages_at_once(world: World, member: int) -> None:
    branch, scan = world.client_of(world.branch), scan_of(member)
    page = branch.get(f"/members/{member}/scan?page=2").text
    (address,) = re.findall(r'href="([^"]+)"', link(page, "thumbnails"))
    sheet = branch.get(address).text
    for number in (1, 2, 3):
        assert f'src="/scans/{scan.id}/pages/{number}.jpg?w=200"' in sheet
        thumb = re.search(
            rf'<a class="page-thumb"[^>]*page={number}&amp;scan={scan.id}"([^>]*)>', sheet
        )
        assert thumb
        assert ("aria-current" in thumb[1]) is (number == 2)
    assert f'href="/members/{member}/scan?page=2"' in link(sheet, "back")
    thumbnail = Image.open(io.BytesIO(branch.get(f"/scans/{scan.id}/pages/1.jpg?w=200").data))
    assert thumbnail.width == 200


# ---- marks of findings ----


def test_a_finding_s_place_is_drawn_on_its_page(world: World, member: int) -> None:
    branch, scan = world.client_of(world.branch), scan_of(member)
    address = f"/members/{member}/scan?page=2&scan={scan.id}&mark=100,200,300,450&mark=0,0,1000,50"
    page = branch.get(address).text
    assert page.count('<rect class="page-mark"') == 2
    assert '<rect class="page-mark" x="100" y="200" width="200" height="250"/>' in page
    assert "&amp;mark=100,200,300,450&amp;mark=0,0,1000,50" in page  # shown larger, it stays
    (onwards,) = re.findall(r'href="([^"]+)"', link(page, "next"))
    assert "mark" not in onwards  # the place is on this page


def test_a_place_on_a_form_that_was_replaced_is_not_drawn_on_the_new_one(
    world: World, member: int
) -> None:
    branch, old = world.client_of(world.branch), scan_of(member).id
    world.upload(member, files.good_scan(4))
    address = f"/members/{member}/scan?page=2&scan={old}&mark=100,200,300,450"
    for path in (address, address.replace("/scan?", "/scan/contact-sheet?")):
        page = branch.get(path).text
        assert "您要看的那份文件已经不是现在的了" in page
        assert f"管理员{world.branch.id}上传）" in page
        assert "page-mark" not in page
        assert f"/scans/{old}/" not in page


# ---- what ended ----


def test_a_form_that_was_replaced_says_so_and_leads_to_the_new_one(
    world: World, member: int
) -> None:
    branch, old = world.client_of(world.branch), scan_of(member).id
    world.upload(member, files.good_scan(4))
    for path in (f"/scans/{old}/pages/1.jpg", f"/scans/{old}/original.pdf"):
        answer = branch.get(path)
        assert answer.status_code == 410
        assert "已被新的文件替换" in answer.text
        assert f'href="/members/{member}/scan">查看现在的这一份</a>' in answer.text
    said = branch.get(f"/scans/{old}/pages/1.jpg", htmx=True)  # as the viewer's script asks
    assert said.status_code == 410
    assert "<html" not in said.text
    assert "查看现在的这一份" in said.text


def test_a_form_that_was_deleted_says_so(world: World, member: int) -> None:
    branch, old = world.client_of(world.branch), scan_of(member).id
    scans.delete(world.actor(world.branch), member)
    for path in (
        f"/members/{member}/scan",
        f"/members/{member}/scan?page=2&scan={old}",
        f"/members/{member}/scan/contact-sheet",
        f"/scans/{old}/pages/1.jpg",
        f"/scans/{old}/original.pdf",
    ):
        answer = branch.get(path)
        assert answer.status_code == 410, path
        assert "已被删除" in answer.text
        assert "查看现在的这一份" not in answer.text
    scans.restore(world.actor(world.branch), member)
    assert branch.get(f"/scans/{old}/pages/1.jpg").status_code == 200


def test_without_a_form_there_is_nothing_to_view(world: World) -> None:
    member = world.add_member()
    branch = world.client_of(world.branch)
    for path in (f"/members/{member}/scan", f"/members/{member}/scan/contact-sheet"):
        assert branch.get(path).status_code == 404


# ---- who may ----


def paths_of(member_id: int) -> tuple[str, ...]:
    scan = scan_of(member_id).id
    return (
        f"/members/{member_id}/scan",
        f"/members/{member_id}/scan/contact-sheet",
        f"/scans/{scan}/pages/1.jpg",
        f"/scans/{scan}/original.pdf",
    )


def answers(browser: Browser, member_id: int) -> set[int]:
    return {browser.get(path).status_code for path in paths_of(member_id)}


def test_who_is_responsible_sees_a_form_and_nobody_else(world: World, member: int) -> None:
    for node in (world.branch, world.grassroots, world.district, world.municipal):
        assert answers(world.client_of(node), member) == {200}
    for node in (world.sister, world.other_district, world.far_branch):
        assert answers(world.client_of(node), member) == {404}
    assert answers(world.client(), member) == {302}
    for path in (
        f"/members/{9**30}/scan",
        f"/members/{member}/scan?scan={9**30}",
        f"/scans/{9**30}/original.pdf",
        "/scans/0/pages/1.jpg",
    ):
        assert world.client_of(world.branch).get(path).status_code == 404


def test_a_member_sees_their_own_form_and_no_other(world: World, member: int) -> None:
    other = world.add_member()
    world.upload(other)
    world.member_actor(member)
    own = world.client(f"member{member}")
    assert answers(own, member) == {200}
    assert answers(own, other) == {404}
    assert 'href="/card"' in link(own.get(f"/members/{member}/scan").text, "back")
    scans.delete(world.actor(world.branch), other)
    assert own.get(f"/members/{other}/scan").status_code == 404  # deleted or not: not theirs


def test_a_look_at_a_form_is_on_record_once(world: World, member: int) -> None:
    branch = world.client_of(world.branch)
    branch.get(f"/members/{member}/scan")
    branch.get(f"/members/{member}/scan?page=2")
    branch.get(picture_of(branch.get(f"/members/{member}/scan?page=3").text))
    seen = select(AuditRecord.account_id).where(AuditRecord.event == "scan viewed")
    assert db.session.scalars(seen).all() == [world.branch.id]


# ---- pictures ----


def test_the_first_page_is_light_and_there_before_the_others_are_made(
    world: World, member: int
) -> None:
    world.upload(member, sharp_scan())
    branch, scan = world.client_of(world.branch), scan_of(member)
    page = branch.get(f"/members/{member}/scan", headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    picture = branch.get(f"/scans/{scan.id}/pages/1.jpg")
    assert Image.open(io.BytesIO(picture.data)).width == 1000
    wire = sum(len(one.data) + len(str(one.headers).encode()) for one in (page, picture))
    assert wire < FIRST_PAGE_BYTES
    made = {one.key for one in runtime().store.keys("pages/")}
    assert {key for key in made if key.endswith(".jpg")} == {picture_key(scan, 1, 1000)}


def test_a_picture_is_kept_by_the_browser_of_who_may_see_it(world: World, member: int) -> None:
    branch, scan = world.client_of(world.branch), scan_of(member)
    address = f"/scans/{scan.id}/pages/1.jpg"
    first = branch.get(address)
    assert first.content_type == "image/jpeg"
    assert first.headers["Cache-Control"] == "private, max-age=600, immutable"
    assert "Cookie" in first.headers["Vary"]
    again = branch.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("path", ["0.jpg", "4.jpg", "1.jpg?w=7", "1.jpg?w=100000"])
def test_a_picture_that_there_is_not_is_not_made(world: World, member: int, path: str) -> None:
    scan = scan_of(member)
    answer = world.client_of(world.branch).get(f"/scans/{scan.id}/pages/{path}")
    assert answer.status_code == 404
    assert list(runtime().store.keys("pages/")) == []


def test_every_width_is_drawn(world: World, member: int) -> None:
    branch, scan = world.client_of(world.branch), scan_of(member)
    for width in WIDTHS:
        answer = branch.get(f"/scans/{scan.id}/pages/1.jpg?w={width}")
        assert Image.open(io.BytesIO(answer.data)).width == min(width, 1000)  # it has 50 dpi


def test_where_the_sandbox_gives_up_a_page_says_so_and_the_others_go_on(
    world: World, member: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.upload(member, pad_to(files.good_scan(3), 14 * 1024 * 1024))
    branch, scan = world.client_of(world.branch), scan_of(member)
    with monkeypatch.context() as tight:
        tight.setitem(runtime().sandbox._limits, "memory", 8 * 1024 * 1024)
        page = branch.get(f"/members/{member}/scan")
        assert page.status_code == 200
        assert 'data-shapes="1414x2400 1414x2400 1414x2400 "' in page.text  # taken for A4
        assert "可以点“原件”" in page.text
        failed = branch.get(f"/scans/{scan.id}/pages/2.jpg", htmx=True)
        assert failed.status_code == 422
        assert "这一页画不出来" in failed.text
        assert "原件" in failed.text
    page = branch.get(f"/members/{member}/scan").text
    assert 'data-shapes="1414x1000 1414x1000 1414x1000 "' in page  # measured again
    assert branch.get(f"/scans/{scan.id}/pages/2.jpg").status_code == 200


# ---- the file as it was uploaded ----


def test_the_original_is_the_file_as_it_came(world: World, member: int) -> None:
    answer = world.client_of(world.district).get(f"/scans/{scan_of(member).id}/original.pdf")
    assert answer.data == files.good_scan(3)
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")


def test_a_range_of_the_original(world: World, member: int) -> None:
    branch, path = world.client_of(world.branch), f"/scans/{scan_of(member).id}/original.pdf"
    answer = branch.get(path, headers={"Range": "bytes=0-7"})
    assert (answer.status_code, answer.data) == (206, files.good_scan(3)[:8])
    same = branch.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert same.status_code == 304
    beyond = branch.get(path, headers={"Range": "bytes=999999999-"})
    assert beyond.status_code == 416
