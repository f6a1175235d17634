"""What a committee says of a form (guide 5.4): in order, or which faults on which pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

REMARK_LENGTH = 200
"""Characters; the remark is shown to the branch beside the faults."""

IN_ORDER = "合格"
UNCHECKED = "未检查"


class FaultKind(StrEnum):
    """What may be wrong with a form, in the order of the keys 2 to 8."""

    MISSING_PAGES = "missing_pages"
    WRONG_PAGES = "wrong_pages"
    STAINED = "stained"
    BLURRED = "blurred"
    NUMBER_DIFFERS = "number_differs"
    NO_SEAL = "no_seal"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The word of the guide."""
        return _LABELS[self]

    @property
    def key(self) -> int:
        """The key that toggles it; 1 is "in order"."""
        return list(FaultKind).index(self) + 2


_LABELS: Mapping[FaultKind, str] = {
    FaultKind.MISSING_PAGES: "缺页",
    FaultKind.WRONG_PAGES: "错页",
    FaultKind.STAINED: "污损",
    FaultKind.BLURRED: "模糊",
    FaultKind.NUMBER_DIFFERS: "编号不一致",
    FaultKind.NO_SEAL: "未盖公章",
    FaultKind.OTHER: "其他",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; ``pages`` names where, from 1, and may be empty."""

    kind: FaultKind
    pages: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """As a branch reads it: 模糊（第 3、5 页）."""
        if not self.pages:
            return self.kind.label
        return f"{self.kind.label}（第 {'、'.join(map(str, self.pages))} 页）"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check came to: no faults is in order."""

    faults: tuple[Fault, ...] = ()
    remark: str = ""

    @property
    def kinds(self) -> str:
        """The kinds of the faults as they are stored, empty when in order."""
        return ",".join(one.kind for one in self.faults)

    @property
    def pages(self) -> dict[str, list[int]]:
        """The pages that were named, by kind, as they are stored."""
        return {one.kind.value: list(one.pages) for one in self.faults if one.pages}

    @property
    def words(self) -> str:
        """The faults in one line, or that there are none."""
        return "；".join(one.words for one in self.faults) or IN_ORDER


@cache
def kinds_of(stored: str) -> tuple[FaultKind, ...]:
    """The kinds that ``Verdict.kinds`` wrote."""
    return tuple(FaultKind(kind) for kind in stored.split(",") if kind)


def verdict_of(kinds: str, pages: Mapping[str, list[int]], remark: str) -> Verdict:
    """A verdict from its stored columns."""
    faults = (Fault(kind, tuple(pages.get(kind, ()))) for kind in kinds_of(kinds))
    return Verdict(tuple(faults), remark)


def parse_pages(text: str, pages: int) -> tuple[int, ...] | str:
    """The pages of “3,5” or “2-4”, sorted; or a sentence that says what is wrong with them."""
    found: set[int] = set()
    for part in re.split(r"[\s,，、;；]+", text.strip()):
        if not part:
            continue
        match = re.fullmatch(r"(\d{1,3})(?:[-~—–－至](\d{1,3}))?", part)
        if match is None:
            return f"“{part[:20]}”不是页码，请按 3,5 或 2-4 这样填写。"
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last:
            first, last = last, first
        if first < 1 or last > pages:
            return f"这份文件只有 {pages} 页，没有第 {last if last > pages else first} 页。"
        found.update(range(first, last + 1))
    return tuple(sorted(found))
