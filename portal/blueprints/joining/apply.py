"""The applicant's pages: where the application stands, choosing a branch, filling it in."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from portal.access import Action, Role
from portal.blueprints.gate import NO_CSRF, requires
from portal.blueprints.joining.forms import JoiningForm, form_values
from portal.blueprints.joining.views import blueprint
from portal.models import Joining, JoiningState
from portal.rules.age import AgeAnswer
from portal.rules.deadlines import parse_month
from portal.rules.member_number import normalise_number
from portal.services import branch_choice, joining
from portal.services.branch_choice import ClosedToJoining
from portal.services.joining import JoiningIncomplete, JoiningMoved
from portal.services.joining_fields import fields_of, labels_of, sent_values
from portal.services.organisations import ancestors_of, path_of, path_text
from portal.web import current_actor, page_or_partial


@blueprint.get("/joining")
@requires(Action.START)
def state() -> Response:
    """Where the application stands: 未提交 / 待审核 / 已退回, with who and when.

    Who was approved since this page was opened is a member now: the card says it.
    """
    actor = current_actor()
    if actor.role is not Role.APPLICANT:
        return redirect(url_for("auth.start"))
    own = joining.own_joining(actor)
    return make_response(
        render_template(
            "joining/state.html",
            joining=own,
            may_change=own.state in joining.OPEN_STATES,
            values=sent_values(own),
            labels=labels_of(own),
            decided_by=joining.decided_by(own) if own.decided_by_id else "",
            branch_path=_branch_words(own),
            new_login=session.pop("registered", None),
        )
    )


@blueprint.route("/joining/branch", methods=["GET", "POST"])
@requires(Action.APPLY)
def branch() -> Response:
    """Choose the branch: by name, by pinyin initials, or down the tree."""
    actor = current_actor()
    if request.method == "POST":
        try:
            joining.choose_branch(actor, request.form.get("branch_id", 0, type=int))
        except (ClosedToJoining, JoiningMoved) as error:
            flash(error.message, "wrong")
            return redirect(url_for("joining.branch"), 303)
        return redirect(url_for("joining.edit"), 303)
    own = joining.own_joining(actor)
    if own.state not in joining.OPEN_STATES:
        return redirect(url_for("joining.state"), 303)
    text = request.args.get("q", "").strip()[:50]
    found, more = branch_choice.search_branches(actor, text) if text else (None, False)
    here = None if text else branch_choice.level(actor, request.args.get("under", type=int))
    return page_or_partial(
        "joining/branch.html",
        "joining/_branches.html",
        query=text,
        found=found,
        more=more,
        level=here,
        chosen=own.branch_id,
    )


@blueprint.post("/joining/kind")
@requires(Action.APPLY)
def kind() -> Response:
    """Before anything is filled in: joined here, or outside (从外部系统转入)."""
    actor = current_actor()
    try:
        joining.choose_kind(actor, moved_in=request.form.get("moved_in") == "yes")
    except JoiningMoved as error:
        flash(error.message, "wrong")
        return redirect(url_for("joining.state"), 303)
    chosen = joining.own_joining(actor).branch_id
    return redirect(url_for("joining.edit" if chosen else "joining.branch"), 303)


@blueprint.route("/joining/edit", methods=["GET", "POST"])
@requires(Action.APPLY)
def edit() -> Response:
    """Fill in the application; save it to go on later, or send it."""
    actor = current_actor()
    own = joining.own_joining(actor)
    if request.method == "GET":
        if own.state not in joining.OPEN_STATES:
            return redirect(url_for("joining.state"), 303)
        return _edit_page(own, _filled(own))
    form = JoiningForm(meta=NO_CSRF)
    version = request.form.get("version", 0, type=int)
    try:
        if "moved_in" in request.form:
            return _other_kind(form, version)
        if not form.validate():
            return _edit_page(own, form, status=422)
        if "send" not in request.form:
            joining.save(actor, version, form.parsed())
            flash("已保存，还没有提交。下次登录可以接着填。", "good")
            return redirect(url_for("joining.edit"), 303)
        joining.send(actor, version, form.parsed(), age_confirmed=form.age_confirmed.data)
    except JoiningIncomplete as incomplete:
        own = joining.own_joining(actor)
        form.version.data = str(own.version)  # what was filled in is kept, so this is the next one
        return _edit_page(own, form, faults=dict(incomplete.faults), status=422)
    except JoiningMoved as moved:
        own = joining.own_joining(actor)
        if own.state in joining.OPEN_STATES:
            form.version.data = str(own.version)
            return _edit_page(own, form, notice=moved.message, status=409)
        flash(moved.message, "warning")
        return redirect(url_for("joining.state"), 303)
    flash("已提交，请等支部审核。", "good")
    return redirect(url_for("joining.state"), 303)


@blueprint.post("/joining/take-back")
@requires(Action.APPLY)
def take_back() -> Response:
    """撤回: change it once more before the branch has looked."""
    joining.take_back(current_actor())
    flash("已撤回，可以修改后再提交。", "good")
    return redirect(url_for("joining.edit"), 303)


@blueprint.get("/joining/number")
@requires(Action.APPLY)
def check_joining_number() -> Response:
    """What is wrong with the number being typed."""
    number = normalise_number(request.args.get("number", ""))[:50]
    joined = parse_month(request.args.get("joined", ""))
    faults = joining.number_faults(current_actor(), number, joined)
    good = "编号符合规则，请再与纸质《入团志愿书》首页核对一遍。" if number and not faults else None
    return make_response(
        render_template("members/_number_check.html", faults=faults, ok=good, cell=None)
    )


def _other_kind(form: JoiningForm, version: int) -> Response:
    """改为从外部系统转入, or back: what was typed so far stays, be it wrong in places."""
    actor, good = current_actor(), form.validate()
    wanted = form.parsed() if good else None
    joining.choose_kind(
        actor, moved_in=request.form["moved_in"] == "yes", version=version, wanted=wanted
    )
    if good:
        return redirect(url_for("joining.edit"), 303)
    own = joining.own_joining(actor)
    form.version.data = str(own.version)
    return _edit_page(own, form, status=422)


def _filled(own: Joining) -> JoiningForm:
    form = JoiningForm(formdata=None, data=form_values(fields_of(own)), meta=NO_CSRF)
    form.version.data = str(own.version)
    return form


def _edit_page(
    own: Joining,
    form: JoiningForm,
    *,
    faults: dict[str, str] | None = None,
    notice: str | None = None,
    status: int = 200,
) -> Response:
    faults = faults or {}
    for name, sentence in faults.items():
        if name in form:
            form[name].errors = [*form[name].errors, sentence]
    asked = joining.age_answer(own, form.joined.month or own.joined) is AgeAnswer.QUESTION
    return make_response(
        render_template(
            "joining/edit.html",
            joining=own,
            form=form,
            faults=faults,
            notice=notice,
            moved_in=own.moved_in,
            age_asked=asked or bool(form.age_confirmed.errors),
            branch_path=_branch_words(own),
            returned=own.state is JoiningState.RETURNED,
            decided_by=joining.decided_by(own) if own.decided_by_id else "",
        ),
        status,
    )


def _branch_words(own: Joining) -> str:
    """The full path of the chosen branch."""
    if own.branch_id is None:
        return ""
    return path_text(ancestors_of(path_of(own.branch_id)))
