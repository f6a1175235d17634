"""写信: what persons write to organisations and members, and answer. One letter is one message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select, update

from portal import clock
from portal.access import Action, Actor, Role, addressees_for, in_subtree, messages_for
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import (
    Account,
    Audience,
    LetterDraft,
    LetterFile,
    Message,
    MessageKind,
    Organisation,
)
from portal.rules.letters import HOURLY, Addressee, AddresseeKind, LetterText, clean_letter
from portal.rules.organisations import OrganisationKind
from portal.services import audit
from portal.services.members import find_member
from portal.services.messages import Delivery, Letter, deliver, sending_organisation
from portal.services.organisations import OPEN, ancestors_of, path_text
from portal.services.transaction import once_more_if_taken, writing


class LetterFaults(PortalError):
    """The text can't be sent as it is; ``faults`` has a sentence for each field."""

    status = 422

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("没有发送，您填写的内容还在。" + "".join(faults.values()))
        self.faults = faults


class NobodyReads(PortalError):
    """Nobody would get the letter."""

    status = 409


class TooManyLetters(PortalError):
    """The person has sent as many letters as may be in an hour."""

    status = 429

    def __init__(self) -> None:
        super().__init__(
            f"没有发送：您在 1 小时内已发送 {HOURLY} 封，达到上限。您填写的内容还在，"
            "可以先保存草稿，过一会儿再发；发给多个下级时，可以选“全部下级”一次发送。"
        )


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a letter would go: in words, with the full path, and as it is delivered."""

    words: str
    delivery: Delivery
    member_id: int | None = None
    about_id: int | None = None  # the organisation that a line of the record concerns
    answers: Message | None = None


def destination(actor: Actor, to: Addressee) -> Destination:
    """Whom ``to`` means.

    Raises ``NotFound`` for whom the actor may not write to, or ``NobodyReads``.
    """
    if to.kind is AddresseeKind.ANSWER:
        return _to_sender(actor, to.id)
    if to.kind is AddresseeKind.MEMBER:
        return _to_member(actor, to.id)
    return _to_organisation(actor, to)


def send(actor: Actor, token: str, to: Addressee, typed: LetterText) -> int:
    """Send a letter; the message's id. What is sent twice with one ``token`` is sent once.

    Its draft goes with it. Raises ``LetterFaults``, ``TooManyLetters``, and as ``destination``.
    """
    return once_more_if_taken(lambda: _send(actor, token, to, typed))


def sent_with(actor: Actor, token: str) -> int | None:
    """The letter that the actor has sent with a token, if there is one."""
    query = select(Message.id).where(
        Message.once == _once(token), Message.sent_by_id == actor.account_id
    )
    return db.session.scalar(query)


def can_answer(actor: Actor, message: Message) -> bool:
    """Whether somebody is behind a message that was sent to the actor."""
    if actor.role is Role.APPLICANT or message.sent_by_id in (None, actor.account_id):
        return False
    return message.from_organisation_id is not None or message.kind is MessageKind.LETTER


def _send(actor: Actor, token: str, to: Addressee, typed: LetterText) -> int:
    with writing():
        if (sent := sent_with(actor, token)) is not None:
            return sent
        goal = destination(actor, to)
        text = clean_letter(typed, whole=True)
        if not isinstance(text, LetterText):
            raise LetterFaults(text)
        _require_few(actor)
        letter = Letter(MessageKind.LETTER, text.subject, text.body)
        message_id = deliver(letter, goal.delivery, actor=actor, once=_once(token))
        if message_id is None:
            if (sent := sent_with(actor, token)) is not None:  # twice at the same moment
                return sent
            raise NotFound  # somebody else's token
        files = _take_draft(actor, token, message_id)
        audit.record(
            actor,
            audit.Event.LETTER_SENT,
            member_id=goal.member_id,
            organisation=goal.about_id,
            to=goal.words,
            subject=text.subject,
            addressees=goal.delivery.addressees,
            answers=goal.delivery.answers_id is not None,
            attachments=files,
        )
    return message_id


def _once(token: str) -> str:
    return f"letter {token}"


def _to_sender(actor: Actor, message_id: int) -> Destination:
    query = select(Message).where(
        Message.id == message_id, messages_for(actor, Action.ANSWER_MESSAGE)
    )
    message = db.session.scalar(query)
    if message is None or not can_answer(actor, message):
        raise NotFound
    if message.from_organisation_id is None:
        assert message.sent_by_id is not None
        account = db.session.get_one(Account, message.sent_by_id)
        if account.disabled_at is not None:
            raise NobodyReads(f"{message.sender} 的账号已停用，收不到回复。")
        delivery = Delivery(account_id=account.id, answers_id=message.id)
        about = sending_organisation(actor)
        return Destination(message.sender, delivery, account.member_id, about, message)
    organisation = db.session.get_one(Organisation, message.from_organisation_id)
    while organisation.merged_into_id is not None:  # its people and its work went there
        organisation = db.session.get_one(Organisation, organisation.merged_into_id)
    if organisation.closed_at is not None:
        raise NobodyReads(f"“{organisation.name}”已撤销，收不到回复。请给现在的上级团委写信。")
    delivery = Delivery(organisation_id=organisation.id, answers_id=message.id)
    return Destination(organisation.name, delivery, None, organisation.id, message)


def _to_member(actor: Actor, member_id: int) -> Destination:
    member = find_member(actor, Action.WRITE_LETTER, member_id)
    account = db.session.scalar(
        select(Account.id).where(Account.member_id == member.id, Account.disabled_at.is_(None))
    )
    if account is None:
        raise NobodyReads(
            f"{member.name} 还没有可用的账号，收不到站内信。"
            "账号由所在团支部在团员信息页点“重置密码”开通。"
        )
    branch = db.session.get_one(Organisation, member.branch_id)
    words = f"{member.name}（{branch.name}）"
    return Destination(words, Delivery(account_id=account), member.id)


def _to_organisation(actor: Actor, to: Addressee) -> Destination:
    below_own = to.id == actor.organisation_id and to.kind is not AddresseeKind.ORGANISATION
    which = Organisation.id == to.id
    if not below_own:
        which &= addressees_for(actor, Action.WRITE_LETTER)
    found = db.session.scalar(select(Organisation).where(which, OPEN))
    if found is None:
        raise NotFound
    path = path_text(ancestors_of(found.path))
    if to.kind is AddresseeKind.ORGANISATION:
        return Destination(path, Delivery(organisation_id=found.id), about_id=found.id)
    # Not over the heads of those between: who is above is written to alone.
    if actor.role is Role.BRANCH or not found.path.startswith(actor.organisation_path):
        raise NotFound
    branches_only = to.kind is AddresseeKind.BRANCHES
    count = count_below(actor, found, branches_only=branches_only)
    if not count:
        raise NobodyReads(f"“{found.name}”下面没有可以收信的组织。")
    kind = "全部团支部" if branches_only else "全部下级组织" if below_own else "本级和全部下级组织"
    delivery = Delivery(
        organisation_id=found.id,
        audience=Audience.BRANCHES if branches_only else Audience.SUBTREE,
        addressees=count,
    )
    return Destination(f"{path}：{kind}，共 {count} 个", delivery, about_id=found.id)


def count_below(actor: Actor, organisation: Organisation, *, branches_only: bool) -> int:
    """How many organisations a letter to all at or below one would reach."""
    query = select(func.count()).where(
        in_subtree(organisation.path), OPEN, Organisation.id != actor.organisation_id
    )
    if branches_only:
        query = query.where(Organisation.kind == OrganisationKind.BRANCH)
    return db.session.scalar(query) or 0


def _take_draft(actor: Actor, token: str, message_id: int) -> int:
    """The letter is no draft any more; how many files go with it."""
    which = (LetterDraft.token == token, LetterDraft.account_id == actor.account_id)
    draft_id = db.session.scalar(select(LetterDraft.id).where(*which).with_for_update())
    if draft_id is None:
        return 0
    ids = db.session.scalars(select(LetterFile.id).where(LetterFile.draft_id == draft_id)).all()
    sent = update(LetterFile).where(LetterFile.id.in_(ids))
    db.session.execute(sent.values(draft_id=None, message_id=message_id))
    db.session.execute(delete(LetterDraft).where(LetterDraft.id == draft_id))
    return len(ids)


def _require_few(actor: Actor) -> None:
    lately = select(func.count()).where(
        Message.sent_by_id == actor.account_id,
        Message.kind == MessageKind.LETTER,
        Message.sent_at > clock.now() - timedelta(hours=1),
    )
    if (db.session.scalar(lately) or 0) >= HOURLY:
        raise TooManyLetters
