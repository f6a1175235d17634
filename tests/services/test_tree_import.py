"""导入组织: a tree brought in once, organisations only. On both databases."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from portal import clock
from portal.access import Actor, Role
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import Account, AuditRecord, Organisation
from portal.rules.organisations import OrganisationKind as Kind
from portal.rules.tree_rows import COLUMNS
from portal.runtime import runtime
from portal.services import tree_sheet
from portal.services.fsck import check
from portal.services.installation import install
from portal.services.organisation_changes import OrganisationRefused, add_child, close
from portal.services.sweep import sweep
from portal.services.tree_import import SheetPreview, confirm, is_fresh, preview
from portal.services.tree_sheet import SheetRefused, read_sheet, template
from portal.storage import Incoming
from tests.builders import World
from tests.sheets import GOOD, sheet, with_part

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def top(app: Flask) -> Actor:
    """The first municipal account of an empty installation."""
    install("共青团北京市委员会", "shiwei", "周敏", "a long enough password")
    account = db.session.scalars(select(Account)).one()
    actor = Actor(
        account_id=account.id,
        sign_in_id=0,
        login="shiwei",
        person_name="周敏",
        role=Role.DISTRICT,
        organisation_id=1,
        organisation_name="共青团北京市委员会",
        organisation_path="/1/",
        member_id=None,
    )
    db.session.rollback()
    return actor


def look(actor: Actor, content: bytes) -> SheetPreview:
    def receive(incoming: Incoming) -> None:
        incoming.write(content)

    return preview(actor, receive)


def names() -> dict[str, str]:
    db.session.rollback()
    return {one.path: one.name for one in db.session.scalars(select(Organisation))}


def test_a_tree_is_previewed_then_written_all_at_once(top: Actor) -> None:
    shown = look(top, sheet())
    assert (shown.rows, shown.fault_count) == (5, 0)
    assert shown.kinds == (("团区委", 1), ("基层团委", 2), ("团支部", 2))
    assert shown.first[0] == (2, "团区委", "东城区团区委")
    assert names() == {"/1/": "共青团北京市委员会"}
    assert confirm(top, shown.token) == 5
    assert names()["/1/2/3/5/"] == "高一(1)班团支部"
    assert names()["/1/2/4/6/"] == "高一(1)班团支部"
    record = db.session.scalars(select(AuditRecord).order_by(AuditRecord.id.desc())).first()
    assert record is not None
    assert record.detail == {"organisations": 5, "first": 2, "last": 6}
    assert add_child(top, 2, Kind.GRASSROOTS, "第三中学团委") == 7
    assert check() == []
    assert not is_fresh()
    for step in (lambda: confirm(top, shown.token), lambda: look(top, sheet())):
        with pytest.raises(OrganisationRefused, match="已经有组织或团员，不能再导入"):
            step()


def test_parents_may_stand_below_their_children_and_numbers_be_words(top: Actor) -> None:
    rows: tuple[tuple[object, ...], ...] = (
        ("甲-1", "甲", "团支部", "某团支部"),
        ("甲", "", "团总支", "某团总支"),
        (None, None, None, None),
    )
    assert confirm(top, look(top, sheet(rows)).token) == 2
    assert names()["/1/2/3/"] == "某团支部"


def test_what_excel_adds_by_itself_is_no_fault(top: Actor) -> None:
    """A picture, a blank beside the heading, 1.0 for 1."""
    rows = ((1, None, "团总支", "某团总支"), (2, 1, "团支部", "某团支部"))
    content = with_part(
        sheet(rows, (*COLUMNS, " ")),
        "xl/worksheets/sheet1.xml",
        lambda old: old.replace(b"<v>1</v>", b"<v>1.5</v>").replace(b"<v>2</v>", b"<v>2.0</v>"),
    )
    shown = look(top, with_part(content, "xl/media/a.png", lambda _old: bytes(3)))
    assert (shown.rows, shown.fault_count) == (2, 0)


def test_each_wrong_row_is_named_and_nothing_is_written(top: Actor) -> None:
    rows = (
        (1, None, "团区委", "东城区团区委"),
        (1, None, "团区委", "西城区团区委"),
        (None, 1, "团支部", "某团支部"),
        (4, 9, "团支部", "某团支部"),
        (5, 1, "支部", "另一团支部"),
        (6, 1, "团支部", "某"),
    )
    shown = look(top, sheet(rows))
    assert shown.token == ""
    assert [(one.line, one.column) for one in shown.faults] == [
        (3, "序号"),
        (4, "序号"),
        (5, "上级序号"),
        (6, "类型"),
        (7, "名称"),
    ]
    assert len(names()) == 1
    assert list(runtime().store.keys("trees/")) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "没有选择文件"),
        (b"not a zip", "打不开"),
        (sheet(()), "表里没有组织"),
        (sheet(head=("姓名", "身份证号", "类型", "名称")), "不能有“姓名”.*不能批量录入"),
        (sheet(head=("序号", "上级序号", "类型", "名称", "身份证")), "不能有“身份证”"),
        (sheet(head=("序号", "名称")), "第 1 行须是"),
        (sheet([*GOOD, (6, 1, "团支部", "某团支部", "李四")]), "第 7 行在四列之外"),
        (sheet([(1, None, "团区委", "=HYPERLINK(1)")]), "第 2 行有公式"),
        (sheet(change=lambda _book, page: page.merge_cells("A3:A4")), "合并的单元格"),
        (sheet(change=lambda book, _page: book.create_sheet("别的")), "有 2 张工作表"),
        (
            sheet(
                change=lambda book, _page: setattr(book.create_sheet("暗"), "sheet_state", "hidden")
            ),
            "隐藏的工作表“暗”",
        ),
        (with_part(sheet(), "xl/vbaProject.bin", lambda _old: b"x"), "带有宏"),
        (
            with_part(
                sheet(),
                "xl/worksheets/sheet1.xml",
                lambda old: b'<!DOCTYPE a [<!ENTITY b "c">]>' + old,
            ),
            "打不开",
        ),
        (
            with_part(
                sheet(), "xl/worksheets/sheet1.xml", lambda old: old.decode().encode("utf-16")
            ),
            "打不开",
        ),
        (with_part(sheet(), "xl/workbook.xml", lambda _old: b"<broken"), "打不开"),
        (with_part(sheet(), "[Content_Types].xml", lambda _old: b"<a/>"), "打不开|工作表"),
        (with_part(sheet(), "xl/worksheets/sheet1.xml", lambda old: old[:-60]), "打不开"),
        (bytes(tree_sheet.MAX_SHEET_BYTES + 1), "超过 5M"),
    ],
)
def test_a_file_that_is_not_taken_says_why(top: Actor, content: bytes, words: str) -> None:
    with pytest.raises(SheetRefused, match=words):
        look(top, content)
    assert len(names()) == 1


def test_a_bomb_is_stopped_before_it_is_unpacked(top: Actor) -> None:
    bomb = with_part(sheet(), "xl/media/a.xml", lambda _old: b"0" * (tree_sheet.MAX_UNPACKED + 1))
    assert len(bomb) < tree_sheet.MAX_SHEET_BYTES
    with pytest.raises(SheetRefused, match="展开后超过 64M"):
        look(top, bomb)


def test_too_many_parts_or_rows_are_refused(
    top: Actor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tree_sheet, "MAX_ROWS", 4)
    with pytest.raises(SheetRefused, match="超过 4 行"):
        look(top, sheet())
    monkeypatch.setattr(tree_sheet, "MAX_PARTS", 3)
    with pytest.raises(SheetRefused, match="部件太多"):
        look(top, sheet())


def test_the_template_can_be_filled_in_and_taken(top: Actor, tmp_path: Path) -> None:
    path = tmp_path / "organisations.xlsx"
    path.write_bytes(template())
    assert read_sheet(path) == []


def test_only_the_municipal_account_of_a_fresh_installation(world: World) -> None:
    with pytest.raises(OrganisationRefused, match="不能再导入"):
        look(world.actor(world.municipal), sheet())
    with pytest.raises(NotFound):
        look(world.actor(world.district), sheet())
    with pytest.raises(NotAllowed):
        confirm(world.actor(world.grassroots), "0" * 32)


@pytest.mark.parametrize("token", ["", "../../etc/passwd", "0" * 32])
def test_a_preview_nobody_was_given_is_refused(top: Actor, token: str) -> None:
    with pytest.raises(SheetRefused, match="重新上传"):
        confirm(top, token)


def test_a_preview_that_is_never_confirmed_is_swept_after_a_day(top: Actor) -> None:
    shown = look(top, sheet())
    assert sweep().half_received == 0
    with time_machine.travel(clock.now() + timedelta(days=2)):
        assert sweep().half_received == 1
    with pytest.raises(SheetRefused, match="重新上传"):
        confirm(top, shown.token)


def test_two_confirm_at_the_same_moment_one_tree_is_written(app: Flask, top: Actor) -> None:
    shown = [look(top, sheet()), look(top, sheet())]
    db.session.remove()
    answers: list[str] = []
    start = threading.Barrier(2)

    def press(token: str) -> None:
        with app.app_context():
            start.wait()
            try:
                confirm(top, token)
                answers.append("written")
            except OrganisationRefused:
                answers.append("told")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=press, args=(one.token,)) for one in shown]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["told", "written"]
    assert len(names()) == 6


def test_an_organisation_closed_again_still_bars_the_import(top: Actor) -> None:
    made = add_child(top, 1, Kind.DISTRICT, "东城区团区委")
    close(top, made, 1)
    with pytest.raises(OrganisationRefused):
        look(top, sheet())


def test_a_districts_worth_of_rows_works(top: Actor) -> None:
    """60,000 rows were brought in by this test too; making and reading the sheet is nearly all of it.

    Reading them took 16 s and planning 1 s on a busy machine of 2 cores; the plan is in tests/rules.
    """
    rows: list[tuple[object, ...]] = [(1, None, "团区委", "东城区团区委")]
    for school in range(2, 102):
        rows.append((school, 1, "基层团委", f"第{school}中学团委"))
        rows += [
            (f"{school}-{room}", school, "团支部", f"高一({room})班团支部") for room in range(29)
        ]
    shown = look(top, sheet(rows))
    assert shown.fault_count == 0
    assert confirm(top, shown.token) == 3001
    assert db.session.scalar(select(func.count()).select_from(Organisation)) == 3002
    assert check() == []
