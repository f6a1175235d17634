"""Invented applications, so that the branch's queue is not empty."""

from __future__ import annotations

import random
from datetime import timedelta

from portal import clock
from portal.demo.people import People
from portal.models import Joining, JoiningState
from portal.rules.pinyin import name_pinyin
from portal.rules.vocabulary import POLITICAL_STATUSES, RETURN_REASONS
from portal.services.joining import sent_values
from portal.services.members import sealed_fields
from portal.services.registration import NOTICE_VERSION

REGION = "990201"
"""Another unassigned one than the members', so that no ID number is given twice."""


def joinings(chance: random.Random, branch_id: int) -> list[Joining]:
    """Three applications that wait at a branch, one of them sent again after it was returned."""
    people, today, made = People(chance, region=REGION), clock.today(), []
    for place in range(3):
        approved_on = today - timedelta(days=4 + 3 * place)
        joined = approved_on.replace(day=1)
        person, sent_at = people.person(joined), clock.now() - timedelta(days=3 * place, hours=2)
        pinyin, letters = name_pinyin(person.name)
        joining = Joining(
            branch_id=branch_id,
            name=person.name,
            pinyin=pinyin[:300],
            initials=letters[:50],
            sex=person.sex,
            birth_date=person.birth_date,
            **sealed_fields(person.id_number, person.phone),
            consented_at=sent_at,
            notice_version=NOTICE_VERSION,
            ethnicity=person.ethnicity,
            political_status=POLITICAL_STATUSES[0],
            education="高中",
            email=person.email,
            is_student=False,
            joined=joined,
            approved_on=approved_on,
            number=f"{joined.year}110{90_000 + place:05d}",
            state=JoiningState.SENT,
            version=2,
            created_at=sent_at,
            changed_at=sent_at,
            sent_at=sent_at,
        )
        made.append(joining)
    wrong = dict(sent_values(made[-1]), number=f"{today.year} 1109 9999")
    made[-1].returned_fields, made[-1].reason = wrong, RETURN_REASONS[1]
    return made
