"""身份码: what a member's code holds, and how long it is good."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LIFETIME = timedelta(minutes=3)
"""So long a code is good after it was made."""

CLOCKS_APART = timedelta(seconds=30)
"""So much later than now a code may have been made, by another server's clock."""

DAY = 86_400
BYTES = 11
_FIELDS = (("member_id", 32), ("branch_id", 26), ("second", 17), ("single_use", 1), ("salt", 12))


@dataclass(frozen=True, slots=True)
class IdentityCode:
    """What one code says: of whom, made when, in which branch they were then.

    ``salt`` (0 to 4095) tells two codes of one second apart.
    """

    member_id: int
    branch_id: int
    made_at: datetime
    single_use: bool
    salt: int

    @property
    def expires_at(self) -> datetime:
        """From this moment on it is good no longer."""
        return self.made_at + LIFETIME

    def is_early(self, now: datetime) -> bool:
        """Whether it says to be made later than clocks are apart: nobody made it yet."""
        return self.made_at > now + CLOCKS_APART

    def has_expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return now >= self.expires_at

    def pack(self) -> bytes:
        """The code in ``BYTES`` bytes, without its day. Raises ``OverflowError`` for a huge id."""
        values = {
            "member_id": self.member_id,
            "branch_id": self.branch_id,
            "second": int(self.made_at.timestamp()) % DAY,
            "single_use": int(self.single_use),
            "salt": self.salt,
        }
        packed = 0
        for name, bits in _FIELDS:
            if not 0 <= values[name] < 1 << bits:
                raise OverflowError(f"{name} {values[name]} has more than {bits} bits")
            packed = packed << bits | values[name]
        return packed.to_bytes(BYTES, "big")

    @classmethod
    def unpack(cls, packed: bytes, day: int) -> IdentityCode:
        """What ``pack`` made on a day."""
        rest = int.from_bytes(packed, "big")
        values = {}
        for name, bits in reversed(_FIELDS):
            values[name] = rest & (1 << bits) - 1
            rest >>= bits
        return cls(
            member_id=values["member_id"],
            branch_id=values["branch_id"],
            made_at=datetime.fromtimestamp(day * DAY + values["second"], UTC),
            single_use=bool(values["single_use"]),
            salt=values["salt"],
        )


def day_number(moment: datetime) -> int:
    """The day of UTC, counted from 1970: each has keys of its own."""
    return int(moment.timestamp()) // DAY


def write_token(sealed: bytes) -> str:
    """A sealed code as it stands in an address: letters, digits, ``-`` and ``_``."""
    return base64.urlsafe_b64encode(sealed).decode("ascii")


def read_token(token: str) -> bytes | None:
    """The sealed code of a token; None when it is none, or written in another way than ours."""
    try:
        sealed = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return None
    return sealed if write_token(sealed) == token else None
