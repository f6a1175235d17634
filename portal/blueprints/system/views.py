"""``/healthz`` and ``/readyz``."""

from __future__ import annotations

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from portal.blueprints.gate import public
from portal.services.readiness import readiness

blueprint = Blueprint("system", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def readyz() -> Response:
    """Database, store and worker do their work; 503 and which one does not."""
    found = readiness()
    response = jsonify({name: "ok" if good else "away" for name, good in found.items()})
    response.status_code = 200 if all(found.values()) else 503
    return response
