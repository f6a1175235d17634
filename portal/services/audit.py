"""The record (操作日志): written in the transaction of what it tells of."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import func, insert, select

from portal import clock
from portal.access import Actor
from portal.extensions import db
from portal.models import Account, AuditRecord, Joining, Member
from portal.services.transaction import writing


class Event(StrEnum):
    """What the record tells of."""

    SIGNED_IN = "signed in"
    SIGN_IN_REFUSED = "sign-in refused"
    SIGNED_OUT = "signed out"
    SIGN_INS_ENDED = "sign-ins ended"
    PASSWORD_CHANGED = "password changed"  # noqa: S105 (a name)
    PASSWORD_SET = "password set with a code"  # noqa: S105 (a name)
    CODE_ISSUED = "code issued"
    CODE_REFUSED = "code refused"
    ACCOUNT_ADDED = "account added"
    ACCOUNT_NAMED = "account named"
    ACCOUNT_DISABLED = "account disabled"
    ACCOUNT_ENABLED = "account enabled"
    ACCOUNT_HANDED_OVER = "account handed over"
    CONTACT_CHANGED = "contact changed"
    MAIL_CHANGED = "mail changed"
    MEMBER_CHANGED = "member changed"
    NUMBER_RELEASE_ASKED = "number release asked"
    NUMBER_RELEASE_WITHDRAWN = "number release withdrawn"
    NUMBER_RELEASE_DECLINED = "number release declined"
    NUMBER_RELEASED = "number released"
    FIELD_UNMASKED = "field unmasked"
    OWN_DATA_TAKEN = "own data taken"
    CORRECTION_ASKED = "correction asked"
    CORRECTION_WITHDRAWN = "correction withdrawn"
    CORRECTION_TAKEN = "correction taken"
    CORRECTION_DECLINED = "correction declined"
    SCAN_VIEWED = "scan viewed"
    ORIGINAL_OPENED = "original opened"
    IDENTITY_CODE_SHOWN = "identity code shown"
    FORM_TAKEN = "form taken with a report"
    SCAN_UPLOADED = "scan uploaded"
    SCAN_REPLACED = "scan replaced"
    SCAN_DELETED = "scan deleted"
    SCAN_RESTORED = "scan restored"
    ORIGINAL_RESTORED = "original restored"
    SCAN_FILE_REMOVED = "scan file removed"
    FINDING_SET_ASIDE = "finding set aside"
    FINDING_TAKEN_BACK = "finding taken back"
    SCAN_CHECKED = "scan checked"
    SCAN_CHECK_UNDONE = "scan check undone"
    CHECK_ROUND_MADE = "check round made"
    RECORD_EXPORTED = "record exported"
    LETTER_SENT = "letter sent"
    REPORT_MADE = "report made"
    REPORT_OPENED = "report opened"
    DERIVED_REPAIRED = "derived repaired"
    DERIVED_DROPPED = "derived dropped"
    INSTALLED = "installed"
    REGISTERED = "registered"
    JOINING_SENT = "joining sent"
    JOINING_TAKEN_BACK = "joining taken back"
    JOINING_RETURNED = "joining returned"
    JOINING_APPROVED = "joining approved"
    MEMBER_SET_ASIDE = "member set aside"
    MEMBER_BROUGHT_BACK = "member brought back"
    TRANSFER_ASKED = "transfer asked"
    TRANSFER_PASSED_ON = "transfer passed on"
    TRANSFER_DECLINED = "transfer declined"
    TRANSFER_TURNED_AWAY = "transfer turned away"  # the same, for who did not receive them
    TRANSFER_WITHDRAWN = "transfer withdrawn"
    TRANSFER_EXPIRED = "transfer expired"
    TRANSFER_STOPPED = "transfer stopped"
    MEMBER_LEFT_BRANCH = "member left branch"
    MEMBER_ARRIVED = "member arrived"
    MEMBER_MOVED_OUTSIDE = "member moved outside"
    MEMBER_CAME_BACK = "member came back from outside"
    ORGANISATION_ADDED = "organisation added"
    ORGANISATION_RENAMED = "organisation renamed"
    ORGANISATION_MOVED = "organisation moved"
    ORGANISATION_MERGED = "organisation merged"
    ORGANISATION_CLOSED = "organisation closed"
    ORGANISATION_REOPENED = "organisation reopened"
    JOINING_SWITCHED = "joining switched"
    TREE_BROUGHT_IN = "tree brought in"


VIEW_REPEATS_AFTER = timedelta(minutes=10)
"""Views of one form by one person within this time are one view in the record."""


def record(
    actor: Actor | None,
    event: Event,
    *,
    member_id: int | None = None,
    scan_id: int | None = None,
    **detail: Any,
) -> None:
    """Add a line to the record in the running transaction. ``actor`` None: the portal itself.

    ``detail`` must hold no ID number, phone, password or token.
    """
    db.session.execute(
        insert(AuditRecord).values(
            at=clock.now(),
            account_id=actor.account_id if actor else None,
            person_name=actor.person_name if actor else "系统",
            organisation_id=actor.organisation_id if actor else None,
            address=actor.address if actor else "",
            request_id=actor.request_id if actor else "",
            event=event,
            member_id=member_id,
            scan_id=scan_id,
            about_id=_about(actor, member_id, detail),
            detail=detail,
        )
    )


def _about(actor: Actor | None, member_id: int | None, detail: dict[str, Any]) -> Any:
    """The organisation that a line concerns: who is in charge of what it was done to.

    A member's branch, the organisation itself, an account's, an application's; of what a person did
    to nothing but themselves their own.
    """
    if member_id is not None:
        return select(Member.branch_id).where(Member.id == member_id).scalar_subquery()
    for name in ("organisation", "of", "branch_id"):
        if detail.get(name) is not None:
            return detail[name]
    if detail.get("account_id") is not None:
        return (
            select(func.coalesce(Account.organisation_id, Member.branch_id, Joining.branch_id))
            .outerjoin(Member, Member.id == Account.member_id)
            .outerjoin(Joining, Joining.id == Account.joining_id)
            .where(Account.id == detail["account_id"])
            .scalar_subquery()
        )
    if detail.get("joining_id") is not None:
        of = select(Joining.branch_id).where(Joining.id == detail["joining_id"])
        return of.scalar_subquery()
    return actor.organisation_id if actor else None


def record_view(actor: Actor, event: Event, *, member_id: int, scan_id: int) -> None:
    """Record that a person looked at a form: once for the many requests of one look."""
    recent = select(AuditRecord.id).where(
        AuditRecord.account_id == actor.account_id,
        AuditRecord.event == event,
        AuditRecord.scan_id == scan_id,
        AuditRecord.at > clock.now() - VIEW_REPEATS_AFTER,
    )
    if db.session.scalar(recent.order_by(AuditRecord.id.desc()).limit(1)) is None:
        with writing():
            record(actor, event, member_id=member_id, scan_id=scan_id)
