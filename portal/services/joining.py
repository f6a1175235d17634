"""加入申请, the applicant's side: choose a branch, fill in, save, send, take back, correct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from portal import clock
from portal.access import Action, Actor, joinings_for
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import Joining, JoiningState, MessageKind, Organisation
from portal.rules.age import AgeAnswer, joining_age
from portal.rules.deadlines import format_month
from portal.rules.outside import wrong_application
from portal.runtime import runtime
from portal.services import audit
from portal.services.accounts import person_named_by
from portal.services.branch_choice import is_open, open_branch
from portal.services.joining_fields import (
    LABELS,
    MOVED_IN_ONLY,
    JoiningFields,
    drop_other_kind,
    fill,
)
from portal.services.member_editing import typed_number_faults
from portal.services.messages import Letter, send_to_organisation
from portal.services.transaction import writing
from portal.services.tree_lock import hold_tree

OPEN_STATES = frozenset({JoiningState.DRAFT, JoiningState.RETURNED})
"""The states in which the applicant can change the application."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved an application, and when."""

    who: str
    at: datetime


NEWS = timedelta(days=30)
"""So long a new member's card says who approved the application."""


class JoiningMoved(PortalError):
    """The application is not what the page showed: sent, returned or approved since."""

    status = 409

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}这次没有保存，没有任何改动。请看下面现在的情况。")


class JoiningIncomplete(PortalError):
    """Something is missing or wrong; ``faults`` has a sentence for each field."""

    status = 422

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("还没有提交。" + "".join(faults.values()))
        self.faults = faults


def own_joining(actor: Actor, *, lock: bool = False) -> Joining:
    """The actor's own application."""
    query = select(Joining).where(joinings_for(actor, Action.APPLY))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound
    return found


def choose_branch(actor: Actor, branch_id: int) -> None:
    """Apply to this branch. Raises ``NotFound``, ``ClosedToJoining`` or ``JoiningMoved``."""
    with writing():
        joining = _changeable(actor)
        chosen = open_branch(branch_id).id
        if joining.state is JoiningState.DRAFT and chosen != joining.branch_id:
            joining.sent_at = None  # to this one it never was
        joining.branch_id = chosen
        _touch(joining)


def choose_kind(
    actor: Actor, *, moved_in: bool, version: int | None = None, wanted: JoiningFields | None = None
) -> None:
    """Say where the applicant joined: here, or outside (从外部转入). Raises ``JoiningMoved``.

    ``wanted`` is what was filled in before, which is kept until the application is sent.
    """
    with writing():
        joining = _changeable(actor, version)
        if wanted is not None:
            fill(joining, wanted)
        joining.moved_in = moved_in
        _touch(joining)


def save(actor: Actor, version: int, wanted: JoiningFields) -> None:
    """Keep what is filled in so far, to go on later. Raises ``JoiningMoved``."""
    with writing():
        joining = _changeable(actor, version)
        fill(joining, wanted)
        _touch(joining)


def send(actor: Actor, version: int, wanted: JoiningFields, *, age_confirmed: bool) -> None:
    """Send the application to its branch.

    Raises ``JoiningIncomplete`` (what is filled in is kept all the same) or ``JoiningMoved``.
    """
    with writing():
        hold_tree()  # no branch is closed while an application goes to it
        joining = _changeable(actor, version)
        fill(joining, wanted)
        _touch(joining)
        faults = _faults(joining, age_confirmed)
        if not faults:
            drop_other_kind(joining)
            joining.state, joining.sent_at = JoiningState.SENT, clock.now()
            joining.decided_at = joining.decided_by_id = None
            assert joining.branch_id is not None
            send_to_organisation(
                joining.branch_id,
                Letter(
                    MessageKind.NOTICE,
                    f"{joining.name} 提交了加入申请",
                    f"{joining.name} 从外部系统转入，申请加入本支部，请对照转接回执或介绍信审核。"
                    if joining.moved_in
                    else f"{joining.name} 申请加入本支部，请对照纸质《入团志愿书》审核。",
                    f"/joinings/{joining.id}",
                ),
            )
            audit.record(
                actor,
                audit.Event.JOINING_SENT,
                joining_id=joining.id,
                branch_id=joining.branch_id,
                number=joining.number,
                moved_in=joining.moved_in,
            )
    if faults:
        raise JoiningIncomplete(faults)


def take_back(actor: Actor) -> None:
    """撤回: make the sent application a draft again. Raises ``JoiningMoved``."""
    with writing():
        joining = own_joining(actor, lock=True)
        if joining.state in OPEN_STATES:
            return  # a double click
        if joining.state is not JoiningState.SENT:
            raise JoiningMoved(moved_words(joining))
        joining.state = JoiningState.DRAFT
        _touch(joining)
        audit.record(actor, audit.Event.JOINING_TAKEN_BACK, joining_id=joining.id)


