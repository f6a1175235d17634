"""A committee writes to all branches below, with an attachment; a branch reads and answers."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from tests import scans
from tests.browser.conftest import People
from tests.browser.drivers import Driver, wait, wait_text
from tests.browser.test_checks import axe_finds_nothing

SUBJECT = "关于逐页核对《入团志愿书》的通知"


def write(page: Driver, subject: str, body: str) -> None:
    page.fill("#subject", subject)
    page.fill("#body", body)


def test_a_letter_to_all_branches_is_read_and_answered(people: People, tmp_path: Path) -> None:
    file, program = tmp_path / "核对要点.pdf", tmp_path / "说明.pdf"
    file.write_bytes(scans.good_scan())
    program.write_bytes(scans.with_javascript())
    subject = SUBJECT + ("（二）" if people.engine == "chromium86" else "")  # one portal for all
    page = people.sign_in("quwei1", to_list=False)
    page.click(".who-messages")
    page.click(".head-actions a[href='/messages/new']")
    wait_text(page, ".letter-choice", "全部下级团支部")
    page.click(".letter-choice a[href*='to=branches-']")
    wait_text(page, ".letter-to", "全部团支部")
    write(page, "", "请各支部在本周五前逐页核对扫描件，要点见附件。")
    page.click("button[value=send]")
    wait_text(page, "#subject-note", "请填写标题")
    write(page, subject, "请各支部在本周五前逐页核对扫描件，要点见附件。")
    page.click("button[value=attach]")
    wait_text(page, "h1", "附件")
    page.choose_file("#file", program)
    page.click("form[enctype] button")
    wait_text(page, ".message-wrong", "带有程序")
    page.choose_file("#file", file)
    page.click("form[enctype] button")
    wait_text(page, ".files", "核对要点.pdf")
    axe_finds_nothing(page)
    page.click("a[href^='/messages/letters/']:not([download]).button")
    wait_text(page, ".files", "核对要点.pdf")
    assert page.evaluate("document.getElementById('body').value").startswith("请各支部")
    axe_finds_nothing(page)
    page.picture(f"letter-write-{page.engine}")
    page.click("button[value=send]")
    wait_text(page, "#messages", "已发送")
    sent = page.url()
    wait_text(page, "section[aria-labelledby=read]", "0 个已读")

    page = people.sign_in("zhibu1", page=page, to_list=False)
    page.click(".who-messages")
    wait_text(page, ".inbox .is-unread", subject)
    page.click(".inbox .is-unread a")
    wait_text(page, ".message-body", "本周五前")
    wait_text(page, ".files", "核对要点.pdf")
    axe_finds_nothing(page)
    page.picture(f"letter-read-{page.engine}")
    assert page.count(".files a[download]") == 1
    page.click("a[href$='/answer']")
    wait_text(page, ".earlier", subject)
    assert page.evaluate("document.getElementById('subject').value") == f"回复：{subject}"
    page.fill("#body", "已核对，全部合格。")
    page.click("button[value=send]")
    wait_text(page, "#messages", "已发送")

    page = people.sign_in("quwei1", page=page, to_list=False)
    page.goto(urlsplit(sent).path)
    wait_text(page, "section[aria-labelledby=read]", "1 个已读")
    axe_finds_nothing(page)
    page.picture(f"letter-sent-{page.engine}")
    page.goto("/messages/?kind=letter")
    wait_text(page, ".inbox .is-unread", f"回复：{subject}")
    page.click(".inbox .is-unread a")
    wait_text(page, ".message-body", "已核对，全部合格")
    page.click(".earlier summary")
    wait(lambda: "本周五前" in page.text(".earlier"), "the letter that was answered")


def test_what_was_typed_is_there_after_the_session_ended(people: People) -> None:
    page = people.sign_in("quwei1", to_list=False)
    page.goto("/messages/new?to=organisation-1")
    write(page, "请示", "写了很久的内容")
    page.evaluate(
        "fetch('/sign-out', {method: 'POST', credentials: 'same-origin', headers: "
        "{'Content-Type': 'application/x-www-form-urlencoded'}, body: 'csrf_token=' + "
        "encodeURIComponent(document.querySelector('[name=csrf_token]').value)}).then("
        "function () { document.body.setAttribute('data-out', '1'); })"
    )
    wait(lambda: page.count("[data-out]") == 1, "the session to end")
    page.click("button[value=send]")
    wait_text(page, ".sign-in", "登录已过期")
    page.fill("#login", "quwei1")
    page.fill("#password", people.portal.passwords["quwei1"])
    page.click(".sign-in button[type=submit]")
    wait_text(page, "main", "写了很久的内容")
    page.click("main form button[type=submit]")
    wait_text(page, "#messages", "已发送")
