"""The answer to a 身份码 as a page, and what goes with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from flask import Flask

from portal import clock
from portal.services.identity_answers import Answer, AnswerKind, Scanned

ANSWERED = frozenset({AnswerKind.CERTIFIED, AnswerKind.NOT_CERTIFIED})
"""The answers that tell of a member: they are noted for them to see."""

NO_TRACES: Mapping[str, str] = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
"""The address holds the code: nothing of it in the Referer of what is opened from the page, nor in
a search engine. ``Cache-Control: no-store`` is every page's."""


def page_of(
    app: Flask,
    said: Answer,
    host: str,
    *,
    too_many: bool = False,
    csrf_token: Callable[[], str] | None = None,
) -> str:
    """The page; ``host``: what stands in the address bar, where no public address is set.

    Rendered without what the heads of other pages need: that takes longer than the rest.
    """
    public = app.extensions["portal"].settings.public_url
    return app.jinja_env.get_template("identity/answer.html").render(
        said=said,
        time=clock.format_clock(said.at),
        kinds=AnswerKind,
        too_many=too_many,
        host=urlsplit(public).netloc if public else host,
        csrf_token=csrf_token,
    )


def note(app: Flask, found: Scanned, said: Answer) -> None:
    """Have the member see that their code was answered; of single use the row itself tells it."""
    if said.kind in ANSWERED and not said.single_use:
        app.extensions["portal.notes"].add(found.hash, found.code.member_id, said.at)
