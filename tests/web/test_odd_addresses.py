"""What the database refuses, on both: numbers no row can have, faults, and no answer at all."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from portal.blueprints.card import views
from portal.extensions import db
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


def test_a_search_for_what_cannot_be_seen_is_no_fault(world: World) -> None:
    """PostgreSQL takes no NUL at all, SQLite reads to it."""
    browser = world.client(world.member_actor(world.add_member()).login)
    assert browser.get("/card/transfer?q=%00高一", htmx=True).status_code in (200, 404)


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
