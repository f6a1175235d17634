"""Loads the demo into an empty database, and a whole city for measuring."""

from __future__ import annotations

import hashlib
import json
import os
import random
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from portal import clock
from portal.demo.days import past_days
from portal.demo.faulty_forms import FAULTS, is_faulty
from portal.demo.joinings import joinings
from portal.demo.members import DemoMember, demo_members
from portal.demo.outside import go_outside
from portal.demo.paper import Paper, bind
from portal.demo.supervision import supervise
from portal.demo.transfers import transfer_some
from portal.demo.tree import Node, Tree, demo_tree
from portal.extensions import db
from portal.models import (
    Account,
    Installation,
    Member,
    NumberHolding,
    NumberRelease,
    Organisation,
    ReleaseState,
    Scan,
    ScanState,
    Tally,
)
from portal.rules.deadlines import is_late
from portal.rules.pinyin import initials, name_pinyin
from portal.rules.vocabulary import POLITICAL_STATUSES
from portal.runtime import runtime
from portal.services import progress_days
from portal.services.accounts import hash_password
from portal.services.derived import TALLIED, contribution, derive
from portal.services.members import sealed_fields
from portal.services.month_tallies import count_anew
from portal.services.transaction import writing
from portal.settings import Mode
from portal.storage import new_scan_key

MEMBERS = 1500
SCANS = 200
FIRST_BRANCH = 130
FORMER_ORGANISATION = "某市第二中学团委高一（2）班团支部"
NO_PASSWORD = "!"  # noqa: S105 (no hash: nobody can sign in)

Progress = Callable[[str], None]


class DemoRefused(Exception):
    """The database holds data already, or the installation is a production one."""


def load_demo(*, progress: Progress = lambda _text: None) -> None:
    """The demo: a small city of invented people, with logins in ``demo-accounts.json``."""
    refuse_unless_empty()
    began, chance = time.monotonic(), random.Random(2020)
    tree = demo_tree()
    branches = list(tree.branches())
    members = demo_members(chance, clock.today(), MEMBERS, SCANS)
    homes = _homes(chance, branches, members)
    accounts, listed = organisation_accounts(tree, everyone=True)
    account, login = _member_login(len(accounts) + 1, members, homes)
    rows = [
        member_row(number, home.id, member)
        for number, (member, home) in enumerate(zip(members, homes, strict=True), start=1)
    ]
    progress(f"{len(tree.nodes)} 个组织，{len(members)} 名团员")
    scans = _draw_scans(members, rows, homes, accounts)
    with writing() as session:
        session.execute(insert(Installation).values(content="demo", created_at=clock.now()))
        session.execute(insert(Organisation), [organisation_row(node) for node in tree.nodes])
        session.execute(insert(Member), rows)
        hold_numbers(rows)
        session.execute(insert(Account), [*accounts, account])
        session.execute(insert(NumberRelease), release_rows(rows, accounts))
        session.execute(insert(Scan), scans)
        session.execute(insert(Tally), tally_rows(rows, branches))
        count_anew(node.path for node in branches)
        session.add_all(joinings(chance, branches[0].id))
        session.flush()
        restart_sequences()
    progress_days.store(past_days(rows, scans, {home.id: home.path for home in branches}))
    supervise()
    transfer_some()
    go_outside()
    write_accounts([*listed, login])
    progress(f"{len(scans)} 份《入团志愿书》，用时 {time.monotonic() - began:.0f} 秒")


def load_city(*, progress: Progress = lambda _text: None) -> None:
    """60,000 organisations and 2,000,000 members, for measuring; scans are rows without files."""
    from portal.demo.city import load

    refuse_unless_empty()
    load(progress)


def refuse_unless_empty() -> None:
    """Raise ``DemoRefused`` unless demo data may be put in here."""
    if runtime().settings.mode is Mode.PRODUCTION:
        raise DemoRefused("PORTAL_MODE is production: the demo loads invented people; refused.")
    if db.session.scalar(select(Organisation.id).limit(1)) is not None:
        raise DemoRefused("The database holds data already; the demo needs an empty one.")


def organisation_row(node: Node) -> dict[str, Any]:
    """The columns of an organisation."""
    return {
        "id": node.id,
        "parent_id": node.parent_id,
        "kind": node.kind,
        "name": node.name,
        "initials": initials(node.name)[:100],
        "path": node.path,
    }


