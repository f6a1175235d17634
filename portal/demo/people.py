"""Invented people: names from lists, ID numbers with a valid check digit in an unassigned region.

Region 990101 and phone prefix 100 are assigned to nobody, so no invented person is a real one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from portal.rules.id_number import Sex, check_digit
from portal.rules.vocabulary import EDUCATION_LEVELS, ETHNICITIES

REGION = "990101"
PHONE_PREFIX = "100"

_SURNAMES = (
    *"王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕",
    "欧阳",
    "司马",
    "诸葛",
    "上官",
)
_GIVEN = {
    Sex.FEMALE: tuple("婷雪梅兰竹菊月静怡雅欣悦佳慧琳洁颖萱涵晴宁瑶璐"),
    Sex.MALE: tuple("伟强磊军杰涛超明刚平辉鹏飞宇浩然博文轩昊天翔晨"),
}
_SHARED = tuple("子一思雨梓嘉晓文新志国安永立春秋海云成")

ODD_NAMES = (
    "阿依古丽·买买提江",
    "迪丽热巴·阿布都热合曼·艾则孜",
    "尼格买提·努尔买买提·吐尔逊江",
    "龚㛃",
    "李𬱖",
    "张𠅤宇",
    "马𬭎",
    "刘龑",
    "古丽米热·" + "阿" * 20 + "·" + "迪" * 24,
)
"""Long names, names of minorities, and rare characters of planes 0 and 2."""


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person."""

    name: str
    sex: Sex
    birth_date: date
    id_number: str
    phone: str
    email: str
    ethnicity: str
    education: str


class People:
    """A source of invented people; ``serial`` makes each of them one of a kind."""

    def __init__(self, chance: random.Random, *, region: str = REGION) -> None:
        self._chance = chance
        self._region = region
        self._serials: dict[str, int] = {}
        self._count = 0

    def person(self, joined: date, *, name: str | None = None) -> Person:
        """Somebody who was between 14 and 24 in the month of joining."""
        chance, self._count = self._chance, self._count + 1
        sex = chance.choice((Sex.FEMALE, Sex.MALE))
        birth = joined - timedelta(days=chance.randint(14 * 366, 24 * 365))
        return Person(
            name=name or self._name(sex),
            sex=sex,
            birth_date=birth,
            id_number=self._id_number(birth, sex),
            phone=f"{PHONE_PREFIX}{self._region[3]}{self._count:07d}",
            email=f"member{self._count}@example.com" if chance.random() < 0.7 else "",
            ethnicity="汉族" if chance.random() < 0.9 else chance.choice(ETHNICITIES[1:12]),
            education=chance.choice(EDUCATION_LEVELS),
        )

    def _name(self, sex: Sex) -> str:
        chance = self._chance
        given = chance.choice(_GIVEN[sex])
        if chance.random() < 0.7:
            given = chance.choice(_SHARED) + given
        return f"{chance.choice(_SURNAMES)}{given}"

    def _id_number(self, birth: date, sex: Sex) -> str:
        """The serial's last digit is odd for men; full days overflow into the region's end."""
        day = f"{birth:%Y%m%d}"
        serial = self._serials.get(day + sex, 0)
        self._serials[day + sex] = serial + 1
        region = int(self._region) + serial // 500
        digits = f"{region}{day}{serial % 500 * 2 + (sex is Sex.MALE):03d}"
        return f"{digits}{check_digit(digits)}"
