"""A report between its order and its file, when something else happens. On both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from portal import clock
from portal.extensions import db
from portal.models import Organisation, ReportRun, RunState
from portal.reports import making, working
from portal.reports.registry import find_report
from portal.reports.report import Asked
from portal.runtime import runtime
from portal.services import organisation_moves, report_runs
from portal.services.transaction import writing
from tests.builders import Node, World
from tests.reports.given import given_file

pytestmark = pytest.mark.usefixtures("database")


def ordered(world: World, node: Node, about: Node, reason: str = "") -> ReportRun:
    asked = Asked(about.id, unmasked=bool(reason))
    return making.order(world.actor(node), find_report("missing"), asked, reason=reason)


def leave_to_the_worker(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is ordered from now on is no small report."""
    monkeypatch.setattr(making, "SMALL_ROWS", 1)
    for _ in range(3):
        world.add_member(world.branch)


def move_away(world: World) -> None:
    """The grassroots committee goes to the other district."""
    db.session.rollback()
    version = db.session.get_one(Organisation, world.grassroots.id).version
    organisation_moves.move(
        world.actor(world.municipal), world.grassroots.id, version, world.other_district.id
    )


def test_one_that_is_cancelled_while_it_is_made_at_once_is_cancelled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another window; the first one gets its page, not a fault."""
    world.add_member(world.branch)
    browser, actor = world.client_of(world.branch), world.actor(world.branch)
    typeset = runtime().typesetter.part

    def cancelled_meanwhile(html: str, **how: Any) -> Any:
        with world.app.app_context():
            report_runs.cancel(actor, report_runs.own_runs(actor)[0].id)
        return typeset(html, **how)

    monkeypatch.setattr(runtime().typesetter, "part", cancelled_meanwhile)
    answer = browser.post("/reports/missing", {"organisation": str(world.branch.id)})
    assert answer.status_code == 303
    db.session.rollback()
    (run,) = report_runs.own_runs(actor)
    assert (run.state, answer.headers["Location"]) == (
        RunState.CANCELLED,
        f"/reports/runs/{run.id}",
    )
    assert "已取消，没有保存任何文件" in browser.get(answer.headers["Location"]).text
    assert list(runtime().store.keys("reports/")) == []


def test_what_one_worker_lost_to_another_is_the_others_to_go_on_from(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first was so slow that its lease was over: what it kept stays, and is not made again."""
    leave_to_the_worker(world, monkeypatch)
    run_id = ordered(world, world.district, world.district).id
    typeset = runtime().typesetter.part

    def slowly(html: str, **how: Any) -> Any:
        monkeypatch.setattr(runtime().typesetter, "part", typeset)
        with writing() as session:
            session.execute(update(ReportRun).values(due_at=clock.now()))
        working.work(60)  # the other worker's
        return typeset(html, **how)

    monkeypatch.setattr(runtime().typesetter, "part", slowly)
    working.work(60)
    actor = world.actor(world.district)
    run = report_runs.find_run(actor, run_id)
    assert (run.state, run.losses) == (RunState.DONE, 1)
    assert given_file(actor, run, "pdf") is not None


def test_another_reason_is_another_report_while_the_first_is_not_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is on record and in the watermark: nobody prints under the one of before."""
    leave_to_the_worker(world, monkeypatch)
    first = ordered(world, world.district, world.district, "核对学籍").id
    second = ordered(world, world.district, world.district, "上报团市委")
    assert (second.id != first, second.reason) == (True, "上报团市委")
    assert ordered(world, world.district, world.district, "核对学籍").id == first


def test_full_id_numbers_of_an_organisation_that_went_elsewhere_are_not_opened(
    world: World,
) -> None:
    world.add_member(world.branch)
    full = ordered(world, world.district, world.grassroots, "核对学籍").id
    masked = ordered(world, world.district, world.grassroots).id
    actor = world.actor(world.district)
    assert given_file(actor, report_runs.find_run(actor, full), "pdf") is not None
    move_away(world)
    for ending in making.FORMATS:
        answer = world.client_of(world.district).get(f"/reports/runs/{full}/file.{ending}")
        assert answer.status_code == 409
        assert "已不在您的管理范围内" in answer.text
    assert given_file(actor, report_runs.find_run(actor, masked), "pdf") is not None


def test_one_whose_organisation_went_elsewhere_before_it_was_made_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_to_the_worker(world, monkeypatch)
    run_id = ordered(world, world.district, world.grassroots).id
    move_away(world)
    working.work(60)
    run = report_runs.find_run(world.actor(world.district), run_id)
    assert run.state is RunState.FAILED
    assert "已不在您的管理范围内" in run.words
    assert "页面" not in run.words
    again = world.client_of(world.district).get("/reports/missing")
    assert again.status_code == 200


def test_one_whose_file_is_lost_is_made_anew(world: World) -> None:
    """The page says to ask again; asking again must not lead to the same lost file."""
    world.add_member(world.branch)
    lost = ordered(world, world.branch, world.branch)
    lost_id, actor = lost.id, world.actor(world.branch)
    runtime().store.delete(f"{lost.folder}/report.pdf")
    page = world.client_of(world.branch).get(f"/reports/runs/{lost_id}/file.pdf")
    assert page.status_code == 410
    anew = ordered(world, world.branch, world.branch)
    assert anew.id != lost_id
    assert given_file(actor, anew, "pdf") is not None
