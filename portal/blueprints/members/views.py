"""我的团员, 团员信息 and 修改."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action, Actor, allows
from portal.blueprints.gate import requires
from portal.blueprints.members.editing import EditPage
from portal.blueprints.members.listing_view import Branch, listing_for
from portal.blueprints.members.profile_view import profile_for
from portal.errors import NotFound
from portal.rules.deadlines import parse_month
from portal.rules.member_number import has_upload, normalise_number
from portal.runtime import runtime
from portal.services.member_editing import number_faults
from portal.services.members import PersonalField, find_member, unmask
from portal.services.scan_cells import cell_for
from portal.web import current_actor, page_or_partial

blueprint = Blueprint("members", __name__, url_prefix="/members")


@blueprint.get("/")
@requires(Action.LIST_OWN_MEMBERS)
def index() -> Response:
    """我的团员: the list of the branch's own members."""
    actor = current_actor()
    assert actor.organisation_id is not None
    branch = Branch(actor.organisation_id, actor.organisation_name)
    listing = listing_for(actor, Action.LIST_OWN_MEMBERS, branch, url="/members/", own=True)
    return page_or_partial("members/index.html", "members/_list.html", listing=listing)


@blueprint.get("/<int:member_id>")
@requires(Action.VIEW_MEMBER)
def show(member_id: int) -> Response:
    """团员信息: every field of a member, personal ones masked."""
    actor = current_actor()
    member = find_member(actor, Action.VIEW_MEMBER, member_id)
    return make_response(render_template("members/show.html", profile=profile_for(actor, member)))


@blueprint.post("/<int:member_id>/fields/<key>")
@requires(Action.UNMASK_FIELD)
def show_field(member_id: int, key: str) -> Response:
    """显示: one masked field, on record."""
    if key not in list(PersonalField):
        raise NotFound
    actor = current_actor()
    field = unmask(actor, member_id, PersonalField(key))
    if request.headers.get("HX-Request"):
        return make_response(render_template("members/_field.html", field=field))
    return _page_with_field(actor, member_id, field.key, field.value)


@blueprint.route("/<int:member_id>/edit", methods=["GET", "POST"])
@requires(Action.EDIT_MEMBER)
def edit(member_id: int) -> Response:
    """修改: the fields a branch can change."""
    page = EditPage(current_actor(), member_id)
    if request.method == "POST" and page.save():
        flash(f"已保存 {page.member.name} 的信息。", "good")
        return redirect(f"/members/{member_id}/edit?mend=1" if page.mending else "/members/", 303)
    return page.render()


@blueprint.get("/<int:member_id>/number")
@requires(Action.EDIT_MEMBER)
def check_number(member_id: int) -> Response:
    """What is wrong with the number being typed, and the upload that appears under it."""
    actor = current_actor()
    member = find_member(actor, Action.EDIT_MEMBER, member_id)
    number = normalise_number(request.args.get("number", ""))[:50]
    joined = parse_month(request.args.get("joined", "")) or member.joined
    faults, good = number_faults(member, number, joined)
    cell = cell_for(actor, member, number=number) if has_upload(number, runtime().policy) else None
    return make_response(
        render_template("members/_number_check.html", faults=faults, ok=good, cell=cell)
    )


def _page_with_field(actor: Actor, member_id: int, key: str, value: str) -> Response:
    """The whole page with one field shown, where there is no JavaScript."""
    if not allows(actor, Action.VIEW_MEMBER):
        from portal.blueprints.card.views import information_page

        return information_page(actor, shown={key: value})
    member = find_member(actor, Action.VIEW_MEMBER, member_id)
    profile = profile_for(actor, member, shown={key: value})
    return make_response(render_template("members/show.html", profile=profile))
