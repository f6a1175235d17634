"""Texts that people type: NFC, without characters that pretend or can't be seen (SECURITY.md)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

NAME_LENGTH = 50

MOST_DIGITS = 18
"""Of a row's id or version: all such numbers fit into 64 bits."""

# Controls, format characters (bidi, zero width), private use, surrogates, unassigned, line ends.
_REFUSED_CATEGORIES = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
_MIDDLE_DOTS = re.compile("[•・‧∙.．]")
# Han of all planes, Latin letters with their accents, the middle dot, and what stands in a name.
_NAME = re.compile(
    "[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
    "A-Za-z\u00c0-\u024f· '’\\-]+"
)

_BLANKS = re.compile(r"[\s\-]+")
# Eighteen characters of an ID number, eleven of a mobile phone; a member number has twelve.
_PERSONAL = re.compile(r"(?<!\d)(\d{17}[\dXx]|1[3-9]\d{9})(?!\d)")


@dataclass(frozen=True, slots=True)
class TextFault:
    """Why a text is refused, in a sentence."""

    message: str


def clean_text(text: str, *, max_length: int) -> str | TextFault:
    """``text`` in NFC without blanks at its ends, or the sentence that says what is wrong."""
    cleaned = unicodedata.normalize("NFC", text).strip()
    for character in cleaned:
        if unicodedata.category(character) in _REFUSED_CATEGORIES:
            return TextFault(
                f"里面有看不见的字符（U+{ord(character):04X}）。"
                "可能是从别处复制时带来的，请手工重新输入。"
            )
    if len(cleaned) > max_length:
        return TextFault(f"最多 {max_length} 个字，现在有 {len(cleaned)} 个。请缩短后再保存。")
    return cleaned


def clean_name(text: str) -> str | TextFault:
    """A person's name: Han with rare characters, ``·`` of minority names, Latin; 1 to 50."""
    cleaned = clean_text(text, max_length=NAME_LENGTH)
    if isinstance(cleaned, TextFault):
        return cleaned
    cleaned = _MIDDLE_DOTS.sub("·", cleaned)
    if not cleaned:
        return TextFault("请填写姓名，与身份证上的一致。")
    if not _NAME.fullmatch(cleaned):
        return TextFault("姓名只能有汉字、字母和间隔号“·”。请与身份证上的一致。")
    return cleaned


def parse_whole(text: str) -> int | None:
    """A whole number as an address or a page carries it; None for what no row can have.

    Longer ones are no numbers to a database, and from 4,301 digits on none to Python.
    """
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None


def holds_personal_number(text: str) -> bool:
    """Whether an ID number or a mobile phone stands in a text, with blanks inside or without."""
    return bool(_PERSONAL.search(_BLANKS.sub("", unicodedata.normalize("NFKC", text))))
