"""Of a member's own data what was asked for and decided: joining, releases, transfers."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from portal import clock
from portal.extensions import db
from portal.models import Joining, Member, NumberRelease, Organisation, Transfer, TransferStep
from portal.rules.outside import place_words
from portal.rules.transfers import state_on
from portal.services.own_data_chapter import Chapter, day_words, moment_words
from portal.services.release_lists import STATE_WORDS


def applications(member: Member) -> Chapter:
    """注册和加入申请."""
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
            ("former", "从外部转入"),
            ("proof", "凭证"),
        ),
        tuple(
            (
                branch,
                moment_words(one.created_at),
                moment_words(one.consented_at),
                moment_words(one.sent_at),
                moment_words(one.decided_at),
                one.number,
                one.reason,
                f"{place_words(one.former_place)} {one.former_organisation or ''}".strip(),
                _proof(one),
            )
            for one, branch in found
        ),
    )


def releases(member: Member) -> Chapter:
    """解除编号占用."""
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
                moment_words(row.asked_at),
                moment_words(row.decided_at),
                STATE_WORDS[row.state],
                row.reason,
                row.answer,
            )
            for row in rows
        ),
    )


def transfers(member: Member) -> Chapter:
    """团组织关系转接, a row each; what happened to each is in ``transfer_steps``."""
    query = select(Transfer).where(Transfer.member_id == member.id)
    rows = list(db.session.scalars(query.order_by(Transfer.id)))
    names = _names(one for row in rows for one in (row.from_branch_id, row.to_branch_id))
    return Chapter(
        "transfers",
        "团组织关系转接",
        (
            ("transfer", "转接"),
            ("from", "转出"),
            ("to", "转入"),
            ("asked_at", "申请"),
            ("ends_on", "最迟"),
            ("ended_at", "结束"),
            ("state", "结果"),
            ("reason", "原因"),
            ("contact", "联系方式"),
            ("receipt", "回执"),
            ("answer", "意见"),
        ),
        tuple(
            (
                row.id,
                names.get(row.from_branch_id),
                _target(row, names),
                moment_words(row.asked_at),
                day_words(row.ends_on),
                moment_words(row.ended_at),
                state_on(row.state, row.ends_on, clock.today()).label,
                row.reason,
                row.contact,
                f"{row.receipt} {day_words(row.receipt_on) or ''}".strip(),
                row.answer,
            )
            for row in rows
        ),
    )


def transfer_steps(member: Member) -> Chapter:
    """What happened to each transfer, and which organisation did it, as its page says."""
    query = (
        select(TransferStep, Organisation.name)
        .join(Transfer, Transfer.id == TransferStep.transfer_id)
        .outerjoin(Organisation, Organisation.id == TransferStep.organisation_id)
        .where(Transfer.member_id == member.id)
        .order_by(TransferStep.id)
    )
    return Chapter(
        "transfer_steps",
        "转接办理经过",
        (("transfer", "转接"), ("at", "时间"), ("step", "办理"), ("who", "谁"), ("words", "说明")),
        tuple(
            (
                step.transfer_id,
                moment_words(step.at),
                step.kind.label,
                place or ("本人" if step.account_id else "系统"),
                step.words,
            )
            for step, place in db.session.execute(query)
        ),
    )


def _proof(joining: Joining) -> str | None:
    if joining.proof is None:
        return None
    return f"{joining.proof.label} {joining.proof_number}（{day_words(joining.proof_on)}）"


def _target(row: Transfer, names: dict[int, str]) -> str:
    if row.to_branch_id is not None:
        return names[row.to_branch_id]
    return f"{row.province} {row.receiver}"


def _names(ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {one for one in ids if one is not None}
    query = select(Organisation.id, Organisation.name).where(Organisation.id.in_(wanted))
    return {row.id: row.name for row in db.session.execute(query)}
