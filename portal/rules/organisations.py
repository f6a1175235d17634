"""The kinds of organisation and which may stand under which (SPEC, "Organisations")."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from portal.rules.text import TextFault, clean_text

MAX_DEPTH = 8
NAME_LENGTHS = (2, 100)


class OrganisationKind(StrEnum):
    """From the municipal committee down to the branch. Only a branch holds members."""

    MUNICIPAL = "municipal"
    DISTRICT = "district"
    WORK_COMMITTEE = "work_committee"
    EDUCATION = "education"
    UNIVERSITY = "university"
    GRASSROOTS = "grassroots"
    GENERAL_BRANCH = "general_branch"
    BRANCH = "branch"

    @property
    def label(self) -> str:
        """The guide's word."""
        return _LABELS[self]

    @property
    def is_district_level(self) -> bool:
        """团区委, 团工委, 团教工委, 高校团委: whom a branch asks to release a number."""
        return self in _DISTRICT_LEVEL

    @property
    def may_release_numbers(self) -> bool:
        """The district-level committees, and the municipal one above them."""
        return self in _DISTRICT_LEVEL or self is OrganisationKind.MUNICIPAL


_LABELS = {
    OrganisationKind.MUNICIPAL: "团市委",
    OrganisationKind.DISTRICT: "团区委",
    OrganisationKind.WORK_COMMITTEE: "团工委",
    OrganisationKind.EDUCATION: "团教工委",
    OrganisationKind.UNIVERSITY: "高校团委",
    OrganisationKind.GRASSROOTS: "基层团委",
    OrganisationKind.GENERAL_BRANCH: "团总支",
    OrganisationKind.BRANCH: "团支部",
}

_DISTRICT_LEVEL = frozenset(
    {
        OrganisationKind.DISTRICT,
        OrganisationKind.WORK_COMMITTEE,
        OrganisationKind.EDUCATION,
        OrganisationKind.UNIVERSITY,
    }
)

_BELOW_COMMITTEE = frozenset(
    {OrganisationKind.GRASSROOTS, OrganisationKind.GENERAL_BRANCH, OrganisationKind.BRANCH}
)

ALLOWED_CHILDREN: Mapping[OrganisationKind, frozenset[OrganisationKind]] = {
    OrganisationKind.MUNICIPAL: _DISTRICT_LEVEL | _BELOW_COMMITTEE,
    # A district has its own work committees and its education committee below it.
    OrganisationKind.DISTRICT: _BELOW_COMMITTEE
    | {OrganisationKind.WORK_COMMITTEE, OrganisationKind.EDUCATION},
    OrganisationKind.WORK_COMMITTEE: _BELOW_COMMITTEE,
    OrganisationKind.EDUCATION: _BELOW_COMMITTEE,
    OrganisationKind.UNIVERSITY: _BELOW_COMMITTEE,
    OrganisationKind.GRASSROOTS: _BELOW_COMMITTEE,
    OrganisationKind.GENERAL_BRANCH: frozenset({OrganisationKind.BRANCH}),
    OrganisationKind.BRANCH: frozenset(),
}


def kinds_under(parent: OrganisationKind) -> tuple[OrganisationKind, ...]:
    """The kinds that may stand right under ``parent``, from the top down."""
    return tuple(kind for kind in OrganisationKind if kind in ALLOWED_CHILDREN[parent])


def kinds_above(kind: OrganisationKind) -> tuple[OrganisationKind, ...]:
    """The kinds that ``kind`` may stand right under."""
    return tuple(above for above, below in ALLOWED_CHILDREN.items() if kind in below)


def depth_of(path: str) -> int:
    """How deep the organisation on ``path`` stands; the municipal committee (``/1/``) at 1."""
    return path.count("/") - 1


def clean_organisation_name(text: str) -> str | TextFault:
    """An organisation's name: 2 to 100 characters, or the sentence that says what is wrong."""
    shortest, longest = NAME_LENGTHS
    cleaned = clean_text(text, max_length=longest)
    if isinstance(cleaned, TextFault):
        return cleaned
    if not cleaned:
        return TextFault("请填写组织名称。")
    if len(cleaned) < shortest:
        return TextFault(f"名称至少 {shortest} 个字，请写全称。")
    return cleaned
