"""Mail that says there is something to read: no names, no subject and no text of a message in it.

A message asks for the mail of its addressees in its own transaction (``mail_asking.py``); the
worker sends it with leases and pauses. One row an account, so that ten messages are one mail, and
at most one an hour. When mail fails, the message is there all the same.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from sqlalchemy import case, func, literal, select, update

from portal import clock
from portal.extensions import db
from portal.mail_settings import MailSecurity
from portal.models import Account, MailNotice
from portal.models.base import Moment
from portal.runtime import runtime
from portal.services.accounts import actor_of_account
from portal.services.mail_asking import ADDRESS, is_on, with_addresses
from portal.services.messages import unread_count
from portal.services.transaction import reading, writing

log = logging.getLogger(__name__)

AT_MOST_EVERY = timedelta(hours=1)
LEASE = timedelta(minutes=5)
BATCH = 20
TURN_SECONDS = 20.0
"""So long a thread of the worker sends; then whatever else is queued has its turn."""

SERVER_SECONDS = 10.0
"""Of one answer of the mail server."""

MAX_FAILURES = 5
PAUSE = timedelta(minutes=5)
"""After a failure, twice as long each time."""


@dataclass(frozen=True, slots=True)
class MailStatus:
    """What ``flask mail status`` shows; ``errors`` are the latest, without addresses."""

    on: bool
    waiting: int
    given_up: int
    accounts: int
    mails: int
    errors: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class _Taken:
    account_id: int
    lease: datetime
    taken_at: datetime
    failures: int
    sent_at: datetime | None


class _ServerAway(Exception):
    """The mail server can't be had now; no fault of a single mail."""


def send_due() -> int:
    """Send the mail that is due, for about ``TURN_SECONDS``; how many went out."""
    if not is_on():
        return 0
    ends, sent = time.monotonic() + TURN_SECONDS, 0
    while time.monotonic() < ends and (left := _take()):
        try:
            with _server() as server:
                while left:  # at least one: connecting alone may have used the turn up
                    sent += _send(server, left[0])
                    left.pop(0)
                    if time.monotonic() > ends:
                        break
        except _ServerAway as away:
            log.warning("mail server away", extra={"reason": str(away), "waiting": len(left)})
            for one in left:
                _end(one, due_at=clock.now() + PAUSE, last_error=str(away)[:200])
            break
        for one in left:  # the turn is over
            _end(one, due_at=clock.now())
    return sent


def send_test(address: str) -> None:
    """Send the mail to one address now. Raises ``OSError`` or ``smtplib.SMTPException``."""
    with _connect() as server:
        server.send_message(_mail(address, 1))


def status() -> MailStatus:
    """What there is to send, and what went wrong."""
    waiting, given_up, accounts, mails = (
        reading()
        .execute(
            select(
                func.count(MailNotice.due_at),
                func.count(case((MailNotice.failures >= MAX_FAILURES, 1))),
                func.count(),
                func.coalesce(func.sum(MailNotice.sent_count), 0),
            )
        )
        .one()
    )
    errors = reading().execute(
        select(MailNotice.account_id, MailNotice.last_error)
        .where(MailNotice.last_error != "")
        .order_by(MailNotice.asked_at.desc())
        .limit(20)
    )
    rows = tuple((row[0], row[1]) for row in errors)
    return MailStatus(is_on(), waiting, given_up, accounts, mails, rows)


