"""What the database refuses, on both: numbers no row can have, faults, and no answer at all."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from portal.blueprints.card import views
from portal.extensions import db
from portal.models import Joining, JoiningState
from portal.rules.corrections import CorrectionField
from portal.services.corrections import report
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

HUGE = "9" * 30


@pytest.mark.parametrize(
    "path", [f"/card/transfer?to={HUGE}", f"/card/transfer?under={HUGE}", f"/messages/{HUGE}"]
)
def test_a_number_that_nothing_can_have_is_not_found(world: World, path: str) -> None:
    browser = world.client(world.member_actor(world.add_member()).login)
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "没有找到这个页面" in answer.text


@pytest.mark.parametrize(
    "path", ["/card/transfer?q=%00高一", "/card/transfer?q=高%00", "/card/transfer?x%00=1"]
)
def test_a_nul_in_an_address_is_refused_alike(world: World, path: str) -> None:
    """PostgreSQL takes none at all, SQLite reads to it and would have found every branch."""
    browser = world.client(world.member_actor(world.add_member()).login)
    for htmx in (True, False):
        answer = browser.get(path, htmx=htmx)
        assert answer.status_code == 400
        assert "看不见的字符（U+0000）" in answer.text
        assert "请手工重新输入" in answer.text


def test_a_nul_in_a_form_is_refused_alike(world: World) -> None:
    branch = world.client_of(world.branch)
    joining = world.apply()
    for data in ({"words": "编号\0不对", "version": "2"}, {"words": "编号不对", "x\0": "1"}):
        answer = branch.post(f"/joinings/{joining}/return", data)
        assert answer.status_code == 400
        assert "看不见的字符（U+0000）" in answer.text
    assert world.client().sign_in("login1\0").status_code == 400
    db.session.expire_all()
    assert db.session.get_one(Joining, joining).state is JoiningState.SENT


DIGITS = "9" * 5000
"""More than Python reads as a number."""


@pytest.mark.parametrize(
    "path",
    [
        f"/members/{DIGITS}",
        "/joinings/?after=0001-01-01T00:00:00%2B14:00~1",
        "/joinings/?after=9999-12-31T23:59:59-14:00~1",
        f"/joinings/?after=2026-11-24T00:00:00%2B00:00~{DIGITS}",
        f"/members/?after=chen~{DIGITS}",
        f"/members/?sort=joined&after=2026-11-24~{DIGITS}",
        f"/transfers/?after=2026-11-24~{DIGITS}",
        f"/messages/?before={DIGITS}",
    ],
)
def test_a_key_that_nobody_was_given_opens_the_first_page_or_none(world: World, path: str) -> None:
    assert world.client_of(world.branch).get(path).status_code in (200, 404)


@pytest.mark.parametrize(
    "path",
    [
        "/releases/?after=0001-01-01T00:00:00%2B14:00~1",
        "/releases/?state=decided&after=9999-12-31T23:59:59-14:00~1",
        f"/releases/?after=2026-11-24T00:00:00%2B00:00~{DIGITS}",
        f"/progress/2/members?count=new&after=/1/~chen~{DIGITS}",
        f"/organisations/{DIGITS}/children",
    ],
)
def test_a_committees_keys_do_the_same(world: World, path: str) -> None:
    assert world.client_of(world.district).get(path).status_code in (200, 404)


@pytest.mark.parametrize("version", [DIGITS, HUGE, "-1", "٣", "²", "1e9", ""])
def test_a_version_that_nobody_was_given_is_a_conflict(world: World, version: str) -> None:
    member = world.add_member()
    reported = report(
        world.member_actor(member), CorrectionField.EDUCATION, proposed="初中", remark=""
    )
    branch, person = world.client_of(world.branch), world.client(f"member{member}")
    answers = [
        branch.post(f"/members/{member}/reports/{reported}/take", {"version": version}),
        branch.post(f"/members/{member}/edit", {"version": version}),
        person.post("/my/contact", {"version": version, "email": "a@example.com"}),
    ]
    assert all(answer.status_code in (409, 422) for answer in answers)
    assert world.member(member).version == 1


def test_a_number_that_is_too_long_is_refused_before_the_database_does(world: World) -> None:
    member = world.add_member(number=None, joined=date(2015, 5, 1), approved_on=None)
    branch, page = world.client_of(world.branch), f"/members/{member}/edit"
    answer = branch.post(
        page,
        {
            "version": "1",
            "ethnicity": "汉族",
            "political_status": "中国共产主义青年团团员",
            "education": "高中",
            "fee": "0",
            "joined": "2015-05",
            "is_student": "no",
            "number": "7" * 30,
        },
    )
    assert answer.status_code == 422
    assert "最多 20 个字" in answer.text
    assert world.member(member).number is None


def test_a_statement_that_fails_gets_a_page_with_what_to_do(
    world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In PostgreSQL nothing more is answered in that transaction, and the page asks too."""
    browser = world.client(world.member_actor(world.add_member()).login)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    def fail(*_arguments: object) -> None:
        db.session.execute(text("SELECT nothing FROM nowhere"))

    monkeypatch.setattr(views, "card_for", fail)
    answer = browser.get("/card")
    assert answer.status_code in (500, 503)  # SQLite calls it operational
    assert "请" in answer.text
    assert "站内信" in answer.text  # with the menu, and so the way on


def test_a_database_that_does_not_answer_gets_a_page_too(
    world: World, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = world.client(world.member_actor(world.add_member()).login)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    engine = db.engine

    def gone(*_arguments: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("connection refused"))

    event.listen(engine, "before_cursor_execute", gone)
    try:
        page, partial = browser.get("/card"), browser.get("/card", htmx=True)
    finally:
        event.remove(engine, "before_cursor_execute", gone)
    for answer in (page, partial):
        assert answer.status_code == 503
        assert "数据库正忙，没有任何改动。请过一会儿再试。" in answer.text
    assert partial.headers["HX-Retarget"] == "#messages"
    assert browser.get("/card").status_code == 200


def test_a_page_whose_address_is_none_gets_the_way_to_sign_in(world: World) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://[x"}
    answer = world.client().request("GET", "/organisations/", headers=headers)
    assert answer.status_code == 401
    assert "/sign-in?next=/organisations/" in answer.text


def test_what_was_deleted_from_no_page_leads_to_the_member(world: World) -> None:
    member = world.add_member()
    world.upload(member)
    branch = world.client_of(world.branch)
    answer = branch.request(
        "POST",
        f"/members/{member}/scan/delete",
        data={"csrf_token": branch.token(), "sure": "yes"},
        headers={"Referer": "http://[x"},
    )
    assert (answer.status_code, answer.location) == (303, f"/members/{member}/edit")
