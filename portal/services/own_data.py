"""What the portal holds on a member, for the member to take along (个人信息保护法, art. 45).

Everything that is about the person, in chapters of rows: the download as JSON and the one as PDF
say the same. Others are named as the pages name them to the member: an organisation, and no person
of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.access import Action, Actor
from portal.extensions import db
from portal.models import (
    Account,
    AnsweredCode,
    Joining,
    Member,
    Message,
    NumberHolding,
    NumberRelease,
    Organisation,
    Scan,
    SignIn,
    Transfer,
)
from portal.rules.user_agents import device_name
from portal.services import audit
from portal.services.checks import checks_of
from portal.services.corrections import own_corrections
from portal.services.form_views import views_of_own_form
from portal.services.identity import identity_for
from portal.services.members import PersonalField, find_member, plain_field, profile_fields
from portal.services.organisations import ancestors_of, path_text
from portal.services.passwords import require_own_password
from portal.services.transaction import one_state, writing

VERSION = 1
"""Of the structure that docs/own-data.md describes."""

Cell = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Chapter:
    """One table of the data. ``key`` and the columns' keys are those of the JSON."""

    key: str
    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]


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
            "made_at": _moment(self.made_at),
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
            _applications(member),
            _releases(member),
            _transfers(member),
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
    left = f"{_moment(member.left_at)} {member.left_reason.label}" if member.left_reason else "否"
    rows += [
        ("branch", "组织", path_text(ancestors_of(actor.organisation_path))),
        ("approved_on", "上级团委审批日期", _day(member.approved_on)),
        ("identity", "团员身份认证", identity_for(member).words),
        ("is_new_member", "是否新发展团员", "是" if member.is_new_member else "否"),
        ("due_date", "上传期限", _day(member.due_date)),
        ("left", "是否移出", left),
        ("left_note", "移出说明", member.left_note),
        ("changed_at", "最后修改", _moment(member.changed_at)),
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
        tuple((row.number, _moment(row.since), _moment(row.until)) for row in rows),
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
                _moment(row.uploaded_at),
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
            (_moment(one.at), one.organisation, one.verdict.words, one.standing)
            for one in checks_of(member.id)
        ),
    )


def _views(actor: Actor) -> Chapter:
    rows: list[tuple[Cell, ...]] = []
    before: int | None = None
    while True:
        page = views_of_own_form(actor, before=before)
        rows += [
            (_moment(view.at), "本人" if view.own else f"{view.place} {view.role}".strip())
            for view in page.rows
        ]
        before = page.before
        if before is None:
            break
    columns = (("at", "时间"), ("who", "谁"))
    return Chapter("form_views", "谁看过我的入团志愿书", columns, tuple(rows))


def _applications(member: Member) -> Chapter:
    query = select(Joining, Organisation.name).outerjoin(
        Organisation, Organisation.id == Joining.branch_id
    )
    found = db.session.execute(query.where(Joining.member_id == member.id))
    return Chapter(
        "joinings",
        "注册和加入申请",
        (
            ("branch", "申请加入"),
            ("registered_at", "注册"),
            ("consented_at", "同意告知"),
            ("sent_at", "提交"),
            ("decided_at", "处理"),
            ("number", "填写的编号"),
            ("reason", "退回原因"),
        ),
        tuple(
            (
                branch,
                _moment(one.created_at),
                _moment(one.consented_at),
                _moment(one.sent_at),
                _moment(one.decided_at),
                one.number,
                one.reason,
            )
            for one, branch in found
        ),
    )


def _releases(member: Member) -> Chapter:
    query = select(NumberRelease).where(NumberRelease.member_id == member.id)
    rows = db.session.scalars(query.order_by(NumberRelease.id))
    return Chapter(
        "releases",
        "解除编号占用",
        (
            ("number", "编号"),
            ("asked_at", "申请"),
            ("decided_at", "处理"),
            ("state", "结果"),
            ("reason", "原因"),
            ("answer", "意见"),
        ),
        tuple(
            (
                row.number,
                _moment(row.asked_at),
                _moment(row.decided_at),
                row.state.value,
                row.reason,
                row.answer,
            )
            for row in rows
        ),
    )


def _transfers(member: Member) -> Chapter:
    query = select(Transfer).where(Transfer.member_id == member.id)
    rows = list(db.session.scalars(query.order_by(Transfer.id)))
    names = _names(one for row in rows for one in (row.from_branch_id, row.to_branch_id))
    return Chapter(
        "transfers",
        "团组织关系转接",
        (
            ("from", "转出"),
            ("to", "转入"),
            ("asked_at", "申请"),
            ("ended_at", "结束"),
            ("state", "结果"),
            ("reason", "原因"),
            ("contact", "联系方式"),
            ("receipt", "回执"),
            ("answer", "意见"),
        ),
        tuple(
            (
                names.get(row.from_branch_id),
                names.get(row.to_branch_id or 0) or f"{row.province} {row.receiver}".strip(),
                _moment(row.asked_at),
                _moment(row.ended_at),
                row.state.value,
                row.reason,
                row.contact,
                row.receipt,
                row.answer,
            )
            for row in rows
        ),
    )


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
                _moment(one.asked_at),
                one.state.value,
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
            (_moment(row.sent_at), row.sender, row.subject, row.body)
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
            (_moment(row.first_at), _moment(row.last_at), row.times)
            for row in db.session.scalars(query.order_by(AnsweredCode.first_at))
        ),
    )


def _account(actor: Actor) -> Chapter:
    account = db.session.get_one(Account, actor.account_id)
    row = (account.login, account.person_name, _moment(account.created_at), account.email)
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
                _moment(row.created_at),
                _moment(row.seen_at),
                device_name(row.user_agent),
                row.address,
            )
            for row in db.session.scalars(query.order_by(SignIn.id))
        ),
    )


def _names(ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {one for one in ids if one is not None}
    query = select(Organisation.id, Organisation.name).where(Organisation.id.in_(wanted))
    return {row.id: row.name for row in db.session.execute(query)} if wanted else {}


def _moment(moment: datetime | None) -> str | None:
    """In Beijing's time, with its offset."""
    return moment.astimezone(clock.BEIJING).isoformat(timespec="seconds") if moment else None


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
