"""The rows of a sheet of organisations: each fault has its row and what to do."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.leaving import (
    CHOOSABLE,
    Leaving,
    LeavingFault,
    LeavingReason,
    check_leaving,
    reached_leaving_age,
)
from portal.rules.organisations import (
    ALLOWED_CHILDREN,
    MAX_DEPTH,
    OrganisationKind,
    clean_organisation_name,
    depth_of,
    kinds_above,
    kinds_under,
)
from portal.rules.text import TextFault
from portal.rules.tree_rows import SheetRow, plan_tree


def rows(*lines: tuple[str, str, str, str]) -> list[SheetRow]:
    return [SheetRow(number, *line) for number, line in enumerate(lines, start=2)]


def faults(*lines: tuple[str, str, str, str]) -> list[tuple[int, str, str]]:
    return [(one.line, one.column, one.message) for one in plan_tree(rows(*lines)).faults]


def test_a_circle_is_found_and_what_hangs_below_it_is_not_blamed() -> None:
    found = faults(
        ("1", "2", "基层团委", "甲团委"),
        ("2", "1", "基层团委", "乙团委"),
        ("3", "2", "团支部", "丙支部"),
        ("4", "4", "团总支", "丁总支"),
    )
    assert [line for line, _, _ in found] == [2, 3, 5]
    assert all("回到了它自己" in message for _, _, message in found)


def test_a_kind_in_the_wrong_place_names_those_that_may_be_there() -> None:
    (found,) = faults(("1", "", "团总支", "甲总支"), ("2", "1", "基层团委", "乙团委"))
    assert found == (3, "类型", "团总支下面不能有基层团委，只能有团支部。请改类型或上级序号。")
    (found,) = faults(("1", "", "团支部", "甲支部"), ("2", "1", "团支部", "乙支部"))
    assert "它下面不再分组织" in found[2]
    (found,) = faults(("1", "", "", "甲支部"))
    assert "类型是空的" in found[2]
    (found,) = faults(("1", "", "团市委", "甲支部"))
    assert "请填写 团区委 / " in found[2]


def test_one_name_twice_under_one_parent() -> None:
    (found,) = faults(
        ("1", "", "团支部", "甲支部"),
        ("2", "", "团支部", "甲支部"),
        ("3", "", "团总支", "乙总支"),
        ("4", "3", "团支部", "甲支部"),
    )
    assert found[0] == 3
    assert "第 2 行已经有" in found[2]


def test_too_deep_is_said_once_for_all_children_of_one() -> None:
    lines = [(str(n), str(n - 1) if n > 1 else "", "基层团委", f"第{n}团委") for n in range(1, 8)]
    assert faults(*lines) == []
    lines += [(f"x{n}", "7", "团支部", f"第{n}支部") for n in range(3)]
    (found,) = faults(*lines)
    assert "在第 9 级，最多 8 级" in found[2]


def test_sixty_thousand_rows_are_planned() -> None:
    lines = [("1", "", "团区委", "东城区团区委")]
    for school in range(2, 2002):
        lines.append((str(school), "1", "基层团委", f"第{school}中学团委"))
        lines += [
            (f"{school}-{room}", str(school), "团支部", f"{room}班") for room in range(10, 39)
        ]
    assert len(plan_tree(rows(*lines)).organisations) == 60_001


NUMBER = st.sampled_from(["", "1", "2", "3", "4", "5"])
KIND = st.sampled_from(["", "团区委", "基层团委", "团总支", "团支部", "团市委"])
NAME = st.sampled_from(["", "甲", "甲组织", "乙组织", "丙\u200b组织"])


@given(st.lists(st.tuples(NUMBER, NUMBER, KIND, NAME), max_size=12))
def test_every_sheet_gets_a_sound_plan_or_faults(lines: list[tuple[str, str, str, str]]) -> None:
    plan = plan_tree(rows(*lines))
    if plan.faults:
        assert plan.organisations == ()
        assert all("请" in one.message or "。" in one.message for one in plan.faults)
        return
    assert len(plan.organisations) == len(lines)
    for place, one in enumerate(plan.organisations):
        above = plan.organisations[one.parent] if one.parent is not None else None
        assert one.parent is None or one.parent < place
        assert one.kind in ALLOWED_CHILDREN[above.kind if above else OrganisationKind.MUNICIPAL]
        assert one.depth == (above.depth if above else 1) + 1 <= MAX_DEPTH


@given(st.text())
def test_every_text_gets_an_organisation_name_or_a_sentence(text: str) -> None:
    found = clean_organisation_name(text)
    if isinstance(found, TextFault):
        assert found.message.endswith("。")
    else:
        assert 2 <= len(found) <= 100
        assert clean_organisation_name(found) == found


def test_which_kinds_stand_where() -> None:
    assert kinds_under(OrganisationKind.GENERAL_BRANCH) == (OrganisationKind.BRANCH,)
    assert kinds_under(OrganisationKind.BRANCH) == ()
    assert OrganisationKind.GENERAL_BRANCH in kinds_above(OrganisationKind.BRANCH)
    assert kinds_above(OrganisationKind.MUNICIPAL) == ()
    assert (depth_of("/1/"), depth_of("/1/5/77/")) == (1, 3)


# ---- leaving ----


@pytest.mark.parametrize(
    ("reason", "note", "field"),
    [
        ("", "", "reason"),
        ("moved", "", "reason"),
        ("mistake", " ", "note"),
        ("deceased", "字" * 201, "note"),
        ("deceased", "a\u202eb", "note"),
        ("mistake", "电话13800001234", "note"),
        ("mistake", "身份证 99010120080101454x 重复", "note"),
    ],
)
def test_a_leaving_that_says_too_little_is_refused_beside_the_field(
    reason: str, note: str, field: str
) -> None:
    found = check_leaving(reason, note)
    assert isinstance(found, LeavingFault)
    assert found.field == field


@pytest.mark.parametrize("reason", CHOOSABLE)
def test_each_reason_has_its_word(reason: LeavingReason) -> None:
    assert reason.label in ("退团或离团", "去世", "录入错误")
    assert check_leaving(reason, " 说明 ") == Leaving(reason, "说明")
    number = "与 202611000003 重复"  # a member's number is no ID number and no phone
    assert check_leaving(reason, number) == Leaving(reason, number)


@pytest.mark.parametrize(
    ("birth", "today", "reached"),
    [
        (date(1998, 11, 24), date(2026, 11, 23), False),
        (date(1998, 11, 24), date(2026, 11, 24), True),
        (date(1998, 11, 24), date(2030, 1, 1), True),
        (date(1996, 2, 29), date(2024, 2, 28), False),
        (date(1996, 2, 29), date(2024, 2, 29), True),
        (date(2072, 2, 29), date(2100, 2, 28), False),
        (date(2072, 2, 29), date(2100, 3, 1), True),
    ],
)
def test_twenty_eight_is_reached_on_the_birthday(birth: date, today: date, reached: bool) -> None:
    assert reached_leaving_age(birth, today) is reached
