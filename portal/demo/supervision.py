"""The demo's checks, 催办 and a letter: done through the services, as people would do them."""

from __future__ import annotations

import hashlib
import io
import secrets

import pypdfium2
from sqlalchemy import select

from portal import clock
from portal.access import Action, Actor, Role
from portal.extensions import db
from portal.models import Account, CheckItem, Member, Organisation, RoundChoice, Scan, ScanState
from portal.rules.letters import Addressee, AddresseeKind, LetterText
from portal.rules.organisations import OrganisationKind
from portal.rules.scan_checks import Fault, FaultKind, Verdict
from portal.runtime import runtime
from portal.services import (
    audit,
    check_rounds,
    checks,
    jobs,
    letters,
    messages,
    round_making,
    urging,
)
from portal.services.derived import tallied
from portal.services.members import find_member
from portal.services.round_making import RoundWish
from portal.services.scans import current_scan, end
from portal.services.transaction import writing

IN_ORDER = Verdict()
OF_FIRST_BRANCH = (
    IN_ORDER,
    Verdict((Fault(FaultKind.MISSING_PAGES, (4,)),), "第 4 页没有扫描，请补上"),
    IN_ORDER,
    Verdict((Fault(FaultKind.OTHER, (4,)),), "第 4 页上下颠倒，请转正"),
    Verdict((Fault(FaultKind.WRONG_PAGES, (5, 6)),), "第 5、6 页顺序反了"),
)
"""What the school says of the first branch's forms, which have these faults (faulty_forms.py)."""

OF_ROUND = (
    *((IN_ORDER,) * 4),
    Verdict((Fault(FaultKind.NO_SEAL),), "末页没有盖公章"),
    *((IN_ORDER,) * 3),
    Verdict((Fault(FaultKind.STAINED, (6,)),), "第 6 页有墨迹，盖住了字"),
)
"""What the district has said so far in its round, again and again, until half of it is done."""


def supervise() -> None:
    """Forms checked, one answered by a new upload, a round half done, branches urged, a letter."""
    school, district = actor_of("tuanwei"), actor_of("quwei1")
    first, second = actor_of("zhibu1"), actor_of("zhibu2")
    assert school.organisation_id is not None
    assert district.organisation_id is not None
    answered = _check_first_branch(school, first)
    messages.read_all(first)
    _answer(first, answered)
    urging.urge(
        school,
        school.organisation_id,
        urging.default_text(school.organisation_name),
        again=False,
        token="demo",  # noqa: S106 (names the sending)
    )
    messages.read_all(second)
    _begin_round(district, district.organisation_id)
    letters.send(
        district,
        "demo-letter",
        Addressee(AddresseeKind.BRANCHES, district.organisation_id),
        LetterText(
            "请核对《入团志愿书》首页编号",
            "各团支部：上传前请核对电子版首页的编号与系统内的编号一致；不一致的，按“更正不规范编号”的"
            "办法处理。有问题请回复本信。",
        ),
    )


def actor_of(login: str) -> Actor:
    """The person of an organisation's account."""
    account, organisation = db.session.execute(
        select(Account, Organisation)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(Account.login == login)
    ).one()
    if organisation.kind is OrganisationKind.BRANCH:
        role = Role.BRANCH
    else:
        role = Role.DISTRICT if organisation.kind.may_release_numbers else Role.COMMITTEE
    return Actor(
        account_id=account.id,
        sign_in_id=0,
        login=login,
        person_name=account.person_name,
        role=role,
        organisation_id=organisation.id,
        organisation_name=organisation.name,
        organisation_path=organisation.path,
        member_id=None,
        address="127.0.0.1",
    )


def _check_first_branch(school: Actor, first: Actor) -> int:
    """Check the first branch's first forms; returns the member whose form was checked last."""
    of_branch = (
        select(Member.id, Scan.id)
        .join(Scan, Scan.member_id == Member.id)
        .where(Member.branch_id == first.organisation_id, Scan.state == ScanState.CURRENT)
        .order_by(Scan.id)
        .limit(len(OF_FIRST_BRANCH))
    )
    found = [tuple(row) for row in db.session.execute(of_branch)]
    db.session.rollback()
    for (member_id, scan_id), verdict in zip(found, OF_FIRST_BRANCH, strict=False):
        checks.check(school, member_id, scan_id, verdict, seen=None)
    return int(found[-1][0])


def _answer(branch: Actor, member_id: int) -> None:
    """The branch uploads the form anew: as rows, since a demo starts no process that inspects."""
    with writing() as session:
        member = find_member(branch, Action.UPLOAD_SCAN, member_id, lock=True)
        old = current_scan(member.id)
        assert old is not None
        pdf = _put_right(old)
        digest = hashlib.sha256(pdf).digest()
        key = f"scans/{digest.hex()[:2]}/{secrets.token_hex(16)}.pdf"
        with runtime().store.receive(len(pdf)) as incoming:
            incoming.write(pdf)
            runtime().store.keep(incoming, key)
        made = Scan(
            member_id=member.id,
            storage_key=key,
            sha256=digest,
            size=len(pdf),
            pages=old.pages,
            late=old.late,
            uploaded_at=clock.now(),
            uploaded_by_id=branch.account_id,
            state=ScanState.CURRENT,
        )
        with tallied(member):
            end(old, ScanState.REPLACED, branch)
            session.flush()  # before the new one, for the index "one current scan"
            session.add(made)
        jobs.ask(made.id)
        audit.record(
            branch,
            audit.Event.SCAN_REPLACED,
            member_id=member.id,
            scan_id=made.id,
            sha256=digest.hex(),
            size=made.size,
            pages=made.pages,
            replaces=old.id,
            origin=made.origin,
            original=None,
        )


def _put_right(scan: Scan) -> bytes:
    """The form with its pages 5 and 6 in the order that they should have."""
    with runtime().store.open(scan.storage_key) as file:
        wrong = pypdfium2.PdfDocument(file.read())
    right, order = pypdfium2.PdfDocument.new(), list(range(scan.pages))
    order[4], order[5] = order[5], order[4]
    right.import_pages(wrong, order)
    output = io.BytesIO()
    right.save(output)
    return output.getvalue()


def _begin_round(officer: Actor, below_id: int) -> None:
    """A round over a form of each branch, half done."""
    wish = RoundWish(below_id, RoundChoice.SOME_OF_EACH, 1)
    round_id = round_making.make_round(officer, wish, "demo-round")
    of_round = (
        select(CheckItem.place, Scan.id)
        .join(Scan, (Scan.member_id == CheckItem.member_id) & (Scan.state == ScanState.CURRENT))
        .where(CheckItem.round_id == round_id)
        .order_by(CheckItem.place)
    )
    found = [tuple(row) for row in db.session.execute(of_round)]
    db.session.rollback()
    for turn, (place, scan_id) in enumerate(found[: len(found) // 2]):
        standing = checks.standing_check(scan_id)
        verdict = standing.verdict if standing else OF_ROUND[turn % len(OF_ROUND)]
        seen = standing.id if standing else None
        check_rounds.judge(officer, round_id, place, scan_id, verdict, seen=seen)
