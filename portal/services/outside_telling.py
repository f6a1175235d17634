"""What is told of a transfer to an outside system, in the transaction of what it tells of."""

from __future__ import annotations

from portal.access import Actor, Role
from portal.models import Member, Transfer
from portal.rules.member_number import group_number
from portal.rules.transfers import Turn
from portal.services.transfer_telling import OWN_PAGE, to_member, to_organisation
from portal.services.transfers import name_of


def waiting(actor: Actor, member: Member, transfer: Transfer) -> None:
    """Tell who has it now that they have it, and the member unless they have just asked."""
    where = f"{transfer.province} {transfer.receiver}"
    source, holder = name_of(transfer.from_branch_id), name_of(transfer.held_by_id)
    until = f"请在 {transfer.ends_on}（含当天）之前办理，过后自动结束。"
    if transfer.turn is Turn.RELEASING:
        subject = f"{member.name} 申请转至外部系统"
        body = f"{member.name} 申请把团组织关系从本支部转至外部系统：{where}。"
    elif transfer.turn is Turn.COMMITTEE:
        subject = f"{member.name} 转至外部系统的申请等待审核"
        body = f"{source}的 {member.name} 要把团组织关系转至外部系统：{where}，团支部已同意。"
    else:
        subject = f"{member.name} 转至外部系统：请登记回执"
        body = (
            f"{actor.organisation_name}已同意 {member.name} 转至外部系统：{where}。"
            "请在外部系统办理，对方接收后把回执的编号和日期登记进来，转接才算完成。"
        )
    if transfer.held_by_id != actor.organisation_id or actor.role is Role.MEMBER:
        body = f"{body}\n原因：{transfer.reason}\n{until}"
        to_organisation(transfer.held_by_id, actor, transfer, subject, body)
    if actor.role is Role.MEMBER:
        return
    if transfer.turn is Turn.COMMITTEE:
        done = "已同意" if transfer.by_member else f"为您申请了转至外部系统（{where}）"
        said = f"{source}{done}，现在等待{holder}审核"
    else:
        said = f"{actor.organisation_name}已同意，等待登记外部系统的回执。拿到回执后请交给{source}"
    to_member(
        actor,
        member,
        f"转至外部系统：{transfer.turn.label}",
        f"{said}。最迟 {transfer.ends_on}，过后自动结束。",
    )


def arrived(actor: Actor, member: Member, transfer: Transfer, committee_id: int) -> None:
    """Tell the branch, the committee that agreed, and the member that it is done."""
    where = f"{transfer.province} {transfer.receiver}"
    for organisation_id in (transfer.from_branch_id, committee_id):
        if organisation_id != actor.organisation_id:
            to_organisation(
                organisation_id,
                actor,
                transfer,
                f"{member.name} 已转至外部系统",
                f"{actor.organisation_name}登记了 {member.name} 转至 {where} 的回执，转接完成。"
                "这名团员不再出现在“我的团员”和统计里，信息和《入团志愿书》保留，只能查看。",
            )
    kept = f"编号 {group_number(member.number)} 一直为您保留，不会给别人。" if member.number else ""
    to_member(
        actor,
        member,
        "已转至外部系统",
        f"您的团组织关系已转至 {where}。{kept}您仍可登录查看自己的团员证和《入团志愿书》。",
        OWN_PAGE,
    )
