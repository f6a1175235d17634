"""What the portal holds on a member, for the member to take along (个人信息保护法, art. 45).

Everything that is about the person, in chapters of rows: the download as JSON and the one as PDF
say the same. Others are named as the pages name them to the member: an organisation, and no person
of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.access import Action, Actor
from portal.extensions import db
from portal.models import (
    Account,
    AnsweredCode,
    CorrectionState,
    Member,
    Message,
    NumberHolding,
    Scan,
    SignIn,
)
from portal.rules.user_agents import device_name
from portal.services import audit
from portal.services.checks import checks_of
from portal.services.corrections import own_corrections
from portal.services.form_views import views_of_own_form
from portal.services.identity import identity_for
from portal.services.members import PersonalField, find_member, plain_field, profile_fields
from portal.services.organisations import ancestors_of, path_text
from portal.services.own_data_cases import applications, releases, transfer_steps, transfers
from portal.services.own_data_chapter import Cell, Chapter, day_words, moment_words
from portal.services.passwords import require_own_password
from portal.services.transaction import one_state, writing

VERSION = 1
"""Of the structure that docs/own-data.md describes."""

_REPORT_WORDS = {
    CorrectionState.OPEN: "等支部处理",
    CorrectionState.TAKEN: "已更正",
    CorrectionState.DECLINED: "没有更正",
    CorrectionState.WITHDRAWN: "已撤回",
}


@dataclass(frozen=True, slots=True)
class OwnData:
    """All chapters as of one moment."""

    made_at: datetime
    name: str
    chapters: tuple[Chapter, ...]

    def to_json(self, address: str) -> dict[str, Any]:
        """As docs/own-data.md describes it; ``address`` is the portal's, for the form's file."""
        told: dict[str, Any] = {
            "version": VERSION,
            "made_at": moment_words(self.made_at),
            "portal": address,
        }
        for one in self.chapters:
            keys = [key for key, _ in one.columns]
            told[one.key] = [dict(zip(keys, row, strict=True)) for row in one.rows]
        return told


def take_own_data(actor: Actor, password: str, kind: str) -> OwnData:
    """All that is held on the actor; that they took it goes on record.

    Everything is unmasked in it, so the password is asked for again: a phone lies about open.
    Raises ``OldPasswordWrong``.
    """
    require_own_password(actor, Action.TAKE_OWN_DATA, password)
    assert actor.member_id is not None
    with writing():
        member = find_member(actor, Action.TAKE_OWN_DATA, actor.member_id)
        audit.record(actor, audit.Event.OWN_DATA_TAKEN, member_id=member.id, format=kind)
    with one_state():
        return _collect(actor, find_member(actor, Action.TAKE_OWN_DATA, actor.member_id))


def _collect(actor: Actor, member: Member) -> OwnData:
    return OwnData(
        clock.now(),
        member.name,
        (
            _person(actor, member),
            _numbers(member),
            _forms(member),
            _checks(member),
            _views(actor),
            applications(member),
            releases(member),
            transfers(member),
            transfer_steps(member),
            _reports(actor),
            _messages(actor),
            _codes(member),
            _account(actor),
            _sign_ins(actor),
        ),
    )


def _person(actor: Actor, member: Member) -> Chapter:
    rows: list[tuple[Cell, ...]] = []
    for field in profile_fields(member):
        value = plain_field(member, PersonalField(field.key)) if field.masked else field.value
        rows.append((field.key, field.label, value))
    left = (
        f"{moment_words(member.left_at)} {member.left_reason.label}" if member.left_reason else "否"
    )
    rows += [
        ("branch", "组织", path_text(ancestors_of(actor.organisation_path))),
        ("approved_on", "上级团委审批日期", day_words(member.approved_on)),
        ("identity", "团员身份认证", identity_for(member).words),
        ("is_new_member", "是否新发展团员", "是" if member.is_new_member else "否"),
        ("due_date", "上传期限", day_words(member.due_date)),
        ("left", "是否移出", left),
        ("left_note", "移出说明", member.left_note),
        ("changed_at", "最后修改", moment_words(member.changed_at)),
    ]
    return Chapter(
        "person", "基本信息", (("key", "项"), ("label", "名称"), ("value", "内容")), tuple(rows)
    )


def _numbers(member: Member) -> Chapter:
    query = select(NumberHolding).where(NumberHolding.member_id == member.id)
    rows = db.session.scalars(query.order_by(NumberHolding.id))
    return Chapter(
        "numbers",
        "编号占用",
        (("number", "团员编号"), ("since", "起"), ("until", "止")),
        tuple((row.number, moment_words(row.since), moment_words(row.until)) for row in rows),
    )


def _forms(member: Member) -> Chapter:
    rows = db.session.scalars(select(Scan).where(Scan.member_id == member.id).order_by(Scan.id))
    return Chapter(
        "forms",
        "入团志愿书",
        (
            ("state", "状态"),
            ("pages", "页数"),
            ("bytes", "字节"),
            ("uploaded_at", "上传时间"),
            ("origin", "来源"),
            ("sha256", "SHA-256"),
            ("file", "文件"),
        ),
        tuple(
            (
                {"current": "现在的", "replaced": "已更换", "deleted": "已删除"}[row.state],
                row.pages,
                row.size,
                moment_words(row.uploaded_at),
                row.origin.label,
                row.sha256.hex(),
                f"/scans/{row.id}/original.pdf" if row.state == "current" else None,
            )
            for row in rows
        ),
    )


def _checks(member: Member) -> Chapter:
    return Chapter(
        "checks",
        "上级检查",
        (("at", "时间"), ("organisation", "检查单位"), ("verdict", "结果"), ("stands", "现在有效")),
        tuple(
            (moment_words(one.at), one.organisation, one.verdict.words, one.standing)
            for one in checks_of(member.id)
        ),
    )


def _views(actor: Actor) -> Chapter:
    rows: list[tuple[Cell, ...]] = []
    before: int | None = None
    while True:
        page = views_of_own_form(actor, before=before)
        rows += [
            (moment_words(view.at), "本人" if view.own else f"{view.place} {view.role}".strip())
            for view in page.rows
        ]
        before = page.before
        if before is None:
            break
    columns = (("at", "时间"), ("who", "谁"))
    return Chapter("form_views", "谁看过我的入团志愿书", columns, tuple(rows))


def _reports(actor: Actor) -> Chapter:
    return Chapter(
        "corrections",
        "报告过的错误",
        (
            ("field", "项"),
            ("proposed", "应为"),
            ("replaced", "更正前"),
            ("asked_at", "报告"),
            ("state", "结果"),
            ("remark", "说明"),
            ("answer", "答复"),
        ),
        tuple(
            (
                one.field.label,
                one.proposed,
                one.replaced,
                moment_words(one.asked_at),
                _REPORT_WORDS[one.state],
                one.remark,
                one.answer,
            )
            for one in own_corrections(actor, plain=True)
        ),
    )


def _messages(actor: Actor) -> Chapter:
    query = select(Message).where(Message.to_account_id == actor.account_id)
    return Chapter(
        "messages",
        "站内信",
        (("sent_at", "时间"), ("sender", "来自"), ("subject", "标题"), ("body", "内容")),
        tuple(
            (moment_words(row.sent_at), row.sender, row.subject, row.body)
            for row in db.session.scalars(query.order_by(Message.id))
        ),
    )


def _codes(member: Member) -> Chapter:
    query = select(AnsweredCode).where(AnsweredCode.member_id == member.id)
    return Chapter(
        "identity_codes",
        "身份码核验",
        (("first_at", "首次"), ("last_at", "最近"), ("times", "次数")),
        tuple(
            (moment_words(row.first_at), moment_words(row.last_at), row.times)
            for row in db.session.scalars(query.order_by(AnsweredCode.first_at))
        ),
    )


def _account(actor: Actor) -> Chapter:
    account = db.session.get_one(Account, actor.account_id)
    row = (account.login, account.person_name, moment_words(account.created_at), account.email)
    columns = (("login", "账号"), ("name", "姓名"), ("created_at", "建立"), ("email", "邮件提醒"))
    return Chapter("account", "账号", columns, (row,))


def _sign_ins(actor: Actor) -> Chapter:
    query = select(SignIn).where(SignIn.account_id == actor.account_id)
    return Chapter(
        "sign_ins",
        "登录",
        (("at", "登录"), ("seen_at", "最后使用"), ("device", "设备"), ("address", "地址")),
        tuple(
            (
                moment_words(row.created_at),
                moment_words(row.seen_at),
                device_name(row.user_agent),
                row.address,
            )
            for row in db.session.scalars(query.order_by(SignIn.id))
        ),
    )
