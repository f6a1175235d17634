"""The gate before every view: who is signed in, may their role do this, is the form's token good.

A route says what it does with ``@requires(Action.…)`` or ``@public``; a test walks all routes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import request
from flask_login import current_user

from portal import access
from portal.access import Action
from portal.errors import PortalError
from portal.extensions import csrf
from portal.web import current_actor

P = ParamSpec("P")
R = TypeVar("R")

NO_CSRF = {"csrf": False}
"""The ``meta`` of every form: the gate has checked the token before the view runs."""

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class SignInNeeded(PortalError):
    """Nobody is signed in, or no longer."""

    status = 401

    def __init__(self) -> None:
        super().__init__("登录已过期（30 分钟没有操作）。重新登录后回到这里，已填的内容会保留。")


def requires(
    action: Action, *, checks_token: bool = True
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only signed-in persons whose role may do ``action`` into a view.

    Whether they may do it to the object at hand is the service's question. ``checks_token`` False
    is for a view that checks the form's token itself, after it has received a file.
    """

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not current_user.is_authenticated:
                raise SignInNeeded
            access.require(current_actor(), action)
            if checks_token and request.method not in SAFE_METHODS:
                csrf.protect()
            return view(*args, **kwargs)

        guarded.portal_action = action  # type: ignore[attr-defined]
        return guarded

    return decorate


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Mark a view that everybody may see; a form it takes must still carry a good token."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if request.method not in SAFE_METHODS:
            csrf.protect()
        return view(*args, **kwargs)

    guarded.portal_action = "public"  # type: ignore[attr-defined]
    return guarded
