"""团员信息 as a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from portal import clock
from portal.access import COMMITTEES, Action, Actor, allows
from portal.models import Member
from portal.rules.identity import Identity
from portal.rules.irregular import Irregularity
from portal.rules.leaving import reached_leaving_age
from portal.services.approval_dates import ApprovalDate, approval_date_of
from portal.services.checks import ShownCheck, checks_of
from portal.services.identity import identity_for
from portal.services.leaving import Left, left_of
from portal.services.member_rows import Remark, row_for
from portal.services.members import ShownField, profile_fields
from portal.services.organisations import ancestors_of, home_of
from portal.services.scan_cells import ScanCell


@dataclass(frozen=True, slots=True)
class Profile:
    """What the page shows of a member."""

    id: int
    name: str
    user_id: int
    branch_name: str
    sex: str
    number: str | None
    is_new_member: bool
    fields: tuple[ShownField, ...]
    approved: ApprovalDate | None
    cell: ScanCell
    remarks: tuple[Remark, ...]
    irregular: Irregularity | None
    identity: Identity
    may_edit: bool
    may_issue_code: bool
    may_release: bool
    may_see_history: bool
    may_set_aside: bool
    checks: tuple[ShownCheck, ...]
    may_check: bool
    left: Left | None
    may_bring_back: bool
    may_write: bool
    path: tuple[tuple[str, str], ...]


def profile_for(actor: Actor, member: Member, *, shown: Mapping[str, str] | None = None) -> Profile:
    """The page of a member; ``shown`` has the values that stand unmasked."""
    shown = shown or {}
    row, left = row_for(actor, member), left_of(member)
    branch_name, branch_path = home_of(actor, member.branch_id)
    return Profile(
        id=member.id,
        name=member.name,
        user_id=member.id,
        branch_name=branch_name,
        sex=member.sex.label,
        number=member.number,
        is_new_member=member.is_new_member,
        fields=tuple(
            replace(field, value=shown[field.key], masked=False) if field.key in shown else field
            for field in profile_fields(member)
        ),
        approved=approval_date_of(member),
        cell=row.cell,
        remarks=(*row.remarks, *_age_hint(member)),
        irregular=member.irregularity if left is None else None,
        identity=identity_for(member),
        may_edit=left is None and allows(actor, Action.EDIT_MEMBER),
        may_issue_code=left is None and allows(actor, Action.ISSUE_MEMBER_CODE),
        may_release=member.number is not None
        and not (left and left.reason.keeps_number_for_good)
        and allows(actor, Action.RELEASE_NUMBER),
        may_see_history=allows(actor, Action.VIEW_NUMBER_HISTORY),
        may_set_aside=left is None and allows(actor, Action.SET_MEMBER_ASIDE),
        checks=checks_of(member.id),
        may_check=left is None and bool(row.cell.scan_id) and allows(actor, Action.CHECK_SCAN),
        left=left,
        may_bring_back=left is not None and allows(actor, Action.BRING_MEMBER_BACK),
        may_write=allows(actor, Action.WRITE_LETTER),
        path=path_to(actor, branch_path),
    )


def _age_hint(member: Member) -> tuple[Remark, ...]:
    """28 years: a hint to ask the person, not an end."""
    if member.left_at is not None or not reached_leaving_age(member.birth_date, clock.today()):
        return ()
    return (Remark("已满 28 周岁，请核对是否需要办理离团", "plain"),)


def path_to(actor: Actor, path: str) -> tuple[tuple[str, str], ...]:
    """The path above a title: each organisation from the actor's own one down, with its link."""
    if actor.role not in COMMITTEES:
        return (("我的团员", "/members/"),)
    return tuple(
        (one.name, f"/organisations/{one.id}")
        for one in ancestors_of(path, within=actor.organisation_path)
    )
