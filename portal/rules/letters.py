"""Letters that people write in 站内信: to whom one can be, and what its text may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from portal.rules.text import TextFault, clean_text, holds_personal_number

SUBJECT_LENGTH, BODY_LENGTH = 100, 4000

HOURLY = 60
"""Letters that one person may send in an hour: more than a person writes, few for a program."""


class AddresseeKind(StrEnum):
    """To whom a letter is."""

    ORGANISATION = "organisation"
    BRANCHES = "branches"  # all branches below one
    SUBTREE = "subtree"  # an organisation and all below it
    MEMBER = "member"
    ANSWER = "answer"  # to whoever wrote a message


@dataclass(frozen=True, slots=True)
class Addressee:
    """To whom a letter is; as text ``branches-5``. ``id`` is of what ``kind`` says."""

    kind: AddresseeKind
    id: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The addressee that a text names, None if it names none."""
        kind, _, number = text.partition("-")
        if kind not in list(AddresseeKind) or not number.isascii() or not number.isdigit():
            return None
        return cls(AddresseeKind(kind), int(number)) if len(number) <= 18 else None

    def __str__(self) -> str:
        return f"{self.kind}-{self.id}"


@dataclass(frozen=True, slots=True)
class LetterText:
    """What a person writes."""

    subject: str
    body: str


def clean_letter(typed: LetterText, *, whole: bool) -> LetterText | Mapping[str, str]:
    """The text as it is kept, or a sentence for each field that is wrong.

    ``whole``: it is to be sent, so nothing may be missing. The subject goes on record, where nobody
    can take an ID number out again.
    """
    faults: dict[str, str] = {}
    subject = clean_text(typed.subject, max_length=SUBJECT_LENGTH)
    body = _clean_lines(typed.body)
    if isinstance(subject, TextFault):
        faults["subject"] = subject.message
    elif whole and not subject:
        faults["subject"] = "请填写标题，收信人在列表里先看到它。"
    elif holds_personal_number(subject):
        faults["subject"] = "标题会记入操作日志，请不要写身份证号和手机号，可以写在内容里。"
    if isinstance(body, TextFault):
        faults["body"] = body.message
    elif whole and not body:
        faults["body"] = "请填写内容。"
    if isinstance(subject, TextFault) or isinstance(body, TextFault) or faults:
        return faults
    return LetterText(subject, body)


def _clean_lines(text: str) -> str | TextFault:
    lines = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").split("\n"):
        cleaned = clean_text(line, max_length=len(line) + BODY_LENGTH)
        if isinstance(cleaned, TextFault):
            return cleaned
        lines.append(cleaned)
    body = "\n".join(lines).strip()
    if len(body) > BODY_LENGTH:
        return TextFault(
            f"内容最多 {BODY_LENGTH} 个字，现在有 {len(body)} 个。请缩短，或者放在附件里。"
        )
    return body
