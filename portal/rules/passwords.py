"""Which passwords are taken, and how strong one is: an estimate that tells the truth.

``strength`` looks for the cheapest way to say the password in pieces that a guesser tries first:
listed words, pinyin, dates, runs of keys, repeats, one's own data; what is left counts by
character. So ``Abc12345678!`` is very weak, however many kinds of characters it has.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from portal.rules.common_words import RUNS, SYLLABLES, WORDS, common_passwords
from portal.rules.id_number import IdNumber
from portal.rules.pinyin import name_pinyin

MIN_LENGTH = 10
MAX_LENGTH = 128

# Who stole an argon2id hash tries some thousand a second: 28 bits last a day, 40 ten years.
VERY_WEAK_BELOW = 28
WEAK_BELOW = 40
STRONG_FROM = 52

_LONGEST_PIECE = 40  # but for a repeated one
_OWN_BITS = 2.0
_WORD_BITS = 10.0
_SYLLABLE_BITS = 7.0
_RUN_BITS = 4.0
_LETTER_OF_A_WORD_BITS = 2.2
_OTHER_CHARACTER_BITS = 5.5  # Han: a word of two has some 11
_DATE_BITS = math.log2(366 * 100)
_YEAR_BITS = math.log2(100)
_DAY_BITS = math.log2(366)
_PHONE_BITS = 26.0
_ID_NUMBER_BITS = 27.0

_LEET = str.maketrans("@4830$571!", "aabeossiii")
_SEPARATORS = re.compile(r"[\s._/\-]+")
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U000323af]")
_FOUR_CONSONANTS = re.compile("[^aeiouy]{4}")
_CONTROLS = {"Cc", "Cs"}


class StrengthWord(StrEnum):
    """How strong, in the word that the page shows."""

    VERY_WEAK = "很弱"
    WEAK = "弱"
    FAIR = "一般"
    STRONG = "强"


@dataclass(frozen=True, slots=True)
class Strength:
    """An estimate of a password; ``bits``: it takes about 2 ** bits guesses."""

    bits: int

    @property
    def word(self) -> StrengthWord:
        """The word for it."""
        if self.bits < VERY_WEAK_BELOW:
            return StrengthWord.VERY_WEAK
        if self.bits < WEAK_BELOW:
            return StrengthWord.WEAK
        return StrengthWord.FAIR if self.bits < STRONG_FROM else StrengthWord.STRONG

    @property
    def level(self) -> int:
        """1 (很弱) to 4 (强)."""
        return list(StrengthWord).index(self.word) + 1


@dataclass(frozen=True, slots=True)
class PasswordFault:
    """Why a password is not taken, in a sentence."""

    message: str


def check_password(
    text: str, *, personal: Collection[str], min_length: int = MIN_LENGTH
) -> PasswordFault | None:
    """What is wrong with a password somebody chose for themselves; None when it is good.

    ``personal`` has the person's login, name, ID number, phone and birth date (``2008-03-12``), as
    far as they are known: none of it may be part of the password.
    """
    if len(text) < min_length:
        return PasswordFault(
            f"密码至少 {min_length} 个字符，现在有 {len(text)} 个。"
            "可以用几个不相干的词连起来，好记又不容易猜。"
        )
    if len(text) > MAX_LENGTH:
        return PasswordFault(f"密码最多 {MAX_LENGTH} 个字符，现在有 {len(text)} 个。请缩短。")
    if any(unicodedata.category(character) in _CONTROLS for character in text):
        return PasswordFault("密码里有看不见的控制字符，可能是复制时带来的。请手工重新输入。")
    plain = _SEPARATORS.sub("", _folded(text))
    if any(word in plain for word in _own_words(personal)):
        return PasswordFault(
            "密码里有您的账号、姓名、身份证号、电话或出生日期，容易被猜中。请换一个。"
        )
    if _folded(text) in common_passwords():
        return PasswordFault("这个密码很多人在用，容易被猜中。请换一个，例如几个不相干的词。")
    if strength(text).word is StrengthWord.VERY_WEAK:
        return PasswordFault(
            "这个密码太容易猜：主要是常见的词、拼音、日期、重复或连续的字符。"
            "请换一个，例如几个不相干的词。"
        )
    return None


def strength(text: str, *, personal: Collection[str] = ()) -> Strength:
    """How strong ``text`` is; ``personal`` as for ``check_password``. Every text has an answer."""
    text = text[:MAX_LENGTH]
    guesser = _Guesser(frozenset(_own_words(personal)))
    return Strength(math.floor(guesser.bits(_folded(text)) + _capitals_bits(text)))


def _folded(text: str) -> str:
    """Small letters, full-width ones as typed; as many characters as before."""
    folded = (unicodedata.normalize("NFKC", one).lower() for one in text)
    return "".join(new if len(new) == 1 else old for new, old in zip(folded, text, strict=True))


def _own_words(personal: Collection[str]) -> set[str]:
    """What of a person's own data must not stand in their password."""
    words = set()
    for one in personal:
        plain = _SEPARATORS.sub("", _folded(one))
        if plain[:-1].isdigit() and len(plain) >= 6:  # an ID number, a phone, a birth date
            words |= {plain[at : at + 6] for at in range(len(plain) - 5)}
        elif _HAN.search(plain):
            words |= {plain, name_pinyin(plain)[0].replace(" ", "")}
        else:
            words.add(plain)
    return {word for word in words if len(word) >= 4 or (len(word) >= 2 and _HAN.match(word))}


