"""Committee and branch together: who is late is reminded, a round by two officers, an answered form."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.browser.conftest import People, Portal
from tests.browser.drivers import Driver, tab_to, wait, wait_gone, wait_text
from tests.browser.test_checks import FORM, place
from tests.browser.test_numbers import query
from tests.scans import good_scan

BRANCH = "东城区第一中学高一(1)班团支部"
FORMS = 30


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "入团志愿书.pdf"
    path.write_bytes(good_scan(2))
    return path


def is_open(page: Driver) -> bool:
    """Whether a form is there to be judged, and its keys work."""
    return page.count(FORM) == 1 and bool(page.evaluate("document.readyState === 'complete'"))


def row_of(page: Driver, name: str) -> dict[str, str]:
    """The row of an organisation in 工作进度, by the heads of its columns."""
    cells: dict[str, str] = page.evaluate(
        "(function () { var found = {};"
        " [].forEach.call(document.querySelectorAll('.progress tbody tr'), function (row) {"
        f"  if (row.querySelector('th').innerText.indexOf('{name}') < 0) {{ return; }}"
        "  found.name = row.querySelector('th').innerText;"
        "  [].forEach.call(row.querySelectorAll('td'), function (cell) {"
        "   found[cell.getAttribute('data-label')] = cell.innerText.trim(); });"
        " }); return found; }())"
    )
    return cells


def test_who_is_late_is_reminded_uploads_and_the_row_changes(
    people: People, portal: Portal, form: Path
) -> None:
    page = people.sign_in("quwei1", to_list=False)
    wait_text(page, "[aria-labelledby=worst] tbody tr:first-child th", BRANCH)
    ((branch_id, year_id, school_id),) = query(
        portal,
        "SELECT branch.id, year.id, year.parent_id FROM organisation branch "
        "JOIN organisation year ON year.id = branch.parent_id WHERE branch.name = ?",
        BRANCH,
    )
    # By keyboard: to the table in order, and down to the rows of the branches.
    tab_to(page, "a[href='/progress/?sort=overdue']")
    page.press("Enter")
    wait_text(page, "thead th[aria-sort=descending]", "已逾期")
    assert "第一中学" in page.text("tbody tr:nth-child(2) th")
    for below in (school_id, year_id):
        tab_to(page, f"tbody th a[href^='/progress/{below}?']")
        page.press("Enter")
        wait(lambda below=below: f"/progress/{below}?" in page.url(), "the rows below")
    wait(lambda: bool(row_of(page, BRANCH)), "the branch's row")
    before = row_of(page, BRANCH)
    assert int(before["已逾期"]) > 0
    here = page.url()
    tab_to(page, f".progress a[href='/progress/{branch_id}/urge']")
    page.press("Enter")
    wait_text(page, "h1", "催办")
    tab_to(page, "#text")
    page.press("Home")
    page.type("请在本周五前办好。")
    if page.count("[name=again]"):  # the other engine's story was within a day
        tab_to(page, "[name=again]")
        page.press("Space")
    tab_to(page, "button.button-primary")
    page.press("Enter")
    wait_text(page, "#messages", "已催办 1 个支部")
    page.goto(here)
    assert "未读" in row_of(page, BRANCH)["name"]

    page = people.sign_in("zhibu1", page=page, to_list=False)
    wait_text(page, "#todo ~ .todo", "已逾期，请尽快上传")
    wait_text(page, ".home-news", "催办：")
    tab_to(page, ".home-news li:first-child a")
    page.press("Enter")
    wait_text(page, ".message-body", "请在本周五前办好。")
    assert "已逾期" in page.text(".message-body")
    tab_to(page, ".actions .button-primary")
    page.press("Enter")
    wait_text(page, ".filters [aria-current]", "未上传")
    page.goto("/home")
    cell = "#" + page.evaluate("document.querySelector('.members .scan-cell').id")
    late = page.text(cell.replace("scan-", "remark-"))
    assert "已逾期" in late
    page.choose_file(f"{cell} input[type=file]", form)
    wait_text(page, cell, "点击查看")
    wait(lambda: "未上传" not in page.text(cell.replace("scan-", "remark-")), "the remark gone")

    page = people.sign_in("quwei1", page=page)
    page.goto(here)
    after = row_of(page, BRANCH)
    assert "已读" in after["name"]
    assert int(after["已逾期"]) == int(before["已逾期"]) - 1
    assert int(after["未上传"]) == int(before["未上传"]) - 1
    assert int(after["已上传"]) == int(before["已上传"]) + 1
    assert int(after["逾期上传"]) == int(before["逾期上传"]) + 1
    assert float(after["上传率"].rstrip("%")) > float(before["上传率"].rstrip("%"))


class Officer:
    """One person at a round, with nothing but a keyboard."""

    def __init__(self, page: Driver) -> None:
        self.page = page
        self.judged: list[int] = []
        self.at: int | None = None

    def arrive(self) -> None:
        """Wait for the next form, or for the round's page when there is none left."""
        page, before = self.page, self.at
        wait(
            lambda: "/forms/" not in page.url() or (is_open(page) and place(page) != before),
            "the next form",
        )
        self.at = place(page) if "/forms/" in page.url() else None

    def say(self, *keys: str) -> None:
        """Press what says something of the form; the next one is waited for by ``arrive``."""
        assert self.at is not None
        self.judged.append(self.at)
        for key in keys:
            self.page.press(key)


