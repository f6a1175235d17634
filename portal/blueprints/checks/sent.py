"""The form of a check as it was sent: ticks, pages and remark, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import request

from portal.rules.scan_checks import REMARK_LENGTH, Fault, FaultKind, Verdict, parse_pages
from portal.rules.text import TextFault, clean_text, holds_personal_number
from portal.services.checks import ShownCheck


@dataclass(frozen=True, slots=True)
class Sent:
    """What a person ticked and typed, so that nothing of it is lost."""

    scan_id: int = 0
    seen: int = 0  # the check that stood when the page was made
    in_order: bool = False
    kinds: tuple[FaultKind, ...] = ()
    pages: dict[FaultKind, str] = field(default_factory=dict)
    remark: str = ""


def parse_sent() -> Sent:
    """What the form says; what it can't say is left out."""
    form = request.form
    return Sent(
        scan_id=form.get("scan", 0, type=int),
        seen=form.get("seen", 0, type=int),
        in_order=form.get("result") == "in-order",
        kinds=tuple(kind for kind in FaultKind if form.get(kind) == "1"),
        pages={kind: form.get(f"{kind}-pages", "").strip()[:60] for kind in FaultKind},
        remark=" ".join(form.get("remark", "").split()),
    )


def sent_as(check: ShownCheck) -> Sent:
    """The form that would say what a check says."""
    faults = check.verdict.faults
    return Sent(
        kinds=tuple(one.kind for one in faults),
        pages={one.kind: ",".join(map(str, one.pages)) for one in faults},
        remark=check.verdict.remark,
    )


def verdict_or_fault(sent: Sent, pages: int) -> Verdict | str:
    """The verdict on a form of ``pages`` pages, or the sentence that says what is missing."""
    remark = clean_text(sent.remark, max_length=REMARK_LENGTH)
    if isinstance(remark, TextFault):
        return f"说明：{remark.message}"
    if holds_personal_number(remark):  # it goes on record, where neither may stand
        return "说明里不要写身份证号和手机号，支部和其他人会看到。请删去后再保存。"
    if sent.in_order:
        if sent.kinds:
            words = "、".join(kind.label for kind in sent.kinds)
            return (
                f"已勾选“{words}”，又选了合格，没有保存。"
                "合格的请先去掉勾选；有问题的请点“保存问题”。"
            )
        return Verdict(remark=remark)
    # A page that was written beside a fault means the fault.
    kinds = tuple(kind for kind in FaultKind if kind in sent.kinds or sent.pages.get(kind))
    if not kinds:
        return "还没有选择问题。没有问题的请按 1 或点“合格”；有问题的请先勾选。"
    if FaultKind.OTHER in kinds and not remark:
        return "选了“其他”，请在说明里写明是什么问题、应怎样改，支部会看到。"
    faults = []
    for kind in kinds:
        named = parse_pages(sent.pages.get(kind, ""), pages)
        if isinstance(named, str):
            return f"{kind.label}：{named}"
        faults.append(Fault(kind, named))
    return Verdict(tuple(faults), remark)
