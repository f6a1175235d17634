"""身份码 on the member's phone."""

from __future__ import annotations

import segno
from flask import Blueprint, make_response, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.passwords.guessing import by_account
from portal.extensions import limiter
from portal.runtime import runtime
from portal.services.identity_codes import answered_codes, show_code
from portal.web import current_actor, is_partial

blueprint = Blueprint("identity", __name__)


# Each code that is answered is a row for half a year, so nobody makes them without end.
@blueprint.get("/card/code")
@limiter.limit("60 per minute;400 per hour", key_func=by_account)
@requires(Action.SHOW_IDENTITY_CODE)
def show() -> Response:
    """A new code; for htmx the code alone, when the page renews it."""
    actor = current_actor()
    once = request.args.get("once") == "1"
    own = show_code(actor, single_use=once)
    qr = _qr(_address_of(own.code.token)) if own.code else None
    if is_partial():
        if own.code is None:  # set aside while the page was open: it says so when it is loaded anew
            return Response(headers={"HX-Refresh": "true"})
        return make_response(render_template("identity/_code.html", own=own, once=once, qr=qr))
    shown = render_template(
        "identity/code.html", own=own, once=once, qr=qr, answered=answered_codes(actor)
    )
    return make_response(shown)


def _address_of(token: str) -> str:
    """Where whoever scans it gets to: at the portal's public address, if it has one."""
    portal = (runtime().settings.public_url or request.url_root).rstrip("/")
    return portal + url_for("identity.answer", token=token)


def _qr(text: str) -> Markup:
    """As a drawing without a size: the page says how large, and adds to its quiet zone.

    Of a screen's code nothing is worn off, so the least correction will do, and its squares are
    larger for it.
    """
    made = segno.make(text, error="l", micro=False)
    drawn = made.svg_inline(border=2, light="#fff", omitsize=True, svgclass="qr")
    return Markup(drawn)  # noqa: S704 (segno's own)
