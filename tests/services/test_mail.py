"""Mail about messages, against a real server: what is in it, who gets it, and when it can't be sent.

On both databases.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import time_machine
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask
from sqlalchemy import select, update

from portal.access import Actor
from portal.extensions import db
from portal.mail_settings import MailSecurity
from portal.models import Account, MailNotice, MessageKind
from portal.rules.letters import Addressee, LetterText
from portal.runtime import runtime
from portal.services import letters, mail, messages
from portal.services.messages import Letter, inbox, open_message
from portal.services.own_mail import change_own_mail, own_mail
from portal.services.transaction import writing
from tests.builders import World

pytestmark = pytest.mark.usefixtures("database")

MORNING = datetime.now(UTC) + timedelta(hours=1)  # later than the world's accounts
MINUTE = timedelta(minutes=1)
BRANCH = "branch@example.com"


class Post:
    """What a mail server got, and what it says instead of taking it."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuses: dict[str, str] = {}
        self.seconds = 0.0  # that it thinks about a mail

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        await asyncio.sleep(self.seconds)
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def serve(post: Post, app: Flask) -> Iterator[Callable[..., None]]:
    """Start a mail server, and let the portal know of it."""
    started: list[Controller] = []

    def start(
        security: MailSecurity = MailSecurity.NONE, user: str = "", password: str = "", **more: Any
    ) -> None:
        port = free_port()
        settle(app, port=port, security=security, user=user, password=password)
        controller = Controller(post, hostname="127.0.0.1", port=port, **more)
        controller.start()
        started.append(controller)

    yield start
    for controller in started:
        controller.stop()


def settle(app: Flask, *, port: int, **changes: Any) -> None:
    """The settings of a mail server on this machine."""
    wanted = {
        "smtp_host": changes.get("host", "127.0.0.1"),
        "smtp_port": port,
        "smtp_security": changes.get("security", MailSecurity.NONE),
        "smtp_user": changes.get("user", ""),
        "smtp_password": changes.get("password", ""),
        "mail_sender": "portal@example.com",
        "public_url": "https://portal.example.com",
    }
    settings = runtime().settings.model_copy(update=wanted)
    app.extensions["portal"] = replace(runtime(), settings=settings)


@pytest.fixture
def branch(world: World) -> Actor:
    actor = world.actor(world.branch)
    change_own_mail(actor, address=BRANCH, off=False)
    return actor


def tell(world: World) -> None:
    with writing():
        letter = Letter(MessageKind.NOTICE, "安新：编号已解除占用", "安新 的编号")
        messages.send_to_organisation(world.branch.id, letter)


def notice(actor: Actor) -> MailNotice:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(MailNotice, actor.account_id)


def test_the_mail_says_that_there_is_something_and_nothing_else(
    world: World, branch: Actor, serve: Callable[..., None], post: Post
) -> None:
    with time_machine.travel(MORNING, tick=False) as now:
        serve()
        tell(world)
        tell(world)
        assert mail.send_due() == 0  # a minute later, together
        now.shift(MINUTE)
        assert (mail.send_due(), mail.send_due()) == (1, 0)
    (got,) = post.mails
    assert got["To"] == BRANCH
    assert got["From"] == "portal@example.com"
    assert got["Subject"] == "北京共青团：您有 2 封未读站内信"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Message-ID"].endswith("@example.com>")
    text = got.get_content()
    assert "https://portal.example.com/messages/" in text
    assert "关闭邮件提醒" in text
    assert "安新" not in got.as_string() + text
    assert mail.status().mails == 1


def test_at_most_one_an_hour_and_none_of_what_was_read(
    world: World, branch: Actor, serve: Callable[..., None], post: Post
) -> None:
    with time_machine.travel(MORNING, tick=False) as now:
        serve()
        tell(world)
        now.shift(MINUTE)
        mail.send_due()
        tell(world)
        now.shift(MINUTE)
        assert mail.send_due() == 0
        now.shift(timedelta(hours=1))
        assert mail.send_due() == 1
        assert post.mails[-1]["Subject"].startswith("北京共青团：您有 2 封")
        tell(world)
        for row in inbox(branch).rows:
            open_message(branch, row.id)
        now.shift(timedelta(hours=2))
        assert mail.send_due() == 0
        assert notice(branch).due_at is None


def test_who_wants_none_gets_none(
    world: World, branch: Actor, serve: Callable[..., None], post: Post
) -> None:
    with time_machine.travel(MORNING, tick=False) as now:
        serve()
        change_own_mail(branch, address=BRANCH, off=True)
        tell(world)
        assert mail.status().waiting == 0
        change_own_mail(branch, address=BRANCH, off=False)
        tell(world)
        change_own_mail(branch, address=BRANCH, off=True)
        now.shift(MINUTE)
        assert mail.send_due() == 0
        change_own_mail(branch, address="", off=False)
        tell(world)
        now.shift(MINUTE)
        assert (mail.send_due(), post.mails) == (0, [])
    assert (own_mail(branch).address, own_mail(branch).off, own_mail(branch).is_own) == (
        "",
        False,
        True,
    )


