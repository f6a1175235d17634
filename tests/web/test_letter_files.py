"""附件 as pages: added to a kept letter, refused without loss, downloaded by who may read."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import quote

from tests import scans
from tests.builders import Browser, World
from tests.web.test_letters import begin


def attach(browser: Browser, address: str, *files: tuple[str, bytes], token: str = "") -> Any:
    data = {
        "csrf_token": token or browser.token(),
        "file": [(io.BytesIO(content), name) for name, content in files],
    }
    return browser.request(
        "POST",
        f"{address}/files",
        data=data,
        headers={"Origin": "http://localhost", "Referer": "http://localhost/"},
        content_type="multipart/form-data",
    )


def test_a_letter_goes_with_its_attachment(world: World) -> None:
    district, branch = world.client_of(world.district), world.client_of(world.branch)
    address, fields = begin(district, f"/messages/new?to=organisation-{world.branch.id}")
    typed = fields | {"subject": "通知", "body": "见附件"}
    step = district.post(address, typed | {"step": "attach"})
    assert step.location == f"{address}/files"
    assert "还没有附件。信的内容已存为草稿" in district.get(step.location).text
    content = scans.good_scan()
    page = attach(district, address, ("名单.pdf", content), ("宏.xlsx", b"PK\x03\x04"))
    assert page.status_code == 422
    assert "<b>宏.xlsx</b>：文件已损坏" in page.text
    assert "信的内容和其他附件没有变动" in page.text
    assert "已经添加过" in district.get(attach(district, address, ("b.pdf", content)).location).text
    assert "还没有选择文件" in district.get(attach(district, address, ("", b"")).location).text
    write = district.get(address).text
    assert "名单.pdf" in write
    assert ">见附件</textarea>" in write
    added = attach(district, address, ("二.pdf", scans.good_scan(3)))
    page = district.get(added.location).text
    assert "已添加 1 个附件" in page
    remove = page.rsplit('action="', 2)[1].split('"')[0]
    assert "附件已移除" in district.get(district.post(remove).location).text
    sent = district.post(address, typed | {"step": "send"})
    link = district.get(sent.location).text.split("/files/")[1].split('"')[0]
    message = sent.location.rsplit("/", 1)[1]
    assert f'href="/messages/{message}/files/{link}"' in branch.get(f"/messages/{message}").text
    file = branch.get(f"/messages/{message}/files/{link}")
    assert file.data == content
    disposition = file.headers["Content-Disposition"]
    assert disposition.startswith("attachment;")
    assert f"filename*=UTF-8''{quote('名单.pdf')}" in disposition
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in file.headers["Content-Security-Policy"]
    assert file.content_type == "application/pdf"
    for other in (world.client_of(world.sister), world.client_of(world.municipal)):
        assert other.get(f"/messages/{message}/files/{link}").status_code == 404
    line = district.get("/record/?kind=letters").text
    assert "：《通知》，附件 1 个" in line


def test_a_file_without_the_form_s_token_is_not_taken(world: World) -> None:
    district = world.client_of(world.district)
    address, fields = begin(district, f"/messages/new?to=organisation-{world.branch.id}")
    district.post(address, fields | {"subject": "通知", "body": "", "step": "save"})
    assert attach(district, address, ("a.pdf", scans.good_scan()), token="x").status_code == 400
    assert "还没有附件" in district.get(f"{address}/files").text
    stranger = world.client_of(world.municipal)
    assert attach(stranger, address, ("a.pdf", scans.good_scan())).status_code == 404
