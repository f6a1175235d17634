"""操作日志: who sees which line, how it reads, how it is found. On both databases."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import event as listened
from sqlalchemy import insert, select

from portal import clock
from portal.access import Actor
from portal.errors import NotAllowed
from portal.extensions import db
from portal.models import AuditRecord
from portal.rules.leaving import Leaving, LeavingReason
from portal.services import audit, codes, joining_review, numbers, record_export, record_search
from portal.services import organisation_changes as organisations
from portal.services.audit import Event
from portal.services.form_views import views_of_own_form
from portal.services.leaving import set_aside
from portal.services.member_editing import change_member, fields_of
from portal.services.members import PersonalField, unmask
from portal.services.record_export import make_export
from portal.services.record_search import Search, search
from portal.services.record_sentences import RecordKind
from portal.services.record_words import FOUND
from portal.services.transaction import writing
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")


def words(actor: Actor, **asked: Any) -> list[str]:
    db.session.rollback()
    return [line.words for line in search(actor, Search(**asked)).lines]


def say(world: World, place: str, event: Event = Event.SIGNED_IN, **more: Any) -> None:
    with writing():
        audit.record(world.actor(getattr(world, place)), event, **more)


def test_each_level_sees_what_concerns_it_and_nobody_sees_above(world: World) -> None:
    member, far = world.add_member(name="李某"), world.add_member(world.far_branch, name="远某")
    for place in ("municipal", "district", "grassroots", "branch", "sister", "other_district"):
        say(world, place)
    with writing():
        audit.record(None, Event.SIGN_IN_REFUSED, address="10.9.9.9", known=False)
    world.upload(member)
    world.upload(far)
    unmask(world.actor(world.district), member, PersonalField.PHONE)
    seen = {
        place: len(words(world.actor(getattr(world, place))))
        for place in ("municipal", "district", "grassroots", "branch", "sister", "far_branch")
    }
    assert seen == {
        "municipal": 10,
        "district": 6,  # its own, the grassroots committee's, both branches', and two of a member
        "grassroots": 5,
        "branch": 3,
        "sister": 1,
        "far_branch": 1,
    }
    branch = search(world.actor(world.branch), Search()).lines
    assert branch[0].words.startswith("显示了 高一(1)班团支部 李某（")
    assert branch[0].words.endswith("）的电话")
    # Who it was the branch is told; from where somebody above works it is not.
    assert (branch[0].place, branch[0].address) == ("东城区团区委", "")
    assert branch[1].address == "127.0.0.1"
    refused = [one for one in search(world.actor(world.municipal), Search()).lines if one.address]
    assert "10.9.9.9" in {one.address for one in refused}
    with pytest.raises(NotAllowed):
        search(world.member_actor(member), Search())


def test_what_was_done_reads_as_a_sentence(world: World) -> None:
    branch, district = world.actor(world.branch), world.actor(world.district)
    member = world.add_member(name="李某", number="202611000123")
    stored = fields_of(world.member(member))
    wanted = type(stored)(
        **{name: getattr(stored, name) for name in stored.__slots__}
        | {"email": "li@example.com", "joined": date(2026, 3, 1)}
    )
    change_member(branch, member, 1, wanted)
    world.upload(member)
    request = numbers.ask(branch, member, number="202611000123", reason="看错了")
    numbers.release_asked(district, request, answer="已与纸质表核对")
    applicant = world.apply(world.applicant(name="欧阳小燕"))
    version = joining_review.review(branch, applicant).joining.version
    joining_review.send_back(branch, applicant, version, "编号看不清")
    codes.issue(district, world.sister.id)
    organisations.rename(district, world.sister.id, 1, "高一(3)班团支部")
    gone = world.add_member(name="赵某")
    set_aside(branch, gone, Leaving(LeavingReason.LEFT_LEAGUE, "超龄离团"))
    told = words(district)
    who = "高一(1)班团支部 李某"
    for expected in (
        f"修改了 {who} 的信息：电子邮箱（内容不记录）；入团年月 ",
        f"上传了 {who} 的《入团志愿书》（",
        f"申请解除 {who} 的编号 2026 1100 0123 的占用，原因：看错了",
        f"解除了 {who} 的编号 2026 1100 0123 的占用，原因：已与纸质表核对",
        "退回了 欧阳小燕 的加入申请，原因：编号看不清",
        "向 高一(1)班团支部 提交了 欧阳小燕 的加入申请，编号 ",
        f"给 高一(3)班团支部 管理员{world.sister.id} 的账号 login{world.sister.id} 发了一次性码",
        "修改了组织名称：高一(2)班团支部 → 高一(3)班团支部",
        "把 高一(1)班团支部 赵某（",
    ):
        assert any(one.startswith(expected) for one in told), (expected, told)
    assert not any("example.com" in one for one in told)


def test_it_is_searched_by_person_organisation_member_kind_and_day(world: World) -> None:
    district, municipal = world.actor(world.district), world.actor(world.municipal)
    with time_machine.travel(datetime(2026, 11, 20, 2, 0, tzinfo=UTC), tick=False) as clock_:
        li = world.add_member(name="李某", number="202611000123")
        zhao = world.add_member(world.sister, name="赵某")
        world.upload(li)
        clock_.shift(timedelta(days=2))
        world.upload(zhao)
        unmask(district, zhao, PersonalField.PHONE)
        clock_.shift(timedelta(days=1))
        unmask(municipal, li, PersonalField.PHONE)
        say(world, "branch")

        def found(actor: Actor = district, **asked: Any) -> int:
            return len(words(actor, **asked))

        assert found() == 5
        assert found(member="李某") == found(member="2026 1100 0123") == 2
        assert found(member="远某") == 0
        assert found(person=f"管理员{world.sister.id}") == 1
        assert found(person=f"login{world.branch.id}") == 2
        assert found(person=f"管理员{world.municipal.id}") == 1  # who is above, but came to us
        assert found(person="谁也不是") == 0
        assert found(organisation="高一(2)班") == 2
        assert found(municipal, organisation="团区委") == 5
        assert found(municipal, organisation="东城区") == 5  # a committee's and one below it, once
        assert found(municipal, organisation="西城区") == 0
        assert found(organisation="西城区") == 0  # not in sight
        assert found(kind=RecordKind.VIEWS) == 2
        assert found(municipal, kind=RecordKind.VIEWS) == 2
        assert found(kind=RecordKind.NUMBERS) == 0
        assert found(member="赵某", kind=RecordKind.VIEWS) == 1
        assert found(member="赵某", person=f"login{world.branch.id}") == 0
        assert found(first=date(2026, 11, 22)) == 4
        assert found(last=date(2026, 11, 22)) == 3
        assert found(first=date(2026, 11, 22), last=date(2026, 11, 22)) == 2
        assert found(first=date(2026, 12, 1)) == found(last=date(2026, 1, 1)) == 0
        assert found(organisation="%") == found(person="%") == 0


def test_a_word_that_stands_for_too_many_says_so(world: World) -> None:
    for _ in range(FOUND):
        world.upload(world.add_member(name="李同名"))
    district = world.actor(world.district)
    assert search(district, Search(member="李同名")).cut == ()
    assert len(search(district, Search(member="李同名")).lines) == FOUND
    world.upload(world.add_member(name="李同名"))
    page = search(district, Search(member="李同名", organisation="高一"))
    assert page.cut == ("团员",)
    assert len(page.lines) == FOUND
    assert make_export(district, Search(member="李同名")).cut == ("团员",)
    assert search(district, Search(organisation="高一")).cut == ()


def test_pages_go_on_by_key_without_a_gap_or_a_line_twice(world: World) -> None:
    for place in ("branch", "sister", "grassroots") * 4:
        say(world, place)
    for actor in (world.actor(world.district), world.actor(world.municipal)):
        ids: list[int] = []
        before: int | None = None
        while True:
            db.session.rollback()
            page = search(actor, Search(), before=before, rows=5)
            ids += [line.id for line in page.lines]
            say(world, "branch")  # what comes meanwhile stands before the first page
            before = page.before
            if before is None:
                break
        assert ids == sorted(set(ids), reverse=True)
        assert len(ids) >= 12


def test_a_page_of_a_large_record_walks_indexes_only(world: World, database: str) -> None:
    if database != "sqlite":
        pytest.skip("the planner of PostgreSQL decides by statistics, which an empty table lacks")
    member = world.add_member(name="李某")
    places = (world.branch.id, world.sister.id, world.grassroots.id)
    with writing() as session:
        session.execute(
            insert(AuditRecord),
            [
                {
                    "at": clock.now() - timedelta(minutes=3000 - place),
                    "account_id": places[place % 3],
                    "person_name": "王某",
                    "organisation_id": places[place % 3],
                    "address": "",
                    "request_id": "",
                    "event": list(Event)[place % len(Event)],
                    "about_id": places[place % 3],
                    "detail": {},
                }
                for place in range(3000)
            ],
        )
        session.connection().exec_driver_sql("ANALYZE")
    plans: list[str] = []

    def explain(connection, cursor, statement, parameters, *_: object) -> None:  # type: ignore[no-untyped-def]
        if "audit_record" in statement:
            cursor.execute("EXPLAIN QUERY PLAN " + statement, parameters)
            plans.extend(row[3] for row in cursor.fetchall())

    listened.listen(db.engine, "before_cursor_execute", explain)
    today = clock.today()
    for place in ("branch", "district", "municipal"):
        for asked in (
            Search(),
            Search(kind=RecordKind.NUMBERS),
            Search(member="李某", person="管理员"),
            Search(person="管理员"),
            Search(first=today - timedelta(days=1), last=today),
        ):
            plans.clear()
            search(world.actor(getattr(world, place)), asked, before=2900)
            text = "\n".join(plans)
            assert "SCAN audit_record" not in text, (place, asked, text)
            assert "SCAN audit_record_1" not in text, (place, asked, text)
            lines = [one for one in plans if "audit_record" in one]
            assert lines
            assert not [one for one in lines if "AUTOMATIC" in one]
            if place == "district" and asked == Search():
                assert "ix_audit_record_about_id_id (about_id=? AND rowid<?)" in text or (
                    "ix_audit_record_about_id_id (about_id=? AND id<?)" in text
                ), text
    listened.remove(db.engine, "before_cursor_execute", explain)
    assert member


def test_a_member_sees_which_organisation_opened_their_form_and_never_who(world: World) -> None:
    with time_machine.travel(datetime(2026, 11, 20, 2, 0, tzinfo=UTC), tick=False) as clock_:
        own, other = world.add_member(name="李某"), world.add_member(name="赵某")
        member = world.member_actor(own)
        scans = {one: world.upload(one).scan_id for one in (own, other)}

        def look(actor: Actor, whose: int, event: Event = Event.SCAN_VIEWED) -> None:
            audit.record_view(actor, event, member_id=whose, scan_id=scans[whose])

        for actor in (world.actor(world.branch), world.actor(world.district), member):
            clock_.shift(timedelta(minutes=1))
            look(actor, own)
            look(actor, own)  # the second page of one look
        look(world.actor(world.municipal), other)
        look(world.actor(world.district), own, Event.ORIGINAL_OPENED)
        clock_.shift(timedelta(minutes=11))
        look(world.actor(world.district), own)
    views = views_of_own_form(member)
    assert [(row.place, row.role, row.own, row.original) for row in views.rows] == [
        ("东城区团区委", "工作人员", False, False),
        ("东城区团区委", "工作人员", False, True),
        ("高一(1)班团支部", "团支部管理员", True, False),
        ("东城区团区委", "工作人员", False, False),
        ("高一(1)班团支部", "团支部管理员", False, False),
    ]
    assert "管理员2" not in repr(views)
    first = views_of_own_form(member, rows=2)
    assert [row.at for row in views_of_own_form(member, before=first.before).rows] == [
        row.at for row in views.rows[2:]
    ]
    with pytest.raises(NotAllowed):
        views_of_own_form(world.actor(world.branch))


def test_what_the_portal_itself_opened_is_told_as_that(world: World) -> None:
    member_id = world.add_member()
    member, scan_id = world.member_actor(member_id), world.upload(member_id).scan_id
    with writing():
        audit.record(None, Event.ORIGINAL_OPENED, member_id=member_id, scan_id=scan_id)
    (row,) = views_of_own_form(member).rows
    assert (row.place, row.role, row.own, row.original) == ("系统", "", False, True)


def test_an_export_has_the_newest_lines_that_fit_and_says_that_there_are_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_export, "ROWS", 4)
    monkeypatch.setattr(record_export, "STEP", 2)
    for _ in range(4):
        say(world, "branch")
    branch = world.actor(world.branch)
    whole = make_export(branch, Search())
    assert (whole.rows, whole.more) == (4, False)
    say(world, "branch", Event.SIGNED_OUT)
    cut = make_export(branch, Search())
    assert (cut.rows, cut.more) == (4, True)
    lines = cut.content.decode("utf-8-sig").splitlines()
    assert ["退出登录" in line for line in lines] == [False, True, False, False, False]
    assert make_export(branch, Search(), until=whole.until).sha256 == whole.sha256


@pytest.mark.parametrize("glance", [0, 1, 4, 3000])
def test_however_a_page_is_found_it_has_the_newest_lines(
    world: World, glance: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few organisations are asked one by one, many are first looked for among the newest of all."""
    dice = random.Random(glance)
    places = ("branch", "sister", "far_branch", "grassroots", "municipal")
    events = (Event.SIGNED_IN, Event.SIGNED_OUT, Event.ORGANISATION_ADDED)
    for _ in range(40):
        say(world, dice.choices(places, (1, 2, 12, 1, 1))[0], dice.choice(events), path="x")
    monkeypatch.setattr(record_search, "FEW", 300 if glance == 0 else 0)
    monkeypatch.setattr(record_search, "GLANCE", glance)
    every = select(AuditRecord.id, AuditRecord.event, AuditRecord.about_id)
    rows = db.session.execute(every.order_by(AuditRecord.id.desc())).all()
    sight = {node.id for node in (world.district, world.grassroots, world.branch, world.sister)}
    for kind in (None, RecordKind.SIGN_INS, RecordKind.ORGANISATIONS, RecordKind.NUMBERS):
        wanted = [
            row.id
            for row in rows
            if row.about_id in sight and (kind is None or row.event in kind.events)
        ]
        for before in (None, rows[20].id):
            page = search(world.actor(world.district), Search(kind=kind), before=before, rows=3)
            expected = [one for one in wanted if before is None or one < before]
            assert [line.id for line in page.lines] == expected[:3]
            assert page.before == (expected[2] if len(expected) > 3 else None)
