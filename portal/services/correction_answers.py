"""报告错误, the branch's side: its members' reports, to take over or to decline."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from portal import clock
from portal.access import Action, Actor
from portal.errors import NotFound
from portal.extensions import db
from portal.models import Correction, CorrectionState, Member, MessageKind
from portal.rules.corrections import ANSWER_LENGTH, CorrectionField, clean_words
from portal.rules.deadlines import parse_month
from portal.rules.text import TextFault
from portal.services import audit
from portal.services.accounts import person_named_by
from portal.services.answered import answered_by, faster, lock_for_answer
from portal.services.corrections import (
    CorrectionOutdated,
    CorrectionRefused,
    ShownCorrection,
    close,
    keep_replaced,
    open_value,
    shown,
    stored_value,
)
from portal.services.identity_changes import Ticked, change_identity
from portal.services.member_editing import MemberFields, apply_changes, fields_of
from portal.services.messages import Letter, send_to_member
from portal.services.transaction import once_more_if_taken, writing
from portal.services.waiting_reports import who_can

_OWN_NAME = {CorrectionField.FEE: "fee_cents"}
_NOTHING_TICKED = Ticked()
_DID = {
    CorrectionState.TAKEN: "已采纳这项报告",
    CorrectionState.DECLINED: "已退回这项报告",
    CorrectionState.WITHDRAWN: "已撤回这项报告",
}
_SIGN_IN = {CorrectionField.ID_NUMBER: "用身份证号登录的，今后请填更正后的号码；密码不变。"}


def report_of(member_id: int, report_id: int) -> int:
    """The report's id, if it is one of this member's. Raises ``NotFound``."""
    row = db.session.get(Correction, report_id)
    if row is None or row.member_id != member_id:
        raise NotFound
    return report_id


def unmask(actor: Actor, report_id: int) -> ShownCorrection:
    """Show the proposed value of a masked field; that it was shown goes on record."""
    with writing():
        member, row = _locked(actor, report_id)
        audit.record(actor, audit.Event.FIELD_UNMASKED, member_id=member.id, field=row.field)
        return shown(row, member.id_number_hash, plain=True)


def take_over(
    actor: Actor, report_id: int, *, version: int, ticked: Ticked = _NOTHING_TICKED
) -> None:
    """采纳: store what the member proposed, of a member whose ``version`` the person saw.

    What stands there already is only answered. ``ticked`` is asked for with a name or an ID number.
    Raises ``CorrectionOutdated``, ``CorrectionRefused``, ``IdentityRefused``, or what
    ``change_member`` does; then nothing has changed.
    """
    once_more_if_taken(lambda: _take_over(actor, report_id, version, ticked))


def _take_over(actor: Actor, report_id: int, version: int, ticked: Ticked) -> None:
    with writing():
        member, row = _locked(actor, report_id)
        if answered_by(actor, row, CorrectionState.TAKEN):
            return
        _require_open(row)
        value, before = open_value(row, member.id_number_hash), stored_value(member, row.field)
        document = {}
        if before != value:
            if hint := who_can(member, row.field):
                raise CorrectionRefused("take", hint)
            if member.version != version:
                raise CorrectionOutdated(
                    f"{person_named_by(member.changed_by_id)} 在 "
                    f"{clock.format_lately(member.changed_at)} 修改过这名团员，这项报告还没有处理。"
                    "请核对现在的内容后再处理。"
                )
            if row.field.is_proof:
                change_identity(actor, member, row.field, value, ticked)
                document = {"document": True}
            else:
                apply_changes(actor, member, changed(fields_of(member), row.field, value))
            keep_replaced(row, member.id_number_hash, before)
        close(row, CorrectionState.TAKEN, actor.account_id, "")
        _tell(actor, row, "已更正", f"已按您的报告更正，请核对。{_SIGN_IN.get(row.field, '')}")
        _record(actor, audit.Event.CORRECTION_TAKEN, row, **document)


def decline(actor: Actor, report_id: int, *, answer: str) -> None:
    """退回: leave the field as it is, and say why.

    Raises ``CorrectionRefused`` or ``CorrectionOutdated``.
    """
    words = clean_words(answer, length=ANSWER_LENGTH, needed="请写明退回的原因，团员会看到。")
    if isinstance(words, TextFault):
        raise CorrectionRefused(f"answer-{report_id}", words.message)
    with writing():
        _, row = _locked(actor, report_id)
        if answered_by(actor, row, CorrectionState.DECLINED):
            return
        _require_open(row)
        close(row, CorrectionState.DECLINED, actor.account_id, words)
        _tell(actor, row, "没有更正", f"没有更正，原因：{words}")
        _record(actor, audit.Event.CORRECTION_DECLINED, row, reason=words)


def changed(stored: MemberFields, field: CorrectionField, value: str) -> MemberFields:
    """The fields of a member with one proposed value in place."""
    parsed: Any = value
    if field is CorrectionField.FEE:
        parsed = int(Decimal(value) * 100)
    elif field is CorrectionField.JOINED:
        parsed = parse_month(value)
    elif field is CorrectionField.IS_STUDENT:
        parsed = value == "是"
    return replace(stored, **{_OWN_NAME.get(field, field.value): parsed})


def _locked(actor: Actor, report_id: int) -> tuple[Member, Correction]:
    """The report and its member; of a member who moved away it is the new branch's."""
    row = db.session.get(Correction, report_id)
    if row is None:
        raise NotFound
    return lock_for_answer(actor, Action.ANSWER_REPORT, row), row


def _require_open(row: Correction) -> None:
    if row.state is not CorrectionState.OPEN:
        raise CorrectionOutdated(faster(row, person_named_by(row.decided_by_id), _DID))


def _tell(actor: Actor, row: Correction, subject: str, words: str) -> None:
    label = row.field.label
    letter = Letter(
        MessageKind.NOTICE,
        f"您报告的“{label}”{subject}",
        f"您报告的“{label}”{words}",
        "/card/information",
    )
    send_to_member(row.member_id, letter, actor=actor)


def _record(actor: Actor, event: audit.Event, row: Correction, **detail: Any) -> None:
    audit.record(actor, event, member_id=row.member_id, report=row.id, field=row.field, **detail)