def begin(page: Driver, share: int) -> None:
    """A round of ``share`` per cent, without the mouse."""
    page.goto("/checks/new")
    tab_to(page, "[name=choice]")
    while not page.evaluate("document.querySelector('[name=choice][value=share]').checked"):
        page.press("ArrowDown")
    tab_to(page, "[name=share-amount]")
    for _ in range(3):
        page.press("Delete")
        page.press("Backspace")
    page.type(str(share))
    tab_to(page, "form.panel .button-primary")
    page.press("Enter")


def take_up(page: Driver) -> None:
    """继续检查, from the list of rounds."""
    page.goto("/checks/")
    tab_to(page, "tbody tr:first-child .col-edit a")
    page.press("Enter")


@pytest.mark.parametrize("people", ["chromium86"], indirect=True)  # and the second in today's
def test_a_round_of_thirty_by_two_officers_with_the_keyboard_alone(
    people: People, portal: Portal, further_people: dict[str, str]
) -> None:
    ((forms,),) = query(
        portal,
        "SELECT count(*) FROM scan JOIN member ON member.id = scan.member_id JOIN organisation o "
        "ON o.id = member.branch_id WHERE scan.state = 'current' AND left_at IS NULL AND o.path "
        "LIKE (SELECT path || '%' FROM account a JOIN organisation p ON p.id = a.organisation_id "
        "WHERE a.login = 'quwei3')",
    )
    share = next(one for one in range(1, 101) if math.ceil(int(str(forms)) * one / 100) >= FORMS)
    first = Officer(people.sign_in("quwei3"))
    second = Officer(
        people.sign_in(further_people["colleague"], page=people.page(engine="chromium156"))
    )
    begin(first.page, share)
    first.arrive()
    take_up(second.page)
    second.arrive()
    assert (first.at, second.at) == (1, 3)  # the first has the second form too, fetched ahead
    total = int(first.page.text(".check-progress").split()[2])
    assert total == FORMS
    round_id = first.page.url().split("/")[2]

    # Several faults at once, with a page and a remark.
    first.page.press("5")
    tab_to(first.page, "[name=blurred-pages]")
    first.page.type("1-2")
    tab_to(first.page, "[name=remark]")
    first.page.type("请用 300 dpi 重扫")
    first.page.press("Escape")
    first.say("2", "7", "Enter")
    first.arrive()
    # A mistake, taken back with U; what was ticked is offered again.
    second.say("4", "Enter")
    second.arrive()
    second.page.press("u")
    second.arrive()
    assert second.at == second.judged.pop() == 3
    second.say("4", "1")
    second.arrive()
    # The arrows: passed over, and back to it.
    over = second.at
    second.page.press("ArrowRight")
    second.arrive()
    second.page.press("ArrowLeft")
    second.arrive()
    assert second.at == over  # and not at the first's, between the two

    # Both at once: each presses before the other's answer is there.
    left = False
    while first.at is not None or second.at is not None:
        assert first.at != second.at or first.at is None
        for who, keys in ((first, ("1",)), (second, ("6", "Enter"))):
            if who.at is not None:
                who.say(*keys)
        for who in (first, second):
            if who.at is not None:
                who.arrive()
        if len(first.judged) == 8 and not left:
            left = True
            first.page.goto("/checks/")  # goes home, and comes back to it
            take_up(first.page)
            first.at = None
            first.arrive()
    assert sorted(first.judged + second.judged) == list(range(1, FORMS + 1))
    checks = query(
        portal,
        "SELECT member_id, count(*) FROM scan_check WHERE round_id = ? AND undone_at IS NULL "
        "GROUP BY member_id",
        round_id,
    )
    assert [count for _, count in checks] == [1] * FORMS
    page = first.page
    page.goto(f"/checks/{round_id}")
    facts = page.text(".facts-inline").split()
    assert facts[1:4] == [str(FORMS), "/", str(FORMS)]
    faulty = len(second.judged)  # of the second all but the first, and the first one's first
    wait_text(page, ".round-kinds", f"编号不一致 {len(second.judged) - 1} 份")
    for kind in ("缺页", "模糊", "未盖公章"):
        wait_text(page, ".round-kinds", f"{kind} 1 份")
    assert f"不合格的 {faulty} 份" in page.text("#faulty")
    wait_text(page, ".panel-flush tbody", "模糊（第 1、2 页）")
    wait_text(page, ".panel-flush tbody", "请用 300 dpi 重扫")
    wait_text(page, ".panel .hint", f"检查 {len(first.judged)} 份")


