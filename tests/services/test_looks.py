"""What was seen in a form, for pages: counts in lists, findings set aside. On both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from portal.access import Action, Actor
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import AuditRecord, FindingSetAside, Job, JobState, Member, Scan
from portal.rules.scan_findings import (
    Box,
    Finding,
    FindingKind,
    Look,
    Reading,
    ReadingState,
)
from portal.services import job_running, jobs, looks, scans
from portal.services.listing import ListQuery, list_members
from portal.services.look_lines import LookState
from portal.services.scan_cells import ScanCell, cell_for
from portal.services.transaction import writing
from tests import scans as files
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

TILTED = Finding(FindingKind.TILTED, 2, 7.5, Box(10, 20, 990, 980))
NO_SEAL = Finding(FindingKind.NO_SEAL, 0, 0.0)


class Uploaded:
    """A member of the branch with a form in which the two findings were seen."""

    def __init__(self, world: World, **readings: Reading) -> None:
        self.world = world
        self.member = world.add_member()
        self.scan = world.upload(self.member).scan_id
        self.see(Look(2, (NO_SEAL, TILTED), **readings))

    def see(self, look: Look) -> None:
        with writing():
            looks.keep(db.session.get_one(Scan, self.scan).sha256, look, 5)

    @property
    def branch(self) -> Actor:
        return self.world.actor(self.world.branch)

    @property
    def cell(self) -> ScanCell:
        """The cell, which is the same in the list and by itself."""
        db.session.rollback()
        page = list_members(self.branch, Action.LIST_OWN_MEMBERS, self.world.branch.id, ListQuery())
        (cell,) = [row.cell for row in page.rows if row.id == self.member]
        assert cell == cell_for(self.branch, self.world.member(self.member))
        return cell

    def events(self) -> list[str]:
        query = select(AuditRecord.event).where(AuditRecord.scan_id == self.scan)
        return [event for event in db.session.scalars(query) if "finding" in event]


@pytest.fixture
def form(world: World) -> Uploaded:
    return Uploaded(world)


def read(text: str) -> Reading:
    return Reading(ReadingState.READ, text)


def test_a_look_comes_back_as_it_was_kept(form: Uploaded) -> None:
    look = Look(
        3,
        (NO_SEAL, TILTED, Finding(FindingKind.BLURRED, 3, 0.1)),
        number=read("202611000001"),
        name=Reading(ReadingState.NOT_FOUND, "half read"),
        numbers={2: 1, 3: 12},
    )
    form.see(look)
    digest = db.session.get_one(Scan, form.scan).sha256
    assert looks.look_of(digest) == Look(
        3, look.findings, look.number, Reading(ReadingState.NOT_FOUND), numbers={2: 1, 3: 12}
    )
    form.see(Look(3))
    assert looks.look_of(digest) == Look(3)
    assert looks.look_of(b"0" * 32) is None


def test_the_list_says_how_many_findings_there_are(form: Uploaded) -> None:
    assert (form.cell.look_state, form.cell.findings) == (LookState.DONE, 2)


def test_the_cell_says_that_nobody_has_looked_yet(world: World) -> None:
    member = world.add_member()
    scan = world.upload(member).scan_id
    for job, shown in (
        (JobState.WAITING, LookState.CHECKING),
        (JobState.RUNNING, LookState.CHECKING),
        (JobState.FAILED, LookState.FAILED),
        (JobState.DROPPED, LookState.NONE),
    ):
        with writing() as session:
            session.execute(update(Job).values(state=job))
        assert cell_for(world.actor(world.branch), world.member(member)).look_state is shown
        assert looks.look_state(scan) is shown
    assert looks.look_state(12345) is LookState.NONE


def test_an_older_look_is_shown_until_the_new_one_is_there(form: Uploaded) -> None:
    with writing():
        jobs.ask(form.scan)
    assert form.cell.look_state is LookState.DONE
    assert form.cell.findings == 2


def test_a_finding_that_was_set_aside_counts_no_more_and_is_on_record(form: Uploaded) -> None:
    for _ in range(2):  # a double click
        assert looks.set_aside(form.branch, form.scan, FindingKind.TILTED, 2) == form.member
    assert form.cell.findings == 1
    shown = looks.shown_look(form.branch, form.scan).findings
    assert [one.finding for one in shown] == [NO_SEAL, TILTED]
    assert shown[0].set_aside is None
    assert shown[1].set_aside is not None
    assert shown[1].set_aside.who == form.branch.person_name
    for _ in range(2):
        looks.take_back_set_aside(form.branch, form.scan, FindingKind.TILTED, 2)
    assert form.cell.findings == 2
    assert form.events() == ["finding set aside", "finding taken back"]


def test_a_new_upload_starts_anew(form: Uploaded) -> None:
    looks.set_aside(form.branch, form.scan, FindingKind.TILTED, 2)
    old, form.scan = form.scan, form.world.upload(form.member, files.good_scan(3)).scan_id
    assert form.cell.look_state is LookState.CHECKING
    form.see(Look(3, (TILTED,)))
    assert form.cell.findings == 1
    with pytest.raises(NotFound):
        looks.set_aside(form.branch, old, FindingKind.TILTED, 2)


def test_the_same_file_of_another_member_has_its_own_word(form: Uploaded) -> None:
    looks.set_aside(form.branch, form.scan, FindingKind.TILTED, 2)
    form.member = form.world.add_member()
    form.scan = form.world.upload(form.member).scan_id
    assert form.cell.findings == 2


def test_only_a_finding_that_is_there_is_set_aside(form: Uploaded) -> None:
    for kind, page in ((FindingKind.TILTED, 1), (FindingKind.BLURRED, 2)):
        with pytest.raises(NotFound):
            looks.set_aside(form.branch, form.scan, kind, page)
    unseen = form.world.upload(form.world.add_member(), files.good_scan(3)).scan_id
    assert looks.shown_look(form.branch, unseen).findings == ()
    assert db.session.scalars(select(FindingSetAside.scan_id)).all() == []


def test_only_the_own_branch_sets_aside_and_who_is_above_reads(form: Uploaded) -> None:
    world = form.world
    for node in (world.grassroots, world.district, world.municipal):
        with pytest.raises(NotAllowed):
            looks.set_aside(world.actor(node), form.scan, FindingKind.TILTED, 2)
        assert len(looks.shown_look(world.actor(node), form.scan).findings) == 2
    for node in (world.sister, world.far_branch):
        with pytest.raises(NotFound):
            looks.set_aside(world.actor(node), form.scan, FindingKind.TILTED, 2)
        with pytest.raises(NotFound):
            looks.take_back_set_aside(world.actor(node), form.scan, FindingKind.TILTED, 2)
        with pytest.raises(NotFound):
            looks.shown_look(world.actor(node), form.scan)


def test_what_was_read_is_compared_with_the_member_of_now(world: World) -> None:
    form = Uploaded(world, number=read("202699999999"), name=read("别 人"), month=read("2001-01"))
    assert form.cell.findings == 5
    shown = [one.finding.kind for one in looks.shown_look(form.branch, form.scan).findings]
    assert shown[2:] == [
        FindingKind.NUMBER_DIFFERENT,
        FindingKind.NAME_DIFFERENT,
        FindingKind.MONTH_DIFFERENT,
    ]
    looks.set_aside(form.branch, form.scan, FindingKind.NUMBER_DIFFERENT, 1)
    looks.set_aside(form.branch, form.scan, FindingKind.MONTH_DIFFERENT, 1)
    looks.set_aside(form.branch, form.scan, FindingKind.TILTED, 2)
    assert form.cell.findings == 2
    with writing() as session:
        session.execute(update(Member).where(Member.id == form.member).values(name="别人"))
    assert form.cell.findings == 1


def test_what_agrees_is_no_finding(world: World) -> None:
    form = Uploaded(world)
    member = world.member(form.member)
    own = (member.number or "", member.name, f"{member.joined:%Y-%m}")
    form.see(Look(2, (), *(read(text) for text in own)))
    assert form.cell.findings == 0
    with writing() as session:  # a released number is none to differ from
        session.execute(update(Member).values(number=None, released_number="202611000777"))
    assert form.cell.findings == 0


def test_a_deleted_form_shows_nothing_of_its_look(form: Uploaded) -> None:
    scans.delete(form.branch, form.member)
    assert (form.cell.state, form.cell.look_state, form.cell.findings) == (
        "deleted",
        LookState.NONE,
        0,
    )
    with pytest.raises(scans.ScanEnded):
        looks.shown_look(form.branch, form.scan)


def test_a_list_stays_one_round_however_many_forms_it_shows(form: Uploaded) -> None:
    from sqlalchemy import event

    job_running.work(60)
    for _ in range(3):
        form.world.upload(form.world.add_member())
    db.session.rollback()
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(str(args[2])))
    branch = form.world.branch.id
    assert len(list_members(form.branch, Action.LIST_OWN_MEMBERS, branch, ListQuery()).rows) == 4
    assert len([one for one in statements if one.startswith("SELECT")]) == 1


def test_the_looks_of_a_list_are_found_by_their_indexes(world: World, database: str) -> None:
    if database != "sqlite":
        pytest.skip("the planner of PostgreSQL decides by statistics, which an empty table lacks")
    from portal.services.member_rows import MEMBER_ROWS

    statement = str(MEMBER_ROWS.where(Member.branch_id == 1).compile(db.engine))
    plan = db.session.connection().exec_driver_sql(
        "EXPLAIN QUERY PLAN " + statement, tuple(range(statement.count("?")))
    )
    text = "\n".join(str(row[3]) for row in plan)
    for table in ("job", "scan_look", "scan_finding", "finding_set_aside", "scan"):
        assert f"SEARCH {table} USING" in text
        assert f"SCAN {table}\n" not in text + "\n"