def _take() -> list[_Taken]:
    """Some that are due, for ``LEASE`` this worker's alone."""
    moment = clock.now()
    lease = moment + LEASE
    with writing() as session:
        rows = session.execute(
            select(MailNotice.account_id, MailNotice.failures, MailNotice.sent_at)
            .where(MailNotice.due_at <= moment)
            .order_by(MailNotice.due_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        ids = [row.account_id for row in rows]
        session.execute(
            update(MailNotice).where(MailNotice.account_id.in_(ids)).values(due_at=lease)
        )
    return [_Taken(row.account_id, lease, moment, row.failures, row.sent_at) for row in rows]


def _send(server: smtplib.SMTP, one: _Taken) -> int:
    """Send one mail, unless there is nothing to say by now; how many went out.

    Raises ``_ServerAway``.
    """
    if one.sent_at is not None and one.sent_at > clock.now() - AT_MOST_EVERY:
        _end(one, due_at=one.sent_at + AT_MOST_EVERY)
        return 0
    address, unread = _unread(one.account_id)
    if not address or not unread:
        _end(one, due_at=None)
        return 0
    try:
        server.send_message(_mail(address, unread))
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, ValueError, UnicodeError) as no:
        _refused(one, no)
        return 0
    except (smtplib.SMTPException, OSError) as away:
        raise _ServerAway(_words(away)) from away
    moment = clock.now()
    again = literal(moment + AT_MOST_EVERY, Moment())
    later = case((MailNotice.asked_at > one.taken_at, again), else_=None)
    count = MailNotice.sent_count + 1
    _end(one, due_at=later, sent_at=moment, sent_count=count, failures=0, last_error="")
    return 1


def _unread(account_id: int) -> tuple[str, int]:
    """Where to write to, and how much there is to read; nothing if the person wants none."""
    query = with_addresses(select(ADDRESS)).where(Account.id == account_id)
    address = reading().execute(query).scalar()
    person = actor_of_account(account_id)
    count = unread_count(person) if person is not None else 0
    db.session.rollback()  # no transaction stays open while a mail server thinks
    return address or "", count


def _refused(one: _Taken, error: Exception) -> None:
    """The server does not take this mail: later again, or given up until the next message."""
    failures = one.failures + 1
    codes = (
        [code for code, _ in error.recipients.values()]
        if isinstance(error, smtplib.SMTPRecipientsRefused)
        else [getattr(error, "smtp_code", 550)]
    )
    for_good = all(code >= 500 for code in codes) or failures >= MAX_FAILURES
    log.warning("mail refused", extra={"account": one.account_id, "codes": codes})
    _end(
        one,
        due_at=None if for_good else clock.now() + PAUSE * 2**failures,
        failures=MAX_FAILURES if for_good else failures,
        last_error=f"邮件服务器拒收（{'、'.join(map(str, codes))}）",
    )


def _end(one: _Taken, **values: Any) -> None:
    """What came of one, if it is still this worker's."""
    with writing() as session:
        session.execute(
            update(MailNotice)
            .where(MailNotice.account_id == one.account_id, MailNotice.due_at == one.lease)
            .values(values)
        )


@contextmanager
def _server() -> Iterator[smtplib.SMTP]:
    """The mail server, signed in to. Raises ``_ServerAway`` if it can't be had."""
    try:
        server = _connect()
    except (smtplib.SMTPException, OSError) as away:
        raise _ServerAway(_words(away)) from away
    try:
        yield server
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()


def _connect() -> smtplib.SMTP:
    settings = runtime().settings
    where = (settings.smtp_host, settings.smtp_port)
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if settings.smtp_security is MailSecurity.TLS:
        server = smtplib.SMTP_SSL(*where, timeout=SERVER_SECONDS, context=context)
    else:
        server = smtplib.SMTP(*where, timeout=SERVER_SECONDS)
    try:
        if settings.smtp_security is MailSecurity.STARTTLS:
            server.starttls(context=context)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
    except BaseException:
        server.close()
        raise
    return server


def _mail(address: str, unread: int) -> EmailMessage:
    """What the mail says: that there is something, and where; nothing of anybody."""
    settings = runtime().settings
    mail = EmailMessage()
    mail["From"], mail["To"] = settings.mail_sender, address
    mail["Subject"] = f"北京共青团：您有 {unread} 封未读站内信"
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = make_msgid(domain=settings.mail_sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(
        f"您在“北京共青团 · 组织管理中心”有 {unread} 封未读站内信。\n"
        "为保护个人信息，邮件里不写内容。请登录后查看：\n"
        f"{settings.public_url}/messages/\n\n"
        "不想再收到这样的邮件，请登录后在“我的资料”里关闭邮件提醒。\n"
        "这封邮件由系统自动发送，请不要回复。\n"
    )
    return mail


def _words(error: Exception) -> str:
    """What went wrong, without addresses and passwords."""
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__}{f' {code}' if code else ''}"