def test_a_returned_form_is_answered_and_checked_again(
    people: People, portal: Portal, form: Path, tmp_path: Path
) -> None:
    member, _ = (
        int(str(value))
        for value in query(
            portal,
            "SELECT member.id, scan.pages FROM member JOIN scan ON scan.member_id = member.id AND "
            "scan.state = 'current' WHERE scan.pages > 2 AND left_at IS NULL AND branch_id = (SELECT "
            "organisation_id FROM account WHERE login = 'zhibu1') ORDER BY member.id DESC LIMIT 1",
        )[0]
    )
    page = people.sign_in("tuanwei")
    page.goto(f"/members/{member}")
    tab_to(page, ".head-actions a[href$='/scan/check']")
    page.press("Enter")
    wait(lambda: is_open(page), "the form beside its check")
    page.press("PageDown")
    wait(lambda: page.count(".check-pages [data-page='2'][aria-current]") == 1, "the second page")
    page.press("5")
    tab_to(page, "[name=remark]")
    page.type("右下角看不清，请重扫")
    page.press("Escape")
    page.press("2")
    page.press("Enter")
    wait_text(page, "#messages", "已发站内信告诉支部")

    page = people.sign_in("zhibu1", page=page)
    remark = f"#remark-{member}"
    page.goto("/messages/?unread=1")
    tab_to(page, ".inbox tbody tr:first-child a")
    page.press("Enter")
    wait_text(page, ".message-body", "右下角看不清")
    tab_to(page, ".actions .button-primary")
    page.press("Enter")
    wait_text(page, "#check-result", "模糊（第 2 页）")
    wait_text(page, "#check-result", "右下角看不清，请重扫")
    name = page.text("h1").split()[-1]
    page.goto(f"/members/?q={name}")
    wait_text(page, remark, "检查：缺页、模糊")
    answer = tmp_path / "重扫.pdf"
    answer.write_bytes(good_scan(5 + (page.engine == "chromium86")))
    page.choose_file(f"#scan-{member} input[type=file]", answer)
    wait_text(page, f"#scan-{member}", "已重新上传")
    wait(lambda: "检查：" not in page.text(remark), "the remark gone")
    page.goto(f"/members/{member}/edit")
    wait_gone(page, "#check-result")

    page = people.sign_in("tuanwei", page=page)
    page.goto(f"/members/{member}")
    wait_text(page, ".facts", "未检查")
    wait_text(page, ".facts", "已被后来的文件或检查替代")  # the history is kept
    tab_to(page, ".head-actions a[href$='/scan/check']")
    page.press("Enter")
    wait(lambda: is_open(page), "the answer beside its check")
    assert page.count(".check-fault input:checked") == 0
    page.press("1")
    wait_text(page, "#messages", "已保存检查结果：合格")

    page = people.sign_in("quwei1", page=page)  # a level above sees it, and checks again
    page.goto(f"/members/{member}/scan/check")
    wait_text(page, ".check-before", "合格")
    wait_text(page, ".check-before", "东城区第一中学团委")
    page.press("7")
    page.press("Enter")
    wait_text(page, "#messages", "未盖公章")
    page = people.sign_in("zhibu1", page=page)
    page.goto(f"/members/?q={name}")
    wait_text(page, remark, "检查：未盖公章")
