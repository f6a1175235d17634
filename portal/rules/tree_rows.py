"""A tree of organisations as rows of a sheet, checked as a whole before anything is written.

Each row has a number of its own (序号) and names its parent by that one's (上级序号); empty is
right below the municipal committee. Numbers rather than names: ten branches may have one name,
and a path of names goes wrong with one mistyped character.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

from portal.rules.organisations import (
    ALLOWED_CHILDREN,
    MAX_DEPTH,
    OrganisationKind,
    clean_organisation_name,
    kinds_under,
)
from portal.rules.text import TextFault

COLUMNS = ("序号", "上级序号", "类型", "名称")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row as it stands in the sheet; ``line`` is the number that Excel shows beside it."""

    line: int
    own: str
    parent: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with a row, and how to mend it."""

    line: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class PlannedOrganisation:
    """An organisation to be made; ``parent`` is the place of its parent in the plan, or None."""

    parent: int | None
    kind: OrganisationKind
    name: str
    depth: int


@dataclass(frozen=True, slots=True)
class TreePlan:
    """The organisations of a sheet, parents before children; empty when a row is wrong."""

    organisations: tuple[PlannedOrganisation, ...]
    faults: tuple[RowFault, ...]


_KINDS = {kind.label: kind for kind in OrganisationKind if kind is not OrganisationKind.MUNICIPAL}


def plan_tree(rows: Sequence[SheetRow]) -> TreePlan:
    """Check all rows, and put them in an order in which they can be made."""
    faults: list[RowFault] = []
    kinds, names = _check_each(rows, faults)
    by_number = _check_numbers(rows, faults)
    order = _from_the_top(rows, by_number, faults)
    _check_places(rows, order, kinds, names, by_number, faults)
    if faults:
        return TreePlan((), tuple(sorted(faults, key=lambda fault: fault.line)))
    place = {row: position for position, (row, _) in enumerate(order)}
    planned = tuple(
        PlannedOrganisation(
            parent=place[by_number[rows[row].parent]] if rows[row].parent else None,
            kind=kinds[row],
            name=names[row],
            depth=depth,
        )
        for row, depth in order
    )
    return TreePlan(planned, ())


def _check_each(
    rows: Sequence[SheetRow], faults: list[RowFault]
) -> tuple[dict[int, OrganisationKind], dict[int, str]]:
    kinds: dict[int, OrganisationKind] = {}
    names: dict[int, str] = {}
    for place, row in enumerate(rows):
        if row.kind in _KINDS:
            kinds[place] = _KINDS[row.kind]
        else:
            shown = f"“{row.kind[:20]}”" if row.kind else "空的"
            faults.append(
                RowFault(row.line, "类型", f"类型是{shown}。请填写 {' / '.join(_KINDS)} 之一。")
            )
        name = clean_organisation_name(row.name)
        if isinstance(name, TextFault):
            faults.append(RowFault(row.line, "名称", name.message))
        else:
            names[place] = name
    return kinds, names


def _check_numbers(rows: Sequence[SheetRow], faults: list[RowFault]) -> dict[str, int]:
    """The place of each row by its number."""
    by_number: dict[str, int] = {}
    for place, row in enumerate(rows):
        if not row.own:
            faults.append(RowFault(row.line, "序号", "没有序号。请给每一行一个不重复的序号。"))
        elif row.own in by_number:
            first = rows[by_number[row.own]].line
            faults.append(
                RowFault(row.line, "序号", f"序号 {row.own[:20]} 与第 {first} 行重复。请换一个。")
            )
        else:
            by_number[row.own] = place
    return by_number


def _from_the_top(
    rows: Sequence[SheetRow], by_number: dict[str, int], faults: list[RowFault]
) -> list[tuple[int, int]]:
    """The rows that hang together with the top, level by level, each with its depth."""
    children: dict[int | None, list[int]] = {}
    for place, row in enumerate(rows):
        if not row.parent:
            children.setdefault(None, []).append(place)
        elif row.parent in by_number:
            children.setdefault(by_number[row.parent], []).append(place)
        else:
            faults.append(
                RowFault(
                    row.line,
                    "上级序号",
                    f"没有序号是 {row.parent[:20]} 的行。请填写上级那一行的序号；"
                    "直接在团市委下面的留空。",
                )
            )
    order: list[tuple[int, int]] = []
    waiting: deque[tuple[int | None, int]] = deque([(None, 1)])
    while waiting:
        above, depth = waiting.popleft()
        for place in children.get(above, ()):
            order.append((place, depth + 1))
            waiting.append((place, depth + 1))
    reached = {place for place, _ in order}
    for place in _in_circles(rows, by_number, reached):
        faults.append(
            RowFault(
                rows[place].line,
                "上级序号",
                "从这一行往上找，又回到了它自己。请检查上级序号，最上面一级留空。",
            )
        )
    return order


def _in_circles(
    rows: Sequence[SheetRow], by_number: dict[str, int], reached: set[int]
) -> list[int]:
    """The rows that are their own ancestor; those only below one are right once it is mended."""
    circles: set[int] = set()
    done: set[int] = set(reached)
    for start in range(len(rows)):
        trail: dict[int, int] = {}
        place: int | None = start
        while place is not None and place not in done and place not in trail:
            trail[place] = len(trail)
            place = by_number.get(rows[place].parent)
        if place is not None and place in trail:
            circles |= {one for one, step in trail.items() if step >= trail[place]}
        done.update(trail)  # |= with keys would copy all of it each time
    return sorted(circles)


def _check_places(
    rows: Sequence[SheetRow],
    order: Sequence[tuple[int, int]],
    kinds: dict[int, OrganisationKind],
    names: dict[int, str],
    by_number: dict[str, int],
    faults: list[RowFault],
) -> None:
    seen: dict[tuple[str, str], int] = {}
    deep: Counter[str] = Counter()
    for place, depth in order:
        row = rows[place]
        if depth > MAX_DEPTH and not deep[row.parent]:  # once for all children of one
            deep[row.parent] += 1
            faults.append(
                RowFault(
                    row.line,
                    "上级序号",
                    f"在第 {depth} 级，最多 {MAX_DEPTH} 级。请减少中间的级别。",
                )
            )
        above = by_number.get(row.parent) if row.parent else None
        parent_kind = kinds.get(above) if above is not None else OrganisationKind.MUNICIPAL
        kind = kinds.get(place)
        if kind and parent_kind and kind not in ALLOWED_CHILDREN[parent_kind]:
            allowed = "、".join(one.label for one in kinds_under(parent_kind))
            ways = f"只能有{allowed}" if allowed else "它下面不再分组织"
            faults.append(
                RowFault(
                    row.line,
                    "类型",
                    f"{parent_kind.label}下面不能有{kind.label}，{ways}。请改类型或上级序号。",
                )
            )
        name = names.get(place)
        if name is None:
            continue
        first = seen.setdefault((row.parent, name), row.line)
        if first != row.line:
            faults.append(
                RowFault(
                    row.line,
                    "名称",
                    f"同一个上级下面，第 {first} 行已经有“{name}”。请核对是否重复，或换一个名称。",
                )
            )
