"""Personal fields as they are shown until somebody asks for them (guide 4.4, second picture)."""

from __future__ import annotations

DOT = "●"


def mask_name(name: str) -> str:
    """``张●``: the first character, whatever the length."""
    return f"{name[:1]}{DOT}"


def mask_number(number: str) -> str:
    """``2020 ●●●● 0003``: a member number, or one that is not regular, without its middle."""
    return f"{number[:4]} {DOT * 4} {number[-4:]}" if len(number) >= 12 else DOT * 4


def mask_id_number(text: str) -> str:
    """``2301●●●●●●45``: the first four and the last two."""
    return f"{text[:4]}{DOT * 6}{text[-2:]}"


def mask_birth_date() -> str:
    """Nothing of it is shown."""
    return "●●-●●-●●"


def mask_phone() -> str:
    """Nothing of it is shown."""
    return "●●●●-●●●●"


def mask_email() -> str:
    """Nothing of it is shown."""
    return "●●@●●.●●"


def mask_fee() -> str:
    """Nothing of it is shown."""
    return "●●"
