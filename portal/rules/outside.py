"""What lies outside this system: where members come from and go to (从外部转入, 转至外部系统).

Who comes from outside joined elsewhere: their number is another province's, so they are regular and
no new member (SPEC, 不规范编号). The number decides which of the two applications is the right one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from portal.rules.member_number import PROVINCES, MemberNumber, NumberPolicy, group_number
from portal.rules.text import TextFault, clean_text, holds_personal_number

NATIONWIDE = "00"
"""In place of a province: systems that have none, such as the army's or the railways'."""

ORGANISATION_LENGTH = 100
PROOF_NUMBER_LENGTH = 40

_SHORTEST = 5


class Proof(StrEnum):
    """What somebody who comes from outside brings with them, and the branch looks at."""

    RECEIPT = "receipt"
    LETTER = "letter"

    @property
    def label(self) -> str:
        """The words on the page."""
        return _PROOFS[self]


_PROOFS = {Proof.RECEIPT: "外部系统的转接回执", Proof.LETTER: "团组织关系介绍信"}


def outside_places(policy: NumberPolicy) -> Mapping[str, str]:
    """The places outside, by code: every province but the installation's own, and the rest."""
    provinces = {code: name for code, name in PROVINCES.items() if code != policy.province}
    return provinces | {NATIONWIDE: _NATIONWIDE_WORDS}


_NATIONWIDE_WORDS = "军队、铁道等全国性系统"


def place_words(code: str | None) -> str:
    """The name of a place outside; empty where there is none."""
    return _NATIONWIDE_WORDS if code == NATIONWIDE else PROVINCES.get(code or "", "")


def clean_organisation(text: str) -> str | TextFault:
    """The full name of an organisation outside, or the sentence that says what is wrong."""
    cleaned = clean_text(" ".join(text.split()), max_length=ORGANISATION_LENGTH)
    if isinstance(cleaned, TextFault):
        return cleaned
    if len(cleaned) < _SHORTEST:
        return TextFault("请填写全称，写到团支部，例如“某市某中学团委高二（3）班团支部”。")
    if holds_personal_number(cleaned):
        return TextFault("这里不要写身份证号和手机号，只填组织的全称。")
    return cleaned


def clean_proof_number(text: str) -> str | TextFault:
    """The number on a receipt or a letter, or the sentence that says what is wrong."""
    cleaned = clean_text(" ".join(text.split()), max_length=PROOF_NUMBER_LENGTH)
    if isinstance(cleaned, TextFault):
        return cleaned
    if holds_personal_number(cleaned):
        return TextFault("请填回执或介绍信上的编号，不要填身份证号或手机号。")
    return cleaned


def wrong_application(
    number: str, joined: date, *, moved_in: bool, policy: NumberPolicy
) -> str | None:
    """What to say when a number belongs into the other application; None when it does not.

    Before the twelve digits (2017) a number says nothing about where it is from.
    """
    parsed = MemberNumber.parse(number)
    if parsed is None or joined.year < policy.twelve_digits_since:
        return None
    place = PROVINCES.get(parsed.province)
    is_own = parsed.province == policy.province
    if place is None or is_own is not moved_in:
        return None
    if moved_in:
        return (
            f"编号 {group_number(number)} 是{place}的（第 5、6 位是 {parsed.province}），"
            f"从外部转入的应是外省的编号。在{place}入团的，请在“申请类型”里改为“在{place}入团”。"
            f"以前从{place}转出、现在转回来的，编号一直为您保留，不用重新申请："
            "请用原来的账号登录，按团员证上写的办理。"
        )
    own = PROVINCES[policy.province]
    return (
        f"编号第 5、6 位是 {parsed.province}（{place}），{own}的编号应是 {policy.province}。"
        f"在外省入团、后来转到{own}的，请在“申请类型”里改为“从外部系统转入”；"
        f"在{own}入团的，请核对纸质《入团志愿书》首页。"
    )
