"""A form without a scanner, and one that is too large: photos become one PDF, 30 MB become 15."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from portal.demo.paper import Paper, bind
from tests import pictures
from tests.browser.conftest import People, Portal
from tests.browser.drivers import Driver, PlaywrightPage, wait, wait_gone, wait_text
from tests.browser.test_arranging import order, pictures_are_there
from tests.browser.test_numbers import query
from tests.browser.test_stories import first_missing, no_sideways_scroll
from tests.scans import good_scan

MIB = 1024 * 1024


PHOTO = (3024, 4032)


@cache
def _grain() -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise(PHOTO, 60)] * 3)


def _noisy(picture: Image.Image, size: tuple[int, int], much: float) -> Image.Image:
    """As large a file as a phone or a scanner makes of it."""
    larger = picture.convert("RGB").resize(size, Image.Resampling.BILINEAR)
    return Image.blend(larger, _grain().crop((0, 0, *size)), much)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four pages as a phone of 12 megapixels takes them, the second with the phone held upright."""
    folder, made = tmp_path_factory.mktemp("photos"), []
    for place, content in enumerate(
        Paper(5, dpi=100).pictures("202611000077", "安新", "团支部", 4)
    ):
        picture = _noisy(Image.open(io.BytesIO(content)), PHOTO, 0.15)
        path = folder / f"IMG_200{place}.jpg"
        held = place == 1
        picture = picture.rotate(90, expand=True) if held else picture
        path.write_bytes(pictures.phone_jpeg(6 if held else 1, picture))
        made.append(path)
    assert sum(path.stat().st_size for path in made) > 15 * MIB
    return made


