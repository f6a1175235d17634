"""Age at joining: 14 to 28 by the League's constitution, and who must ask first.

As the national 智慧团建 does: outside 14 to 28 a question; under 13 (under 12 before 2017) refused.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class AgePolicy:
    """The ages, in full years; settings of an installation."""

    youngest: int = 14
    oldest: int = 28
    refused_under: int = 13
    refused_under_before_2017: int = 12
    consent_from: int = 14  # PIPL art. 31: under 14 only with the parents' consent


class AgeAnswer(StrEnum):
    """What the age at joining means for an application."""

    FINE = "fine"
    QUESTION = "question"  # the applicant confirms that the month is right
    REFUSED = "refused"


STRICTER_SINCE = 2017


def full_years(born: date, day: date) -> int:
    """Age on ``day``; who was born on 29 February is a year older on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def joining_age(born: date, joined: date, policy: AgePolicy) -> AgeAnswer:
    """Judge the age in the month of ``joined``: the day is not known, so every day of it counts.

    Who turns 14 at the end of the month may have been 14, who is 28 at its beginning too.
    """
    last = joined.replace(day=calendar.monthrange(joined.year, joined.month)[1])
    at_most, at_least = full_years(born, last), full_years(born, joined.replace(day=1))
    strict = joined.year >= STRICTER_SINCE
    if at_most < (policy.refused_under if strict else policy.refused_under_before_2017):
        return AgeAnswer.REFUSED
    if at_most < policy.youngest or at_least > policy.oldest:
        return AgeAnswer.QUESTION
    return AgeAnswer.FINE


def may_consent(born: date, today: date, policy: AgePolicy) -> bool:
    """Whether a person may consent to the privacy notice alone."""
    return full_years(born, today) >= policy.consent_from
