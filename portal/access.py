"""The policy: who may do what to what.

One table (``POLICY``) of role, action and scope. Lists and single objects are looked up through
the same criterion made from the scope, so a list can't show what a page would refuse, and a
foreign object is simply not found (404).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, false, or_, select, true, union_all
from sqlalchemy.orm import aliased

from portal.errors import NotAllowed
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


class Role(StrEnum):
    """What kind of account a person has (SPEC, "Who uses it")."""

    APPLICANT = "applicant"
    MEMBER = "member"
    BRANCH = "branch"
    COMMITTEE = "committee"
    DISTRICT = "district"  # a district-level or the municipal committee: it may release numbers


COMMITTEES = frozenset({Role.COMMITTEE, Role.DISTRICT})
"""The roles that look down a tree."""


class Scope(StrEnum):
    """How far an action of a role reaches."""

    SELF = "self"
    OWN_BRANCH = "own branch"
    SUBTREE = "subtree"
    BELOW = "below"  # the subtree without its top: nobody changes their own organisation
    BELOW_OR_TOP = "below, or the top of all"  # nobody is above the municipal committee
    TOP = "the top of all"
    NOTHING = "nothing"  # the action has no object


class Action(StrEnum):
    """What a person can do. Every route declares one (tests/routes.txt)."""

    START = "start"  # the first page, which sends each role to its own
    VIEW_HOME = "view home"
    SIGN_OUT = "sign out"
    VIEW_OWN_ACCOUNT = "view own account"
    CHANGE_OWN_PASSWORD = "change own password"  # noqa: S105 (a name)
    CHANGE_OWN_CONTACT = "change own contact"
    CHANGE_OWN_MAIL = "change own mail"
    LIST_OWN_SIGN_INS = "list own sign-ins"
    END_OWN_SIGN_INS = "end own sign-ins"
    READ_MESSAGES = "read messages"
    WRITE_LETTER = "write letter"
    ANSWER_MESSAGE = "answer message"
    LIST_ACCOUNTS = "list accounts"
    ADD_ACCOUNT = "add account"
    NAME_ACCOUNT = "name account"
    ISSUE_CODE = "issue code"
    DISABLE_ACCOUNT = "disable account"
    ENABLE_ACCOUNT = "enable account"
    END_ACCOUNT_SIGN_INS = "end account sign-ins"
    HAND_OVER = "hand over"
    ISSUE_MEMBER_CODE = "issue member code"
    LIST_OWN_MEMBERS = "list own members"
    BROWSE_ORGANISATIONS = "browse organisations"
    VIEW_PROGRESS = "view progress"
    URGE = "urge"
    VIEW_RECORD = "view record"
    EXPORT_RECORD = "export record"
    MAKE_REPORTS = "make reports"
    OPEN_OWN_REPORTS = "open own reports"
    VIEW_MEMBER = "view member"
    UNMASK_FIELD = "unmask field"
    EDIT_MEMBER = "edit member"
    VIEW_SCAN = "view scan"
    UPLOAD_SCAN = "upload scan"
    DELETE_SCAN = "delete scan"
    RESTORE_SCAN = "restore scan"
    ARRANGE_SCAN = "arrange scan"
    VIEW_FINDINGS = "view findings"
    SET_FINDING_ASIDE = "set finding aside"
    CHECK_SCAN = "check scan"
    VIEW_CARD = "view card"
    CERTIFY_MEMBER = "certify member"
    SHOW_IDENTITY_CODE = "show the own identity code"
    VIEW_FORM_VIEWS = "view who opened the own form"
    REPORT_ERROR = "report an error in the own data"
    TAKE_OWN_DATA = "take the own data along"
    ANSWER_REPORT = "answer a report of an error"
    APPLY = "apply"
    REVIEW_JOININGS = "review joinings"
    ISSUE_APPLICANT_CODE = "issue applicant code"
    ASK_RELEASE = "ask release"
    RELEASE_NUMBER = "release number"
    VIEW_NUMBER_HISTORY = "view number history"
    SET_MEMBER_ASIDE = "set member aside"
    BRING_MEMBER_BACK = "bring member back"
    ASK_TRANSFER = "ask transfer"  # and withdraw what one asked for
    DECIDE_TRANSFER = "decide transfer"
    VIEW_TRANSFER = "view transfer"
    LIST_TRANSFERS = "list transfers"
    WATCH_TRANSFERS = "watch transfers below"
    ADD_ORGANISATION = "add organisation"
    RENAME_ORGANISATION = "rename organisation"
    MOVE_ORGANISATION = "move organisation"
    MERGE_ORGANISATION = "merge organisation"
    CLOSE_ORGANISATION = "close organisation"
    REOPEN_ORGANISATION = "reopen organisation"
    SWITCH_JOINING = "open or close a branch for joining"
    BRING_IN_TREE = "bring in a tree"


A, M, B, C, D = Role.APPLICANT, Role.MEMBER, Role.BRANCH, Role.COMMITTEE, Role.DISTRICT

# A branch's own, and a committee's own and all below it: accounts, and what is on record.
_ACCOUNTS = {B: Scope.OWN_BRANCH, C: Scope.SUBTREE, D: Scope.SUBTREE}

POLICY: Mapping[Action, Mapping[Role, Scope]] = {
    Action.START: {
        A: Scope.NOTHING,
        M: Scope.NOTHING,
        B: Scope.NOTHING,
        C: Scope.NOTHING,
        D: Scope.NOTHING,
    },
    Action.VIEW_HOME: {B: Scope.OWN_BRANCH, C: Scope.SUBTREE, D: Scope.SUBTREE},
    Action.SIGN_OUT: {
        A: Scope.NOTHING,
        M: Scope.NOTHING,
        B: Scope.NOTHING,
        C: Scope.NOTHING,
        D: Scope.NOTHING,
    },
    Action.VIEW_OWN_ACCOUNT: dict.fromkeys(Role, Scope.SELF),
    Action.CHANGE_OWN_PASSWORD: dict.fromkeys(Role, Scope.SELF),
    Action.CHANGE_OWN_CONTACT: {M: Scope.SELF},
    Action.CHANGE_OWN_MAIL: dict.fromkeys(Role, Scope.SELF),
    Action.LIST_OWN_SIGN_INS: dict.fromkeys(Role, Scope.SELF),
    Action.END_OWN_SIGN_INS: dict.fromkeys(Role, Scope.SELF),
    Action.READ_MESSAGES: dict.fromkeys(Role, Scope.SELF),
    # To members; which organisations a letter can be to: ``addressees_for``.
    Action.WRITE_LETTER: {B: Scope.OWN_BRANCH, C: Scope.SUBTREE, D: Scope.SUBTREE},
    Action.ANSWER_MESSAGE: {M: Scope.SELF, B: Scope.SELF, C: Scope.SELF, D: Scope.SELF},
    Action.LIST_ACCOUNTS: _ACCOUNTS,
    Action.ADD_ACCOUNT: _ACCOUNTS,
    Action.NAME_ACCOUNT: {C: Scope.BELOW, D: Scope.BELOW},
    Action.ISSUE_CODE: _ACCOUNTS,
    Action.DISABLE_ACCOUNT: _ACCOUNTS,
    Action.ENABLE_ACCOUNT: _ACCOUNTS,
    Action.END_ACCOUNT_SIGN_INS: _ACCOUNTS,
    Action.HAND_OVER: _ACCOUNTS,
    Action.ISSUE_MEMBER_CODE: {B: Scope.OWN_BRANCH},
    Action.LIST_OWN_MEMBERS: {B: Scope.OWN_BRANCH},
    Action.BROWSE_ORGANISATIONS: {C: Scope.SUBTREE, D: Scope.SUBTREE},
    Action.VIEW_PROGRESS: {C: Scope.SUBTREE, D: Scope.SUBTREE},
    Action.URGE: {C: Scope.SUBTREE, D: Scope.SUBTREE},
    Action.VIEW_RECORD: _ACCOUNTS,
    Action.EXPORT_RECORD: _ACCOUNTS,
    Action.MAKE_REPORTS: {B: Scope.OWN_BRANCH, C: Scope.SUBTREE, D: Scope.SUBTREE},
    Action.OPEN_OWN_REPORTS: {M: Scope.SELF, B: Scope.SELF, C: Scope.SELF, D: Scope.SELF},
    Action.VIEW_MEMBER: {B: Scope.OWN_BRANCH, C: Scope.SUBTREE, D: Scope.SUBTREE},
    Action.UNMASK_FIELD: {M: Scope.SELF, B: Scope.OWN_BRANCH, C: Scope.SUBTREE, D: Scope.SUBTREE},
    Action.EDIT_MEMBER: {B: Scope.OWN_BRANCH},
    Action.VIEW_SCAN: {M: Scope.SELF, B: Scope.OWN_BRANCH, C: Scope.SUBTREE, D: Scope.SUBTREE},
    Action.UPLOAD_SCAN: {B: Scope.OWN_BRANCH},
    Action.DELETE_SCAN: {B: Scope.OWN_BRANCH},
    Action.RESTORE_SCAN: {B: Scope.OWN_BRANCH},
    Action.ARRANGE_SCAN: {B: Scope.OWN_BRANCH},
    Action.VIEW_FINDINGS: {B: Scope.OWN_BRANCH, C: Scope.SUBTREE, D: Scope.SUBTREE},
    Action.SET_FINDING_ASIDE: {B: Scope.OWN_BRANCH},
    Action.CHECK_SCAN: {C: Scope.SUBTREE, D: Scope.SUBTREE},
    Action.VIEW_CARD: {M: Scope.SELF},
    Action.CERTIFY_MEMBER: {
        M: Scope.SELF,
        B: Scope.OWN_BRANCH,
        C: Scope.SUBTREE,
        D: Scope.SUBTREE,
    },
    Action.SHOW_IDENTITY_CODE: {M: Scope.SELF},
    Action.VIEW_FORM_VIEWS: {M: Scope.SELF},
    Action.REPORT_ERROR: {M: Scope.SELF},
    Action.TAKE_OWN_DATA: {M: Scope.SELF},
    Action.ANSWER_REPORT: {B: Scope.OWN_BRANCH},
    Action.APPLY: {A: Scope.SELF},
    Action.REVIEW_JOININGS: {B: Scope.OWN_BRANCH},
    Action.ISSUE_APPLICANT_CODE: {B: Scope.NOTHING},  # to who comes with their identity card
    Action.ASK_RELEASE: {B: Scope.OWN_BRANCH},
    Action.RELEASE_NUMBER: {D: Scope.SUBTREE},
    Action.VIEW_NUMBER_HISTORY: {C: Scope.SUBTREE, D: Scope.SUBTREE},
    Action.SET_MEMBER_ASIDE: {B: Scope.OWN_BRANCH},
    Action.BRING_MEMBER_BACK: {B: Scope.OWN_BRANCH},
    Action.ASK_TRANSFER: {M: Scope.SELF, B: Scope.OWN_BRANCH},
    Action.DECIDE_TRANSFER: {B: Scope.OWN_BRANCH, D: Scope.SUBTREE},
    Action.VIEW_TRANSFER: {B: Scope.OWN_BRANCH, C: Scope.SUBTREE, D: Scope.SUBTREE},
    Action.LIST_TRANSFERS: {B: Scope.OWN_BRANCH},
    Action.WATCH_TRANSFERS: {C: Scope.SUBTREE, D: Scope.SUBTREE},
    Action.ADD_ORGANISATION: {C: Scope.SUBTREE, D: Scope.SUBTREE},  # below whom
    Action.RENAME_ORGANISATION: {C: Scope.BELOW, D: Scope.BELOW_OR_TOP},
    Action.MOVE_ORGANISATION: {C: Scope.BELOW, D: Scope.BELOW},
    Action.MERGE_ORGANISATION: {C: Scope.BELOW, D: Scope.BELOW},
    Action.CLOSE_ORGANISATION: {C: Scope.BELOW, D: Scope.BELOW},
    Action.REOPEN_ORGANISATION: {C: Scope.BELOW, D: Scope.BELOW},
    Action.SWITCH_JOINING: {C: Scope.BELOW, D: Scope.BELOW},
    Action.BRING_IN_TREE: {D: Scope.TOP},
}

PRESENT_ONLY = frozenset(
    {
        Action.EDIT_MEMBER,
        Action.ASK_RELEASE,
        Action.UPLOAD_SCAN,
        Action.DELETE_SCAN,
        Action.RESTORE_SCAN,
        Action.ARRANGE_SCAN,
        Action.SET_FINDING_ASIDE,
        Action.CHECK_SCAN,
        Action.ANSWER_REPORT,
    }
)
"""What is done to members of a list, never to one who is set aside (``Member.left_at``)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who acts, as the database knows them now, and from where.

    Built from the sign-in's row for every request, never from what the request says.
    """

    account_id: int
    sign_in_id: int
    login: str
    person_name: str
    role: Role
    organisation_id: int | None
    organisation_name: str
    organisation_path: str
    member_id: int | None
    joining_id: int | None = None
    address: str = ""
    request_id: str = ""


def scope_of(actor: Actor, action: Action) -> Scope | None:
    """How far ``action`` reaches for the actor's role; None when it never may."""
    return POLICY[action].get(actor.role)


