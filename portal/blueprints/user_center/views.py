"""我的资料, 修改密码, 登录设备."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.access import COMMITTEES, Action
from portal.blueprints.gate import NO_CSRF, requires
from portal.blueprints.passwords.guessing import count_guess, slow_guessing
from portal.blueprints.user_center.forms import ChangePasswordForm, ContactForm
from portal.services.members import find_member, profile_fields
from portal.services.organisations import ancestors_of, path_text
from portal.services.own_account import (
    ContactConflict,
    change_contact,
    end_other_sign_ins,
    end_own_sign_in,
    own_login,
    own_sign_ins,
)
from portal.services.passwords import OldPasswordWrong, PasswordRefused, change_password
from portal.web import current_actor

blueprint = Blueprint("user_center", __name__, url_prefix="/my")


@blueprint.get("/profile")
@requires(Action.VIEW_OWN_ACCOUNT)
def profile() -> Response:
    """我的资料."""
    actor = current_actor()
    above = ancestors_of(actor.organisation_path) if actor.organisation_id else []
    return make_response(
        render_template(
            "user_center/profile.html",
            account=own_login(actor),
            organisation=path_text(above),
            is_committee=actor.role in COMMITTEES,
        )
    )


@blueprint.route("/password", methods=["GET", "POST"])
@slow_guessing
@requires(Action.CHANGE_OWN_PASSWORD)
def password() -> Response:
    """修改密码: the present one, the new one twice."""
    form = ChangePasswordForm(meta=NO_CSRF)
    if request.method == "GET":
        return make_response(render_template("user_center/password.html", form=form))
    if form.validate():
        try:
            change_password(current_actor(), form.old_password.data or "", form.password.data or "")
        except OldPasswordWrong as wrong:
            count_guess()
            form.old_password.errors = [wrong.message]
        except PasswordRefused as refused:
            form.password.errors = [refused.message]
        else:
            flash("密码已修改。其他设备上的登录已结束，需要用新密码重新登录。", "good")
            return redirect(url_for("user_center.profile"), 303)
    return make_response(render_template("user_center/password.html", form=form), 422)


@blueprint.route("/contact", methods=["GET", "POST"])
@slow_guessing
@requires(Action.CHANGE_OWN_CONTACT)
def contact() -> Response:
    """What a member changes by themselves: mail address and phone."""
    actor = current_actor()
    assert actor.member_id is not None
    member = find_member(actor, Action.CHANGE_OWN_CONTACT, actor.member_id)
    form = ContactForm(data={"email": member.email, "version": str(member.version)}, meta=NO_CSRF)
    status, error = 200, None
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                change_contact(
                    actor, form.seen_version, form.parsed(), form.old_password.data or ""
                )
            except OldPasswordWrong as wrong:
                count_guess()
                form.old_password.errors = [wrong.message]
            except ContactConflict as conflict:
                status, error, form.version.data = 409, conflict.message, str(conflict.version)
            else:
                flash("联系方式已保存。", "good")
                return redirect(url_for("user_center.profile"), 303)
        member = find_member(actor, Action.CHANGE_OWN_CONTACT, actor.member_id)
    fields = {field.key: field.value for field in profile_fields(member)}
    return make_response(
        render_template("user_center/contact.html", form=form, phone=fields["phone"], error=error),
        status,
    )


@blueprint.get("/sign-ins")
@requires(Action.LIST_OWN_SIGN_INS)
def sign_ins() -> Response:
    """登录设备."""
    return make_response(
        render_template("user_center/sign_ins.html", sign_ins=own_sign_ins(current_actor()))
    )


@blueprint.post("/sign-ins/<int:sign_in_id>/end")
@requires(Action.END_OWN_SIGN_INS)
def end_sign_in(sign_in_id: int) -> Response:
    """下线 one other device."""
    end_own_sign_in(current_actor(), sign_in_id)
    flash("这个设备已下线，再用时须重新登录。", "good")
    return redirect(url_for("user_center.sign_ins"), 303)


@blueprint.post("/sign-ins/end-others")
@requires(Action.END_OWN_SIGN_INS)
def end_others() -> Response:
    """下线全部其他."""
    end_other_sign_ins(current_actor())
    flash("其他设备已全部下线，只保留这一个。", "good")
    return redirect(url_for("user_center.sign_ins"), 303)
