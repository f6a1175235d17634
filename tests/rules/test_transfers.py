"""团组织关系转接: whose turn it is, and how long a transfer is open."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.rules.text import TextFault
from portal.rules.transfers import (
    OPEN_DAYS,
    OTHER_REASON,
    REMIND_DAYS,
    USUAL_REASONS,
    StepKind,
    TransferKind,
    TransferState,
    Turn,
    asked_reason,
    is_overdue,
    last_day,
    reminder_due,
    state_on,
    time_left,
    turn_after,
    turns_of,
)

DAY = st.dates(date(2020, 1, 1), date(2090, 1, 1))
LATER = st.integers(0, 40)


@given(asked_on=DAY, later=LATER)
def test_a_transfer_is_open_for_ten_days_and_that_day_counts(asked_on: date, later: int) -> None:
    today, ends_on = asked_on + timedelta(days=later), last_day(asked_on)
    assert is_overdue(ends_on, today) is (later > OPEN_DAYS)
    expected = TransferState.EXPIRED if later > 10 else TransferState.OPEN
    assert state_on(TransferState.OPEN, ends_on, today) is expected


@given(asked_on=DAY, later=LATER, state=st.sampled_from(list(TransferState)))
def test_what_has_ended_does_not_expire(asked_on: date, later: int, state: TransferState) -> None:
    counted = state_on(state, last_day(asked_on), asked_on + timedelta(days=later))
    assert counted is state or state is TransferState.OPEN


@given(asked_on=DAY)
def test_each_reminder_comes_once_and_none_after_the_end(asked_on: date) -> None:
    steps = [
        reminder_due(last_day(asked_on), asked_on + timedelta(days=later)) for later in range(15)
    ]
    assert [step for step in steps if step] == [3, 3, 1, 1]
    assert list(dict.fromkeys(filter(None, steps))) == list(REMIND_DAYS)
    assert steps[7] == 3  # three days left
    assert steps[11:] == [None] * 4


@given(ends_on=DAY, left=st.integers(-20, 20))
def test_the_days_left_read_as_they_are(ends_on: date, left: int) -> None:
    words = time_left(ends_on, ends_on - timedelta(days=left))
    assert words == ("已到期" if left < 0 else f"剩 {left} 天" if left else "今天截止")


@pytest.mark.parametrize("kind", TransferKind)
@pytest.mark.parametrize("by_member", [True, False])
def test_one_turn_follows_the_other_until_it_is_done(kind: TransferKind, by_member: bool) -> None:
    turns = turns_of(kind, by_member=by_member)
    walked = [turns[0]]
    while (following := turn_after(kind, walked[-1])) is not None:
        walked.append(following)
    assert tuple(walked) == turns
    assert (turns[0] is Turn.RELEASING) is by_member


def test_inside_the_other_branch_has_the_last_word() -> None:
    assert turns_of(TransferKind.INSIDE, by_member=True) == (Turn.RELEASING, Turn.RECEIVING)
    assert turns_of(TransferKind.INSIDE, by_member=False) == (Turn.RECEIVING,)


def test_a_reason_is_chosen_or_written() -> None:
    assert asked_reason(USUAL_REASONS[0], "") == "升学或转学"
    assert asked_reason(USUAL_REASONS[0], " 考入 大学 ") == "升学或转学：考入 大学"
    assert asked_reason(OTHER_REASON, "随军") == "随军"
    for choice, words, said in (
        ("", "随军", "请选择转接的原因"),
        ("别的", "", "请选择转接的原因"),
        (OTHER_REASON, "  ", "请写明转接的原因"),
        (OTHER_REASON, "电话 13800138000", "不要写身份证号和手机号"),
        (USUAL_REASONS[1], "x" * 600, "最多 500 个字"),
    ):
        fault = asked_reason(choice, words)
        assert isinstance(fault, TextFault)
        assert said in fault.message


@pytest.mark.parametrize("enum", [TransferKind, TransferState, Turn, StepKind])
def test_every_word_has_a_label_of_its_own(enum: type[TransferState]) -> None:
    labels = [one.label for one in enum]
    assert all(labels)
    assert len(set(labels)) == len(labels)