def allows(actor: Actor, action: Action) -> bool:
    """Whether the actor's role may do ``action`` to anything at all."""
    return scope_of(actor, action) is not None


def require(actor: Actor, action: Action) -> Scope:
    """The scope of ``action`` for the actor. Raises ``NotAllowed`` when the role never may."""
    scope = scope_of(actor, action)
    if scope is None:
        raise NotAllowed
    return scope


def members_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``Member`` for all whom the actor may do ``action`` to.

    Raises ``NotAllowed`` when the actor's role never may.
    """
    reach = _members_in(actor, require(actor, action))
    return and_(reach, Member.left_at.is_(None)) if action in PRESENT_ONLY else reach


def organisations_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``Organisation`` for all that the actor may do ``action`` to.

    Raises ``NotAllowed`` when the actor's role never may.
    """
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

    A branch sees what was sent to it; a draft is the applicant's alone.
    Raises ``NotAllowed`` when the actor's role never may.
    """
    scope = require(actor, action)
    if scope is Scope.SELF:
        return Joining.id == actor.joining_id
    return and_(Joining.branch_id == actor.organisation_id, Joining.state != JoiningState.DRAFT)


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
    Raises ``NotAllowed`` when the actor's role never may.
    """
    require(actor, action)
    letters = Message.kind == MessageKind.LETTER
    if actor.role is Role.MEMBER:
        return and_(Message.sent_by_id == actor.account_id, letters)
    return and_(Message.from_organisation_id == actor.organisation_id, letters)


