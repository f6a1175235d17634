"""What the form above a report says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from portal.access import Actor
from portal.reports.report import Asked, Report
from portal.rules.deadlines import format_month, parse_month
from portal.rules.progress import Period
from portal.rules.text import parse_whole


@dataclass(frozen=True, slots=True)
class Form:
    """The form as it was sent, and what it asks; ``fault`` says what can't be."""

    asked: Asked
    first_text: str
    last_text: str
    fault: str = ""

    def query(self) -> str:
        """The same form as part of an address."""
        fields: list[tuple[str, str]] = [("organisation", str(self.asked.organisation_id))]
        fields += [("from", self.first_text)] * bool(self.first_text)
        fields += [("to", self.last_text)] * bool(self.last_text)
        fields += [(option, "1") for option in sorted(self.asked.options)]
        return "?" + urlencode(fields)


def parse_form(actor: Actor, report: Report, given: Mapping[str, Any]) -> Form:
    """The form of a report; what is missing in it is one's own organisation, and everything."""
    first_text, last_text = (str(given.get(key, "")).strip()[:20] for key in ("from", "to"))
    first, last = parse_month(first_text), parse_month(last_text)
    wrong = [
        text for text, month in ((first_text, first), (last_text, last)) if text and month is None
    ]
    fault = ""
    if wrong:
        fault = f"“{wrong[0]}”不是年月，请按 2026-01 这样填写。"
    elif first and last and first > last:
        fault = (
            f"开始年月 {format_month(first)} 晚于结束年月 {format_month(last)}，请调换后再预览。"
        )
    organisation = parse_whole(str(given.get("organisation", "")))
    asked = Asked(
        organisation_id=actor.organisation_id or 0 if organisation is None else organisation,
        period=Period() if fault or not report.by_month else Period(first, last),
        options=frozenset(one.key for one in report.options if given.get(one.key) == "1"),
        unmasked=report.personal and given.get("unmasked") == "1",
    )
    return Form(asked, first_text, last_text, fault)


def remembered(kept: Mapping[str, Any]) -> Form:
    """The form as the person left it last."""
    asked = Asked.from_json(kept)
    first, last = asked.period.first, asked.period.last
    plain = Asked(asked.organisation_id, asked.period, asked.options)
    return Form(plain, format_month(first) if first else "", format_month(last) if last else "")
