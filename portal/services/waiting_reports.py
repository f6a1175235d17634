"""报告错误 as a branch sees it on 修改: what waits for an answer, beside what stands now."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from portal.access import Action, Actor, members_for
from portal.extensions import db
from portal.models import Correction, CorrectionState, Member
from portal.rules.corrections import CorrectionField, shown_value
from portal.services.corrections import (
    ShownCorrection,
    open_value,
    shown,
    stored_value,
    with_person,
)
from portal.services.identity_changes import asks_age, places_words
from portal.services.organisations import path_of, release_hint
from portal.services.transaction import reading


@dataclass(frozen=True, slots=True)
class WaitingReport:
    """A report beside what stands now. ``asked``: what has to be ticked before it is taken over.

    ``hint`` says who can change what the branch can't, and is empty where it can.
    """

    shown: ShownCorrection
    now: str
    hint: str
    extent: str = ""  # of an ID number: how much of it changes
    asks_document: bool = False
    asks_age: bool = False


def open_reports(actor: Actor, member: Member) -> tuple[WaitingReport, ...]:
    """The reports of a member that wait for an answer, the oldest first."""
    rows = db.session.execute(
        with_person()
        .where(
            Correction.member_id == member.id,
            Correction.state == CorrectionState.OPEN,
            members_for(actor, Action.ANSWER_REPORT),
        )
        .order_by(Correction.id)
    )
    return tuple(_waiting(member, row, person) for row, person in rows)


def count_waiting(actor: Actor) -> int:
    """How many members of the branch wait for an answer to a report."""
    query = (
        select(func.count(Correction.member_id.distinct()))
        .join(Member, Member.id == Correction.member_id)
        .where(Correction.state == CorrectionState.OPEN, members_for(actor, Action.ANSWER_REPORT))
    )
    return int(reading().scalar(query) or 0)


def who_can(member: Member, field: CorrectionField) -> str:
    """Who can change what the branch can't; empty where it can."""
    if field is not CorrectionField.NUMBER or member.number is None:
        return ""
    return f"{release_hint(path_of(member.branch_id))}，解除后再采纳。"


def _waiting(member: Member, row: Correction, person: bytes) -> WaitingReport:
    stored = stored_value(member, row.field)
    is_id_number = row.field is CorrectionField.ID_NUMBER
    proposed = open_value(row, person) if is_id_number else ""
    return WaitingReport(
        shown=shown(row, person),
        now=shown_value(row.field, stored, masked=True) or "无",
        hint=who_can(member, row.field),
        extent=places_words(stored, proposed) if is_id_number else "",
        asks_document=row.field.is_proof,
        asks_age=is_id_number and asks_age(member, proposed),
    )
