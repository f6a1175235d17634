"""写信: who may write to whom, one row for a subtree, answers, drafts, who has read. On both."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from portal import clock
from portal.access import Actor
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.models import Account, LetterDraft, Message, Organisation
from portal.rules.letters import BODY_LENGTH, HOURLY, SUBJECT_LENGTH, Addressee, LetterText
from portal.services import letter_drafts, letters
from portal.services.letter_choices import below_counts, choices
from portal.services.letter_drafts import MOST, TooManyDrafts, drafts_of, find_draft
from portal.services.letters import (
    LetterFaults,
    NobodyReads,
    TooManyLetters,
    can_answer,
    destination,
)
from portal.services.messages import inbox, open_message, unread_count
from portal.services.record_search import Search, search
from portal.services.sent_letters import PAGE_ROWS, earlier, sent_box, sent_letter
from portal.services.transaction import writing
from tests.builders import World, meanwhile

pytestmark = pytest.mark.usefixtures("database")

TEXT = LetterText("关于开展自查的通知", "第一行\n第二行")
TOKENS = iter(range(10**6))


def token() -> str:
    return f"token-of-a-letter-{next(TOKENS)}"


def to(kind: str, number: int) -> Addressee:
    found = Addressee.parse(f"{kind}-{number}")
    assert found is not None
    return found


def write(actor: Actor, kind: str, number: int, text: LetterText = TEXT) -> int:
    return letters.send(actor, token(), to(kind, number), text)


def subjects(actor: Actor) -> list[str]:
    db.session.rollback()
    return [row.subject for row in inbox(actor).rows]


def test_a_letter_to_an_organisation_is_for_its_accounts(world: World) -> None:
    district, branch = world.actor(world.district), world.actor(world.branch)
    sent = write(district, "organisation", world.branch.id)
    assert subjects(branch) == ["关于开展自查的通知"]
    for other in (world.actor(world.sister), world.actor(world.grassroots), district):
        assert subjects(other) == []
    message = open_message(branch, sent)
    assert (message.body, message.sender) == ("第一行\n第二行", "东城区团区委 管理员2")
    assert [line.words for line in search(district, Search()).lines] == [
        "写信给 共青团北京市委员会 › 东城区团区委 › 东城区第一中学团委 › 高一(1)班团支部："
        "《关于开展自查的通知》"
    ]
    assert len(search(branch, Search()).lines) == 1


def test_a_letter_to_all_below_is_one_row_that_each_reads_for_themselves(world: World) -> None:
    municipal = world.actor(world.municipal)
    write(municipal, "subtree", world.municipal.id)
    write(municipal, "branches", world.district.id, LetterText("支部", "内容"))
    assert db.session.scalar(select(func.count(Message.id))) == 2
    for node, expected in (
        (world.branch, ["支部", TEXT.subject]),
        (world.sister, ["支部", TEXT.subject]),
        (world.far_branch, [TEXT.subject]),
        (world.district, [TEXT.subject]),
        (world.grassroots, [TEXT.subject]),
        (world.municipal, []),
    ):
        assert subjects(world.actor(node)) == expected
        assert unread_count(world.actor(node)) == len(expected)
    member = world.member_actor(world.add_member())
    assert subjects(member) == []
    assert open_message(world.actor(world.sister), inbox(world.actor(world.sister)).rows[0].id)
    assert unread_count(world.actor(world.sister)) == 1
    (branches, everybody) = sent_box(municipal).rows
    assert (branches.addressees, branches.read) == (2, 1)
    assert branches.to == "东城区团区委 · 全部团支部"
    assert (everybody.addressees, everybody.read) == (6, 0)
    assert sent_letter(municipal, branches.id).unread == ("东城区第一中学团委 › 高一(1)班团支部",)
    assert len(sent_letter(municipal, everybody.id).unread) == 6


def test_a_letter_to_a_committee_with_all_below_reaches_itself_too(world: World) -> None:
    goal = destination(world.actor(world.municipal), to("subtree", world.district.id))
    assert goal.words == "共青团北京市委员会 › 东城区团区委：本级和全部下级组织，共 4 个"
    assert goal.delivery.addressees == 4


def test_nobody_writes_to_what_they_may_not_see(world: World) -> None:
    own, foreign = world.add_member(), world.add_member(world.far_branch)
    world.member_actor(foreign)
    member = world.member_actor(own)
    refused: tuple[tuple[Actor, str, int], ...] = (
        (world.actor(world.district), "organisation", world.far_branch.id),
        (world.actor(world.district), "organisation", world.district.id),
        (world.actor(world.district), "subtree", world.municipal.id),
        (world.actor(world.district), "branches", world.other_district.id),
        (world.actor(world.district), "member", foreign),
        (world.actor(world.branch), "organisation", world.sister.id),
        (world.actor(world.branch), "organisation", world.branch.id),
        (world.actor(world.branch), "organisation", world.other_district.id),
        (world.actor(world.branch), "subtree", world.branch.id),
        (world.actor(world.branch), "branches", world.grassroots.id),
        (world.actor(world.branch), "member", foreign),
        (world.actor(world.branch), "answer", 999),
    )
    for actor, kind, number in refused:
        with pytest.raises(NotFound):
            write(actor, kind, number)
    for actor in (member, world.applicant()):
        for kind, number in (("organisation", world.grassroots.id), ("member", own)):
            with pytest.raises(NotAllowed):
                write(actor, kind, number)
    assert db.session.scalar(select(func.count(Message.id))) == 0


def test_a_branch_writes_to_those_above_and_to_its_members(world: World) -> None:
    branch, member = world.actor(world.branch), world.add_member(name="安新")
    for above in (world.grassroots, world.district, world.municipal):
        write(branch, "organisation", above.id)
        assert subjects(world.actor(above)) == [TEXT.subject]
    with pytest.raises(NobodyReads, match="安新 还没有可用的账号"):
        write(branch, "member", member)
    actor = world.member_actor(member)
    write(branch, "member", member)
    assert subjects(actor) == [TEXT.subject]
    assert [row.to for row in sent_box(branch).rows][:1] == ["安新"]
    with writing() as session:
        session.execute(
            update(Account).where(Account.id == actor.account_id).values(disabled_at=clock.now())
        )
    with pytest.raises(NobodyReads):
        write(branch, "member", member)


def test_an_answer_goes_to_who_wrote_with_the_old_text_in_reach(world: World) -> None:
    branch, district = world.actor(world.branch), world.actor(world.district)
    member = world.member_actor(world.add_member(name="安新"))
    assert member.member_id is not None
    first = write(branch, "member", member.member_id)
    assert can_answer(member, open_message(member, first))
    second = write(member, "answer", first, LetterText("回复", "好的"))
    assert subjects(branch) == ["回复"]
    answer = open_message(branch, second)
    assert answer.sender == "高一(1)班团支部 安新"
    assert [one.body for one in earlier(branch, answer)] == [TEXT.body]
    third = write(branch, "answer", second, LetterText("再回复", "谢谢"))
    assert [one.subject for one in earlier(member, open_message(member, third))] == [
        "回复",
        TEXT.subject,
    ]
    assert subjects(member) == ["再回复", TEXT.subject]
    assert [row.subject for row in sent_box(member).rows] == ["回复"]
    assert sent_letter(branch, first).readers[0][0] == "安新"
    # What was written to all below is answered to the committee, and not to all.
    everybody = write(district, "subtree", world.district.id)
    write(branch, "answer", everybody, LetterText("收到", "已办"))
    assert subjects(district) == ["收到"]
    assert subjects(world.actor(world.sister)) == [TEXT.subject]
    with pytest.raises(NotFound):  # the letters of others
        write(world.actor(world.far_branch), "answer", everybody)
    with pytest.raises(NotFound):
        sent_letter(world.actor(world.sister), first)


def test_what_the_portal_sent_and_who_is_gone_can_not_be_answered(world: World) -> None:
    branch, district = world.actor(world.branch), world.actor(world.district)
    applicant = world.applicant()
    world.apply(applicant)
    notice = inbox(branch).rows[0].id
    assert not can_answer(branch, open_message(branch, notice))
    with pytest.raises(NotFound):
        write(branch, "answer", notice)
    member = world.member_actor(world.add_member(name="安新"))
    assert member.member_id is not None
    letter = write(branch, "member", member.member_id)
    answer = write(member, "answer", letter)
    with writing() as session:
        session.execute(
            update(Account).where(Account.id == member.account_id).values(disabled_at=clock.now())
        )
    with pytest.raises(NobodyReads, match="安新 的账号已停用"):
        write(branch, "answer", answer)
    letter = write(district, "organisation", world.branch.id)
    with writing() as session:
        session.execute(
            update(Organisation)
            .where(Organisation.id == world.district.id)
            .values(closed_at=clock.now())
        )
    with pytest.raises(NobodyReads, match="“东城区团区委”已撤销"):
        write(branch, "answer", letter)
    with writing() as session:
        session.execute(
            update(Organisation)
            .where(Organisation.id == world.district.id)
            .values(merged_into_id=world.municipal.id)
        )
    write(branch, "answer", letter)
    assert subjects(world.actor(world.municipal)) == [TEXT.subject]
    assert not can_answer(applicant, open_message(branch, letter))


def test_sent_twice_it_is_sent_once_and_the_draft_is_gone(world: World) -> None:
    district, name = world.actor(world.district), token()
    letter_drafts.save(district, name, to("organisation", world.branch.id), TEXT)
    assert [row.subject for row in drafts_of(district)] == [TEXT.subject]
    sent = letters.send(district, name, to("organisation", world.branch.id), TEXT)
    assert letters.send(district, name, to("organisation", world.branch.id), TEXT) == sent
    assert subjects(world.actor(world.branch)) == [TEXT.subject]
    assert drafts_of(district) == ()
    assert letters.sent_with(district, name) == sent
    with pytest.raises(NotFound):  # somebody who guessed it
        letters.send(world.actor(world.municipal), name, to("organisation", 2), TEXT)


def test_sent_by_two_requests_at_once_it_is_sent_once(app: Flask, world: World) -> None:
    district, name, both = world.actor(world.district), token(), threading.Barrier(2)
    sent: list[int] = []

    def work() -> None:
        with app.app_context():
            both.wait()
            sent.append(letters.send(district, name, to("organisation", world.branch.id), TEXT))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert len(sent) == 2
    assert len(set(sent)) == 1
    assert subjects(world.actor(world.branch)) == [TEXT.subject]


def test_sent_again_while_the_first_is_being_written_it_is_sent_once(
    app: Flask, world: World
) -> None:
    """On PostgreSQL the unique index refuses the second; on SQLite it waits for the first."""
    district, name = world.actor(world.district), token()
    goal, waits = to("organisation", world.branch.id), db.engine.dialect.name == "sqlite"
    begun = meanwhile(
        app,
        "INSERT INTO message ",
        lambda: letters.send(district, name, goal, TEXT),
        to_its_end=not waits,
    )
    sent = letters.send(district, name, goal, TEXT)
    assert begun[0].result(timeout=20) == sent
    assert subjects(world.actor(world.branch)) == [TEXT.subject]


def test_what_was_answered_is_shown_only_to_who_may_read_it_now(world: World) -> None:
    branch, district = world.actor(world.branch), world.actor(world.district)
    everybody = write(district, "subtree", world.district.id)
    answer = write(branch, "answer", everybody, LetterText("收到", "已办"))
    shown = sent_letter(branch, answer).message
    assert [one.id for one in earlier(branch, shown)] == [everybody]
    moved = replace(branch, organisation_path=f"/1/3/{world.branch.id}/")
    assert earlier(moved, shown) == ()


def test_a_text_that_is_no_letter_is_refused_field_by_field(world: World) -> None:
    district = world.actor(world.district)
    for text, fields in (
        (LetterText("", " \r\n\t"), {"subject", "body"}),
        (LetterText("一" * (SUBJECT_LENGTH + 1), "二"), {"subject"}),
        (LetterText("李某 13800138000", "二"), {"subject"}),
        (LetterText("一", "二" * (BODY_LENGTH + 1)), {"body"}),
        (LetterText("一\u202e", "二\n三\u200b"), {"subject", "body"}),
    ):
        with pytest.raises(LetterFaults) as caught:
            write(district, "organisation", world.branch.id, text)
        assert set(caught.value.faults) == fields
    for text in (LetterText("", ""), LetterText("一" * SUBJECT_LENGTH, "二" * BODY_LENGTH)):
        letter_drafts.save(district, token(), to("organisation", world.branch.id), text)
    with pytest.raises(LetterFaults):
        letter_drafts.save(
            district, token(), to("organisation", world.branch.id), LetterText("\x00", "")
        )
    assert db.session.scalar(select(func.count(Message.id))) == 0


def test_a_person_sends_so_many_letters_an_hour(world: World) -> None:
    district = world.actor(world.district)
    with time_machine.travel(datetime.now(UTC), tick=False) as now:
        for _ in range(HOURLY):
            write(district, "organisation", world.branch.id)
        with pytest.raises(TooManyLetters):
            write(district, "organisation", world.branch.id)
        now.shift(timedelta(minutes=61))
        write(district, "organisation", world.branch.id)


def test_drafts_are_one_person_s_few_and_end_after_a_week(world: World) -> None:
    district, goal = world.actor(world.district), to("organisation", world.branch.id)
    with time_machine.travel(datetime.now(UTC), tick=False) as now:
        name = token()
        for place in range(2):
            letter_drafts.save(district, name, goal, LetterText(str(place), ""))
        assert find_draft(district, name).subject == "1"
        for other in (world.actor(world.municipal), world.actor(world.branch)):
            with pytest.raises(NotFound):
                find_draft(other, name)
        with pytest.raises(NotFound):
            letter_drafts.save(world.actor(world.municipal), name, goal, TEXT)
        letter_drafts.discard(world.actor(world.municipal), name)
        for _ in range(MOST - 1):
            letter_drafts.save(district, token(), goal, TEXT)
        with pytest.raises(TooManyDrafts):
            letter_drafts.save(district, token(), goal, TEXT)
        letter_drafts.discard(district, name)
        letter_drafts.discard(district, name)
        assert len(drafts_of(district)) == MOST - 1
        with pytest.raises(NotFound):
            find_draft(district, name)
        now.shift(timedelta(days=7, minutes=1))
        assert drafts_of(district) == ()
        assert letter_drafts.forget_old() == MOST - 1
    assert db.session.scalar(select(func.count(LetterDraft.id))) == 0


def test_a_long_sent_box_goes_on(world: World) -> None:
    district = world.actor(world.district)
    for place in range(PAGE_ROWS + 1):
        write(district, "organisation", world.branch.id, LetterText(str(place), "内容"))
    first = sent_box(district)
    assert [row.subject for row in first.rows][:1] == [str(PAGE_ROWS)]
    assert [row.subject for row in sent_box(district, before=first.before).rows] == ["0"]
    assert not sent_letter(district, first.rows[0].id).readers


def test_whom_one_can_choose(world: World) -> None:
    branch, municipal = world.actor(world.branch), world.actor(world.municipal)
    reader = world.add_member(name="安新")
    world.member_actor(reader)
    world.add_member(name="白期")
    found = choices(branch, "")
    assert [one.name for one in found.above] == [
        "东城区第一中学团委",
        "东城区团区委",
        "共青团北京市委员会",
    ]
    assert [(one.name, one.has_account) for one in found.members] == [
        ("安新", True),
        ("白期", False),
    ]
    assert [one.name for one in choices(branch, "ax").members] == ["安新"]
    assert [one.name for one in choices(branch, "团区委").found] == ["东城区团区委"]
    assert choices(branch, "班团支部").found == ()
    top = choices(municipal, "")
    assert (top.all_below, top.branches_below, top.above, top.members) == (6, 3, (), ())
    assert len(choices(municipal, "高一").found) == 2
    assert below_counts(municipal, world.district.id) == (4, 2)
    assert below_counts(municipal, world.branch.id) is None
    assert below_counts(branch, world.district.id) is None
    assert below_counts(world.actor(world.grassroots), world.district.id) is None
    assert below_counts(world.actor(world.grassroots), world.far_branch.id) is None


def test_where_nobody_is_below_there_is_nobody_to_write_to(world: World) -> None:
    with writing() as session:
        session.execute(
            update(Organisation)
            .where(Organisation.parent_id == world.grassroots.id)
            .values(closed_at=clock.now())
        )
    with pytest.raises(NobodyReads, match="下面没有可以收信的组织"):
        write(world.actor(world.grassroots), "branches", world.grassroots.id)


def test_what_names_nobody() -> None:
    for text in ("", "organisation", "organisation-", "organisation--1", "nobody-1", "member-1²"):
        assert Addressee.parse(text) is None
    assert Addressee.parse("member-9999999999999999999") is None
    assert str(to("member", 7)) == "member-7"