class _Guesser:
    """Finds the cheapest way to say a text; ``own`` are the words of the person's own data."""

    def __init__(self, own: frozenset[str]) -> None:
        self._own = own
        self._known: dict[str, float] = {}  # of blocks that are repeated

    def bits(self, text: str) -> float:
        """The fewest bits that say ``text`` in pieces: the shortest path over its positions."""
        if text in self._known:
            return self._known[text]
        best = [0.0]
        for end in range(1, len(text) + 1):
            best.append(best[end - 1] + _character_bits(text, end - 1))
            for start in range(end - 1):
                bits = self._piece_bits(text, start, end)
                if bits is not None:
                    best[end] = min(best[end], best[start] + bits)
        self._known[text] = best[-1]
        return best[-1]

    def _piece_bits(self, text: str, start: int, end: int) -> float | None:
        """The bits of one piece of two characters or more, if it is one that a guesser tries."""
        piece = text[start:end]
        found = []
        period = (piece + piece).find(piece, 1)
        if 3 <= len(piece) > period:
            found.append(self.bits(piece[:period]) + math.log2(len(piece) // period))
        if len(piece) <= _LONGEST_PIECE:
            found += _guesses(piece)
            if piece in self._own:
                found.append(_OWN_BITS)
            if _is_word_like(text, start, end):
                found.append(max(_WORD_BITS, len(piece) * _LETTER_OF_A_WORD_BITS))
        return min(found, default=None)


def _guesses(piece: str) -> Iterator[float]:
    if piece in WORDS:
        yield _WORD_BITS
    if piece.translate(_LEET) in WORDS:
        yield _WORD_BITS + 1
    if piece in SYLLABLES:
        yield _SYLLABLE_BITS
    if _is_run(piece):
        yield _RUN_BITS + math.log2(len(piece))
    if piece.isascii() and piece.isdigit():
        yield _digits_bits(piece)
    if len(piece) == 18 and isinstance(IdNumber.parse(piece), IdNumber):
        yield _ID_NUMBER_BITS


def _character_bits(text: str, at: int) -> float:
    character = text[at]
    if not character.isalnum() and character in text[:at]:
        return 1.0  # the same separator again
    if character.isascii():
        if character.isdigit():
            return math.log2(10)
        return math.log2(26) if character.isalpha() else 5.0
    return _OTHER_CHARACTER_BITS


def _capitals_bits(text: str) -> float:
    """How many ways there are to put the capitals; the usual ones count for little."""
    capitals = sum(one.isupper() for one in text)
    if capitals == 0:
        return 0.0
    small = sum(one.islower() for one in text)
    if small == 0 or (capitals == 1 and (text[0].isupper() or text[-1].isupper())):
        return 1.0
    ways = sum(math.comb(capitals + small, some) for some in range(1, min(capitals, small) + 1))
    return math.log2(ways)


def _is_run(piece: str) -> bool:
    """abc, 987, or keys that lie beside each other."""
    if len(piece) < 3:
        return False
    steps = {ord(after) - ord(before) for before, after in pairwise(piece)}
    if piece.isalnum() and steps in ({1}, {-1}):
        return True
    return any(piece in run or piece[::-1] in run for run in RUNS)


def _is_word_like(text: str, start: int, end: int) -> bool:
    """Whether all the letters between two others can be spoken: a word of some language.

    No dictionary is large enough; a letter of a word says less than a random one in any case.
    """
    piece = text[start:end]
    if len(piece) < 4 or not (piece.isascii() and piece.isalpha()):
        return False
    if text[:start][-1:].isalpha() or text[end:][:1].isalpha():
        return False
    vowels = sum(one in "aeiouy" for one in piece)
    return vowels * 5 >= len(piece) and not _FOUR_CONSONANTS.search(piece)


def _digits_bits(digits: str) -> float:
    """The bits of a year, a day or a whole date, or of a phone number; else of the digits."""
    match len(digits):
        case 4 if 1940 <= int(digits) < 2040:
            return _YEAR_BITS
        case 4 if _is_date(2000, digits):
            return _DAY_BITS
        case 6 if _is_date(2000, digits[2:]):
            return _DATE_BITS
        case 8 if 1900 <= int(digits[:4]) < 2050 and _is_date(int(digits[:4]), digits[4:]):
            return _DATE_BITS
        case 11 if re.match("1[3-9]", digits):
            return _PHONE_BITS
    return len(digits) * math.log2(10)


def _is_date(year: int, month_and_day: str) -> bool:
    try:
        date(year, int(month_and_day[:2]), int(month_and_day[2:]))
    except ValueError:
        return False
    return True
