"""邮件提醒: on or off, and for an organisation's account the address."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField

from portal.access import Action
from portal.blueprints.fields import EmailField
from portal.blueprints.gate import NO_CSRF, requires
from portal.blueprints.user_center.views import blueprint
from portal.services.own_mail import change_own_mail, own_mail
from portal.web import current_actor


class MailForm(FlaskForm):  # type: ignore[misc]
    """Where to, and whether."""

    email = EmailField("电子邮箱")
    wanted = BooleanField("有新的站内信时发邮件提醒我")


@blueprint.route("/mail", methods=["GET", "POST"])
@requires(Action.CHANGE_OWN_MAIL)
def mail() -> Response:
    """邮件提醒."""
    actor = current_actor()
    now = own_mail(actor)
    form = MailForm(data={"email": now.address, "wanted": not now.off}, meta=NO_CSRF)
    status = 200
    if form.is_submitted():
        if form.validate():
            change_own_mail(actor, address=form.email.data or "", off=not form.wanted.data)
            flash("邮件提醒的设置已保存。", "good")
            return redirect("/my/profile", 303)
        status = 422
    return make_response(render_template("user_center/mail.html", form=form, now=now), status)
