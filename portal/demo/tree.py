"""The invented organisations: names from lists, in the guide's kinds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portal.rules.organisations import OrganisationKind as Kind


@dataclass(frozen=True, slots=True)
class Node:
    """An organisation to be made; ids count from 1 in the order of making."""

    id: int
    parent_id: int | None
    kind: Kind
    name: str
    path: str


class Tree:
    """Collects the organisations of a tree."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def add(self, parent: Node | None, kind: Kind, name: str) -> Node:
        """Add an organisation under ``parent``."""
        own_id = len(self.nodes) + 1
        path = f"{parent.path if parent else '/'}{own_id}/"
        node = Node(own_id, parent.id if parent else None, kind, name, path)
        self.nodes.append(node)
        return node

    def branches(self) -> Iterator[Node]:
        """The branches, in the order of making."""
        return (node for node in self.nodes if node.kind is Kind.BRANCH)


_DISTRICTS = (
    (Kind.DISTRICT, "东城区团区委", ("第一中学", "和平里中学", "景山中学")),
    (Kind.WORK_COMMITTEE, "金融街团工委", ("开源软件公司", "城市物业公司")),
    (Kind.EDUCATION, "西城区团教工委", ("第八中学", "育才学校", "职业技术学院")),
)
_GRADES = ("高一", "高二", "高三")
BRANCHES_EACH = (24, 12, 24)


def demo_tree() -> Tree:
    """团市委, a district-level committee of each kind, and below them 60 branches."""
    tree = Tree()
    city = tree.add(None, Kind.MUNICIPAL, "共青团北京市委员会")
    for (kind, name, schools), wanted in zip(_DISTRICTS, BRANCHES_EACH, strict=True):
        district = tree.add(city, kind, name)
        place = name.split("团")[0]
        for school in schools:
            _add_school(tree, district, place, school, wanted // len(schools))
    return tree


def _add_school(tree: Tree, district: Node, place: str, school: str, branches: int) -> None:
    grassroots = tree.add(district, Kind.GRASSROOTS, f"{place}{school}团委")
    is_school = district.kind is not Kind.WORK_COMMITTEE
    for number in range(branches):
        grade, room = _GRADES[number * len(_GRADES) // branches], number + 1
        parent = grassroots
        if is_school and grade != "高三":  # the highest grade has no general branch between
            parent = _general_branch(tree, grassroots, f"{place}{school}{grade}年级团总支")
        unit = f"{grade}({room})班" if is_school else f"第{room}项目部"
        tree.add(parent, Kind.BRANCH, f"{place}{school}{unit}团支部")


def _general_branch(tree: Tree, grassroots: Node, name: str) -> Node:
    last = next((node for node in reversed(tree.nodes) if node.name == name), None)
    return last or tree.add(grassroots, Kind.GENERAL_BRANCH, name)


def city_tree(organisations: int) -> Tree:
    """A tree of about ``organisations`` in the shape of a whole city, for measuring."""
    tree = Tree()
    city = tree.add(None, Kind.MUNICIPAL, "共青团北京市委员会")
    district_number = 0
    while len(tree.nodes) < organisations:
        district_number += 1
        kind = (Kind.DISTRICT, Kind.WORK_COMMITTEE, Kind.EDUCATION)[district_number % 3]
        district = tree.add(city, kind, f"第{district_number}{kind.label}")
        for school_number in range(1, 41):
            name = f"{district_number}区{school_number}中学"
            grassroots = tree.add(district, Kind.GRASSROOTS, f"{name}团委")
            for grade in _GRADES:
                parent = tree.add(grassroots, Kind.GENERAL_BRANCH, f"{name}{grade}年级团总支")
                for room in range(1, 8):
                    tree.add(parent, Kind.BRANCH, f"{name}{grade}({room})班团支部")
            if len(tree.nodes) >= organisations:
                break
    return tree
