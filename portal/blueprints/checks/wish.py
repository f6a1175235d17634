"""The form of a new round as it was sent."""

from __future__ import annotations

from flask import request

from portal.errors import PortalError
from portal.models import RoundChoice
from portal.rules.deadlines import parse_month
from portal.rules.progress import Period
from portal.services.round_making import MOST_OF_EACH, RoundWish

_LOTS = {
    RoundChoice.SOME_OF_EACH: ("some_of_each-amount", MOST_OF_EACH, "每个支部抽查的份数"),
    RoundChoice.SHARE: ("share-amount", 100, "抽查的百分比"),
}


class WishFault(PortalError):
    """Something in the form can't be meant."""

    status = 422


def parse_wish(below_id: int) -> RoundWish:
    """What is asked for. Raises ``WishFault``."""
    form = request.form
    choice = form.get("choice", type=RoundChoice)
    if choice is None:
        raise WishFault("请先选择检查哪些《入团志愿书》。")
    amount = None
    if choice in _LOTS:
        name, most, label = _LOTS[choice]
        text = form.get(name, "").strip()
        if not (text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= most):
            raise WishFault(f"{label}请填写 1 到 {most} 的整数。")
        amount = int(text)
    months = []
    for name in ("from", "to"):
        text = form.get(name, "").strip()
        month = parse_month(text) if text else None
        if text and month is None:
            raise WishFault(f"“{text[:20]}”不是年月，请按 2026-01 这样填写。")
        months.append(month)
    first, last = months
    if first and last and first > last:
        raise WishFault("开始年月晚于结束年月，请调换后再建立。")
    return RoundWish(below_id, choice, amount, Period(first, last))
