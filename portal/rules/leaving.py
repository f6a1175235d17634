"""Why a member leaves a branch's list (SPEC: set aside with a reason, never erased)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portal.rules.text import TextFault, clean_text, holds_personal_number


class LeavingReason(StrEnum):
    """Why somebody is no longer in a branch's list. A branch chooses among ``CHOOSABLE``."""

    LEFT_LEAGUE = "left_league"
    DECEASED = "deceased"
    MISTAKE = "mistake"
    MOVED_OUTSIDE = "moved_outside"  # the end of a transfer, never chosen

    @property
    def label(self) -> str:
        """The words on the page."""
        return _LABELS[self]

    @property
    def frees_number(self) -> bool:
        """Whether the number becomes free: only when the member was never one."""
        return self is LeavingReason.MISTAKE

    @property
    def needs_note(self) -> bool:
        """Whether a note has to say more: of a mistake, what it was."""
        return self is LeavingReason.MISTAKE

    @property
    def ends_account(self) -> bool:
        """Whether the person's own account ends: nobody is, or ever was, behind it.

        Who left the league, or went to an outside system, may go on looking at their own card and
        form.
        """
        return self in (LeavingReason.DECEASED, LeavingReason.MISTAKE)

    @property
    def way_back(self) -> str:
        """By what a branch brings somebody back."""
        return "转回登记" if self is LeavingReason.MOVED_OUTSIDE else "恢复"

    @property
    def keeps_number_for_good(self) -> bool:
        """Whether the number can't be released: it goes on belonging to the person elsewhere."""
        return self is LeavingReason.MOVED_OUTSIDE


_LABELS = {
    LeavingReason.LEFT_LEAGUE: "退团或离团",
    LeavingReason.DECEASED: "去世",
    LeavingReason.MISTAKE: "录入错误",
    LeavingReason.MOVED_OUTSIDE: "转至外部系统",
}

CHOOSABLE = (LeavingReason.LEFT_LEAGUE, LeavingReason.DECEASED, LeavingReason.MISTAKE)
"""The reasons that a branch can give for setting a member aside."""

LEAVING_AGE = 28
NOTE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Leaving:
    """A reason and, in own words, what is behind it."""

    reason: LeavingReason
    note: str


@dataclass(frozen=True, slots=True)
class LeavingFault:
    """What is wrong with a reason or note as it was filled in, and beside which field."""

    field: str
    message: str


def check_leaving(reason: str, note: str) -> Leaving | LeavingFault:
    """The reason and note of a form, or what is wrong with them."""
    if reason not in CHOOSABLE:
        return LeavingFault("reason", "请选择移出的原因。")
    cleaned = clean_text(note, max_length=NOTE_LENGTH)
    if isinstance(cleaned, TextFault):
        return LeavingFault("note", cleaned.message)
    if holds_personal_number(cleaned):  # the note goes on record, where neither may stand
        return LeavingFault("note", "说明里请不要写身份证号或手机号，写清原因即可。")
    chosen = LeavingReason(reason)
    if chosen.needs_note and not cleaned:
        return LeavingFault("note", "录入错误须写明错在哪里、怎么发现的，方便以后核对。")
    return Leaving(chosen, cleaned)


def reached_leaving_age(birth_date: date, today: date) -> bool:
    """Whether a member is 28 or older: a hint to the branch, never an end by itself.

    Who was born on 29 February is a year older on 1 March where there is no such day.
    """
    return (today.year - LEAVING_AGE, today.month, today.day) >= (
        birth_date.year,
        birth_date.month,
        birth_date.day,
    )
