"""下载我的数据."""

from __future__ import annotations

import json
from urllib.parse import quote

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.card.views import blueprint
from portal.blueprints.gate import requires
from portal.blueprints.passwords.guessing import by_account, count_guess, slow_guessing
from portal.blueprints.reports.views import portal_address
from portal.extensions import limiter
from portal.reports.own_data import as_pdf
from portal.services.own_data import OwnData, take_own_data
from portal.services.passwords import OldPasswordWrong
from portal.web import current_actor

_TYPES = {"json": "application/json", "pdf": "application/pdf"}


@blueprint.route("/card/data", methods=["GET", "POST"])
@limiter.limit("6 per minute;30 per hour", key_func=by_account, methods=["POST"])
@slow_guessing
@requires(Action.TAKE_OWN_DATA)
def own_data() -> Response:
    """All that the portal holds on the member, as JSON or PDF; asks for the password again."""
    if request.method == "GET":
        return make_response(render_template("card/own_data.html", error=""))
    kind = "pdf" if request.form.get("format") == "pdf" else "json"
    try:
        data = take_own_data(current_actor(), request.form.get("password", ""), kind)
    except OldPasswordWrong as wrong:
        count_guess()
        return make_response(render_template("card/own_data.html", error=wrong.message), 422)
    return _file(data, kind)


def _file(data: OwnData, kind: str) -> Response:
    if kind == "pdf":
        content = as_pdf(data)
    else:
        told = data.to_json(portal_address())
        content = json.dumps(told, ensure_ascii=False, indent=1).encode()
    answer = make_response(content)
    answer.mimetype = _TYPES[kind]
    name = quote(f"我的团员数据-{data.name}.{kind}")
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return answer
