"""The tables, typed. Columns and constraints only: the rules are in ``rules``."""

from portal.models.account import Account, SignIn
from portal.models.audit import AuditRecord
from portal.models.base import Base
from portal.models.installation import Heartbeat, Installation
from portal.models.member import Member
from portal.models.organisation import Organisation
from portal.models.scan import Scan, ScanState
from portal.models.tally import Tally

__all__ = [
    "Account",
    "AuditRecord",
    "Base",
    "Heartbeat",
    "Installation",
    "Member",
    "Organisation",
    "Scan",
    "ScanState",
    "SignIn",
    "Tally",
]
