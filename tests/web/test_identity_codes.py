"""身份码 through HTTP: the member's page, the answer without an account, limits, headers, logs."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import update

from portal.extensions import db
from portal.models import Account
from portal.rules.leaving import Leaving, LeavingReason
from portal.services.leaving import set_aside
from portal.services.numbers import release_number
from portal.services.organisation_moves import merge
from portal.services.transaction import writing
from tests.builders import Browser, World
from tests.qr import drawn

FACTS = ("张小明", "东城区第一中学团委", "高一(1)班团支部")


@pytest.fixture
def member(world: World) -> int:
    made = world.add_member(name="张小明")
    world.upload(made)
    world.member_actor(made)
    return made


@pytest.fixture
def phone(world: World, member: int) -> Browser:
    return world.client(f"member{member}")


@pytest.fixture
def other(world: World) -> Browser:
    """Somebody's, who has no account."""
    return world.client()


def path_of(page: str) -> str:
    address = drawn(page)
    assert address.startswith("http://localhost/c/")
    return address.removeprefix("http://localhost")


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_member_shows_a_code_and_a_stranger_sees_the_answer(
    phone: Browser, other: Browser, world: World, member: int
) -> None:
    page = phone.get("/card/code")
    assert "还没有人扫过您的身份码" in page.text
    answer = other.get(path_of(page.text))
    assert answer.status_code == 200
    said = text_of(answer.text)
    number = world.member(member).number or ""
    for part in ("已认证", "张●", *FACTS[1:], f"{number[:4]} ●●●● {number[-4:]}", "localhost/c/"):
        assert part in said
    assert "未认证" not in said
    for hidden in ("张小明", number, number[4:8], "member", str(world.member(member).birth_date)):
        assert hidden not in answer.text
    assert "被扫 1 次" in phone.get("/card/code").text


def test_the_card_leads_to_the_code(phone: Browser) -> None:
    assert 'href="/card/code"' in phone.get("/card").text


def test_the_answer_leaves_no_traces(phone: Browser, other: Browser) -> None:
    answer = other.get(path_of(phone.get("/card/code").text))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    assert "<script" not in answer.text
    assert len(answer.data) < 4096
    assert phone.get("/card/code").headers["Cache-Control"] == "no-store"


def test_neither_code_nor_name_gets_into_a_log(
    app: Flask, phone: Browser, other: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    path = path_of(phone.get("/card/code").text)
    caplog.set_level(logging.DEBUG)
    other.get(path)
    other.get(path[:-2] + "AA")
    with writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE answered_code RENAME TO elsewhere")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert other.get(path).status_code in (500, 503)
    told = caplog.text
    assert "exception on /c/<token>" in told or "database unavailable" in told
    token = path.removeprefix("/c/")
    assert token not in told
    assert token[:-2] not in told
    assert "张小明" not in told


def test_htmx_gets_the_next_code_alone(phone: Browser) -> None:
    first = phone.get("/card/code").text
    part = phone.get("/card/code", htmx=True).text
    assert "<html" not in part
    assert drawn(part) != drawn(first)
    assert re.search(r'data-seconds="1[78]\d"', part)


def test_an_htmx_page_of_who_was_set_aside_meanwhile_is_loaded_anew(
    phone: Browser, world: World, member: int
) -> None:
    phone.get("/card/code")
    leave(world, member)
    assert phone.get("/card/code", htmx=True).headers["HX-Refresh"] == "true"
    page = phone.get("/card/code").text
    assert "已移出：退团或离团，不能再出示身份码" in page
    assert 'class="qr"' not in page


def leave(world: World, member: int) -> None:
    set_aside(world.actor(world.branch), member, Leaving(LeavingReason.LEFT_LEAGUE, ""))


def release(world: World, member: int) -> None:
    number = world.member(member).number or ""
    release_number(world.actor(world.district), member, number=number, reason="首页是另一个编号")


def move(world: World, member: int) -> None:
    merge(world.actor(world.district), world.branch.id, 1, world.sister.id)


def disable(world: World, member: int) -> None:
    with writing() as session:
        session.execute(
            update(Account).where(Account.member_id == member).values(disabled_at=datetime.now(UTC))
        )


@pytest.mark.parametrize(
    ("happens", "status", "head", "next_step", "facts"),
    [
        (release, 200, "未认证", "请对方联系本支部，填好后再出示身份码", True),
        (leave, 200, "不在团员名册里", "请联系原来的团支部", False),
        (move, 200, "支部有变动", "请对方点“换一个”", False),
        (disable, 200, "不能核验", "请对方联系所在团支部", False),
    ],
)
def test_what_happens_meanwhile_is_told_with_what_to_do(
    phone: Browser,
    other: Browser,
    world: World,
    member: int,
    happens: Any,
    status: int,
    head: str,
    next_step: str,
    facts: bool,
) -> None:
    path = path_of(phone.get("/card/code").text)
    happens(world, member)
    answer = other.get(path)
    assert answer.status_code == status
    said = text_of(answer.text)
    assert head in said
    assert next_step in said
    assert "✓" not in said
    assert ("张●" in said) is facts
    assert (FACTS[2] in said) is facts
    db.session.rollback()


def test_an_expired_one_says_until_when_and_what_to_do(phone: Browser, other: Browser) -> None:
    path = path_of(phone.get("/card/code").text)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=4)):
        answer = other.get(path)
    assert answer.status_code == 410
    assert "身份码已过期" in answer.text
    assert "出示新的码再扫一次" in answer.text
    assert "张●" not in answer.text


