"""fsck, the demo, the first account, readiness, page pictures. On both databases."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import delete, select, update

from portal.demo.city import load as load_city
from portal.demo.load import DemoRefused, load_demo
from portal.errors import NotFound, StoreUnavailable
from portal.extensions import db
from portal.models import (
    Account,
    CheckItem,
    ItemState,
    Member,
    Message,
    MessageKind,
    MonthTally,
    Organisation,
    Scan,
    ScanCheck,
    ScanState,
    Tally,
)
from portal.runtime import runtime
from portal.services import fsck, installation, job_running, readiness, scans
from portal.services.derived import add_to_branch
from portal.services.pictures import page_picture, picture_key
from portal.services.transaction import writing
from tests import scans as files
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")


def test_fsck_finds_and_repairs_what_is_derived(world: World) -> None:
    member = world.add_member()
    world.upload(member)
    assert fsck.check() == []
    world.set_columns(member, has_scan=False, due_date=date(2000, 1, 1), is_new_member=False)
    with writing() as session:
        session.execute(update(Tally).values(members=99))
    found = fsck.check()
    assert {finding.kind for finding in found} == {"stored rule", "tally"}
    assert all(finding.derived for finding in found)
    assert fsck.repair() > 0
    assert fsck.check() == []
    assert fsck.repair() == 0


def test_fsck_finds_a_branch_whose_tally_is_gone(world: World) -> None:
    world.add_member()
    with writing() as session:
        session.execute(Tally.__table__.delete())
    assert {finding.subject for finding in fsck.check()} == {f"branch {world.branch.id}"}
    fsck.repair()
    assert fsck.check() == []


def test_fsck_finds_a_joining_month_that_counts_too_many_and_one_that_is_gone(world: World) -> None:
    world.add_member(joined=date(2026, 3, 1))
    world.add_member(world.far_branch, joined=date(2026, 4, 1))
    with writing() as session:
        here = MonthTally.part_id == world.district.id
        session.execute(update(MonthTally).where(here).values(checked=7))
        session.execute(delete(MonthTally).where(MonthTally.part_id == world.other_district.id))
    assert [(one.subject, one.text) for one in fsck.check()] == [
        (
            f"organisation {world.district.id}, joined 2026-03",
            "checked is stored as 7, counted 0",
        ),
        (
            f"organisation {world.other_district.id}, joined 2026-04",
            "members is stored as 0, counted 1",
        ),
        (
            f"organisation {world.other_district.id}, joined 2026-04",
            "new_members is stored as 0, counted 1",
        ),
    ]
    fsck.repair()
    assert fsck.check() == []


def test_fsck_finds_a_path_that_is_not_its_parents(world: World) -> None:
    with writing() as session:
        session.get_one(Organisation, world.branch.id).path = "/1/77/"
    found = fsck.check()
    assert [(one.kind, one.subject) for one in found] == [
        ("path", f"organisation {world.branch.id}")
    ]
    assert not found[0].derived


def test_an_installation_without_members_needs_no_repair(world: World) -> None:
    assert fsck.check() == []
    assert fsck.repair() == 0


def test_fsck_compares_rows_and_files_both_ways(world: World) -> None:
    one, two, three = (world.add_member() for _ in range(3))
    for place, member in enumerate((one, two, three)):
        world.upload(member, files.good_scan(2 + place))
    root = runtime().settings.instance / "store"
    keys = list(db.session.scalars(select(Scan.storage_key).order_by(Scan.id)))
    db.session.rollback()
    (root / keys[0]).unlink()
    (root / keys[1]).write_bytes(b"short")
    content = bytearray((root / keys[2]).read_bytes())
    content[100] ^= 1
    (root / keys[2]).write_bytes(content)
    (root / "scans" / "ab").mkdir(exist_ok=True)
    (root / "scans" / "ab" / "abc.pdf").write_bytes(b"orphan")
    texts = sorted(finding.text for finding in fsck.check())
    assert [text[:20] for text in texts] == [
        "has 5 bytes, the row",
        "its bytes are not th",
        "its file is missing",
        "no row names this fi",
    ]
    assert len(fsck.check(read_files=False)) == 3
    assert fsck.repair() == 0  # a form is never touched


def test_a_tally_is_made_when_a_branch_has_none(world: World) -> None:
    with writing():
        add_to_branch(world.sister.id, {"members": 2})
        add_to_branch(world.sister.id, {"members": 1})
    assert world.tally(world.sister)["members"] == 3


def test_the_demo_has_every_sort_and_is_consistent(app: Flask) -> None:
    load_demo()
    accounts = json.loads(
        Path(app.extensions["portal"].settings.instance, "demo-accounts.json").read_text()
    )
    assert [one["role"] for one in accounts] == [
        "municipal", "district", "district", "district", "grassroots", "branch", "branch", "member",
    ]  # fmt: skip
    assert "东城区" in accounts[1]["who"]
    assert len({one["password"] for one in accounts}) == len(accounts)
    scans = db.session.scalars(select(Scan.state)).all()
    assert (scans.count(ScanState.CURRENT), scans.count(ScanState.REPLACED)) == (200, 1)
    said = db.session.scalars(select(ScanCheck.kinds)).all()
    assert "" in said  # in order
    assert {"missing_pages", "wrong_pages", "no_seal"} <= set(said)
    items = db.session.scalars(select(CheckItem.state)).all()
    assert 0 < items.count(ItemState.DONE) == len(items) // 2
    assert set(db.session.scalars(select(Message.kind))) >= {
        MessageKind.URGING,
        MessageKind.NOTICE,
        MessageKind.LETTER,
    }
    assert db.session.query(Member).count() == 1500
    kinds = set(db.session.scalars(select(Member.irregularity).distinct()))
    assert len(kinds) == 7  # the six, and none
    assert fsck.check() == []
    assert installation.content_of() == "demo"
    with pytest.raises(DemoRefused):
        load_demo()
    with writing() as session:  # PostgreSQL counts on behind the ids given by hand
        session.add(
            Account(
                login="x",
                password_hash="!",
                person_name="x",
                organisation_id=1,
                created_at=datetime.now(UTC),
            )
        )


def test_a_small_city_is_consistent_but_for_its_files(app: Flask) -> None:
    load_city(lambda _text: None, organisations=300, members=2000)
    found = fsck.check()
    assert {finding.text for finding in found} == {"its file is missing"}
    assert db.session.query(Member).count() == 2000


def test_the_demo_refuses_real_data(world: World) -> None:
    assert installation.content_of() == "real"
    with pytest.raises(DemoRefused):
        load_demo()


def test_the_first_account_is_made_once(app: Flask) -> None:
    assert installation.content_of() is None
    installation.install("团市委", " Boss ", "周敏", "a long password")
    assert installation.content_of() == "real"
    assert db.session.scalars(select(Organisation.name)).one() == "团市委"
    assert db.session.scalars(select(Account.login)).one() == "boss"
    with pytest.raises(installation.AlreadyInstalled):
        installation.install("团市委", "boss2", "周敏", "a long password")


def test_ready_when_database_store_and_worker_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert readiness.readiness() == {"database": True, "store": True, "worker": False}
    readiness.beat()
    readiness.beat()
    assert readiness.readiness()["worker"]
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=10), tick=False):
        assert not readiness.readiness()["worker"]
    (runtime().settings.instance / "store" / "incoming").rmdir()
    assert not readiness.readiness()["store"]


def test_page_pictures_are_drawn_once_and_kept(world: World) -> None:
    member = world.add_member()
    done = world.upload(member)
    scan = db.session.get_one(Scan, done.scan_id)
    first = page_picture(scan, 1, 1000)
    assert first.startswith(b"\xff\xd8")
    runtime().store.put(picture_key(scan, 1, 1000), b"kept")
    assert page_picture(scan, 1, 1000) == b"kept"
    for page, width in ((0, 1000), (3, 1000), (1, 77)):
        with pytest.raises(NotFound):
            page_picture(scan, page, width)


def test_all_pictures_are_drawn_by_the_worker(world: World) -> None:
    member = world.add_member()
    done = world.upload(member)
    job_running.work(60)
    scan = db.session.get_one(Scan, done.scan_id)
    assert runtime().store.size(picture_key(scan, 2, 1000))


def test_pictures_go_with_their_form(world: World) -> None:
    from portal.services.sweep import sweep

    member = world.add_member()
    done = world.upload(member)
    job_running.work(60)
    key = picture_key(db.session.get_one(Scan, done.scan_id), 1, 1000)
    scans.delete(world.actor(world.branch), member)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=31), tick=False):
        sweep()
    assert runtime().store.size(key) is None


def test_a_store_that_is_away_changes_nothing(world: World) -> None:
    member = world.add_member()
    (runtime().settings.instance / "store" / "incoming").rmdir()
    with pytest.raises(StoreUnavailable):
        world.upload(member)
    assert not world.member(member).has_scan
