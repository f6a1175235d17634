"""What the addresses of 操作日志 ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from flask import request

from portal import clock
from portal.services.record_search import Search
from portal.services.record_sentences import RecordKind

LONGEST = 50
"""Characters of a word of the search, as the longest name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was typed, and what can't be meant in it."""

    search: Search
    first_text: str
    last_text: str
    before: int | None
    fault: str = ""

    def query(self, *, before: int | None = None) -> str:
        """The address's query that asks for the same, from ``before`` on."""
        search = self.search
        wanted = {
            "person": search.person,
            "organisation": search.organisation,
            "member": search.member,
            "kind": search.kind or "",
            "from": self.first_text,
            "to": self.last_text,
            "before": str(before) if before else "",
        }
        text = urlencode({name: value for name, value in wanted.items() if value})
        return f"?{text}" if text else ""


def parse_asked() -> Asked:
    """What the address asks for; a day that is none is said, and nothing is searched."""
    from_text, to_text = _word("from"), _word("to")
    first, last, fault = _day(from_text), _day(to_text), ""
    wrong = [text for text, day in ((from_text, first), (to_text, last)) if text and not day]
    if wrong:
        fault = f"“{wrong[0]}”不是日期，请按 {clock.today().isoformat()} 这样填写。"
    elif first and last and first > last:
        fault = "开始日期晚于结束日期，请调换后再查找。"
    kind = request.args.get("kind", "")
    return Asked(
        Search(
            person=_word("person"),
            organisation=_word("organisation"),
            member=_word("member"),
            kind=RecordKind(kind) if kind in list(RecordKind) else None,
            first=first,
            last=last,
        ),
        first_text=from_text,
        last_text=to_text,
        before=_key(request.args.get("before", "")),
        fault=fault,
    )


def _word(name: str) -> str:
    return " ".join(request.args.get(name, "").replace("\0", "").split())[:LONGEST]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2999 else None


def _key(text: str) -> int | None:
    """A key that nobody was given opens the first page."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
