"""The lists of branches and committees, and the page of one transfer."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action, allows
from portal.blueprints.gate import requires
from portal.rules.transfers import TransferKind, TransferState
from portal.services import transfer_deciding as deciding
from portal.services import transfer_lists as lists
from portal.services import transfer_shown
from portal.services.transfer_lists import Part
from portal.services.transfer_rows import TransferRow
from portal.services.transfers import TransferOutdated, TransferRefused
from portal.web import current_actor, page_or_partial

blueprint = Blueprint("transfers", __name__)

BRANCH_PARTS = {
    Part.WAITING: "待本支部办理",
    Part.OPEN: "等对方办理",
    Part.ENDED: "已结束",
}
COMMITTEE_PARTS = {Part.OPEN: "办理中", Part.EXPIRED: "到期未办完"}
EMPTY = {
    Part.WAITING: "没有等本支部办理的转接。团员申请转出，或别的支部的团员要转入时，会出现在这里。",
    Part.OPEN: "没有等对方办理的转接。",
    Part.ENDED: "还没有结束的转接。",
}
DISTRICT_PARTS = {Part.OPEN: "办理中", Part.WAITING: "待本级审核", Part.EXPIRED: "到期未办完"}
EMPTY_BELOW = {
    Part.WAITING: "没有等本级审核的转接。团员转至外部系统、团支部同意后，会出现在这里。",
    Part.OPEN: "下级团支部没有正在办理的转接。",
    Part.EXPIRED: "没有到期未办完的转接。",
}


@blueprint.get("/transfers/")
@requires(Action.LIST_TRANSFERS)
def index() -> Response:
    """组织关系转接 of a branch: what waits for it, what waits for others, what is over."""
    actor, part = current_actor(), _part(BRANCH_PARTS)
    return page_or_partial(
        "transfers/index.html",
        "transfers/_list.html",
        listed=lists.branch_transfers(actor, part, request.args.get("after", "")),
        part=part,
        parts=BRANCH_PARTS,
        counts=lists.branch_counts(actor),
        empty=EMPTY[part],
        url="/transfers/",
        first=not request.args.get("after"),
    )


@blueprint.get("/transfers/below")
@requires(Action.WATCH_TRANSFERS)
def below() -> Response:
    """组织关系转接 below a committee: who has each open one, and which expired."""
    actor = current_actor()
    parts = DISTRICT_PARTS if allows(actor, Action.DECIDE_TRANSFER) else COMMITTEE_PARTS
    part = _part(parts)
    counts = {Part.OPEN: lists.count_below(actor)}
    if Part.WAITING in parts:
        counts[Part.WAITING] = lists.count_waiting(actor)
    return page_or_partial(
        "transfers/index.html",
        "transfers/_list.html",
        listed=lists.transfers_below(actor, part, request.args.get("after", "")),
        part=part,
        parts=parts,
        counts=counts,
        empty=EMPTY_BELOW[part],
        url="/transfers/below",
        first=not request.args.get("after"),
    )


@blueprint.get("/transfers/<int:transfer_id>")
@requires(Action.VIEW_TRANSFER)
def show(transfer_id: int) -> Response:
    """One transfer with its steps; decided here by the branch whose turn it is."""
    return transfer_page(transfer_id)


@blueprint.post("/transfers/<int:transfer_id>/agree")
@requires(Action.DECIDE_TRANSFER)
def agree(transfer_id: int) -> Response:
    """同意 of the branch whose turn it is."""

    def act() -> str:
        state = deciding.agree(current_actor(), transfer_id)
        if state is TransferState.DONE:
            return "已同意，转接完成。团员已在“我的团员”里，请核对信息和《入团志愿书》。"
        row = transfer_shown.show(current_actor(), transfer_id).row
        if row.kind is TransferKind.OUTSIDE:
            return f"已同意，下一步由 {row.held_by} 办理：{row.turn.label}。"
        return "已同意，现在等对方团支部办理。"

    return _decided(transfer_id, act)


@blueprint.post("/transfers/<int:transfer_id>/decline")
@requires(Action.DECIDE_TRANSFER)
def decline(transfer_id: int) -> Response:
    """不同意, with the reason."""
    answer = request.form.get("answer", "")

    def act() -> str:
        deciding.decline(current_actor(), transfer_id, answer=answer)
        return "已退回这份转接，团员没有变动，对方和本人会收到通知。"

    return _decided(transfer_id, act)


@blueprint.post("/transfers/<int:transfer_id>/withdraw")
@requires(Action.ASK_TRANSFER)
def withdraw(transfer_id: int) -> Response:
    """The side that asked takes it back."""

    def act() -> str:
        deciding.withdraw(current_actor(), transfer_id)
        return "已撤回转接，没有任何变动。"

    own = current_actor().member_id is not None
    return _decided(transfer_id, act, back="/card/transfer" if own else None)


@blueprint.app_template_global()
def open_own_transfer() -> TransferRow | None:
    """A member's open transfer, for the line on their card."""
    found = transfer_shown.own_transfer(current_actor())
    return found if found is not None and found.is_open else None


def transfer_page(
    transfer_id: int, *, refused: str = "", outdated: str = "", answer: str = "", status: int = 200
) -> Response:
    """The page; ``refused`` stands beside the reason that was typed as ``answer``."""
    page = render_template(
        "transfers/show.html",
        shown=transfer_shown.show(current_actor(), transfer_id),
        refused=refused,
        outdated=outdated,
        answer=answer,
    )
    return make_response(page, status)


def _decided(transfer_id: int, act: Callable[[], str], *, back: str | None = None) -> Response:
    """Act and go back to the page; a refusal keeps what was typed."""
    try:
        flash(act(), "good")
    except TransferRefused as error:
        answer = request.form.get("answer", "")
        return transfer_page(transfer_id, refused=error.message, answer=answer, status=error.status)
    except TransferOutdated as error:
        if back is None:
            return transfer_page(transfer_id, outdated=error.message, status=error.status)
        flash(error.message, "warning")
    return redirect(back or f"/transfers/{transfer_id}", 303)


def _part(parts: dict[Part, str]) -> Part:
    asked = request.args.get("part", "")
    return Part(asked) if asked in parts else next(iter(parts))
