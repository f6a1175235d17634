"""解除编号占用: a branch asks, the district-level committee releases or declines (question 5).

All that happens to one member's number locks the member's row first, so of two people at once
the second finds what the first did, and is told who and when.
"""

from __future__ import annotations

from sqlalchemy import select

from portal import clock
from portal.access import Action, Actor, members_for
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import (
    Account,
    Member,
    MessageKind,
    NumberRelease,
    Organisation,
    ReleaseState,
)
from portal.rules.member_number import group_number
from portal.rules.number_release import clean_reason
from portal.rules.text import TextFault
from portal.services import audit
from portal.services.answered import answered_by, faster, lock_for_answer
from portal.services.derived import tallied
from portal.services.member_editing import number_faults
from portal.services.members import find_member
from portal.services.messages import Letter, send_to_organisation
from portal.services.transaction import writing
from portal.services.transfers import destination, open_transfer

_DID = {
    ReleaseState.RELEASED: "已解除这个编号的占用",
    ReleaseState.DECLINED: "已退回这个申请",
    ReleaseState.WITHDRAWN: "已撤回这个申请",
}


class ReleaseRefused(PortalError):
    """What was typed can't be taken; ``field`` is where the sentences belong."""

    status = 422

    def __init__(self, field: str, faults: tuple[str, ...]) -> None:
        super().__init__(" ".join(faults))
        self.field = field
        self.faults = faults


class ReleaseOutdated(PortalError):
    """Somebody else was faster, or the number is no longer the one that was seen."""

    status = 409


def ask(
    actor: Actor, member_id: int, *, number: str, reason: str, wanted_number: str | None = None
) -> int:
    """Ask for the release of ``number``, the one that the branch saw; returns the request's id.

    ``wanted_number`` is the right one as it stands on paper, normalised. The same request sent
    twice is one. Raises ``ReleaseRefused`` or ``ReleaseOutdated``.
    """
    reason = _cleaned("words", reason)
    with writing() as session:
        member = find_member(actor, Action.ASK_RELEASE, member_id, lock=True)
        earlier = open_request(member.id)
        if earlier is not None:
            if earlier.asked_by_id == actor.account_id and earlier.reason == reason:
                return earlier.id
            raise ReleaseOutdated(
                f"{_person(earlier.asked_by_id)} 在 {clock.format_lately(earlier.asked_at)} "
                "已申请解除占用，不用再申请。请等上级团委处理。"
            )
        if (moving := open_transfer(member.id)) is not None:
            raise ReleaseOutdated(
                f"{member.name} 正在办理团组织关系转接（转到“{destination(moving)}”），"
                "办完之前不能申请解除占用，没有任何改动。请先办完或撤回转接。"
            )
        _require_number(member, number)
        if faults := wanted_faults(member, wanted_number):
            raise ReleaseRefused("wanted_number", faults)
        request = _new_request(actor, member, reason, wanted_number)
        session.add(request)
        session.flush()
        _record(actor, audit.Event.NUMBER_RELEASE_ASKED, request, reason)
        return request.id


def withdraw(actor: Actor, member_id: int) -> None:
    """Take the member's open request back. Raises ``ReleaseOutdated`` when it was decided."""
    with writing():
        member = find_member(actor, Action.ASK_RELEASE, member_id, lock=True)
        request = latest_request(member.id)
        if request is None:
            raise NotFound
        if request.state is ReleaseState.WITHDRAWN:
            return
        _require_open(request)
        _close(actor, request, ReleaseState.WITHDRAWN, "")
        _record(actor, audit.Event.NUMBER_RELEASE_WITHDRAWN, request, request.reason)


def release_asked(actor: Actor, request_id: int, *, answer: str) -> None:
    """Release the number that a branch asked for. Raises ``ReleaseOutdated``."""
    answer = _cleaned("answer", answer)
    with writing():
        member, request = _locked(actor, request_id)
        if answered_by(actor, request, ReleaseState.RELEASED):
            return
        _require_open(request)
        _require_number(member, request.number)
        _release(actor, member, request, answer)


def decline(actor: Actor, request_id: int, *, answer: str) -> None:
    """Leave the number occupied, and say why. Raises ``ReleaseOutdated``."""
    answer = _cleaned("answer", answer)
    with writing():
        _, request = _locked(actor, request_id)
        if answered_by(actor, request, ReleaseState.DECLINED):
            return
        _require_open(request)
        _close(actor, request, ReleaseState.DECLINED, answer)
        _tell(actor, request, "解除编号占用的申请已退回", "编号没有变动")
        _record(actor, audit.Event.NUMBER_RELEASE_DECLINED, request, answer)


def release_number(actor: Actor, member_id: int, *, number: str, reason: str) -> None:
    """Release ``number`` of a member without being asked; an open request is answered with it.

    Raises ``ReleaseOutdated`` when the member no longer holds the number that the person saw.
    """
    reason = _cleaned("words", reason)
    with writing() as session:
        member = find_member(actor, Action.RELEASE_NUMBER, member_id, lock=True)
        last = latest_request(member.id)
        twice = last is not None and (last.number, last.answer) == (number, reason)
        if last and twice and member.number is None and last.decided_by_id == actor.account_id:
            return
        _require_number(member, number)
        request = open_request(member.id)
        if request is None:
            request = _new_request(actor, member, reason, None)
            session.add(request)
            session.flush()
        _release(actor, member, request, reason)


