"""Who may do what, and how far: one table of role, action and scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from portal.errors import NotAllowed


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


def is_top(actor: Actor) -> bool:
    """Whether the actor is of the organisation that nobody stands above."""
    return actor.role in COMMITTEES and actor.organisation_path.count("/") == 2