def addressees_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``Organisation`` for all that the actor may write to.

    Those above are known to everybody by name; of those below a committee sees all.
    Raises ``NotAllowed`` when the actor's role never may.
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
    Raises ``NotAllowed`` when the actor's role never may.
    """
    scope = require(actor, action)
    if scope is Scope.SELF:
        return Transfer.member_id == actor.member_id
    if scope is Scope.OWN_BRANCH:
        return _transfers_of(lambda branch: branch == actor.organisation_id)
    if is_top(actor):
        return true()
    inside = select(Organisation.id).where(in_subtree(actor.organisation_path))
    return _transfers_of(lambda branch: branch.in_(inside))


def rounds_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``CheckRound`` for those of the actor's organisation: colleagues share them.

    What is in a round is found through ``members_for``. Raises ``NotAllowed``.
    """
    require(actor, action)
    return CheckRound.organisation_id == actor.organisation_id


def report_runs_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``ReportRun`` for those that the actor had made: nobody else opens them.

    Raises ``NotAllowed`` when the actor's role never may.
    """
    require(actor, action)
    return ReportRun.account_id == actor.account_id


def accounts_for(actor: Actor, action: Action) -> ColumnElement[bool]:
    """The criterion on ``Account`` for all that the actor may do ``action`` to.

    Besides one's own, only accounts of organisations: a member's is their branch's to care for,
    through the member. Raises ``NotAllowed`` when the actor's role never may.
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
    Raises ``NotAllowed`` when the actor's role never may.
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


def is_top(actor: Actor) -> bool:
    """Whether the actor is of the organisation that nobody stands above."""
    return actor.role in COMMITTEES and actor.organisation_path.count("/") == 2


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


def _transfers_of(is_one: Callable[[Any], ColumnElement[bool]]) -> ColumnElement[bool]:
    return or_(
        is_one(Transfer.from_branch_id),
        and_(is_one(Transfer.to_branch_id), Transfer.passed_on_at.is_not(None)),
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
