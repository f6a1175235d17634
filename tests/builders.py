"""A small world of organisations, persons and members, and ways to act in it as they do.

municipal ─ district (东城区) ─ grassroots ─ branch, sister
          └ other district ──── far branch
"""

from __future__ import annotations

import io
import random
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import date, timedelta
from typing import Any, TypeVar

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, insert, select, update

from portal import clock
from portal.access import Actor, Role
from portal.demo.load import hold_numbers, member_row, organisation_row
from portal.demo.members import DemoMember, Profile
from portal.demo.people import People
from portal.demo.tree import Node, Tree
from portal.extensions import db
from portal.models import Account, Member, Organisation, Tally
from portal.rules.id_number import IdNumber
from portal.rules.organisations import OrganisationKind as Kind
from portal.services import joining
from portal.services.derived import add_to_tallies, contribution
from portal.services.joining_fields import JoiningFields
from portal.services.registration import NewPerson, register
from portal.services.scans import Uploaded, upload
from portal.services.transaction import count_on, writing
from portal.storage import Incoming
from tests.scans import good_scan

PASSWORD = "correct horse battery"
TEST_MEMORY_KIB = 1024
"""Of argon2: a real hash takes longer than a whole test."""
_HASH = PasswordHasher(memory_cost=TEST_MEMORY_KIB).hash(PASSWORD)

TODAY = date(2026, 11, 24)
T = TypeVar("T")


