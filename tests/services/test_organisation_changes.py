"""团组织管理: add, rename, move, merge, close, reopen, open for joining. On both databases."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import event, insert, select

from portal.access import Actor
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import (
    Account,
    AuditRecord,
    CheckRound,
    Joining,
    JoiningState,
    Member,
    NumberRelease,
    Organisation,
    ReleaseState,
    RoundChoice,
    SignIn,
)
from portal.rules.id_number import Sex
from portal.rules.leaving import Leaving, LeavingReason
from portal.rules.organisations import OrganisationKind as Kind
from portal.services import codes
from portal.services.accounts import SignInRefused, actor_for, sign_in
from portal.services.fsck import check
from portal.services.leaving import set_aside
from portal.services.organisation_changes import (
    OrganisationConflict,
    OrganisationRefused,
    add_child,
    close,
    rename,
    reopen,
    switch_joining,
)
from portal.services.organisation_moves import (
    merge,
    merge_choices,
    move,
    move_choices,
    preview_merge,
    preview_move,
)
from portal.services.organisations import (
    changes_allowed,
    children_of,
    find_organisation,
    search,
    summed,
)
from portal.services.round_making import RoundWish, make_round
from portal.services.transaction import writing
from tests.builders import PASSWORD, World

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def municipal(world: World) -> Actor:
    return world.actor(world.municipal)


@pytest.fixture
def district(world: World) -> Actor:
    return world.actor(world.district)


def row(organisation_id: int) -> Organisation:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Organisation, organisation_id)


def version(organisation_id: int) -> int:
    return row(organisation_id).version


def record() -> AuditRecord:
    db.session.rollback()
    last = select(AuditRecord).order_by(AuditRecord.id.desc()).limit(1)
    return db.session.scalars(last).one()


def wait_at(world: World, branch_id: int, state: JoiningState = JoiningState.SENT) -> int:
    """An application at a branch."""
    with writing() as session:
        joining = Joining(
            name="安新",
            pinyin="anxin",
            initials="ax",
            sex=Sex.FEMALE,
            birth_date=date(2010, 1, 1),
            consented_at=datetime(2026, 1, 1, tzinfo=UTC),
            notice_version="1",
            branch_id=branch_id,
            state=state,
            version=1,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            changed_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        session.add(joining)
        session.flush()
        return joining.id


# ---- adding and renaming ----


def test_a_committee_adds_below_itself_and_below_what_is_below(
    world: World, district: Actor
) -> None:
    own = add_child(district, world.district.id, Kind.GRASSROOTS, "第二中学团委")
    deeper = add_child(
        district, own, Kind.BRANCH, "高一(1)班团支部"
    )  # the name stands elsewhere too
    assert row(deeper).path == f"{world.district.path}{own}/{deeper}/"
    assert row(deeper).initials == "gy(1)btzb"
    found, _ = search(district, "高一(1)班")
    assert len({one.path_text for one in found}) == 2
    assert record().event == "organisation added"
    assert record().detail["path"] == (
        "共青团北京市委员会 › 东城区团区委 › 第二中学团委 › 高一(1)班团支部"
    )
    assert check() == []


@pytest.mark.parametrize(
    ("parent", "kind", "name", "words"),
    [
        ("grassroots", Kind.BRANCH, "高一(1)班团支部", "下面已经有“高一\\(1\\)班团支部”"),
        ("grassroots", Kind.DISTRICT, "南城团区委", "基层团委下面不能有团区委，只能有基层团委、"),
        ("branch", Kind.BRANCH, "小组", "团支部下面不能有团支部，它下面不再分组织"),
    ],
)
def test_what_can_not_be_added_gets_a_sentence(
    world: World, district: Actor, parent: str, kind: Kind, name: str, words: str
) -> None:
    with pytest.raises(OrganisationRefused, match=words):
        add_child(district, getattr(world, parent).id, kind, name)


def test_the_tree_is_at_most_eight_deep(world: World, district: Actor) -> None:
    parent = world.grassroots.id
    for level in range(4, 9):
        parent = add_child(district, parent, Kind.GRASSROOTS, f"第{level}级团委")
    with pytest.raises(OrganisationRefused, match="最多 8 级，这样会有 9 级"):
        add_child(district, parent, Kind.BRANCH, "第九级")
    assert preview_move(district, world.sister.id, row(parent).parent_id or 0).below == 0
    with pytest.raises(OrganisationRefused, match="最多 8 级"):
        preview_move(district, world.sister.id, parent)


def test_nobody_changes_their_own_organisation_or_what_is_outside(
    world: World, district: Actor, municipal: Actor
) -> None:
    for organisation in (world.district, world.municipal, world.far_branch):
        with pytest.raises(NotFound):
            rename(district, organisation.id, 1, "新名称")
        with pytest.raises(NotFound):
            close(district, organisation.id, 1)
        with pytest.raises(NotFound):
            move(district, organisation.id, 1, world.grassroots.id)
    with pytest.raises(NotFound):
        move(district, world.branch.id, 1, world.other_district.id)
    with pytest.raises(NotFound):
        add_child(district, world.municipal.id, Kind.DISTRICT, "某团区委")
    with pytest.raises(NotAllowed):
        rename(world.actor(world.branch), world.branch.id, 1, "新名称")
    rename(municipal, world.municipal.id, 1, "北京团市委")  # nobody is above it
    assert row(world.municipal.id).initials == "bjtsw"
    with pytest.raises(NotFound):
        close(municipal, world.municipal.id, 2)


def test_a_rename_keeps_both_names_on_record(world: World, district: Actor) -> None:
    rename(district, world.branch.id, 1, "高一(一)班团支部")
    assert record().detail["name"] == ["高一(1)班团支部", "高一(一)班团支部"]
    before = record().id
    rename(district, world.branch.id, 2, "高一(一)班团支部")
    assert record().id == before
    with pytest.raises(OrganisationRefused, match="已经有"):
        rename(district, world.branch.id, 2, "高一(2)班团支部")


def test_two_people_at_once_the_second_is_told_who_was_faster(
    world: World, district: Actor, municipal: Actor
) -> None:
    rename(district, world.branch.id, 1, "先改的名称")
    with pytest.raises(
        OrganisationConflict, match=f"管理员{world.district.id} 在 .*改动过这个组织"
    ):
        rename(municipal, world.branch.id, 1, "后改的名称")
    assert row(world.branch.id).name == "先改的名称"


def test_of_two_who_add_one_name_at_the_same_moment_one_is_told(app: Flask, world: World) -> None:
    answers: list[str] = []
    start = threading.Barrier(2)

    def add(node_actor: Actor) -> None:
        with app.app_context():
            start.wait()
            try:
                add_child(node_actor, world.grassroots.id, Kind.BRANCH, "高一(3)班团支部")
                answers.append("added")
            except OrganisationRefused:
                answers.append("told")
            finally:
                db.session.remove()

    db.session.remove()
    actors = [world.actor(world.district), world.actor(world.municipal)]
    threads = [threading.Thread(target=add, args=(one,)) for one in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["added", "told"]


# ---- moving ----


def test_a_move_takes_the_whole_subtree_and_its_counts(world: World, municipal: Actor) -> None:
    for _ in range(3):
        world.add_member()
    world.upload(world.add_member(world.sister))
    before = preview_move(municipal, world.grassroots.id, world.other_district.id)
    assert (before.below, before.members) == (2, 4)
    assert before.to_path == "共青团北京市委员会 › 西城区团教工委"
    move(municipal, world.grassroots.id, 1, world.other_district.id)
    assert row(world.branch.id).path == (
        f"{world.other_district.path}{world.grassroots.id}/{world.branch.id}/"
    )
    counts = {one.name: one.counts for one in children_of(row(world.municipal.id))}
    assert counts["东城区团区委"].members == 0
    assert (counts["西城区团教工委"].members, counts["西城区团教工委"].with_scan) == (4, 1)
    with pytest.raises(NotFound):
        find_organisation(world.actor(world.district), world.branch.id)
    assert record().detail["below"] == 2
    assert record().detail["path"][1].endswith("西城区团教工委 › 东城区第一中学团委")
    assert check() == []
    last = record().id
    move(municipal, world.grassroots.id, 2, world.other_district.id)  # a double click
    assert record().id == last


def test_a_move_is_one_update_of_the_paths(world: World, municipal: Actor) -> None:
    with writing() as session:
        session.execute(
            insert(Organisation),
            [
                {
                    "id": 1000 + number,
                    "parent_id": world.grassroots.id,
                    "kind": Kind.BRANCH,
                    "name": f"第{number}团支部",
                    "initials": "",
                    "path": f"{world.grassroots.path}{1000 + number}/",
                }
                for number in range(300)
            ],
        )
    updates: list[str] = []

    def note(_connection, _cursor, statement, *_: object) -> None:  # type: ignore[no-untyped-def]
        if statement.startswith("UPDATE organisation"):
            updates.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    move(municipal, world.grassroots.id, 1, world.other_district.id)
    event.remove(db.engine, "before_cursor_execute", note)
    assert len([one for one in updates if "path" in one]) == 1
    assert len(updates) <= 3  # however many are below: the paths, and the moved one's own row
    assert check() == []


def test_where_an_organisation_can_not_be_moved(world: World, district: Actor) -> None:
    inner = add_child(district, world.grassroots.id, Kind.GRASSROOTS, "分校团委")
    twin = add_child(district, inner, Kind.BRANCH, "高一(1)班团支部")
    for organisation, parent, words in (
        (world.grassroots.id, world.grassroots.id, "它自己或它的下级"),
        (world.grassroots.id, inner, "它自己或它的下级"),
        (world.branch.id, world.sister.id, "团支部下面不能有团支部"),
        (world.branch.id, inner, "下面已经有"),
        (twin, world.grassroots.id, "下面已经有"),
    ):
        with pytest.raises(OrganisationRefused, match=words):
            move(district, organisation, version(organisation), parent)
    assert check() == []


def test_choices_hold_only_what_would_do(world: World, district: Actor) -> None:
    inner = add_child(district, world.grassroots.id, Kind.GRASSROOTS, "分校团委")
    gone = add_child(district, world.district.id, Kind.GRASSROOTS, "撤销的团委")
    close(district, gone, 1)
    branch = row(world.branch.id)
    assert {one.id for one in move_choices(district, branch, "")[0]} == {world.district.id, inner}
    assert {one.id for one in move_choices(district, branch, "fxtw")[0]} == {inner}
    assert [one.id for one in merge_choices(district, branch, "")[0]] == [world.sister.id]
    assert merge_choices(district, row(world.grassroots.id), "")[0] == []
    assert move_choices(district, row(world.grassroots.id), "")[0] == []


# ---- merging ----


def test_merging_branches_moves_members_with_all_that_names_their_branch(
    world: World, district: Actor
) -> None:
    kept = world.add_member(world.sister)
    members = [world.add_member() for _ in range(3)]
    world.upload(members[0])
    set_aside(world.actor(world.branch), members[2], Leaving(LeavingReason.LEFT_LEAGUE, ""))
    joining = wait_at(world, world.branch.id)
    with writing() as session:
        session.add(
            NumberRelease(
                member_id=members[1],
                branch_id=world.branch.id,
                number="202611000001",
                reason="不一致",
                asked_at=datetime(2026, 11, 1, tzinfo=UTC),
                asked_by_id=world.branch.id,
                state=ReleaseState.OPEN,
            )
        )
    token = sign_in(f"login{world.branch.id}", PASSWORD, address="", user_agent="", request_id="")
    said = preview_merge(district, world.branch.id, world.sister.id)
    assert (said.members, said.left, said.joinings, said.releases, said.accounts) == (2, 1, 1, 1, 1)
    assert merge(district, world.branch.id, 1, world.sister.id) == said
    closed = row(world.branch.id)
    assert closed.closed_at is not None
    assert closed.merged_into_id == world.sister.id
    branches = set(db.session.scalars(select(Member.branch_id)))
    assert branches == {world.sister.id}
    assert db.session.get_one(Joining, joining).branch_id == world.sister.id
    assert db.session.scalars(select(NumberRelease.branch_id)).one() == world.sister.id
    assert world.tally(world.sister)["members"] == 3
    assert world.tally(world.sister)["with_scan"] == 1
    actor = actor_for(token, address="", request_id="")
    assert actor is not None
    assert actor.organisation_id == world.sister.id
    assert record().detail["members"] == 3
    assert kept
    assert check() == []


def test_merging_committees_moves_their_children(world: World, municipal: Actor) -> None:
    world.upload(world.add_member())
    own = RoundWish(world.grassroots.id, RoundChoice.ALL)
    round_id = make_round(world.actor(world.grassroots), own, "token")
    twin = add_child(municipal, world.other_district.id, Kind.GRASSROOTS, "第八中学团委")
    same = add_child(municipal, twin, Kind.BRANCH, "高一(1)班团支部")
    with pytest.raises(OrganisationRefused, match=r"两边下面都有“高一\(1\)班团支部”"):
        merge(municipal, world.grassroots.id, 1, twin)
    rename(municipal, same, 1, "高二(1)班团支部")
    done = merge(municipal, world.grassroots.id, 1, twin)
    assert (done.children, done.accounts, done.is_branch) == (2, 1, False)
    assert row(world.branch.id).parent_id == twin
    assert row(world.branch.id).path == f"{row(twin).path}{world.branch.id}/"
    assert db.session.get_one(CheckRound, round_id).organisation_id == twin
    counts = {one.name: one.counts.members for one in children_of(row(world.municipal.id))}
    assert counts == {"东城区团区委": 0, "西城区团教工委": 1}
    assert check() == []


def test_what_can_not_be_merged(world: World, municipal: Actor) -> None:
    inner = add_child(municipal, world.grassroots.id, Kind.GRASSROOTS, "分校团委")
    for source, target, words in (
        (world.branch.id, world.branch.id, "它自己"),
        (world.grassroots.id, inner, "它自己或它的下级"),
        (world.district.id, world.other_district.id, "团区委不能并入团教工委"),
    ):
        with pytest.raises(OrganisationRefused, match=words):
            preview_merge(municipal, source, target)
    for number in range(5):
        for parent in (inner, world.grassroots.id):
            add_child(municipal, parent, Kind.BRANCH, f"第{number}团支部")
    with pytest.raises(OrganisationRefused, match="第2团支部”等 5 个"):
        merge(municipal, inner, 1, world.grassroots.id)
    with pytest.raises(NotFound):
        merge(world.actor(world.grassroots), world.branch.id, 1, world.far_branch.id)


def test_merging_upwards_and_a_branch_without_anybody(world: World, municipal: Actor) -> None:
    inner = add_child(municipal, world.grassroots.id, Kind.GRASSROOTS, "分校团委")
    below = add_child(municipal, inner, Kind.BRANCH, "分校团支部")
    merge(municipal, inner, 1, world.grassroots.id)
    assert row(below).path == f"{world.grassroots.path}{below}/"
    merge(municipal, below, version(below), world.branch.id)
    set_aside(
        world.actor(world.sister),
        world.add_member(world.sister),
        Leaving(LeavingReason.LEFT_LEAGUE, ""),
    )
    merge(municipal, world.sister.id, version(world.sister.id), world.branch.id)
    assert check() == []


# ---- closing ----


def test_a_branch_with_members_or_applications_or_a_committee_with_children_is_not_closed(
    world: World, district: Actor
) -> None:
    member = world.add_member()
    joining = wait_at(world, world.branch.id)
    with pytest.raises(OrganisationRefused, match="还有 1 份待审核的加入申请"):
        close(district, world.branch.id, 1)
    with writing() as session:
        session.get_one(Joining, joining).state = JoiningState.RETURNED
    with pytest.raises(OrganisationRefused, match="还有 1 名团员，不能撤销。请先用“合并”"):
        close(district, world.branch.id, 1)
    with pytest.raises(OrganisationRefused, match="下面还有 2 个组织"):
        close(district, world.grassroots.id, 1)
    set_aside(world.actor(world.branch), member, Leaving(LeavingReason.LEFT_LEAGUE, ""))
    assert close(district, world.branch.id, 1) == 1


def test_the_accounts_of_a_closed_organisation_are_out_and_come_back_with_it(
    world: World, district: Actor
) -> None:
    login = f"login{world.branch.id}"
    token = sign_in(login, PASSWORD, address="", user_agent="", request_id="")
    close(district, world.branch.id, 1)
    assert actor_for(token, address="", request_id="") is None
    assert db.session.scalars(select(SignIn.ended_at)).one() is not None
    with pytest.raises(SignInRefused):
        sign_in(login, PASSWORD, address="", user_agent="", request_id="")
    assert reopen(district, world.branch.id, 2) == 1
    assert sign_in(login, PASSWORD, address="", user_agent="", request_id="")
    assert reopen(district, world.branch.id, 3) == 0  # a double click


def test_a_code_from_before_the_closing_is_worth_nothing_after_it(
    world: World, district: Actor
) -> None:
    account = world.add_account(world.branch, login="zhibu-2")
    issued = codes.issue(district, account)
    close(district, world.branch.id, 1)
    reopen(district, world.branch.id, 2)
    with pytest.raises(codes.CodeRefused):
        codes.redeem("zhibu-2", issued.code, "hongqi-42-mantou-gou", address="", request_id="")


def test_an_account_enabled_by_hand_does_not_open_a_closed_organisation(
    world: World, district: Actor
) -> None:
    close(district, world.branch.id, 1)
    with writing() as session:
        session.get_one(Account, world.branch.id).disabled_at = None
    with pytest.raises(SignInRefused):
        sign_in(f"login{world.branch.id}", PASSWORD, address="", user_agent="", request_id="")


def test_a_closed_organisation_is_out_of_tree_search_and_choices_unless_asked_for(
    world: World, district: Actor
) -> None:
    close(district, world.branch.id, 1)
    grassroots = row(world.grassroots.id)
    assert [one.id for one in children_of(grassroots)] == [world.sister.id]
    both = children_of(grassroots, closed=True)
    assert [(one.id, one.closed) for one in both] == [
        (world.branch.id, True),
        (world.sister.id, False),
    ]
    assert search(district, "高一(1)") == ([], False)
    assert [one.closed for one in search(district, "高一(1)", closed=True)[0]] == [True]
    assert summed(grassroots, both).counts.members == 0
    for step in (
        lambda: rename(district, world.branch.id, 2, "新名称"),
        lambda: move(district, world.branch.id, 2, world.district.id),
        lambda: merge(district, world.branch.id, 2, world.sister.id),
        lambda: merge(district, world.sister.id, 1, world.branch.id),
        lambda: close(district, world.branch.id, 2),
        lambda: switch_joining(district, world.branch.id, 2, closed=True),
    ):
        with pytest.raises(OrganisationRefused, match="已撤销"):
            step()


def test_when_a_closed_organisation_does_not_come_back(world: World, district: Actor) -> None:
    close(district, world.branch.id, 1)
    add_child(district, world.grassroots.id, Kind.BRANCH, "高一(1)班团支部")
    with pytest.raises(OrganisationRefused, match="下面已经有"):
        reopen(district, world.branch.id, 2)
    inner = add_child(district, world.district.id, Kind.GRASSROOTS, "空团委")
    below = add_child(district, inner, Kind.BRANCH, "空支部")
    close(district, below, 1)
    close(district, inner, 1)
    with pytest.raises(OrganisationRefused, match="“空团委”已撤销"):
        reopen(district, below, 2)
    merge(district, world.sister.id, 1, search(district, "高一(1)")[0][0].id)
    with pytest.raises(OrganisationRefused, match=r"已并入“高一\(1\)班团支部”.*不能恢复"):
        reopen(district, world.sister.id, 2)


def test_a_branch_is_opened_and_closed_for_joining_by_its_committee(
    world: World, district: Actor
) -> None:
    switch_joining(district, world.branch.id, 1, closed=True)
    assert row(world.branch.id).joining_closed
    assert record().detail["closed"] is True
    last = record().id
    switch_joining(district, world.branch.id, 2, closed=True)
    assert record().id == last
    switch_joining(district, world.branch.id, 2, closed=False)
    assert not row(world.branch.id).joining_closed
    with pytest.raises(OrganisationRefused, match="只有团支部"):
        switch_joining(district, world.grassroots.id, 1, closed=True)
    with pytest.raises(NotAllowed):
        switch_joining(world.actor(world.branch), world.branch.id, 3, closed=True)


def test_ten_branches_of_one_name_are_told_apart(world: World, municipal: Actor) -> None:
    for number in range(10):
        parent = add_child(municipal, world.district.id, Kind.GRASSROOTS, f"第{number}中学团委")
        add_child(municipal, parent, Kind.BRANCH, "初三团支部")
    found, more = search(municipal, "初三团支部")
    assert len({one.path_text for one in found}) == 10
    assert not more


@pytest.mark.parametrize("kind", Kind)
def test_every_refusal_says_what_to_do(world: World, district: Actor, kind: Kind) -> None:
    with pytest.raises(OrganisationRefused, match="请选择"):
        add_child(district, world.branch.id, kind, "某组织")


def test_a_branch_changes_no_organisation(world: World) -> None:
    branch = world.actor(world.branch)
    own = db.session.get_one(Organisation, world.branch.id)
    assert changes_allowed(branch, own) == frozenset()
