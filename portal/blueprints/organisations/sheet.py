"""导入组织: the template, the file with its preview, and the confirmation."""

from __future__ import annotations

from typing import cast

from flask import flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.organisations.views import blueprint
from portal.extensions import csrf
from portal.rules.organisations import OrganisationKind
from portal.rules.tree_rows import COLUMNS
from portal.services import tree_import as service
from portal.services.organisation_changes import OrganisationRefused
from portal.services.tree_sheet import SheetRefused, template
from portal.storage import Incoming
from portal.web import PortalRequest, current_actor

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.route("/sheet", methods=["GET", "POST"])
@requires(Action.BRING_IN_TREE, checks_token=False)
def sheet() -> Response:
    """The page; a posted file is checked and previewed, nothing is written."""
    if request.method == "GET":
        service.require_fresh(current_actor())
        return _page()

    def receive(incoming: Incoming) -> None:
        cast(PortalRequest, request).receive_file(incoming)
        csrf.protect()  # the token is in the body, which is read now

    try:
        shown = service.preview(current_actor(), receive)
    except SheetRefused as error:
        return _page(error=error.message, status=error.status)
    return _page(shown=shown, status=422 if shown.faults else 200)


@blueprint.get("/sheet/template.xlsx")
@requires(Action.BRING_IN_TREE)
def sheet_template() -> Response:
    """The empty sheet to fill in."""
    service.require_fresh(current_actor())
    answer = make_response(template())
    answer.mimetype = XLSX
    answer.headers["Content-Disposition"] = "attachment; filename=organisations.xlsx"
    return answer


@blueprint.post("/sheet/confirm")
@requires(Action.BRING_IN_TREE)
def confirm_sheet() -> Response:
    """确认导入: all organisations in one transaction."""
    try:
        made = service.confirm(current_actor(), request.form.get("sheet", ""))
    except (SheetRefused, OrganisationRefused) as error:
        return _page(error=error.message, status=error.status)
    flash(f"已导入 {made} 个组织。接下来请为它们开设账号。", "good")
    return redirect("/organisations/", 303)


def _page(
    *, shown: service.SheetPreview | None = None, error: str | None = None, status: int = 200
) -> Response:
    kinds = [one.label for one in OrganisationKind if one is not OrganisationKind.MUNICIPAL]
    page = render_template(
        "organisations/sheet.html", shown=shown, error=error, columns=COLUMNS, kinds=kinds
    )
    return make_response(page, status)
