"""报表核验: whether a report was made here, with these totals; for whoever holds the paper."""

from __future__ import annotations

import hashlib
from typing import IO

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from portal.blueprints.gate import public
from portal.blueprints.reports.views import blueprint
from portal.extensions import limiter
from portal.models import ReportRun
from portal.rules.report_codes import fingerprint, parse_code
from portal.services import report_runs

CHUNK = 1 << 20


@blueprint.route("/verify", methods=["GET", "POST"])
@limiter.limit("30 per minute;300 per hour")
@public
def verify() -> Response:
    """By the code, with what the paper says of its content; or by the file itself."""
    typed = request.values.get("code", "")[:60]
    code = parse_code(typed)
    found = report_runs.find_by_code(code) if code else None
    mark = "".join(request.values.get("mark", "").split()).upper()[:40]
    uploaded = request.files.get("file")
    compared = _compare(found, uploaded.stream) if found and uploaded and uploaded.filename else ""
    said = fingerprint(found.content_sha256 or b"") if found else ""
    shown = render_template(
        "reports/verify.html",
        typed=typed,
        found=found,
        said=said,
        mark=mark,
        mark_agrees=bool(mark) and mark == said.replace(" ", ""),
        wrong=bool(typed) and found is None,
        compared=compared,
    )
    return make_response(shown)


def _compare(found: ReportRun, file: IO[bytes]) -> str:
    """Whether a file is, byte for byte, one that was made here of this report; nothing is kept."""
    hashed = hashlib.sha256()
    while chunk := file.read(CHUNK):
        hashed.update(chunk)
    sha256 = hashed.hexdigest()
    return "same" if any(one["sha256"] == sha256 for one in found.files.values()) else "other"
