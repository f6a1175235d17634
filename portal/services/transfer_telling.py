"""What both sides and the member are told of a transfer, in the transaction of what it tells of."""

from __future__ import annotations

from sqlalchemy import select

from portal import clock
from portal.access import Actor, Role
from portal.extensions import db
from portal.models import Member, MessageKind, Organisation, Transfer, TransferStep
from portal.rules.transfers import StepKind, TransferKind, time_left
from portal.services.messages import Letter, send_to_member, send_to_organisation

OWN_PAGE = "/card/transfer"
"""Where a member sees how their transfer stands."""


def page_of(transfer: Transfer) -> str:
    """Where an organisation sees it."""
    return f"/transfers/{transfer.id}"


def waiting(actor: Actor, member: Member, transfer: Transfer) -> None:
    """Tell who has it that they have it, and the member unless they have just asked."""
    where, source = _target(transfer), _name(transfer.from_branch_id)
    until = f"请在 {transfer.ends_on}（含当天）之前办理，过后自动结束。"
    if transfer.held_by_id == transfer.from_branch_id:
        subject = f"{member.name} 申请转出到 {where}"
        body = f"{member.name} 申请把团组织关系从本支部转到 {where}。"
    else:
        subject = f"{member.name} 的团组织关系转接等待办理"
        body = f"{source}的 {member.name} 要把团组织关系转到 {where}，{source}已同意。"
    to_organisation(
        transfer.held_by_id, actor, transfer, subject, f"{body}\n原因：{transfer.reason}\n{until}"
    )
    if actor.role is not Role.MEMBER:
        agreed = "已同意您转出" if transfer.by_member else f"为您申请了转到 {where}"
        to_member(
            actor,
            member,
            f"团组织关系转接：等待{_name(transfer.held_by_id)}办理",
            f"{source}{agreed}，现在等待{_name(transfer.held_by_id)}办理，"
            f"最迟 {transfer.ends_on}，过后自动结束。",
        )


def arrived(actor: Actor, member: Member, transfer: Transfer) -> None:
    """Tell both branches and the member that the member is with the new branch now."""
    source, target = _name(transfer.from_branch_id), _target(transfer)
    to_organisation(
        transfer.from_branch_id,
        actor,
        transfer,
        f"{member.name} 已转出到 {target}",
        f"{member.name} 的团组织关系已转到 {target}，编号、《入团志愿书》和检查结果一并转走，"
        "今后由对方团支部管理，不再出现在“我的团员”里。",
    )
    assert transfer.to_branch_id is not None
    send_to_organisation(
        transfer.to_branch_id,
        Letter(
            MessageKind.NOTICE,
            f"{member.name} 已转入本支部",
            f"{member.name} 的团组织关系已从 {source}转入本支部，编号、《入团志愿书》和检查结果一并"
            "转来。请核对信息；《入团志愿书》今后由本支部上传和更换。",
            f"/members/{member.id}",
        ),
        actor=actor,
    )
    to_member(
        actor,
        member,
        f"团组织关系已转到 {target}",
        f"{target}已同意接收，您的团组织关系已从 {source}转到 {target}，编号不变。",
        "/card",
    )


def declined(actor: Actor, member: Member, transfer: Transfer) -> None:
    """Tell the member, and the releasing branch if it was the other side, why not."""
    said = f"{actor.organisation_name}没有同意，原因：{transfer.answer}\n"
    _tell_sides(
        actor,
        transfer,
        f"{member.name} 的团组织关系转接没有被同意",
        f"{said}{member.name} 仍在 {_name(transfer.from_branch_id)}，没有任何变动。",
    )
    to_member(
        actor,
        member,
        "团组织关系转接没有被同意",
        f"{said}您仍在 {_name(transfer.from_branch_id)}，没有任何变动。需要时可以重新申请。",
    )


