"""What a round of 检查 found: by fault, by person, and the forms and what became of them since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import aliased

from portal.access import Action, Actor, members_for
from portal.models import (
    Account,
    CheckItem,
    ItemState,
    Member,
    Organisation,
    Scan,
    ScanCheck,
    ScanState,
)
from portal.rules.scan_checks import IN_ORDER, FaultKind, Verdict, kinds_of, verdict_of
from portal.services.transaction import reading

FAULTY_SHOWN = 200


class Answer(StrEnum):
    """What became of a form in which a round found faults."""

    NONE = "未改正"
    UPLOADED = "已重新上传，未检查"
    IN_ORDER = f"再检查{IN_ORDER}"
    FAULTY = "再检查不合格"
    GONE = "已删除"

    @property
    def waits_for_the_committee(self) -> bool:
        """Whether it is the committee's turn."""
        return self is Answer.UPLOADED


@dataclass(frozen=True, slots=True)
class FaultyForm:
    """A form in which a round found faults."""

    place: int
    member_id: int
    name: str
    branch: str
    verdict: Verdict
    answer: Answer


@dataclass(frozen=True, slots=True)
class Findings:
    """What a round found: by fault, by person, and the forms.

    Of ``faulty``, ``within`` are of members whom the actor may look at now.
    """

    in_order: int
    by_kind: Mapping[FaultKind, int]
    by_person: tuple[tuple[str, int], ...]
    faulty: int
    within: int
    forms: tuple[FaultyForm, ...]


def findings_of(actor: Actor, round_id: int) -> Findings:
    """What a round has found so far; the first ``FAULTY_SHOWN`` forms with faults.

    Of a member who went elsewhere since, the count stays and the line goes.
    """
    done = and_(CheckItem.round_id == round_id, CheckItem.state == ItemState.DONE)
    judged = select(ScanCheck.kinds, func.count()).select_from(CheckItem)
    judged = judged.join(ScanCheck, ScanCheck.id == CheckItem.check_id).where(done)
    counted: Counter[FaultKind] = Counter()
    in_order = faulty = 0
    for stored, count in reading().execute(judged.group_by(ScanCheck.kinds)):
        in_order, faulty = in_order + (0 if stored else count), faulty + (count if stored else 0)
        for kind in kinds_of(stored):
            counted[kind] += count
    by_person = (
        select(Account.person_name, func.count())
        .select_from(CheckItem)
        .join(ScanCheck, ScanCheck.id == CheckItem.check_id)
        .join(Account, Account.id == ScanCheck.checked_by_id)
        .where(done)
        .group_by(Account.id, Account.person_name)
        .order_by(func.count().desc(), Account.id)
    )
    return Findings(
        in_order,
        {kind: counted[kind] for kind in FaultKind if counted[kind]},
        tuple((name, count) for name, count in reading().execute(by_person)),
        faulty,
        _within(actor, done),
        _faulty_forms(actor, round_id),
    )


def _within(actor: Actor, done: ColumnElement[bool]) -> int:
    seen = members_for(actor, Action.VIEW_MEMBER)
    query = select(func.count()).select_from(CheckItem)
    query = query.join(ScanCheck, ScanCheck.id == CheckItem.check_id)
    query = query.join(Member, Member.id == CheckItem.member_id)
    return reading().execute(query.where(done, ScanCheck.kinds != "", seen)).scalar_one()


def _faulty_forms(actor: Actor, round_id: int) -> tuple[FaultyForm, ...]:
    now, standing = aliased(Scan), aliased(ScanCheck)
    rows = reading().execute(
        select(
            CheckItem.place,
            CheckItem.member_id,
            Member.name,
            Organisation.name.label("branch"),
            ScanCheck.id.label("check_id"),
            ScanCheck.kinds,
            ScanCheck.pages,
            ScanCheck.remark,
            now.id.label("scan_id"),
            standing.id.label("standing_id"),
            standing.kinds.label("standing_kinds"),
        )
        .join(ScanCheck, ScanCheck.id == CheckItem.check_id)
        .join(Member, Member.id == CheckItem.member_id)
        .join(Organisation, Organisation.id == Member.branch_id)
        .outerjoin(now, and_(now.member_id == Member.id, now.state == ScanState.CURRENT))
        .outerjoin(standing, and_(standing.scan_id == now.id, standing.ended_at.is_(None)))
        .where(
            CheckItem.round_id == round_id,
            CheckItem.state == ItemState.DONE,
            ScanCheck.kinds != "",
            members_for(actor, Action.VIEW_MEMBER),
        )
        .order_by(CheckItem.place)
        .limit(FAULTY_SHOWN)
    )
    return tuple(
        FaultyForm(
            row.place,
            row.member_id,
            row.name,
            row.branch,
            verdict_of(row.kinds, row.pages, row.remark),
            _answer(row.check_id, row.scan_id, row.standing_id, row.standing_kinds),
        )
        for row in rows
    )


def _answer(
    check_id: int, scan_id: int | None, standing_id: int | None, standing_kinds: str | None
) -> Answer:
    if scan_id is None:
        return Answer.GONE
    if standing_id is None:
        return Answer.UPLOADED
    if standing_id == check_id:
        return Answer.NONE
    return Answer.FAULTY if standing_kinds else Answer.IN_ORDER
