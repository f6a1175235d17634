"""From scopes to criteria: which rows of each table a person may do an action to.

Lists and single objects are looked up through the same criterion, so a list can't show what a page
would refuse, and a foreign object is simply not found (404). Each function raises ``NotAllowed``
when the actor's role never may.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, false, or_, select, true, union_all
from sqlalchemy.orm import aliased

from portal.access.policy import PRESENT_ONLY, Action, Actor, Role, Scope, is_top, require
from portal.models import (
    Account,
    Audience,
    AuditRecord,
    CheckRound,
    Joining,
    JoiningState,
    Member,
    Message,
    MessageKind,
    Organisation,
    ReportRun,
    Transfer,
)


def members_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``Member`` for all whom the actor may do ``action`` to."""
    reach = _members_in(actor, require(actor, action))
    return and_(reach, Member.left_at.is_(None)) if action in PRESENT_ONLY else reach


def organisations_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``Organisation`` for all that the actor may do ``action`` to."""
    scope = require(actor, action)
    if scope is Scope.OWN_BRANCH:
        return Organisation.id == actor.organisation_id
    if scope is Scope.SUBTREE:
        return in_subtree(actor.organisation_path)
    below = and_(in_subtree(actor.organisation_path), Organisation.path != actor.organisation_path)
    top = and_(Organisation.id == actor.organisation_id, Organisation.parent_id.is_(None))
    return {Scope.BELOW: below, Scope.BELOW_OR_TOP: or_(below, top), Scope.TOP: top}.get(
        scope, false()
    )


def joinings_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``Joining`` for all that the actor may do ``action`` to.

    A branch sees what was sent to it; a draft is the applicant's alone, and of what was returned
    the next branch that they choose sees nothing before it is sent.
    """
    scope = require(actor, action)
    if scope is Scope.SELF:
        return Joining.id == actor.joining_id
    own = select(Account.id).where(Account.organisation_id == actor.organisation_id)
    return and_(
        Joining.branch_id == actor.organisation_id,
        Joining.state != JoiningState.DRAFT,
        or_(Joining.state != JoiningState.RETURNED, Joining.decided_by_id.in_(own)),
    )


def messages_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``Message`` for all that were sent to the actor or their organisation.

    A member's organisation is their branch, whose messages are its admins' alone. Of a subtree's
    letters a branch gets those to all or to all branches, a committee those to all, both by the
    organisations on their own path. The ids come from the indexes alone: of a long table's order
    SQLite would otherwise read everybody's messages to find a page of one person's.
    """
    require(actor, action)
    path = ids_on(actor.organisation_path) if actor.organisation_path else []
    return _messages_to(actor.role, actor.account_id, actor.organisation_id, path)


def messages_asked(role: Role) -> ColumnElement[bool]:
    """``messages_for`` with the names of ``message_parameters`` in place of an actor.

    For a statement that is put together once: that takes ten times as long as answering it.
    """
    return _messages_to(
        role,
        bindparam("account_id"),
        bindparam("organisation_id"),
        bindparam("path_ids", expanding=True),
    )


def message_parameters(actor: Actor, action: Action) -> dict[str, Any]:
    """The actor's values for ``messages_asked``. Raises ``NotAllowed``."""
    require(actor, action)
    path = ids_on(actor.organisation_path) if actor.organisation_path else []
    return {
        "account_id": actor.account_id,
        "organisation_id": actor.organisation_id,
        "path_ids": path,
    }


def sent_letters_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``Message`` for the letters that were written for the actor's organisation.

    Colleagues share them, as they share what is answered; a member's are their own.
    """
    require(actor, action)
    letters = Message.kind == MessageKind.LETTER
    if actor.role is Role.MEMBER:
        return and_(Message.sent_by_id == actor.account_id, letters)
    return and_(Message.from_organisation_id == actor.organisation_id, letters)


def addressees_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``Organisation`` for all that the actor may write to.

    Those above are known to everybody by name; of those below a committee sees all.
    """
    scope = require(actor, action)
    above = Organisation.id.in_(ids_on(actor.organisation_path)[:-1])
    if scope is not Scope.SUBTREE:
        return above
    below = and_(in_subtree(actor.organisation_path), Organisation.id != actor.organisation_id)
    return or_(above, below)


