"""不规范编号, mended: from the count to the field, the next one, and the request for a release."""

from __future__ import annotations

import re
from datetime import date

import pytest

from portal.rules.irregular import Irregularity
from portal.rules.number_release import USUAL_REASONS
from portal.services import numbers
from tests.builders import Browser, World

JOINED = date(2026, 10, 1)
WRONG_YEAR = "202511000100"


@pytest.fixture
def browser(world: World) -> Browser:
    return world.client_of(world.branch)


def test_from_the_list_to_the_field_and_on_to_the_next(world: World, browser: Browser) -> None:
    first = world.add_member(number=None, joined=JOINED, name="安一")
    second = world.add_member(number=WRONG_YEAR, joined=JOINED, name="李二")
    listed = browser.get("/members/?filter=irregular").text
    assert f'href="/members/{first}/edit?mend=1#number"' in listed
    assert "edit?mend=1" not in browser.get("/members/").text
    page = browser.get(f"/members/{first}/edit?mend=1").text
    assert Irregularity.MISSING.explanation in page
    assert Irregularity.MISSING.by_month in page
    assert "number/request" not in page
    assert "另有 1 名编号不规范" in page
    assert f'href="/members/{second}/edit?mend=1#number">下一名 李二' in page
    fields = form_fields(page) | {"number": "2026 1100 0777"}
    assert fields["mend"] == "1"
    answer = browser.post(f"/members/{first}/edit", fields)
    assert (answer.status_code, answer.location) == (303, f"/members/{first}/edit?mend=1")
    after = browser.get(answer.location).text
    assert "安一 的编号已规范。" in after
    assert "还有 1 名编号不规范" in after
    assert f'href="/members/{second}/edit?mend=1#number">下一名 李二' in after
    assert 'href="/members/?filter=irregular">返回名单' in after


def test_a_refused_number_keeps_the_way_on(world: World, browser: Browser) -> None:
    member = world.add_member(number=None, joined=JOINED)
    fields = form_fields(browser.get(f"/members/{member}/edit?mend=1").text) | {"number": "2026"}
    refused = browser.post(f"/members/{member}/edit", fields)
    assert refused.status_code == 422
    assert "还差 8 位" in refused.text
    assert 'value="2026"' in refused.text
    assert 'name="mend" value="1"' in refused.text


def test_the_wrong_month_is_mended_without_a_release(world: World, browser: Browser) -> None:
    member = world.add_member(number=WRONG_YEAR, joined=JOINED)
    page = browser.get(f"/members/{member}/edit?mend=1").text
    assert Irregularity.YEAR_MISMATCH.by_month in page
    assert f'href="/members/{member}/number/request?mend=1"' in page
    fields = form_fields(page) | {"joined": "2025-10"}
    assert browser.post(f"/members/{member}/edit", fields).status_code == 303
    after = browser.get(f"/members/{member}/edit?mend=1").text
    assert "本支部没有编号不规范的团员了。" in after
    assert world.member(member).irregularity is None


def test_a_wrong_number_is_asked_to_be_released_with_the_kind_as_reason(
    world: World, browser: Browser
) -> None:
    other = world.add_member(number=None, joined=JOINED, name="安一")
    member = world.add_member(number="202611900100", joined=JOINED, name="李二")
    kind = world.member(member).irregularity
    assert kind is Irregularity.OUTSIDE_PREFIX
    page = browser.get(f"/members/{member}/number/request?mend=1").text
    assert f"系统提示“{kind.label}”" in page
    assert f"<option selected>{USUAL_REASONS[0]}</option>" in page
    fields = form_fields(page) | {
        "usual_reason": USUAL_REASONS[0],
        "words": f"系统提示“{kind.label}”",
    }
    answer = browser.post(f"/members/{member}/number/request", fields)
    assert (answer.status_code, answer.location) == (303, f"/members/{member}/edit?mend=1")
    after = browser.get(answer.location).text
    assert "已申请解除" in after
    assert "number/request?mend=1" not in after
    assert f'href="/members/{other}/edit?mend=1#number">下一名 安一' in after
    on = browser.get(f"/members/{other}/edit?mend=1").text
    assert "另有 1 名已申请解除编号占用，等上级团委处理。" in on


def test_a_regular_number_begins_a_request_without_words(world: World, browser: Browser) -> None:
    member = world.add_member(joined=JOINED)
    page = browser.get(f"/members/{member}/number/request").text
    assert "系统提示" not in page
    assert "<option selected>" not in page
    assert 'class="irregular"' not in browser.get(f"/members/{member}/edit").text


def test_committees_read_what_is_wrong_and_only_a_district_releases(world: World) -> None:
    member = world.add_member(number=WRONG_YEAR, joined=JOINED)
    school = world.client_of(world.grassroots).get(f"/members/{member}").text
    assert Irregularity.YEAR_MISMATCH.explanation in school
    assert "number/release" not in school
    district = world.client_of(world.district)
    assert f'<a href="/members/{member}/number/release">' in district.get(f"/members/{member}").text
    begun = district.get(f"/members/{member}/number/release").text
    assert "系统提示“年份与入团年月不一致”" in begun
    missing = world.add_member(number=None, joined=JOINED)
    shown = district.get(f"/members/{missing}").text
    assert Irregularity.MISSING.explanation in shown
    assert "number/release" not in shown


def test_who_was_released_types_anew(world: World, browser: Browser) -> None:
    member = world.add_member(number=WRONG_YEAR, joined=JOINED)
    numbers.release_number(
        world.actor(world.district), member, number=WRONG_YEAR, reason="首页不一致"
    )
    page = browser.get(f"/members/{member}/edit?mend=1").text
    assert Irregularity.RELEASED.explanation in page
    assert "number/request" not in page


def form_fields(page: str) -> dict[str, str]:
    """The fields of the page's form as a browser would send them."""
    fields = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if not name or name[1].startswith("pending") or 'type="file"' in tag:
            continue
        if 'type="radio"' in tag and " checked" not in tag:
            continue
        fields[name[1]] = value[1] if value else ""
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'<option selected[^>]*value="([^"]*)"', options) or re.search(
            r"<option selected>([^<]*)<", options
        )
        fields[name] = chosen[1] if chosen else ""
    return fields
