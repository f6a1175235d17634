"""账号管理. A one-time code is in the answer to the post that made it, and nowhere else."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import COMMITTEES, Action
from portal.blueprints.accounts.forms import AccountForm, NameForm
from portal.blueprints.gate import NO_CSRF, requires
from portal.blueprints.joining.forms import IdentityForm
from portal.errors import PortalError
from portal.extensions import limiter
from portal.models import Organisation
from portal.services import account_changes, codes
from portal.services.organisation_accounts import (
    LoginTaken,
    account_row,
    accounts_of,
    add_account,
    find_managed,
    propose_login,
)
from portal.services.organisations import ancestors_of
from portal.web import current_actor

blueprint = Blueprint("accounts", __name__)


@blueprint.get("/accounts/")
@requires(Action.LIST_ACCOUNTS)
def index() -> Response:
    """The accounts of the actor's own organisation."""
    organisation_id = current_actor().organisation_id
    assert organisation_id is not None
    return _list_page(organisation_id)


@blueprint.get("/organisations/<int:organisation_id>/accounts")
@requires(Action.LIST_ACCOUNTS)
def of_organisation(organisation_id: int) -> Response:
    """The accounts of one organisation in scope."""
    return _list_page(organisation_id)


@blueprint.route("/organisations/<int:organisation_id>/accounts/new", methods=["GET", "POST"])
@requires(Action.ADD_ACCOUNT)
def add(organisation_id: int) -> Response:
    """新增账号; its answer is the slip with the one-time code."""
    actor = current_actor()
    organisation = find_managed(actor, organisation_id, Action.ADD_ACCOUNT)
    form = AccountForm(data={"new_login": propose_login(organisation)}, meta=NO_CSRF)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                issued = add_account(actor, organisation_id, form.account, form.person)
                return _slip(issued, _list_url(organisation_id))
            except LoginTaken as taken:
                form.new_login.errors = [taken.message]
    return make_response(
        render_template("accounts/new.html", form=form, organisation=organisation), status
    )


@blueprint.get("/accounts/<int:account_id>")
@requires(Action.LIST_ACCOUNTS)
def show(account_id: int) -> Response:
    """One account and what can be done with it."""
    return _account_page(account_id)


@blueprint.post("/accounts/<int:account_id>/name")
@requires(Action.NAME_ACCOUNT)
def name(account_id: int) -> Response:
    """Set the name of its person."""
    form = NameForm(meta=NO_CSRF)
    if not form.validate():
        return _account_page(account_id, form=form, status=422)
    account_changes.rename(current_actor(), account_id, form.person)
    return _done(account_id, "姓名已保存。")


@blueprint.post("/accounts/<int:account_id>/code")
@requires(Action.ISSUE_CODE)
def issue_code(account_id: int) -> Response:
    """重发一次性码."""
    try:
        issued = codes.issue(current_actor(), account_id)
    except (codes.AccountDisabled, codes.OwnCode) as refused:
        return _account_page(account_id, error=refused, status=refused.status)
    return _slip(issued, f"/accounts/{account_id}")


@blueprint.post("/accounts/<int:account_id>/disable")
@requires(Action.DISABLE_ACCOUNT)
def disable(account_id: int) -> Response:
    """停用."""
    try:
        account_changes.disable(current_actor(), account_id)
    except (account_changes.OwnAccount, account_changes.LastAccount) as refused:
        return _account_page(account_id, error=refused, status=refused.status)
    return _done(account_id, "账号已停用，正在使用的登录已结束。")


@blueprint.post("/accounts/<int:account_id>/enable")
@requires(Action.ENABLE_ACCOUNT)
def enable(account_id: int) -> Response:
    """启用."""
    try:
        account_changes.enable(current_actor(), account_id)
    except account_changes.ClosedWithOrganisation as refused:
        return _account_page(account_id, error=refused, status=refused.status)
    return _done(account_id, "账号已启用，可以用原来的密码登录。")


@blueprint.post("/accounts/<int:account_id>/sign-ins/end")
@requires(Action.END_ACCOUNT_SIGN_INS)
def end_sign_ins(account_id: int) -> Response:
    """下线: end the account's sessions."""
    ended = account_changes.end_account_sign_ins(current_actor(), account_id)
    return _done(account_id, "已下线，再用时须重新登录。" if ended else "现在没有登录的设备。")


