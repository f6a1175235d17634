"""转至外部系统: who asks for it, who enters the receipt; and 转回登记 of who comes back."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal import clock
from portal.access import Action, Actor, Role
from portal.blueprints.gate import requires
from portal.blueprints.transfers.asking import slow_asking
from portal.errors import PortalError
from portal.models import Member
from portal.rules.outside import Proof, outside_places
from portal.rules.text import TextFault
from portal.rules.transfers import OPEN_DAYS, OTHER_REASON, USUAL_REASONS, asked_reason
from portal.rules.transfers_outside import (
    NO_FORM,
    Return,
    check_destination,
    check_receipt,
    check_return,
)
from portal.runtime import runtime
from portal.services import returning, transfer_forms, transfers, transfers_outside
from portal.services.members import find_member
from portal.services.transfer_telling import OWN_PAGE, page_of
from portal.services.transfers import TransferOutdated, TransferRefused
from portal.web import current_actor

blueprint = Blueprint("outside", __name__)


@blueprint.route("/members/<int:member_id>/transfer/outside", methods=["GET", "POST"])
@slow_asking
@requires(Action.ASK_TRANSFER)
def ask(member_id: int) -> Response:
    """转至外部系统: where to and why. The member asks for themselves, or the branch for them."""
    actor = current_actor()
    member = find_member(actor, Action.ASK_TRANSFER, member_id)
    if request.method == "GET":
        return _ask_page(actor, member)
    sent = request.form
    where = check_destination(
        sent.get("place", ""), sent.get("receiver", ""), sent.get("contact", ""), runtime().policy
    )
    choice, words = sent.get("reason", ""), sent.get("words", "")
    try:
        if isinstance(where, dict):
            transfer_forms.require_form(actor, member)  # which is told before anything else
            why = asked_reason(choice, words)
            more = {"reason": why.message} if isinstance(why, TextFault) else {}
            return _ask_page(actor, member, faults=where | more)
        transfer_id = transfers_outside.ask(actor, member_id, where, choice, words)
    except (TransferRefused, TransferOutdated) as error:
        return _ask_page(actor, find_member(actor, Action.ASK_TRANSFER, member_id), error=error)
    flash("已申请转至外部系统，办理到哪一步在这里看。", "good")
    return redirect(OWN_PAGE if actor.role is Role.MEMBER else f"/transfers/{transfer_id}", 303)


@blueprint.route("/transfers/<int:transfer_id>/receipt", methods=["GET", "POST"])
@requires(Action.DECIDE_TRANSFER)
def receipt(transfer_id: int) -> Response:
    """登记回执: what the outside system answered; the transfer is done with it."""
    actor = current_actor()
    if request.method == "GET":
        return _receipt_page(actor, transfer_id)
    sent = request.form
    joined = transfers_outside.awaiting_receipt(actor, transfer_id).member.joined
    found = check_receipt(sent.get("receipt", ""), sent.get("given_on", ""), joined, clock.today())
    if isinstance(found, dict):
        return _receipt_page(actor, transfer_id, faults=found)
    try:
        transfers_outside.enter_receipt(actor, transfer_id, found)
    except (TransferRefused, TransferOutdated) as error:
        return _receipt_page(actor, transfer_id, error=error)
    flash("已登记回执，转接完成。这名团员已不在名单和统计里，信息保留。", "good")
    return redirect(f"/transfers/{transfer_id}", 303)


@blueprint.route("/members/<int:member_id>/come-back", methods=["GET", "POST"])
@requires(Action.BRING_MEMBER_BACK)
def come_back(member_id: int) -> Response:
    """转回登记: who went to an outside system is back, with their number and their form."""
    actor = current_actor()
    member = returning.find_gone(actor, member_id)
    if member is None:
        return redirect(f"/members/{member_id}", 303)
    if request.method == "GET":
        return _back_page(member)
    proof = check_return(request.form, member.joined, clock.today(), runtime().policy)
    if not isinstance(proof, Return):
        return _back_page(member, faults=proof)
    returning.come_back(actor, member_id, proof)
    flash(f"已登记 {member.name} 转回，编号不变，重新计入本支部的统计。", "good")
    return redirect(f"/members/{member_id}", 303)


def _ask_page(
    actor: Actor,
    member: Member,
    *,
    faults: Mapping[str, str] | None = None,
    error: PortalError | None = None,
) -> Response:
    faults = dict(faults or {})
    if isinstance(error, TransferRefused) and error.field:
        faults[error.field], error = error.message, None
    lacks = transfer_forms.lacks_needed_form(member)
    page = render_template(
        "outside/ask.html",
        member=member,
        own=actor.role is Role.MEMBER,
        no_form=NO_FORM if lacks else "",
        remedy=transfer_forms.remedy_for(actor, member) if lacks else "",
        against="" if lacks else transfers.why_not(actor, member),
        open_url=_open_page(actor, member),
        places=outside_places(runtime().policy),
        reasons=(*USUAL_REASONS, OTHER_REASON),
        days=OPEN_DAYS,
        committee=transfers.name_of(transfers_outside.committee_of(member.branch_id)),
        faults=faults,
        error=error.message if error else None,
        typed=request.form,
    )
    return make_response(page, 422 if faults else error.status if error else 200)


def _open_page(actor: Actor, member: Member) -> str:
    """Where the member's open transfer is looked at; empty: there is none."""
    found = transfers.open_transfer(member.id)
    if found is None:
        return ""
    return OWN_PAGE if actor.role is Role.MEMBER else page_of(found)


def _receipt_page(
    actor: Actor,
    transfer_id: int,
    *,
    faults: Mapping[str, str] | None = None,
    error: PortalError | None = None,
) -> Response:
    shown = transfers_outside.awaiting_receipt(actor, transfer_id)
    page = render_template(
        "outside/receipt.html",
        transfer=shown.transfer,
        member=shown.member,
        may_enter=shown.may_enter,
        faults=faults or {},
        error=error.message if error else None,
        typed=request.form,
    )
    return make_response(page, 422 if faults else error.status if error else 200)


def _back_page(member: Member, faults: Mapping[str, str] | None = None) -> Response:
    page = render_template(
        "outside/back.html",
        member=member,
        places=outside_places(runtime().policy),
        proofs=Proof,
        faults=faults or {},
        typed=request.form,
    )
    return make_response(page, 422 if faults else 200)
