"""工作进度 in the browser: from the table to who is overdue, and back with the order kept."""

from __future__ import annotations

from tests.browser.conftest import People
from tests.browser.drivers import tab_to, wait, wait_text


def test_a_district_finds_who_is_overdue(people: People) -> None:
    page = people.sign_in("quwei1", to_list=False)
    wait_text(page, "#worst", "逾期最多的团支部")
    page.picture(f"home-committee-{page.engine}")
    page.click(".todo a[href='/progress/?sort=overdue']")
    page.goto("/progress/")
    wait_text(page, "#trend-title", "上传率趋势")
    page.picture(f"progress-{page.engine}")
    tab_to(page, "thead a[href*='sort=overdue']")
    page.press("Enter")
    wait(lambda: page.count("th[aria-sort=descending]") == 1, "the table in order")
    stays = "Boolean(document.activeElement.closest('th[aria-sort=descending]'))"
    wait(lambda: bool(page.evaluate(stays)), "the focus on the column that was sorted")
    assert "sort=overdue" in page.url()
    wait_text(page, "tbody tr:nth-child(2) th", "第一中学")
    number = page.text("tbody tr:nth-child(2) .count-wrong")
    page.click("tbody tr:nth-child(2) .count-wrong")
    wait_text(page, "h1", f"已逾期未上传{number} 名")
    assert page.count("tbody tr") == int(number)
    assert "已逾期" in page.text("tbody tr:first-child .col-remark")
    page.picture(f"progress-behind-{page.engine}")
    page.back()
    wait(lambda: page.count("th[aria-sort=descending]") == 1, "the order, after going back")
    page.click("tbody tr:nth-child(2) th a")
    wait_text(page, ".breadcrumb", "东城区第一中学团委")
    assert page.count("th[aria-sort=descending]") == 1
