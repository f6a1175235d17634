"""Account names: small letters, digits and hyphens, so that they can be read out and typed."""

from __future__ import annotations

import re
import unicodedata

MIN_LENGTH = 3
MAX_LENGTH = 32
STEM_LENGTH = 20

_LOGIN = re.compile(r"[a-z0-9][a-z0-9-]{1,30}[a-z0-9]")
# Other people's: a person is named by their ID number or phone too, and the portal gives out ty….
_RESERVED = re.compile(r"[0-9-]+|[0-9]{17}x|ty-?[0-9]+(-[0-9]+)?")
_OTHER = re.compile(r"[^a-z0-9]+")

MESSAGE = (
    "账号由 3 到 32 位小写字母、数字或连字符组成，连字符不在两端；"
    "不能全是数字，也不能是 ty 加数字（那是给团员本人用的）。请修改后再保存。"
)


def parse_login(text: str) -> str | None:
    """A new account name of an organisation; capitals and full-width characters taken as typed.

    None for one that names somebody else: an ID number, a phone, what members are given.
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    return plain if _LOGIN.fullmatch(plain) and not _RESERVED.fullmatch(plain) else None


def login_stem(initials: str) -> str:
    """What an organisation's account names begin with: 高一(1)班团支部, gy(1)btzb → gy1btzb."""
    stem = _OTHER.sub("", initials.lower())[:STEM_LENGTH]
    return stem if len(stem) > 1 and not _RESERVED.fullmatch(f"{stem}1") else "zuzhi"


def member_login(member_id: int) -> str:
    """The account name that is made for a member who has none: ty-2921990."""
    return f"ty-{member_id}"