def number_faults(actor: Actor, text: str, joined: date | None) -> tuple[str, ...]:
    """What is wrong with a number while the applicant types it."""
    joining = own_joining(actor)
    return faults_of_number(joining, text, joined or joining.joined or clock.today())


def faults_of_number(joining: Joining, text: str, joined: date) -> tuple[str, ...]:
    """What is wrong with a number in this application: a sentence each."""
    other = wrong_application(text, joined, moved_in=joining.moved_in, policy=runtime().policy)
    if other is not None:
        return (other,)
    path = db.session.scalar(select(Organisation.path).where(Organisation.id == joining.branch_id))
    return typed_number_faults(text, joined, path or "/")


def age_answer(joining: Joining, joined: date | None) -> AgeAnswer:
    """What the applicant's age in the joining month means."""
    if joined is None:
        return AgeAnswer.FINE
    return joining_age(joining.birth_date, joined, runtime().settings.age_policy)


def decided_by(joining: Joining) -> str:
    """The name of who decided on it."""
    return person_named_by(joining.decided_by_id)


def approval_of(member_id: int) -> Approval | None:
    """Who approved a member's application and when, while that is news; else None."""
    found = db.session.scalar(
        select(Joining).where(
            Joining.member_id == member_id, Joining.decided_at > clock.now() - NEWS
        )
    )
    if found is None or found.decided_at is None:
        return None
    return Approval(decided_by(found), found.decided_at)


def moved_words(joining: Joining) -> str:
    """Who did what to an application since the page was opened, as the start of a sentence."""
    if joining.state is JoiningState.SENT:
        return "申请已经提交，正在等支部审核。"
    if joining.decided_at is None or joining.state is JoiningState.DRAFT:
        return (
            f"申请在 {clock.format_lately(joining.changed_at)} 被修改过（可能是在另一个窗口里）。"
        )
    done = "通过" if joining.state is JoiningState.APPROVED else "退回"
    return f"{decided_by(joining)} 在 {clock.format_lately(joining.decided_at)} 已{done}这份申请。"


def _changeable(actor: Actor, version: int | None = None) -> Joining:
    joining = own_joining(actor, lock=True)
    if joining.state not in OPEN_STATES or version not in (None, joining.version):
        raise JoiningMoved(moved_words(joining))
    return joining


def _touch(joining: Joining) -> None:
    joining.version += 1
    joining.changed_at = clock.now()


def _faults(joining: Joining, age_confirmed: bool) -> dict[str, str]:
    """What stands against sending, a sentence a field."""
    asked = ["ethnicity", "political_status", "education", "is_student", "joined"]
    if joining.moved_in:
        asked += MOVED_IN_ONLY
    faults = {name: f"请填写{LABELS[name]}。" for name in asked if getattr(joining, name) is None}
    if joining.branch_id is None:
        faults["branch_id"] = "请先选择要加入的团支部。"
    elif not is_open(joining.branch_id):
        faults["branch_id"] = "这个支部现在不接收加入申请。请换一个支部，或联系它的管理员。"
    if joining.joined is not None:
        faults |= _dated_faults(joining, joining.joined, age_confirmed)
    return faults


def _dated_faults(joining: Joining, joined: date, age_confirmed: bool) -> dict[str, str]:
    faults = {}
    policy = runtime().policy
    answer = age_answer(joining, joined)
    if answer is AgeAnswer.REFUSED:
        faults["joined"] = (
            f"按身份证号，{format_month(joined)} 时年龄太小，不能入团。请核对入团年月；"
            "如果纸质《入团志愿书》上确实如此，请联系本支部由上级团委处理。"
        )
    elif answer is AgeAnswer.QUESTION and not age_confirmed:
        faults["age_confirmed"] = (
            "入团时的年龄不在 14 到 28 周岁之间。请核对入团年月，没有错的话请在下面勾选确认。"
        )
    if joining.number:
        wrong = faults_of_number(joining, joining.number, joined)
        if wrong:
            faults["number"] = "".join(wrong)
    elif joined.year >= policy.twelve_digits_since:
        asked = "转出的团支部" if joining.moved_in else "所在团支部"
        faults["number"] = f"请填写发展团员编号，在纸质《入团志愿书》首页；找不到请问{asked}。"
    if joining.moved_in:
        return faults
    if joining.approved_on is None and joined.year >= policy.first_new_year:
        faults["approved_on"] = "请填写上级团委审批日期，在纸质《入团志愿书》上级团委意见一栏。"
    return faults
