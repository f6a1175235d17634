"""报告错误, the member's side: report a field, take the report back, see what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, update

from portal import clock
from portal.access import Action, Actor
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Correction, CorrectionState, Member, MessageKind
from portal.rules.corrections import (
    REMARK_LENGTH,
    CorrectionField,
    clean_words,
    parse_proposed,
    shown_value,
)
from portal.rules.deadlines import format_month
from portal.rules.text import TextFault
from portal.runtime import runtime
from portal.services import audit
from portal.services.members import PersonalField, find_member, plain_field
from portal.services.messages import Letter, send_to_organisation
from portal.services.transaction import reading, writing

ROWS = 20


class CorrectionRefused(PortalError):
    """What was filled in can't be taken; ``place`` is the field that the sentence belongs to."""

    status = 422

    def __init__(self, place: str, message: str) -> None:
        super().__init__(message)
        self.place = place


class CorrectionOutdated(PortalError):
    """Somebody was faster, or the member is no longer in the list."""

    status = 409


@dataclass(frozen=True, slots=True)
class ShownCorrection:
    """A report as a page shows it; ``replaced`` is what stood there until it was taken over."""

    id: int
    field: CorrectionField
    proposed: str
    replaced: str
    masked: bool
    remark: str
    asked_at: datetime
    state: CorrectionState
    decided_at: datetime | None
    answer: str


def report(actor: Actor, field: CorrectionField, *, proposed: str, remark: str) -> int:
    """Tell the branch what should stand in a field; returns the report's id.

    Sent twice it is one. Raises ``CorrectionRefused`` or ``CorrectionOutdated``.
    """
    value = _parsed(field, proposed)
    words = clean_words(remark, length=REMARK_LENGTH)
    if isinstance(words, TextFault):
        raise CorrectionRefused("remark", words.message)
    assert actor.member_id is not None
    with writing() as session:
        member = find_member(actor, Action.REPORT_ERROR, actor.member_id, lock=True)
        if member.left_at is not None:
            raise CorrectionOutdated("您已移出，不能再报告错误，没有任何改动。请联系原来的团支部。")
        earlier = open_correction(member.id, field)
        if earlier is not None:
            if open_value(earlier, member.id_number_hash) == value:
                return earlier.id
            raise CorrectionOutdated(
                f"您在 {clock.format_lately(earlier.asked_at)} 已报告过这一项，正在等支部处理。"
                "要改内容请先撤回，再重新报告。"
            )
        if stored_value(member, field) == value:
            raise CorrectionRefused("proposed", "这和现在登记的一样，不用报告。请核对后再填。")
        made = Correction(
            member_id=member.id,
            field=field,
            proposed_sealed=runtime().vault.seal(value, _proposed(field, member.id_number_hash)),
            remark=words,
            asked_at=clock.now(),
            state=CorrectionState.OPEN,
            answer="",
        )
        session.add(made)
        session.flush()
        said = f"\n团员的说明：{words}" if words else ""
        send_to_organisation(
            member.branch_id,
            Letter(
                MessageKind.NOTICE,
                f"{member.name} 报告“{field.label}”有误",
                f"请核对后采纳，或说明原因退回。{said}",
                f"/members/{member.id}/edit",
            ),
            actor=actor,
        )
        _record(actor, audit.Event.CORRECTION_ASKED, made)
        return made.id


def withdraw(actor: Actor, field: CorrectionField) -> None:
    """Take the open report of a field back. Raises ``CorrectionOutdated`` when it was answered."""
    assert actor.member_id is not None
    with writing() as session:
        member = find_member(actor, Action.REPORT_ERROR, actor.member_id, lock=True)
        last = session.scalar(
            select(Correction)
            .where(Correction.member_id == member.id, Correction.field == field)
            .order_by(Correction.id.desc())
            .limit(1)
        )
        if last is None:
            raise NotFound
        if last.state is CorrectionState.WITHDRAWN:
            return
        if last.state is not CorrectionState.OPEN:
            raise CorrectionOutdated("支部已经处理了这项报告，不能再撤回。处理结果见“我的信息”。")
        close(last, CorrectionState.WITHDRAWN, actor.account_id, "")
        _record(actor, audit.Event.CORRECTION_WITHDRAWN, last)


def end_for_leaving(member: Member, actor: Actor) -> None:
    """Who is set aside has nothing left to correct: their open reports end, in this transaction."""
    db.session.execute(
        update(Correction)
        .where(Correction.member_id == member.id, Correction.state == CorrectionState.OPEN)
        .values(
            state=CorrectionState.WITHDRAWN,
            decided_at=clock.now(),
            decided_by_id=actor.account_id,
            answer="团员已移出，报告随之结束。",
        )
    )


