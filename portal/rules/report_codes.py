"""报表编码: the code on every page of a report, by which anybody asks whether it was made here."""

from __future__ import annotations

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no I, L, O and U, which are read as others or spell words."""

LENGTH = 12
FINGERPRINT = 16
"""Hexadecimal digits of the content's hash that stand on paper."""

_MISREAD = str.maketrans("ILO", "110")


def new_code() -> str:
    """A code that nobody can guess: 60 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def group_code(code: str) -> str:
    """``7K3M-Q2XW-9HTA``, as it is printed."""
    return "-".join(code[start : start + 4] for start in range(0, LENGTH, 4))


def parse_code(text: str) -> str | None:
    """The code that was typed, with blanks, full-width or small letters, and misread ones."""
    wide = {0xFF01 + place: 0x21 + place for place in range(94)}
    plain = text.translate(wide).upper().translate(_MISREAD)
    code = "".join(sign for sign in plain if sign.isalnum())
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None


def fingerprint(content_sha256: bytes) -> str:
    """The hash of a report's content as it stands on paper: ``3F2A 91C0 77DE 05B4``."""
    digits = content_sha256.hex().upper()[:FINGERPRINT]
    return " ".join(digits[start : start + 4] for start in range(0, FINGERPRINT, 4))
