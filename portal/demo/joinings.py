"""Invented applications, so that the branch's queue is not empty."""

from __future__ import annotations

import random
from datetime import timedelta

from portal import clock
from portal.demo.people import People
from portal.models import Joining, JoiningState
from portal.rules.outside import Proof
from portal.rules.pinyin import name_pinyin
from portal.rules.vocabulary import POLITICAL_STATUSES, RETURN_REASONS
from portal.services.joining_fields import sent_values
from portal.services.members import sealed_fields
from portal.services.registration import NOTICE_VERSION

REGION = "990201"
"""Another unassigned one than the members', so that no ID number is given twice."""


def joinings(chance: random.Random, branch_id: int) -> list[Joining]:
    """Four that wait at a branch: one sent again after it was returned, one of who moves in."""
    people, today, made = People(chance, region=REGION), clock.today(), []
    for place in range(4):
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
    wrong = dict(sent_values(made[2]), number=f"{today.year} 1109 9999")
    made[2].returned_fields, made[2].reason = wrong, RETURN_REASONS[1]
    _came_from_outside(made[3])
    return made


def _came_from_outside(joining: Joining) -> None:
    joined = clock.today().replace(year=clock.today().year - 2, month=5, day=1)
    joining.moved_in, joining.joined, joining.approved_on = True, joined, None
    joining.number = f"{joined.year}13009003"
    joining.former_place, joining.former_organisation = "13", "某市第三中学团委高二（1）班团支部"
    joining.proof, joining.proof_number = Proof.LETTER, f"团介字第 {joined.year}0137 号"
    joining.proof_on = clock.today() - timedelta(days=9)
    joining.sent_at = clock.now() - timedelta(days=1)
