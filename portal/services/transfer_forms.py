"""A transfer to an outside system needs the form (guide 5.5): at the start and at each step.

Everybody who deletes a form or goes on with a transfer locks the member's row first, so of the two
at once one comes first and the other is told.
"""

from __future__ import annotations

from sqlalchemy import select

from portal.access import Actor, Role
from portal.extensions import db
from portal.models import Account, Member, Transfer
from portal.rules.member_number import has_upload
from portal.rules.transfers import TransferKind
from portal.rules.transfers_outside import NO_FORM, lacks_form
from portal.runtime import runtime
from portal.services.transfers import TransferRefused, name_of, open_transfer, stop


class FormMissing(TransferRefused):
    """The guide's sentence; to a branch, the page that shows it offers the upload."""

    def __init__(self, remedy: str) -> None:
        super().__init__(f"{NO_FORM}。{remedy}没有任何改动。")


def lacks_needed_form(member: Member) -> bool:
    """Whether the missing form keeps this member from going to an outside system."""
    return lacks_form(owes_form=_owes_form(member), has_scan=member.has_scan)


def require_form(actor: Actor, member: Member) -> None:
    """Raises ``FormMissing``. The member's row is locked."""
    if lacks_needed_form(member):
        raise FormMissing(remedy_for(actor, member))


def remedy_for(actor: Actor, member: Member) -> str:
    """What to do about the missing form: a branch uploads it, everybody else asks the branch."""
    if actor.role is Role.BRANCH:
        return "请先上传这名团员的《入团志愿书》，上传后再办理。"
    branch = f"“{name_of(member.branch_id)}”"
    if actor.role is Role.MEMBER:
        admins = _admins(member.branch_id)
        return f"请联系{branch}的管理员{admins}上传《入团志愿书》，上传后再来申请。"
    return f"请通知{branch}上传《入团志愿书》，上传后再办理。"


def stop_without_form(actor: Actor, member: Member) -> None:
    """End the member's open transfer to an outside system, because the form was deleted.

    In the transaction of the deletion, behind it.
    """
    transfer = open_outside(member.id, lock=True)
    if transfer is not None and lacks_needed_form(member):
        stop(
            actor,
            member,
            transfer,
            f"{actor.organisation_name}删除了《入团志愿书》。{NO_FORM}。重新上传后可以再申请。",
        )


def warning_before_deletion(member_id: int) -> str:
    """What to say before a form is deleted that a transfer needs; empty: nothing."""
    transfer = open_outside(member_id)
    if transfer is None or not _owes_form(db.session.get_one(Member, member_id)):
        return ""
    return f"正在办理转至外部系统（{transfer.receiver}）：删除后这份转接立即终止，要重新申请。"


def open_outside(member_id: int, *, lock: bool = False) -> Transfer | None:
    """The member's open transfer, if it leads to an outside system."""
    transfer = open_transfer(member_id, lock=lock)
    if transfer is None or transfer.kind is not TransferKind.OUTSIDE:
        return None
    return transfer


def _owes_form(member: Member) -> bool:
    """Whether the member needs a form to leave: every new member, and whose number has the upload.

    The joining month alone does not free them of it: the branch that owes the form can change it.
    """
    number = member.number or member.released_number
    return member.is_new_member or has_upload(number, runtime().policy)


def _admins(branch_id: int) -> str:
    names = db.session.scalars(
        select(Account.person_name)
        .where(Account.organisation_id == branch_id, Account.disabled_at.is_(None))
        .order_by(Account.id)
        .limit(3)
    )
    return "、".join(names)
