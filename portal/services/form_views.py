"""谁看过我的入团志愿书: what the record tells a member of those who opened their form.

They are told the organisation and what the person is there, as the privacy notice names those who
use their data (个人信息保护法, articles 17 and 44), and not the person's name or address: those are
somebody else's personal data, and stand in the record for who answers for the person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.access import Action, Actor, records_for
from portal.models import AuditRecord, Organisation
from portal.rules.organisations import OrganisationKind
from portal.services.audit import Event
from portal.services.transaction import reading

OPENED = (Event.SCAN_VIEWED, Event.ORIGINAL_OPENED, Event.FORM_TAKEN)
PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class FormView:
    """One look at the form. ``own``: by the member."""

    at: datetime
    place: str
    role: str
    own: bool
    original: bool  # the file itself, which may have been saved
    with_archive: bool  # all pages in a branch's archive, which may have been saved


@dataclass(frozen=True, slots=True)
class FormViews:
    """Looks, the latest first; ``before`` opens the next page."""

    rows: tuple[FormView, ...]
    before: int | None


def views_of_own_form(
    actor: Actor, *, before: int | None = None, rows: int = PAGE_ROWS
) -> FormViews:
    """Who opened the member's form and when; of one person within ten minutes it is one look."""
    query = (
        select(
            AuditRecord.id,
            AuditRecord.at,
            AuditRecord.account_id,
            AuditRecord.event,
            Organisation.name,
            Organisation.kind,
        )
        .outerjoin(Organisation, Organisation.id == AuditRecord.organisation_id)
        .where(records_for(actor, Action.VIEW_FORM_VIEWS), AuditRecord.event.in_(OPENED))
        .order_by(AuditRecord.id.desc())
        .limit(rows + 1)
    )
    if before is not None:
        query = query.where(AuditRecord.id < before)
    found = list(reading().execute(query))
    shown = found[:rows]
    return FormViews(
        tuple(
            FormView(
                row.at,
                row.name or "系统",
                _role(row.kind),
                row.account_id == actor.account_id,
                row.event == Event.ORIGINAL_OPENED,
                row.event == Event.FORM_TAKEN,
            )
            for row in shown
        ),
        shown[-1].id if len(found) > rows else None,
    )


def _role(kind: OrganisationKind | None) -> str:
    if kind is None:
        return ""
    return "团支部管理员" if kind is OrganisationKind.BRANCH else "工作人员"
