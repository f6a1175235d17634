"""One-time codes: twelve signs in three groups, to be read aloud and typed from paper."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

ALPHABET = "ACDEFGHJKMNPQRTUVWXY34679"
"""Without signs that look or sound alike (0 O, 1 I L, 2 Z, 5 S, 8 B): 25, so 55 bits a code."""

LENGTH = 12
_GROUP = 4
_SEPARATORS = re.compile(r"[\s._/\-‐-―]+")


def make_code(choose: Callable[[str], str]) -> str:
    """A new code, from a source of chance such as ``secrets.choice``."""
    return "".join(choose(ALPHABET) for _ in range(LENGTH))


def group_code(code: str) -> str:
    """As it is shown: ``ACDE-FGHJ-KMNP``."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def normalise_code(text: str) -> str:
    """As typed: with or without separators, either case, full-width signs."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
