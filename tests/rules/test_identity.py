"""团员身份认证 (SPEC, "Identity")."""

from __future__ import annotations

import pytest

from portal.rules import masking
from portal.rules.identity import identity_of
from portal.rules.irregular import Irregularity
from portal.rules.leaving import LeavingReason


@pytest.mark.parametrize("is_new_member", [True, False])
@pytest.mark.parametrize("has_scan", [True, False])
@pytest.mark.parametrize("irregularity", [None, Irregularity.YEAR_MISMATCH])
@pytest.mark.parametrize("left", [None, LeavingReason.LEFT_LEAGUE])
def test_certified_when_the_number_is_regular_and_a_new_member_has_a_form(
    is_new_member: bool,
    has_scan: bool,
    irregularity: Irregularity | None,
    left: LeavingReason | None,
) -> None:
    identity = identity_of(
        irregularity=irregularity, is_new_member=is_new_member, has_scan=has_scan, left=left
    )
    wanted = irregularity is None and left is None and (has_scan or not is_new_member)
    assert identity.is_certified is wanted
    assert identity.state == ("已认证" if wanted else "未认证")


def test_every_reason_is_named_with_what_to_do() -> None:
    identity = identity_of(
        irregularity=Irregularity.MISSING,
        is_new_member=True,
        has_scan=False,
        left=LeavingReason.DECEASED,
    )
    assert identity.words == "未认证（已移出：去世；编号不规范：编号缺失；未上传入团志愿书）"
    assert all(doubt.remedy.endswith("。") for doubt in identity.doubts)


def test_a_name_and_a_number_are_masked_whatever_their_length() -> None:
    assert masking.mask_name("张三") == masking.mask_name("张三丰") == "张●"
    assert masking.mask_number("202011000003") == "2020 ●●●● 0003"
    assert masking.mask_number("1234") == "●●●●"
