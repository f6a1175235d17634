"""What was read of a form's first page against what the system says of the member (guide 5.2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from portal.rules.deadlines import format_month
from portal.rules.scan_findings import FindingKind

FIRST_PAGE = 1

DIFFERENCES = (
    FindingKind.NUMBER_DIFFERENT,
    FindingKind.NAME_DIFFERENT,
    FindingKind.MONTH_DIFFERENT,
)
"""Findings that no look holds: they are asked for anew whenever a form is shown."""


def differences(
    *, number: str, name: str, month: str, own_number: str | None, own_name: str, joined: date
) -> Iterator[FindingKind]:
    """Which texts that were read (empty: not read) differ from the member's own.

    Without a number of their own (``own_number`` None) there is none to differ from.
    """
    if number and own_number and number != own_number:
        yield FindingKind.NUMBER_DIFFERENT
    if name and _bare(name) != _bare(own_name):
        yield FindingKind.NAME_DIFFERENT
    if month and month != format_month(joined):
        yield FindingKind.MONTH_DIFFERENT


def _bare(name: str) -> str:
    """A name without what scanners and typists put in differently: spaces and middle dots."""
    return "".join(letter for letter in name if not letter.isspace() and letter not in "·•・．.")
