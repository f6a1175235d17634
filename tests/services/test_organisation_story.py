"""After any sequence of changes the paths are those of the parents, and fsck finds nothing."""

from __future__ import annotations

from contextlib import suppress

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from portal.errors import PortalError
from portal.extensions import db
from portal.models import Member, Organisation, Tally
from portal.rules.organisations import ALLOWED_CHILDREN, MAX_DEPTH, depth_of
from portal.rules.organisations import OrganisationKind as Kind
from portal.services.fsck import check
from portal.services.organisation_changes import add_child, close, rename, reopen
from portal.services.organisation_moves import merge, move
from tests.builders import World

PLACE = st.integers(0, 60)
NAME = st.sampled_from(["甲组织", "乙组织", "丙组织", "丁组织"])


def machine_in(world: World) -> type[RuleBasedStateMachine]:
    """A machine over one world; what is refused changes nothing, which the invariants see."""
    actor = world.actor(world.municipal)

    class Story(RuleBasedStateMachine):
        def pick(self, place: int) -> Organisation:
            rows = db.session.scalars(select(Organisation).order_by(Organisation.id)).all()
            return rows[place % len(rows)]

        def attempt(self, step, *arguments: object) -> None:  # type: ignore[no-untyped-def]
            with suppress(PortalError):  # what is refused changes nothing: the invariant sees it
                step(actor, *arguments)

        @rule(parent=PLACE, kind=st.sampled_from(list(Kind)), name=NAME)
        def adds(self, parent: int, kind: Kind, name: str) -> None:
            self.attempt(add_child, self.pick(parent).id, kind, name)

        @rule(parent=PLACE, name=NAME)
        def adds_what_may_be_there(self, parent: int, name: str) -> None:
            above = self.pick(parent)
            for kind in (Kind.GRASSROOTS, Kind.BRANCH):
                if kind in ALLOWED_CHILDREN[above.kind]:
                    self.attempt(add_child, above.id, kind, name + kind.label)

        @rule(which=PLACE, name=NAME)
        def renames(self, which: int, name: str) -> None:
            one = self.pick(which)
            self.attempt(rename, one.id, one.version, name)

        @rule(which=PLACE, parent=PLACE)
        def moves(self, which: int, parent: int) -> None:
            one = self.pick(which)
            self.attempt(move, one.id, one.version, self.pick(parent).id)

        @rule(which=PLACE, into=PLACE)
        def merges(self, which: int, into: int) -> None:
            one = self.pick(which)
            self.attempt(merge, one.id, one.version, self.pick(into).id)

        @rule(which=PLACE)
        def closes(self, which: int) -> None:
            one = self.pick(which)
            self.attempt(close, one.id, one.version)

        @rule(which=PLACE)
        def reopens(self, which: int) -> None:
            one = self.pick(which)
            self.attempt(reopen, one.id, one.version)

        @invariant()
        def the_tree_is_sound(self) -> None:
            db.session.rollback()
            rows = {one.id: one for one in db.session.scalars(select(Organisation))}
            open_names = set()
            for one in rows.values():
                above = rows[one.parent_id] if one.parent_id else None
                assert one.path == f"{above.path if above else '/'}{one.id}/"
                if one.closed_at is None and above is not None:
                    assert above.closed_at is None
                    assert one.kind in ALLOWED_CHILDREN[above.kind]
                    assert depth_of(one.path) <= MAX_DEPTH
                    assert (above.id, one.name) not in open_names
                    open_names.add((above.id, one.name))
            for branch_id in db.session.scalars(select(Member.branch_id)):
                assert rows[branch_id].closed_at is None
            assert sum(db.session.scalars(select(Tally.members))) == 4
            assert check(read_files=False) == []

    return Story


@pytest.mark.usefixtures("database")
def test_after_any_sequence_the_tree_is_sound(app: Flask, world: World) -> None:
    for branch in (world.branch, world.branch, world.sister, world.far_branch):
        world.add_member(branch)
    run_state_machine_as_test(
        machine_in(world),
        settings=settings(
            max_examples=8,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
