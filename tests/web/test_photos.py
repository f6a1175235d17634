"""拍照合成 and 压缩到15M以内, as their pages: without JavaScript, and as the scripts ask."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from sqlalchemy import select

from portal.demo.paper import pad_to
from portal.extensions import db
from portal.models import Scan, ScanOrigin
from portal.rules.scan_refusals import MAX_SCAN_BYTES
from tests import pictures, scans
from tests.builders import Browser, World, _headers

FIRST = pictures.phone_jpeg(1, pictures.page(1240, 1754))
SECOND = pictures.phone_jpeg(6, pictures.page(1240, 1754, grey=True))
SMALL = pictures.jpeg(pictures.page(660, 900))


@pytest.fixture
def member(world: World) -> int:
    return world.add_member(name="安新")


@pytest.fixture
def branch(world: World) -> Browser:
    return world.client_of(world.branch)


def send(
    branch: Browser, path: str, *files: tuple[str, bytes], htmx: bool = False, **fields: str
) -> Any:
    """A multipart form, as a browser sends it."""
    field = "pictures" if path.endswith("photos") else "file"
    data = {"csrf_token": branch.token(), **fields}
    data[field] = [(io.BytesIO(content), name) for name, content in files]
    kind = "multipart/form-data"
    return branch.request("POST", path, data=data, headers=_headers(htmx), content_type=kind)


def forms(page: str) -> dict[str, str]:
    """The hidden fields of a page's last form with a file's name."""
    return dict(re.findall(r'<input type="hidden" name="(name|pages)" value="([^"]*)">', page))


def current(member: int) -> Scan:
    db.session.rollback()
    return db.session.scalars(select(Scan).where(Scan.member_id == member)).one()


def test_photos_become_a_form_without_javascript(branch: Browser, member: int) -> None:
    address = f"/members/{member}/scan/photos"
    assert f'href="{address}"' in branch.get("/members/").text
    page = branch.get(address).text
    assert 'accept="image/jpeg,image/png" multiple' in page
    done = send(branch, address, ("a.jpg", FIRST), ("b.jpg", SECOND), pages="")
    assert (done.status_code, done.location) == (303, address)
    page = branch.get(address).text
    assert page.count('class="sheet-card') == 2
    assert "删除本张" in page

    # Each button asks for the page after it; nothing is kept until something is sent.
    turned = branch.get(f"{address}?pages=1.2&do=earlier-2").text
    assert forms(turned)["pages"] == "2.1"
    assert 'name="pages" value="1.2"' in branch.get(address).text

    made = branch.post(f"{address}/file", {"pages": "2.1r2"})
    assert (made.status_code, made.location) == (303, f"{address}#made")
    page = branch.get(address).text
    assert "已合成 1 份 PDF：<b>2 页" in page
    name = forms(page)["name"]
    picture = branch.get(f"{address}/file/{name}/1.jpg?w=200")
    assert picture.content_type == "image/jpeg"
    assert branch.get(f"{address}/1.jpg").data.startswith(b"\xff\xd8")
    assert len(branch.get(f"{address}/1.jpg?large=1").data) > len(
        branch.get(f"{address}/1.jpg").data
    )

    done = branch.post(f"{address}/form", {"name": name})
    assert (done.status_code, done.location) == (303, f"/members/{member}/edit")
    assert "已用照片合成 1 份 PDF 并上传" in branch.get(done.location).text
    assert (current(member).origin, current(member).pages) == (ScanOrigin.FROM_PHOTOS, 2)
    again = branch.post(f"{address}/form", {"name": name})
    assert again.status_code == 409
    assert "已经上传过" in again.text


def test_the_script_gets_a_card_or_a_sentence(branch: Browser, member: int) -> None:
    address = f"/members/{member}/scan/photos"
    answer = send(branch, address, ("a.jpg", SMALL), htmx=True)
    assert answer.status_code == 200
    assert 'id="page-1"' in answer.text
    assert "只有 80 dpi" in answer.text
    assert 'class="refused"' not in answer.text
    answer = send(branch, address, ("a.heic", pictures.heic()), htmx=True)
    assert 'class="sheet-card' not in answer.text
    assert "兼容性最佳" in answer.text
    assert "已经添加过" in send(branch, address, ("a.jpg", SMALL), htmx=True).text
    assert branch.post(f"{address}/order", {"pages": "1r1"}, htmx=True).status_code == 204
    page = branch.get(address).text
    assert forms(page)["pages"] == "1r1"
    assert "有 1 张照片的像素太少" in page


def test_what_was_not_added_is_named_and_the_others_are(branch: Browser, member: int) -> None:
    address = f"/members/{member}/scan/photos"
    page = send(branch, address, ("a.jpg", FIRST), ("b<i>.webp", b"RIFF....WEBP"))
    assert page.status_code == 422
    assert "已添加 1 张；下面 1 张没有添加" in page.text
    assert "b&lt;i&gt;.webp：这不是 JPEG 或 PNG 图片（内容是 WebP 图片）" in page.text
    assert send(branch, address).status_code == 303
    assert "还没有选择照片" in branch.get(address).text


def test_nothing_to_join_and_nothing_left_are_sentences(branch: Browser, member: int) -> None:
    address = f"/members/{member}/scan/photos"
    empty = branch.post(f"{address}/file", {"pages": ""})
    assert empty.status_code == 422
    assert "还没有图片可以合成" in empty.text
    send(branch, address, ("a.jpg", SMALL))
    assert "还没有图片可以合成" in branch.post(f"{address}/file", {"pages": "1x"}).text
    assert branch.post(f"{address}/clear").status_code == 303
    assert 'class="sheet-card' not in branch.get(address).text


def test_a_change_after_the_preview_asks_for_a_new_one(branch: Browser, member: int) -> None:
    address = f"/members/{member}/scan/photos"
    send(branch, address, ("a.jpg", FIRST), ("b.jpg", SECOND))
    branch.post(f"{address}/file", {"pages": "1.2"})
    name = forms(branch.get(address).text)["name"]
    branch.post(f"{address}/order", {"pages": "2.1"})
    assert "photo-made is-old" in branch.get(address).text
    refused = branch.post(f"{address}/form", {"name": name})
    assert refused.status_code == 409
    assert "请重新点“合成预览”" in refused.text


def test_without_the_forms_token_nothing_comes_in(branch: Browser, member: int) -> None:
    for path in (f"/members/{member}/scan/photos", f"/members/{member}/scan/compress"):
        field = "pictures" if path.endswith("photos") else "file"
        data = {field: (io.BytesIO(FIRST), "a.jpg")}
        answer = branch.request("POST", path, data=data, content_type="multipart/form-data")
        assert answer.status_code == 400
        assert 'class="sheet-card' not in branch.get(path).text


def test_who_leaves_no_form_there_sees_no_such_page(world: World, member: int) -> None:
    old = world.add_member(number="201011000001", joined=pictures.LONG_AGO)
    branch = world.client_of(world.branch)
    for page in ("photos", "compress"):
        assert branch.get(f"/members/{old}/scan/{page}").status_code == 409
        assert (
            world.client_of(world.sister).get(f"/members/{member}/scan/{page}").status_code == 404
        )


@pytest.fixture(scope="module")
def large() -> bytes:
    return pad_to(scans.good_scan(8), MAX_SCAN_BYTES + 1)


def test_the_refusal_of_a_large_scan_offers_to_compress_it(
    branch: Browser, member: int, large: bytes
) -> None:
    address = f"/members/{member}/scan/compress"
    for htmx in (False, True):
        refused = branch.upload(member, large, htmx=htmx)
        assert "超过 15M" in refused.text
        assert f'<a href="{address}">压缩到 15M 以内…</a>' in refused.text
    assert address not in branch.upload(member, scans.with_javascript()).text
    assert 'type="file"' in branch.get(address).text

    done = send(branch, address, ("large.pdf", large))
    assert (done.status_code, done.location) == (303, address)
    page = branch.get(address).text
    assert "<td>15.0M</td>" in page
    assert "第 8 页红色最多处放大" in page
    pictures_of = re.findall(rf'<img src="({address}/[^"]+)"', page)
    assert len(pictures_of) == 6
    assert {branch.get(one).content_type for one in pictures_of} == {"image/jpeg"}
    name = forms(page)["name"]
    done = branch.post(f"{address}/form", {"name": name})
    assert (done.status_code, done.location) == (303, f"/members/{member}/edit")
    assert current(member).origin is ScanOrigin.COMPRESSED
    assert "压缩后上传" in branch.get("/members/").text
    assert branch.post(f"{address}/form", {"name": name}).status_code == 409


def test_a_large_scan_sent_from_the_cell_leads_to_its_page(
    branch: Browser, member: int, large: bytes
) -> None:
    address = f"/members/{member}/scan/compress"
    answer = send(branch, address, ("large.pdf", large), htmx=True)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, address)
    refused = send(branch, address, ("x.pdf", scans.good_scan()), htmx=True)
    assert f'id="scan-{member}"' in refused.text
    assert "不需要压缩，可以直接上传" in refused.text
    refused = send(branch, address, ("x.pdf", b""))
    assert refused.status_code == 422
    assert "文件是空的" in refused.text
    given_up = branch.post(f"{address}/drop")
    assert (given_up.status_code, given_up.location) == (303, f"/members/{member}/edit")
    assert "还没有保存" not in branch.get(address).text
