"""The policy: who may do what to what.

``policy`` is the table of role, action and scope; ``criteria`` makes of a scope what a statement
looks rows up by.
"""

from portal.access.criteria import (
    accounts_for,
    addressees_for,
    ids_on,
    in_subtree,
    joinings_for,
    members_for,
    message_parameters,
    messages_asked,
    messages_for,
    organisations_for,
    records_for,
    report_runs_for,
    rounds_for,
    sent_letters_for,
    transfers_for,
)
from portal.access.policy import (
    COMMITTEES,
    POLICY,
    PRESENT_ONLY,
    Action,
    Actor,
    Role,
    Scope,
    allows,
    is_top,
    require,
    scope_of,
)

__all__ = [
    "COMMITTEES",
    "POLICY",
    "PRESENT_ONLY",
    "Action",
    "Actor",
    "Role",
    "Scope",
    "accounts_for",
    "addressees_for",
    "allows",
    "ids_on",
    "in_subtree",
    "is_top",
    "joinings_for",
    "members_for",
    "message_parameters",
    "messages_asked",
    "messages_for",
    "organisations_for",
    "records_for",
    "report_runs_for",
    "require",
    "rounds_for",
    "scope_of",
    "sent_letters_for",
    "transfers_for",
]
