"""团员注册: a person makes an account of their own, with which they apply to a branch."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert

from portal import clock
from portal.errors import PortalError
from portal.models import Account, Joining, JoiningState
from portal.rules.age import may_consent
from portal.rules.id_number import IdNumber
from portal.rules.pinyin import name_pinyin
from portal.runtime import runtime
from portal.services import audit
from portal.services.accounts import hash_password
from portal.services.known_persons import is_known
from portal.services.members import sealed_fields
from portal.services.transaction import writing

NOTICE_VERSION = "2026-11-25"
"""Which privacy notice (templates/joining/privacy.html) is consented to."""

_FIRST_LOGIN = 100_000


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Who registers: parsed and checked one by one."""

    name: str
    id_number: IdNumber
    phone: str


class AlreadyRegistered(PortalError):
    """The ID number has an account or a member already; whose, is told to nobody."""

    status = 422

    def __init__(self) -> None:
        super().__init__(
            "这个身份证号已经登记过，不用再注册。如果是您本人，请直接登录（账号处可以填身份证号）；"
            "没有账号或忘记密码，请带身份证到所在团支部，由支部管理员发一次性码。"
            "以前从北京转出、现在转回来的，也用原来的账号登录，没有账号的请联系转出前的团支部。"
        )


class TooYoungToConsent(PortalError):
    """Under 14 the consent of the parents is needed, which can't be given here."""

    status = 422

    def __init__(self) -> None:
        super().__init__(
            "未满 14 周岁不能自己注册：个人信息须由父母或其他监护人同意。"
            "满 14 周岁后再来注册，或请监护人到所在团支部办理。"
        )


def register(person: NewPerson, password: str, *, address: str) -> str:
    """Make the person's account and empty application; returns the account's name.

    Raises ``TooYoungToConsent`` or ``AlreadyRegistered``; then nothing has changed.
    """
    policy = runtime().settings.age_policy
    if not may_consent(person.id_number.birth_date, clock.today(), policy):
        raise TooYoungToConsent
    hashed = hash_password(password)  # takes its time: before the write lock
    pinyin, letters = name_pinyin(person.name)
    sealed = sealed_fields(person.id_number.text, person.phone)
    moment = clock.now()
    with writing() as session:
        if is_known(sealed["id_number_hash"]):
            raise AlreadyRegistered
        joining = Joining(
            name=person.name,
            pinyin=pinyin[:300],
            initials=letters[:50],
            sex=person.id_number.sex,
            birth_date=person.id_number.birth_date,
            **sealed,
            consented_at=moment,
            notice_version=NOTICE_VERSION,
            state=JoiningState.DRAFT,
            version=1,
            created_at=moment,
            changed_at=moment,
        )
        session.add(joining)
        session.flush()
        login = f"ty{_FIRST_LOGIN + joining.id}"
        session.execute(
            insert(Account).values(
                login=login,
                password_hash=hashed,
                person_name=person.name,
                joining_id=joining.id,
                created_at=moment,
            )
        )
        audit.record(
            None,
            audit.Event.REGISTERED,
            address=address,
            joining_id=joining.id,
            notice=NOTICE_VERSION,
        )
    return login
