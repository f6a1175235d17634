"""The demo's transfers to outside systems, through the services, as people would ask for them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from portal import clock
from portal.access import Actor, in_subtree
from portal.demo.supervision import actor_of
from portal.extensions import db
from portal.models import (
    Member,
    NumberRelease,
    Organisation,
    ReleaseState,
    Scan,
    ScanState,
    Transfer,
)
from portal.rules.transfers_outside import Destination, Receipt
from portal.services import transfer_deciding, transfers_outside

LISTED = ("zhibu1", "zhibu2")
"""The branches that visitors sign in to keep all their members."""

GONE_TO = (
    Destination("天津", "天津市某大学团委计算机学院 2026 级（1）班团支部", "刘老师 022-00000001"),
    Destination("军队、铁道等全国性系统", "某部队某连团支部", "赵指导员 010-00000002"),
    Destination("上海", "上海市某公司团委研发部团支部", "陈书记 021-00000003"),
)
REASONS = ("升学或转学", "其他", "毕业后参加工作")


def go_outside() -> None:
    """Three members of the first district: one waits for it, one for the receipt, one is gone."""
    district = actor_of("quwei1")
    chosen = _members(district)
    for place, (member_id, branch_id) in enumerate(chosen):
        branch = actor_of(f"zhibu-{branch_id}")
        words = "应征入伍" if REASONS[place] == "其他" else ""
        transfer = transfers_outside.ask(branch, member_id, GONE_TO[place], REASONS[place], words)
        if place > 0:
            transfer_deciding.agree(district, transfer)
        if place > 1:
            receipt = Receipt("沪接 2026-0815", clock.today() - timedelta(days=1))
            transfers_outside.enter_receipt(branch, transfer, receipt)


def _members(district: Actor) -> list[tuple[int, int]]:
    """One member a branch, with a form and no request about the number."""
    kept = [actor_of(login).organisation_id for login in LISTED]
    asked = select(NumberRelease.member_id).where(NumberRelease.state == ReleaseState.OPEN)
    rows = db.session.execute(
        select(Member.id, Member.branch_id)
        .join(Scan, Scan.member_id == Member.id)
        .join(Organisation, Organisation.id == Member.branch_id)
        .where(
            Scan.state == ScanState.CURRENT,
            in_subtree(district.organisation_path),
            Member.branch_id.not_in(kept),
            Member.id.not_in(asked),
            Member.id.not_in(select(Transfer.member_id)),
        )
        .order_by(Member.id)
    )
    of_branches: dict[int, int] = {}
    for member_id, branch_id in rows:
        of_branches.setdefault(branch_id, member_id)
    return [(member_id, branch_id) for branch_id, member_id in of_branches.items()][: len(GONE_TO)]