class World:
    """The world; attributes are the organisations (``Node``)."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        tree = Tree()
        self.municipal = tree.add(None, Kind.MUNICIPAL, "共青团北京市委员会")
        self.district = tree.add(self.municipal, Kind.DISTRICT, "东城区团区委")
        self.other_district = tree.add(self.municipal, Kind.EDUCATION, "西城区团教工委")
        self.grassroots = tree.add(self.district, Kind.GRASSROOTS, "东城区第一中学团委")
        self.branch = tree.add(self.grassroots, Kind.BRANCH, "高一(1)班团支部")
        self.sister = tree.add(self.grassroots, Kind.BRANCH, "高一(2)班团支部")
        self.far_branch = tree.add(self.other_district, Kind.BRANCH, "第八中学团支部")
        self.nodes = {node.id: node for node in tree.nodes}
        self._people = People(random.Random(7))
        self._applicants = People(random.Random(8), region="990401")
        self._sequence = 0
        with writing() as session:
            session.execute(insert(Organisation), [organisation_row(node) for node in tree.nodes])
            session.execute(
                insert(Account),
                [
                    {
                        "id": node.id,
                        "login": f"login{node.id}",
                        "password_hash": _HASH,
                        "person_name": f"管理员{node.id}",
                        "organisation_id": node.id,
                        "created_at": clock.now(),
                    }
                    for node in tree.nodes
                ],
            )
            if db.engine.dialect.name == "postgresql":
                for table in ("organisation", "account"):
                    session.execute(
                        select(func.setval(func.pg_get_serial_sequence(table, "id"), 100))
                    )

    def actor(self, node: Node) -> Actor:
        """The person of an organisation's account."""
        role = Role.DISTRICT if node.kind.may_release_numbers else Role.COMMITTEE
        if node.kind is Kind.BRANCH:
            role = Role.BRANCH
        return Actor(
            account_id=node.id,
            sign_in_id=0,
            login=f"login{node.id}",
            person_name=f"管理员{node.id}",
            role=role,
            organisation_id=node.id,
            organisation_name=node.name,
            organisation_path=node.path,
            member_id=None,
            address="127.0.0.1",
            request_id="test",
        )

    def member_actor(self, member_id: int) -> Actor:
        """The person of a member's account, which is made."""
        with writing() as session:
            member = session.get_one(Member, member_id)
            node = self.nodes[member.branch_id]
            account = Account(
                login=f"member{member_id}",
                password_hash=_HASH,
                person_name=member.name,
                member_id=member_id,
                created_at=clock.now(),
            )
            session.add(account)
            session.flush()
            return Actor(
                account_id=account.id,
                sign_in_id=0,
                login=account.login,
                person_name=member.name,
                role=Role.MEMBER,
                organisation_id=node.id,
                organisation_name=node.name,
                organisation_path=node.path,
                member_id=member_id,
            )

    def applicant(self, *, name: str | None = None, born_before: date | None = None) -> Actor:
        """A person who has registered, with an account and an empty application."""
        joined = born_before or clock.today() - timedelta(days=400)
        person = self._applicants.person(joined, name=name)
        parsed = IdNumber.parse(person.id_number)
        assert isinstance(parsed, IdNumber)
        login = register(NewPerson(person.name, parsed, person.phone), PASSWORD, address="")
        account = db.session.scalars(select(Account).where(Account.login == login)).one()
        return Actor(
            account_id=account.id,
            sign_in_id=0,
            login=login,
            person_name=person.name,
            role=Role.APPLICANT,
            organisation_id=None,
            organisation_name="",
            organisation_path="",
            member_id=None,
            joining_id=account.joining_id,
        )

    def application(self, **changes: Any) -> JoiningFields:
        """An application that can be sent: approved ten days ago, with a free number."""
        approved_on = clock.today() - timedelta(days=10)
        fields: dict[str, Any] = {
            "ethnicity": "汉族",
            "political_status": "中国共产主义青年团团员",
            "education": "高中",
            "email": "",
            "is_student": False,
            "joined": approved_on.replace(day=1),
            "number": changes.get("number") or self.number(approved_on.year),
            "approved_on": approved_on,
        }
        return JoiningFields(**(fields | changes))

    def apply(self, actor: Actor | None = None, branch: Node | None = None, **changes: Any) -> int:
        """Send an application to a branch; returns its id."""
        actor = actor or self.applicant()
        joining.choose_branch(actor, (branch or self.branch).id)
        version = joining.own_joining(actor).version
        joining.send(actor, version, self.application(**changes), age_confirmed=False)
        assert actor.joining_id is not None
        return actor.joining_id

    def add_account(self, node: Node, *, login: str | None = None, name: str = "张新") -> int:
        """A further account of an organisation, with the password of all."""
        with writing() as session:
            last = session.scalar(select(func.max(Account.id))) or 0
            account = Account(
                login=login or f"extra{last + 1}",
                password_hash=_HASH,
                person_name=name,
                organisation_id=node.id,
                created_at=clock.now(),
            )
            session.add(account)
            session.flush()
            return account.id

    def number(self, year: int = 2026) -> str:
        """A number of a new member that nobody has."""
        self._sequence += 1
        return f"{year}110{self._sequence:05d}"

    def add_member(
        self,
        branch: Node | None = None,
        *,
        number: str | None = "new",
        joined: date | None = None,
        approved_on: date | None = None,
        released_number: str | None = None,
        name: str | None = None,
    ) -> int:
        """A member; by default a new one of ``branch`` whose form is due in 20 days."""
        branch = branch or self.branch
        approved_on = approved_on or clock.today() - timedelta(days=10)
        joined = joined or approved_on.replace(day=1)
        number = self.number(joined.year) if number == "new" else number
        profile = Profile(joined, approved_on, number, released_number)
        with writing() as session:
            last = session.scalar(select(func.max(Member.id))) or 0
            row = member_row(
                last + 1, branch.id, DemoMember(self._people.person(joined, name=name), profile)
            )
            session.execute(insert(Member), [row])
            hold_numbers([row])
            counted = contribution(
                is_new_member=row["is_new_member"],
                has_scan=False,
                scan_checked=False,
                scan_late=False,
                irregularity=row["irregularity"],
            )
            add_to_tallies(branch.id, joined, counted)
            count_on(Member)
        return last + 1

    def upload(
        self, member_id: int, content: bytes | None = None, node: Node | None = None
    ) -> Uploaded:
        """Upload as the admin of the member's branch would."""
        content = content if content is not None else good_scan()
        if node is None:
            branch_id = db.session.scalar(select(Member.branch_id).where(Member.id == member_id))
            assert branch_id is not None
            node = self.nodes[branch_id]

        def receive(incoming: Incoming) -> None:
            incoming.write(content)

        return upload(self.actor(node), member_id, receive)

    def member(self, member_id: int) -> Member:
        """The member's row, as it is now."""
        db.session.rollback()
        db.session.expire_all()
        return db.session.get_one(Member, member_id)

    def tally(self, branch: Node | None = None) -> dict[str, int]:
        """A branch's counts as they are stored."""
        db.session.rollback()
        row = db.session.execute(
            select(Tally.__table__).where(Tally.branch_id == (branch or self.branch).id)
        ).one()
        return {name: value for name, value in row._mapping.items() if name != "branch_id"}

    def set_columns(self, member_id: int, **columns: Any) -> None:
        """Damage a row behind the services' back, for what must notice it."""
        with writing() as session:
            session.execute(update(Member).where(Member.id == member_id).values(**columns))

    def client(self, login: str | None = None) -> Browser:
        """A browser; signed in when ``login`` is given."""
        browser = Browser(self.app.test_client())
        if login:
            answer = browser.sign_in(login)
            assert answer.status_code == 303, answer.text
        return browser

    def client_of(self, node: Node) -> Browser:
        """A browser signed in as the person of an organisation."""
        return self.client(f"login{node.id}")


