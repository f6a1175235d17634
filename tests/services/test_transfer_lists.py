"""The lists of transfers: which index answers them, in a city where many have ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert

from portal import clock
from portal.access import Actor
from portal.extensions import db
from portal.models import Transfer
from portal.rules.transfers import TransferKind, TransferState, Turn
from portal.services import transfer_expiry
from portal.services import transfer_lists as lists
from portal.services.transaction import writing
from portal.services.transfer_lists import Part
from tests.builders import World


@pytest.fixture
def many(world: World) -> World:
    """A thousand transfers that have ended, and some that are open, of all branches."""
    members = [world.add_member(branch) for branch in (world.branch, world.far_branch)] * 500
    states = [TransferState.DONE, TransferState.EXPIRED, TransferState.DECLINED]
    rows: list[dict[str, Any]] = []
    for place, member in enumerate(members):
        open_still, source, target = place < 2, world.branch.id, world.sister.id
        if place % 2:
            source = world.far_branch.id
        asked = clock.now() - timedelta(days=0 if open_still else place + 20)
        rows.append(
            {
                "member_id": member,
                "kind": TransferKind.INSIDE,
                "state": TransferState.OPEN if open_still else states[place % 3],
                "turn": Turn.RECEIVING,
                "held_by_id": target,
                "from_branch_id": source,
                "to_branch_id": target,
                "reason": "升学或转学",
                "asked_at": asked,
                "asked_by_id": source,
                "by_member": False,
                "ends_on": clock.day_of(asked) + timedelta(days=10),
                "passed_on_at": asked,
                "ended_at": None if open_still else asked,
            }
        )
    with writing() as session:
        session.execute(insert(Transfer), rows)
        session.connection().exec_driver_sql("ANALYZE")
    return world


def plans(app: Flask, act: Any) -> str:
    """How SQLite answers what ``act`` asks of transfers."""
    asked: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, words: str, values: Any, *_more: Any) -> None:
        if "FROM transfer" in words:
            asked.append((words, values))

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    with db.engine.connect() as connection:
        return "\n".join(
            row[3]
            for words, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", values)
        )


@pytest.mark.parametrize("part", [Part.WAITING, Part.OPEN, Part.ENDED])
def test_a_branch_reads_no_foreign_transfers(app: Flask, many: World, part: Part) -> None:
    actor = many.actor(many.sister)
    plan = plans(app, lambda: lists.branch_transfers(actor, part))
    assert "SCAN transfer\n" not in f"{plan}\n"
    assert "ix_transfer_" in plan


def test_home_counts_what_waits_from_the_index_alone(app: Flask, many: World) -> None:
    plan = plans(app, lambda: lists.count_waiting(many.actor(many.sister)))
    assert "SEARCH transfer USING COVERING INDEX ix_transfer_held_by_id_state" in plan


@pytest.mark.parametrize("place", ["municipal", "district"])
def test_what_is_open_below_is_found_without_reading_what_has_ended(
    app: Flask, many: World, place: str
) -> None:
    actor: Actor = many.actor(getattr(many, place))
    plan = plans(app, lambda: lists.transfers_below(actor, Part.OPEN))
    assert "SEARCH transfer USING" in plan
    assert "SCAN transfer\n" not in f"{plan}\n"
    assert len(lists.transfers_below(actor, Part.OPEN).rows) == 2
    plan = plans(app, lambda: lists.transfers_below(actor, Part.EXPIRED))
    assert "SEARCH transfer USING" in plan


def test_the_night_reads_what_is_open_alone(app: Flask, many: World) -> None:
    plan = plans(app, transfer_expiry.expire_due)
    assert "SEARCH transfer USING" in plan
    assert "SCAN transfer\n" not in f"{plan}\n"
