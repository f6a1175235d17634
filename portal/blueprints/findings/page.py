"""What 检查提示 shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from portal.access import Action, Actor, allows
from portal.blueprints.members.profile_view import path_to
from portal.errors import NotFound
from portal.models import Scan
from portal.rules.scan_findings import WHOLE_FILE, Box
from portal.rules.scan_readings import Comparison
from portal.services import looks
from portal.services.look_lines import LookState
from portal.services.looks import ShownFinding
from portal.services.members import find_member
from portal.services.organisations import path_of
from portal.services.scans import current_scan


@dataclass(frozen=True, slots=True)
class PageFindings:
    """The findings of one page, or of the file as a whole (``page`` 0)."""

    page: int
    findings: tuple[ShownFinding, ...]

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Where on the page they are, of those that nobody set aside."""
        return tuple(
            one.finding.box for one in self.findings if one.finding.box and not one.set_aside
        )


@dataclass(frozen=True, slots=True)
class FindingsPage:
    """All that the template shows."""

    path: tuple[tuple[str, str], ...]
    member_id: int
    member_name: str
    number: str | None
    scan: Scan
    state: LookState
    pages: tuple[PageFindings, ...]
    comparisons: tuple[Comparison, ...]
    open: int
    may_set_aside: bool
    may_upload: bool
    may_arrange: bool


def findings_page(actor: Actor, member_id: int) -> FindingsPage:
    """The findings of a member's current form. Raises ``NotFound`` when there is none."""
    member = find_member(actor, Action.VIEW_FINDINGS, member_id)
    scan = current_scan(member.id)
    if scan is None:
        raise NotFound
    look = looks.shown_look(actor, scan.id)
    present = member.left_at is None
    return FindingsPage(
        path=path_to(actor, path_of(member.branch_id)),
        member_id=member.id,
        member_name=member.name,
        number=member.number,
        scan=scan,
        state=look.state,
        pages=tuple(_by_page(look.findings)),
        comparisons=look.comparisons,
        open=sum(not one.set_aside for one in look.findings),
        may_set_aside=present and allows(actor, Action.SET_FINDING_ASIDE),
        may_upload=present and allows(actor, Action.UPLOAD_SCAN),
        may_arrange=present and allows(actor, Action.ARRANGE_SCAN),
    )


def _by_page(found: Iterable[ShownFinding]) -> Iterable[PageFindings]:
    """Page by page; what concerns the whole file comes first."""
    ordered = sorted(found, key=lambda one: one.finding.page)
    for page, findings in groupby(ordered, key=lambda one: one.finding.page):
        yield PageFindings(page, tuple(findings))


assert WHOLE_FILE == 0  # which is why it sorts first
