"""The record's sentences about transfers (``record_sentences``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from portal.rules.transfers import TransferKind, Turn
from portal.services.audit import Event
from portal.services.record_told import Told


def _where(told: Told) -> str:
    kind = told.of("kind")
    outside = "外部系统的 " if kind == TransferKind.OUTSIDE else ""
    return f"转到 {outside}{told.words('target') or '不详'}"


def _because(told: Told) -> str:
    return f"，原因：{told.words('reason')}" if told.words("reason") else ""


def _at(told: Told) -> str:
    turn = told.of("turn")
    return f"（停在：{Turn(turn).label}）" if turn in list(Turn) else ""


TRANSFER_SENTENCES: Mapping[Event, Callable[[Told], str]] = {
    Event.TRANSFER_ASKED: lambda told: (
        f"申请把 {told.whom} 的团组织关系{_where(told)}{_because(told)}"
    ),
    Event.TRANSFER_PASSED_ON: lambda told: f"同意 {told.whom} {_where(told)}",
    Event.TRANSFER_DECLINED: lambda told: f"没有同意 {told.whom} {_where(told)}{_because(told)}",
    Event.TRANSFER_TURNED_AWAY: lambda told: (
        f"没有同意接收 {told.words('source') or '别的团支部'} 的 "
        f"{told.words('name') or '一名团员'} 转入{_because(told)}"
    ),
    Event.TRANSFER_WITHDRAWN: lambda told: f"撤回了 {told.whom} {_where(told)} 的申请",
    Event.TRANSFER_EXPIRED: lambda told: (
        f"{told.whom} {_where(told)} 的申请到期未办完，自动结束{_at(told)}"
    ),
    Event.TRANSFER_STOPPED: lambda told: (
        f"{told.whom} {_where(told)} 的申请已终止{_at(told)}{_because(told)}"
    ),
    Event.MEMBER_LEFT_BRANCH: lambda told: f"同意接收，{told.whom} 已{_where(told)}",
    Event.MEMBER_ARRIVED: lambda told: (
        f"接收了 {told.whom}，从 {told.words('source') or '别的团支部'} 转入"
    ),
    Event.MEMBER_MOVED_OUTSIDE: lambda told: (
        f"登记了 {told.whom} {_where(told)} 的回执，转接完成：{told.words('receipt') or '编号不详'}"
    ),
    Event.MEMBER_CAME_BACK: lambda told: (
        f"登记了 {told.whom} 从外部系统的 {told.words('source') or '别的组织'} 转回，"
        f"凭证：{told.words('proof') or '不详'}"
    ),
}