def transfers_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``Transfer`` for all that the actor may do ``action`` to.

    The receiving side sees one when the releasing branch has agreed, not before.
    """
    scope = require(actor, action)
    if scope is Scope.SELF:
        return Transfer.member_id == actor.member_id
    if scope is Scope.OWN_BRANCH:
        return Transfer.id.in_(_transfer_ids(actor.organisation_id))
    if is_top(actor):
        return true()
    inside = select(Organisation.id).where(in_subtree(actor.organisation_path))
    return or_(
        Transfer.from_branch_id.in_(inside),
        and_(Transfer.to_branch_id.in_(inside), Transfer.passed_on_at.is_not(None)),
    )


def rounds_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``CheckRound`` for those of the actor's organisation: colleagues share them.

    What is in a round is found through ``members_for``.
    """
    require(actor, action)
    return CheckRound.organisation_id == actor.organisation_id


def report_runs_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``ReportRun`` for those that the actor had made: nobody else opens them."""
    require(actor, action)
    return ReportRun.account_id == actor.account_id


def accounts_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``Account`` for all that the actor may do ``action`` to.

    Besides one's own, only accounts of organisations: a member's is their branch's to care for,
    through the member.
    """
    scope = require(actor, action)
    if scope is Scope.SELF:
        return Account.id == actor.account_id
    if scope is Scope.OWN_BRANCH:
        return Account.organisation_id == actor.organisation_id
    inside = select(Organisation.id).where(in_subtree(actor.organisation_path))
    criterion = Account.organisation_id.in_(inside)
    if scope is Scope.BELOW:
        # Nobody stands above the municipal committee: there, colleagues do it for each other.
        other = Account.id != actor.account_id
        return criterion & (
            other if is_top(actor) else Account.organisation_id != actor.organisation_id
        )
    return criterion


def records_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``AuditRecord`` for all lines that the actor may see.

    What concerns no organisation is for those at the top, who see everything.
    """
    scope = require(actor, action)
    if scope is Scope.SELF:
        return AuditRecord.member_id == actor.member_id
    if scope is Scope.OWN_BRANCH:
        return AuditRecord.about_id == actor.organisation_id
    if is_top(actor):
        return true()
    inside = select(Organisation.id).where(in_subtree(actor.organisation_path))
    return AuditRecord.about_id.in_(inside)


def in_subtree(path: str) -> ColumnElement[bool]:
    """Organisations at or below ``path`` (``/1/5/``): a range of the index on ``path``.

    "0" follows "/" in ASCII, so the range ends before the next sibling.
    """
    return Organisation.path.between(path, path[:-1] + "0")


def _messages_to(
    role: Role, account_id: Any, organisation_id: Any, path_ids: Any
) -> ColumnElement[bool]:
    sent = aliased(Message)
    own = select(sent.id).where(sent.to_account_id == account_id)
    if role in (Role.MEMBER, Role.APPLICANT):
        return Message.id.in_(own)
    one = select(sent.id).where(
        sent.to_organisation_id == organisation_id, sent.audience == Audience.ONE
    )
    reached = [Audience.SUBTREE]
    if role is Role.BRANCH:
        reached.append(Audience.BRANCHES)
    on_path = select(sent.id).where(
        sent.to_organisation_id.in_(path_ids),
        sent.audience.in_(reached),
        sent.from_organisation_id != organisation_id,  # what one's own wrote to all below
    )
    return Message.id.in_(union_all(own, one, on_path))


def ids_on(path: str) -> list[int]:
    """The organisations on a path (``/1/5/``), from the top."""
    return [int(part) for part in path.strip("/").split("/")]


def _transfer_ids(branch_id: int | None) -> Any:
    """From the two indexes: one "or" would make SQLite read a city's transfers in their order."""
    one = aliased(Transfer)
    return union_all(
        select(one.id).where(one.from_branch_id == branch_id),
        select(one.id).where(one.to_branch_id == branch_id, one.passed_on_at.is_not(None)),
    )


def _members_in(actor: Actor, scope: Scope) -> ColumnElement[bool]:
    if scope is Scope.SELF:
        return Member.id == actor.member_id
    if scope is Scope.OWN_BRANCH:
        return Member.branch_id == actor.organisation_id
    if scope is Scope.SUBTREE:
        if is_top(actor):  # everybody; as a list of 60,000 branches it would take 10 ms each time
            return true()
        inside = select(Organisation.id).where(in_subtree(actor.organisation_path))
        return Member.branch_id.in_(inside)
    return false()
