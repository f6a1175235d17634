"""团组织管理: adding, renaming, closing, reopening; and whether a branch takes applications."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.members.profile_view import path_to
from portal.blueprints.organisations.views import blueprint
from portal.models import Organisation
from portal.rules.organisations import (
    NAME_LENGTHS,
    OrganisationKind,
    clean_organisation_name,
    kinds_under,
)
from portal.rules.text import TextFault
from portal.services import organisation_changes as service
from portal.services.organisation_changes import OrganisationConflict, OrganisationRefused
from portal.web import current_actor


@dataclass(frozen=True, slots=True)
class ChangePage:
    """One of the small forms: what it asks, what was typed, and what stands against it."""

    title: str
    button: str
    explains: str
    action_url: str
    kinds: tuple[OrganisationKind, ...] = ()
    kind: str = ""
    name: str | None = None  # None: no name is asked for
    name_is_new: bool = False  # of an organisation to be made, not of the one at hand
    danger: bool = False
    error: str | None = None
    status: int = 200


@blueprint.route("/<int:organisation_id>/add", methods=["GET", "POST"])
@requires(Action.ADD_ORGANISATION)
def add(organisation_id: int) -> Response:
    """新增下级."""
    parent = service.find_for(current_actor(), Action.ADD_ORGANISATION, organisation_id)
    page = ChangePage(
        title="新增下级组织",
        button="新增",
        explains=f"新组织在“{parent.name}”下面。同一个上级下面名称不能重复，别处可以有同名的。",
        action_url=f"/organisations/{organisation_id}/add",
        kinds=kinds_under(parent.kind),
        kind=request.form.get("kind", ""),
        name=request.form.get("name", ""),
        name_is_new=True,
    )
    if not page.kinds:
        fault = f"{parent.kind.label}下面不再分组织。请到它的上级去新增。"
        return _render(replace(page, error=fault, status=422, name=None, button=""), parent)
    if request.method == "GET":
        return _render(page, parent)
    name = clean_organisation_name(page.name or "")
    if isinstance(name, TextFault):
        return _render(replace(page, error=name.message, status=422), parent)
    if page.kind not in list(OrganisationKind):
        return _render(replace(page, error="请选择组织的类型。", status=422), parent)
    try:
        service.add_child(current_actor(), organisation_id, OrganisationKind(page.kind), name)
    except OrganisationRefused as error:
        return _again(page, organisation_id, Action.ADD_ORGANISATION, error)
    flash(f"已在“{parent.name}”下面新增“{name}”。", "good")
    return _to(organisation_id)


@blueprint.route("/<int:organisation_id>/rename", methods=["GET", "POST"])
@requires(Action.RENAME_ORGANISATION)
def rename(organisation_id: int) -> Response:
    """改名."""
    organisation = service.find_for(current_actor(), Action.RENAME_ORGANISATION, organisation_id)
    page = ChangePage(
        title="改名",
        button="保存",
        explains="团员、账号和下级组织都不变。原来的名称记入操作日志。",
        action_url=f"/organisations/{organisation_id}/rename",
        name=request.form.get("name", organisation.name),
    )
    if request.method == "GET":
        return _render(page, organisation)
    name = clean_organisation_name(page.name or "")
    if isinstance(name, TextFault):
        return _render(replace(page, error=name.message, status=422), organisation)
    try:
        service.rename(current_actor(), organisation_id, _version(), name)
    except (OrganisationRefused, OrganisationConflict) as error:
        return _again(page, organisation_id, Action.RENAME_ORGANISATION, error)
    flash(f"已改名为“{name}”。", "good")
    return _to(organisation_id)


@blueprint.route("/<int:organisation_id>/close", methods=["GET", "POST"])
@requires(Action.CLOSE_ORGANISATION)
def close(organisation_id: int) -> Response:
    """撤销: asks once, then closes."""
    organisation = service.find_for(current_actor(), Action.CLOSE_ORGANISATION, organisation_id)
    page = ChangePage(
        title="撤销",
        button="撤销",
        explains="撤销后不再出现在名单、查找和选择里，它的账号停用并退出登录。以后可以恢复。"
        "要转入它、还没有办完的团组织关系转接随之终止，双方和本人会收到通知。",
        action_url=f"/organisations/{organisation_id}/close",
        danger=True,
    )
    if request.method == "GET":
        try:
            service.refuse_unless_empty(organisation)
        except OrganisationRefused as error:  # said before anybody tries
            page = replace(page, error=error.message, button="")
        return _render(page, organisation)
    parent_id = organisation.parent_id
    try:
        ended = service.close(current_actor(), organisation_id, _version())
    except (OrganisationRefused, OrganisationConflict) as error:
        return _again(page, organisation_id, Action.CLOSE_ORGANISATION, error)
    flash(f"已撤销“{organisation.name}”，停用了 {ended} 个账号。", "good")
    return _to(parent_id)


@blueprint.post("/<int:organisation_id>/reopen")
@requires(Action.REOPEN_ORGANISATION)
def reopen(organisation_id: int) -> Response:
    """恢复 a closed organisation."""
    back = service.reopen(current_actor(), organisation_id, _version())
    flash(f"已恢复，{back} 个账号可以重新登录。", "good")
    return _to(organisation_id)


@blueprint.post("/<int:organisation_id>/joining")
@requires(Action.SWITCH_JOINING)
def joining(organisation_id: int) -> Response:
    """Let a branch take applications, or not for now."""
    closed = request.form.get("closed") == "yes"
    service.switch_joining(current_actor(), organisation_id, _version(), closed=closed)
    flash("已暂停接收加入申请。" if closed else "已重新接收加入申请。", "good")
    return _to(organisation_id)


def _again(
    page: ChangePage,
    organisation_id: int,
    action: Action,
    error: OrganisationRefused | OrganisationConflict,
) -> Response:
    """The form with what was typed, above it what stood against it, below it how things are now."""
    organisation = service.find_for(current_actor(), action, organisation_id)
    return _render(replace(page, error=error.message, status=error.status), organisation)


def _render(page: ChangePage, organisation: Organisation) -> Response:
    shown = render_template(
        "organisations/change.html",
        page=page,
        organisation=organisation,
        path=path_to(current_actor(), organisation.path),
        name_length=NAME_LENGTHS[1],
    )
    return make_response(shown, page.status)


def _version() -> int:
    return request.form.get("version", 0, type=int)


def _to(organisation_id: int | None) -> Response:
    return redirect(f"/organisations/{organisation_id}" if organisation_id else "/", 303)