def wanted_faults(member: Member, wanted: str | None) -> tuple[str, ...]:
    """What is wrong with the number that should stand there: the rules of every typed number."""
    if wanted and wanted == member.number:
        return ("这就是系统内现在的编号。请填写纸质《入团志愿书》首页上的编号，不清楚可以不填。",)
    faults, _ = number_faults(member, wanted or "", None)
    return faults


def find_request(actor: Actor, request_id: int) -> NumberRelease:
    """A request of a member in the actor's scope. Raises ``NotFound``."""
    request = db.session.scalar(
        select(NumberRelease)
        .join(Member, Member.id == NumberRelease.member_id)
        .where(NumberRelease.id == request_id, members_for(actor, Action.RELEASE_NUMBER))
    )
    if request is None:
        raise NotFound
    return request


def open_request(member_id: int) -> NumberRelease | None:
    """The request of a member that waits for an answer."""
    return db.session.scalar(
        select(NumberRelease).where(
            NumberRelease.member_id == member_id, NumberRelease.state == ReleaseState.OPEN
        )
    )


def latest_request(member_id: int) -> NumberRelease | None:
    """The newest request of a member, whatever became of it."""
    return db.session.scalar(
        select(NumberRelease)
        .where(NumberRelease.member_id == member_id)
        .order_by(NumberRelease.id.desc())
        .limit(1)
    )


def suggested_number(member: Member) -> str | None:
    """The number to offer in 修改 after a release: the one that the branch asked for."""
    if member.number is not None or member.released_number is None:
        return None
    last = latest_request(member.id)
    if last is None or last.state is not ReleaseState.RELEASED:
        return None
    return last.wanted_number


def _new_request(actor: Actor, member: Member, reason: str, wanted: str | None) -> NumberRelease:
    return NumberRelease(
        member_id=member.id,
        branch_id=member.branch_id,
        number=member.number,
        wanted_number=wanted or None,
        reason=reason,
        asked_at=clock.now(),
        asked_by_id=actor.account_id,
        state=ReleaseState.OPEN,
        answer="",
    )


def _locked(actor: Actor, request_id: int) -> tuple[Member, NumberRelease]:
    request = find_request(actor, request_id)
    return lock_for_answer(actor, Action.RELEASE_NUMBER, request), request


def _require_open(request: NumberRelease) -> None:
    if request.state is not ReleaseState.OPEN:
        raise ReleaseOutdated(faster(request, _person(request.decided_by_id), _DID))


def _require_number(member: Member, number: str) -> None:
    if member.left_reason is not None and member.left_reason.keeps_number_for_good:
        raise ReleaseOutdated(
            f"{member.name} 已转至外部系统，编号 {group_number(member.number or number)} "
            "一直为本人保留，不会给别人，不能解除占用。没有任何改动。"
        )
    if member.number is not None and member.number == number:
        return
    last = latest_request(member.id)
    if last is not None and last.number == number and last.state is ReleaseState.RELEASED:
        _require_open(last)
    now = f"现在的编号是 {group_number(member.number)}" if member.number else "现在没有编号"
    raise ReleaseOutdated(
        f"{_person(member.changed_by_id)} 在 {clock.format_lately(member.changed_at)} "
        f"修改过这名团员，{now}，您这次的操作没有保存。请核对后再办。"
    )


def _close(actor: Actor, request: NumberRelease, state: ReleaseState, answer: str) -> None:
    request.state, request.answer = state, answer
    request.decided_at, request.decided_by_id = clock.now(), actor.account_id


def _release(actor: Actor, member: Member, request: NumberRelease, answer: str) -> None:
    _close(actor, request, ReleaseState.RELEASED, answer)
    _tell(actor, request, "编号已解除占用", "请按纸质《入团志愿书》首页重新填写编号")
    with tallied(member):
        member.released_number, member.number = member.number, None
        member.version += 1
        member.changed_at = clock.now()
        member.changed_by_id = actor.account_id
    _record(actor, audit.Event.NUMBER_RELEASED, request, answer)


def _tell(actor: Actor, request: NumberRelease, subject: str, words: str) -> None:
    name = db.session.scalar(select(Member.name).where(Member.id == request.member_id))
    send_to_organisation(
        request.branch_id,
        Letter(
            MessageKind.NOTICE,
            f"{name}：{subject}",
            f"{name} 的编号 {group_number(request.number)}：{words}。\n"
            f"{actor.organisation_name}的意见：{request.answer}",
            f"/members/{request.member_id}/edit",
        ),
        actor=actor,
    )


def _record(actor: Actor, event: audit.Event, request: NumberRelease, reason: str) -> None:
    audit.record(
        actor,
        event,
        member_id=request.member_id,
        request=request.id,
        number=request.number,
        wanted_number=request.wanted_number,
        reason=reason,
    )


def _cleaned(field: str, text: str) -> str:
    cleaned = clean_reason(text)
    if isinstance(cleaned, TextFault):
        raise ReleaseRefused(field, (cleaned.message,))
    return cleaned


def _person(account_id: int | None) -> str:
    """A person with where they belong; the portal itself has no account."""
    row = db.session.execute(
        select(Account.person_name, Organisation.name)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(Account.id == account_id)
    ).one_or_none()
    return f"{row[0]}（{row[1]}）" if row else "系统"