def test_a_letter_to_all_below_is_mailed_to_whom_it_reaches(
    world: World, branch: Actor, serve: Callable[..., None], post: Post
) -> None:
    change_own_mail(world.actor(world.grassroots), address="committee@example.com", off=False)
    change_own_mail(world.actor(world.district), address="sender@example.com", off=False)
    change_own_mail(world.actor(world.far_branch), address="far@example.com", off=False)

    def send(kind: str) -> set[str]:
        to = Addressee.parse(f"{kind}-{world.district.id}")
        assert to is not None
        token = f"token-of-a-letter-{kind}"
        letters.send(world.actor(world.district), token, to, LetterText("通知", "内容"))
        now.shift(timedelta(hours=2))
        post.mails.clear()
        mail.send_due()
        return {one["To"] for one in post.mails}

    with time_machine.travel(datetime.now(UTC), tick=False) as now:
        serve()
        assert send("branches") == {BRANCH}
        assert send("subtree") == {BRANCH, "committee@example.com"}


def test_a_member_is_written_to_at_their_own_address(
    world: World, serve: Callable[..., None], post: Post
) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as now:
        serve()
        member_id = world.add_member(name="安新")
        member = world.member_actor(member_id)
        world.set_columns(member_id, email="anxin@example.com")
        change_own_mail(member, address="not-taken@example.com", off=False)
        with writing():
            messages.send_to_account(member.account_id, Letter(MessageKind.NOTICE, "一", "二"))
        now.shift(MINUTE)
        assert mail.send_due() == 1
        assert post.mails[0]["To"] == "anxin@example.com"
        assert own_mail(member).address == "anxin@example.com"
        with writing() as session:
            session.execute(
                update(Account)
                .where(Account.id == member.account_id)
                .values(disabled_at=datetime.now(UTC))
            )
        with writing():
            messages.send_to_account(member.account_id, Letter(MessageKind.NOTICE, "一", "二"))
        assert notice(member).due_at is None


def test_without_a_mail_server_nothing_is_asked_for(world: World, branch: Actor) -> None:
    tell(world)
    assert db.session.scalars(select(MailNotice)).all() == []
    assert mail.send_due() == 0
    assert not mail.status().on


def test_a_server_that_is_away_costs_a_pause_and_no_message(
    world: World, branch: Actor, app: Flask, serve: Callable[..., None], post: Post
) -> None:
    with time_machine.travel(MORNING, tick=False) as now:
        settle(app, port=free_port())
        tell(world)
        now.shift(MINUTE)
        assert mail.send_due() == 0
        row = notice(branch)
        assert row.last_error == "ConnectionRefusedError"
        assert row.due_at == MORNING + MINUTE + mail.PAUSE
        assert (row.failures, len(inbox(branch).rows)) == (0, 1)
        serve()
        assert mail.send_due() == 0
        now.shift(mail.PAUSE)
        assert mail.send_due() == 1
        assert notice(branch).last_error == ""


def test_an_address_that_is_refused_is_given_up_until_the_next_message(
    world: World, branch: Actor, serve: Callable[..., None], post: Post
) -> None:
    second = world.actor(world.sister)
    change_own_mail(second, address="sister@example.com", off=False)
    with time_machine.travel(MORNING, tick=False) as now:
        serve()
        post.refuses[BRANCH] = "550 no such user"
        tell(world)
        with writing():
            messages.send_to_organisation(
                world.sister.id, Letter(MessageKind.NOTICE, "标题", "内容")
            )
        now.shift(MINUTE)
        assert mail.send_due() == 1  # the other one, over the same connection
        row = notice(branch)
        assert (row.due_at, row.failures) == (None, mail.MAX_FAILURES)
        assert row.last_error == "邮件服务器拒收（550）"
        found = mail.status()
        assert (found.given_up, found.errors) == (1, ((branch.account_id, row.last_error),))
        del post.refuses[BRANCH]
        tell(world)
        now.shift(MINUTE)
        assert mail.send_due() == 1
        assert notice(branch).failures == 0


def test_a_server_that_is_busy_is_asked_again_some_times(
    world: World, branch: Actor, serve: Callable[..., None], post: Post
) -> None:
    with time_machine.travel(MORNING, tick=False) as now:
        serve()
        post.refuses[BRANCH] = "451 later"
        tell(world)
        tries = 0
        while notice(branch).due_at is not None:
            now.shift(timedelta(hours=3))
            assert mail.send_due() == 0
            tries += 1
        assert tries == mail.MAX_FAILURES


def test_a_server_that_says_nothing_holds_nobody_up(
    world: World, branch: Actor, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "SERVER_SECONDS", 0.3)
    with socket.socket() as silent, time_machine.travel(MORNING, tick=False) as now:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settle(app, port=silent.getsockname()[1])
        tell(world)
        now.shift(MINUTE)
        began = time.perf_counter()
        assert mail.send_due() == 0
        assert time.perf_counter() - began < 5
        assert notice(branch).last_error == "SMTPServerDisconnected"


