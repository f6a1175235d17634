"""A report is of one moment: somebody else writes between two of its queries, and it is not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from portal.extensions import db
from portal.models import RunState
from portal.reports import making, pages, working
from portal.reports.content import Content
from portal.reports.registry import find_report
from portal.reports.report import Asked
from portal.services import report_runs
from tests.builders import World

ROWS = "ORDER BY organisation.path, member.pinyin"
"""The query for the rows; the one for the figure above them has been answered by then."""


@contextmanager
def before_the_rows(app: Flask, write: Callable[[], object]) -> Iterator[list[str]]:
    """Let somebody else ``write``, once, before the rows are asked for."""
    written: list[str] = []

    def writes() -> None:
        with app.app_context():
            write()

    def other(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if ROWS in statement and not written:
            written.append(statement)
            person = Thread(target=writes)
            person.start()
            person.join()

    event.listen(db.engine, "before_cursor_execute", other)
    try:
        yield written
    finally:
        event.remove(db.engine, "before_cursor_execute", other)


def figures(content: Content) -> tuple[str, int]:
    """The figure above the rows, and the rows."""
    return content.facts[0].text, content.row_count


def test_what_is_written_meanwhile_is_in_no_part_of_it(
    world: World, app: Flask, database: str
) -> None:
    world.add_member(world.branch)
    actor, report, asked = (
        world.actor(world.district),
        find_report("missing"),
        Asked(world.district.id),
    )
    with before_the_rows(app, lambda: world.add_member(world.branch)) as written:
        seen = making.preview(actor, report, asked).content
    assert written
    assert figures(seen) == ("1", 1)
    assert figures(making.preview(actor, report, asked).content) == ("2", 2)


def test_nor_in_one_that_the_worker_makes(
    world: World, app: Flask, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "SMALL_ROWS", 1)
    for _ in range(3):
        world.add_member(world.branch)
    actor = world.actor(world.district)
    run = making.order(actor, find_report("missing"), Asked(world.district.id))
    with before_the_rows(app, lambda: world.add_member(world.branch)) as written:
        working.work(60)
    assert written
    db.session.expire_all()
    run = report_runs.find_run(actor, run.id)
    assert (run.state, run.rows) == (RunState.DONE, 3)
    assert figures(pages.read_content(run)) == ("3", 3)