def withdrawn(actor: Actor, member: Member, transfer: Transfer) -> None:
    """Tell who had it, and everybody who had agreed, that it was withdrawn."""
    by = "本人" if actor.role is Role.MEMBER else actor.organisation_name
    _tell_sides(
        actor,
        transfer,
        f"{member.name} 的团组织关系转接已撤回",
        f"{by}撤回了 {member.name} 转到 {_target(transfer)} 的申请，不用再办理。",
    )
    if actor.role is not Role.MEMBER:
        to_member(
            actor,
            member,
            "团组织关系转接已撤回",
            f"{by}撤回了把您转到 {_target(transfer)} 的申请。您仍在原团支部，没有任何变动。",
        )


def expired(member: Member, transfer: Transfer) -> None:
    """Tell everybody that it ended by itself, and with whom it lay."""
    lay = f"到 {transfer.ends_on} 没有办完（停在：{transfer.turn.label}），已自动结束"
    _tell_sides(
        None,
        transfer,
        f"{member.name} 的团组织关系转接到期未办完",
        f"{member.name} 转到 {_target(transfer)} 的申请{lay}。团员仍在 "
        f"{_name(transfer.from_branch_id)}；需要时请重新申请。",
    )
    to_member(
        None,
        member,
        "团组织关系转接到期未办完",
        f"您转到 {_target(transfer)} 的申请{lay}。您仍在原团支部，需要时可以重新申请，"
        "也可以先联系对方团支部。",
    )


def stopped(actor: Actor, member: Member, transfer: Transfer) -> None:
    """Tell everybody that something else ended it."""
    about = f"{member.name} 转到 {_target(transfer)} 的申请已终止"
    _tell_sides(actor, transfer, about, f"{about}：{transfer.answer}")
    to_member(actor, member, "团组织关系转接已终止", f"您的转接申请已终止：{transfer.answer}")


def remind(member_name: str, transfer: Transfer, days: int) -> bool:
    """Remind who has it; False if they were, at this step."""
    return send_to_organisation(
        transfer.held_by_id,
        Letter(
            MessageKind.REMINDER,
            f"{member_name} 的团组织关系转接{time_left(transfer.ends_on, clock.today())}",
            f"{member_name} 转到 {_target(transfer)} 的申请还在等本组织办理"
            f"（{transfer.turn.label}），最迟 {transfer.ends_on}，过后自动结束。",
            page_of(transfer),
        ),
        once=f"transfer {transfer.id} {transfer.turn} {days}",
    )


def to_organisation(
    organisation_id: int, actor: Actor | None, transfer: Transfer, subject: str, body: str
) -> None:
    """Tell an organisation; the link leads to the transfer."""
    letter = Letter(MessageKind.NOTICE, subject, body, page_of(transfer))
    send_to_organisation(organisation_id, letter, actor=actor)


def to_member(
    actor: Actor | None, member: Member, subject: str, body: str, url: str = OWN_PAGE
) -> None:
    """Tell the member, if they have an account."""
    send_to_member(member.id, Letter(MessageKind.NOTICE, subject, body, url), actor=actor)


def _tell_sides(actor: Actor | None, transfer: Transfer, subject: str, body: str) -> None:
    """Tell the releasing side, and who has or had it, each unless it is who acts."""
    sides = {transfer.from_branch_id: None, transfer.held_by_id: None}
    if transfer.kind is TransferKind.INSIDE and transfer.passed_on_at and transfer.to_branch_id:
        sides[transfer.to_branch_id] = None
    sides.update(dict.fromkeys(_agreed(transfer)))
    acting = actor.organisation_id if actor and actor.role is not Role.MEMBER else None
    for organisation_id in sides:
        if organisation_id != acting:
            to_organisation(organisation_id, actor, transfer, subject, body)


def _agreed(transfer: Transfer) -> list[int]:
    """Who has agreed so far: of one to an outside system, the committee too."""
    query = select(TransferStep.organisation_id).where(
        TransferStep.transfer_id == transfer.id,
        TransferStep.kind == StepKind.AGREED,
        TransferStep.organisation_id.is_not(None),
    )
    return [one for one in db.session.scalars(query) if one is not None]


def _target(transfer: Transfer) -> str:
    return _name(transfer.to_branch_id) if transfer.to_branch_id else transfer.receiver


def _name(organisation_id: int) -> str:
    return db.session.get_one(Organisation, organisation_id).name
