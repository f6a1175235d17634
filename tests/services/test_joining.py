"""From registration to membership (guide, step 1). On both databases."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.access import Actor, Role
from portal.errors import NotAllowed, NotFound, PortalError
from portal.extensions import db
from portal.models import (
    Account,
    AuditRecord,
    Joining,
    JoiningState,
    Member,
    NumberHolding,
    Organisation,
)
from portal.rules.id_number import IdNumber, check_digit
from portal.runtime import runtime
from portal.services import accounts, branch_choice, codes, joining, joining_queue, joining_review
from portal.services.accounts import SignInRefused
from portal.services.audit import Event
from portal.services.branch_choice import ClosedToJoining
from portal.services.fsck import check
from portal.services.joining import JoiningIncomplete, JoiningMoved
from portal.services.joining_fields import JoiningFields, fields_of, sent_values
from portal.services.joining_review import NotCompared, ReasonNeeded, TakenBack
from portal.services.member_editing import NumberRefused
from portal.services.members import PersonalField, unmask
from portal.services.organisation_changes import OrganisationRefused, close
from portal.services.registration import (
    AlreadyRegistered,
    NewPerson,
    TooYoungToConsent,
    register,
)
from portal.services.transaction import writing
from tests.builders import PASSWORD, World, meanwhile

pytestmark = pytest.mark.usefixtures("database")


def new_person(born: date, serial: int = 1, phone: str = "10055500001") -> NewPerson:
    digits = f"990501{born:%Y%m%d}{serial:03d}"
    parsed = IdNumber.parse(digits + check_digit(digits))
    assert isinstance(parsed, IdNumber)
    return NewPerson("测试", parsed, phone)


def version(joining_id: int) -> int:
    db.session.rollback()
    return db.session.get_one(Joining, joining_id).version


def approve(world: World, joining_id: int) -> int:
    return joining_review.approve(
        world.actor(world.branch), joining_id, version(joining_id), compared=True
    )


def sign_in(login: str) -> Actor:
    token = accounts.sign_in(login, PASSWORD, address="", user_agent="", request_id="")
    actor = accounts.actor_for(token, address="", request_id="")
    assert actor is not None
    return actor


def events() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditRecord.event).order_by(AuditRecord.id)))


# ---- registration ----


def test_who_registers_signs_in_as_an_applicant(world: World) -> None:
    person = new_person(date(2008, 5, 1))
    login = register(person, PASSWORD, address="10.0.0.1")
    actor = sign_in(login)
    assert (actor.role, actor.organisation_id, actor.member_id) == (Role.APPLICANT, None, None)
    own = joining.own_joining(actor)
    assert (own.state, own.sex.label, own.birth_date) == (
        JoiningState.DRAFT,
        "女" if int(person.id_number.text[16]) % 2 == 0 else "男",
        date(2008, 5, 1),
    )
    record = db.session.scalars(
        select(AuditRecord).where(AuditRecord.event == Event.REGISTERED)
    ).one()
    assert person.id_number.text not in str(record.detail)


def test_id_number_and_phone_name_the_account_too(world: World) -> None:
    person = new_person(date(2008, 5, 1))
    login = register(person, PASSWORD, address="")
    for text in (person.id_number.text, "100 5550 0001", login.upper()):
        assert sign_in(text).login == login
    register(new_person(date(2008, 5, 2)), PASSWORD, address="")
    with pytest.raises(SignInRefused):  # two people with one phone: it names neither
        sign_in("10055500001")
    with pytest.raises(SignInRefused):
        sign_in("10055599999")


def test_one_person_registers_once(world: World) -> None:
    register(new_person(date(2008, 5, 1)), PASSWORD, address="")
    with pytest.raises(AlreadyRegistered) as refused:
        register(new_person(date(2008, 5, 1), phone="10000000009"), PASSWORD, address="")
    assert "测试" not in refused.value.message


def test_a_members_id_number_is_known(world: World) -> None:
    member = world.add_member()
    plain = unmask(world.actor(world.branch), member, PersonalField.ID_NUMBER).value
    parsed = IdNumber.parse(plain)
    assert isinstance(parsed, IdNumber)
    with pytest.raises(AlreadyRegistered):
        register(NewPerson("测试", parsed, "10000000009"), PASSWORD, address="")


def test_registering_twice_at_once_makes_one_account(world: World, app: Flask) -> None:
    """The second comes when the first has looked whether the person is known, and waits for it."""

    def go() -> str:
        try:
            return register(new_person(date(2008, 5, 1)), PASSWORD, address="")
        except AlreadyRegistered:
            return "known"

    second = meanwhile(app, "INSERT INTO joining", go, to_its_end=False)
    outcomes = [go(), second[0].result(20)]
    assert outcomes[1] == "known"
    assert sign_in(outcomes[0]).role is Role.APPLICANT
    assert len(db.session.scalars(select(Joining.id)).all()) == 1


def test_under_14_cannot_consent(world: World) -> None:
    today = clock.today()
    with pytest.raises(TooYoungToConsent):
        register(
            new_person(today.replace(year=today.year - 14) + timedelta(days=1)), "x", address=""
        )
    assert register(new_person(today.replace(year=today.year - 14)), PASSWORD, address="")


# ---- choosing a branch ----


def test_branches_are_found_by_words_and_by_initials(world: World) -> None:
    actor = world.applicant()
    for text in ("高一(1)", "高一 (1)", "gy(1)", "高一 gy(1)"):
        found, more = branch_choice.search_branches(actor, text)
        assert [one.id for one in found] == [world.branch.id]
        assert found[0].above == "共青团北京市委员会 › 东城区团区委 › 东城区第一中学团委"
        assert not more
    assert branch_choice.search_branches(actor, "东城区第一中学团委")[0] == ()  # no branch
    assert branch_choice.search_branches(actor, "100%_")[0] == ()


def test_a_search_says_when_there_is_more(world: World) -> None:
    with writing() as session:
        for number in range(branch_choice.RESULTS + 1):
            session.add(
                Organisation(
                    id=1000 + number,
                    parent_id=world.grassroots.id,
                    kind=world.branch.kind,
                    name="同名团支部",
                    initials="tmtzb",
                    path=f"{world.grassroots.path}{1000 + number}/",
                )
            )
    found, more = branch_choice.search_branches(world.applicant(), "同名")
    assert (len(found), more) == (branch_choice.RESULTS, True)


def test_the_tree_leads_down_to_the_branch(world: World) -> None:
    actor = world.applicant()
    top = branch_choice.level(actor, None)
    assert [one.name for one in top.choices] == ["东城区团区委", "西城区团教工委"]
    below = branch_choice.level(actor, world.grassroots.id)
    assert [name for _, name in below.path] == [
        "共青团北京市委员会",
        "东城区团区委",
        "东城区第一中学团委",
    ]
    assert [(one.name, one.is_branch) for one in below.choices] == [
        ("高一(1)班团支部", True),
        ("高一(2)班团支部", True),
    ]
    with pytest.raises(NotFound):
        branch_choice.level(actor, 9999)


def test_only_open_branches_are_chosen(world: World) -> None:
    actor = world.applicant()
    with writing() as session:
        session.get_one(Organisation, world.sister.id).joining_closed = True
        session.get_one(Organisation, world.far_branch.id).closed_at = clock.now()
    with pytest.raises(ClosedToJoining):
        joining.choose_branch(actor, world.sister.id)
    for organisation in (world.grassroots.id, world.far_branch.id, 9999):
        with pytest.raises(NotFound):
            joining.choose_branch(actor, organisation)
    found, _ = branch_choice.search_branches(actor, "高一(2)")
    assert not found[0].is_open
    joining.choose_branch(actor, world.branch.id)
    assert joining.own_joining(actor).branch_id == world.branch.id
    with writing() as session:  # closed after it was chosen
        session.get_one(Organisation, world.branch.id).joining_closed = True
    with pytest.raises(JoiningIncomplete) as incomplete:
        joining.send(
            actor, joining.own_joining(actor).version, world.application(), age_confirmed=False
        )
    assert "现在不接收加入申请" in incomplete.value.faults["branch_id"]


# ---- the application ----


def test_an_application_is_saved_and_gone_on_with(world: World) -> None:
    actor = world.applicant()
    half = JoiningFields(None, None, "高中", "", None, None, None, None)
    joining.save(actor, 1, half)
    assert fields_of(joining.own_joining(actor)) == replace(half, name=actor.person_name)
    with pytest.raises(JoiningMoved) as moved:  # another window saved it
        joining.save(actor, 1, half)
    assert "另一个窗口" in moved.value.message


def test_sending_says_all_that_is_missing_and_keeps_the_rest(world: World) -> None:
    actor = world.applicant()
    nothing = JoiningFields(None, None, None, "a@b.cn", None, None, None, None)
    with pytest.raises(JoiningIncomplete) as incomplete:
        joining.send(actor, 1, nothing, age_confirmed=False)
    assert set(incomplete.value.faults) == {
        "branch_id",
        "ethnicity",
        "political_status",
        "education",
        "is_student",
        "joined",
    }
    own = joining.own_joining(actor)
    assert (own.state, own.email) == (JoiningState.DRAFT, "a@b.cn")
    joining.choose_branch(actor, world.branch.id)
    dated = replace(world.application(), number=None, approved_on=None)
    with pytest.raises(JoiningIncomplete) as incomplete:
        joining.send(actor, version(own.id), dated, age_confirmed=False)
    assert set(incomplete.value.faults) == {"number", "approved_on"}


def test_who_joined_long_ago_needs_neither_number_nor_approval_date(world: World) -> None:
    actor = world.applicant(born_before=date(2012, 9, 1))
    joining_id = world.apply(actor, joined=date(2012, 9, 1), number=None, approved_on=None)
    with writing() as session:
        session.get_one(Joining, joining_id).number = None
    member = approve(world, joining_id)
    assert world.member(member).number is None
    assert check() == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("202511000001", "两者应一致"),
        ("20261100", "还差 4 位"),
        ("202699000001", "没有这个省份代码"),
        ("202619000001", None),
    ],
)
def test_the_number_obeys_the_same_rules(world: World, number: str, words: str | None) -> None:
    with time_machine.travel(datetime(2026, 11, 24, 4, tzinfo=UTC), tick=False):
        actor = world.applicant()
        month = date(2026, 11, 1)
        faults = joining.number_faults(actor, number, month)
        if words is None:
            assert "没有这个省份代码" in faults[0]
            return
        assert words in "".join(faults)
        with pytest.raises(JoiningIncomplete) as incomplete:
            world.apply(actor, number=number)
        assert words in incomplete.value.faults["number"]


def test_a_taken_number_names_whom_to_ask(world: World) -> None:
    member = world.add_member(world.far_branch)
    taken = world.member(member).number
    with pytest.raises(JoiningIncomplete) as incomplete:
        world.apply(number=taken)
    assert "已被占用（西城区团教工委）" in incomplete.value.faults["number"]
    assert "请联系 东城区团区委 解除编号占用" in incomplete.value.faults["number"]


def test_age_outside_14_to_28_is_asked_about_and_under_13_refused(world: World) -> None:
    actor = world.applicant()
    born = joining.own_joining(actor).birth_date
    joining.choose_branch(actor, world.branch.id)
    for years, field in ((12, "joined"), (13, "age_confirmed")):
        joined = date(born.year + years, 12, 1)
        fields = replace(
            world.application(), joined=joined, number=world.number(joined.year), approved_on=joined
        )
        own = joining.own_joining(actor)
        with pytest.raises(JoiningIncomplete) as incomplete:
            joining.send(actor, version(own.id), fields, age_confirmed=False)
        assert list(incomplete.value.faults) == [field]
    thirteen = date(born.year + 13, 12, 1)
    fields = replace(
        world.application(),
        joined=thirteen,
        number=world.number(thirteen.year),
        approved_on=thirteen,
    )
    joining.send(actor, version(own.id), fields, age_confirmed=True)
    assert joining.own_joining(actor).state is JoiningState.SENT


def test_what_is_sent_is_the_branchs_until_it_is_taken_back(world: World) -> None:
    actor = world.applicant()
    joining_id = world.apply(actor)
    with pytest.raises(JoiningMoved) as moved:
        joining.save(actor, version(joining_id), world.application())
    assert "正在等支部审核" in moved.value.message
    with pytest.raises(JoiningMoved):
        joining.choose_branch(actor, world.sister.id)
    joining.take_back(actor)
    joining.take_back(actor)  # a double click
    assert joining.own_joining(actor).state is JoiningState.DRAFT
    with pytest.raises(TakenBack):  # a draft is the applicant's alone
        joining_review.find_joining(world.actor(world.branch), joining_id)


def test_nobody_else_applies_or_reviews(world: World) -> None:
    joining_id = world.apply()
    for actor in (world.actor(world.district), world.member_actor(world.add_member())):
        with pytest.raises(NotAllowed):
            joining.own_joining(actor)
        with pytest.raises(NotAllowed):
            joining_review.find_joining(actor, joining_id)
    for node in (world.sister, world.far_branch):
        with pytest.raises(NotFound):
            joining_review.approve(world.actor(node), joining_id, 1, compared=True)
        with pytest.raises(NotFound):
            joining_review.send_back(world.actor(node), joining_id, 1, "x")
    gone = replace(world.applicant(), joining_id=None)
    with pytest.raises(NotFound):
        joining.own_joining(gone)


# ---- the review ----


def test_on_approval_the_member_exists_and_the_number_is_occupied(world: World) -> None:
    actor = world.applicant(name="阿依古丽·买买提江")
    joining_id = world.apply(actor)
    before = world.tally() if world.add_member() else {}
    member_id = approve(world, joining_id)
    member = world.member(member_id)
    assert (member.name, member.branch_id, member.is_new_member) == (
        "阿依古丽·买买提江",
        world.branch.id,
        True,
    )
    assert member.approved_on is not None
    assert member.due_date == member.approved_on + timedelta(days=30)
    assert world.tally()["members"] == before["members"] + 1
    held = db.session.scalars(
        select(NumberHolding).where(NumberHolding.number == member.number)
    ).one()
    assert (held.member_id, held.until) == (member_id, None)
    assert events()[-3:] == [Event.REGISTERED, Event.JOINING_SENT, Event.JOINING_APPROVED]
    done = db.session.get_one(Joining, joining_id)
    assert done.id_number_sealed is done.id_number_hash is done.phone_sealed is None
    assert len(unmask(world.actor(world.branch), member_id, PersonalField.ID_NUMBER).value) == 18
    now = sign_in(actor.login)
    assert (now.role, now.member_id) == (Role.MEMBER, member_id)
    assert check() == []


def test_approval_needs_the_three_ticks(world: World) -> None:
    joining_id = world.apply()
    with pytest.raises(NotCompared):
        joining_review.approve(
            world.actor(world.branch), joining_id, version(joining_id), compared=False
        )


def test_returned_with_a_reason_corrected_and_sent_again(world: World) -> None:
    actor, branch = world.applicant(), world.actor(world.branch)
    joining_id = world.apply(actor)
    with pytest.raises(ReasonNeeded):
        joining_review.send_back(branch, joining_id, version(joining_id), "  ")
    joining_review.send_back(branch, joining_id, version(joining_id), "编号不一致")
    own = joining.own_joining(actor)
    assert (own.state, own.reason, joining.decided_by(own)) == (
        JoiningState.RETURNED,
        "编号不一致",
        branch.person_name,
    )
    fields = replace(fields_of(own), number=world.number(), education="大学本科")
    joining.send(actor, own.version, fields, age_confirmed=False)
    seen = joining_review.review(branch, joining_id)
    assert [one.label for one in seen.corrections] == ["最高学历", "发展团员编号"]
    assert seen.corrections[0].before == "高中"
    assert seen.masked_id_number.startswith("9904●●●●●●")
    assert joining_queue.list_joinings(branch, JoiningState.SENT).rows[0].again
    assert approve(world, joining_id)


def test_the_second_of_two_admins_is_told(world: World) -> None:
    actor, branch = world.applicant(), world.actor(world.branch)
    joining_id = world.apply(actor)
    seen = version(joining_id)
    joining_review.send_back(branch, joining_id, seen, "编号不一致")
    with pytest.raises(JoiningMoved) as moved:
        joining_review.approve(branch, joining_id, seen, compared=True)
    assert f"{branch.person_name} 在" in moved.value.message
    assert "已退回这份申请" in moved.value.message
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2)):
        with pytest.raises(JoiningMoved) as moved:
            joining_review.send_back(branch, joining_id, seen, "编号不一致")
    assert f"{clock.today():%m-%d}" in moved.value.message
    own = joining.own_joining(actor)
    joining.send(actor, own.version, fields_of(own), age_confirmed=False)
    with pytest.raises(JoiningMoved) as moved:
        joining_review.approve(branch, joining_id, seen, compared=True)
    assert "内容可能有变化" in moved.value.message
    approve(world, joining_id)
    with pytest.raises(JoiningMoved):  # in a page that the applicant opened before
        joining.take_back(actor)
    with pytest.raises(JoiningMoved) as moved:
        joining_review.approve(branch, joining_id, seen, compared=True)
    assert "已通过这份申请" in moved.value.message
    assert joining_review.review(branch, joining_id).masked_id_number == ""


def test_a_number_taken_in_the_meantime_is_refused_then(world: World) -> None:
    number = world.number()
    joining_id = world.apply(number=number)
    world.add_member(world.far_branch, number=number, joined=clock.today().replace(day=1))
    assert (
        "已被占用" in joining_review.review(world.actor(world.branch), joining_id).number_faults[0]
    )
    with pytest.raises(NumberRefused) as refused:
        approve(world, joining_id)
    assert "已被占用（西城区团教工委）" in refused.value.message
    assert db.session.get_one(Joining, joining_id).state is JoiningState.SENT


def test_two_branches_approving_one_number_at_once(world: World, app: Flask) -> None:
    number = world.number()
    one = world.apply(number=number)
    two = world.apply(branch=world.sister, number=number)
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def go(joining_id: int, actor: Actor, seen: int) -> None:
        with app.app_context():
            barrier.wait()
            try:
                joining_review.approve(actor, joining_id, seen, compared=True)
                outcomes.append("approved")
            except PortalError as error:
                outcomes.append(error.message)
            db.session.remove()

    threads = [
        threading.Thread(target=go, args=(joining_id, world.actor(node), version(joining_id)))
        for joining_id, node in ((one, world.branch), (two, world.sister))
    ]
    db.session.remove()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("approved") == 1
    assert any("已被占用" in one for one in outcomes)
    assert len(db.session.scalars(select(Member).where(Member.number == number)).all()) == 1
    assert check() == []


def test_the_queue_is_in_order_and_paged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining_queue, "PAGE_ROWS", 2)
    branch = world.actor(world.branch)
    sent = [world.apply() for _ in range(5)]
    with writing() as session:
        for place, joining_id in enumerate(sent):
            one = session.get_one(Joining, joining_id)
            one.sent_at = clock.now() - timedelta(days=9 - min(place, 3))
    seen: list[int] = []
    after: str | None = ""
    while after is not None:
        page = joining_queue.list_joinings(branch, JoiningState.SENT, after)
        seen += [one.id for one in page.rows]
        after = page.after
    assert seen == sent
    assert joining_queue.list_joinings(branch, JoiningState.SENT).rows[0].waiting_days == 9
    counts = joining_queue.count_joinings(branch)
    assert (counts[JoiningState.SENT], counts[JoiningState.APPROVED]) == (5, 0)
    middle = joining_review.review(branch, sent[2])
    assert (middle.previous_id, middle.next_id) == (sent[1], sent[3])
    assert joining_review.review(branch, sent[0]).previous_id is None


@pytest.mark.parametrize("key", ["x", "~", "2020-01-01~x", "nonsense~1", "2020-01-01T00:00~1"])
def test_a_key_nobody_was_given_opens_the_first_page(world: World, key: str) -> None:
    world.apply()
    page = joining_queue.list_joinings(world.actor(world.branch), JoiningState.SENT, key)
    assert len(page.rows) == 1


def test_a_decision_of_an_account_that_is_not_known_is_the_systems(world: World) -> None:
    actor = world.applicant()
    assert joining.decided_by(joining.own_joining(actor)) == "系统"
    assert sent_values(joining.own_joining(actor))["branch_id"] == "（空）"
    assert runtime().settings.age_policy.youngest == 14
    assert db.session.scalars(select(Account).where(Account.joining_id.is_not(None))).one()


def test_a_branch_gives_an_applicant_a_code_at_its_desk(world: World) -> None:
    person = new_person(date(2008, 5, 1))
    login = register(person, PASSWORD, address="")
    branch = world.actor(world.far_branch)  # a draft was sent to no branch: any may do it
    issued = codes.issue_for_applicant(branch, person.name, person.id_number)
    assert issued.login == login
    codes.redeem(login, issued.code, "seven idle camels by a river", address="", request_id="")
    with pytest.raises(SignInRefused):
        sign_in(login)
    with pytest.raises(codes.NoSuchApplicant):
        codes.issue_for_applicant(branch, "别人", person.id_number)
    with pytest.raises(NotAllowed):
        codes.issue_for_applicant(world.actor(world.district), person.name, person.id_number)
    assert events()[-1] == Event.CODE_REFUSED


def test_the_branch_is_told_that_an_application_was_taken_back(world: World) -> None:
    """Its notice and a page left open lead there still; nobody else learns of it."""
    actor, admin = world.applicant(), world.actor(world.branch)
    joining_id = world.apply(actor)
    seen = version(joining_id)
    joining.take_back(actor)
    for act in (
        lambda: joining_review.review(admin, joining_id),
        lambda: joining_review.approve(admin, joining_id, seen, compared=True),
        lambda: joining_review.send_back(admin, joining_id, seen, "编号不对"),
    ):
        with pytest.raises(TakenBack, match="撤回了这份申请，还没有重新提交"):
            act()
    with pytest.raises(NotFound):
        joining_review.review(world.actor(world.sister), joining_id)
    joining.choose_branch(actor, world.sister.id)
    for branch in (world.branch, world.sister):  # to the new one it never was sent
        with pytest.raises(NotFound):
            joining_review.review(world.actor(branch), joining_id)


def test_what_was_returned_is_not_seen_by_the_next_branch_before_it_is_sent(world: World) -> None:
    actor, admin = world.applicant(), world.actor(world.branch)
    joining_id = world.apply(actor)
    joining_review.send_back(admin, joining_id, version(joining_id), "不是本支部的团员")
    assert joining_queue.count_joinings(admin)[JoiningState.RETURNED] == 1
    joining.choose_branch(actor, world.sister.id)
    other = world.actor(world.sister)
    assert set(joining_queue.count_joinings(other).values()) == {0}
    with pytest.raises(NotFound):
        joining_review.review(other, joining_id)
    world.apply(actor, world.sister)
    assert joining_queue.count_joinings(other)[JoiningState.SENT] == 1


def test_a_name_that_was_registered_wrong_is_corrected(world: World) -> None:
    """The first usual reason of a return: without this nobody could go on."""
    actor, admin = world.applicant(name="李小名"), world.actor(world.branch)
    joining_id = world.apply(actor)
    joining_review.send_back(
        admin, joining_id, version(joining_id), "姓名与纸质《入团志愿书》不一致"
    )
    own = joining.own_joining(actor)
    wanted = replace(fields_of(own), name="李小明")
    joining.send(actor, own.version, wanted, age_confirmed=False)
    changed = joining_review.review(admin, joining_id).corrections
    assert [(one.label, one.before, one.now) for one in changed] == [("姓名", "李小名", "李小明")]
    member_id = joining_review.approve(admin, joining_id, version(joining_id), compared=True)
    member = world.member(member_id)
    assert (member.name, member.initials, member.pinyin) == ("李小明", "lxm", "li xiao ming")
    account = db.session.scalars(select(Account).where(Account.member_id == member_id)).one()
    assert account.person_name == "李小明"
    assert check() == []


def test_a_branch_is_not_closed_while_an_application_goes_to_it(world: World, app: Flask) -> None:
    actor, district = world.applicant(), world.actor(world.district)
    joining.choose_branch(actor, world.branch.id)
    before = joining.own_joining(actor).version

    def close_it() -> int:
        return close(district, world.branch.id, 1)

    begun = meanwhile(app, "UPDATE joining", close_it, to_its_end=False)
    joining.send(actor, before, world.application(), age_confirmed=False)
    with pytest.raises(OrganisationRefused, match="还有 1 份待审核的加入申请"):
        begun[0].result()
