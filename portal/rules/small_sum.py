"""A sum in words, which people can answer and simple programs do not: 七加五等于几."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass

_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class SmallSum:
    """Two numbers from 1 to 9."""

    first: int
    second: int

    @classmethod
    def draw(cls, chance: random.Random) -> SmallSum:
        """A sum by chance."""
        return cls(chance.randint(1, 9), chance.randint(1, 9))

    @property
    def question(self) -> str:
        """The question in words; a screen reader says it as everybody reads it."""
        return f"{_DIGITS[self.first]}加{_DIGITS[self.second]}等于几"

    @property
    def answer(self) -> str:
        """The answer in digits."""
        return str(self.first + self.second)


def normalise_answer(text: str) -> str:
    """An answer in digits, also when it was given in words (十二) or in full-width digits."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain.isascii():
        return plain.lstrip("0") or plain[:1]
    tens, ten, ones = plain.partition("十")
    if not ten:
        tens, ones = "", plain
    elif not tens:
        tens = "一"
    digits = [_DIGITS.find(one) if one else 0 for one in (tens, ones)]
    if any(len(part) > 1 for part in (tens, ones)) or -1 in digits:
        return ""
    return str(digits[0] * 10 + digits[1])