def own_corrections(actor: Actor, *, plain: bool = False) -> tuple[ShownCorrection, ...]:
    """The member's latest reports, the newest first; ``plain``: all, ID numbers as they are."""
    assert actor.member_id is not None
    member = find_member(actor, Action.REPORT_ERROR, actor.member_id)
    rows = db.session.execute(
        with_person()
        .where(Correction.member_id == member.id)
        .order_by(Correction.id.desc())
        .limit(None if plain else ROWS)
    )
    return tuple(shown(row, person, plain=plain) for row, person in rows)


def open_count(actor: Actor) -> int:
    """How many reports of the actor wait for their branch."""
    query = select(func.count()).where(
        Correction.member_id == actor.member_id, Correction.state == CorrectionState.OPEN
    )
    return int(reading().scalar(query) or 0)


def open_correction(member_id: int, field: CorrectionField) -> Correction | None:
    """The report of a member's field that waits for an answer."""
    return db.session.scalar(
        select(Correction).where(
            Correction.member_id == member_id,
            Correction.field == field,
            Correction.state == CorrectionState.OPEN,
        )
    )


def with_person() -> Select[Correction, bytes]:
    """Reports, each with what it is sealed to.

    Read in one statement, as an ID number that is taken over seals all of a member's anew.
    """
    return select(Correction, Member.id_number_hash).join(Member, Member.id == Correction.member_id)


def shown(row: Correction, person: bytes, *, plain: bool = False) -> ShownCorrection:
    """A report for a page; ``person`` is what it is sealed to, ``plain``: an ID number as it is."""
    replaced = _replaced_value(row, person)
    return ShownCorrection(
        id=row.id,
        field=row.field,
        proposed=shown_value(row.field, open_value(row, person), masked=not plain),
        replaced=shown_value(row.field, replaced, masked=not plain) if replaced else "",
        masked=row.field is CorrectionField.ID_NUMBER and not plain,
        remark=row.remark,
        asked_at=row.asked_at,
        state=row.state,
        decided_at=row.decided_at,
        answer=row.answer,
    )


def open_value(row: Correction, person: bytes) -> str:
    """The proposed value as it was typed, normalised; ``person`` is what it is sealed to."""
    return runtime().vault.open(row.proposed_sealed, _proposed(row.field, person))


def keep_replaced(row: Correction, person: bytes, value: str) -> None:
    """Keep with a report what stood there before it was taken over."""
    row.replaced_sealed = runtime().vault.seal(value, _replaced(row.field, person))


def seal_anew(member_id: int, before: bytes, after: bytes) -> None:
    """Seal a member's reports to their new ID number's hash, in the running transaction."""
    for row in db.session.scalars(select(Correction).where(Correction.member_id == member_id)):
        proposed, replaced = open_value(row, before), _replaced_value(row, before)
        row.proposed_sealed = runtime().vault.seal(proposed, _proposed(row.field, after))
        if row.replaced_sealed is not None:  # an empty field may have been replaced
            keep_replaced(row, after, replaced)


def stored_value(member: Member, field: CorrectionField) -> str:
    """What is stored now, in the way in which proposed values are kept."""
    match field:
        case CorrectionField.NAME:
            return member.name
        case CorrectionField.ID_NUMBER:
            return plain_field(member, PersonalField.ID_NUMBER)
        case CorrectionField.FEE:
            return f"{member.fee_cents / 100:.2f}"
        case CorrectionField.JOINED:
            return format_month(member.joined)
        case CorrectionField.NUMBER:
            return member.number or ""
        case CorrectionField.IS_STUDENT:
            return "是" if member.is_student else "否"
    return str(getattr(member, field.value))


def close(row: Correction, state: CorrectionState, account_id: int, answer: str) -> None:
    """End a report in the running transaction."""
    row.state, row.answer = state, answer
    row.decided_at, row.decided_by_id = clock.now(), account_id


def _parsed(field: CorrectionField, proposed: str) -> str:
    value = parse_proposed(field, proposed, today=clock.today(), policy=runtime().policy)
    if isinstance(value, TextFault):
        raise CorrectionRefused("proposed", value.message)
    return value


def _replaced_value(row: Correction, person: bytes) -> str:
    if row.replaced_sealed is None:
        return ""
    return runtime().vault.open(row.replaced_sealed, _replaced(row.field, person))


def _proposed(field: CorrectionField, person: bytes) -> bytes:
    return b"correction." + field.value.encode() + b":" + person


def _replaced(field: CorrectionField, person: bytes) -> bytes:
    return b"replaced." + field.value.encode() + b":" + person


def _record(actor: Actor, event: audit.Event, row: Correction) -> None:
    audit.record(actor, event, member_id=row.member_id, report=row.id, field=row.field)