@pytest.fixture(scope="module")
def large_scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pages in colour at 300 dpi, over 30 MB."""
    cover, *inner = Paper(6, dpi=100).pictures("202611000078", "安新", "团支部", 8)
    scanned = [
        pictures.jpeg(_noisy(Image.open(io.BytesIO(one)), pictures.A4_300, 0.3), quality=97)
        for one in (cover, *inner[3:])
    ]
    path = tmp_path_factory.mktemp("scans") / "扫描件.pdf"
    path.write_bytes(bind(scanned))
    assert 30 * MIB < path.stat().st_size < 60 * MIB
    return path


def axe_finds_nothing(page: PlaywrightPage) -> None:
    from axe_core_python.sync_playwright import Axe

    found = Axe().run(page.page)["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []


def delete_again(page: Driver, cell: str) -> None:
    """Tidy up for the next engine."""
    page.goto("/members/")
    page.goto(f"/members/{cell.removeprefix('#scan-')}/edit")
    page.click(f"{cell} .delete")
    wait_text(page, cell, "30 天内可以撤销")
    page.click(f"{cell} .button-danger")
    wait_text(page, cell, "已删除")


def test_photos_of_a_phone_become_one_pdf(
    people_today: People, portal: Portal, photos: list[Path], tmp_path: Path
) -> None:
    page = people_today.sign_in("zhibu1")
    assert isinstance(page, PlaywrightPage)
    cell = first_missing(page)
    page.click(f"{cell} .photo-link")
    axe_finds_nothing(page)
    field = page.page.locator("#add input[type=file]")
    heic = tmp_path / "IMG_3000.HEIC"
    heic.write_bytes(pictures.heic())
    field.set_input_files([*photos[:2], heic])
    page.picture("photos-sending")
    wait_text(page, "#queue", "设置 › 相机 › 格式，选“兼容性最佳”")
    page.click("#queue button")
    wait_gone(page, "#queue li")
    assert order(page) == "1 2"
    page.offline(True)
    field.set_input_files(photos[2:])
    wait_text(page, "#queue", "传送中断，这一张没有添加，已添加的没有变动。")
    assert page.count("#queue li") == 2  # the other one waits
    page.offline(False)
    wait(lambda: order(page) == "1 2 3 4", "the others, by themselves")  # the line is there again

    page.click("#page-3 [value=earlier-3]")
    page.click("#page-3 [value=right-3]")
    page.click("#page-3 [value=left-3]")
    page.click("#page-4 [name=do][value=drop-4]")
    page.click("#page-4 [name=do][value=back-4]")
    assert page.text("#sheet-words") == "共 4 张"
    kept = "document.querySelector('#save [name=pages]').value"
    page.reload()
    wait_text(page, "#sheet-words", "共 4 张")
    assert page.evaluate(kept) == "1.3.2.4"  # nothing was lost with the page
    page.click("#page-3 [value=later-3]")
    axe_finds_nothing(page)
    pictures_are_there(page)
    page.picture("photos")
    page.click("#save button")
    wait(lambda: page.count("#made") > 0, "what was made", 60)
    assert "4 页" in page.text("#made .photo-now")
    assert "已压缩到能放下为止" in page.text("#made .photo-now")
    pictures_are_there(page)
    page.picture("photos-made")
    axe_finds_nothing(page)
    page.click("#page-1 [value=right-1]")
    wait_text(page, "#made", "又有改动")
    page.click("#page-1 [value=left-1]")
    page.viewport(360, 740)
    no_sideways_scroll(page)
    page.picture("photos-phone")
    page.click("#made .photo-now button")
    wait_text(page, "#messages", "已用照片合成 1 份 PDF 并上传。")
    page.viewport(1366, 768)
    member = cell.removeprefix("#scan-")
    ((origin, size, pages),) = query(
        portal,
        "SELECT origin, size, pages FROM scan WHERE member_id = ? AND state = 'current'",
        member,
    )
    assert (origin, pages) == ("from_photos", 4)
    assert 5 * MIB < int(str(size)) <= 15 * MIB
    delete_again(page, cell)


def test_photos_in_every_engine(people_everywhere: People, tmp_path: Path) -> None:
    page = people_everywhere.sign_in("zhibu1")
    cell = first_missing(page)
    page.click(f"{cell} .photo-link")
    for place in (1, 2):
        path = tmp_path / f"{place}.jpg"
        path.write_bytes(pictures.jpeg(pictures.page(1240, 1754, grey=place == 2)))
        page.choose_file("#add input[type=file]", path)
        wait(lambda place=place: page.count(".sheet-card") == place, "the card")  # type: ignore[misc]
    page.click("#page-2 [name=do][value=earlier-2]")
    page.click("#page-1 [name=do][value=right-1]")
    page.click("#save button")
    wait(lambda: page.count("#made") > 0, "what was made", 30)
    no_sideways_scroll(page)
    page.click("#made .photo-now button")
    wait_text(page, "#messages", "已用照片合成 1 份 PDF 并上传。")
    assert "2 页" in page.text(cell)
    assert "拍照合成" in page.text(f"{cell} .meta")
    delete_again(page, cell)


def test_a_scan_of_30_mb_fits_and_is_compared_before_it_is_taken(
    people_today: People, portal: Portal, large_scan: Path, tmp_path: Path
) -> None:
    page = people_today.sign_in("zhibu1")
    assert isinstance(page, PlaywrightPage)
    cell = first_missing(page)
    page.choose_file(f"{cell} input[type=file]", large_scan)
    wait_text(page, cell, "超过 15M")
    page.picture("too-large")
    page.click(f"{cell} .cell-error button")
    wait_text(page, f"{cell} .sending-words", "正在压缩")
    page.page.wait_for_url("**/compress", timeout=90_000)
    wait_text(page, "#offer", "5 页")
    pictures_are_there(page)
    page.picture("compressed")
    axe_finds_nothing(page)
    assert page.count("#offer figure img") == 6
    member = cell.removeprefix("#scan-")
    now = "SELECT origin, size FROM scan WHERE member_id = ? AND state = 'current'"
    assert query(portal, now, member) == []  # nothing is stored before it is accepted
    page.viewport(360, 740)
    no_sideways_scroll(page)
    # Another file after all: refused in its row, and what was offered stays.
    small = tmp_path / "小.pdf"
    small.write_bytes(good_scan())
    page.choose_file("#file", small)
    page.click("#compress button")
    wait_text(page, "#queue", "不需要压缩，可以直接上传")
    page.click("#offer .button-primary")
    wait_text(page, "#messages", "压缩后的文件已上传。")
    ((origin, size),) = query(portal, now, member)
    assert origin == "compressed"
    assert 5 * MIB < int(str(size)) <= 15 * MIB
    page.viewport(1366, 768)
    delete_again(page, cell)