@pytest.mark.parametrize("token", ["x", "A" * 36, "A" * 400, "..%2f..", "%00", "张三", "1"])
def test_a_forged_one_is_none(other: Browser, token: str) -> None:
    answer = other.get(f"/c/{token}")
    assert answer.status_code == 404
    if "%2f" not in token:
        assert "不是有效的身份码" in answer.text
        assert "出示新的码再扫一次" in answer.text


def test_who_is_not_certified_sees_why_and_the_code_says_so(world: World, other: Browser) -> None:
    made = world.add_member()
    world.member_actor(made)
    page = world.client(f"member{made}").get("/card/code").text
    assert "您现在是“未认证”" in page
    assert "请联系本支部上传《入团志愿书》" in page
    answer = other.get(path_of(page)).text
    assert "未认证" in answer
    assert "未上传入团志愿书" in answer


def test_who_left_before_is_shown_no_code(world: World, phone: Browser, member: int) -> None:
    leave(world, member)
    page = phone.get("/card/code?once=1")
    assert page.status_code == 200
    assert "不能再出示身份码" in page.text
    assert "/c/" not in page.text


# ---- single use ----


def go_on(browser: Browser, path: str) -> Any:
    """Press the button of the page that asks, as its script does."""
    return browser.post(path)


def test_single_use_in_two_browsers(phone: Browser, world: World) -> None:
    path = path_of(phone.get("/card/code?once=1").text)
    verifier, thief = world.client(), world.client()
    asks = verifier.get(path)
    assert "查看核验结果" in asks.text
    assert "张●" not in asks.text
    assert verifier.request("HEAD", path).status_code == 200
    assert thief.get(path).status_code == 200
    assert go_on(verifier, path).location == path
    answer = verifier.get(path).text
    assert "张●" in answer
    assert "已由您使用" in answer
    assert "张●" in verifier.get(path).text  # loaded anew
    go_on(thief, path)
    refused = thief.get(path)
    assert refused.status_code == 410
    assert "身份码已用过" in refused.text
    assert "请对方点“换一个”" in refused.text
    assert "张●" not in refused.text
    assert "单次有效的码，已用" in phone.get("/card/code").text


def test_another_page_cant_use_it_up(phone: Browser, other: Browser) -> None:
    path = path_of(phone.get("/card/code?once=1").text)
    assert other.request("POST", path, data={"csrf_token": "none"}).status_code == 400
    assert "查看核验结果" in other.get(path).text


def test_posting_to_what_is_no_single_use_code_changes_nothing(
    phone: Browser, other: Browser
) -> None:
    path = path_of(phone.get("/card/code").text)
    assert go_on(other, path).location == path
    assert "张●" in other.get(path).text
    assert go_on(other, "/c/forged").status_code == 404


# ---- limits ----


def test_nobody_makes_codes_without_end(phone: Browser, other: Browser, world: World) -> None:
    path = path_of(phone.get("/card/code").text)
    answers = {phone.get("/card/code", htmx=True).status_code for _ in range(59)}
    assert answers == {200}
    slowed = phone.get("/card/code", htmx=True)
    assert slowed.status_code == 429
    assert "操作太快、次数太多" in slowed.text
    assert other.get(path).status_code == 200  # what was made before is good
    neighbour = world.client(world.member_actor(world.add_member()).login)
    assert neighbour.get("/card/code").status_code == 200


def test_who_guesses_is_slowed_down_and_who_reads_at_the_same_door_is_not(
    phone: Browser, world: World
) -> None:
    path = path_of(phone.get("/card/code").text)
    guesser, reader = world.client(), world.client()
    answers = [guesser.get(f"/c/{'A' * 32}{number:04}").status_code for number in range(40)]
    assert answers == [404] * 30 + [429] * 10
    slowed = guesser.get(f"/c/{'A' * 36}")
    assert "请稍等" in slowed.text
    assert "有效的身份码不受影响" in slowed.text
    assert all(reader.get(path).status_code == 200 for _ in range(200))
    guesser.client.environ_base["REMOTE_ADDR"] = "10.9.9.9"
    assert guesser.get(f"/c/{'A' * 36}").status_code == 404


def test_staff_see_the_same_state(world: World, member: int) -> None:
    browser = world.client_of(world.district)
    assert "已认证" in browser.get(f"/members/{member}").text
    release(world, member)
    assert "未认证（编号不规范：已解除占用未重填）" in browser.get(f"/members/{member}").text


def test_the_public_address_stands_in_the_code_and_on_the_answer(
    app: Flask, phone: Browser, other: Browser
) -> None:
    parts = app.extensions["portal"]
    settings = parts.settings.model_copy(update={"public_url": "https://tyzx.example.cn"})
    app.extensions["portal"] = replace(parts, settings=settings)
    address = drawn(phone.get("/card/code").text)
    assert address.startswith("https://tyzx.example.cn/c/")
    answer = other.get(
        address.removeprefix("https://tyzx.example.cn"), headers={"Host": "evil.example"}
    )
    assert "tyzx.example.cn/c/" in answer.text
    assert "evil.example" not in answer.text


def test_the_code_is_small_enough_for_a_cheap_camera(app: Flask, phone: Browser) -> None:
    """Version 4 (33 squares a side) with an address of 25 letters: a square is 2 mm on a phone."""
    parts = app.extensions["portal"]
    settings = parts.settings.model_copy(update={"public_url": "https://" + "a" * 22 + ".cn"})
    app.extensions["portal"] = replace(parts, settings=settings)
    assert 'viewBox="0 0 37 37"' in phone.get("/card/code").text