def test_the_commands_tell_how_it_stands_and_try_the_server(
    world: World, branch: Actor, app: Flask, serve: Callable[..., None], post: Post
) -> None:
    run = app.test_cli_runner().invoke
    assert "Mail is off: PORTAL_SMTP_HOST." in run(args=["mail", "status"]).output
    off = run(args=["mail", "test", "me@example.com"])
    assert (off.exit_code, "Mail is off" in off.output) == (1, True)
    settle(app, port=free_port())
    away = run(args=["mail", "test", "me@example.com"])
    assert (away.exit_code, "ConnectionRefusedError" in away.output) == (1, True)
    serve()
    assert run(args=["mail", "test", "me@example.com"]).output == "Sent.\n"
    assert post.mails[0]["To"] == "me@example.com"
    post.refuses[BRANCH] = "550 no such user"
    tell(world)
    with writing() as session:
        session.execute(update(MailNotice).values(due_at=datetime.now(UTC) - MINUTE))
    mail.send_due()
    said = run(args=["mail", "status"]).output
    assert "Mail goes through 127.0.0.1." in said
    assert "0 wait, 0 went out to 1 accounts, 1 given up" in said
    assert f"account {branch.account_id}: 邮件服务器拒收（550）" in said
    assert BRANCH not in said


def test_a_turn_that_takes_too_long_leaves_the_rest_for_the_next(
    world: World,
    branch: Actor,
    serve: Callable[..., None],
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change_own_mail(world.actor(world.sister), address="sister@example.com", off=False)
    serve()
    for node in (world.branch, world.sister):
        with writing():
            messages.send_to_organisation(node.id, Letter(MessageKind.NOTICE, "标题", "内容"))
    with writing() as session:
        session.execute(update(MailNotice).values(due_at=datetime.now(UTC) - MINUTE))
    post.seconds = 0.4
    monkeypatch.setattr(mail, "TURN_SECONDS", 0.2)
    assert (mail.send_due(), mail.send_due(), mail.send_due()) == (1, 1, 0)
    assert {one["To"] for one in post.mails} == {BRANCH, "sister@example.com"}


def test_a_server_that_hangs_with_a_mail_in_hand_is_asked_again(
    world: World,
    branch: Actor,
    serve: Callable[..., None],
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mail, "SERVER_SECONDS", 0.5)
    with time_machine.travel(MORNING, tick=False) as now:
        serve()
        tell(world)
        now.shift(MINUTE)
        post.seconds = 2.0
        assert mail.send_due() == 0
        assert notice(branch).last_error == "SMTPServerDisconnected"
        post.seconds = 0.0
        now.shift(mail.PAUSE)
        assert mail.send_due() == 1


def test_two_workers_send_one_mail(
    world: World, branch: Actor, app: Flask, serve: Callable[..., None], post: Post
) -> None:
    serve()
    tell(world)
    with writing() as session:
        session.execute(update(MailNotice).values(due_at=datetime.now(UTC) - MINUTE))
    sent: list[int] = []

    def work() -> None:
        with app.app_context():
            sent.append(mail.send_due())

    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sorted(sent) == [0, 1]
    assert len(post.mails) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine, with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "own.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_over_tls_from_the_first_byte_on(
    world: World,
    branch: Actor,
    app: Flask,
    serve: Callable[..., None],
    post: Post,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    serve(ssl_context=context)
    settle(app, port=runtime().settings.smtp_port, host="localhost", security=MailSecurity.TLS)
    tell(world)
    with writing() as session:
        session.execute(update(MailNotice).values(due_at=datetime.now(UTC) - MINUTE))
    assert mail.send_due() == 1
    assert post.mails[0]["To"] == BRANCH


@pytest.mark.parametrize("trusted", [True, False])
def test_over_tls_with_a_password_and_only_to_whom_is_trusted(
    world: World,
    branch: Actor,
    app: Flask,
    serve: Callable[..., None],
    post: Post,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    trusted: bool,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    seen: list[bytes] = []

    def authenticate(
        _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> AuthResult:
        seen.append(data.password)
        return AuthResult(success=data.login == b"portal" and data.password == b"secret")

    serve(
        tls_context=context,
        require_starttls=True,
        authenticator=authenticate,
        auth_required=True,
    )
    port = runtime().settings.smtp_port
    settle(
        app,
        port=port,
        host="localhost",
        security=MailSecurity.STARTTLS,
        user="portal",
        password="secret",
    )
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tell(world)
    with writing() as session:
        session.execute(update(MailNotice).values(due_at=datetime.now(UTC) - MINUTE))
    assert mail.send_due() == int(trusted)
    assert len(post.mails) == int(trusted)
    assert seen == ([b"secret"] if trusted else [])
    if not trusted:
        assert notice(branch).last_error == "SSLCertVerificationError"
