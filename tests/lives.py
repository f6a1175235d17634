"""The life of a portal as a machine of Hypothesis: rules are what people do, invariants what always holds.

Each example begins in a world of its own on the same morning, and its clock goes on as a rule says.
``TEST_EXAMPLES`` says how many examples are lived instead of the few of each run of the tests.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import time_machine
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from portal.access import Actor
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Organisation
from tests.builders import World

BEGINNING = datetime(2026, 11, 23, 1, tzinfo=UTC)
WHICH = st.integers(0, 40)
"""One of several: taken modulo how many there are."""


class Life(RuleBasedStateMachine):
    """A world and its clock. Whoever runs it says how a world begins (``begun``)."""

    begin: Callable[[], World]

    def __init__(self) -> None:
        super().__init__()
        self.travel = time_machine.travel(BEGINNING, tick=False)
        self.time = self.travel.start()
        self.world = type(self).begin()

    def admin(self, organisation_id: int) -> Actor:
        """The person of an organisation, where it is now. Nobody is there when it is closed."""
        db.session.rollback()
        place = db.session.get_one(Organisation, organisation_id, populate_existing=True)
        if place.closed_at is not None:
            raise NotFound
        found = self.world.actor(self.world.nodes[organisation_id])
        return replace(found, organisation_path=place.path)

    def teardown(self) -> None:
        self.travel.stop()


L = TypeVar("L", bound=Life)


def attempt() -> suppress:
    """What is refused changes nothing, which the invariants see."""
    return suppress(PortalError)


def begun(life: type[L], begin_anew: Callable[[], World]) -> type[L]:
    """The kind of life whose worlds begin so."""
    return type("Begun", (life,), {"begin": staticmethod(begin_anew)})


def run(life: type[Life], begin_anew: Callable[[], World], *, examples: int, steps: int) -> None:
    """Live so many examples of so many steps; longer ones where ``TEST_EXAMPLES`` asks for more."""
    asked = os.environ.get("TEST_EXAMPLES")
    run_state_machine_as_test(
        begun(life, begin_anew),
        settings=settings(
            max_examples=int(asked) if asked else examples,
            stateful_step_count=50 if asked else steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