@blueprint.route("/accounts/<int:account_id>/hand-over", methods=["GET", "POST"])
@requires(Action.HAND_OVER)
def hand_over(account_id: int) -> Response:
    """换届交接: new person, old one off, in one form."""
    actor = current_actor()
    account = account_row(actor, account_id)
    organisation = find_managed(actor, account.organisation_id, Action.HAND_OVER)
    form = AccountForm(data={"new_login": propose_login(organisation)}, meta=NO_CSRF)
    status, error = 200, None
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                issued = account_changes.hand_over(actor, account_id, form.account, form.person)
                return _slip(issued, _list_url(organisation.id), replaced=account.person_name)
            except LoginTaken as taken:
                form.new_login.errors = [taken.message]
            except (account_changes.LastAccount, account_changes.AlreadyHandedOver) as refused:
                status, error = refused.status, refused.message
    return make_response(
        render_template(
            "accounts/hand_over.html",
            form=form,
            account=account,
            organisation=organisation,
            error=error,
        ),
        status,
    )


@blueprint.post("/members/<int:member_id>/code")
@requires(Action.ISSUE_MEMBER_CODE)
def issue_member_code(member_id: int) -> Response:
    """重置密码 of a member who forgot it, or who has no account yet."""
    return _slip(codes.issue_for_member(current_actor(), member_id), f"/members/{member_id}")


@blueprint.route("/joinings/code", methods=["GET", "POST"])
@limiter.limit("30 per hour", key_func=lambda: str(current_actor().account_id), methods=["POST"])
@requires(Action.ISSUE_APPLICANT_CODE)
def issue_applicant_code() -> Response:
    """重置密码 of a person who registered, is no member yet, and comes with the identity card."""
    form, error = IdentityForm(meta=NO_CSRF), None
    if request.method == "POST" and form.validate() and form.person_id:
        try:
            issued = codes.issue_for_applicant(
                current_actor(), form.name.data or "", form.person_id
            )
            return _slip(issued, "/joinings/")
        except codes.NoSuchApplicant as refused:
            error = refused.message
    page = render_template("accounts/applicant.html", form=form, error=error)
    return make_response(page, 422 if form.errors or error else 200)


def _list_page(organisation_id: int) -> Response:
    actor = current_actor()
    organisation = find_managed(actor, organisation_id, Action.LIST_ACCOUNTS)
    return make_response(
        render_template(
            "accounts/index.html",
            organisation=organisation,
            accounts=accounts_of(actor, organisation),
            path=_path_to(organisation),
        )
    )


def _account_page(
    account_id: int,
    *,
    form: NameForm | None = None,
    error: PortalError | None = None,
    status: int = 200,
) -> Response:
    actor = current_actor()
    account = account_row(actor, account_id)
    organisation = find_managed(actor, account.organisation_id, Action.LIST_ACCOUNTS)
    form = form or NameForm(None, data={"person_name": account.person_name}, meta=NO_CSRF)
    return make_response(
        render_template(
            "accounts/show.html",
            account=account,
            organisation=organisation,
            list_url=_list_url(organisation.id),
            form=form,
            error=error,
            path=_path_to(organisation),
        ),
        status,
    )


def _slip(issued: codes.IssuedCode, back: str, **context: Any) -> Response:
    return make_response(
        render_template(
            "accounts/slip.html",
            issued=issued,
            back=back,
            address=request.host_url.rstrip("/") + "/password/code",
            **context,
        )
    )


def _done(account_id: int, text: str) -> Response:
    flash(text, "good")
    return redirect(f"/accounts/{account_id}", 303)


def _list_url(organisation_id: int) -> str:
    if organisation_id == current_actor().organisation_id:
        return "/accounts/"
    return f"/organisations/{organisation_id}/accounts"


def _path_to(organisation: Organisation) -> tuple[tuple[str, str], ...]:
    """The organisations above, for a committee that looks down."""
    actor = current_actor()
    if actor.role not in COMMITTEES or organisation.id == actor.organisation_id:
        return ()
    return tuple(
        (one.name, f"/organisations/{one.id}")
        for one in ancestors_of(organisation.path, within=actor.organisation_path)
    )
