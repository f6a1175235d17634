"""下载我的数据 as PDF: no report, but typeset as reports are."""

from __future__ import annotations

from flask import current_app

from portal import clock
from portal.runtime import runtime
from portal.services.own_data import OwnData
from portal.typesetting.typesetter import InMemory


def as_pdf(data: OwnData) -> bytes:
    """All chapters as tables. Raises ``NotTypeset``."""
    html = current_app.jinja_env.get_template("reports/own_data.html").render(
        data=data, made=clock.format_second(data.made_at)
    )
    typesetter, whole = runtime().typesetter, InMemory()
    typesetter.join(whole, [typesetter.part(html)])
    return bytes(whole.content)
