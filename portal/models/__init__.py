"""The tables, typed. Columns and constraints only: the rules are in ``rules``."""

from portal.models.account import Account, OneTimeCode, SignIn
from portal.models.audit import AuditRecord, RecordSeal
from portal.models.base import Base
from portal.models.check import CheckItem, CheckRound, ItemState, RoundChoice, ScanCheck
from portal.models.correction import Correction, CorrectionState
from portal.models.draft import Draft, DraftKind, DraftPicture
from portal.models.identity import AnsweredCode
from portal.models.installation import Heartbeat, Installation
from portal.models.job import Job, JobKind, JobState
from portal.models.joining import Joining, JoiningState
from portal.models.look import FindingSetAside, ScanFinding, ScanLook
from portal.models.member import Member
from portal.models.message import (
    Audience,
    LetterDraft,
    LetterFile,
    MailNotice,
    Message,
    MessageKind,
    MessageRead,
)
from portal.models.number import NumberHolding, NumberRelease, ReleaseState
from portal.models.organisation import Organisation
from portal.models.progress import ProgressDay
from portal.models.report import ReportRun, RunState
from portal.models.scan import Scan, ScanOrigin, ScanState
from portal.models.tally import MonthTally, Tally
from portal.models.transfer import Transfer, TransferStep

__all__ = [
    "Account",
    "AnsweredCode",
    "Audience",
    "AuditRecord",
    "Base",
    "CheckItem",
    "CheckRound",
    "Correction",
    "CorrectionState",
    "Draft",
    "DraftKind",
    "DraftPicture",
    "FindingSetAside",
    "Heartbeat",
    "Installation",
    "ItemState",
    "Job",
    "JobKind",
    "JobState",
    "Joining",
    "JoiningState",
    "LetterDraft",
    "LetterFile",
    "MailNotice",
    "Member",
    "Message",
    "MessageKind",
    "MessageRead",
    "MonthTally",
    "NumberHolding",
    "NumberRelease",
    "OneTimeCode",
    "Organisation",
    "ProgressDay",
    "RecordSeal",
    "ReleaseState",
    "ReportRun",
    "RoundChoice",
    "RunState",
    "Scan",
    "ScanCheck",
    "ScanFinding",
    "ScanLook",
    "ScanOrigin",
    "ScanState",
    "SignIn",
    "Tally",
    "Transfer",
    "TransferStep",
]
