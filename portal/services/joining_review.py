"""加入申请, the branch's side: compare, approve, return. One after the other, no batch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from portal import clock
from portal.access import Action, Actor, joinings_for
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Account, Joining, JoiningState, Member, MessageKind
from portal.rules import masking
from portal.rules.member_number import MemberNumber, is_new_member
from portal.rules.outside import NATIONWIDE, place_words
from portal.runtime import runtime
from portal.services import audit
from portal.services.derived import enter
from portal.services.joining import JoiningMoved, decided_by, faults_of_number, moved_words
from portal.services.joining_fields import LABELS, sent_values
from portal.services.joining_queue import neighbour
from portal.services.member_editing import NumberRefused
from portal.services.messages import Letter, send_to_account
from portal.services.transaction import once_more_if_taken, writing

REASON_LENGTH = 500


class ReasonNeeded(PortalError):
    """Returned without saying why."""

    status = 422

    def __init__(self) -> None:
        super().__init__("请选择或写明退回的原因，申请人会看到并照着更正。")


class NotCompared(PortalError):
    """Approved without having compared it with the paper."""

    status = 422

    def __init__(self) -> None:
        super().__init__(
            "还没有通过。请把三项都与纸质《入团志愿书》（从外部转入的与回执或介绍信）核对，"
            "逐项打勾后再点“通过”。"
        )


class TakenBack(PortalError):
    """The applicant took it back, and has not sent it again."""

    status = 404

    def __init__(self, at: datetime) -> None:
        super().__init__(
            f"申请人在 {clock.format_lately(at)} 撤回了这份申请，还没有重新提交。"
            "没有任何改动，也不用审核；重新提交后会再出现在“加入申请”里。"
        )


@dataclass(frozen=True, slots=True)
class Correction:
    """A field that the applicant changed after it was returned."""

    label: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Review:
    """An application beside the paper."""

    joining: Joining
    masked_id_number: str
    number_faults: tuple[str, ...]
    corrections: tuple[Correction, ...]
    decided_by: str
    will_owe_form: bool  # once approved
    hint: str  # what to look at twice; empty: nothing
    previous_id: int | None
    next_id: int | None


def find_joining(actor: Actor, joining_id: int, *, lock: bool = False) -> Joining:
    """An application sent to the actor's branch. Raises ``NotFound`` or ``TakenBack``."""
    query = select(Joining).where(
        Joining.id == joining_id, joinings_for(actor, Action.REVIEW_JOININGS)
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    joining = db.session.scalar(query)
    if joining is None:
        at = db.session.scalar(
            select(Joining.changed_at).where(
                Joining.id == joining_id,
                Joining.branch_id == actor.organisation_id,
                Joining.state == JoiningState.DRAFT,
                Joining.sent_at.is_not(None),
            )
        )
        raise TakenBack(at) if at else NotFound
    return joining


def review(actor: Actor, joining_id: int) -> Review:
    """What the branch compares with the paper, and its neighbours in the queue."""
    joining = find_joining(actor, joining_id)
    sealed, person = joining.id_number_sealed, joining.id_number_hash
    id_number = ""
    if sealed is not None and person is not None:
        id_number = runtime().vault.open(sealed, b"member.id_number:" + person)
    waiting = joining.state is JoiningState.SENT
    return Review(
        joining=joining,
        masked_id_number=masking.mask_id_number(id_number) if id_number else "",
        number_faults=_number_faults(joining) if waiting else (),
        corrections=_corrections(joining),
        decided_by=decided_by(joining) if joining.decided_by_id else "",
        will_owe_form=joining.joined is not None
        and is_new_member(joining.number, joining.joined, runtime().policy),
        hint=_hint(joining) if waiting else "",
        previous_id=neighbour(actor, joining, forwards=False) if waiting else None,
        next_id=neighbour(actor, joining, forwards=True) if waiting else None,
    )


def approve(actor: Actor, joining_id: int, version: int, *, compared: bool) -> int:
    """Make the applicant a member; the number is occupied from now on. Returns the member's id.

    Raises ``NotCompared``, ``JoiningMoved`` when somebody was faster, or ``NumberRefused`` when
    the number was taken in the meantime; then nothing has changed.
    """
    if not compared:
        raise NotCompared
    return once_more_if_taken(lambda: _approve(actor, joining_id, version))


def send_back(actor: Actor, joining_id: int, version: int, reason: str) -> None:
    """退回: the applicant sees the reason, corrects and sends again.

    Raises ``ReasonNeeded`` or ``JoiningMoved``.
    """
    if not reason.strip():
        raise ReasonNeeded
    with writing():
        joining = _waiting(actor, joining_id, version)
        joining.returned_fields = sent_values(joining)
        joining.reason = reason.strip()[:REASON_LENGTH]
        _decide(actor, joining, JoiningState.RETURNED)
        _tell(
            joining,
            "加入申请已退回",
            f"{actor.organisation_name}退回了您的加入申请，请更正后重新提交。\n原因：{joining.reason}",
        )
        audit.record(
            actor,
            audit.Event.JOINING_RETURNED,
            joining_id=joining.id,
            reason=joining.reason,
        )


def _approve(actor: Actor, joining_id: int, version: int) -> int:
    with writing() as session:
        joining = _waiting(actor, joining_id, version)
        faults = _number_faults(joining)
        if faults:
            raise NumberRefused(faults)
        member = _member_of(joining, actor)
        enter(member)
        joining.member_id = member.id
        joining.id_number_sealed = joining.id_number_hash = None
        joining.phone_sealed = joining.phone_hash = None
        _decide(actor, joining, JoiningState.APPROVED)
        _tell(
            joining,
            "加入申请已通过",
            f"{actor.organisation_name}通过了您的加入申请，您现在可以查看自己的团员证。"
            + ("从外部转入的不需要上传《入团志愿书》。" if joining.moved_in else ""),
        )
        session.execute(
            update(Account)
            .where(Account.joining_id == joining.id)
            .values(joining_id=None, member_id=member.id)
        )
        audit.record(
            actor,
            audit.Event.JOINING_APPROVED,
            member_id=member.id,
            joining_id=joining.id,
            number=member.number,
            moved_in=joining.moved_in,
        )
        return member.id


def _tell(joining: Joining, subject: str, body: str) -> None:
    """Tell the person, if they have an account (the demo's have none).

    The link leads to their first page, which changes with what they are.
    """
    account = db.session.scalar(select(Account.id).where(Account.joining_id == joining.id))
    if account is not None:
        send_to_account(account, Letter(MessageKind.NOTICE, subject, body, "/"))


def _member_of(joining: Joining, actor: Actor) -> Member:
    assert joining.branch_id is not None
    assert joining.joined is not None
    assert joining.id_number_sealed is not None
    assert joining.id_number_hash is not None
    assert joining.phone_sealed is not None
    assert joining.phone_hash is not None
    return Member(
        branch_id=joining.branch_id,
        name=joining.name,
        pinyin=joining.pinyin,
        initials=joining.initials,
        sex=joining.sex,
        birth_date=joining.birth_date,
        ethnicity=joining.ethnicity or "",
        political_status=joining.political_status or "",
        education=joining.education or "",
        email=joining.email,
        fee_cents=0,
        is_student=bool(joining.is_student),
        joined=joining.joined,
        approved_on=joining.approved_on,
        number=joining.number,
        former_place=joining.former_place if joining.moved_in else None,
        former_organisation=joining.former_organisation if joining.moved_in else None,
        id_number_sealed=joining.id_number_sealed,
        id_number_hash=joining.id_number_hash,
        phone_sealed=joining.phone_sealed,
        phone_hash=joining.phone_hash,
        version=1,
        changed_at=clock.now(),
        changed_by_id=actor.account_id,
    )


def _waiting(actor: Actor, joining_id: int, version: int) -> Joining:
    joining = find_joining(actor, joining_id, lock=True)
    if joining.state is not JoiningState.SENT or joining.version != version:
        raise JoiningMoved(
            "申请人撤回后又提交过，内容可能有变化。"
            if joining.state is JoiningState.SENT
            else moved_words(joining)
        )
    return joining


def _decide(actor: Actor, joining: Joining, state: JoiningState) -> None:
    joining.state, joining.version = state, joining.version + 1
    joining.decided_at, joining.decided_by_id = clock.now(), actor.account_id
    joining.changed_at = joining.decided_at


def _number_faults(joining: Joining) -> tuple[str, ...]:
    if joining.number is None or joining.joined is None:
        return ()
    return faults_of_number(joining, joining.number, joining.joined)


def _hint(joining: Joining) -> str:
    """Of who comes from outside: the number need not be of the place they come from."""
    number = MemberNumber.parse(joining.number or "")
    if not joining.moved_in or number is None or joining.former_place in (None, NATIONWIDE):
        return ""
    if number.province == joining.former_place or not place_words(number.province):
        return ""
    return (
        f"编号是{place_words(number.province)}的，转出地填的是{place_words(joining.former_place)}。"
        "入团后转过组织的会这样，请对照回执或介绍信再看一眼。"
    )


def _corrections(joining: Joining) -> tuple[Correction, ...]:
    if joining.returned_fields is None:
        return ()
    now = sent_values(joining)
    return tuple(
        Correction(label, joining.returned_fields[name], now[name])
        for name, label in LABELS.items()
        if joining.returned_fields.get(name, now[name]) != now[name]
    )