def member_row(member_id: int, branch_id: int, member: DemoMember) -> dict[str, Any]:
    """The columns of a member, with what the rules say of them."""
    person, profile = member.person, member.profile
    pinyin, letters = name_pinyin(person.name)
    said = derive(
        number=profile.number or profile.released_number,
        joined=profile.joined,
        approved_on=profile.approved_on,
        released=profile.released_number is not None,
        policy=runtime().policy,
    )
    return {
        "id": member_id,
        "branch_id": branch_id,
        "name": person.name,
        "pinyin": pinyin[:300],
        "initials": letters[:50],
        "sex": person.sex,
        "birth_date": person.birth_date,
        "ethnicity": person.ethnicity,
        "political_status": POLITICAL_STATUSES[0],
        "education": person.education,
        "email": person.email,
        "fee_cents": 20,
        "is_student": person.education.startswith("大学"),
        "joined": profile.joined,
        "approved_on": profile.approved_on,
        "number": profile.number,
        "released_number": profile.released_number,
        "former_place": profile.former_place,
        "former_organisation": FORMER_ORGANISATION if profile.former_place else None,
        **sealed_fields(person.id_number, person.phone),
        "is_new_member": said.is_new_member,
        "due_date": said.due_date,
        "irregularity": said.irregularity,
        "has_scan": profile.with_scan,
        "scan_late": False,
        "version": 1,
        "changed_at": clock.now(),
    }


def keep_form(pdf: bytes) -> dict[str, Any]:
    """Put a form into the store; the columns of its ``Scan`` that say where and what it is."""
    key, store = new_scan_key(), runtime().store
    with store.receive(len(pdf)) as incoming:
        incoming.write(pdf)
        store.keep(incoming, key)
    return {"storage_key": key, "sha256": hashlib.sha256(pdf).digest(), "size": len(pdf)}


def tally_rows(rows: Iterable[dict[str, Any]], branches: Iterable[Node]) -> list[dict[str, Any]]:
    """The tallies of the branches, counted from the members' rows."""
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row["branch_id"]] += contribution(
            is_new_member=row["is_new_member"],
            has_scan=row["has_scan"],
            scan_checked=False,
            scan_late=row["scan_late"],
            irregularity=row["irregularity"],
        )
    return [
        {"branch_id": branch.id, **{name: counts[branch.id][name] for name in TALLIED}}
        for branch in branches
    ]


RELEASE_REASONS = (
    "系统内编号与纸质《入团志愿书》首页不一致：末四位看错",
    "录入时填错了编号",
    "同一编号发给了两名团员：学校已重新编号",
)


