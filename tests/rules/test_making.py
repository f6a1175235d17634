"""Making a form's file: every refusal has its words, and comes out of a child as it went in."""

from __future__ import annotations

import json

import pytest

from portal.rules.making import MakingReason, MakingRefusal, a4_dpi


@pytest.mark.parametrize("reason", MakingReason)
def test_every_refusal_says_what_to_do(reason: MakingReason) -> None:
    refusal = MakingRefusal(reason, found="WebP 图片", size=20_000_000, width=5, height=6, pages=7)
    assert "请" in refusal.message or "可以" in refusal.message
    assert "{" not in refusal.message
    assert "None" not in refusal.message
    assert MakingRefusal.from_json(json.loads(json.dumps(refusal.to_json()))) == refusal


@pytest.mark.parametrize("plain", [{}, {"reason": "x"}, {"reason": "no_picture", "more": 1}])
def test_nothing_else_is_a_refusal(plain: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        MakingRefusal.from_json(plain)


@pytest.mark.parametrize(
    ("size", "dpi"),
    [((2480, 3508), 300), ((3508, 2480), 300), ((3024, 4032), 366), ((1080, 1440), 131)],
)
def test_dots_per_inch_are_those_on_a4(size: tuple[int, int], dpi: int) -> None:
    assert a4_dpi(*size) == dpi