class Browser:
    """A person at the pages: a Flask client that knows the form's token."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, *, htmx: bool = False, **kwargs: Any) -> Any:
        headers = {**_headers(htmx), **kwargs.pop("headers", {})}
        return self.request("GET", path, headers=headers, **kwargs)

    def request(self, method: str, path: str, **kwargs: Any) -> Any:
        """A request in an application context of its own, as a server would make it.

        The tests run inside a context, whose ``g`` all requests would share otherwise.
        """
        with self.client.application.app_context():
            return self.client.open(path, method=method, **kwargs)

    def post(self, path: str, data: dict[str, Any] | None = None, *, htmx: bool = False) -> Any:
        data = {"csrf_token": self.token(), **(data or {})}
        return self.request("POST", path, data=data, headers=_headers(htmx))

    def upload(self, member_id: int, content: bytes, *, htmx: bool = True) -> Any:
        data = {
            "csrf_token": self.token(),
            "file": (io.BytesIO(content), "form.pdf", "application/pdf"),
        }
        return self.request(
            "POST",
            f"/members/{member_id}/scan",
            data=data,
            headers=_headers(htmx),
            content_type="multipart/form-data",
        )

    def sign_in(self, login: str, password: str = PASSWORD, **fields: str) -> Any:
        return self.post("/sign-in", {"login": login, "password": password, **fields})

    def token(self) -> str:
        """The token that the pages of this session carry."""
        page = self.request("GET", "/sign-in")
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found
        return found[1]


def _headers(htmx: bool) -> dict[str, str]:
    headers = {"Origin": "http://localhost", "Referer": "http://localhost/members/"}
    return {**headers, "HX-Request": "true"} if htmx else headers


def meanwhile(
    app: Flask, words: str, act: Callable[[], T], *, to_its_end: bool = True
) -> list[Future[T]]:
    """Somebody else acts, once, when the first statement with ``words`` is about to be sent.

    That statement waits until they are done, unless they in turn wait for what is written here.
    """
    begun: list[Future[T]] = []
    asked_to = threading.Event()  # set before the other begins, whose own statements pass here too
    others = ThreadPoolExecutor(1)

    def other() -> T:
        with app.app_context():
            try:
                return act()
            finally:
                db.session.remove()

    def listen(*asked: Any) -> None:
        if not asked_to.is_set() and words in asked[2]:
            asked_to.set()
            begun.append(others.submit(other))
            if to_its_end:
                wait(begun)

    event.listen(db.engine, "before_cursor_execute", listen)
    return begun
