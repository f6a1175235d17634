"""团组织关系转接: who has a transfer next, how long it may be open, and its words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from portal.rules.number_release import clean_reason
from portal.rules.text import TextFault

OPEN_DAYS = 10
"""So many days after it was asked a transfer is open; that day still counts."""

REMIND_DAYS = (3, 1)
"""Days left on which who has it is reminded."""

USUAL_REASONS: tuple[str, ...] = (
    "升学或转学",
    "毕业后参加工作",
    "工作单位变动",
    "调整班级或团支部",
    "居住地变动",
)
OTHER_REASON = "其他"


class TransferKind(StrEnum):
    """Where a transfer leads."""

    INSIDE = "inside"
    OUTSIDE = "outside"

    @property
    def label(self) -> str:
        """The words on the page."""
        return _KIND_LABELS[self]


class TransferState(StrEnum):
    """What became of a transfer; while it is open, ``Turn`` says who has it."""

    OPEN = "open"
    DONE = "done"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    STOPPED = "stopped"  # by something else that happened: set aside, merged

    @property
    def label(self) -> str:
        """The words on the page."""
        return _STATE_LABELS[self]


class Turn(StrEnum):
    """Who has an open transfer, or had it when it ended."""

    RELEASING = "releasing"
    RECEIVING = "receiving"
    COMMITTEE = "committee"
    RECEIPT = "receipt"

    @property
    def label(self) -> str:
        """The step, as its heading calls it."""
        return _TURN_LABELS[self]


class StepKind(StrEnum):
    """What happened to a transfer."""

    ASKED = "asked"
    AGREED = "agreed"
    DONE = "done"
    RECEIVED = "received"  # the outside system's receipt was entered
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    STOPPED = "stopped"
    MERGED = "merged"  # one of its branches was merged into another one

    @property
    def label(self) -> str:
        """The words in the list of steps."""
        return _STEP_LABELS[self]


_KIND_LABELS = {TransferKind.INSIDE: "京内转接", TransferKind.OUTSIDE: "转至外部系统"}
_STATE_LABELS = {
    TransferState.OPEN: "办理中",
    TransferState.DONE: "已完成",
    TransferState.DECLINED: "未同意",
    TransferState.WITHDRAWN: "已撤回",
    TransferState.EXPIRED: "到期未办完",
    TransferState.STOPPED: "已终止",
}
_TURN_LABELS = {
    Turn.RELEASING: "转出团支部同意",
    Turn.RECEIVING: "转入团支部同意",
    Turn.COMMITTEE: "区级团委审核",
    Turn.RECEIPT: "登记外部系统回执",
}
_STEP_LABELS = {
    StepKind.ASKED: "申请",
    StepKind.AGREED: "同意",
    StepKind.DONE: "同意，转接完成",
    StepKind.RECEIVED: "登记回执，转接完成",
    StepKind.DECLINED: "不同意",
    StepKind.WITHDRAWN: "撤回",
    StepKind.EXPIRED: "到期未办完，自动结束",
    StepKind.STOPPED: "终止",
    StepKind.MERGED: "组织合并",
}

_TURNS: Mapping[TransferKind, tuple[Turn, ...]] = {
    TransferKind.INSIDE: (Turn.RELEASING, Turn.RECEIVING),
    TransferKind.OUTSIDE: (Turn.RELEASING, Turn.COMMITTEE, Turn.RECEIPT),
}


def turns_of(kind: TransferKind, *, by_member: bool) -> tuple[Turn, ...]:
    """Who has to act, one after the other. What a branch asks, it has agreed to."""
    turns = _TURNS[kind]
    return turns if by_member else turns[1:]


def turn_after(kind: TransferKind, turn: Turn) -> Turn | None:
    """Whose turn it is when ``turn`` is done; None: then the transfer is done."""
    turns = _TURNS[kind]
    following = turns.index(turn) + 1
    return turns[following] if following < len(turns) else None


def last_day(asked_on: date) -> date:
    """The last day on which a transfer that was asked on ``asked_on`` can be decided."""
    return asked_on + timedelta(days=OPEN_DAYS)


def is_overdue(ends_on: date, today: date) -> bool:
    """Whether an open transfer has ended by its time, written down or not."""
    return today > ends_on


def state_on(state: TransferState, ends_on: date, today: date) -> TransferState:
    """What a transfer counts as: an open one that is overdue has expired at once."""
    if state is TransferState.OPEN and is_overdue(ends_on, today):
        return TransferState.EXPIRED
    return state


def reminder_due(ends_on: date, today: date) -> int | None:
    """The step of ``REMIND_DAYS`` that an open transfer has come to; None: not yet, or too late."""
    left = (ends_on - today).days
    reached = [days for days in REMIND_DAYS if 0 <= left <= days]
    return min(reached, default=None)


def time_left(ends_on: date, today: date) -> str:
    """剩 3 天, 今天截止 or 已到期."""
    left = (ends_on - today).days
    if left < 0:
        return "已到期"
    return f"剩 {left} 天" if left else "今天截止"


def asked_reason(choice: str, words: str) -> str | TextFault:
    """Why a transfer is asked for: a usual reason, with or without more words, or words alone."""
    if choice not in (*USUAL_REASONS, OTHER_REASON):
        return TextFault("请选择转接的原因。")
    words = words.strip()
    if choice == OTHER_REASON:
        return clean_reason(words) if words else TextFault("选“其他”时，请写明转接的原因。")
    return clean_reason(f"{choice}：{words}" if words else choice)
