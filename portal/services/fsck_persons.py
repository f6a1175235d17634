"""``flask fsck`` of persons: what is sealed opens, and what comes from name and ID number agrees.

Nothing personal stands in what is found: only whose row it is, and what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from portal.extensions import db
from portal.models import Account, Correction, Member
from portal.rules.id_number import IdNumber
from portal.runtime import runtime
from portal.services.corrections import shown, with_person
from portal.services.members import PersonalField, plain_field
from portal.vault import SealBroken

CHUNK = 5000


def check() -> Iterator[tuple[str, str]]:
    """What does not agree, as the member or the report and a sentence."""
    last = 0
    query = (
        select(
            Member.id,
            Member.name,
            Member.sex,
            Member.birth_date,
            Member.id_number_hash,
            Member.id_number_sealed,
            Member.phone_hash,
            Member.phone_sealed,
            Account.person_name,
        )
        .outerjoin(Account, Account.member_id == Member.id)
        .order_by(Member.id)
    )
    while rows := db.session.execute(query.where(Member.id > last).limit(CHUNK)).all():
        for row in rows:
            for fault in _faults(row):
                yield f"member {row.id}", fault
        last = rows[-1].id
    for report, person in db.session.execute(with_person().order_by(Correction.id)):
        try:
            shown(report, person)
        except SealBroken:
            yield f"report {report.id}", "what it proposes or replaced does not open"


def _faults(row: Any) -> Iterator[str]:
    """Of one member's row, with the name of their account."""
    if row.person_name not in (None, row.name):
        yield "its account has another name"
    vault = runtime().vault
    try:
        text = plain_field(row, PersonalField.ID_NUMBER)
        phone = plain_field(row, PersonalField.PHONE)
    except SealBroken:
        yield "its ID number or phone does not open"
        return
    if vault.index("phone", phone) != row.phone_hash:
        yield "its phone is another one than it is found by"
    if vault.index("id_number", text) != row.id_number_hash:
        yield "its ID number is another one than it is found by"
    parsed = IdNumber.parse(text)
    if not isinstance(parsed, IdNumber):
        yield "its ID number is none"
    elif (parsed.sex, parsed.birth_date) != (row.sex, row.birth_date):
        yield "its sex or birth date is not the one of its ID number"