def release_rows(
    rows: list[dict[str, Any]], accounts: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Requests that wait, a few in the first branch and others around; and releases there were."""
    askers = {row["organisation_id"]: row["id"] for row in accounts}
    first = min(row["branch_id"] for row in rows)
    held = [row for row in rows if row["number"] and row["is_new_member"]]
    waiting = [row for row in held if row["branch_id"] == first][5:8]
    waiting += [row for row in held if row["branch_id"] != first][:60:12]
    released = [row for row in rows if row["released_number"]]
    requests = []
    for place, row in enumerate([*waiting, *released]):
        open_still = place < len(waiting)
        asked = clock.now() - timedelta(days=place * 2, hours=3)
        requests.append(
            {
                "member_id": row["id"],
                "branch_id": row["branch_id"],
                "number": row["number"] or row["released_number"],
                "wanted_number": None if row["has_scan"] else _free_number(row["number"]),
                "reason": RELEASE_REASONS[place % len(RELEASE_REASONS)],
                "asked_at": asked,
                "asked_by_id": askers[row["branch_id"]],
                "state": ReleaseState.OPEN if open_still else ReleaseState.RELEASED,
                "decided_at": None if open_still else row["changed_at"],
                "decided_by_id": None if open_still else askers[1],
                "answer": "" if open_still else "已核对纸质《入团志愿书》首页，同意解除。",
            }
        )
    return requests


def _free_number(number: str | None) -> str | None:
    """A number that no invented member has: their sequences stay below 9,000."""
    return f"{number[:8]}9{number[9:]}" if number else None


def hold_numbers(rows: Iterable[dict[str, Any]]) -> None:
    """Each number is held by its member since they joined; a released one until now."""
    held = [
        {
            "number": row["number"] or row["released_number"],
            "member_id": row["id"],
            "since": datetime.combine(row["joined"], datetime.min.time(), UTC),
            "until": None if row["number"] else row["changed_at"],
        }
        for row in rows
        if row["number"] or row["released_number"]
    ]
    if held:
        db.session.execute(insert(NumberHolding), held)


def restart_sequences() -> None:
    """Let PostgreSQL count on behind the ids that were given by hand."""
    if db.engine.dialect.name != "postgresql":
        return
    for model in (Organisation, Member, Account, Scan):
        last = select(func.coalesce(func.max(model.id), 1)).scalar_subquery()
        sequence = func.pg_get_serial_sequence(model.__tablename__, "id")
        db.session.execute(select(func.setval(sequence, last)))


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """A line of ``demo-accounts.json``."""

    who: str
    role: str
    login: str
    password: str


def _homes(chance: random.Random, branches: list[Node], members: list[DemoMember]) -> list[Node]:
    """A branch for each member: the first is large, to page through; the last has nobody.

    Who has no number, or a released one, is what a visitor wants to see first: in the first too.
    """
    homes = [branches[0]] * FIRST_BRANCH
    while len(homes) < len(members):
        homes.append(chance.choice(branches[1:-1]))
    chance.shuffle(homes)
    profiles = [member.profile for member in members]
    without = [i for i, one in enumerate(profiles) if not one.number and one.joined.year >= 2020]
    for place in without[:4]:
        homes[place] = branches[0]
    return homes


def organisation_accounts(
    tree: Tree, *, everyone: bool
) -> tuple[list[dict[str, Any]], list[DemoLogin]]:
    """The accounts of organisations, and the logins that are handed out.

    ``everyone``: each other branch has an account too, which nobody can sign in to.
    """
    nodes = {node.id: node for node in tree.nodes}
    branches = list(tree.branches())
    grassroots = nodes[int(branches[0].path.strip("/").split("/")[2])]
    districts = [node for node in tree.nodes if node.kind.is_district_level][:3]
    listed_nodes = [
        (tree.nodes[0], "municipal", "shiwei"),
        *((node, "district", f"quwei{place}") for place, node in enumerate(districts, start=1)),
        (grassroots, "grassroots", "tuanwei"),
        (branches[0], "branch", "zhibu1"),
        (branches[1], "branch", "zhibu2"),
    ]
    people = ("周敏", "王芳", "郑凯", "孙丽", "何静", "王晓梅", "赵国栋")
    rows: list[dict[str, Any]] = []
    listed = []
    for (node, role, login), person in zip(listed_nodes, people, strict=False):
        made = DemoLogin(f"{node.name} {person}", role, login, _password())
        listed.append(made)
        rows.append(_account(len(rows) + 1, login, person, made.password, organisation_id=node.id))
    for branch in branches[2:] if everyone else ():
        login = f"zhibu-{branch.id}"
        rows.append(_account(len(rows) + 1, login, "李老师", None, organisation_id=branch.id))
    return rows, listed


def _member_login(
    account_id: int, members: list[DemoMember], homes: list[Node]
) -> tuple[dict[str, Any], DemoLogin]:
    """The account of a member of the first branch who has a form."""
    first = min(homes, key=lambda home: home.id)
    member_id, member = next(
        (number, member)
        for number, (member, home) in enumerate(zip(members, homes, strict=True), start=1)
        if home is first and member.profile.with_scan and len(member.person.name) < 5
    )
    name = member.person.name
    login = DemoLogin(f"团员 {name}（{first.name}）", "member", "tuanyuan", _password())
    return _account(account_id, login.login, name, login.password, member_id=member_id), login


def _account(
    account_id: int,
    login: str,
    person: str,
    password: str | None,
    *,
    organisation_id: int | None = None,
    member_id: int | None = None,
) -> dict[str, Any]:
    return {
        "id": account_id,
        "login": login,
        "password_hash": hash_password(password) if password else NO_PASSWORD,
        "person_name": person,
        "organisation_id": organisation_id,
        "member_id": member_id,
        "created_at": clock.now(),
    }


def _password() -> str:
    return secrets.token_urlsafe(9)


def _draw_scans(
    members: list[DemoMember],
    rows: list[dict[str, Any]],
    homes: list[Node],
    accounts: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Draw and store the forms; every tenth was uploaded late, and a dozen have a fault."""
    uploaders = {row["organisation_id"]: row["id"] for row in accounts}
    paper = Paper()
    faults, first, seen_first = iter(FAULTS), min(home.id for home in homes), 0
    scans: list[dict[str, Any]] = []
    for member, row, home in zip(members, rows, homes, strict=True):
        if not row["has_scan"]:
            continue
        pictures = paper.pictures(row["number"], row["name"], home.name)
        if is_faulty(seen_first if home.id == first else None, len(scans)):
            pictures = next(faults, lambda pages: pages)(pictures)
        seen_first += home.id == first
        pdf = bind(pictures)
        days = 33 if len(scans) % 10 == 0 else 9
        uploaded = datetime.combine(
            member.profile.approved_on + timedelta(days=days), datetime.min.time(), UTC
        ) + timedelta(hours=2, minutes=row["id"] % 60)
        row["scan_late"] = is_late(clock.day_of(uploaded), row["due_date"])
        scans.append(
            {
                "id": len(scans) + 1,
                "member_id": row["id"],
                **keep_form(pdf),
                "pages": len(pictures),
                "late": row["scan_late"],
                "uploaded_at": uploaded,
                "uploaded_by_id": uploaders[home.id],
                "state": ScanState.CURRENT,
            }
        )
    return scans


def write_accounts(listed: list[DemoLogin]) -> None:
    """The file of the logins, readable by the owner alone."""
    path = runtime().settings.instance / "demo-accounts.json"
    plain = [
        {"who": one.who, "role": one.role, "login": one.login, "password": one.password}
        for one in listed
    ]
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(plain, file, ensure_ascii=False, indent=2)
        file.write("\n")
