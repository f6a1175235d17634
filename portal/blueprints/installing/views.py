"""Manifest, service worker and offline page: public, the same for everybody, and nobody's data.

The worker keeps static files and the offline page, and nothing else: what a person sees is never
stored on the phone (SECURITY.md, "no-store on personal pages").
"""

from __future__ import annotations

import hashlib

from flask import Blueprint, current_app, make_response, render_template
from werkzeug.wrappers import Response

from portal.blueprints.gate import public

blueprint = Blueprint("installing", __name__)

KEPT_FILES = ("portal.css", "portal.js", "vendor/htmx-1.9.12/htmx.min.js", "favicon.svg")
"""What a member's first page needs, and the offline page."""

ASKED_ANEW = "no-cache"  # kept by the browser, asked for each time: a new version is seen at once


@blueprint.get("/manifest.webmanifest")
@public
def manifest() -> Response:
    """Name, icons, colour and first page of the installed portal."""
    return _same_for_all(render_template("installing/manifest.json"), "application/manifest+json")


@blueprint.get("/service-worker.js")
@public
def service_worker() -> Response:
    """The worker. At the root, so that its scope is the whole portal; named by what it keeps."""
    names = current_app.extensions["portal.statics"]
    kept = [f"/static/{names[name]}" for name in KEPT_FILES]
    offline_page = render_template("installing/offline.html")
    version = hashlib.sha256("\n".join([*kept, offline_page]).encode()).hexdigest()[:12]
    script = render_template("installing/service-worker.js", kept=kept, version=version)
    return _same_for_all(script, "text/javascript")


@blueprint.get("/offline")
@public
def offline() -> Response:
    """What is shown without a network. It is kept on phones, so it must not know who asks."""
    return _same_for_all(render_template("installing/offline.html"), "text/html")


def _same_for_all(text: str, mimetype: str) -> Response:
    response = make_response(text)
    response.mimetype = mimetype
    response.headers["Cache-Control"] = ASKED_ANEW
    return response
