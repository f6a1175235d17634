"""还缺什么 on 我的团员证: what is missing, and who has to see to it."""

from __future__ import annotations

from portal.rules.deadlines import Deadline
from portal.rules.identity import identity_of
from portal.rules.irregular import Irregularity
from portal.rules.own_missing import Missing, missing_of
from portal.rules.scan_checks import FaultKind


def test_whose_identity_stands_lacks_nothing() -> None:
    identity = identity_of(irregularity=None, is_new_member=True, has_scan=True, left=None)
    assert missing_of(identity, None, None) == ()
    assert missing_of(identity, None, ()) == ()  # checked, and in order


def test_the_form_is_named_last_with_the_days_that_are_left() -> None:
    identity = identity_of(
        irregularity=Irregularity.YEAR_MISMATCH, is_new_member=True, has_scan=False, left=None
    )
    number, form = missing_of(identity, Deadline(-5), None)
    assert number.words == f"编号不规范：{Irregularity.YEAR_MISMATCH.label}"
    assert "已逾期" not in number.words
    assert form == Missing("未上传入团志愿书（已逾期 5 天）", "请联系本支部上传《入团志愿书》。")


def test_what_a_check_found_is_the_branchs_to_mend() -> None:
    identity = identity_of(irregularity=None, is_new_member=True, has_scan=True, left=None)
    (found,) = missing_of(identity, None, (FaultKind.BLURRED, FaultKind.MISSING_PAGES))
    assert found.words == "《入团志愿书》检查不合格：模糊、缺页"
    assert "支部管理员" in found.remedy
