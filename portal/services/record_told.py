"""What a line of the record holds, as its sentence asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PERSONAL = re.compile(r"(?<!\d)(\d{3})(?:\d{14}[\dXx]|\d{8})(?!\d)")
"""An ID number or a phone. Neither may be on record; what slipped in is not shown."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a line of the record holds, and the names of those it speaks of."""

    detail: Mapping[str, Any] = field(default_factory=dict)
    member: str = ""  # 李某某（2020 1100 0003）
    place: str = ""  # the organisation that it concerns
    accounts: Mapping[int, str] = field(default_factory=dict)
    applicants: Mapping[int, str] = field(default_factory=dict)
    by_person: bool = True

    def of(self, name: str) -> Any:
        """A value of the detail; None where a line of an older portal lacks it."""
        return self.detail.get(name)

    def count(self, name: str) -> int:
        """A count of the detail."""
        value = self.of(name)
        return value if isinstance(value, int) else 0

    def words(self, name: str) -> str:
        """Free text of the detail."""
        return hide_personal(str(self.of(name) or ""))

    @property
    def whom(self) -> str:
        """The member, with the branch in front."""
        return f"{self.place} {self.member}".strip() or "一名团员"

    @property
    def form(self) -> str:
        """The member's form."""
        return f"{self.whom} 的《入团志愿书》"

    @property
    def account(self) -> str:
        """The account that it was done to."""
        return self.accounts.get(self.count("account_id"), f"账号 {self.of('login') or '（不详）'}")

    @property
    def applicant(self) -> str:
        """Whose application it is."""
        return self.applicants.get(self.count("joining_id"), "一名申请人")

    @property
    def path(self) -> str:
        """The organisation, with all above it as it was recorded; of a change the last one."""
        value = self.of("path")
        path = value[-1] if isinstance(value, list) and value else value
        return str(path or self.of("name") or self.place or "一个组织")


def hide_personal(text: str) -> str:
    """Text without ID numbers and phones."""
    return _PERSONAL.sub(lambda found: found[1] + "●" * (len(found[0]) - 3), text)
