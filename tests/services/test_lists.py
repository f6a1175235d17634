"""我的团员 and 下级组织管理: filters, search, order, pages, counts. On both databases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal import clock
from portal.access import Action, Actor
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import Organisation
from portal.services import scans
from portal.services.listing import PAGE_ROWS, Filter, ListQuery, Sort, count_members, list_members
from portal.services.organisations import (
    SEARCH_RESULTS,
    ancestors_of,
    children_of,
    find_organisation,
    path_text,
    release_hint,
    search,
    summed,
)
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

LIST = Action.LIST_OWN_MEMBERS


def today() -> date:
    return clock.today()


@pytest.fixture
def branch(world: World) -> Actor:
    return world.actor(world.branch)


def names(world: World, actor: Actor, **asked: object) -> list[str]:
    page = list_members(actor, LIST, world.branch.id, ListQuery(**asked))  # type: ignore[arg-type]
    return [row.name for row in page.rows]


@pytest.fixture
def sorts(world: World) -> World:
    """One member of each sort."""
    world.add_member(name="安新", approved_on=today() - timedelta(days=10))
    world.add_member(name="白期", approved_on=today() - timedelta(days=36))
    world.upload(world.add_member(name="曾有"))
    world.add_member(name="丁旧", number="201811000001", joined=date(2018, 5, 1))
    world.add_member(name="方无", number=None, joined=date(2021, 5, 1))
    world.add_member(world.sister, name="外人")
    return world


def test_the_list_is_in_order_of_pinyin(sorts: World, branch: Actor) -> None:
    assert names(sorts, branch) == ["安新", "白期", "丁旧", "方无", "曾有"]
    assert names(sorts, branch, descending=True) == ["曾有", "方无", "丁旧", "白期", "安新"]


def test_one_surname_stands_together(world: World, branch: Actor) -> None:
    for name in ("程秋", "陈立", "程一", "陈成", "陈夏"):
        world.add_member(name=name)
    assert names(world, branch) == ["陈成", "陈立", "陈夏", "程秋", "程一"]
    assert names(world, branch, text="chenl") == ["陈立"]
    assert names(world, branch, text="chen l") == ["陈立"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter.NEW, ["安新", "白期", "曾有"]),
        (Filter.MISSING, ["安新", "白期"]),
        (Filter.OVERDUE, ["白期"]),
        (Filter.IRREGULAR, ["方无"]),
    ],
)
def test_filters_and_their_counts_agree(
    sorts: World, branch: Actor, wanted: Filter, found: list[str]
) -> None:
    assert names(sorts, branch, filter=wanted) == found
    counts = count_members(branch, LIST, sorts.branch.id)
    assert getattr(counts, wanted.value) == len(found)
    assert counts.all == 5


@pytest.mark.parametrize("text", ["曾", "zengyou", "zy", "ZY", "zeng"])
def test_search_by_name_pinyin_and_initials(sorts: World, branch: Actor, text: str) -> None:
    assert names(sorts, branch, text=text) == ["曾有"]


def test_search_by_part_of_a_number(sorts: World, branch: Actor) -> None:
    assert names(sorts, branch, text="2018 1100") == ["丁旧"]
    assert names(sorts, branch, text="%") == []
    assert names(sorts, branch, text="_") == []


def test_order_by_number_month_and_due_date(sorts: World, branch: Actor) -> None:
    assert names(sorts, branch, sort=Sort.NUMBER)[0] == "丁旧"
    assert names(sorts, branch, sort=Sort.NUMBER)[-1] == "方无"
    assert names(sorts, branch, sort=Sort.JOINED)[:2] == ["丁旧", "方无"]
    assert names(sorts, branch, sort=Sort.DUE)[:2] == ["白期", "安新"]


def test_remarks_tell_the_days_and_the_kind(sorts: World, branch: Actor) -> None:
    rows = list_members(branch, LIST, sorts.branch.id, ListQuery()).rows
    remarks = {row.name: [remark.text for remark in row.remarks] for row in rows}
    assert remarks == {
        "安新": ["未上传入团志愿书 · 剩 20 天"],
        "白期": ["未上传入团志愿书 · 已逾期 6 天"],
        "丁旧": [],
        "方无": ["编号不规范：编号缺失"],
        "曾有": [],
    }


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("descending", [False, True])
def test_pages_by_key_show_every_member_once_there_and_back(
    world: World, branch: Actor, sort: Sort, descending: bool
) -> None:
    for number in range(PAGE_ROWS * 2 + 7):
        joined = today().replace(day=1)
        world.add_member(
            name=f"王{chr(0x4E00 + number % 9)}",
            number="new" if number % 3 else None,
            joined=joined,
        )
    seen: list[int] = []
    asked = ListQuery(sort=sort, descending=descending)
    page = list_members(branch, LIST, world.branch.id, asked)
    assert page.before is None
    pages = [page]
    while page.after:
        page = list_members(
            branch,
            LIST,
            world.branch.id,
            ListQuery(sort=sort, descending=descending, after=page.after),
        )
        pages.append(page)
    for one in pages:
        seen += [row.id for row in one.rows]
    assert len(pages) == 3
    assert len(seen) == len(set(seen)) == PAGE_ROWS * 2 + 7
    assert page.before is not None
    back = list_members(
        branch,
        LIST,
        world.branch.id,
        ListQuery(sort=sort, descending=descending, before=page.before),
    )
    assert [row.id for row in back.rows] == [row.id for row in pages[1].rows]
    assert back.after is not None
    assert back.before is not None


@pytest.mark.parametrize("key", ["", "x", "~", "x~y", "2026-99-01~3"])
def test_a_key_nobody_was_given_opens_the_first_page(world: World, branch: Actor, key: str) -> None:
    world.add_member()
    asked = ListQuery(sort=Sort.JOINED, after=key)
    assert len(list_members(branch, LIST, world.branch.id, asked).rows) == 1


def test_a_branch_without_members_has_no_counts(world: World, branch: Actor) -> None:
    assert count_members(branch, LIST, world.branch.id).all == 0
    assert names(world, branch) == []


def test_a_list_never_shows_what_a_page_would_refuse(sorts: World) -> None:
    for node, seen in ((sorts.district, 5), (sorts.other_district, 0), (sorts.sister, 0)):
        page = list_members(sorts.actor(node), Action.VIEW_MEMBER, sorts.branch.id, ListQuery())
        assert len(page.rows) == seen
    with pytest.raises(NotAllowed):
        list_members(sorts.actor(sorts.district), LIST, sorts.branch.id, ListQuery())


def test_a_committee_gets_no_upload_in_a_row(sorts: World) -> None:
    actor = sorts.actor(sorts.district)
    rows = list_members(actor, Action.VIEW_MEMBER, sorts.branch.id, ListQuery()).rows
    assert not any(row.cell.may_upload for row in rows)
    assert {row.cell.state for row in rows} == {"none", "stored", "not_needed"}


def test_a_deleted_form_shows_until_when_it_can_be_taken_back(world: World, branch: Actor) -> None:
    member = world.add_member()
    world.upload(member)
    scans.delete(branch, member)
    (row,) = list_members(branch, LIST, world.branch.id, ListQuery()).rows
    assert row.cell.state == "deleted"
    assert row.cell.undo_until is not None
    committee = world.actor(world.district)
    (row,) = list_members(committee, Action.VIEW_MEMBER, world.branch.id, ListQuery()).rows
    assert row.cell.state == "none"


def test_the_tree_counts_whole_subtrees(sorts: World) -> None:
    actor = sorts.actor(sorts.municipal)
    top = find_organisation(actor, sorts.municipal.id)
    rows = {row.name: row.counts for row in children_of(top)}
    assert (rows["东城区团区委"].members, rows["东城区团区委"].overdue) == (6, 1)
    assert (rows["东城区团区委"].new_members, rows["东城区团区委"].with_scan) == (4, 1)
    assert (rows["东城区团区委"].missing, rows["东城区团区委"].irregular) == (3, 1)
    assert rows["西城区团教工委"].members == 0
    assert summed(top, children_of(top)).counts.members == 6
    (grassroots,) = children_of(find_organisation(actor, sorts.district.id))
    assert grassroots.has_children
    assert not grassroots.is_branch


def test_nothing_outside_the_own_subtree_is_found(world: World) -> None:
    actor = world.actor(world.district)
    assert find_organisation(actor, world.branch.id).id == world.branch.id
    for foreign in (world.municipal, world.other_district, world.far_branch):
        with pytest.raises(NotFound):
            find_organisation(actor, foreign.id)
    with pytest.raises(NotAllowed):
        find_organisation(world.actor(world.branch), world.branch.id)


def test_search_tells_organisations_of_one_name_apart(world: World) -> None:
    actor = world.actor(world.municipal)
    found, more = search(actor, "团支部")
    assert {one.path_text.split(" › ")[-1] for one in found} == {
        "高一(1)班团支部",
        "高一(2)班团支部",
        "第八中学团支部",
    }
    assert not more
    assert search(world.actor(world.district), "第八中学") == ([], False)
    assert [one.name for one in search(actor, "dcqtqw")[0]] == ["东城区团区委"]


def test_search_says_when_there_is_more(world: World) -> None:
    from sqlalchemy import insert

    from portal.rules.organisations import OrganisationKind
    from portal.services.transaction import writing

    with writing() as session:
        session.execute(
            insert(Organisation),
            [
                {
                    "id": 1000 + number,
                    "parent_id": world.grassroots.id,
                    "kind": OrganisationKind.BRANCH,
                    "name": "高一(1)班团支部",
                    "initials": "gyb",
                    "path": f"{world.grassroots.path}{1000 + number}/",
                }
                for number in range(SEARCH_RESULTS + 5)
            ],
        )
    found, more = search(world.actor(world.municipal), "高一(1)")
    assert len(found) == SEARCH_RESULTS
    assert more


def test_the_path_ends_at_the_actors_own_organisation(world: World) -> None:
    branch = db.session.get_one(Organisation, world.branch.id)
    assert path_text(ancestors_of(branch.path)).startswith("共青团北京市委员会 › 东城区团区委")
    own = ancestors_of(branch.path, within=world.district.path)
    assert [one.id for one in own] == [world.district.id, world.grassroots.id, world.branch.id]


def test_the_hint_names_the_district_level_committees(world: World) -> None:
    assert release_hint(world.branch.path) == "如需修改，请联系 东城区团区委 解除编号占用"
    assert release_hint(world.municipal.path) == "如需修改，请联系 上级团委 解除编号占用"


def test_the_counts_of_the_tree_use_their_indexes(world: World, database: str) -> None:
    """A city's roll-up takes milliseconds only while SQLite walks these indexes."""
    if database != "sqlite":
        pytest.skip("the planner of PostgreSQL decides by statistics, which an empty table lacks")
    from sqlalchemy import event

    plans: list[str] = []

    def explain(connection, cursor, statement, parameters, *_: object) -> None:  # type: ignore[no-untyped-def]
        if "tally" in statement or "member" in statement:
            cursor.execute("EXPLAIN QUERY PLAN " + statement, parameters)
            plans.extend(row[3] for row in cursor.fetchall())

    top = find_organisation(world.actor(world.municipal), world.municipal.id)
    event.listen(db.engine, "before_cursor_execute", explain)
    children_of(top)
    text = "\n".join(plans)
    assert "ix_member_missing_scan" in text
    assert "SCAN tally" not in text
    assert "SCAN member" not in text
