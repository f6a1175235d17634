"""解除编号占用: the usual reasons, and what may stand in one (guide, question 5)."""

from __future__ import annotations

from portal.rules.irregular import Irregularity
from portal.rules.text import TextFault, clean_text, holds_personal_number

REASON_LENGTH = 500

USUAL_REASONS: tuple[str, ...] = (
    "系统内编号与纸质《入团志愿书》首页不一致",
    "录入时填错了编号",
    "编号被他人误用",
    "同一编号发给了两名团员",
)
OTHER_REASON = "其他"


def compose_reason(choice: str, words: str) -> str:
    """The chosen usual reason and the person's own words as one text; other: the words alone."""
    words = words.strip()
    if choice not in USUAL_REASONS:
        return words
    return f"{choice}：{words}" if words else choice


def reason_begun(kind: Irregularity | None) -> tuple[str, str]:
    """The usual reason and the words that a request begins with, from what is irregular."""
    return (USUAL_REASONS[0], f"系统提示“{kind.label}”") if kind else ("", "")


def clean_reason(text: str) -> str | TextFault:
    """A reason on one line of at most 500 characters, or the sentence that says what is wrong.

    It goes on record and before other people, so no ID number and no phone may stand in it.
    """
    cleaned = clean_text(" ".join(text.split()), max_length=REASON_LENGTH)
    if isinstance(cleaned, TextFault):
        return cleaned
    if not cleaned:
        return TextFault("请写明原因。原因会记入操作日志。")
    if holds_personal_number(cleaned):
        return TextFault("原因里不要写身份证号和手机号。请删去后再提交。")
    return cleaned
